"""The rules of a limit's window, tried with any rate and any way of asking."""

import math
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcaster.throttle import window
from broadcaster.throttle.window import SECOND, Rule, State

_RATES = st.one_of(
    st.integers(1, 2000).map(float),
    st.floats(0.05, 50, allow_nan=False),
)
_ASKS = st.lists(
    st.tuples(
        st.integers(0, 300_000),  # microseconds since the one before
        st.lists(st.integers(1, 4), min_size=1, max_size=30),
        st.booleans(),
    ),
    min_size=1,
    max_size=120,
)


def _fullest(grants: list[tuple[float, int]], span: float) -> int:
    """Count the units of the fullest half-open window."""
    most = used = first = 0
    for at, units in grants:
        used += units
        while grants[first][0] <= at - span:
            used -= grants[first][1]
            first += 1
        most = max(most, used)
    return most


def _play(
    rule: Rule, asks: list[tuple[int, list[int], bool]]
) -> Iterator[tuple[float, list[int], bool, State]]:
    now = 1e15
    state = window.closed(rule, now)
    for delay, costs, urgent in asks:
        now += delay
        state, count, wait = window.take(state, rule, costs, urgent=urgent, now=now)
        assert (count == 0) == (wait > 0)
        yield now, costs[:count], urgent, state


@settings(max_examples=150, deadline=None)
@given(rate=_RATES, asks=_ASKS)
def test_no_window_holds_more_than_the_limit(
    rate: float, asks: list[tuple[int, list[int], bool]]
) -> None:
    """Whatever is asked when, no half-open window holds more; oversized messages stand alone."""
    rule = window.rule(rate)
    grants = [(now, sum(granted)) for now, granted, _, _ in _play(rule, asks) if granted]
    fitting = [(now, units) for now, units in grants if units <= rule.units]
    assert _fullest(fitting, rule.window) <= rule.units
    if rate >= 1:
        assert _fullest(fitting, SECOND) <= rate


@settings(max_examples=100, deadline=None)
@given(rate=_RATES, asks=_ASKS)
def test_log_stays_short(rate: float, asks: list[tuple[int, list[int], bool]]) -> None:
    """The memory of a limit is bounded, however often it is asked."""
    rule = window.rule(rate)
    for _, _, _, state in _play(rule, asks):
        assert len(state.log) <= 260


def _greedy(rate: float, seconds: int, late: float, costs: list[int]) -> list[tuple[float, int]]:
    """Always have work, and come `late` microseconds after each wait ends."""
    rule = window.rule(rate)
    now = 0.0
    state = window.closed(rule, now)
    grants = []
    while now < seconds * SECOND:
        state, count, wait = window.take(state, rule, costs, urgent=False, now=now)
        if count:
            grants.append((now, sum(costs[:count])))
        now += max(wait, 500.0) + late
    return grants


@pytest.mark.parametrize("rate", [1, 2, 7, 10, 50, 100, 333, 1000, 5000])
@pytest.mark.parametrize("late", [0.0, 3_000.0])
def test_nearly_all_of_the_limit_is_used(rate: float, late: float) -> None:
    """With work always there, at least 98 % leaves, even when every question comes 3 ms late."""
    grants = _greedy(rate, 12, late, [1] * 50)
    first = 2 * SECOND
    used = sum(units for at, units in grants if first <= at < first + 10 * SECOND)
    # A window's edge may cut off the last units of one second of the ten.
    assert used >= 0.98 * 10 * rate - 1
    assert _fullest(grants, SECOND) <= rate


@pytest.mark.parametrize(("rate", "cost"), [(10, 3), (2, 3), (1, 5), (0.5, 2)])
def test_costly_messages_pass(rate: float, cost: int) -> None:
    """A message that costs more than a window holds passes, and pays for it afterwards."""
    grants = _greedy(rate, 60, 0.0, [cost] * 10)
    assert len(grants) > 2
    spent = sum(units for _, units in grants)
    span = grants[-1][0] - grants[0][0]
    assert spent - cost <= rate * span / SECOND + 1e-6


