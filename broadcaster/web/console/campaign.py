"""The page of one campaign, live."""

from collections.abc import Mapping
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from broadcaster.bootstrap import Runtime
from broadcaster.domain.access import Action
from broadcaster.domain.campaign import Campaign, CampaignStatus
from broadcaster.web.console import course_words
from broadcaster.web.console.desk import Desk, Visit
from broadcaster.web.console.feeds import Feeds
from broadcaster.web.console.looks import Look, Looks
from broadcaster.web.console.navigation import leads_to
from broadcaster.web.console.networks import Networks, holding_up
from broadcaster.web.console.reach import Reaches
from broadcaster.web.languages import Language, by_locale

#: The highest number of a campaign that a database holds.
_HIGHEST = 2**31 - 1
#: What can be followed: it told somebody, or is about to.
_FOLLOWABLE = frozenset({CampaignStatus.RUNNING, CampaignStatus.PAUSED, CampaignStatus.COMPLETED})


class CampaignPage:
    """Shows one campaign, and keeps the page fresh."""

    def __init__(
        self,
        runtime: Runtime,
        desk: Desk,
        looks: Looks,
        feeds: Feeds,
        networks: Networks,
    ) -> None:
        """Nobody watches yet."""
        self._runtime = runtime
        self._desk = desk
        self._looks = looks
        self._feeds = feeds
        self._networks = networks
        self._reaches = Reaches(runtime)

    def routes(self) -> list[Route]:
        """List what is answered."""
        return [
            Route("/campaigns/{campaign:int}", self.campaign),
            Route("/campaigns/{campaign:int}/events", self.events),
        ]

    async def campaign(self, request: Request) -> Response:
        """Show it."""
        visit = await self._desk.enter(request, Action.LOOK)
        which = number(request)
        return await self.page(visit, which, done=request.query_params.get("done", ""))

    async def page(
        self, visit: Visit, which: int, *, done: str = "", refused: str = "", status: int = 200
    ) -> Response:
        """Show it, and what was just done, or refused."""
        look = await self._looks.of(which)
        sees = visit.operator.may(Action.SEE_PEOPLE)
        values = await self._values(look, visit.language, sees=sees)
        thread = await run_in_threadpool(self._runtime.threads.of, which)
        more = {
            "thread": thread,
            "composes": leads_to("/compose"),
            # Customers' pages may be under another name than the console.
            "public_page": f"{self._runtime.settings.public_url}/advisories/"
            f"{look.campaign.advisory_id}",
            "done": course_words.DONE.get(done, ""),
            "refused": refused,
            "followable": _followable(look),
        }
        return self._desk.page(visit, "console/campaign.html", {**values, **more}, status=status)

    async def events(self, request: Request) -> Response:
        """Send the live part of the page whenever it changes (server-sent events)."""
        visit = await self._desk.enter(request, Action.LOOK)
        which = number(request)
        # Whoever asks for one that there is not is told so at once.
        await run_in_threadpool(self._runtime.campaigns.get, str(which))
        sees = visit.operator.may(Action.SEE_PEOPLE)
        return self._feeds.answer(
            ("campaign", which, visit.language.locale.tag, sees),
            partial(self._html, which, visit.language, sees=sees),
            partial(self._desk.enter, request, Action.LOOK),
        )

    async def _html(self, which: int, language: Language, *, sees: bool) -> str:
        values = await self._values(await self._looks.of(which), language, sees=sees)
        return self._desk.pages.html("console/campaign_live.html", language, values)

    async def _values(self, look: Look, language: Language, *, sees: bool) -> Mapping[str, object]:
        health = await self._networks.health()
        reach = self._reaches.of(look.campaign.id) if look.whole.total else None
        gauges = health.of(self._networks.providers(look.campaign))
        return {
            "look": look,
            "kind": self.kind(look.times.kind, language),
            "locales": self._runtime.renderer.locales,
            "words": course_words,
            "sees": sees,
            "networks_known": health.known,
            "limits": gauges,
            "limit": holding_up(gauges),
            "reach": reach,
            "district": partial(reach.label, language=language) if reach else None,
        }

    def kind(self, name: str, language: Language) -> str:
        """Say what a kind is called."""
        found = self._runtime.renderer.kinds.get(name)
        return by_locale(found.labels, language) if found else name


def _followable(look: Look) -> bool:
    """Tell whether something may follow it; one that was stopped half way has told somebody."""
    campaign = look.campaign
    stopped = campaign.status is CampaignStatus.CANCELLED and look.whole.total > 0
    return (campaign.status in _FOLLOWABLE or stopped) and campaign.superseded_by is None


def number(request: Request) -> int:
    """Give the campaign that an address names; 404 for numbers that no database holds."""
    which: int = request.path_params["campaign"]
    if which > _HIGHEST:
        raise HTTPException(404)
    return which


async def found(runtime: Runtime, request: Request) -> Campaign:
    """Find the campaign that an address names; NotFoundError."""
    return await run_in_threadpool(runtime.campaigns.get, str(number(request)))
