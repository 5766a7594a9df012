"""Quiet hours against the clock itself, looked at minute by minute."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcaster.domain.hours import (
    DAY,
    FURTHEST,
    WEEK,
    Day,
    Hours,
    Span,
    is_quiet,
    next_allowed,
    next_quiet,
    rest,
    zone_of,
)

MINUTE = timedelta(minutes=1)
CASABLANCA = ZoneInfo("Africa/Casablanca")

#: Moments about which clocks changed: Morocco around Ramadan in both directions, half an hour on
#: Lord Howe, a whole day that Apia left out, a zone with three quarters of an hour, one hour east.
CHANGES = [
    ("Africa/Casablanca", datetime(2020, 4, 19, 2, tzinfo=UTC)),
    ("Africa/Casablanca", datetime(2020, 5, 31, 2, tzinfo=UTC)),
    ("Africa/Casablanca", datetime(2026, 2, 15, 2, tzinfo=UTC)),
    ("Africa/Casablanca", datetime(2026, 3, 22, 2, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2025, 4, 5, 15, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2025, 10, 4, 15, 30, tzinfo=UTC)),
    ("Pacific/Apia", datetime(2011, 12, 30, 10, tzinfo=UTC)),
    ("Asia/Kathmandu", datetime(2025, 6, 1, 12, tzinfo=UTC)),
    ("Europe/Paris", datetime(2025, 3, 30, 1, tzinfo=UTC)),
    ("Europe/Paris", datetime(2025, 10, 26, 1, tzinfo=UTC)),
    ("UTC", datetime(2025, 1, 1, tzinfo=UTC)),
]
NIGHT = Hours(spans=(Span(days=frozenset(WEEK), start=21 * 60, end=8 * 60),))

_spans = st.builds(
    Span,
    days=st.frozensets(st.sampled_from(Day), min_size=1),
    start=st.integers(0, DAY - 1),
    end=st.integers(0, DAY),
)
_minutes = st.integers(-3 * DAY, 2 * DAY)


@st.composite
def _scenes(draw: st.DrawFn) -> tuple[datetime, ZoneInfo, Hours]:
    name, change = draw(st.sampled_from(CHANGES))
    moment = change + draw(_minutes) * MINUTE + draw(st.sampled_from([0, 1, 59])) * (MINUTE / 60)
    near = st.integers(-4, 4).map(lambda days: (change + timedelta(days=days)).date())
    spans = draw(st.lists(_spans, min_size=1, max_size=4))
    return moment, ZoneInfo(name), Hours(spans=tuple(spans), holidays=draw(st.frozensets(near)))


def shows(moment: datetime, zone: ZoneInfo, hours: Hours) -> bool:
    """Say whether the clock shows a quiet time, as a person would who reads it."""
    wall = moment.astimezone(zone)
    minute = wall.hour * 60 + wall.minute
    for span in hours.spans:
        over = span.end <= span.start
        today, yesterday = (
            WEEK[day.weekday()] in span.days or (Day.HOLIDAY in span.days and day in hours.holidays)
            for day in (wall.date(), wall.date() - timedelta(days=1))
        )
        if today and minute >= span.start and (over or minute < span.end):
            return True
        if yesterday and over and minute < span.end:
            return True
    return False


@given(_scenes())
@settings(max_examples=300, deadline=None)
def test_a_moment_is_quiet_when_the_clock_shows_it(scene: tuple[datetime, ZoneInfo, Hours]) -> None:
    """Whatever the clock did before."""
    moment, zone, hours = scene
    assert is_quiet(moment, zone, hours) == shows(moment, zone, hours)


@given(_scenes())
@settings(max_examples=120, deadline=None)
def test_the_next_free_moment_is_free_and_none_before_it_is(
    scene: tuple[datetime, ZoneInfo, Hours],
) -> None:
    """Looked at minute by minute, for as long as two days; it is at or after the moment."""
    moment, zone, hours = scene
    found = next_allowed(moment, zone, hours)
    last = moment + timedelta(days=2) if found is None else min(found, moment + timedelta(days=2))
    step = moment
    while step < last:
        assert shows(step, zone, hours)
        # Clocks and ranges turn at whole minutes.
        step = step.replace(second=0) + MINUTE
    if found is not None:
        assert found >= moment
        assert not shows(found, zone, hours)
        assert next_allowed(found, zone, hours) == found


@given(_scenes())
@settings(max_examples=120, deadline=None)
def test_the_next_quiet_moment_is_quiet_and_none_before_it_is(
    scene: tuple[datetime, ZoneInfo, Hours],
) -> None:
    """The other way round."""
    moment, zone, hours = scene
    within = timedelta(days=2)
    found = next_quiet(moment, zone, hours, within)
    step = moment
    while step < (found or moment + within):
        assert not shows(step, zone, hours)
        step = step.replace(second=0) + MINUTE
    if found is not None:
        assert moment <= found < moment + within
        assert shows(found, zone, hours)


@given(_scenes())
@settings(max_examples=100, deadline=None)
def test_a_rest_covers_the_quiet_time_and_one_follows_the_other(
    scene: tuple[datetime, ZoneInfo, Hours],
) -> None:
    """Who looks again at the end of each rest sends at no quiet moment, and gets on."""
    moment, zone, hours = scene
    for _ in range(4):
        found = rest(moment, zone, hours)
        assert found is not None
        assert moment <= found.start <= found.end
        if found.start > moment:
            assert not shows(found.start - MINUTE / 60, zone, hours)
        if found.start < found.end:
            assert shows(found.start, zone, hours)
            assert shows(found.end - MINUTE / 60, zone, hours)
        else:
            assert found.start == moment + timedelta(days=1)
        moment = found.end


@pytest.mark.parametrize(
    ("day", "free"),
    [
        # The clock went back at 3:00 on 19 April, the first of the Ramadan hours, and forth at
        # 2:00 on 31 May 2020; a night is an hour longer or shorter.
        (date(2020, 4, 18), datetime(2020, 4, 19, 8, tzinfo=UTC)),
        (date(2020, 5, 30), datetime(2020, 5, 31, 7, tzinfo=UTC)),
        (date(2020, 3, 20), datetime(2020, 3, 21, 7, tzinfo=UTC)),
        (date(2020, 5, 1), datetime(2020, 5, 2, 8, tzinfo=UTC)),
    ],
)
def test_morning_in_morocco_is_at_eight_by_the_wall(day: date, free: datetime) -> None:
    """Eight o'clock is 7:00 UTC for most of the year, and 8:00 UTC in Ramadan."""
    evening = datetime(day.year, day.month, day.day, 22, tzinfo=UTC)
    assert next_allowed(evening, CASABLANCA, NIGHT) == free
    assert free.astimezone(CASABLANCA).hour == 8


