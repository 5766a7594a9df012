"""GeoJSON as programs and people spoil it: what is read, and what is refused with what words."""

import json
from pathlib import Path
from typing import Any

import pytest

from broadcaster.audience.areas import geojson, pieces, validity
from broadcaster.audience.areas.geojson import read
from broadcaster.audience.areas.preparing import Ready, prepared
from broadcaster.audience.areas.shape import Polygon, contains, square_km, steps
from broadcaster.errors import InvalidInputError
from tests.area_shapes import BOW, HOLE, SQUARE, collection, feature, polygon, text


def _ready(value: Any, **wishes: Any) -> list[Ready]:  # noqa: ANN401  (any JSON, any option)
    found = read(text(value), "zones.geojson", close=wishes.get("repair", False))
    return prepared(found, Path("zones.geojson"), region="MA", **wishes)


def _in(ready: Ready, latitude: float, longitude: float) -> bool:
    return contains(ready.shape, steps(longitude), steps(latitude))


def test_every_form_of_an_area_is_read() -> None:
    """A bare geometry, a feature, a collection, several polygons, and geometries in geometries."""
    far = [[x + 1, y] for x, y in SQUARE]
    several = {"type": "MultiPolygon", "coordinates": [[SQUARE, HOLE], [far]]}
    nested = {
        "type": "GeometryCollection",
        "geometries": [
            polygon(SQUARE),
            {"type": "GeometryCollection", "geometries": [polygon(far)]},
        ],
    }
    for value in (several, feature(several), collection(feature(several))):
        (one,) = _ready(value, name="A")
        assert [len(each.holes) for each in one.shape] == [1, 0]
        assert _in(one, 33.572, -7.61)
        assert not _in(one, 33.58, -7.61)
        assert _in(one, 33.58, -6.61)
    (one,) = _ready(nested, name="A")
    assert len(one.shape) == 2
    (mixed,) = _ready(collection(feature(polygon(SQUARE)), feature(several)), name="A")
    assert len(mixed.shape) == 3


def test_borders_are_inside_those_of_holes_too() -> None:
    """One rule for every border; just beside it is outside."""
    (one,) = _ready(polygon(SQUARE, HOLE), name="A")
    for latitude, longitude in [(33.57, -7.62), (33.57, -7.61), (33.58, -7.60), (33.575, -7.61)]:
        assert _in(one, latitude, longitude)
    assert not _in(one, 33.5699999, -7.61)
    assert not _in(one, 33.5750001, -7.61)
    assert _in(one, 33.5749999, -7.61)


def test_features_are_named_by_a_property_or_the_file() -> None:
    """An area for each feature; a number will do; alone its name, or the file's."""
    two = collection(feature(polygon(SQUARE), zone=12), feature(polygon(SQUARE), zone="13 "))
    assert [one.name for one in _ready(two, name_property="zone")] == ["12", "13"]
    assert [one.name for one in _ready(two, name="Both")] == ["Both"]
    assert _ready(feature(polygon(SQUARE), name="Médina"))[0].name == "Médina"
    assert _ready(polygon(SQUARE))[0].name == "zones"


def test_what_is_left_out_is_told() -> None:
    """Heights, repeated positions, and the old name of WGS 84."""
    high = [[x, y, 12.5] for x, y in [SQUARE[0], *SQUARE]]
    old = {
        **collection(feature(polygon(high))),
        "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}},
    }
    (one,) = _ready(old)
    assert one.notes == [
        "heights left out",
        "features[0].geometry.coordinates[0]: 1 repeated positions left out",
    ]
    assert len(one.shape[0].shell) == 4


def test_places_elsewhere_are_a_warning() -> None:
    """Swapped coordinates are named as such; an area of another country is taken."""
    (swapped,) = _ready(polygon([[y, x] for x, y in SQUARE]))
    assert swapped.notes == ["lies outside of MA: latitude and longitude seem to be swapped"]
    (paris,) = _ready(polygon([[x + 10, y + 15] for x, y in SQUARE]))
    assert paris.notes == ["lies outside of MA, or reaches beyond it"]