def test_urgent_overtakes_routine() -> None:
    """While urgent work asks, it gets at least 90 % of the limit, after at most one second."""
    rule = window.rule(100)
    state = window.closed(rule, 0)
    now, urgent_from = 0.0, 3 * SECOND
    got = {True: [(0.0, 0)], False: [(0.0, 0)]}
    while now < 8 * SECOND:
        for urgent in (False, True):
            if urgent and now < urgent_from:
                continue
            state, count, _ = window.take(state, rule, [1] * 20, urgent=urgent, now=now)
            if count:
                got[urgent].append((now, count))
        now += 2_000
    steady = [(at, units) for at, units in got[True] if at >= urgent_from + 2 * SECOND]
    assert next(at for at, units in got[True] if units) < urgent_from + 1.1 * SECOND
    assert sum(units for _, units in steady) >= 0.9 * 0.97 * 100 * 3
    later = [(at, units) for at, units in got[False] if at >= urgent_from + 2 * SECOND]
    assert _fullest(later, SECOND) <= 10
    assert later
    assert _fullest(sorted(got[True] + got[False]), SECOND) <= 100


def test_routine_gets_all_when_urgent_is_silent() -> None:
    """A second after urgent work last asked, routine work has the whole limit again."""
    rule = window.rule(50)
    state, _, _ = window.take(window.closed(rule, 0), rule, [1], urgent=True, now=0)
    now, got = 0.0, 0
    while now < 5.5 * SECOND:
        state, count, _ = window.take(state, rule, [1] * 50, urgent=False, now=now)
        got += count if now >= 2.5 * SECOND else 0
        now += 1_000
    assert got >= 0.98 * 3 * 50 - 1


@given(st.sampled_from([10.0, 500.0]), st.integers(2, 10_000))
def test_clock_set_back_closes_for_one_window(rate: float, back: int) -> None:
    """When the clock is set back, the limit closes for a window and then opens again."""
    rule = window.rule(rate)
    now = 1e12
    state = window.closed(rule, now - 2 * SECOND)
    state, count, _ = window.take(state, rule, [1] * 10, urgent=False, now=now)
    assert count
    now -= back * SECOND
    state, count, wait = window.take(state, rule, [1], urgent=False, now=now)
    assert count == 0
    assert wait >= SECOND
    _, count, _ = window.take(state, rule, [1], urgent=False, now=now + wait)
    assert count == 1


@pytest.mark.parametrize("rate", [0.0, -1.0, math.inf, math.nan])
def test_senseless_rates_are_refused(rate: float) -> None:
    """A rate that is no positive number is refused."""
    with pytest.raises(ValueError, match="rate"):
        window.rule(rate)


_FLIGHTS = st.lists(
    st.tuples(
        st.integers(0, 60_000),  # microseconds since the one before
        st.lists(st.integers(1, 3), min_size=1, max_size=12),
        st.integers(0, 900_000),  # from the grant to the landing
        st.floats(0, 1),  # where in between it arrived
    ),
    min_size=1,
    max_size=80,
)


@settings(max_examples=150, deadline=None)
@given(rate=st.integers(3, 200).map(float), flights=_FLIGHTS)
def test_the_receiving_end_sees_no_more_than_the_limit_however_uneven_the_way(
    rate: float, flights: list[tuple[int, list[int], int, float]]
) -> None:
    """Arrivals anywhere between grant and landing never overfill a second."""
    rule = window.rule(rate)
    now = 1e15
    state = window.closed(rule, now)
    down: list[tuple[float, int, int]] = []
    arrivals: list[tuple[float, int]] = []
    for delay, costs, way, share in flights:
        now += delay
        for at, slot, units in sorted(flight for flight in down if flight[0] <= now):
            state = window.landed(state, rule, [(slot, units)], urgent=False, now=at)
        down = [flight for flight in down if flight[0] > now]
        state, count, _ = window.take(state, rule, costs, urgent=False, now=now)
        if count:
            units = sum(costs[:count])
            down.append((now + way, math.floor(now / rule.grain), units))
            arrivals.append((now + way * share, units))
    assert _fullest(sorted(arrivals), SECOND) <= rate
