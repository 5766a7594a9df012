"""Where a campaign reached people: by district, counted behind the page that shows it."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from starlette.concurrency import run_in_threadpool

from broadcaster.audience.areas.circle import outline
from broadcaster.audience.areas.shape import degrees
from broadcaster.audience.areas.version import Sort, Version
from broadcaster.bootstrap import Runtime
from broadcaster.errors import BroadcasterError
from broadcaster.reports.course import District
from broadcaster.web.figures import Share, shares
from broadcaster.web.graphs import Drawn, Ring, drawn, shade
from broadcaster.web.languages import Language

#: The attribute that says where somebody lives.
ATTRIBUTE = "district"
#: How long counts are shown, seconds; and so many times what the counting took.
_FRESH, _COST = 30.0, 200.0
#: How many campaigns are remembered, and how many districts are shown.
_MOST, _SHOWN = 50, 40


@dataclass(frozen=True, kw_only=True, slots=True)
class Reached:
    """A district: its customers, and how many of them were reached."""

    name: str | None
    customers: int
    reached: Share
    shade: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """All districts of a campaign, the one of most first, and a map where areas are known.

    `labels` say what districts are called, by their names and by language.
    """

    districts: Sequence[Reached]
    map: Drawn | None
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def label(self, name: str, language: Language) -> str:
        """Say what a district is called in a language; where nobody said so, its own name."""
        return self.labels.get(name, {}).get(language.locale.lang, name)


@dataclass(frozen=True, slots=True)
class _Seen:
    reach: Reach
    at: float
    cost: float


class Reaches:
    """Counts by district, for whoever looks; never while they wait."""

    def __init__(self, runtime: Runtime, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` counts seconds."""
        self._runtime = runtime
        self._clock = clock
        self._seen: OrderedDict[int, _Seen] = OrderedDict()
        self._task: asyncio.Task[None] | None = None

    def of(self, campaign: int) -> Reach | None:
        """Give what is known; None as long as nothing is. One campaign is counted at a time."""
        known = self._seen.get(campaign)
        old = known is None or self._clock() - known.at > max(_FRESH, known.cost * _COST)
        if old and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._count(campaign))
        return known.reach if known else None

    async def _count(self, campaign: int) -> None:
        begun = self._clock()
        try:
            reach = await run_in_threadpool(self._ask, campaign)
        except BroadcasterError:
            # Who looks next asks again.
            return
        self._seen[campaign] = _Seen(reach, self._clock(), self._clock() - begun)
        self._seen.move_to_end(campaign)
        while len(self._seen) > _MOST:
            self._seen.popitem(last=False)

    def _ask(self, campaign: int) -> Reach:
        attribute = self._runtime.definitions.catalogue().current.get(ATTRIBUTE)
        if attribute is None:
            return Reach(districts=(), map=None)
        found = self._runtime.courses.districts(campaign, ATTRIBUTE)
        if not any(one.name for one in found):
            return Reach(districts=(), map=None)
        shapes = _shapes(self._runtime.areas.list(), found)
        parts = {one.name: one.reached / one.customers for one in found if one.name}
        return Reach(
            districts=[_reached(one) for one in found[:_SHOWN]],
            map=drawn(shapes, parts),
            labels=attribute.choices,
        )


def _reached(one: District) -> Reached:
    part, _ = shares([one.reached, one.customers - one.reached])
    return Reached(
        name=one.name,
        customers=one.customers,
        reached=part,
        shade=shade(one.reached / one.customers),
    )


def _shapes(areas: Sequence[Version], found: Sequence[District]) -> Mapping[str, Sequence[Ring]]:
    """Find the saved area of the name of each district."""
    named = {one.name.casefold(): one for one in areas if one.sort is not Sort.LIST}
    return {
        one.name: _rings(named[one.name.casefold()])
        for one in found
        if one.name and one.name.casefold() in named
    }


def _rings(area: Version) -> Sequence[Ring]:
    if area.sort is Sort.CIRCLE:
        return [outline(area.circle.x, area.circle.y, area.circle.metres)]
    return [
        [(degrees(x), degrees(y)) for x, y in ring]
        for polygon in area.shape
        for ring in polygon.rings
    ]
