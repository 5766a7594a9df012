"""A picture of an area and of where customers live, as SVG; nothing in it tells who they are."""

import math
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from broadcaster.audience.areas.asking import Bin, Extent
from broadcaster.audience.areas.circle import outline
from broadcaster.audience.areas.shape import UNIT, box, degrees
from broadcaster.audience.areas.version import Sort, Version

#: How many parts a map has each way.
BINS = 64
_WIDTH, _TALLEST, _LOWEST = 800.0, 1200.0, 200.0
_FOOT = 104.0
#: The longest title on the line, characters; a longer one is cut, and whole in the picture's title.
_LONGEST = 80
_INSIDE, _AROUND, _FILL, _LINE = "#0b5394", "#5d5d5d", "#f1c232", "#990000"
#: Room around the area, of its size.
_ROOM = 0.08
_KM = 111.2
SCALES = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000)


def extent_of(version: Version) -> Extent | None:
    """Give what a picture shows: the area and some room around; None for a list."""
    if version.sort is Sort.LIST:
        return None
    if version.sort is Sort.CIRCLE:
        circle = version.circle
        places = outline(circle.x, circle.y, circle.metres)
        xs, ys = [x for x, _ in places], [y for _, y in places]
        found = Extent(west=min(xs), south=min(ys), east=max(xs), north=max(ys))
    else:
        west, south, east, north = (coordinate / UNIT for coordinate in box(version.shape))
        found = Extent(west=west, south=south, east=east, north=north)
    return with_room(found)


def with_room(extent: Extent) -> Extent:
    """Give some room around; a single point gets about a hundred metres."""
    wide = max(extent.east - extent.west, 0.002) * _ROOM
    tall = max(extent.north - extent.south, 0.002) * _ROOM
    return Extent(
        west=extent.west - wide,
        south=max(-90.0, extent.south - tall),
        east=extent.east + wide,
        north=min(90.0, extent.north + tall),
    )


def svg(version: Version, extent: Extent, bins: Sequence[Bin]) -> str:
    """Draw the picture: parts of the map as dark as they are full, and the border over them."""
    view = _View(extent)
    inside = sum(one.inside for one in bins)
    around = sum(one.customers for one in bins) - inside
    title = f"Area {version.name}"
    told = f"{inside:,} customers in the area, {around:,} more around it."
    lines = [
        _opening(view),
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="desc">{escape(_described(version, told))}</desc>',
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        f'<rect width="{_WIDTH:.0f}" height="{view.height:.1f}" fill="#f4f1ea"/>',
        *_squares(view, bins),
        *_border(version, view),
        *_foot(view, title, told),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _opening(view: "_View") -> str:
    width, height = f"{_WIDTH:.0f}", f"{view.height + _FOOT:.0f}"
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="title desc"'
        f' viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        ' font-family="sans-serif" font-size="15">'
    )


def _described(version: Version, told: str) -> str:
    sorts = {
        Sort.POLYGON: f"A map of an area of {version.square_km:,.2f} square kilometres.",
        Sort.CIRCLE: f"A map of a circle of {version.square_km:,.2f} square kilometres.",
        Sort.LIST: "A map of customers with a value of a list.",
    }
    darker = "The darker a square, the more customers live there; blue in the area, grey around it."
    return f"{sorts[version.sort]} {told} {darker} North is up."


class _View:
    """Places on the paper: as far apart as they are in the middle of the map."""

    def __init__(self, extent: Extent) -> None:
        self._extent = extent
        middle = math.radians((extent.south + extent.north) / 2)
        self.shrunk = max(0.05, math.cos(middle))
        wide = (extent.east - extent.west) * self.shrunk
        tall = extent.north - extent.south
        self.height = min(_TALLEST, max(_LOWEST, _WIDTH * tall / wide))
        self.scale_y = self.height / tall
        self.scale_x = _WIDTH / (extent.east - extent.west)

    def at(self, longitude: float, latitude: float) -> tuple[float, float]:
        """Give a place on the paper."""
        return (
            (longitude - self._extent.west) * self.scale_x,
            (self._extent.north - latitude) * self.scale_y,
        )


