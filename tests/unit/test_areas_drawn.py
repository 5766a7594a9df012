"""Maps of areas: shapes are as they are on the ground, and the scale says how large."""

import re

from broadcaster.audience.areas.asking import Bin
from broadcaster.audience.areas.drawn import WIDTH, drawn, framed
from broadcaster.audience.areas.picture import extent_of, svg
from broadcaster.audience.areas.shape import UNIT
from broadcaster.audience.areas.version import Circle, Sort, Version, circle_text


def _circle(latitude: float, metres: float, name: str = "port") -> Version:
    circle = Circle(x=round(-7.62 * UNIT), y=round(latitude * UNIT), metres=metres)
    return Version(
        id=1,
        name=name,
        sort=Sort.CIRCLE,
        hash="0" * 64,
        geometry=circle_text(circle),
        source="",
        vertices=0,
        square_km=1.0,
        created_at="",
    )


def test_a_circle_is_round_and_as_large_as_the_scale_says() -> None:
    """In Casablanca and far in the north alike, within a hundredth."""
    for latitude in (0.0, 33.59, 65.0):
        version = _circle(latitude, 2000)
        extent = extent_of(version)
        assert extent is not None
        map_ = drawn(version, framed(extent), [Bin(column=3, row=4, customers=5, inside=2)])
        numbers = [float(one) for one in re.findall(r"-?\d+\.\d", map_.own)]
        wide = max(numbers[::2]) - min(numbers[::2])
        tall = max(numbers[1::2]) - min(numbers[1::2])
        assert abs(wide / tall - 1) < 0.01
        assert abs(wide / map_.scale * map_.scale_km / 4 - 1) < 0.01
        assert (map_.width, len(map_.squares)) == (WIDTH, 2)
        assert min(numbers) >= 0
        assert max(numbers[::2]) <= WIDTH


def test_others_are_drawn_where_they_meet_the_map() -> None:
    """One that is far away is not, and none of the same name."""
    version = _circle(33.59, 2000)
    extent = extent_of(version)
    assert extent is not None
    others = [version, _circle(33.60, 500, "near"), _circle(40.0, 500, "far")]
    assert [name for name, _ in drawn(version, extent, (), others).others] == ["near"]


def test_a_picture_says_what_its_colours_mean() -> None:
    """A long name is cut on the line and whole in the title; the legend stands below the map."""
    version = _circle(33.59, 2000, "a <very> long name " * 5)
    extent = extent_of(version)
    assert extent is not None
    picture = svg(version, extent, [Bin(column=3, row=4, customers=5, inside=2)])
    for words in ("in the area", "around it", "border", "The darker a square"):
        assert f">{words}" in picture
    assert "<very>" not in picture
    assert "…</text>" in picture
    height = float(re.findall(r'viewBox="0 0 \d+ (\d+)"', picture)[0])
    assert max(float(one) for one in re.findall(r'<text x="[\d.]+" y="([\d.]+)"', picture)) < height
