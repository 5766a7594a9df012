"""Cutting a shape into what PostgreSQL can ask without extensions: a grid of cells, and pieces.

A cell is outside, inside, or crossed by the border; then it has pieces, each what lies between two
lines and two heights, borders included. A point is in the shape exactly when its cell is inside or
one of its cell's pieces holds it. All is exact: edges stay as they are, and cells end half way
between two coordinates of the grid, so that no point and no corner lies on the end of a cell.

Within a cell only the edges that touch it matter. Between two heights at which one of them begins
or ends they keep their order from left to right, and each changes inside to outside. How it begins
left of them all is the number of edges that pass on the left of the cell.
"""

from bisect import bisect_right, insort
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from itertools import pairwise

from broadcaster.audience.areas.shape import Point, Shape, bounds, edges
from broadcaster.domain.saying import said
from broadcaster.errors import InvalidInputError

OUTSIDE, INSIDE, BORDER = 0, 1, 2

#: How many cells a grid has each way at most, and fewer for shapes of few edges; the finest that
#: keeps within the bounds below is taken.
_SIDES = (256, 128, 64, 32, 16)
_FINE, _FINER = 200, 2_000
#: Where cells are not kept, shapes of very many edges have finer ones.
_FINEST = (1024, 512)
_VERY_MANY = 20_000
_MOST_PASSING = 2_000_000
#: The most times that an edge meets a cell, and the most pieces.
_MOST_MEETINGS = 400_000
_MOST_PIECES = 600_000
#: Nearer than this the order of two edges is looked at with exact fractions, steps of the grid.
_CLOSE = 1e-3

#: An edge from its lower to its higher end: x, y, and how far it goes each way.
Line = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Piece:
    """What lies between two lines, from `low` to `high`, borders included."""

    cell: int
    low: int
    high: int
    left: Line
    right: Line


@dataclass(frozen=True, kw_only=True, slots=True)
class Grid:
    """Cells over the box of a shape, from the south-west, row by row; sizes in steps."""

    west: int
    south: int
    width: int
    height: int
    columns: int
    rows: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Cut:
    """A shape that was cut: an octet for each cell, and the pieces of those on the border."""

    grid: Grid
    cells: bytes
    pieces: Sequence[Piece]


@dataclass(slots=True)
class _Row:
    """The edges of a polygon that meet a row of cells."""

    #: For each column the edges that touch its cell.
    touching: dict[int, list[Line]] = field(default_factory=dict)
    #: Edges through the whole row by the last column that they touch.
    through: list[int] = field(default_factory=list)
    #: Others, which begin or end in the row: last column, lower and higher end.
    partly: list[tuple[int, int, int]] = field(default_factory=list)


def cut(shape: Shape) -> Cut:
    """Cut a shape without crossings; InvalidInputError when it is too intricate."""
    drawn = [[edge for ring in one.rings for edge in edges(ring)] for one in shape]
    grid = _grid([edge for one in drawn for edge in one], (), _MOST_MEETINGS)
    cells = bytearray(grid.columns * grid.rows)
    pieces: dict[int, list[Piece]] = {}
    count = 0
    for lines in drawn:
        for number, row in sorted(_meetings(lines, grid).items()):
            for cell, found in _judged(grid, number, row):
                if found is INSIDE:
                    cells[cell] = INSIDE
                elif isinstance(found, list) and cells[cell] != INSIDE:
                    cells[cell] = BORDER
                    pieces.setdefault(cell, []).extend(found)
                    count += len(found)
        if count > _MOST_PIECES:
            raise intricate()
    kept = [one for cell in sorted(pieces) if cells[cell] == BORDER for one in pieces[cell]]
    return Cut(grid=grid, cells=bytes(cells), pieces=kept)


def intricate() -> InvalidInputError:
    """Make the error for a shape that takes too long to cut."""
    problem = said("its border winds too much to be looked up fast")
    return InvalidInputError("area", problem, said("Simplify it, or import it as several areas."))


