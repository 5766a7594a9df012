"""Shapes for tests of areas: simple ones, and random ones whose corners meet lines and points."""

import json
import math
import random
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from broadcaster.audience.areas.shape import Point, Polygon, Ring, Shape, steps
from broadcaster.audience.areas.validity import faults

#: Where they lie, steps of the grid.
X0, Y0 = steps(-7.6), steps(33.5)

SQUARE = [[-7.62, 33.57], [-7.60, 33.57], [-7.60, 33.59], [-7.62, 33.59], [-7.62, 33.57]]
HOLE = [[-7.615, 33.575], [-7.605, 33.575], [-7.605, 33.585], [-7.615, 33.585], [-7.615, 33.575]]
BOW = [[-7.62, 33.57], [-7.60, 33.59], [-7.60, 33.57], [-7.62, 33.59], [-7.62, 33.57]]


def text(value: Any) -> bytes:  # noqa: ANN401  (any JSON)
    """Write GeoJSON."""
    return json.dumps(value).encode()


def polygon(*rings: Sequence[Sequence[float]]) -> dict[str, Any]:
    """Make a Polygon."""
    return {"type": "Polygon", "coordinates": [[*map(list, ring)] for ring in rings]}


def feature(geometry: Any, **properties: object) -> dict[str, Any]:  # noqa: ANN401  (any JSON)
    """Make a Feature."""
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def collection(*features: Any) -> dict[str, Any]:  # noqa: ANN401  (any JSON)
    """Make a FeatureCollection."""
    return {"type": "FeatureCollection", "features": list(features)}


def star(corners: int, radius: int, rough: float, draw: random.Random) -> Ring:
    """Make a ring of many corners that is valid, around the middle."""
    points = []
    for corner in range(corners):
        angle = 2 * math.pi * corner / corners
        away = radius * (1 + rough * math.sin(5 * angle) + 0.01 * rough * draw.random())
        points.append((X0 + round(away * math.cos(angle)), Y0 + round(away * math.sin(angle))))
    return tuple(points)


def drawn(draw: random.Random) -> Shape:
    """Draw a valid shape on few coordinates: horizontal edges, touching corners, points in line.

    One to three polygons, which may overlap, some with a hole.
    """
    size = draw.choice([4, 8, 60, 2_000, 3_000_000])
    return tuple(_polygon(draw, size) for _ in range(draw.choice([1, 1, 2, 3])))


def _polygon(draw: random.Random, size: int) -> Polygon:
    while True:
        found = Polygon(_ring(draw, size))
        if any(faults((found,))):
            continue
        if draw.random() < 0.5:
            holed = Polygon(found.shell, (_ring(draw, max(3, size // 2)),))
            if not any(faults((holed,))):
                return holed
        else:
            return found


def _ring(draw: random.Random, size: int) -> Ring:
    while True:
        count = draw.randint(3, 8)
        points = [(X0 + draw.randint(0, size), Y0 + draw.randint(0, size)) for _ in range(count)]
        ring = tuple(points[0:1] + [b for a, b in pairwise(points) if a != b])
        if len(set(ring)) >= 3 and ring[0] != ring[-1]:
            return ring


def tempting(draw: random.Random, shape: Shape, count: int) -> list[Point]:
    """Give points around a shape: anywhere, on corners, on edges, and beside them."""
    rings = [ring for one in shape for ring in one.rings]
    xs = [x for ring in rings for x, _ in ring]
    ys = [y for ring in rings for _, y in ring]
    points = []
    for _ in range(count):
        ring = draw.choice(rings)
        place = draw.randrange(len(ring))
        (x1, y1), (x2, y2) = ring[place - 1], ring[place]
        parts = math.gcd(x2 - x1, y2 - y1)
        part = draw.randint(0, parts)
        on_edge = (x1 + (x2 - x1) // parts * part, y1 + (y2 - y1) // parts * part)
        points += [
            (draw.randint(min(xs) - 2, max(xs) + 2), draw.randint(min(ys) - 2, max(ys) + 2)),
            ring[place],
            on_edge,
            (on_edge[0] + draw.randint(-1, 1), on_edge[1] + draw.randint(-1, 1)),
            (draw.choice(xs), draw.choice(ys)),
        ]
    return points
