"""Pictures of a campaign: what is drawn is what was measured."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from broadcaster.web.graphs import HEIGHT, SHADES, WIDTH, curve, drawn, shade
from tests.builders import NOON


@dataclass(frozen=True)
class _Point:
    at: datetime
    seconds: int
    rate: float


def _points(rates: list[float]) -> list[_Point]:
    return [_Point(NOON + timedelta(seconds=5 * n), 5, rate) for n, rate in enumerate(rates)]


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=200))
def test_a_curve_stays_on_its_paper_and_its_highest_point_is_the_highest_rate(
    rates: list[float],
) -> None:
    """From the first moment to the end of the last; the higher, the faster."""
    found = curve(_points(rates))
    assert found is not None
    corners = [tuple(map(float, one.split())) for one in found.line[1:].split("L")]
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in corners)
    assert len(corners) == 2 * len(rates)
    assert found.top == (max(rates) or 1.0)
    heights = [y for _, y in corners[::2]]
    assert min(heights) == heights[rates.index(max(rates))]
    assert (found.begin, found.end) == (NOON, NOON + timedelta(seconds=5 * len(rates)))


def test_nothing_is_drawn_of_nothing() -> None:
    """No picture of no rates, nor a map of districts that nobody knows."""
    assert curve([]) is None
    assert drawn({}, {"Anfa": 0.5}) is None
    assert drawn({"Anfa": [[(-7.6, 33.5), (-7.5, 33.5), (-7.5, 33.6)]]}, {}) is None


def test_a_map_has_north_up_and_each_district_in_the_shade_of_its_share() -> None:
    """The westernmost point is at the left edge, the northernmost at the top."""
    ring = [(-7.6, 33.5), (-7.5, 33.5), (-7.5, 33.6)]
    found = drawn({"Anfa": [ring]}, {"Anfa": 0.93, "Sbata": 0.1})
    assert found is not None
    (patch,) = found.patches
    assert (patch.name, patch.shade) == ("Anfa", SHADES - 1)
    assert patch.path == f"M0.0 {found.height}.0L{WIDTH}.0 {found.height}.0L{WIDTH}.0 0.0Z"


@given(st.floats(0, 1))
def test_every_share_has_a_shade(share: float) -> None:
    """Nothing is the lightest, all the darkest."""
    assert 0 <= shade(share) < SHADES
    assert (shade(0), shade(1)) == (0, SHADES - 1)
