"""Days as people write them, and days that are told from today, as `today - 90 days`."""

import calendar
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum


class Unit(StrEnum):
    """What is counted from today."""

    DAY = "day"
    #: Seven days.
    WEEK = "week"
    #: The same day of another month, or its last day where that month is shorter.
    MONTH = "month"
    #: Twelve months.
    YEAR = "year"


#: The furthest from today, some 200 years, in each unit.
FURTHEST = {Unit.DAY: 73_000, Unit.WEEK: 10_400, Unit.MONTH: 2400, Unit.YEAR: 200}
_DAYS = {Unit.DAY: 1, Unit.WEEK: 7}
_MONTHS = {Unit.MONTH: 1, Unit.YEAR: 12}
#: A day as spreadsheets of the region write it.
DAY_FIRST = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII)


def iso_day(word: str) -> str:
    """Write a day as ISO 8601 has it, where it is written day first: 20/03/2020."""
    written = DAY_FIRST.fullmatch(word)
    return f"{written[3]}-{written[2]:0>2}-{written[1]:0>2}" if written else word


def read_moment(text: str, zone: tzinfo) -> datetime:
    """Read a day, with a time behind a blank or without, or ISO 8601; ValueError.

    It is in the zone where it says none.
    """
    day, blank, time = text.partition(" ")
    found = datetime.fromisoformat(f"{iso_day(day)}{blank}{time}")
    return found if found.utcoffset() is not None else found.replace(tzinfo=zone)


@dataclass(frozen=True, slots=True)
class FromToday:
    """A day told from today: `count` units later, or earlier where it is negative."""

    count: int = 0
    unit: Unit = Unit.DAY

    def on(self, today: date) -> date:
        """Give the day of the calendar.

        Months keep the day, or end with the month: a month before 31 March is 28 or 29 February.
        """
        if self.unit in _DAYS:
            return today + timedelta(days=self.count * _DAYS[self.unit])
        months = today.year * 12 + today.month - 1 + self.count * _MONTHS[self.unit]
        year, month = divmod(months, 12)
        last = calendar.monthrange(year, month + 1)[1]
        return date(year, month + 1, min(today.day, last))
