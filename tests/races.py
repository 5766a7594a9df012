"""A race of workers for limits, played in no time: what arrives when, at the receiving end.

Everything that a real race has is in it, as numbers of microseconds: how late a worker asks, how
long its messages take to leave, to arrive and to be answered, and how late it tells of the answer.
"""

import heapq
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

from broadcaster.ports import Want
from broadcaster.throttle import window
from broadcaster.throttle.several import runs, take
from broadcaster.throttle.window import SECOND, Mark, State

#: When a worker that sent something asks for more, at the latest.
_FRESH = 10_000

Delay = Callable[[random.Random], int]


def fixed(microseconds: int) -> Delay:
    """Always take so long."""
    return lambda _: microseconds


def between(low: int, high: int) -> Delay:
    """Take anything from `low` to `high`."""
    return lambda chance: chance.randint(low, high)


@dataclass(frozen=True, kw_only=True)
class Worker:
    """Who wants `wants` of the time from `first` to `last`, over and over."""

    wants: Sequence[Want]
    urgent: bool = False
    first: int = 0
    last: int = 1_000 * SECOND
    late: Delay = between(100, 1_000)
    leave: Delay = between(200, 2_000)
    way: Delay = fixed(0)
    answer: Delay = fixed(0)
    tell: Delay = between(100, 1_000)


@dataclass(frozen=True, order=True)
class Arrival:
    """A message at the receiving end."""

    at: int
    units: int
    limits: tuple[str, ...]
    urgent: bool


@dataclass
class Race:
    """Limits, and those who race for them."""

    rules: Mapping[str, window.Rule]
    seed: int = 1
    start: int = 10**15
    states: dict[str, State] = field(default_factory=dict)
    arrivals: list[Arrival] = field(default_factory=list)
    asked: int = 0

    def __post_init__(self) -> None:
        """Begin closed."""
        self.states = {name: window.closed(rule, self.start) for name, rule in self.rules.items()}

    def run(self, workers: Sequence[Worker], seconds: float) -> list[Arrival]:
        """Let them race; give what arrived, in order, with times from the start."""
        chance = random.Random(self.seed)  # noqa: S311  (a game, to be repeated)
        quickest: dict[int, int] = {}
        serial = count()
        end = self.start + round(seconds * SECOND)
        events: list[tuple[int, int, Callable[[int], None]]] = []

        def later(at: int, event: Callable[[int], None]) -> None:
            heapq.heappush(events, (at, next(serial), event))

        def ask(worker: Worker, number: int, now: int) -> None:
            if now > self.start + worker.last:
                return
            asked = runs(worker.wants)
            self.asked += 1
            self.states, counts, wait = take(
                self.states, self.rules, asked, urgent=worker.urgent, now=now
            )
            for run, granted in zip(asked, counts, strict=True):
                for _ in range(granted):
                    send(worker, number, Want(run.limits, run.units), now)
            # Whoever got something has room for others, which may want other limits.
            pause = min(wait, _FRESH) if any(counts) else wait
            later(now + pause + worker.late(chance), lambda at: ask(worker, number, at))

        def send(worker: Worker, number: int, want: Want, now: int) -> None:
            left = now + worker.leave(chance)
            arrived = left + worker.way(chance)
            answered = arrived + worker.answer(chance)
            self.arrivals.append(
                Arrival(arrived - self.start, want.units, want.limits, worker.urgent)
            )
            trip = answered - left

            def land(at: int) -> None:
                quickest[number] = min(quickest.get(number, trip), trip)
                ago = quickest[number] + at - answered
                for name in want.limits:
                    self.states[name] = window.landed(
                        self.states[name],
                        self.rules[name],
                        [(Mark(now, landed=False), want.units, 1)],
                        urgent=worker.urgent,
                        at=at - ago,
                    )

            later(answered + worker.tell(chance), land)

        for number, worker in enumerate(workers):
            begin = self.start + worker.first + worker.late(chance)
            later(begin, lambda at, w=worker, n=number: ask(w, n, at))  # type: ignore[misc]  # (bound now)
        while events and events[0][0] <= end:
            at, _, event = heapq.heappop(events)
            event(at)
        self.arrivals.sort()
        return self.arrivals


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
