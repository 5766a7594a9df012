"""What is in an area: pieces equal the pure rule, the rule equals an independent one, mending."""

import cmath
import json
import math
import random

import pytest
import shapely  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcaster.audience.areas import geojson
from broadcaster.audience.areas.mending import mended
from broadcaster.audience.areas.pieces import BORDER, INSIDE, Cut, cut
from broadcaster.audience.areas.shape import Polygon, Ring, Shape, box, contains, edges
from broadcaster.audience.areas.validity import faults
from broadcaster.errors import InvalidInputError
from tests.area_shapes import X0, Y0, drawn, star, tempting

_DRAWS = st.integers(0, 2**32).map(random.Random)


def _found(made: Cut, x: int, y: int) -> bool:
    """Look a point up as PostgreSQL does."""
    grid = made.grid
    column, row = (x - grid.west) // grid.width, (y - grid.south) // grid.height
    if not (0 <= column < grid.columns and 0 <= row < grid.rows):
        return False
    cell = row * grid.columns + column
    return made.cells[cell] == INSIDE or (
        made.cells[cell] == BORDER
        and any(
            one.low <= y <= one.high
            and (x - one.left[0]) * one.left[3] >= (y - one.left[1]) * one.left[2]
            and (x - one.right[0]) * one.right[3] <= (y - one.right[1]) * one.right[2]
            for one in made.pieces
            if one.cell == cell
        )
    )


def _judged(shape: Shape, x: int, y: int) -> bool:
    """Ask a library whether a point is in a polygon or on its border; its predicates are exact."""
    return any(shapely.Polygon(one.shell, one.holes).covers(shapely.Point(x, y)) for one in shape)


@given(draw=_DRAWS)
@settings(max_examples=60, deadline=None)
def test_pieces_hold_exactly_the_points_of_the_shape(draw: random.Random) -> None:
    """Corners, points on edges and beside them, horizontal edges, holes, overlapping polygons."""
    shape = drawn(draw)
    made = cut(shape)
    for x, y in tempting(draw, shape, 25):
        assert _found(made, x, y) == contains(shape, x, y), (shape, x, y)


@given(draw=_DRAWS)
@settings(max_examples=60, deadline=None)
def test_the_rule_agrees_with_an_independent_judge(draw: random.Random) -> None:
    """On borders too, of holes as well: the judge calls those covered."""
    shape = drawn(draw)
    for x, y in tempting(draw, shape, 10):
        assert contains(shape, x, y) == _judged(shape, x, y), (shape, x, y)


@pytest.mark.parametrize(("corners", "rough"), [(300, 0.3), (10_000, 0.4)])
def test_a_large_shape_is_cut_exactly(corners: int, rough: float) -> None:
    """Ten thousand corners with holes: every looked-up point is where the rule has it."""
    draw = random.Random(corners)  # noqa: S311  (repeatable, no secret)
    shell = star(corners, 800_000, rough, draw)
    hole = tuple((X0 + (x - X0) // 9, Y0 + (y - Y0) // 9) for x, y in shell[:: corners // 100])
    shape = (Polygon(shell, (hole,)),)
    assert list(faults(shape)) == []
    made = cut(shape)
    judge = shapely.Polygon(shell, [hole])
    west, south, east, north = box(shape)
    seen = set()
    for _ in range(120):
        x, y = draw.randint(west, east), draw.randint(south, north)
        found = contains(shape, x, y)
        assert _found(made, x, y) == found == judge.covers(shapely.Point(x, y))
        seen.add(found)
    assert not contains(shape, X0, Y0)
    assert seen == {True, False}


def test_the_widest_shape_there_is_stays_exact() -> None:
    """From pole to pole and all around: products stay below what 64 bits hold."""
    far, high = 180 * 10**7, 90 * 10**7
    half = (Polygon(((-far, -high), (0, -high), (0, high), (-far, high))),)
    made = cut(half)
    for x, y in [(-far, -high), (0, 0), (1, 0), (-1, high), (far, 0), (-far + 1, 5)]:
        assert _found(made, x, y) == contains(half, x, y) == (x <= 0)
    for one in made.pieces:
        for line in (one.left, one.right):
            assert all(abs(number) < 2**31 for number in line)
            assert 2 * far * abs(line[3]) < 2**63
            assert 2 * high * abs(line[2]) < 2**63


def _turns(ring: Ring, x: int, y: int) -> int:
    """Add up the angles at which a point sees the edges of a ring."""
    total = 0.0
    for (x1, y1), (x2, y2) in edges(ring):
        one, other = complex(x1 - x, y1 - y), complex(x2 - x, y2 - y)
        total += cmath.phase(other / one)
    return round(total / math.tau)


@given(draw=_DRAWS)
@settings(max_examples=40, deadline=None)
def test_a_mended_shape_is_valid_and_keeps_what_was_inside(draw: random.Random) -> None:
    """Inside is what the outer ring goes around, and no hole; away from old borders."""
    size = 10**6

    def ring(most: int) -> Ring:
        return tuple(
            (draw.randint(0, size), draw.randint(0, size)) for _ in range(draw.randint(3, most))
        )

    shell, holes = ring(9), tuple(ring(5) for _ in range(draw.randint(0, 2)))
    try:
        after = mended((Polygon(shell, holes),))
    except InvalidInputError:
        return  # A hole may take all away.
    assert list(faults(after)) == []
    old = shapely.MultiLineString(
        [edge for one in (shell, *holes) for edge in edges(one) if edge[0] != edge[1]]
    )
    for _ in range(20):
        x, y = draw.randint(0, size), draw.randint(0, size)
        if old.distance(shapely.Point(x, y)) < 20:
            continue
        expected = _turns(shell, x, y) != 0 and all(_turns(one, x, y) == 0 for one in holes)
        assert contains(after, x, y) == expected


@given(draw=_DRAWS)
@settings(max_examples=40, deadline=None)
def test_what_is_written_reads_back_as_the_same_place(draw: random.Random) -> None:
    """The stored text is one for a place, whichever way and from wherever its rings begin."""
    shape = drawn(draw)
    text = geojson.written(shape)
    kept = geojson.kept(text)
    assert geojson.written(kept) == text
    turned = tuple(
        Polygon(one.shell[2:] + one.shell[:2], tuple(hole[::-1] for hole in one.holes))
        for one in shape[::-1]
    )
    assert geojson.written(turned) == text
    for x, y in tempting(draw, shape, 5):
        assert contains(kept, x, y) == contains(shape, x, y)
    assert shapely.from_geojson(text).geom_type == "MultiPolygon"


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.floats()
    | st.integers()
    | st.sampled_from(["Polygon", "MultiPolygon", "Feature", "FeatureCollection", "x"]),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(
            st.sampled_from(["type", "coordinates", "geometry", "features", "geometries", "crs"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=30,
)


@given(value=_JSON, kind=st.sampled_from(["Polygon", "Feature", "GeometryCollection"]))
@settings(max_examples=300, deadline=None)
def test_whatever_json_is_read_or_refused(value: object, kind: str) -> None:
    """No document makes anything but an area or a clear error."""
    wrapped = {"type": kind, "coordinates": value, "geometry": value, "geometries": value}
    for one in (value, wrapped):
        try:
            found = geojson.read(json.dumps(one).encode(), "f.geojson")
        except InvalidInputError:
            continue
        for each in found:
            list(faults(each.shape))
