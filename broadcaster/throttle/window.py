"""The arithmetic of one limit: a window that is never overfilled, and a pace within it; pure.

Two rules hold at once. The *window*: no second at the receiving end holds more than the limit,
because units come free only when a second has passed since they can have arrived at the latest.
The *pace*: grants are spread at the limit's rate, with a little credit for those who ask late.
`docs/decisions/0006-throttle.md` says why both. `several.py` asks several limits at once. The Lua
files do the same inside the store; a test holds the two together.

Times are whole microseconds since any fixed moment far enough back, costs are units.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

SECOND = 1_000_000

#: By how much the way to the network may differ between two messages without the answers showing
#: it: units come free this much later than a second after they arrived.
MARGIN = 5_000

#: What is granted or lands within one grain is kept together and held until the last of it is free.
GRAIN = 2_000

#: How much longer than a window units are held that may leave and arrive at any moment: those of a
#: grant, and those that are told to be in the air still. Their landing tells when they did. A
#: process may stand still and its network too: what it had written arrives when that goes on.
AIR = 4 * SECOND

#: How long nobody needs to ask without losing anything of the pace: a busy machine lets processes
#: wait for a fifth of a second.
CREDIT = SECOND // 4

#: Sums of broken numbers are as good as nothing below this, units.
NEARLY = 1e-6


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """A limit: at most `units` in any second, each held for `hold`, spread `pace` apart.

    `credit` is how long the pace may stand still without anything being lost.
    """

    units: int
    hold: float
    pace: float
    credit: float


def rule(rate: float) -> Rule:
    """Make the rule for `rate` units a second.

    Units are whole, so a broken rate above 1 is rounded down (2.5 a second would need a second
    with 3); below 1, one unit leaves every 1 / rate seconds.
    """
    if not (math.isfinite(rate) and rate > 0):
        raise ValueError("rate: must be above 0")
    units = max(1, math.floor(rate))
    stretch = 1.0 if rate >= 1 else 1 / rate
    return Rule(
        units=units,
        hold=SECOND * stretch + MARGIN,
        pace=SECOND * stretch / units,
        credit=CREDIT * stretch,
    )


@dataclass(frozen=True, slots=True)
class Entry:
    """Units that are held until `hold` after the end of a grain; `routine` of them in that lane."""

    slot: int
    units: int
    routine: int


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """What is remembered of a limit at the moment `last`.

    `debt` is how many units the pace is ahead (below 0: behind), `vain` when urgent work last
    asked in vain and `reserve` for how many units. `share`, `slowed`, `rest` and `paused` say how a
    network's complaint slows it down.
    """

    log: tuple[Entry, ...]
    last: int
    debt: float = 0.0
    vain: int = 0
    reserve: int = 0
    share: float = 1.0
    slowed: int = 0
    rest: int = 0
    paused: int = 0


def closed(rule: Rule, now: int) -> State:
    """Give the state of a limit of which nothing is known: as if all of it had just arrived.

    It is paused for as long, for that gives the pace no credit: so it doesn't open with a burst.
    """
    slot = now // GRAIN
    entry = Entry(slot, rule.units, rule.units)
    return State(log=(entry,), last=now, paused=math.ceil(free_at(slot, rule)))


def free_at(slot: int, rule: Rule) -> float:
    """Say when what is held in a slot comes free."""
    return (slot + 1) * GRAIN + rule.hold


def opened(state: State, rule: Rule, pace: float, now: int) -> State:
    """Bring a state to the present: forget what came free, and let the pace run on.

    `pace` is the present one, microseconds a unit.
    """
    over = math.floor((now - rule.hold) / GRAIN) - 1
    log = tuple(entry for entry in state.log if entry.slot > over)
    # Nothing could leave during a pause, and so it leaves nothing to catch up with.
    elapsed = max(0, now - max(state.last, state.paused))
    debt = max(state.debt - elapsed / pace, -rule.credit / pace)
    return replace(state, log=log, debt=debt, last=now)


def granted(state: State, units: int, routine: int, now: int) -> State:
    """Hold units that leave now and may arrive as long as their grant is good."""
    return replace(state, log=_added(state.log, (now + AIR) // GRAIN, units, routine))


@dataclass(frozen=True, slots=True)
class Mark:
    """When units were last charged: by their grant, or by `landed` while they were in the air."""

    at: int
    landed: bool

    @property
    def slot(self) -> int:
        """Where they are held."""
        return (self.at + AIR) // GRAIN


def landed(
    state: State, rule: Rule, down: Sequence[tuple[Mark, int, int]], *, urgent: bool, at: int
) -> State:
    """Hold units (mark, units of a message, how many messages) for a window after `at`.

    By then they had arrived; for those that are in the air still, `at` is AIR from now. Between its
    grant and its landing a message may have arrived at any moment; so its units are held for the
    whole of that time and for a second after it, and then no second at the receiving end holds
    more than the limit. None arrives before its grant; but one that was told to be in the air
    still may have arrived before that was told. Units whose mark is not found, after a flush, are
    held all the same.
    """
    log = state.log
    for mark, cost, count in down:
        units = min(cost, rule.units) * count
        log = _taken(log, mark.slot, units, urgent=urgent)
        since = at if mark.landed else max(at, mark.at)
        log = _added(log, since // GRAIN, units, 0 if urgent else units)
    return replace(state, log=log)


def _added(log: tuple[Entry, ...], slot: int, units: int, routine: int) -> tuple[Entry, ...]:
    place = bisect_left(log, slot, key=_SLOT)
    if place < len(log) and log[place].slot == slot:
        held = log[place]
        entry = Entry(slot, held.units + units, held.routine + routine)
        return (*log[:place], entry, *log[place + 1 :])
    return (*log[:place], Entry(slot, units, routine), *log[place:])


def _taken(log: tuple[Entry, ...], slot: int, units: int, *, urgent: bool) -> tuple[Entry, ...]:
    place = bisect_left(log, slot, key=_SLOT)
    if place == len(log) or log[place].slot != slot:
        return log
    held = log[place]
    moved = min(units, held.units)
    routine = 0 if urgent else min(moved, held.routine)
    left = Entry(slot, held.units - moved, held.routine - routine)
    return (*log[:place], *([left] if left.units else []), *log[place + 1 :])


_SLOT = attrgetter("slot")
