"""Distances on the ellipsoid, what encloses a circle, and what CAP and pictures make of areas."""

import math
import re
import xml.etree.ElementTree as ET

import pytest

from broadcaster.audience.areas import geojson
from broadcaster.audience.areas.asking import Bin
from broadcaster.audience.areas.cap import NAMESPACE, cap_area, cap_xml
from broadcaster.audience.areas.circle import ECCENTRICITY, EQUATOR, checked, distance, span
from broadcaster.audience.areas.picture import BINS, extent_of, svg
from broadcaster.audience.areas.shape import Polygon, Shape, steps
from broadcaster.audience.areas.version import (
    Circle,
    Listed,
    Sort,
    Version,
    circle_text,
    digest,
    list_text,
    parted,
)
from broadcaster.errors import InvalidInputError
from tests.area_shapes import HOLE, SQUARE


def _at(latitude: float, longitude: float) -> tuple[int, int]:
    return steps(longitude), steps(latitude)


def _meridian(south: float, north: float) -> float:
    """Add up the arc of a meridian, metres, by Simpson's rule."""
    parts = 2_000
    step = math.radians(north - south) / parts

    def curve(latitude: float) -> float:
        inner = 1 - ECCENTRICITY * math.sin(latitude) ** 2
        return EQUATOR * (1 - ECCENTRICITY) / (inner * math.sqrt(inner))

    ends = [curve(math.radians(south) + part * step) for part in range(parts + 1)]
    return step / 3 * (ends[0] + ends[-1] + 4 * sum(ends[1:-1:2]) + 2 * sum(ends[2:-1:2]))


@pytest.mark.parametrize("latitude", [0, 33.59, 45, 60, 89.2, -33.59])
def test_distances_to_the_north_are_arcs_of_the_meridian(latitude: float) -> None:
    """Within two centimetres at 80 km, and a tenth of a millimetre at one."""
    for reach, within in ((0.72, 0.02), (0.009, 0.0001)):
        found = distance(_at(latitude, -7), _at(latitude + reach, -7))
        assert found == pytest.approx(_meridian(latitude, latitude + reach), abs=within)


def test_distances_along_the_equator_are_arcs_of_its_circle() -> None:
    """Across the antimeridian too."""
    expected = EQUATOR * math.radians(0.5)
    assert distance(_at(0, 10), _at(0, 10.5)) == pytest.approx(expected, abs=0.01)
    assert distance(_at(0, 179.75), _at(0, -179.75)) == pytest.approx(expected, abs=0.01)
    assert distance(_at(0, 180), _at(0, -180)) == pytest.approx(0, abs=1e-6)
    assert distance(_at(90, 20), _at(90, -100)) == pytest.approx(0, abs=1e-6)


def test_what_encloses_a_circle_goes_around_poles_and_the_antimeridian() -> None:
    """All longitudes at a pole, two runs across the antimeridian, one elsewhere."""
    assert span(*_at(89.99, 0), 5_000)[2] == ((-180.0, 180.0),)
    assert span(*_at(-90, 0), 1)[0] == -90
    assert len(span(*_at(10, 179.99), 5_000)[2]) == 2
    assert len(span(*_at(10, -179.99), 5_000)[2]) == 2
    south, north, ((west, east),) = span(*_at(33.59, -7.62), 500)
    assert 33.585 < south < 33.59 < north < 33.595
    assert -7.6255 < west < -7.62 < east < -7.6145


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ((0, 91, 5), "is no place on Earth"),
        ((181, 0, 5), "is no place on Earth"),
        ((math.nan, 0, 5), "is no place on Earth"),
        ((0, 0, 0.5), "0.5 m is out of range"),
        ((0, 0, 100_001), "is out of range. Give 1 to 100,000 metres"),
        ((0, 0, math.inf), "is out of range"),
        ((0, 0, math.nan), "is out of range"),
    ],
)
def test_impossible_circles_are_refused(place: tuple[float, float, float], expected: str) -> None:
    """Beyond the Earth, without a size, or larger than what distances are exact for."""
    with pytest.raises(InvalidInputError, match=expected):
        checked(*place)


