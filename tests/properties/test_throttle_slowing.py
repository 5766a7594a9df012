"""How a limit gives way to complaints and comes back, tried with any complaints."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcaster.throttle import several, slowing, window
from broadcaster.throttle.several import Run
from broadcaster.throttle.slowing import LEAST, allowed, slowed
from broadcaster.throttle.window import SECOND, Mark

START = 10**15

_COMPLAINTS = st.lists(
    st.tuples(st.integers(0, 30 * SECOND), st.integers(0, 200 * SECOND), st.floats(0.001, 1)),
    min_size=1,
    max_size=40,
)


@given(complaints=_COMPLAINTS)
def test_a_share_stays_within_its_bounds_and_comes_back(
    complaints: list[tuple[int, int, float]],
) -> None:
    """Whatever is complained about when, from 1/64 to all is allowed, and all of it in the end."""
    state = window.closed(window.rule(10), START)
    now = START
    for delay, pause, part in complaints:
        now += delay
        before = allowed(state, now)
        fresh = now - state.slowed >= slowing.ONCE
        state = slowed(state, pause, now, part)
        lowered = max(LEAST, before * (1 - part / 2))
        assert allowed(state, now) == (lowered if fresh else before)
        assert LEAST <= allowed(state, now) <= 1
        assert state.paused <= now + slowing.LONGEST
    assert allowed(state, state.slowed + state.rest) == state.share
    assert state.rest <= slowing.REST
    moments = [now + step * SECOND // 4 for step in range(80)]
    shares = [allowed(state, moment) for moment in moments]
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_it_comes_back_by_a_tenth_a_second_after_five_quiet_ones() -> None:
    """Halved at once; untouched for 5 s; then 60, 70, 80, 90 and 100 %."""
    state = slowed(window.closed(window.rule(10), START), 0, START)
    shares = [round(allowed(state, START + second * SECOND), 6) for second in range(12)]
    assert shares == [0.5] * 6 + [0.6, 0.7, 0.8, 0.9, 1.0, 1.0]


def _minutes(refused: Callable[[float], float]) -> list[float]:
    """Give what is allowed in each second of three minutes, by a network that refuses a part."""
    state, shares = window.closed(window.rule(100), START), []
    for second in range(180):
        now = START + second * SECOND
        share = allowed(state, now)
        part = refused(share)
        if part > 0:
            state = slowed(state, 0, now, part)
        shares.append(share)
    return shares


@pytest.mark.parametrize("strays", [0.01, 0.05, 0.08])
def test_strays_do_not_bring_a_network_to_a_crawl(strays: float) -> None:
    """One that refuses a few in a hundred whatever the rate still gets most of its limit."""
    assert min(_minutes(lambda _: strays)) > 0.75


@pytest.mark.parametrize("takes", [0.1, 0.3, 0.5, 0.9])
def test_what_a_network_can_take_is_found(takes: float) -> None:
    """One that takes only a part of the limit is soon sent about that, and little more."""
    shares = _minutes(lambda share: max(0.0, share - takes) / share)[20:]
    assert sum(shares) / len(shares) <= takes * 1.35
    assert sum(min(share, takes) for share in shares) / len(shares) >= takes * 0.75
    # Of each hundred that are sent, so many are refused.
    sent = sum(shares)
    assert sum(max(0.0, share - takes) for share in shares) / sent < 0.25


def test_a_network_that_refuses_everything_is_left_nearly_alone() -> None:
    """Down to 1/64 within seconds, and kept there."""
    shares = _minutes(lambda _: 1.0)
    assert shares[7] == LEAST
    assert max(shares[7:]) == LEAST


@settings(max_examples=40, deadline=None)
@given(rate=st.sampled_from([1.0, 5.0, 80.0, 1000.0]), complaints=st.integers(1, 8))
def test_no_more_leaves_than_is_allowed_meanwhile(rate: float, complaints: int) -> None:
    """While it is slowed, no second holds more than the share, and something still leaves."""
    rule = window.rule(rate)
    state = window.closed(rule, START - 30 * SECOND)
    for number in range(complaints):
        state = slowed(state, 0, START + number * SECOND)
    begin = now = state.slowed
    grants: list[tuple[int, int]] = []
    while now < begin + slowing.REST:
        after, [count], _ = several.take(
            {"one": state}, {"one": rule}, [Run(("one",), 1, 100)], urgent=False, now=now
        )
        state = after["one"]
        if count:
            landed = [(Mark(now, landed=False), 1, count)]
            state = window.landed(state, rule, landed, urgent=False, at=now)
            grants.append((now, count))
        now += 5_000
    least = 1 if rate * state.share * 5 >= 1 else 0
    assert sum(count for _, count in grants) >= least
    most = max(1, rate * state.share)
    for at, _ in grants:
        assert sum(count for moment, count in grants if at - SECOND < moment <= at) <= most


def test_nothing_leaves_during_a_pause() -> None:
    """A network's own wish is kept, and the wait says until when."""
    rule = window.rule(100)
    state = slowed(window.closed(rule, START - 3 * SECOND), 7 * SECOND, START)
    asked = [Run(("one",), 1, 5)]
    for second in range(7):
        now = START + second * SECOND
        _, counts, wait = several.take({"one": state}, {"one": rule}, asked, urgent=True, now=now)
        assert (counts, wait) == ([0], (7 - second) * SECOND)
    _, counts, _ = several.take(
        {"one": state}, {"one": rule}, asked, urgent=True, now=START + 7 * SECOND
    )
    assert counts[0] > 0


def test_what_is_slowed_does_not_wait_for_its_slow_days_when_it_is_back() -> None:
    """The pace is a debt of units: at full speed it is paid at full speed."""
    rule = window.rule(64)
    state = replace(
        window.closed(rule, START - 3 * SECOND), share=LEAST, slowed=START, rest=slowing.REST
    )
    asked = [Run(("one",), 1, 9)]
    after, [count], wait = several.take(
        {"one": state}, {"one": rule}, asked, urgent=False, now=START
    )
    assert count == 1
    assert wait > SECOND // 2
    state = replace(after["one"], share=1.0)
    _, [count], _ = several.take(
        {"one": state}, {"one": rule}, asked, urgent=False, now=START + SECOND // 10
    )
    assert count == 6
