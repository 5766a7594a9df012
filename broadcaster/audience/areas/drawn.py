"""An area on a map, as paths of SVG: Mercator's projection, so that shapes are as they are.

Nothing is fetched: other saved areas are drawn faintly around it, and a scale says how large it is.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from broadcaster.audience.areas.asking import Bin, Extent
from broadcaster.audience.areas.circle import outline
from broadcaster.audience.areas.picture import BINS, SCALES, step_of
from broadcaster.audience.areas.shape import degrees
from broadcaster.audience.areas.version import Sort, Version

WIDTH = 900.0
_TALLEST, _LOWEST = 1000.0, 260.0
#: How much wider than tall a map is at least.
_ASPECT = 1.6
#: Beyond it Mercator's map has no end, degrees.
_FURTHEST = 85.0
#: The most other areas, and points of theirs, that are drawn.
_OTHERS, _POINTS = 100, 20_000
_KM = 111.195


@dataclass(frozen=True, kw_only=True, slots=True)
class Square:
    """A part of the map where customers live; `shade` is from 1 to 6, by steps."""

    x: float
    y: float
    width: float
    height: float
    shade: int
    inside: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Drawn:
    """A map, in pixels; `own` and `others` are paths, others with their names."""

    width: float
    height: float
    own: str
    others: Sequence[tuple[str, str]]
    squares: Sequence[Square]
    scale: float
    scale_km: float


class _Paper:
    """Where places are on the paper."""

    def __init__(self, extent: Extent) -> None:
        south, north = max(-_FURTHEST, extent.south), min(_FURTHEST, extent.north)
        wide = math.radians(max(extent.east - extent.west, 1e-6))
        tall = max(_mercator(north) - _mercator(south), 1e-8)
        self.height = min(_TALLEST, max(_LOWEST, WIDTH * tall / wide))
        # One scale both ways, as angles must be right; what is left is room.
        self._scale = min(WIDTH / wide, self.height / tall)
        self._west = math.radians(extent.west) - (WIDTH / self._scale - wide) / 2
        self._top = _mercator(north) + (self.height / self._scale - tall) / 2
        middle = math.radians((south + north) / 2)
        self.pixels_km = self._scale * math.pi / 180 / (_KM * math.cos(middle))

    def at(self, longitude: float, latitude: float) -> tuple[float, float]:
        x = (math.radians(longitude) - self._west) * self._scale
        y = (self._top - _mercator(max(-_FURTHEST, min(_FURTHEST, latitude)))) * self._scale
        return x, y


def framed(extent: Extent) -> Extent:
    """Widen what is to be shown to the shape of a screen, so that the map has no empty sides."""
    south, north = max(-_FURTHEST, extent.south), min(_FURTHEST, extent.north)
    tall = math.degrees(_mercator(north) - _mercator(south))
    missing = max(0.0, tall * _ASPECT - (extent.east - extent.west)) / 2
    return Extent(
        west=max(-180.0, extent.west - missing),
        south=extent.south,
        east=min(180.0, extent.east + missing),
        north=extent.north,
    )


def drawn(
    version: Version, extent: Extent, bins: Sequence[Bin] = (), others: Sequence[Version] = ()
) -> Drawn:
    """Draw an area; `bins` are those of the same extent."""
    paper = _Paper(extent)
    longest = max((one for one in SCALES if one * paper.pixels_km <= WIDTH / 4), default=SCALES[0])
    return Drawn(
        width=WIDTH,
        height=round(paper.height, 1),
        own=_path(version, paper),
        others=list(_around(version, extent, others, paper)),
        squares=list(_squares(bins, extent, paper)),
        scale=round(longest * paper.pixels_km, 1),
        scale_km=longest,
    )


def _mercator(latitude: float) -> float:
    return math.asinh(math.tan(math.radians(latitude)))


def _rings(version: Version) -> Iterator[Sequence[tuple[float, float]]]:
    if version.sort is Sort.CIRCLE:
        circle = version.circle
        yield outline(circle.x, circle.y, circle.metres)
    elif version.sort is Sort.POLYGON:
        for polygon in version.shape:
            for ring in polygon.rings:
                yield [(degrees(x), degrees(y)) for x, y in ring]


def _path(version: Version, paper: _Paper) -> str:
    """Draw the rings; corners that fall on one point of the paper are drawn once."""
    parts = []
    for ring in _rings(version):
        points: list[str] = []
        for place in ring:
            x, y = paper.at(*place)
            point = f"{x:.1f} {y:.1f}"
            if not points or points[-1] != point:
                points.append(point)
        parts.append(f"M{'L'.join(points)}Z")
    return "".join(parts)


def _around(
    version: Version, extent: Extent, others: Sequence[Version], paper: _Paper
) -> Iterator[tuple[str, str]]:
    left, count = _POINTS, 0
    for other in others:
        if other.name == version.name or other.sort is Sort.LIST:
            continue
        left -= other.vertices
        if left < 0 or count >= _OTHERS:
            return
        if _meets(other, extent):
            count += 1
            yield other.name, _path(other, paper)


def _meets(other: Version, extent: Extent) -> bool:
    places = [place for ring in _rings(other) for place in ring]
    xs, ys = [x for x, _ in places], [y for _, y in places]
    across = min(xs) <= extent.east and max(xs) >= extent.west
    return across and min(ys) <= extent.north and max(ys) >= extent.south


def _squares(bins: Sequence[Bin], extent: Extent, paper: _Paper) -> Iterator[Square]:
    fullest = max((one.customers for one in bins), default=1)
    wide, tall = (extent.east - extent.west) / BINS, (extent.north - extent.south) / BINS
    for one in bins:
        west, south = extent.west + one.column * wide, extent.south + one.row * tall
        left, bottom = paper.at(west, south)
        right, top = paper.at(west + wide, south + tall)
        for count, inside in ((one.customers - one.inside, False), (one.inside, True)):
            if count:
                yield Square(
                    x=round(left, 1),
                    y=round(top, 1),
                    width=round(right - left, 1),
                    height=round(bottom - top, 1),
                    shade=step_of(count, fullest),
                    inside=inside,
                )