def _version(sort: Sort, geometry: str, name: str = "Old <town>") -> Version:
    return Version(
        id=1,
        name=name,
        sort=sort,
        hash=digest(sort, geometry),
        geometry=geometry,
        source="f.geojson",
        vertices=8,
        square_km=2.5,
        created_at="2026-11-28T10:00:00+00:00",
    )


def _holed() -> Version:
    rings = [tuple((steps(x), steps(y)) for x, y in ring[:-1]) for ring in (SQUARE, HOLE)]
    shape: Shape = (Polygon(rings[0], (rings[1],)),)
    return _version(Sort.POLYGON, geojson.written(shape))


def test_cap_writes_latitude_first_closed_and_in_kilometres() -> None:
    """As the OASIS standard asks; a hole is said in a note, for CAP has none."""
    said = cap_area(_holed())
    assert said.polygons == ["33.57,-7.62 33.57,-7.6 33.59,-7.6 33.59,-7.62 33.57,-7.62"]
    assert len(said.notes) == 1
    assert "knows no holes" in said.notes[0]
    root = ET.fromstring(cap_xml(said))  # noqa: S314  (ours)
    assert [one.tag for one in root] == [f"{{{NAMESPACE}}}areaDesc", f"{{{NAMESPACE}}}polygon"]
    assert root[0].text == "Old <town>"
    circle = _version(Sort.CIRCLE, circle_text(Circle(x=-76200000, y=335900000, metres=500)))
    assert cap_area(circle).circles == ["33.59,-7.62 0.5"]
    assert cap_area(circle).notes == []
    tiny = _version(Sort.CIRCLE, circle_text(Circle(x=1, y=-1, metres=1)))
    assert cap_area(tiny).circles == ["-0.0000001,0.0000001 0.001"]
    listed = _version(Sort.LIST, list_text(Listed(attribute="feeder", values=["F2", "F1", "F2"])))
    assert (cap_area(listed).polygons, cap_area(listed).circles) == ([], [])
    assert "list of values of feeder" in cap_area(listed).notes[0]


def test_a_picture_tells_numbers_and_nobody() -> None:
    """Title and description for those who hear it, names escaped, shades instead of counts."""
    version = _holed()
    extent = extent_of(version)
    assert extent is not None
    bins = [
        Bin(column=3, row=4, customers=7, inside=5),
        Bin(column=0, row=0, customers=1, inside=0),
    ]
    picture = svg(version, extent, bins)
    root = ET.fromstring(picture)  # noqa: S314  (ours)
    tag = "{http://www.w3.org/2000/svg}"
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-labelledby"] == "title desc"
    assert [root[0].tag, root[0].text] == [f"{tag}title", "Area Old <town>"]
    assert root[1].tag == f"{tag}desc"
    assert "5 customers in the area, 3 more around it" in str(root[1].text)
    assert "North is up" in str(root[1].text)
    # The ground and the paper, three shades of two cells, and seven of the legend.
    assert len(root.findall(f"{tag}rect")) == 2 + 3 + 7
    path = root.findall(f"{tag}path")[0].attrib["d"]
    assert path.count("M") == path.count("Z") == 2
    numbers = [float(one) for one in re.findall(r"-?[\d.]+", path)]
    assert all(0 <= one <= 1200 for one in numbers)
    circle = _version(Sort.CIRCLE, circle_text(Circle(x=-76200000, y=335900000, metres=500)))
    around = extent_of(circle)
    assert around is not None
    assert ET.fromstring(svg(circle, around, [])).tag == f"{tag}svg"  # noqa: S314  (ours)
    assert BINS > 1


def test_names_of_versions_are_told_from_names() -> None:
    """A version is meant only by a whole hash at the end."""
    assert parted("Old town #0123456789ab") == ("Old town", "0123456789ab")
    for name in ("Old town", "Old town #12", "Zone #3", "Old town #0123456789AB"):
        assert parted(name) == (name, None)
    version = _holed()
    assert parted(version.reference) == ("Old <town>", version.hash[:12])
