"""The rules that decide when a network is used: breaker, quickest answer, routes, order."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcaster.dispatch import breaker
from broadcaster.dispatch.breaker import Breaker
from broadcaster.dispatch.lines import Line, Lines
from broadcaster.dispatch.ready import Ready
from broadcaster.dispatch.roundtrips import RoundTrips
from broadcaster.domain.message import Address, Scheme
from broadcaster.errors import ConfigurationError
from broadcaster.ports import Want
from tests.builders import NOON, message
from tests.fakes import FakeProvider

SECOND = timedelta(seconds=1)


def _failing(now: datetime = NOON) -> Breaker:
    return Breaker().noted(0, breaker.FAILURES, now)


def test_a_network_that_mostly_fails_is_left_alone_for_a_while() -> None:
    """Enough failures open it; nothing is sent until its time; then a few probes are."""
    opened = _failing()
    assert opened.room(NOON) == 0
    assert opened.room(NOON + breaker.SHORTEST - SECOND) == 0
    assert opened.room(NOON + breaker.SHORTEST) == breaker.PROBES


def test_failures_among_many_successes_open_nothing() -> None:
    """One in three fails: that is trouble, but no outage."""
    assert Breaker().noted(200, 100, NOON).room(NOON) is None


def test_failures_of_long_ago_are_forgotten() -> None:
    """Nine failures in each of many windows are no outage."""
    state = Breaker()
    for turn in range(20):
        state = state.noted(0, breaker.FAILURES - 1, NOON + turn * breaker.WINDOW)
    assert state.room(NOON + 20 * breaker.WINDOW) is None


def test_a_good_probe_closes_it_and_a_bad_one_opens_it_for_longer() -> None:
    """Half open is decided by what the probes find."""
    opened = _failing()
    probing = NOON + breaker.SHORTEST
    assert opened.noted(1, 0, probing).room(probing) is None
    again = opened.noted(0, 1, probing)
    assert again.room(probing + breaker.SHORTEST) == 0
    assert again.room(probing + 2 * breaker.SHORTEST) == breaker.PROBES


def test_what_had_left_before_it_opened_changes_nothing() -> None:
    """Late results, good or bad, are not those of probes."""
    opened = _failing()
    assert opened.noted(5, 5, NOON + SECOND) == opened


@given(
    st.lists(
        st.tuples(st.integers(0, 50), st.integers(0, 50), st.integers(0, 30)),
        max_size=40,
    )
)
def test_it_is_never_closed_off_for_longer_than_the_longest(
    steps: list[tuple[int, int, int]],
) -> None:
    """Whatever happened, a probe is let through a minute later at the latest."""
    state, now = Breaker(), NOON
    for good, bad, seconds in steps:
        state = state.noted(good, bad, now)
        assert state.room(now + breaker.LONGEST) != 0
        now += timedelta(seconds=seconds)


def test_the_quickest_answer_is_known_after_enough_of_them_and_forgotten_later() -> None:
    """Few answers say nothing; old ones no more than few."""
    trips = RoundTrips()
    for _ in range(49):
        trips.note(0.05, NOON)
    assert trips.least() == 0
    trips.note(0.1, NOON)
    assert 0.04 < trips.least() < 0.05
    for turn in range(3):
        trips.note(0.2, NOON + turn * 61 * SECOND)
    assert 0.1 < trips.least() <= 0.2


@given(st.lists(st.floats(0, 10), min_size=50, max_size=90))
def test_it_never_claims_to_be_slower_than_it_was(seconds: list[float]) -> None:
    """What is relied on is at most the quickest answer."""
    trips = RoundTrips()
    for one in seconds:
        trips.note(one, NOON)
    assert trips.least() <= min(seconds)


def _lines(**routes: tuple[str, ...]) -> Lines:
    def get(name: str) -> FakeProvider:
        if name == "unset":
            raise ConfigurationError("BROADCASTER_UNSET_KEY: is not set. Set it.")
        provider = FakeProvider()
        provider.name = name
        return provider

    return Lines(get, {key.replace("__", "/"): names for key, names in routes.items()})


def _tel(value: str) -> Address:
    return Address(scheme=Scheme.TEL, value=value, keys={})


def test_the_most_special_route_holds() -> None:
    """A country before the scheme, a longer prefix before a shorter one, a domain by itself."""
    lines = Lines(
        lambda _: FakeProvider(),
        {
            "tel": ("a",),
            "tel/+212": ("b",),
            "tel/+2126": ("c",),
            "mailto": ("d",),
            "mailto/example.org": ("e",),
        },
    )
    found = [lines.route(_tel(value)) for value in ("+331234567", "+21251234567", "+21261234567")]
    assert found == [("a",), ("b",), ("c",)]
    boxes = [
        Address(scheme=Scheme.MAILTO, value=f"a@{domain}", keys={})
        for domain in ("example.com", "Example.org")
    ]
    assert [lines.route(box) for box in boxes] == [("d",), ("e",)]


def test_an_address_without_a_route_names_the_setting() -> None:
    """The operator is told what to add."""
    with pytest.raises(ConfigurationError, match="BROADCASTER_ROUTES: has no provider for tel"):
        _lines(mailto=("a",)).route(_tel("+33123456"))


def _chosen(lines: Lines, names: tuple[str, ...], now: datetime = NOON) -> "str | datetime":
    line = lines.choose(names, now, allowed=lambda _: True)
    return line.name if isinstance(line, Line) else line


def test_the_next_network_of_a_route_is_taken_while_the_first_fails() -> None:
    """And the first again once a probe may go there."""
    lines = _lines(tel=("first", "second"))
    names = ("first", "second")
    line = lines.choose(names, NOON, allowed=lambda _: True)
    assert isinstance(line, Line)
    line.breaker = _failing()
    assert _chosen(lines, names) == "second"
    assert _chosen(lines, names, NOON + breaker.SHORTEST) == "first"


def test_when_all_networks_fail_it_says_when_the_first_may_be_tried_again() -> None:
    """So nobody asks before."""
    lines = _lines(tel=("first",))
    line = lines.choose(("first",), NOON, allowed=lambda _: True)
    assert isinstance(line, Line)
    line.breaker = _failing()
    assert _chosen(lines, ("first",)) == NOON + breaker.SHORTEST


def test_a_network_that_is_not_set_up_is_passed_over_and_named_when_it_is_the_only_one() -> None:
    """A second relay saves the campaign; without one the operator is told what is missing."""
    lines = _lines(tel=("unset", "second"))
    assert _chosen(lines, ("unset", "second")) == "second"
    with pytest.raises(ConfigurationError, match="BROADCASTER_UNSET_KEY"):
        _chosen(lines, ("unset",))


@given(st.lists(st.sampled_from(["x", "y", "z"]), max_size=40), st.data())
def test_messages_leave_in_order_within_their_limits_and_none_is_lost(
    kinds: list[str], data: st.DataObject
) -> None:
    """Whatever is granted of what is asked for, each queue is emptied in its own order."""
    ready = Ready()
    for number, kind in enumerate(kinds, 1):
        ready.add(message(number=number), Want((kind,), 1))
    left: dict[str, list[int]] = {"x": [], "y": [], "z": []}
    for _ in range(200):
        chosen = ready.first(data.draw(st.integers(1, 7)))
        granted, closed = [], data.draw(st.sampled_from(["x", "y", "z", ""]))
        for index, (_, want) in enumerate(chosen):
            if want.limits != (closed,):
                granted.append(index)
        for one, want in ready.take(chosen, granted):
            left[want.limits[0]].append(one.delivery.number)
        if not len(ready):
            break
    waiting = len(ready)
    assert sum(map(len, left.values())) + waiting == len(kinds)
    assert all(numbers == sorted(numbers) for numbers in left.values())


def test_a_slow_destination_does_not_keep_the_others_from_being_asked_for() -> None:
    """Every set of limits gets its turn."""
    ready = Ready()
    for number in range(1, 100):
        ready.add(message(number=number), Want(("slow",), 1))
    ready.add(message(number=100), Want(("quick",), 1))
    assert 100 in [one.delivery.number for one, _ in ready.first(4)]


def test_refused_destinations_do_not_keep_asking_in_the_place_of_others() -> None:
    """As many slow ones as there is room, and the others are asked for the next time."""
    ready = Ready()
    for number in range(1, 9):
        ready.add(message(number=number), Want((f"slow{number}",), 1))
    ready.add(message(number=9), Want(("quick",), 1))
    ready.take(ready.first(8), [])
    assert 9 in [one.delivery.number for one, _ in ready.first(8)]
