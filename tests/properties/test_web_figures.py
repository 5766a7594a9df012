"""Figures that are shown add up, and hide nothing by rounding."""

from hypothesis import given
from hypothesis import strategies as st

from broadcaster.domain.delivery import DeliveryStatus
from broadcaster.web.figures import STEP_OF, WHOLE, Step, bar, shares, together

counts = st.lists(st.integers(0, 10_000_000), min_size=1, max_size=8)


@given(counts)
def test_shares_add_up_to_the_whole(given_counts: list[int]) -> None:
    """Largest remainder: no thousandth is lost or invented, and none is off by more than one."""
    found = shares(given_counts)
    total = sum(given_counts)
    assert sum(share.thousandths for share in found) == (WHOLE if total else 0)
    for share in found:
        assert total == 0 or abs(share.thousandths - share.count * WHOLE / total) < 1


@given(counts)
def test_nothing_is_rounded_away(given_counts: list[int]) -> None:
    """What is not nothing and what is not everything never look as if they were."""
    total = sum(given_counts)
    for share in shares(given_counts):
        assert share.least == (share.count > 0 and share.thousandths == 0)
        assert share.most == (share.count < total and share.thousandths == WHOLE)


@given(st.dictionaries(st.sampled_from(DeliveryStatus), st.integers(0, 10**6)))
def test_each_delivery_is_in_one_step(row: dict[DeliveryStatus, int]) -> None:
    """Whatever the statuses, the steps count every delivery once."""
    found = bar(row)
    assert found.total == sum(row.values()) == sum(part.count for part in found.parts.values())
    assert list(found.parts) == list(Step)


def test_every_status_has_its_step() -> None:
    """A new status can't be forgotten here."""
    assert set(STEP_OF) == set(DeliveryStatus)


def test_two_of_a_million_are_not_zero_per_cent() -> None:
    """Those in doubt are visible in the largest campaign."""
    found = bar({DeliveryStatus.DELIVERED: 999_998, DeliveryStatus.UNKNOWN: 2})
    assert found[Step.DOUBT].least
    assert found[Step.DELIVERED].most


def test_channels_add_up() -> None:
    """The strip above is the sum of the rows below."""
    rows = [{DeliveryStatus.DELIVERED: 1}, {DeliveryStatus.DELIVERED: 2, DeliveryStatus.DEAD: 3}]
    assert together(rows) == {DeliveryStatus.DELIVERED: 3, DeliveryStatus.DEAD: 3}
