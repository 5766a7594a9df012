"""How many mails run ahead of their answers to a relay that cuts connections."""

from hypothesis import given
from hypothesis import strategies as st

from broadcaster.providers._smtp_ahead import Ahead

_DEPTHS = st.integers(1, 64)


@given(_DEPTHS, st.lists(st.integers(0, 3000) | st.none(), max_size=60))
def test_running_ahead_costs_one_in_a_hundred_at_most(depth: int, course: list[int | None]) -> None:
    """At each cut but the first, a hundred were answered for each that runs ahead."""
    ahead, answered, cuts = Ahead(depth), 0, 0
    for step in course:
        if step is None:
            assert cuts == 0 or 100 * (ahead.most - 1) <= answered
            ahead.cut()
            answered, cuts = 0, cuts + 1
        else:
            ahead.answered(step)
            answered += step
        assert 1 <= ahead.most <= depth


@given(_DEPTHS)
def test_a_relay_is_not_mistrusted_before_it_cuts(depth: int) -> None:
    """All that the setting allows is open from the first."""
    assert Ahead(depth).most == depth


@given(_DEPTHS)
def test_a_single_cut_is_made_good(depth: int) -> None:
    """After some hundreds of mails, told one by one, as many are open as before."""
    ahead = Ahead(depth)
    ahead.cut()
    for _ in range(200 * depth):
        ahead.answered(1)
    assert ahead.most == depth
