"""Which part of what it was sent a network lately refused as too fast; pure."""

from datetime import UTC, datetime, timedelta

#: After this time an answer counts half.
_HALF = timedelta(seconds=2)

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Complaints:
    """The latest answers of a network, those that say that we are too fast among them."""

    def __init__(self) -> None:
        """Nothing was answered yet."""
        self._answers = self._complaints = 0.0
        self._at = _LONG_AGO

    def note(self, answers: int, complaints: int, now: datetime) -> float:
        """Take answers in, so many of them complaints; gives the part of complaints, 0 to 1."""
        kept = 0.5 ** (max(now - self._at, timedelta(0)) / _HALF)
        self._answers = self._answers * kept + answers
        self._complaints = self._complaints * kept + complaints
        self._at = now
        return self._complaints / self._answers if self._answers else 0.0