def step_of(count: int, fullest: int) -> int:
    """Say how dark a part is, from 1 to 6.

    Steps, not exact numbers: who lives alone on a square is nobody's business.
    """
    return 1 + round(5 * math.log1p(count) / math.log1p(max(count, fullest)))


def _squares(view: _View, bins: Sequence[Bin]) -> Iterator[str]:
    width, height = _WIDTH / BINS, view.height / BINS
    fullest = max((one.customers for one in bins), default=1)
    for one in bins:
        for count, colour in ((one.customers - one.inside, _AROUND), (one.inside, _INSIDE)):
            if not count:
                continue
            shade = 0.15 * step_of(count, fullest)
            yield (
                f'<rect x="{one.column * width:.1f}"'
                f' y="{view.height - (one.row + 1) * height:.1f}" width="{width:.1f}"'
                f' height="{height:.1f}" fill="{colour}" fill-opacity="{shade:.2f}"/>'
            )


def _border(version: Version, view: _View) -> Iterator[str]:
    if version.sort is Sort.LIST:
        return
    if version.sort is Sort.CIRCLE:
        circle = version.circle
        rings = [outline(circle.x, circle.y, circle.metres)]
    else:
        rings = [
            [(degrees(x), degrees(y)) for x, y in ring]
            for polygon in version.shape
            for ring in polygon.rings
        ]
    path = "".join(_path(view, ring) for ring in rings)
    yield (
        f'<path d="{path}" fill="{_FILL}" fill-opacity="0.18" fill-rule="evenodd"'
        f' stroke="{_LINE}" stroke-width="2" stroke-linejoin="round"/>'
    )


def _path(view: _View, ring: Sequence[tuple[float, float]]) -> str:
    """Draw a ring; corners that fall on one point of the paper are drawn once."""
    points: list[str] = []
    for longitude, latitude in ring:
        x, y = view.at(longitude, latitude)
        point = f"{x:.1f} {y:.1f}"
        if not points or points[-1] != point:
            points.append(point)
    return f"M{'L'.join(points)}Z"


def _foot(view: _View, title: str, told: str) -> Iterator[str]:
    """Write name and numbers below the map, and under them what its colours mean, and a scale."""
    y = view.height
    name = title if len(title) <= _LONGEST else f"{title[: _LONGEST - 1]}…"
    yield f'<text x="16" y="{y + 26:.0f}" font-weight="bold">{escape(name)}</text>'
    yield f'<text x="16" y="{y + 50:.0f}">{escape(told)}</text>'
    yield from _legend(y + 66)
    pixels_km = view.scale_x / (_KM * view.shrunk)
    length = max((one for one in SCALES if one * pixels_km <= _WIDTH / 4), default=SCALES[0])
    left = _WIDTH - 20 - length * pixels_km
    named = f"{length:g} km" if length >= 1 else f"{length * 1000:g} m"
    yield (
        f'<path d="M{left:.1f} {y + 66:.0f}v8h{length * pixels_km:.1f}v-8" fill="none"'
        ' stroke="#000000" stroke-width="2"/>'
    )
    yield f'<text x="{_WIDTH - 20:.0f}" y="{y + 94:.0f}" text-anchor="end">{named}</text>'


def _legend(y: float) -> Iterator[str]:
    """Say what the colours mean: few to many in the area, few to many around it, the border."""
    x = 16.0
    for colour, words, wide in ((_INSIDE, "in the area", 178), (_AROUND, "around it", 164)):
        for place, step in enumerate((1, 3, 5)):
            yield (
                f'<rect x="{x + place * 16:.0f}" y="{y:.0f}" width="16" height="14"'
                f' fill="{colour}" fill-opacity="{0.15 * step:.2f}"/>'
            )
        yield f'<text x="{x + 56:.0f}" y="{y + 13:.0f}">{words}</text>'
        x += wide
    yield (
        f'<rect x="{x:.0f}" y="{y:.0f}" width="22" height="14" fill="{_FILL}" fill-opacity="0.18"'
        f' stroke="{_LINE}" stroke-width="2"/>'
    )
    yield f'<text x="{x + 30:.0f}" y="{y + 13:.0f}">border</text>'
    told = "The darker a square, the more customers live there."
    yield f'<text x="16" y="{y + 33:.0f}">{told}</text>'
