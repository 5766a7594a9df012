"""Mending a polygon whose border crosses itself: what is inside is decided, and drawn anew.

Inside is what the outer ring goes around, however often, and no hole does: who is in doubt is told.
Edges are cut
where they meet, at the nearest point of the grid (a centimetre), which may make new meetings; so it
is done again until there are none. Then every edge with inside on one side alone is a border.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cmp_to_key, partial

from broadcaster.audience.areas.pieces import intricate, meetings_of
from broadcaster.audience.areas.shape import Point, Polygon, Ring, Shape, edges, ring_km, turn
from broadcaster.audience.areas.validity import ends, faults, meeting, pairs_of, side, turned_left
from broadcaster.domain.saying import said
from broadcaster.errors import InvalidInputError

#: How often edges are cut before it is given up; two or three times are usual.
_ROUNDS = 20
#: The most corners of a polygon that is mended.
_MOST_VERTICES = 20_000
#: The most edges that are cut at once; a drawing by hand has a few places to mend.
_MOST_CUTS = 10_000

Edge = tuple[Point, Point]
#: Edges from the lesser to the greater point, each with how often every ring goes along it: 32 bits
#: of a number for each ring, negative against the direction of the edge. There and back is none.
Marked = dict[Edge, int]
_BITS = 32
#: The lower and the higher end of an edge, and its rings.
Rising = tuple[Point, Point, int]


def mended(shape: Shape) -> Shape:
    """Give the shape without crossings and without holes that lie elsewhere.

    InvalidInputError when nothing is left, or when it is too intricate.
    """
    polygons: list[Polygon] = []
    for polygon in shape:
        polygons += _mended(polygon) if any(faults((polygon,))) else [polygon]
    if not polygons:
        remedy = said("Draw it again: its border encloses nothing.")
        raise InvalidInputError("area", said("nothing is left of it when mended"), remedy)
    return tuple(polygons)


def _mended(polygon: Polygon) -> list[Polygon]:
    if sum(map(len, polygon.rings)) > _MOST_VERTICES:
        raise intricate()
    marked: Marked = defaultdict(int)
    for number, ring in enumerate(polygon.rings):
        for first, second in edges(ring):
            _mark(marked, first, second, 1 << _BITS * number)
    for _ in range(_ROUNDS):
        cuts = _cuts(marked)
        if not cuts:
            return _assembled(_borders({edge: mark for edge, mark in marked.items() if mark}))
        marked = _divided(marked, cuts)
    raise intricate()


def _mark(marked: Marked, first: Point, second: Point, mark: int) -> None:
    """Note that rings go from one point to another."""
    if first < second:
        marked[first, second] += mark
    elif second < first:
        marked[second, first] -= mark


def _cuts(marked: Marked) -> Mapping[Edge, set[Point]]:
    """Find where edges are to be cut."""
    cuts: dict[Edge, set[Point]] = defaultdict(set)
    for first, second in pairs_of(meetings_of(edge for edge, mark in marked.items() if mark)):
        if len(cuts) > _MOST_CUTS:
            raise intricate()
        one, other = _edge(ends(first)), _edge(ends(second))
        a, b = one
        c, d = other
        sides = turn(a, b, c), turn(a, b, d), turn(c, d, a), turn(c, d, b)
        # An end that lies on the other edge cuts it, whether they cross, touch or run together.
        for point, on, whole in ((c, sides[0], one), (d, sides[1], one)):
            if not on and point not in whole and whole[0] < point < whole[1]:
                cuts[whole].add(point)
        for point, on, whole in ((a, sides[2], other), (b, sides[3], other)):
            if not on and point not in whole and whole[0] < point < whole[1]:
                cuts[whole].add(point)
        if all(sides) and (sides[0] > 0) != (sides[1] > 0) and (sides[2] > 0) != (sides[3] > 0):
            x, y = meeting(first, second)
            at = round(x), round(y)
            for whole in (one, other):
                if at not in whole:
                    cuts[whole].add(at)
    return cuts


def _edge(points: tuple[Point, Point]) -> Edge:
    first, second = sorted(points)
    return first, second


def _divided(marked: Marked, cuts: Mapping[Edge, set[Point]]) -> Marked:
    divided: Marked = defaultdict(int)
    for edge, mark in marked.items():
        # Points beside the edge by less than a step keep their order along it.
        (x, y), (u, v) = edge
        along = sorted(
            cuts.get(edge, ()), key=lambda one: (one[0] - x) * (u - x) + (one[1] - y) * (v - y)
        )
        before = edge[0]
        for point in (*along, edge[1]):
            _mark(divided, before, point, mark)
            before = point
    return divided


def _borders(marked: Marked) -> list[Edge]:
    """Give the edges with inside on one side alone, in the direction that has it on the left."""
    found: list[Edge] = []
    for (first, second), left, right in _sides(marked):
        if left != right and first[1] != second[1]:
            found.append((first, second) if left else (second, first))
    lying: Marked = defaultdict(int)
    for ((x, y), (u, v)), mark in marked.items():
        _mark(lying, (y, x), (v, u), mark)
    for (first, second), below, above in _sides(lying):
        if below != above and first[0] == second[0]:
            one, other = (first[1], first[0]), (second[1], second[0])
            found.append((one, other) if above else (other, one))
    return found


def _sides(marked: Mapping[Edge, int]) -> Iterator[tuple[Edge, bool, bool]]:
    """Give the edges that do not lie flat, upwards, and whether inside is left and right of them.

    A line goes upwards over the edges; those that it meets stand in a list from left to right.
    """
    rising: list[Rising] = [
        (first, second, mark) if first[1] < second[1] else (second, first, -mark)
        for (first, second), mark in marked.items()
        if first[1] != second[1]
    ]
    rising.sort(key=lambda one: (one[0][1], one[0][0]))
    active: list[Rising] = []
    place = 0
    while place < len(rising):
        height = rising[place][0][1]
        active = [one for one in active if one[1][1] > height]
        begun = set()
        while place < len(rising) and rising[place][0][1] == height:
            one = rising[place]
            active.insert(bisect_left(active, 1, key=partial(_right_of, one)), one)
            begun.add(one)
            place += 1
        state = 0
        for one in active:
            first, second, mark = one
            if one in begun:
                yield (first, second), _inside(state), _inside(state + mark)
            state += mark


def _right_of(new: Rising, other: Rising) -> int:
    """Tell whether an edge of the list lies right of a new one."""
    found = turn(other[0], other[1], new[0]) or turn(other[0], other[1], new[1])
    return int(found > 0)


def _inside(turns: int) -> bool:
    """Tell whether the outer ring goes around, and no other one: that would be a greater number."""
    return 0 < abs(turns) < 1 << _BITS - 1


def _assembled(borders: Iterable[Edge]) -> list[Polygon]:
    """Join borders to rings, and rings to polygons."""
    leaving: dict[Point, list[Point]] = defaultdict(list)
    for first, second in borders:
        leaving[first].append(second)
    shells: list[Ring] = []
    hollow: list[Ring] = []
    while leaving:
        ring = _straight(_ring(leaving))
        if len(ring) >= 3:  # noqa: PLR2004  (a triangle)
            (shells if turned_left(ring) else hollow).append(ring)
    holes: dict[int, list[Ring]] = defaultdict(list)
    by_size = sorted(range(len(shells)), key=lambda one: ring_km(shells[one]))
    for hole in hollow:
        around = next((one for one in by_size if side(hole, shells[one]) > 0), None)
        if around is not None:
            holes[around].append(hole)
    return [Polygon(shell, tuple(holes[number])) for number, shell in enumerate(shells)]


def _ring(leaving: dict[Point, list[Point]]) -> Ring:
    """Follow borders, and take them away, until the beginning is reached again."""
    first = next(iter(leaving))
    before, point = first, _take(leaving, first, leaving[first][0])
    ring = [point]
    while point != first:
        before, point = point, _take(leaving, point, _next(before, point, leaving[point]))
        ring.append(point)
    return tuple(ring)


def _take(leaving: dict[Point, list[Point]], point: Point, onward: Point) -> Point:
    leaving[point].remove(onward)
    if not leaving[point]:
        del leaving[point]
    return onward


def _next(before: Point, point: Point, ways: list[Point]) -> Point:
    """Choose the way on that has nothing but inside between it and where we came from."""
    if len(ways) == 1:
        return ways[0]

    def half(way: Point) -> int:
        found = turn(point, before, way)
        return 0 if found < 0 else 1

    def compared(one: Point, other: Point) -> int:
        if half(one) != half(other):
            return half(one) - half(other)
        found = turn(point, one, other)
        return 1 if found > 0 else -1 if found < 0 else 0

    return min(ways, key=cmp_to_key(compared))


def _straight(ring: Ring) -> Ring:
    """Leave out corners that are none."""
    kept = list(ring)
    place = 0
    while place < len(kept) and len(kept) > 2:  # noqa: PLR2004  (a triangle)
        before, after = kept[place - 1], kept[(place + 1) % len(kept)]
        if turn(before, kept[place], after) == 0:
            del kept[place]
            place = max(0, place - 1)
        else:
            place += 1
    return tuple(kept)
