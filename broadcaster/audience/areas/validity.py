"""Whether a shape is one: rings that cross nothing, holes within their outer ring.

Rings may touch in points, their own too: what is inside is clear then. Polygons of a shape may
overlap: they are joined.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

from broadcaster.audience.areas.pieces import Line, intricate, meetings_of
from broadcaster.audience.areas.shape import (
    Point,
    Polygon,
    Ring,
    Shape,
    bounds,
    degrees,
    edges,
    turn,
    where,
)
from broadcaster.domain.saying import Saying, said

#: The most pairs of edges that are compared.
_MOST_PAIRS = 6_000_000


def faults(shape: Shape) -> Iterator[str]:
    """Give what is wrong with a shape, with its place; nothing when it is a shape."""
    for number, polygon in enumerate(shape):
        which = number + 1 if len(shape) > 1 else 0
        crossing = next(crossings(polygon), None)
        if crossing is not None:
            problem = said(
                "its border crosses itself, or runs back on itself, at %(place)s",
                place=place(crossing),
            )
            yield _of(which, problem)
            continue
        yield from (_of(which, fault) for fault in _wrong_holes(polygon))


def _of(which: int, fault: Saying) -> Saying:
    """Say which polygon of several it is; 0 is the only one."""
    if not which:
        return fault
    return said("polygon %(number)s: %(problem)s", number=which, problem=fault)


def place(point: tuple[float, float]) -> str:
    """Write a point of the grid as people do: latitude, longitude."""
    x, y = point
    return f"{degrees(round(y)):.7f}, {degrees(round(x)):.7f}"


def crossings(polygon: Polygon) -> Iterator[tuple[float, float]]:
    """Give places where edges cross, or run along each other; InvalidInputError if intricate."""
    for first, second in pairs_of(meetings_of(_all_edges(polygon))):
        if crossed(first, second):
            yield meeting(first, second)


def pairs_of(groups: Iterable[Sequence[Line]]) -> Iterator[tuple[Line, Line]]:
    """Give pairs of edges of a group whose boxes meet; InvalidInputError if there are too many."""
    listed = list(groups)
    if sum(len(lines) ** 2 for lines in listed) > 2 * _MOST_PAIRS:
        raise intricate()
    for lines in listed:
        for first, second in combinations(lines, 2):
            if _near(first, second):
                yield first, second


def _all_edges(polygon: Polygon) -> Iterator[tuple[Point, Point]]:
    for ring in polygon.rings:
        yield from edges(ring)


def turned_left(ring: Ring) -> bool:
    """Tell whether a ring goes against the clock."""
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in edges(ring)) > 0


def _near(first: Line, second: Line) -> bool:
    x, y, dx, dy = first
    u, v, du, dv = second
    if y > v + dv or v > y + dy:
        return False
    return max(min(x, x + dx), min(u, u + du)) <= min(max(x, x + dx), max(u, u + du))


def ends(line: Line) -> tuple[Point, Point]:
    """Give both ends of an edge."""
    x, y, dx, dy = line
    return (x, y), (x + dx, y + dy)


def crossed(first: Line, second: Line) -> bool:
    """Tell whether two edges cross between their ends, or have more than a point in common."""
    (a, b), (c, d) = ends(first), ends(second)
    one, other = turn(a, b, c), turn(a, b, d)
    if one == other == 0:
        return _overlap(first, second)
    if (one > 0) == (other > 0) or not one or not other:
        return False
    third, fourth = turn(c, d, a), turn(c, d, b)
    return (third > 0) != (fourth > 0) and bool(third) and bool(fourth)


def _overlap(first: Line, second: Line) -> bool:
    """Tell whether edges on one line have more than a point in common."""
    one, other = sorted(ends(first)), sorted(ends(second))
    return max(one[0], other[0]) < min(one[1], other[1])


def meeting(first: Line, second: Line) -> tuple[float, float]:
    """Give where two edges cross, or where their common run begins; of the grid, not rounded."""
    (a, b), (c, d) = ends(first), ends(second)
    one, other = turn(a, b, c), turn(a, b, d)
    if one == other:
        x, y = max(min(a, b), min(c, d))
        return float(x), float(y)
    # In whole numbers as far as can be: coordinates are long, and differences short.
    return (
        c[0] + (d[0] - c[0]) * one / (one - other),
        c[1] + (d[1] - c[1]) * one / (one - other),
    )


def _wrong_holes(polygon: Polygon) -> Iterator[Saying]:
    boxes = [bounds(hole) for hole in polygon.holes]
    for number, hole in enumerate(polygon.holes):
        if side(hole, polygon.shell) < 0:
            yield said(
                "hole %(number)s lies outside its outer ring, at %(place)s",
                number=number + 1,
                place=place(hole[0]),
            )
    for one, other in _nested(boxes):
        if side(polygon.holes[one], polygon.holes[other]) > 0:
            yield said(
                "hole %(number)s lies in hole %(other)s, at %(place)s",
                number=one + 1,
                other=other + 1,
                place=place(polygon.holes[one][0]),
            )


def _nested(boxes: Sequence[tuple[int, int, int, int]]) -> Iterator[tuple[int, int]]:
    """Give pairs of boxes of which the first lies in the second."""
    order = sorted(range(len(boxes)), key=lambda one: boxes[one][0])
    for place_, outer in enumerate(order):
        _, south, east, north = boxes[outer]
        for inner in order[place_ + 1 :]:
            if boxes[inner][0] > east:
                break
            if boxes[inner][1] >= south and boxes[inner][2] <= east and boxes[inner][3] <= north:
                yield inner, outer
            if boxes[inner] == boxes[outer]:
                yield outer, inner


def side(inner: Ring, outer: Ring) -> int:
    """Tell whether a ring that crosses another one nowhere lies in it (1) or outside (-1)."""
    for x, y in inner:
        found = where(outer, x, y)
        if found:
            return found
    # All its corners are on the other ring: the middle of an edge may be apart from it.
    doubled = tuple((2 * x, 2 * y) for x, y in outer)
    for (x1, y1), (x2, y2) in edges(inner):
        found = where(doubled, x1 + x2, y1 + y2)
        if found:
            return found
    return 1
