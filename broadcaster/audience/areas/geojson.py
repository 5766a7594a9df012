"""Reading GeoJSON (RFC 7946) into shapes, within bounds; what is wrong is named with its place.

Taken are Feature, FeatureCollection, Polygon, MultiPolygon and GeometryCollection; points and lines
have no inside and are refused. Heights are left out. The direction of rings does not matter.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn

from broadcaster.audience.areas.shape import Polygon, Ring, Shape, degrees, edges, steps
from broadcaster.domain.saying import Figure, said
from broadcaster.errors import InvalidInputError

#: The largest file, octets; the most features, positions of a file, and rings of an area.
LARGEST = 64 * 2**20
_MOST_FEATURES = 10_000
MOST_VERTICES = 200_000
MOST_RINGS = 5_000
_MOST_DEPTH = 10
_LONGEST_VALUE = 100

#: A closed ring has four positions, the last being the first (RFC 7946, section 3.1.6).
_LEAST_POSITIONS = 4
_LEAST_CORNERS = 3
_MOST_WIDTH = 180.0

#: Names of WGS 84 in files made before RFC 7946, which did away with others.
_WGS84 = ("CRS84", "EPSG::4326", "EPSG:4326", "EPSG:4979")
_GEOMETRIES = ("Polygon", "MultiPolygon", "GeometryCollection")


@dataclass(slots=True)
class Found:
    """A feature that was read: its properties, its shape, and what was noticed."""

    where: str
    properties: Mapping[str, object]
    shape: Shape
    notes: list[str] = field(default_factory=list)


def read_file(path: Path, *, close: bool = False) -> list[Found]:
    """Read a file; with `close` rings that do not end where they begin are closed."""
    try:
        if path.is_file() and path.stat().st_size > LARGEST:
            problem = said("is larger than %(most)s MiB", most=LARGEST // 2**20)
            raise InvalidInputError(str(path), problem, said("Simplify it, or divide it."))
        octets = path.read_bytes()
    except (OSError, ValueError) as error:
        problem = said(
            "can't be read (%(strerror)s)",
            strerror=getattr(error, "strerror", None) or "no file name",
        )
        raise InvalidInputError(ascii(str(path)), problem, said("Name a GeoJSON file.")) from error
    return read(octets, str(path), close=close)


def read(octets: bytes, source: str, *, close: bool = False) -> list[Found]:
    """Read the octets of a file; InvalidInputError naming `source`, the place and the remedy."""
    return _Reader(source, close=close).document(_parsed(octets, source))


def _parsed(octets: bytes, source: str) -> object:
    try:
        return json.loads(octets.decode("utf-8-sig"), parse_constant=_no_number)
    except UnicodeDecodeError as error:
        raise InvalidInputError(
            source, said("is not UTF-8"), said("Export it in that encoding.")
        ) from error
    except RecursionError as error:
        raise InvalidInputError(
            source, said("is nested too deep"), said("Is it GeoJSON?")
        ) from error
    except json.JSONDecodeError as error:
        problem = said(
            "is no JSON: %(msg)s in line %(lineno)s, column %(colno)s",
            msg=error.msg,
            lineno=error.lineno,
            colno=error.colno,
        )
        raise InvalidInputError(source, problem, said("Export it again as GeoJSON.")) from error
    except ValueError as error:
        problem = said("has a number that is none (%(value)s)", value=str(error)[:40])
        raise InvalidInputError(source, problem, said("Export it again.")) from error


def _no_number(word: str) -> NoReturn:
    raise ValueError(word)


class _Reader:
    """Walks through a document; counts positions, so that no file makes it go on for ever."""

    def __init__(self, source: str, *, close: bool) -> None:
        self._source = source
        self._close = close
        self._positions = 0
        self._notes: list[str] = []

    def document(self, value: object) -> list[Found]:
        kind, value = self._typed(value, "")
        if kind == "FeatureCollection":
            features = value.get("features")
            if not isinstance(features, list) or not features:
                raise self._fault(
                    "features", said("is no list, or an empty one"), said("Export some.")
                )
            if len(features) > _MOST_FEATURES:
                problem = said("has more than %(most)s entries", most=Figure(_MOST_FEATURES))
                raise self._fault("features", problem, said("Divide the file."))
            return [self._feature(one, f"features[{place}]") for place, one in enumerate(features)]
        if kind == "Feature":
            return [self._feature(value, "")]
        return [self._found("", {}, self._geometry(value, "", 0))]

    def _feature(self, value: object, where: str) -> Found:
        kind, value = self._typed(value, where)
        if kind != "Feature":
            remedy = said('Put geometries into features: {"type": "Feature", "geometry": ...}.')
            raise self._fault(where, said("is no Feature"), remedy)
        properties = value.get("properties")
        known = properties if isinstance(properties, dict) else {}
        inner = _joined(where, "geometry")
        return self._found(where, known, self._geometry(value.get("geometry"), inner, 0))

    def _found(
        self, where: str, properties: Mapping[str, object], polygons: list[Polygon]
    ) -> Found:
        rings = sum(len(one.rings) for one in polygons)
        if rings > MOST_RINGS:
            problem = said("has more than %(most)s rings", most=Figure(MOST_RINGS))
            raise self._fault(where, problem, said("Simplify it, or divide it."))
        notes, self._notes = self._notes, []
        return Found(where, properties, tuple(polygons), notes)

    def _geometry(self, value: object, where: str, depth: int) -> list[Polygon]:
        if value is None:
            raise self._fault(where, said("is missing"), said("Remove the feature, or draw it."))
        kind, value = self._typed(value, where)
        if depth > _MOST_DEPTH:
            raise self._fault(where, said("is nested too deep"), said("Use a MultiPolygon."))
        if kind == "GeometryCollection":
            inner = self._list(value.get("geometries"), _joined(where, "geometries"))
            return [
                polygon
                for place, one in enumerate(inner)
                for polygon in self._geometry(
                    one, f"{_joined(where, 'geometries')}[{place}]", depth + 1
                )
            ]
        at = _joined(where, "coordinates")
        if kind == "Polygon":
            return [self._polygon(value.get("coordinates"), at)]
        if kind == "MultiPolygon":
            listed = self._list(value.get("coordinates"), at)
            return [self._polygon(one, f"{at}[{place}]") for place, one in enumerate(listed)]
        problem = said("is a %(kind)s, which has no inside", kind=kind[:30])
        remedy = said("Give one of %(geometries)s.", geometries=", ".join(_GEOMETRIES))
        if kind == "Point":
            remedy = said(
                "For a circle: broadcaster areas circle NAME --at 33.59,-7.62 --radius 500."
            )
        raise self._fault(where, problem, remedy)

    def _polygon(self, value: object, where: str) -> Polygon:
        listed = self._list(value, where)
        rings = [self._ring(one, f"{where}[{place}]") for place, one in enumerate(listed)]
        return Polygon(rings[0], tuple(rings[1:]))

    def _ring(self, value: object, where: str) -> Ring:
        listed = self._list(value, where)
        if _is_number(listed[0]):
            problem = said("is a position where a ring belongs")
            remedy = said("Put it between one more pair of brackets (RFC 7946, section 3.1.6).")
            raise self._fault(where, problem, remedy)
        if len(listed) < _LEAST_POSITIONS - self._close:
            problem = said("has %(listed)s positions", listed=len(listed))
            remedy = said("A ring has at least 4, the last being the first.")
            raise self._fault(where, problem, remedy)
        self._positions += len(listed)
        if self._positions > MOST_VERTICES:
            problem = said(
                "is beyond %(most)s positions in the file",
                most=Figure(MOST_VERTICES),
            )
            raise self._fault(where, problem, said("Simplify it, or divide the file."))
        read = [self._position(one, f"{where}[{place}]") for place, one in enumerate(listed)]
        for place, (one, after) in enumerate(pairwise(read)):
            if abs(one[0] - after[0]) > _MOST_WIDTH:
                problem = said("crosses the 180th meridian")
                remedy = said("Cut it there into a MultiPolygon (RFC 7946, section 3.1.9).")
                raise self._fault(f"{where}[{place + 1}]", problem, remedy)
        if read[0] != read[-1]:
            if not self._close:
                remedy = said("Repeat the first position at the end, or let --repair do it.")
                raise self._fault(where, said("is not closed"), remedy)
            self._notes.append(said("%(place)s: closed", place=where))
            read.append(read[0])
        return self._on_grid(read, where)

    def _on_grid(self, read: Sequence[tuple[float, float]], where: str) -> Ring:
        points = [(steps(x), steps(y)) for x, y in read]
        ring = tuple(
            point for place, point in enumerate(points[1:], 1) if point != points[place - 1]
        )
        if len(ring) < len(read) - 1:
            self._notes.append(
                said(
                    "%(place)s: %(count)s repeated positions left out",
                    place=where,
                    count=len(read) - 1 - len(ring),
                )
            )
        if len(set(ring)) < _LEAST_CORNERS:
            problem = said("has fewer than 3 corners that are a centimetre apart")
            raise self._fault(where, problem, said("Remove it, or draw it larger."))
        return ring

    def _position(self, value: object, where: str) -> tuple[float, float]:
        if not isinstance(value, list) or len(value) < 2:  # noqa: PLR2004  (longitude, latitude)
            problem = (
                said("is no position")
                if not isinstance(value, list)
                else said("has too few numbers")
            )
            raise self._fault(where, problem, said("Write [longitude, latitude]."))
        if any(isinstance(one, list) for one in value):
            raise self._fault(where, said("is nested too deep"), said("Is it a MultiPolygon?"))
        numbers = [one for one in value if _is_number(one)]
        if len(numbers) < len(value):
            remedy = said("Write [longitude, latitude] as numbers, without quotes.")
            raise self._fault(where, said("has something that is no number"), remedy)
        longitude, latitude = float(numbers[0]), float(numbers[1])
        if len(value) > 2 and not any("heights" in note for note in self._notes):  # noqa: PLR2004
            self._notes.append(said("heights left out"))
        if abs(longitude) <= 180 and abs(latitude) <= 90:  # noqa: PLR2004  (degrees)
            return longitude, latitude
        problem = said(
            "[%(longitude)s, %(latitude)s] is no place on Earth",
            longitude=format(longitude, "g"),
            latitude=format(latitude, "g"),
        )
        remedy = said("Write degrees of WGS 84, longitude first.")
        if abs(latitude) <= 180 and abs(longitude) <= 90:  # noqa: PLR2004  (degrees)
            remedy = said("Latitude and longitude seem to be swapped: write longitude first.")
        elif abs(longitude) > 1000:  # noqa: PLR2004  (metres of a projection)
            remedy = said("These look like metres of a projection: export in WGS 84 (EPSG:4326).")
        raise self._fault(where, problem, remedy)

    def _typed(self, value: object, where: str) -> tuple[str, dict[str, Any]]:
        """Give an object with its type, if it is in WGS 84."""
        kind = value.get("type") if isinstance(value, dict) else None
        if isinstance(value, dict) and isinstance(kind, str):
            self._reference_system(value, where)
            return kind, value
        remedy = said('GeoJSON begins with {"type": "FeatureCollection", ...}.')
        raise self._fault(where, said("is no GeoJSON object with a type"), remedy)

    def _list(self, value: object, where: str) -> list[Any]:
        if isinstance(value, list) and value:
            return value
        problem = said("is empty") if value == [] else said("is no list")
        raise self._fault(where, problem, said("See RFC 7946, section 3.1, for how it is nested."))

    def _reference_system(self, value: Mapping[str, object], where: str) -> None:
        """Refuse other systems; the old name of WGS 84 is fine."""
        if "crs" not in value:
            return
        named = json.dumps(value["crs"])[:_LONGEST_VALUE]
        if value["crs"] is not None and not any(known in named for known in _WGS84):
            problem = said("is in another reference system (%(named)s)", named=named)
            raise self._fault(
                _joined(where, "crs"), problem, said("Export it in WGS 84 (EPSG:4326).")
            )

    def _fault(self, where: str, problem: str, remedy: str) -> InvalidInputError:
        if where:
            problem = said("%(place)s: %(problem)s", place=where, problem=problem)
        return InvalidInputError(self._source, problem, remedy)


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _joined(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def written(shape: Shape) -> str:
    """Write a shape as GeoJSON in one form: outer rings against the clock, holes with it.

    Rings begin at their lowest point and stand in order, so equal shapes are equal texts.
    """
    polygons = sorted(
        [_turned(one.shell, left=True), *sorted(_turned(hole, left=False) for hole in one.holes)]
        for one in shape
    )
    return json.dumps({"type": "MultiPolygon", "coordinates": polygons}, separators=(",", ":"))


def _turned(ring: Ring, *, left: bool) -> list[list[float]]:
    """Turn a ring to go one way from its lowest point; one that touches itself has a choice."""
    doubled = sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in edges(ring))
    ways = [ring, ring[::-1]] if doubled == 0 else [ring if (doubled > 0) == left else ring[::-1]]
    lowest = min(ring)
    turned = min(
        way[place:] + way[:place]
        for way in ways
        for place, point in enumerate(way)
        if point == lowest
    )
    return [[degrees(x), degrees(y)] for x, y in (*turned, turned[0])]


def kept(text: str) -> Shape:
    """Read what `written` wrote."""
    return tuple(
        Polygon(_kept(rings[0]), tuple(_kept(ring) for ring in rings[1:]))
        for rings in json.loads(text)["coordinates"]
    )


def _kept(positions: Sequence[Sequence[float]]) -> Ring:
    return tuple((steps(x), steps(y)) for x, y in positions[:-1])
