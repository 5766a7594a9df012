"""When a network is left alone because it fails, and when it is tried again; pure.

A breaker is closed as long as things go well. It opens when at least half of what a window brought
failed, and enough failed to mean something. After a while a few probes are let through: one that
succeeds closes it, one that fails opens it for twice as long.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

#: So many failures, and such a share of all results, within a window, are no accident.
FAILURES = 10
SHARE = 0.5
WINDOW = timedelta(seconds=10)
#: How long a network is left alone at first, and at most.
SHORTEST, LONGEST = timedelta(seconds=5), timedelta(seconds=60)
#: How many messages try whether it is well again.
PROBES = 3

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Breaker:
    """What is remembered of a network's latest results.

    `until` is when probes may be sent; None while it is closed. `trips` counts openings since it
    was last well for a whole window.
    """

    since: datetime = _NEVER
    good: int = 0
    bad: int = 0
    trips: int = 0
    until: datetime | None = None

    def room(self, now: datetime) -> int | None:
        """Say how many messages may be in the air: None for any number, 0 while it is open."""
        if self.until is None:
            return None
        return PROBES if now >= self.until else 0

    def noted(self, good: int, bad: int, now: datetime) -> "Breaker":
        """Give the breaker after so many good and bad results."""
        if self.until is not None:
            return self._probed(good, bad, now)
        after = self if now - self.since < WINDOW else self._turned(now)
        after = replace(after, good=after.good + good, bad=after.bad + bad)
        failing = after.bad >= FAILURES and after.bad >= SHARE * (after.good + after.bad)
        return _opened(after, now) if failing else after

    def _probed(self, good: int, bad: int, now: datetime) -> "Breaker":
        if self.until is None or now < self.until:
            # What had left before it opened says nothing new.
            return self
        if bad:
            return _opened(self, now)
        return replace(self, since=now, good=0, bad=0, until=None) if good else self

    def _turned(self, now: datetime) -> "Breaker":
        """Begin a new window; a whole good one makes the past forgotten."""
        well = self.good > 0 and self.bad < SHARE * (self.good + self.bad)
        return replace(self, since=now, good=0, bad=0, trips=0 if well else self.trips)


def _opened(breaker: Breaker, now: datetime) -> Breaker:
    pause = min(SHORTEST * (1 << min(breaker.trips, 10)), LONGEST)
    return Breaker(since=now, trips=breaker.trips + 1, until=now + pause)
