"""How many deliveries a batch has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcaster.planning.numbering import batch_size


@pytest.mark.parametrize(
    ("count", "most", "size"),
    [
        (0, 3000, 1000),
        (1, 3000, 1000),
        (32_000, 3000, 1000),
        (32_001, 3000, 1001),
        (64_000, 3000, 2000),
        (96_000, 3000, 3000),
        (1_000_000, 3000, 3000),
        (1_000_000, 500, 500),
        (10, 1, 1),
    ],
)
def test_large_campaigns_have_large_batches(count: int, most: int, size: int) -> None:
    """Batches grow with a campaign, up to the most that the setting allows."""
    assert batch_size(count, most) == size


@given(
    count=st.integers(min_value=0, max_value=10_000_000),
    most=st.integers(min_value=1, max_value=10_000),
)
def test_there_is_a_batch_for_every_child(count: int, most: int) -> None:
    """A batch is never larger than allowed, nor so large that fewer than thirty are left."""
    size = batch_size(count, most)
    assert 1 <= size <= most
    assert size <= 1000 or count // size >= 30
