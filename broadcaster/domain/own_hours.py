"""Quiet hours that a customer chose, and how they travel with a time zone; pure.

Who has hours of their own is planned in batches of their own: a batch is of one zone, and theirs is
called `Africa/Casablanca 22:00-07:00`.
"""

import re
from dataclasses import dataclass

from broadcaster.domain.hours import WEEK, Span

_WRITTEN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)\Z", re.ASCII)
_HOUR = 60
#: When they may begin and end, hours of the clock: a few choices, so that batches stay few.
BEGINS, ENDS = (20, 21, 22, 23), (6, 7, 8, 9)


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnHours:
    """From when until when, each day, in minutes since midnight; the end may be the next day's."""

    start: int
    end: int

    @property
    def span(self) -> Span:
        """Give it as a range of every day."""
        return Span(days=frozenset(WEEK), start=self.start, end=self.end)


def read(text: str) -> OwnHours | None:
    """Read `22:00-07:00`; None for what is none, or of no length."""
    found = _WRITTEN.match(text)
    if found is None:
        return None
    hours = [int(one) for one in found.groups()]
    start, end = hours[0] * _HOUR + hours[1], hours[2] * _HOUR + hours[3]
    return None if start == end else OwnHours(start=start, end=end)


def written(hours: OwnHours) -> str:
    """Write it as it is kept."""
    return f"{_clock(hours.start)}-{_clock(hours.end)}"


def parted(zone: str | None) -> tuple[str | None, OwnHours | None]:
    """Part a batch's zone into the zone and the hours of its customers' own, if they have any."""
    name, _, hours = (zone or "").partition(" ")
    return name or None, read(hours) if hours else None


def _clock(minutes: int) -> str:
    return f"{minutes // _HOUR:02}:{minutes % _HOUR:02}"
