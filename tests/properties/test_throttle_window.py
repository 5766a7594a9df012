"""The rules of one limit's window, tried with any rate and any way of asking."""

import math
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcaster.throttle import several, window
from broadcaster.throttle.several import Run
from broadcaster.throttle.window import GRAIN, SECOND, Mark, Rule, State
from tests.races import fullest

#: Any moment far from the beginning of time.
START = 10**15

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


def _take(
    state: State, rule: Rule, costs: list[int], *, urgent: bool = False, now: int
) -> tuple[State, int, int]:
    """Ask one limit for messages of these costs: the state, how many, and the wait."""
    asked = [Run(("one",), cost, 1) for cost in costs]
    after, counts, wait = several.take({"one": state}, {"one": rule}, asked, urgent=urgent, now=now)
    count = sum(counts)
    assert counts == [1] * count + [0] * (len(costs) - count)
    return after["one"], count, wait


def _land(state: State, rule: Rule, units: int, granted: int, at: int) -> State:
    """Let what was granted land at once."""
    return window.landed(
        state, rule, [(Mark(granted, landed=False), units, 1)], urgent=False, at=at
    )


def _play(
    rule: Rule, asks: list[tuple[int, list[int], bool]]
) -> Iterator[tuple[int, list[int], bool, State]]:
    """Ask over and over; whatever is granted arrives and is answered at once."""
    now = START
    state = window.closed(rule, now)
    for delay, costs, urgent in asks:
        now += delay
        state, count, wait = _take(state, rule, costs, urgent=urgent, now=now)
        assert (count == len(costs)) == (wait == 0)
        for cost in costs[:count]:
            state = _land(state, rule, cost, now, now)
        yield now, costs[:count], urgent, state


@given(rate=st.integers(1, 200), told=st.lists(st.integers(0, 3_000_000), max_size=4))
def test_a_process_and_its_network_may_stand_still_for_four_seconds(
    rate: int, told: list[int]
) -> None:
    """What left before arrives when they go on; until a second later nobody has its units."""
    rule = window.rule(rate)
    state, count, _ = _take(window.closed(rule, START), rule, [1] * rate, now=START + 2 * SECOND)
    now, mark = START + 2 * SECOND, Mark(START + 2 * SECOND, landed=False)
    for later in told:
        # It says that they are in the air still, and then nothing more.
        now += later % SECOND
        state = window.landed(state, rule, [(mark, 1, count)], urgent=False, at=now + window.AIR)
        mark = Mark(now, landed=True)
    arrival = now + window.AIR
    state = window.opened(state, rule, rule.pace, arrival + SECOND)
    assert sum(entry.units for entry in state.log) >= count
    state = window.opened(state, rule, rule.pace, arrival + SECOND + 20_000 + math.ceil(rule.hold))
    assert state.log == ()


@settings(max_examples=150, deadline=None)
@given(rate=_RATES, asks=_ASKS)
def test_no_window_holds_more_than_the_limit(
    rate: float, asks: list[tuple[int, list[int], bool]]
) -> None:
    """Whatever is asked when, no half-open window holds more; oversized messages stand alone."""
    rule = window.rule(rate)
    grants = [(now, sum(granted)) for now, granted, _, _ in _play(rule, asks) if granted]
    fitting = [(now, units) for now, units in grants if units <= rule.units]
    assert fullest(fitting, rule.hold) <= rule.units
    if rate >= 1:
        assert fullest(fitting) <= rate


@settings(max_examples=100, deadline=None)
@given(rate=_RATES, asks=_ASKS)
def test_log_stays_short(rate: float, asks: list[tuple[int, list[int], bool]]) -> None:
    """The memory of a limit is bounded, however often it is asked."""
    rule = window.rule(rate)
    for _, _, _, state in _play(rule, asks):
        assert len(state.log) <= min(rule.units, rule.hold / GRAIN) + 2