def test_an_hour_that_is_shown_twice_is_quiet_twice_or_free_twice() -> None:
    """On 19 April 2020 Casablanca showed 2:00 to 3:00 twice."""
    until = Hours(spans=(Span(days=frozenset(WEEK), start=60, end=150),))
    first, second = (datetime(2020, 4, 19, hour, 15, tzinfo=UTC) for hour in (1, 2))
    assert is_quiet(first, CASABLANCA, until)
    assert is_quiet(second, CASABLANCA, until)
    # Half past two by the first of the two clocks, and again by the second.
    assert next_allowed(first, CASABLANCA, until) == first + 15 * MINUTE
    assert next_quiet(first + 15 * MINUTE, CASABLANCA, until) == second - 15 * MINUTE


def test_what_begins_in_an_hour_that_is_skipped_begins_where_the_clock_jumps() -> None:
    """On 31 May 2020 Casablanca showed no 2:30."""
    jump = datetime(2020, 5, 31, 2, tzinfo=UTC)
    hours = Hours(spans=(Span(days=frozenset({Day.SUN}), start=150, end=240),))
    assert next_quiet(jump - 120 * MINUTE, CASABLANCA, hours) == jump
    assert next_allowed(jump, CASABLANCA, hours) == jump + 60 * MINUTE


def test_always_quiet_is_never_free_and_is_found_out_soon() -> None:
    """The search is bounded."""
    always = Hours(spans=(Span(days=frozenset(WEEK), start=0, end=DAY),))
    moment = datetime(2026, 11, 28, tzinfo=UTC)
    assert next_allowed(moment, CASABLANCA, always) is None
    found = rest(moment, CASABLANCA, always)
    assert found is not None
    assert found.end - found.start == FURTHEST


def test_no_rule_is_no_rest() -> None:
    """And a holiday alone changes nothing."""
    moment = datetime(2026, 11, 28, 23, tzinfo=UTC)
    hours = Hours(holidays=frozenset({date(2026, 11, 28)}))
    assert rest(moment, CASABLANCA, hours) is None
    assert next_allowed(moment, CASABLANCA, hours) == moment
    assert next_quiet(moment, CASABLANCA, hours, timedelta(days=9)) is None


@pytest.mark.parametrize(
    "name", [None, "", "Mars/Olympus", "../../etc/passwd", "/etc/passwd", "a\0b", "x" * 5000]
)
def test_a_zone_unknown_to_this_machine_is_the_utility_s(name: str | None) -> None:
    """And UTC where that is unknown too."""
    assert zone_of(name, "Africa/Casablanca") == CASABLANCA
    assert zone_of(name, "Mars/Olympus") is UTC
    assert zone_of("Asia/Kathmandu", "UTC") == ZoneInfo("Asia/Kathmandu")


def test_moments_may_come_in_any_zone() -> None:
    """What is given back is in UTC."""
    moment = datetime(2020, 3, 20, 23, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    found = next_allowed(moment, CASABLANCA, NIGHT)
    assert found == moment
    assert found.tzinfo is UTC
