"""What may change between an approval and the launch before somebody has to look again."""

from typing import Any

import pytest

from broadcaster.domain.agreement import drifts

_APPROVED: dict[str, Any] = {
    "reached": 1000,
    "channels": {"sms": 1000},
    "segments": 2000,
    "cost": {"total": {"MAD": "700.00"}},
}


@pytest.mark.parametrize(
    ("now", "found"),
    [
        ({}, []),
        ({"reached": 1050}, []),
        ({"reached": 1051}, ["customers told 1,000 -> 1,051"]),
        ({"reached": 949}, ["customers told 1,000 -> 949"]),
        ({"channels": {"sms": 1000, "email": 10}}, []),
        ({"channels": {"sms": 1000, "email": 11}}, ["messages by email 0 -> 11"]),
        ({"segments": 3000}, ["SMS segments 2,000 -> 3,000"]),
        ({"cost": {"total": {"MAD": "735.00"}}}, []),
        ({"cost": {"total": {"MAD": "735.01"}}}, ["MAD 700.00 -> 735.01"]),
        (
            {"cost": {"total": {"EUR": "1.00"}}},
            ["EUR 0 -> 1.00", "MAD 700.00 -> 0"],
        ),
    ],
)
def test_a_drift_is_beyond_the_tolerance(now: dict[str, Any], found: list[str]) -> None:
    """Five in a hundred; and ten of what is counted, however few there were."""
    assert [str(one) for one in drifts(_APPROVED, {**_APPROVED, **now}, 0.05)] == found


def test_few_people_more_or_less_are_no_drift() -> None:
    """A campaign of five may reach fifteen."""
    small = {**_APPROVED, "reached": 5, "channels": {"sms": 5}, "segments": 5}
    grown = {**small, "reached": 15, "channels": {"sms": 15}, "segments": 15}
    assert drifts(small, grown, 0.05) == []
    assert len(drifts(small, {**grown, "reached": 16}, 0.05)) == 1
