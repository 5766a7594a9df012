"""Days told from today."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcaster.audience.days import FURTHEST, FromToday, Unit


@pytest.mark.parametrize(
    ("today", "count", "unit", "day"),
    [
        ("2020-03-31", -1, Unit.MONTH, "2020-02-29"),
        ("2019-03-31", -1, Unit.MONTH, "2019-02-28"),
        ("2020-01-31", 1, Unit.MONTH, "2020-02-29"),
        ("2020-02-29", -1, Unit.YEAR, "2019-02-28"),
        ("2020-02-29", 4, Unit.YEAR, "2024-02-29"),
        ("2020-01-01", -1, Unit.DAY, "2019-12-31"),
        ("2020-03-01", -1, Unit.WEEK, "2020-02-23"),
        ("2020-12-15", 1, Unit.MONTH, "2021-01-15"),
        ("2020-01-15", -13, Unit.MONTH, "2018-12-15"),
    ],
)
def test_a_month_keeps_its_day_or_ends(today: str, count: int, unit: Unit, day: str) -> None:
    """Weeks have seven days, years twelve months, and no month overflows into the next."""
    found = FromToday(count, unit).on(date.fromisoformat(today))
    assert found == date.fromisoformat(day)


@given(
    today=st.dates(date(1990, 1, 1), date(2100, 1, 1)),
    unit=st.sampled_from(Unit),
    share=st.floats(-1, 1),
)
def test_every_distance_is_a_day_on_the_right_side(today: date, unit: Unit, share: float) -> None:
    """Within the bounds of the language there is always a day, later ones later."""
    count = round(FURTHEST[unit] * share)
    found = FromToday(count, unit).on(today)
    assert (found > today) is (count > 0)
    assert (found < today) is (count < 0)