_CORNER = SQUARE[0]


def _with(*position: object) -> dict[str, Any]:
    """Make a square with something strange in it."""
    return {"type": "Polygon", "coordinates": [[*SQUARE[:2], list(position), *SQUARE[2:]]]}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([1, 2], "is no GeoJSON object with a type"),
        ({"features": []}, "is no GeoJSON object with a type"),
        (collection(), "features: is no list, or an empty one"),
        (collection(polygon(SQUARE)), "features[0]: is no Feature"),
        (collection(feature(None)), "features[0].geometry: is missing"),
        ({"type": "Point", "coordinates": _CORNER}, "is a Point, which has no inside"),
        ({"type": "LineString", "coordinates": SQUARE}, "is a LineString, which has no inside"),
        ({"type": "Polygon"}, "coordinates: is no list"),
        ({"type": "Polygon", "coordinates": []}, "coordinates: is empty"),
        ({"type": "Polygon", "coordinates": SQUARE}, "[0]: is a position where a ring belongs"),
        ({"type": "Polygon", "coordinates": [[SQUARE]]}, "has 1 positions"),
        ({"type": "Polygon", "coordinates": [[SQUARE] * 4]}, "is nested too deep"),
        ({"type": "MultiPolygon", "coordinates": [SQUARE]}, "is a position where a ring belongs"),
        (polygon(SQUARE[:3]), "has 3 positions. A ring has at least 4"),
        (polygon(SQUARE[:4]), "coordinates[0]: is not closed. Repeat the first position"),
        (_with(-7.6), "[2]: has too few numbers"),
        (_with(-7.6, "33"), "has something that is no number"),
        (_with(-7.6, {}), "has something that is no number"),
        (_with(-7.6, None), "has something that is no number"),
        (_with(33.5, -97.6), "longitude first"),
        (_with(-847_000.5, 3.9e6), "metres of a projection"),
        (polygon([[179, 1], [-179, 1], [-179, 2], [179, 1]]), "crosses the 180th meridian"),
        (polygon([[1, 1], [1 + 1e-9, 1], [1, 1 + 1e-9], [1, 1]]), "a centimetre apart"),
        (
            {**polygon(SQUARE), "crs": {"properties": {"name": "EPSG:26191"}}},
            "crs: is in another reference system",
        ),
    ],
)
def test_what_is_no_area_is_refused_with_its_place(value: Any, expected: str) -> None:  # noqa: ANN401
    """Each fault names the file, the place in it, and what to do."""
    with pytest.raises(InvalidInputError) as refused:
        _ready(value, name="A")
    assert expected in str(refused.value)
    assert str(refused.value).startswith("zones.geojson: ")


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (b"", "is no JSON"),
        (b'{"type": "Polygon", "coordinates": [[[1, 2]', "is no JSON"),
        (b"PK\x03\x04\xff", "is not UTF-8"),
        (b'{"type": "Polygon", "coordinates": [[[NaN, 2], [1, 2], [3, 4], [1, 2]]]}', "NaN"),
        (b'{"type": "Polygon", "coordinates": [[[-Infinity, 2], [1, 2]]]}', "Infinity"),
        (b'{"type": "Polygon", "coordinates": [[[1e999, 2], [1, 2], [3, 4], [1, 2]]]}', "number"),
        (b'{"type":"Polygon","coordinates":' + b"[" * 100_000, "is nested too deep"),
        (b'{"type": "Polygon", "coordinates": [[[' + b"9" * 5000 + b", 1]]]}", "number"),
    ],
)
def test_what_is_no_json_is_refused(octets: bytes, expected: str) -> None:
    """Broken, cut off, of another format, nested without end, or with numbers that are none."""
    with pytest.raises(InvalidInputError, match=r"^zones\.geojson: ") as refused:
        read(octets, "zones.geojson")
    assert expected in str(refused.value)


