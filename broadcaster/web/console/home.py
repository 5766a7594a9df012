"""Home: what runs, what waits for somebody, what ends soon, and how networks are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from broadcaster.bootstrap import Runtime
from broadcaster.domain.access import Action
from broadcaster.domain.campaign import Campaign, CampaignStatus
from broadcaster.ledger.reading import Wish
from broadcaster.reports.course import Times
from broadcaster.web.console import course_words
from broadcaster.web.console.desk import Desk
from broadcaster.web.console.feeds import Feeds
from broadcaster.web.console.looks import Look, Looks
from broadcaster.web.console.navigation import leads_to
from broadcaster.web.console.networks import Networks
from broadcaster.web.languages import Language

#: How many of a sort are shown; more are in the list.
_MOST = 12
#: What ends, or becomes untrue, so soon is told.
_SOON, _SOON_UNTRUE = timedelta(hours=12), timedelta(hours=2)
#: For how long what has ended is still looked at for messages in doubt.
_LATELY = timedelta(days=1)

_GOING = frozenset({CampaignStatus.LAUNCHED, CampaignStatus.RUNNING})
_PAUSED = frozenset({CampaignStatus.PAUSED})
_BEFORE = frozenset({CampaignStatus.DRAFT, CampaignStatus.APPROVED})
_DONE = frozenset({CampaignStatus.COMPLETED})


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """A campaign that soon ends, or says what soon is not true any more, or is not already."""

    campaign: Campaign
    at: datetime
    untrue: bool
    over: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Now:
    """Everything at a moment."""

    going: Sequence[Campaign]
    paused: Sequence[Campaign]
    handed: Sequence[Campaign]
    drafts: Sequence[Campaign]
    approved: Sequence[Campaign]
    looks: Mapping[int, Look]
    times: Mapping[int, Times]
    ending: Sequence[Ending]
    held: Sequence[Look]
    doubtful: Sequence[Look]
    at: datetime

    @property
    def doubt(self) -> int:
        """How many messages are in doubt, of what runs or has just ended."""
        return sum(look.doubt for look in self.doubtful)


class Home:
    """Shows all that is going on, and keeps the page fresh."""

    def __init__(
        self, runtime: Runtime, desk: Desk, looks: Looks, feeds: Feeds, networks: Networks
    ) -> None:
        """Nobody watches yet."""
        self._runtime = runtime
        self._desk = desk
        self._looks = looks
        self._feeds = feeds
        self._networks = networks

    def routes(self) -> list[Route]:
        """List what is answered."""
        return [Route("/", self.home), Route("/events", self.events)]

    async def home(self, request: Request) -> Response:
        """Show it."""
        visit = await self._desk.enter(request, Action.LOOK)
        return self._desk.page(visit, "console/home.html", await self._values())

    async def events(self, request: Request) -> Response:
        """Send the page's content whenever it changes (server-sent events)."""
        visit = await self._desk.enter(request, Action.LOOK)
        return self._feeds.answer(
            ("home", visit.language.locale.tag),
            partial(self._html, visit.language),
            partial(self._desk.enter, request, Action.LOOK),
        )

    async def _html(self, language: Language) -> str:
        values = await self._values()
        return self._desk.pages.html("console/home_live.html", language, values)

    async def _values(self) -> Mapping[str, object]:
        now = await self._now()
        health = await self._networks.health()
        return {
            "now": now,
            "health": health,
            "words": course_words,
            "composes": leads_to("/compose"),
        }

    async def _now(self) -> Now:
        going, paused, before, done = await run_in_threadpool(self._groups)
        handed = await run_in_threadpool(self._handed)
        some = [*going, *paused, *done]
        looks = await self._looks.some(some)
        moment = self._runtime.clock.now()
        times = {number: look.times for number, look in looks.items()}
        return Now(
            going=going,
            paused=paused,
            handed=handed,
            drafts=[
                one for one in before if one.status is CampaignStatus.DRAFT and one not in handed
            ],
            approved=[one for one in before if one.status is CampaignStatus.APPROVED],
            looks=looks,
            times=times,
            ending=_ending(some, times, moment),
            held=[looks[one.id] for one in going if one.id in looks and looks[one.id].held],
            doubtful=[looks[one.id] for one in some if one.id in looks and looks[one.id].doubt],
            at=moment,
        )

    def _handed(self) -> Sequence[Campaign]:
        """List what waits for somebody to approve it, the longest waiting first."""
        waiting = self._runtime.versions.waiting()[:_MOST]
        return [self._runtime.campaigns.get(str(one.campaign)) for one in waiting]

    def _groups(self) -> Sequence[Sequence[Campaign]]:
        """List what goes, what is paused, what has not begun, and what has just ended."""
        search = self._runtime.campaigns.search
        *groups, ended = (
            search(Wish(statuses=statuses, limit=_MOST))
            for statuses in (_GOING, _PAUSED, _BEFORE, _DONE)
        )
        times = self._runtime.courses.times([one.id for one in ended])
        since = self._runtime.clock.now() - _LATELY
        return [*groups, [one for one in ended if (times[one.id].finished or since) > since]]


def _ending(
    campaigns: Sequence[Campaign], times: Mapping[int, Times], now: datetime
) -> Sequence[Ending]:
    """List what ends soon, the first first; what a later message has replaced does not matter."""
    found = []
    for one in campaigns:
        when = times.get(one.id)
        if when is None or one.superseded_by is not None or when.expires <= now:
            continue
        if when.lapses is not None and when.lapses < now + _SOON_UNTRUE:
            over = when.lapses <= now
            found.append(Ending(campaign=one, at=when.lapses, untrue=True, over=over))
        elif when.expires < now + _SOON:
            found.append(Ending(campaign=one, at=when.expires, untrue=False, over=False))
    return sorted(found, key=lambda ending: ending.at)
