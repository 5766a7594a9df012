"""A race of workers for limits, played in no time: what arrives when, at the receiving end.

Everything that a real race has is in it, as numbers of microseconds: how late a worker asks, how
long its messages take to leave, to arrive and to be answered, and how late it tells of the answer.
"""

import heapq
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from broadcaster.ports import Want
from broadcaster.throttle import window
from broadcaster.throttle.several import runs, take
from broadcaster.throttle.window import SECOND, Mark, Rule

#: Anything from the first to the second, microseconds.
Delay = tuple[int, int]

#: When a worker that sent something asks for more, at the latest.
_FRESH = 10_000


@dataclass(frozen=True, kw_only=True)
class Worker:
    """Who wants `wants` from the moment `first` to `last`, over and over."""

    wants: Sequence[Want]
    urgent: bool = False
    first: int = 0
    last: int = 1_000 * SECOND
    late: Delay = (100, 1_000)
    leave: Delay = (200, 2_000)
    way: Delay = (0, 0)
    answer: Delay = (0, 0)
    tell: Delay = (100, 1_000)


@dataclass(frozen=True, order=True)
class Arrival:
    """A message at the receiving end."""

    at: int
    units: int
    limits: tuple[str, ...]
    urgent: bool


class Race:
    """Limits, and those who race for them; times are from the start."""

    def __init__(self, rates: Mapping[str, float], seed: int = 1, start: int = 10**15) -> None:
        """Begin closed."""
        self.rules: dict[str, Rule] = {name: window.rule(rate) for name, rate in rates.items()}
        self.states = {name: window.closed(rule, start) for name, rule in self.rules.items()}
        self.asked = 0
        self._start = start
        self._chance = random.Random(seed)  # noqa: S311  (a game, to be repeated)
        self._arrivals: list[Arrival] = []
        self._quickest: dict[int, int] = {}
        self._events: list[tuple[int, int, Callable[[int], None]]] = []
        self._serial = count()

    def run(self, workers: Sequence[Worker], seconds: float) -> list[Arrival]:
        """Let them race; give what arrived, in order."""
        for number, worker in enumerate(workers):
            self._ask_later(self._start + worker.first, worker, number)
        end = self._start + round(seconds * SECOND)
        while self._events and self._events[0][0] <= end:
            at, _, event = heapq.heappop(self._events)
            event(at)
        return sorted(self._arrivals)

    def _later(self, at: int, event: Callable[[int], None]) -> None:
        heapq.heappush(self._events, (at, next(self._serial), event))

    def _some(self, delay: Delay) -> int:
        return self._chance.randint(*delay)

    def _ask_later(self, at: int, worker: Worker, number: int) -> None:
        if at <= self._start + worker.last:
            moment = at + self._some(worker.late)
            self._later(moment, lambda now: self._ask(worker, number, now))

    def _ask(self, worker: Worker, number: int, now: int) -> None:
        asked = runs(worker.wants)
        self.asked += 1
        self.states, counts, wait = take(
            self.states, self.rules, asked, urgent=worker.urgent, now=now
        )
        for run, granted in zip(asked, counts, strict=True):
            for _ in range(granted):
                self._send(worker, number, Want(run.limits, run.units), now)
        # Whoever got something has room for others, which may want other limits.
        self._ask_later(now + (min(wait, _FRESH) if any(counts) else wait), worker, number)

    def _send(self, worker: Worker, number: int, want: Want, now: int) -> None:
        left = now + self._some(worker.leave)
        arrived = left + self._some(worker.way)
        answered = arrived + self._some(worker.answer)
        self._arrivals.append(
            Arrival(arrived - self._start, want.units, want.limits, worker.urgent)
        )

        def land(_: int) -> None:
            trip = answered - left
            self._quickest[number] = min(self._quickest.get(number, trip), trip)
            down = [(Mark(now, landed=False), want.units, 1)]
            at = answered - self._quickest[number]
            for name in want.limits:
                self.states[name] = window.landed(
                    self.states[name], self.rules[name], down, urgent=worker.urgent, at=at
                )

        self._later(answered + self._some(worker.tell), land)


def fullest(arrivals: Iterable[tuple[float, int]], span: float = SECOND) -> int:
    """Count the units of the fullest half-open window."""
    kept = list(arrivals)
    most = used = first = 0
    for at, units in kept:
        used += units
        while kept[first][0] <= at - span:
            used -= kept[first][1]
            first += 1
        most = max(most, used)
    return most


def used(arrivals: Iterable[tuple[float, int]], rate: float, first: float, last: float) -> float:
    """Say which share of a limit was used in the whole seconds from `first` to `last`."""
    return sum(units for at, units in arrivals if first <= at < last) / (
        rate * (last - first) / SECOND
    )
