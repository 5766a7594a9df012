"""Looking at campaigns: counted once for all who watch, and not more often than it is worth.

To count a campaign's deliveries costs time in proportion to them, on machines that send meanwhile:
so what took long is counted again later, and pages show what is known until then.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from starlette.concurrency import run_in_threadpool

from broadcaster.bootstrap import Runtime
from broadcaster.domain.campaign import Campaign, CampaignStatus, ChannelPlan
from broadcaster.domain.delivery import Reason
from broadcaster.domain.message import Channel
from broadcaster.reports.course import Line, Times
from broadcaster.reports.funnel import Cell, Funnel
from broadcaster.web.figures import Bar, Share, Step, bar, shares, together
from broadcaster.web.graphs import Curve, curve

#: How long counts are shown again before they are counted anew, seconds: while deliveries
#: leave, and when only receipts may still come; so many times what the counting took; so much more
#: for each who watches; and at most.
_FRESH, _FRESH_AFTER, _COST, _EACH, _LONGEST = 0.9, 5.0, 40.0, 0.02, 60.0
#: How long a page waits for newer counts when it has some, seconds; and for how long what it has is
#: good enough not to wait at all.
_PATIENCE, _GOOD = 0.1, 10.0
#: How many campaigns are remembered.
_MOST = 200
#: How many parts that are held are shown.
_PARTS = 20

HOLDABLE = (CampaignStatus.RUNNING, CampaignStatus.PAUSED)
MOVING = (CampaignStatus.LAUNCHED, CampaignStatus.RUNNING)


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldPart:
    """What waits on a channel in a zone, for quiet hours or for an operator, and until when."""

    channel: Channel
    zone: str
    quiet: bool
    until: datetime
    messages: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Speed:
    """How fast it goes; `left` is how long it still takes, None where nobody knows."""

    messages: float
    units: float
    left: timedelta | None
    ends: datetime | None
    late: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """A campaign as it stood at a moment.

    `languages` are the funnels by locale, None for those for whom none was chosen; empty for an
    archived campaign, of which `locales` alone are kept.
    """

    campaign: Campaign
    times: Times
    at: datetime
    whole: Bar
    channels: Mapping[Channel, Bar]
    languages: Mapping[str | None, Bar]
    units: Mapping[Channel, int]
    locales: Mapping[str, Share]
    reasons: Mapping[Reason, int]
    failures: Mapping[Reason, int]
    cells: Sequence[Cell]
    curve: Curve | None
    speed: Speed
    timeline: Sequence[Line]
    step: tuple[Channel, datetime | None] | None
    held: Sequence[HeldPart] = ()

    @property
    def moving(self) -> bool:
        """Whether deliveries leave, or soon will."""
        return self.campaign.status in MOVING

    @property
    def hold_reason(self) -> str | None:
        """Why the system holds it."""
        return self.times.hold_reason if self.campaign.status is CampaignStatus.PAUSED else None

    @property
    def doubt(self) -> int:
        """How many are in doubt."""
        return self.whole[Step.DOUBT].count


@dataclass(frozen=True, slots=True)
class _Seen:
    look: Look
    at: float
    cost: float


class Looks:
    """Gives looks at campaigns."""

    def __init__(
        self,
        runtime: Runtime,
        watchers: Callable[[], int] = lambda: 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`watchers` tells how many watch, `clock` counts seconds."""
        self._runtime = runtime
        self._watchers = watchers
        self._clock = clock
        self._seen: OrderedDict[int, _Seen] = OrderedDict()
        self._tasks: dict[int, asyncio.Task[Look]] = {}

    async def of(self, which: int) -> Look:
        """Look at a campaign by its id; NotFoundError."""
        return await self.at(await run_in_threadpool(self._runtime.campaigns.get, str(which)))

    async def at(self, campaign: Campaign) -> Look:
        """Look; all who ask at once get the same look, and its steps at once."""
        known = self._known(campaign)
        if known is not None and self._fresh(known, campaign):
            return known.look
        task = self._begun(campaign)
        if known is None:
            # It may have been begun before somebody changed the campaign: its step is the present.
            return replace(await asyncio.shield(task), campaign=campaign)
        if self._clock() - known.at > _GOOD or known.look.campaign != campaign:
            await asyncio.wait([task], timeout=_PATIENCE)
        return replace(task.result() if task.done() else known.look, campaign=campaign)

    async def some(self, campaigns: Sequence[Campaign]) -> Mapping[int, Look]:
        """Give what is known, or soon will be, of several; others are counted behind."""
        tasks = []
        for one in campaigns:
            known = self._known(one)
            if known is not None and self._fresh(known, one):
                continue
            task = self._begun(one)
            if known is None or self._clock() - known.at > _GOOD:
                tasks.append(task)
        if tasks:
            await asyncio.wait(tasks, timeout=_PATIENCE)
        return {
            one.id: replace(known.look, campaign=one)
            for one in campaigns
            if (known := self._known(one)) is not None
        }

    def forget(self, campaign: int) -> None:
        """Have a campaign counted anew by who looks next: somebody has just changed it."""
        self._seen.pop(campaign, None)

    def _known(self, campaign: Campaign) -> _Seen | None:
        return self._seen.get(campaign.id)

    def _fresh(self, known: _Seen, campaign: Campaign) -> bool:
        least = _FRESH if known.look.moving else _FRESH_AFTER
        limit = max(least, known.cost * _COST, self._watchers() * _EACH)
        same = known.look.campaign == campaign
        return same and self._clock() - known.at < min(limit, _LONGEST)

    def _begun(self, campaign: Campaign) -> asyncio.Task[Look]:
        """Count, unless that is being done."""
        task = self._tasks.get(campaign.id)
        if task is None:
            task = self._tasks[campaign.id] = asyncio.create_task(self._counted(campaign))
            task.add_done_callback(lambda done: self._ended(campaign.id, done))
        return task

    def _ended(self, campaign: int, done: asyncio.Task[Look]) -> None:
        self._tasks.pop(campaign, None)
        if not done.cancelled():
            # Whoever waited was told of it; where nobody did, the next one finds out.
            done.exception()

    async def _counted(self, campaign: Campaign) -> Look:
        look, cost = await run_in_threadpool(self._timed, campaign)
        self._seen[campaign.id] = _Seen(look, self._clock(), cost)
        self._seen.move_to_end(campaign.id)
        while len(self._seen) > _MOST:
            self._seen.popitem(last=False)
        return look

    def _timed(self, campaign: Campaign) -> tuple[Look, float]:
        begun = self._clock()
        look = self._look(campaign)
        return look, self._clock() - begun

    def _look(self, campaign: Campaign) -> Look:
        runtime, now = self._runtime, self._runtime.clock.now()
        counts = runtime.reports.funnel(campaign.id)
        times = runtime.courses.times([campaign.id])[campaign.id]
        locales = dict(sorted(counts.locales.items(), key=lambda item: -item[1]))
        channels = {channel: bar(row) for channel, row in counts.channels.items()}
        escalates = campaign.channel_plan is ChannelPlan.ESCALATE
        return Look(
            campaign=campaign,
            times=times,
            at=now,
            whole=bar(together(list(counts.channels.values()))),
            channels=channels,
            languages=_languages(counts, list(locales)),
            units=dict(counts.units),
            locales=dict(zip(locales, shares(list(locales.values())), strict=True)),
            reasons=_falling(counts.reasons),
            failures=_falling(counts.failures),
            cells=counts.cells,
            curve=curve(runtime.courses.pace(campaign.id)),
            speed=self._speed(campaign, times, channels, now),
            timeline=runtime.courses.timeline(campaign.id),
            step=runtime.courses.next_step(campaign.id) if escalates else None,
            held=self._held(campaign, now) if campaign.status in HOLDABLE else (),
        )

    def _speed(
        self, campaign: Campaign, times: Times, channels: Mapping[Channel, Bar], now: datetime
    ) -> Speed:
        """Say how fast it goes, and when it ends if it goes on so."""
        rates = self._runtime.courses.lately(campaign.id, now)
        seconds: list[float | None] = []
        for channel, one in channels.items():
            waiting = one[Step.WAITING].count
            rate = rates.get(channel, (0.0, 0.0))[0]
            if waiting:
                seconds.append(waiting / rate if rate else None)
        known = [one for one in seconds if one is not None]
        goes = campaign.status is CampaignStatus.RUNNING and known and len(known) == len(seconds)
        left = timedelta(seconds=max(known)) if goes else None
        ends = now + left if left is not None else None
        return Speed(
            messages=sum(rate for rate, _ in rates.values()),
            units=sum(units for _, units in rates.values()),
            left=left,
            ends=ends,
            late=ends is not None and ends > times.expires,
        )

    def _held(self, campaign: Campaign, now: datetime) -> Sequence[HeldPart]:
        rows = self._runtime.reports.held(campaign.id, now)
        return [
            HeldPart(
                channel=Channel(str(row["channel"])),
                zone=str(row["zone"] or self._runtime.settings.time_zone),
                quiet=row["why"] == "quiet_hours",
                until=datetime.fromisoformat(str(row["until"])),
                messages=int(str(row["messages"])),
            )
            for row in rows[:_PARTS]
        ]


def _languages(counts: Funnel, order: Sequence[str]) -> Mapping[str | None, Bar]:
    """Give the funnel of each locale, the one of most first, and last of those without."""
    named: Sequence[str | None] = [*order, None]
    rows: dict[str | None, list[Cell]] = {name: [] for name in named}
    for cell in counts.cells:
        rows.setdefault(cell.locale, []).append(cell)
    return {
        name: bar(together([{cell.status: cell.count} for cell in cells]))
        for name, cells in rows.items()
        if cells
    }


def _falling(counts: Mapping[Reason, int]) -> dict[Reason, int]:
    return dict(sorted(counts.items(), key=lambda item: -item[1]))
