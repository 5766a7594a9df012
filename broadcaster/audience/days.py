"""Days that are told from today: `today - 90 days`, and what that is on a calendar."""

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
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
