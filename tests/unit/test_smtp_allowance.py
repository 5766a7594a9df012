"""How many connections a relay bears, and how often it is tried."""

from broadcaster.providers._smtp_allowance import Allowance


def test_trouble_halves_and_time_heals() -> None:
    """Eight become four at once, and one more with every quarter of a minute."""
    allowance = Allowance(8)
    assert allowance.connections(100) == 8
    allowance.failed(99, 100, crowded=True)
    assert allowance.connections(100) == 4
    assert allowance.connections(115) == 5
    assert allowance.connections(1000) == 8


def test_never_fewer_than_one() -> None:
    """However often it fails, one more attempt will be made."""
    allowance = Allowance(8)
    for moment in range(10):
        allowance.failed(moment + 0.5, moment + 0.6, crowded=True)
    assert allowance.connections(11) == 1


def test_failures_of_one_moment_count_once() -> None:
    """Attempts that were under way when one failed tell nothing new."""
    allowance = Allowance(8)
    for _ in range(4):
        allowance.failed(99, 100, crowded=True)
    assert allowance.connections(100) == 4
    assert allowance.not_before == 100.25


def test_a_dead_relay_is_asked_ever_more_rarely() -> None:
    """The wait doubles up to some seconds, and ends with the first mail that gets through."""
    allowance = Allowance(8)
    waits = []
    moment = 0.0
    for _ in range(8):
        allowance.failed(moment, moment, crowded=False)
        waits.append(allowance.not_before - moment)
        moment = allowance.not_before
    assert waits == [0.25, 0.5, 1, 2, 4, 8, 8, 8]
    assert allowance.connections(moment) == 8
    allowance.worked()
    assert allowance.not_before < 0
    allowance.failed(moment, moment, crowded=False)
    assert allowance.not_before == moment + 0.25
