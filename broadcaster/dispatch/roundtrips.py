"""How quickly a network answers at best; pure."""

from datetime import UTC, datetime, timedelta

#: How long the quickest answer is remembered, at least; at most twice as long. What a busy minute
#: shows is no bound.
_MEMORY = timedelta(seconds=60)

#: Fewer answers than this say nothing about how quick a network is.
ENOUGH = 50

#: By how much the next answer may be quicker than the quickest so far, seconds.
_LESS = 0.005

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class RoundTrips:
    """Remembers the quickest of the latest answers.

    Whatever arrived did so at least that long before its answer came: the way back, and the
    quickest work there, are part of it.
    """

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._since = _LONG_AGO
        self._quickest = [float("inf"), float("inf")]
        self._count = 0

    def note(self, seconds: float, now: datetime, count: int = 1) -> None:
        """Take the quickest of so many answers into account."""
        if now - self._since >= _MEMORY:
            self._since = now
            self._quickest = [float("inf"), self._quickest[0]]
        self._quickest[0] = min(self._quickest[0], max(seconds, 0.0))
        self._count += count

    def least(self) -> float:
        """Give how long ago, at least, something arrived that was answered just now; seconds."""
        if self._count < ENOUGH:
            return 0.0
        quickest = min(self._quickest)
        if quickest == float("inf"):
            return 0.0
        return max(quickest - _LESS, 0.0)
