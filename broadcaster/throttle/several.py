"""Asking several limits at once: each message gets all of its own, or none; pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from broadcaster.ports import Want
from broadcaster.throttle.slowing import allowed
from broadcaster.throttle.window import (
    GRAIN,
    NEARLY,
    SECOND,
    Rule,
    State,
    closed,
    free_at,
    granted,
    opened,
)

#: Of what is allowed, the share that routine work may have whatever urgent work waits for: so much
#: under a tenth that urgent work has nine tenths of the limit, of which exactness costs up to 2 %.
ROUTINE_SHARE = 0.08

#: Nobody is asked to come again sooner than this: it gives away less than the margin, and a quick
#: limit would otherwise be asked for each single unit.
EASE = 4_000

#: When to ask again for what only waits for an answer of the network.
POLL = SECOND // 10


@dataclass(frozen=True, slots=True)
class Run:
    """Messages in a row that want the same."""

    limits: tuple[str, ...]
    units: int
    count: int


def runs(wants: Sequence[Want]) -> list[Run]:
    """Put wants in a row together; a message is worth at least one unit."""
    return [
        Run(want.limits, max(1, want.units), sum(1 for _ in group))
        for want, group in groupby(wants)
    ]


@dataclass(kw_only=True, slots=True)
class _Room:
    """What one limit has left while one question is answered.

    `reserve` is what routine work leaves to urgent work that asked in vain within the last second.
    """

    state: State
    rule: Rule
    cap: int
    pace: float
    reserve: int
    used: int
    routine: int
    debt: float
    total: int = 0
    refused: int = 0
    blocked: bool = False

    def fit(self, units: int) -> int:
        """Say how many messages of so many units it lets go in a row."""
        if self.state.paused > self.state.last or self.debt > NEARLY:
            return 0
        if units > self.cap:
            # Dearer than may ever leave together: alone, and the pace lets it pay afterwards.
            return 0 if self.reserve or self.used > 0 else 1
        count = self._fit(units, 0)
        if self.reserve:
            # Routine work has its share; more of it only besides what urgent work waits for.
            part = math.floor(self.cap * ROUTINE_SHARE) - self.routine
            count = max(min(count, part // units), self._fit(units, self.reserve))
        return max(0, count)

    def _fit(self, units: int, reserve: int) -> int:
        paced = math.floor((NEARLY - self.debt - reserve) / units) + 1
        return min((self.cap - self.used - reserve) // units, paced)

    def spend(self, units: int, count: int, *, urgent: bool) -> None:
        """Take what so many messages are worth."""
        whole = min(units, self.rule.units) * count
        self.total += whole
        self.used += whole
        self.routine += 0 if urgent else whole
        self.debt = max(self.debt, 0.0) + units if units > self.cap else self.debt + units * count

    def when(self, units: int) -> float:
        """Say when a message that was refused may go, as far as this limit knows."""
        now = self.state.last
        beyond = self.routine + units > math.floor(self.cap * ROUTINE_SHARE)
        reserve = self.reserve if beyond else 0
        till = max(float(now), now + (self.debt + reserve) * self.pace)
        excess = self.used + min(units, self.cap) + reserve - self.cap
        for entry in self.state.log:
            if excess <= 0:
                break
            excess -= entry.units
            free = free_at(entry.slot, self.rule)
            in_air = entry.slot * GRAIN > now
            till = max(till, min(free, now + POLL) if in_air else free)
        # Urgent work may want no more long before.
        till = min(till, now + POLL) if reserve else till
        return max(till, self.state.paused)


def _room(state: State, rule: Rule, now: int, *, urgent: bool) -> _Room:
    if now < state.last:
        state = closed(rule, now)
    share = allowed(state, now)
    pace = rule.pace / share
    state = opened(state, rule, pace, now)
    return _Room(
        state=state,
        rule=rule,
        cap=max(1, math.floor(rule.units * share)),
        pace=pace,
        reserve=0 if urgent or state.vain + SECOND <= now else state.reserve,
        used=sum(entry.units for entry in state.log),
        routine=sum(entry.routine for entry in state.log),
        debt=state.debt,
    )


def take(
    states: Mapping[str, State],
    rules: Mapping[str, Rule],
    asked: Sequence[Run],
    *,
    urgent: bool,
    now: int,
) -> tuple[dict[str, State], list[int], int]:
    """Grant what all limits allow: the new states, how many of each run, and the wait.

    A limit that refuses a message refuses all behind it that want it too, so that order is kept;
    messages that don't want that limit go on. The wait, in microseconds, is until the first of
    those refused may go if nobody else asks meanwhile; 0 when none was.
    """
    rooms = {name: _room(states[name], rule, now, urgent=urgent) for name, rule in rules.items()}
    counts: list[int] = []
    heads: dict[tuple[str, ...], int] = {}
    for run in asked:
        wanted = [rooms[name] for name in run.limits]
        count = 0
        if not any(room.blocked for room in wanted):
            fits = [room.fit(run.units) for room in wanted]
            count = min([run.count, *fits])
            for room, fit in zip(wanted, fits, strict=True):
                if count:
                    room.spend(run.units, count, urgent=urgent)
                room.blocked = count < run.count and fit <= count
        counts.append(count)
        if count < run.count:
            heads.setdefault(run.limits, run.units)
            for room in wanted:
                room.refused += run.units * (run.count - count)
    after = {name: _left(room, urgent=urgent) for name, room in rooms.items()}
    for name, room in rooms.items():
        room.state = after[name]
    free = [max(rooms[name].when(units) for name in limits) for limits, units in heads.items()]
    wait = max(math.ceil(min(free) - now), EASE) if free else 0
    return after, counts, wait


def _left(room: _Room, *, urgent: bool) -> State:
    state = replace(room.state, debt=room.debt)
    if room.total:
        state = granted(state, room.total, 0 if urgent else room.total, state.last)
    if urgent:
        # What others of the urgent lane wait for stays reserved until somebody got it.
        waiting = state.reserve if state.vain + SECOND > state.last else 0
        refused = min(room.refused, room.cap) if room.blocked else 0
        reserve = max(waiting - room.total, refused)
        state = replace(state, reserve=reserve, vain=state.last if refused else state.vain)
    return state
