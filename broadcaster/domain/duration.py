"""How long a campaign takes at limits that hold together, and what holds it up; pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

#: A limit is used to this part at least when there is work (invariant 5).
USED = 0.98
#: Urgent work has this part of a limit at least (invariant 6).
URGENT = 0.90

#: A time in which nothing leaves: from, until.
Pause = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Flow:
    """Messages that want the same limits: so many, worth so many units together."""

    channel: str
    limits: tuple[str, ...]
    messages: int
    units: int


@dataclass(frozen=True, slots=True)
class Span:
    """The time that some flows take, seconds, and the limit that decides it; None: nothing does."""

    seconds: float
    limit: str | None


def least(flows: Iterable[Flow], rates: Mapping[str, float]) -> Span:
    """Give the shortest time in which flows fit all their limits at once.

    That is the time that the dearest limit needs for its units: when every flow is spread evenly
    over it, no other limit is exceeded, and in less time that one limit would be.
    """
    loads: dict[str, int] = {}
    for flow in flows:
        for name in flow.limits:
            loads[name] = loads.get(name, 0) + flow.units
    spans = [(load / rates[name], name) for name, load in loads.items() if rates.get(name)]
    if not spans:
        return Span(0.0, None)
    seconds, name = max(spans)
    return Span(seconds, name)


@dataclass(frozen=True, kw_only=True, slots=True)
class Others:
    """What else waits for the same limits, by lane."""

    urgent: Sequence[Flow] = ()
    routine: Sequence[Flow] = ()


def most(
    flows: Sequence[Flow], others: Others, rates: Mapping[str, float], *, urgent: bool
) -> Span:
    """Give the longest time that the limits explain: all before it that may go first does.

    Urgent work leaves routine work a tenth of a limit at most. What is not limited is not counted.
    """
    part = USED
    ahead = list(others.urgent)
    if urgent:
        part *= URGENT if others.routine else 1.0
    else:
        ahead += others.routine
    mine = {name for flow in flows for name in flow.limits}
    joined = [*flows, *(flow for flow in ahead if mine.intersection(flow.limits))]
    return least(joined, {name: rate * part for name, rate in rates.items() if name in mine})


def own(messages: int, speed: float | None) -> float:
    """Give the seconds that our own speed wants, messages a second; 0 where it is not known."""
    return messages / speed if speed else 0.0


def left(start: datetime, until: datetime, seconds: float, pauses: Sequence[Pause]) -> float:
    """Give the part of work that takes so long which is not done at a moment: 0.0 to 1.0."""
    if finish(start, seconds, pauses) <= until:
        return 0.0
    done = (until - start).total_seconds()
    for begins, ends in sorted(pauses):
        done -= max((min(ends, until) - max(begins, start)).total_seconds(), 0.0)
        start = max(start, ends)
    return 1.0 - min(max(done, 0.0) / seconds, 1.0) if seconds else 1.0


def finish(start: datetime, seconds: float, pauses: Iterable[Pause] = ()) -> datetime:
    """Say when work that takes so long ends, when nothing leaves during the pauses."""
    end = start + timedelta(seconds=seconds)
    for begins, ends in sorted(pauses):
        # What is quiet from the very start holds up also what takes no time.
        if (begins < end or begins <= start) and ends > start:
            end += ends - max(begins, start)
            # What overlaps is waited for once.
            start = max(start, ends)
    return end
