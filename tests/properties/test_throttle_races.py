"""Workers race for limits in a simulation: never above, nearly all used, urgent first."""

from dataclasses import replace

import pytest

from broadcaster.ports import Want
from broadcaster.throttle.window import SECOND
from tests.races import Delay, Race, Worker, fullest, used

#: The way there and the way back: nothing, 10 ms, 150 ms, and each way uneven by 5 ms.
_WAYS = {
    "at once": ((0, 0), (0, 0)),
    "10 ms": ((5_000, 5_000), (5_000, 5_000)),
    "150 ms": ((50_000, 50_000), (100_000, 100_000)),
    "uneven answers": ((2_000, 2_000), (2_000, 7_000)),
    "uneven ways": ((2_000, 7_000), (2_000, 7_000)),
}


@pytest.mark.parametrize("rate", [5, 50, 500, 5000])
@pytest.mark.parametrize("ways", _WAYS.values(), ids=_WAYS)
def test_no_second_is_above_the_limit_and_98_percent_is_used(
    rate: int, ways: tuple[Delay, Delay]
) -> None:
    """Four workers use at least 98 % of a limit, and no second at the receiving end holds more."""
    way, answer = ways
    race = Race({"one": rate})
    workers = [Worker(wants=[Want(("one",), 1)] * 50, way=way, answer=answer)] * 4
    last = {5: 42, 50: 22, 500: 8, 5000: 4}[rate]
    arrivals = [(one.at, one.units) for one in race.run(workers, last + 1)]
    assert fullest(arrivals) <= rate
    # A window's edge may cut off one unit of the first or the last second.
    share = used(arrivals, rate, 2 * SECOND, last * SECOND)
    assert share >= 0.98 - 1 / (rate * (last - 2))


def test_messages_of_several_units_use_the_limit_as_well() -> None:
    """Units are counted, not messages."""
    race = Race({"one": 60})
    wants = [Want(("one",), units) for units in (1, 2, 3, 1, 4)] * 10
    arrivals = [(one.at, one.units) for one in race.run([Worker(wants=wants)] * 3, 31)]
    assert fullest(arrivals) <= 60
    assert used(arrivals, 60, 2 * SECOND, 30 * SECOND) >= 0.98


_LIMITS = {"smtp": 100, "smtp/a.example": 30, "smtp/b.example": 200, "sender:X": 90}


def _mixed() -> list[Want]:
    kinds = [
        ("smtp", "smtp/a.example"),
        ("smtp", "sender:X", "smtp/b.example"),
        ("smtp", "smtp/a.example"),
        ("smtp", "sender:X"),
    ]
    return [Want(kinds[index % 4], 1 + index % 2) for index in range(60)]


def test_no_limit_of_several_is_exceeded_and_the_scarcest_is_used() -> None:
    """Each of a message's limits holds at the receiving end; one that refuses holds up no other."""
    race = Race(_LIMITS)
    worker = Worker(wants=_mixed(), way=(1_000, 4_000), answer=(1_000, 4_000))
    arrivals = race.run([worker] * 3, 21)
    for name, rate in _LIMITS.items():
        assert fullest((one.at, one.units) for one in arrivals if name in one.limits) <= rate
    everything = [(one.at, one.units) for one in arrivals]
    assert used(everything, 100, 2 * SECOND, 20 * SECOND) >= 0.98


def test_a_full_limit_of_one_destination_holds_up_no_other() -> None:
    """Messages behind a refused one go on, unless they want the limit that refused it."""
    race = Race({"smtp": 100, "smtp/slow.example": 2})
    wants = [Want(("smtp", "smtp/slow.example"), 1)] * 25 + [Want(("smtp",), 1)] * 25
    arrivals = race.run([Worker(wants=wants)] * 2, 21)
    slow = [(one.at, one.units) for one in arrivals if len(one.limits) > 1]
    everything = [(one.at, one.units) for one in arrivals]
    assert used(everything, 100, 2 * SECOND, 20 * SECOND) >= 0.98
    assert used(slow, 2, 2 * SECOND, 20 * SECOND) >= 0.95


@pytest.mark.parametrize(
    ("rate", "trip", "limits"),
    [
        (2, 0, ("net",)),
        (5, 150_000, ("net", "sender:X")),
        (100, 0, ("net", "sender:X", "net/a.example")),
        (100, 150_000, ("net",)),
        (1000, 10_000, ("net", "net/a.example")),
    ],
)
def test_urgent_overtakes_routine_in_each_of_its_limits(
    rate: int, trip: int, limits: tuple[str, ...]
) -> None:
    """The first urgent message leaves within 2 s of its asking, and urgent then gets 90 %."""
    race = Race(dict.fromkeys(limits, rate))
    begin, end = 3 * SECOND, 8 * SECOND
    way, answer = (trip // 3, trip // 3), (trip - trip // 3, trip - trip // 3)
    routine = Worker(wants=[Want(limits, 1)] * 50, way=way, answer=answer)
    urgent = replace(routine, urgent=True, first=begin, last=end)
    arrivals = race.run([routine] * 3 + [urgent], 12)
    assert fullest((one.at, one.units) for one in arrivals) <= rate
    mine = [(one.at, one.units) for one in arrivals if one.urgent]
    assert mine[0][0] - trip // 3 <= begin + 2 * SECOND
    share = used(mine, rate, begin + 2 * SECOND, end)
    assert share >= 0.9 - 1 / (rate * 3)
    # When it is done, routine has all of it again, a second later.
    after = [(one.at, one.units) for one in arrivals if not one.urgent]
    assert used(after, rate, end + 2 * SECOND, 12 * SECOND) >= 0.98 - 1 / (rate * 2)


def test_an_urgent_trickle_leaves_the_rest_to_routine_work() -> None:
    """What urgent work does not want, routine work uses; and it is still quick to leave."""
    race = Race({"one": 100})
    routine = Worker(wants=[Want(("one",), 1)] * 50)
    trickle = Worker(wants=[Want(("one",), 1)], urgent=True, late=(250_000, 250_000))
    arrivals = race.run([routine, routine, trickle], 21)
    everything = [(one.at, one.units) for one in arrivals]
    assert fullest(everything) <= 100
    assert used(everything, 100, 3 * SECOND, 20 * SECOND) >= 0.97