def test_collections_nest_within_bounds() -> None:
    """Ten deep will do; more is refused."""
    value = polygon(SQUARE)
    for _ in range(12):
        value = {"type": "GeometryCollection", "geometries": [value]}
    with pytest.raises(InvalidInputError, match="is nested too deep"):
        _ready(value, name="A")


def test_sizes_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many features, positions, rings or octets are refused before anything is made of them."""
    monkeypatch.setattr(geojson, "_MOST_FEATURES", 1)
    two = collection(feature(polygon(SQUARE)), feature(polygon(SQUARE)))
    with pytest.raises(InvalidInputError, match="more than 1 entries"):
        _ready(two, name="A")
    monkeypatch.setattr(geojson, "MOST_VERTICES", 4)
    with pytest.raises(InvalidInputError, match="beyond 4 positions"):
        _ready(polygon(SQUARE), name="A")
    monkeypatch.undo()
    monkeypatch.setattr(geojson, "MOST_RINGS", 1)
    with pytest.raises(InvalidInputError, match="more than 1 rings"):
        _ready(polygon(SQUARE, HOLE), name="A")
    monkeypatch.setattr(geojson, "LARGEST", 2**20)
    file = tmp_path / "large.geojson"
    file.write_bytes(b" " * (2**20 + 1))
    with pytest.raises(InvalidInputError, match="is larger than 1 MiB"):
        geojson.read_file(file)
    with pytest.raises(InvalidInputError, match="can't be read"):
        geojson.read_file(tmp_path / "nowhere.geojson")
    with pytest.raises(InvalidInputError, match="can't be read"):
        geojson.read_file(Path("a\0b"))


def test_a_border_that_winds_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """What would take minutes to cut, or millions of rows to keep, is refused with what to do."""
    shape = (Polygon(tuple((steps(x), steps(y)) for x, y in SQUARE[:4])),)
    monkeypatch.setattr(pieces, "_MOST_PIECES", 10)
    with pytest.raises(InvalidInputError, match="winds too much"):
        pieces.cut(shape)
    monkeypatch.setattr(pieces, "_MOST_MEETINGS", 10)
    with pytest.raises(InvalidInputError, match="winds too much"):
        pieces.cut(shape)
    monkeypatch.undo()
    monkeypatch.setattr(validity, "_MOST_PAIRS", 10)
    with pytest.raises(InvalidInputError, match="winds too much"):
        list(validity.faults(shape))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (polygon(BOW), "A: its border crosses itself, or runs back on itself, at 33.58"),
        (polygon([*SQUARE[:2], [-7.59, 33.57], *SQUARE[1:]]), "runs back on itself, at 33.57"),
        (polygon([*SQUARE[:4], *SQUARE]), "runs back on itself"),
        (polygon(SQUARE, [[x + 0.012, y] for x, y in HOLE]), "crosses itself"),
        (polygon(SQUARE, [[x + 1, y] for x, y in HOLE]), "hole 1 lies outside its outer ring"),
        (
            polygon(SQUARE, HOLE, [[(x - 7.61) / 2, (y + 33.58) / 2] for x, y in HOLE]),
            "hole 2 lies in hole 1",
        ),
        (polygon(SQUARE, HOLE, HOLE), "crosses itself, or runs back"),
        (polygon(HOLE, SQUARE), "hole 1 lies outside its outer ring"),
    ],
)
def test_a_shape_that_is_none_is_refused_and_mended(value: Any, expected: str) -> None:  # noqa: ANN401
    """The place is told as people write it; with --repair it is mended and the change told."""
    with pytest.raises(InvalidInputError) as refused:
        _ready(value, name="A")
    assert expected in str(refused.value)
    assert "--repair" in str(refused.value)
    if value["coordinates"][0] == HOLE:
        return  # Nothing is left of an outer ring within its hole.
    (one,) = _ready(value, name="A", repair=True)
    assert list(validity.faults(one.shape)) == []
    assert any("square kilometres" in note for note in one.notes)


def test_mending_keeps_what_was_meant() -> None:
    """Both halves of a bow, an outer ring without the spike, a hole that reaches out."""
    (bow,) = _ready(polygon(BOW), name="A", repair=True)
    assert len(bow.shape) == 2
    assert _in(bow, 33.58, -7.618)
    assert _in(bow, 33.58, -7.602)
    assert not _in(bow, 33.588, -7.61)
    (spike,) = _ready(polygon([*SQUARE[:2], [-7.59, 33.57], *SQUARE[1:]]), name="A", repair=True)
    assert set(spike.shape[0].shell) == {(steps(x), steps(y)) for x, y in SQUARE}
    (bitten,) = _ready(polygon(SQUARE, [[x + 0.012, y] for x, y in HOLE]), name="A", repair=True)
    assert not _in(bitten, 33.58, -7.601)
    assert not _in(bitten, 33.58, -7.598)
    (twice,) = _ready(polygon([*SQUARE[:4], *SQUARE]), name="A", repair=True)
    assert set(twice.shape[0].shell) == {(steps(x), steps(y)) for x, y in SQUARE}
    (closed,) = _ready(polygon(SQUARE[:4]), name="A", repair=True)
    assert closed.notes == ["coordinates[0]: closed"]
    with pytest.raises(InvalidInputError, match="nothing is left"):
        _ready(polygon(HOLE, SQUARE), name="A", repair=True)


def test_rings_that_touch_in_a_point_are_no_fault() -> None:
    """A hole at a corner of its outer ring, two triangles at one corner."""
    (one,) = _ready(polygon(SQUARE, [SQUARE[0], *HOLE[1:3], SQUARE[0]]), name="A")
    assert not _in(one, 33.576, -7.607)
    eight = [[0, 0], [1, 1], [2, 0], [2, 2], [1, 1], [0, 2], [0, 0]]
    (two,) = _ready(polygon([[x - 8, y + 33] for x, y in eight]), name="A")
    assert _in(two, 34, -7.9)
    assert _in(two, 34, -6.1)
    assert not _in(two, 33.1, -7)


@pytest.mark.parametrize(
    ("wishes", "expected"),
    [
        ({}, "--name-property (there are: nom, code, ok)"),
        ({"name_property": "name"}, "features[0]: has no property 'name'"),
        ({"name_property": "nom"}, "features[1]: is called 'A', as is features[0]"),
        ({"name_property": "ok"}, "features[0]: has no property 'ok'"),
        ({"name_property": "code"}, "features[0]: its code is empty, too long"),
        ({"name_property": "nom", "name": "B"}, "--name: can't stand beside"),
        ({"name": "x" * 101}, "is empty, too long"),
        ({"name": "a\tb #0123456789ab"}, "ends as names of versions do"),
    ],
)
def test_names_are_sure_or_asked_for(wishes: dict[str, str], expected: str) -> None:
    """Which property, twice the same, none, or one that could not be told apart later."""
    two = collection(
        feature(polygon(SQUARE), nom="A", code=" ", ok=True),
        feature(polygon(SQUARE), nom="A ", code="x"),
    )
    with pytest.raises(InvalidInputError) as refused:
        _ready(two, **wishes)
    assert expected in str(refused.value)


def test_surfaces_are_those_of_the_earth() -> None:
    """A degree at the equator, and the half of the globe."""
    degree = Polygon(((0, 0), (10**7, 0), (10**7, 10**7), (0, 10**7)))
    assert square_km((degree,)) == pytest.approx(12_364, rel=0.006)
    far, high = 180 * 10**7, 90 * 10**7
    half = Polygon(((0, -high), (far, -high), (far, high), (0, high)))
    assert square_km((half,)) == pytest.approx(510_065_622 / 2, rel=1e-4)
    assert json.loads(geojson.written((degree,)))["coordinates"][0][0][0] == [0.0, 0.0]
