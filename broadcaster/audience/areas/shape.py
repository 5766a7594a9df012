"""Polygons on a grid of 1e-7 degree (about a centimetre), and the pure rule of what is in them.

A coordinate is a whole number of that grid, so every comparison is exact, here and in SQL: products
of two differences stay below 2**63. A point on a border is inside, on the border of a hole too.
Polygons of one shape are joined: a point is in the shape when it is in any of them.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

#: How many steps of the grid a degree has.
UNIT = 10_000_000

#: The radius of the sphere that has the Earth's surface, kilometres.
_AUTHALIC_KM = 6371.0072

Point = tuple[int, int]
#: A closed ring, with its first point written once.
Ring = tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Polygon:
    """An outer ring and the holes in it."""

    shell: Ring
    holes: tuple[Ring, ...] = ()

    @property
    def rings(self) -> tuple[Ring, ...]:
        """The outer ring and then the holes."""
        return (self.shell, *self.holes)


Shape = tuple[Polygon, ...]


def steps(degrees: float) -> int:
    """Give the nearest coordinate of the grid; a half goes to the even one, as in PostgreSQL."""
    return round(degrees * UNIT)


def degrees(coordinate: int) -> float:
    """Give a coordinate of the grid in degrees."""
    return coordinate / UNIT


def edges(ring: Ring) -> Iterator[tuple[Point, Point]]:
    """Give the edges of a ring in order."""
    before = ring[-1]
    for point in ring:
        yield before, point
        before = point


def vertices(shape: Shape) -> int:
    """Count the points of all rings."""
    return sum(len(ring) for polygon in shape for ring in polygon.rings)


def bounds(points: Iterable[Point]) -> tuple[int, int, int, int]:
    """Give west, south, east and north of some points."""
    listed = list(points)
    xs, ys = [x for x, _ in listed], [y for _, y in listed]
    return min(xs), min(ys), max(xs), max(ys)


def box(shape: Shape) -> tuple[int, int, int, int]:
    """Give west, south, east and north of a shape."""
    return bounds(point for polygon in shape for point in polygon.shell)


def turn(first: Point, second: Point, third: Point) -> int:
    """Tell on which side of a line a point lies: positive left of it, 0 on it."""
    return (second[0] - first[0]) * (third[1] - first[1]) - (second[1] - first[1]) * (
        third[0] - first[0]
    )


def contains(shape: Shape, x: int, y: int) -> bool:
    """Tell whether a point is in a shape or on its border."""
    return any(_in_polygon(polygon, x, y) for polygon in shape)


def _in_polygon(polygon: Polygon, x: int, y: int) -> bool:
    odd = False
    for ring in polygon.rings:
        found = where(ring, x, y)
        if found == 0:
            return True
        odd ^= found > 0
    return odd


def where(ring: Ring, x: int, y: int) -> int:
    """Tell whether a point is inside a ring (1), on it (0) or outside (-1); crossings are counted.

    Crossings to the right of the point; an edge counts with its lower end and without its upper
    one, so that a ray through a corner counts it once or twice, as it should be.
    """
    odd = False
    x1, y1 = ring[-1]
    for x2, y2 in ring:
        if (y1 <= y) != (y2 <= y):
            side = (x2 - x1) * (y - y1) - (x - x1) * (y2 - y1)
            if side == 0:
                return 0
            odd ^= (side > 0) == (y2 > y1)
        elif y1 == y2 == y:
            if x1 <= x <= x2 or x2 <= x <= x1:
                return 0
        elif (x1, y1) == (x, y) or (x2, y2) == (x, y):
            return 0
        x1, y1 = x2, y2
    return 1 if odd else -1


def square_km(shape: Shape) -> float:
    """Reckon the surface, on the sphere of the Earth's surface; within 0.5 % of the ellipsoid's."""
    return sum(ring_km(polygon.shell) - sum(map(ring_km, polygon.holes)) for polygon in shape)


def ring_km(ring: Ring) -> float:
    """Reckon the surface within a ring, square kilometres."""
    return abs(_signed_km(ring))


def _signed_km(ring: Sequence[Point]) -> float:
    total = 0.0
    for (x1, y1), (x2, y2) in edges(tuple(ring)):
        width = math.radians(degrees(x2 - x1))
        total += width * (math.sin(math.radians(degrees(y1))) + math.sin(math.radians(degrees(y2))))
    return -total / 2 * _AUTHALIC_KM**2
