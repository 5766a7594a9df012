"""The plan of the fault suite is a function of its seed, and leaves nothing out."""

from hypothesis import given
from hypothesis import strategies as st

from tests.chaos.plan import LINKS, Kind, draw

LEASE = 3.0


@given(st.integers(1, 10_000), st.integers(0, 300))
def test_a_plan_is_repeatable_and_in_order(seed: int, count: int) -> None:
    """The same seed draws the same events, as many as were asked for, in order of their moments."""
    events = draw(seed, count, lease=LEASE)
    assert events == draw(seed, count, lease=LEASE)
    assert len(events) == count
    assert [event.at for event in events] == sorted(event.at for event in events)
    assert all(0 <= event.at < 1 and 0 <= event.luck < 1 for event in events)


@given(st.integers(1, 10_000), st.integers(len(Kind), 200))
def test_every_kind_happens(seed: int, count: int) -> None:
    """A plan with room for it holds each kind of event, and one second campaign."""
    kinds = [event.kind for event in draw(seed, count, lease=LEASE)]
    assert set(kinds) == set(Kind)
    assert kinds.count(Kind.OVERTAKE) == 1


@given(st.integers(1, 10_000))
def test_a_long_plan_meets_every_target(seed: int) -> None:
    """In a plan of hundreds every link meets every fault."""
    done = {(event.kind, event.target) for event in draw(seed, 100, lease=LEASE)}
    faults = (Kind.CUT, Kind.STALL, Kind.SLOW, Kind.HALF)
    assert {(kind, link) for kind in faults for link in LINKS} <= done


@given(st.integers(1, 10_000))
def test_what_is_stopped_sleeps_beyond_its_lease(seed: int) -> None:
    """A process that is stopped wakes only after others could take its work over."""
    stops = [event for event in draw(seed, 200, lease=LEASE) if event.kind is Kind.STOP]
    assert all(event.seconds > LEASE for event in stops)


def test_different_seeds_do_different_things() -> None:
    """Ten seeds are ten plans."""
    assert len({draw(seed, 50, lease=LEASE) for seed in range(1, 11)}) == 10
