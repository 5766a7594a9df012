"""The arithmetic of a limit: a window that is never overfilled, and a pace within it; pure.

Two rules hold at once. The *window*: no half-open second holds more than the limit, because what
was granted comes free again only when it is more than a second old. The *pace*: grants are spread
at the limit's rate, with a little credit for those who ask late. `docs/decisions/0006-throttle.md`
says why both. `take.lua` does the same inside the store; a test holds the two together.

Times are in microseconds since any fixed moment, costs in units.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

SECOND = 1_000_000

#: Units come free this much later than a second after they were granted: what is granted together
#: does not arrive with equal delays, and the receiving end must not see more than the limit either.
MARGIN = 12_000

#: Grants this close together are kept as one entry, so that the log stays short (250 entries).
_GRAIN = SECOND // 250

#: How long nobody needs to ask without losing anything of the pace.
_CREDIT = SECOND // 8

#: Of the units of a window, the share that routine work may have while urgent work asks.
ROUTINE_SHARE = 0.1


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """A limit: at most `units` within any `window`, spread `pace` apart with some `credit`.

    `routine` is how many of the units routine work may have while urgent work asks; `grain` is how
    close grants must be to be kept as one.
    """

    units: int
    window: float
    pace: float
    credit: float
    grain: float
    routine: int


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
        window=SECOND * stretch + MARGIN,
        pace=SECOND * stretch / units,
        credit=_CREDIT * stretch,
        grain=_GRAIN * stretch,
        routine=math.floor(units * ROUTINE_SHARE),
    )


@dataclass(frozen=True, slots=True)
class Entry:
    """Units granted within one grain, the last of them at `at`; `routine` of them in that lane."""

    slot: int
    at: float
    units: int
    routine: int


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """What is remembered: the log of the last window, when the pace is due, and who asked.

    `paced` is the earliest moment for the next grant; `urgent` is when urgent work last asked.
    """

    log: tuple[Entry, ...]
    paced: float
    urgent: float
    last: float


def closed(rule: Rule, now: float) -> State:
    """Give the state of a limit of which nothing is known: as if all had just been granted."""
    entry = Entry(math.floor(now / rule.grain), now, rule.units, rule.units)
    return State(log=(entry,), paced=now, urgent=-math.inf, last=now)


def take(
    state: State, rule: Rule, costs: Sequence[int], *, urgent: bool, now: float
) -> tuple[State, int, float]:
    """Grant a prefix of `costs`: the new state, how many messages, and the wait (microseconds).

    The wait is 0 when something was granted. A message that costs more than the whole window is
    granted alone, once the window is empty, and holds it for as many windows as it is worth.
    """
    if now < state.last - SECOND:
        # The clock was set back: what is remembered lies in the future and says nothing.
        state = closed(rule, now)
    now = max(now, state.last)
    log = tuple(entry for entry in state.log if entry.at + rule.window > now)
    asked = now if urgent else state.urgent
    held = not urgent and asked + SECOND > now
    used = sum(entry.units for entry in log)
    routine = sum(entry.routine for entry in log)
    paced = max(state.paced, now - rule.credit)
    count = total = 0
    at = now
    for cost in costs:
        whole = min(cost, rule.units)
        fits = used + total + whole <= rule.units
        allowed = not held or routine + total + cost <= rule.routine
        if paced > now or not fits or not allowed:
            break
        count += 1
        total += whole
        paced += cost * rule.pace
        if cost > rule.units:
            at = now + (cost / rule.units - 1) * (rule.window - MARGIN)
            break
    if count:
        log = _logged(log, rule, at, total, 0 if urgent else total)
    after = replace(state, log=log, paced=paced, urgent=asked, last=now)
    wait = 0.0 if count or not costs else _wait(after, rule, costs[0], now, held=held)
    return after, count, wait


def landed(
    state: State, rule: Rule, marks: Sequence[tuple[int, int]], *, urgent: bool, now: float
) -> State:
    """Charge granted units (slot of the grant, units) again from now on: they have landed by now.

    Between its grant and its landing a message may have arrived at any moment. So its units are
    held for the whole of that time and for a window after it; then no second at the receiving end
    holds more than the limit, however unevenly requests are delayed on their way.
    """
    now = max(now, state.last)
    wanted: dict[int, int] = {}
    for slot, units in marks:
        wanted[slot] = wanted.get(slot, 0) + units
    log = []
    for entry in state.log:
        units = wanted.get(entry.slot, 0)
        if entry.at > now:
            # It stands for a message that pays for more than one window, and goes on to do so.
            wanted[entry.slot] = 0
            log.append(entry)
            continue
        moved = min(units, entry.units)
        routine = 0 if urgent else min(moved, entry.routine)
        log.append(replace(entry, units=entry.units - moved, routine=entry.routine - routine))
    total = sum(wanted.values())
    if not total:
        return replace(state, last=now)
    kept = _logged(tuple(log), rule, now, total, 0 if urgent else total)
    return replace(state, log=kept, last=now)


def _logged(
    log: tuple[Entry, ...], rule: Rule, at: float, units: int, routine: int
) -> tuple[Entry, ...]:
    slot = math.floor(at / rule.grain)
    if log and log[-1].slot == slot:
        last = log[-1]
        return (*log[:-1], Entry(slot, at, last.units + units, last.routine + routine))
    return (*log, Entry(slot, at, units, routine))


def _wait(state: State, rule: Rule, cost: int, now: float, *, held: bool) -> float:
    """Say when the first message can leave, if nobody else asks meanwhile."""
    until = state.paced
    excess = sum(entry.units for entry in state.log) + min(cost, rule.units) - rule.units
    for entry in state.log:
        if excess <= 0:
            break
        excess -= entry.units
        until = max(until, entry.at + rule.window)
    if held:
        until = max(until, min(state.urgent + SECOND, now + _CREDIT))
    return max(until - now, 1.0)