def _grid(listed: Sequence[tuple[Point, Point]], finest: Sequence[int], most: int) -> Grid:
    """Choose the cells for some edges."""
    west, south, east, north = bounds(point for edge in listed for point in edge)
    coarse = (len(listed) < _FINER) + (len(listed) < _FINE)
    for side in (*finest, *_SIDES[coarse:]):
        # One step more on each side, so that what is near the box rounds into a cell.
        width = -(-(east - west + 3) // side)
        height = -(-(north - south + 3) // side)
        met = sum(
            abs(x2 - x1) // width + abs(y2 - y1) // height + 1 for (x1, y1), (x2, y2) in listed
        )
        if met <= most:
            return Grid(
                west=west - 1,
                south=south - 1,
                width=width,
                height=height,
                columns=-(-(east - west + 3) // width),
                rows=-(-(north - south + 3) // height),
            )
    raise intricate()


def meetings_of(lines: Iterable[tuple[Point, Point]]) -> Iterator[Sequence[Line]]:
    """Group edges by the cells of a grid that they touch: those that meet share one.

    InvalidInputError when they are too intricate.
    """
    listed = list(lines)
    if listed:
        finest = _FINEST if len(listed) > _VERY_MANY else ()
        for row in _meetings(listed, _grid(listed, finest, _MOST_PASSING)).values():
            yield from row.touching.values()


def _meetings(lines: Iterable[tuple[Point, Point]], grid: Grid) -> dict[int, _Row]:
    """Find which edges meet which cells, by row; some that only come near may be among them."""
    rows: dict[int, _Row] = {}
    for (x1, y1), (x2, y2) in lines:
        upwards = (x1, y1, x2 - x1, y2 - y1) if y1 <= y2 else (x2, y2, x1 - x2, y1 - y2)
        _meet(upwards, grid, rows)
    return rows


def _meet(line: Line, grid: Grid, rows: dict[int, _Row]) -> None:
    x, y, dx, dy = line
    ends = sorted((_column(grid, x), _column(grid, x + dx)))
    first, last = (y - grid.south) // grid.height, (y + dy - grid.south) // grid.height
    for number in range(first, last + 1):
        row = rows.setdefault(number, _Row())
        bottom = grid.south + number * grid.height
        begin, end = ends
        if first != last:
            low, high = max(y, bottom - 0.5), min(y + dy, bottom + grid.height - 0.5)
            at = sorted((x + dx * (low - y) / dy, x + dx * (high - y) / dy))
            # Half a step is where cells end; a little more, for what floats leave out.
            begin = max(begin, _column(grid, at[0] - 0.01 + 0.5))
            end = min(end, _column(grid, at[1] + 0.01 + 0.5))
        for column in range(begin, end + 1):
            row.touching.setdefault(column, []).append(line)
        if first < number < last:
            row.through.append(end)
        elif dy:
            row.partly.append((end, y, y + dy))


def _column(grid: Grid, x: float) -> int:
    return int((x - grid.west) // grid.width)


def _judged(grid: Grid, number: int, row: _Row) -> Iterator[tuple[int, int | list[Piece]]]:
    """Give for each cell of a row that it is inside, or its pieces; cells outside are left out."""
    through = sorted(row.through)
    partly = sorted(row.partly)
    begins: list[int] = []
    ends: list[int] = []
    passed = 0
    bottom = grid.south + number * grid.height
    middle = 4 * bottom - 2 + 2 * grid.height
    for column in range(grid.columns):
        while passed < len(partly) and partly[passed][0] < column:
            insort(begins, 4 * partly[passed][1])
            insort(ends, 4 * partly[passed][2])
            passed += 1
        left = bisect_right(through, column - 1)
        odd = partial(_odd, left, begins, ends)
        cell = number * grid.columns + column
        if column in row.touching:
            found = _pieces(grid, cell, row.touching[column], odd)
            if found:
                yield cell, INSIDE if _whole(grid, cell, found) else found
        elif odd(middle):
            yield cell, INSIDE


def _odd(through: int, begins: list[int], ends: list[int], height: int) -> bool:
    """Tell whether an odd number of edges passes left of a cell, at a height in quarters."""
    return (through + bisect_right(begins, height) - bisect_right(ends, height)) % 2 == 1


def _whole(grid: Grid, cell: int, found: list[Piece]) -> bool:
    row, column = divmod(cell, grid.columns)
    west, south = grid.west + column * grid.width, grid.south + row * grid.height
    sides = _upright(west), _upright(west + grid.width - 1)
    return Piece(cell, south, south + grid.height - 1, *sides) in found


def _upright(x: int) -> Line:
    return x, 0, 0, 1


def _pieces(grid: Grid, cell: int, lines: list[Line], odd: "partial[bool]") -> list[Piece]:
    """Cut a cell that edges touch."""
    row, column = divmod(cell, grid.columns)
    west, south = grid.west + column * grid.width, grid.south + row * grid.height
    sides = _upright(west), _upright(west + grid.width - 1)
    # Heights in halves: cells end there.
    heights = {2 * south - 1, 2 * (south + grid.height) - 1}
    for _, y, _, dy in lines:
        heights |= {2 * end for end in (y, y + dy) if south <= end < south + grid.height}
    levels = sorted(heights)
    rising = [line for line in lines if line[3]]
    open_since: dict[tuple[Line, Line], int] = {}
    found: list[Piece] = []
    for low, high in pairwise(levels):
        spanning = [one for one in rising if 2 * one[1] <= low and 2 * (one[1] + one[3]) >= high]
        borders = [sides[0], *_ordered(spanning, low + high), sides[1]]
        inside = odd(low + high)
        gaps = {
            (borders[place], borders[place + 1])
            for place in range(len(borders) - 1)
            if inside == (place % 2 == 0)
        }
        found += [
            Piece(cell, (open_since.pop(gap) + 1) // 2, low // 2, *gap)
            for gap in [one for one in open_since if one not in gaps]
        ]
        for gap in gaps:
            open_since.setdefault(gap, low)
    found += [
        Piece(cell, (since + 1) // 2, levels[-1] // 2, *gap) for gap, since in open_since.items()
    ]
    return sorted(found, key=lambda one: (one.low, one.left, one.right))


def _ordered(lines: list[Line], height: int) -> list[Line]:
    """Order lines from left to right at a height in quarters."""
    placed = sorted((_at(line, height), line) for line in lines)
    if any(after[0] - one[0] < _CLOSE for one, after in pairwise(placed)):
        return sorted(lines, key=lambda line: (_exactly_at(line, height), line))
    return [line for _, line in placed]


def _at(line: Line, height: int) -> float:
    x, y, dx, dy = line
    return x + dx * (height / 4 - y) / dy


def _exactly_at(line: Line, height: int) -> Fraction:
    x, y, dx, dy = line
    return x + Fraction(dx * (height - 4 * y), 4 * dy)