@pytest.mark.parametrize(("rate", "cost"), [(10, 30), (2, 3), (1, 5), (0.5, 2)])
def test_costly_messages_pass(rate: float, cost: int) -> None:
    """A message that costs more than a window holds passes, and pays for it afterwards."""
    rule = window.rule(rate)
    now = START
    state = window.closed(rule, now)
    grants: list[int] = []
    while now < START + 60 * SECOND:
        state, count, wait = _take(state, rule, [cost] * 10, now=now)
        assert count <= 1
        if count:
            state = _land(state, rule, cost, now, now)
            grants.append(now)
        now += wait
    assert len(grants) > 2
    assert cost * (len(grants) - 1) <= rate * (grants[-1] - grants[0]) / SECOND + 1e-6


@given(st.sampled_from([10.0, 500.0]), st.integers(2, 10_000))
def test_clock_set_back_closes_for_one_window(rate: float, back: int) -> None:
    """When the clock is set back, the limit closes for a window and then opens again."""
    rule = window.rule(rate)
    state = window.closed(rule, START - 2 * SECOND)
    state, count, _ = _take(state, rule, [1] * 10, now=START)
    assert count
    now = START - back * SECOND
    state, count, wait = _take(state, rule, [1], now=now)
    assert count == 0
    assert wait >= SECOND
    _, count, _ = _take(state, rule, [1], now=now + wait)
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
        st.integers(0, 1_900_000),  # from the grant to the answer: while the grant is good
        st.floats(0, 1),  # where in between it arrived
        st.booleans(),  # whether the answer is reckoned back to the arrival
    ),
    min_size=1,
    max_size=80,
)


@settings(max_examples=200, deadline=None)
@given(rate=st.integers(3, 200).map(float), flights=_FLIGHTS)
def test_the_receiving_end_sees_no_more_than_the_limit_however_uneven_the_way(
    rate: float, flights: list[tuple[int, list[int], int, float, bool]]
) -> None:
    """Arrivals anywhere between a grant and (answer - ago) never overfill a second."""
    rule = window.rule(rate)
    now = START
    state = window.closed(rule, now)
    down: list[tuple[int, int, int, int]] = []
    arrivals: list[tuple[float, int]] = []
    for delay, costs, way, share, reckoned in flights:
        now += delay
        for flight in sorted(flight for flight in down if flight[0] <= now):
            _, granted, units, arrived = flight
            state = _land(state, rule, units, granted, arrived)
        down = [flight for flight in down if flight[0] > now]
        state, count, _ = _take(state, rule, costs, now=now)
        if count:
            units = sum(costs[:count])
            arrival = now + round(way * share)
            down.append((now + way, now, units, arrival if reckoned else now + way))
            arrivals.append((arrival, units))
    assert fullest(sorted(arrivals)) <= rate


@settings(max_examples=30, deadline=None)
@given(
    changes=st.lists(st.tuples(st.integers(0, 3_000), st.integers(1, 300)), min_size=1, max_size=6)
)
def test_a_changed_rate_holds_from_its_moment_on(changes: list[tuple[int, int]]) -> None:
    """Lowered at once, raised without overshoot: no window holds more than was allowed in it."""
    now = START
    rule = window.rule(100.0)
    state = window.closed(rule, now)
    until = START + 5 * SECOND
    moments = sorted((START + SECOND + after * 1_000, rate) for after, rate in changes)
    history = [(START, 100)]
    grants: list[tuple[int, int]] = []
    while now < until:
        while moments and moments[0][0] <= now:
            rule = window.rule(float(moments[0][1]))
            history.append((now, moments.pop(0)[1]))
        after, [count], _ = several.take(
            {"one": state}, {"one": rule}, [Run(("one",), 1, 50)], urgent=False, now=now
        )
        state = after["one"]
        if count:
            state = _land(state, rule, count, now, now)
            grants.append((now, count))
        now += 7_000
    for at, _ in grants:
        # The rate at the last grant of a window bounds the window, as every grant looks back.
        rate = next(rate for since, rate in reversed(history) if since <= at)
        assert sum(units for moment, units in grants if at - SECOND < moment <= at) <= rate
