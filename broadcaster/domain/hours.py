"""Quiet hours: ranges of the clock on a customer's wall in which nothing is sent; pure.

A moment is quiet when that clock, read at that moment, shows a time within a range. So everything
is defined where clocks change: what a clock skips does not exist, and a range that would begin or
end there does so where the clock jumps; an hour that a clock shows twice is quiet both times. What
the clock shows comes from the IANA database, for Morocco's change around Ramadan too.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

#: Minutes of a day.
DAY = 24 * 60
#: How far ahead a free moment is looked for; who finds none is told nothing.
FURTHEST = timedelta(days=400)
#: How far ahead the next quiet time is looked for: what is known of clocks may change any day.
_AHEAD = timedelta(days=1)
#: No zone changes its clock twice within this time.
_STEP = timedelta(hours=6)


class Day(StrEnum):
    """On which days a range begins."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"
    #: A day of the list of holidays, whatever day of the week it is.
    HOLIDAY = "holiday"


#: The days of the week, Monday first as `date.weekday` counts them.
WEEK = tuple(Day)[:7]


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A range that begins on some days; minutes since midnight, the end not included.

    An end that is not after the start (0 to 1440) is one of the next day.
    """

    days: frozenset[Day]
    start: int
    end: int

    @property
    def minutes(self) -> int:
        """How long it is by the clock."""
        return self.end - self.start if self.end > self.start else self.end - self.start + DAY


@dataclass(frozen=True, kw_only=True, slots=True)
class Hours:
    """The ranges that count together, and the dates that are holidays."""

    spans: tuple[Span, ...] = ()
    holidays: frozenset[date] = frozenset()

    def __bool__(self) -> bool:
        """Tell whether anything is ever quiet."""
        return bool(self.spans)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rest:
    """A quiet time, from a moment on until before another, in UTC.

    One of no length is no quiet time: nothing is quiet before it, and one has to look again then.
    """

    start: datetime
    end: datetime


def zone_of(name: str | None, otherwise: str) -> tzinfo:
    """Give a time zone; `otherwise`, or else UTC, where this machine does not know its name."""
    for known in (name, otherwise):
        try:
            return ZoneInfo(known or "")
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    return UTC


def is_quiet(moment: datetime, zone: tzinfo, hours: Hours) -> bool:
    """Tell whether nothing may be sent at a moment to those who live in a zone."""
    wall = _wall(moment, zone)
    return any(start <= wall < end for start, end in _ranges(wall, wall, hours))


def next_allowed(moment: datetime, zone: tzinfo, hours: Hours) -> datetime | None:
    """Give the first moment from this one on that is not quiet; None: not within 400 days."""
    for start, end in _pieces(moment.astimezone(UTC), zone, FURTHEST):
        wall = _wall(start, zone)
        last = wall + (end - start)
        free = wall
        for quiet, over in _ranges(wall, last, hours):
            if quiet <= free < over:
                free = over
        if free < last:
            return start + (free - wall)
    return None


def next_quiet(
    moment: datetime, zone: tzinfo, hours: Hours, within: timedelta = FURTHEST
) -> datetime | None:
    """Give the first moment from this one on that is quiet; None: there is none `within`."""
    for start, end in _pieces(moment.astimezone(UTC), zone, within):
        wall = _wall(start, zone)
        last = wall + (end - start)
        for quiet, over in _ranges(wall, last, hours):
            if over > wall and quiet < last:
                return start + (max(quiet, wall) - wall)
    return None


def rest(moment: datetime, zone: tzinfo, hours: Hours) -> Rest | None:
    """Give the quiet time at a moment, or else the next one within a day; None: never any.

    Where none begins within a day, one of no length says to look again then.
    """
    if not hours:
        return None
    start = next_quiet(moment, zone, hours, _AHEAD)
    if start is None:
        again = moment.astimezone(UTC) + _AHEAD
        return Rest(start=again, end=again)
    end = next_allowed(start, zone, hours)
    return Rest(start=start, end=end or start + FURTHEST)


def _wall(moment: datetime, zone: tzinfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)


def _pieces(
    moment: datetime, zone: tzinfo, within: timedelta
) -> Iterator[tuple[datetime, datetime]]:
    """Cut the time from a moment on into pieces in which no clock of the zone changes."""
    end = moment + within
    while moment < end:
        after = _change(moment, min(moment + _STEP, end), zone)
        yield moment, after
        moment = after


def _change(start: datetime, end: datetime, zone: tzinfo) -> datetime:
    """Find when the clock changes between two moments, to the microsecond, or give the end."""
    offset = start.astimezone(zone).utcoffset()
    if end.astimezone(zone).utcoffset() == offset:
        return end
    before, after = start, end
    while after - before > timedelta.resolution:
        middle = before + (after - before) / 2
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after


def _ranges(first: datetime, last: datetime, hours: Hours) -> Sequence[tuple[datetime, datetime]]:
    """List the ranges that may touch a piece of the wall's time, by their beginning."""
    found = []
    # A range of the day before may reach into the first day.
    day = first.date() - timedelta(days=1)
    while day <= last.date():
        midnight = datetime.combine(day, time())
        for span in hours.spans:
            if WEEK[day.weekday()] in span.days or (
                Day.HOLIDAY in span.days and day in hours.holidays
            ):
                start = midnight + timedelta(minutes=span.start)
                found.append((start, start + timedelta(minutes=span.minutes)))
        day += timedelta(days=1)
    return sorted(found)
