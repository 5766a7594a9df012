"""Merged cells: each of them has the value of the first."""

import re
from bisect import bisect
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from broadcaster.audience.sheets.markup import MarkupError
from broadcaster.audience.sheets.sheet import MOST_COLUMNS, Mark
from broadcaster.domain.saying import Figure, said

#: The most areas of merged cells.
MOST = 10_000
#: The most cells that are filled, of all rows together.
MOST_FILLED = 20_000_000
_AREA = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7}):\$?([A-Z]{1,3})\$?(\d{1,7})", re.ASCII)


class Area(NamedTuple):
    """Merged cells: rows from 1, places of columns from 0, the last ones included."""

    top: int
    left: int
    bottom: int
    right: int


def read_area(reference: str) -> Area | None:
    """Read `B2:C5`; None for anything else."""
    found = _AREA.fullmatch(reference)
    if not found:
        return None
    return Area(int(found[2]), place(found[1]), int(found[4]), place(found[3]))


def place(letters: str) -> int:
    """Give the place of a column from its letters; `A` is 0."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


class _Open(NamedTuple):
    """Merged cells that the present row may have a part of."""

    left: int
    right: int
    bottom: int
    value: str

    def __repr__(self) -> str:
        """Hide the value."""
        return f"_Open({self.left}, {self.right}, {self.bottom})"


class Filler:
    """Fills merged cells while rows pass in order; MarkupError when areas overlap."""

    def __init__(self, areas: Sequence[Area]) -> None:
        """Wait for the first row."""
        self._coming = sorted(areas, reverse=True)
        # From left to right.
        self._open: list[_Open] = []
        self._filled = 0

    def expect(self, areas: Iterable[Area]) -> None:
        """Add areas that begin in the row that comes next, or later."""
        self._coming = sorted([*self._coming, *areas], reverse=True)
        if len(self._open) + len(self._coming) > MOST:
            raise MarkupError(said("has more than %(most)s areas of merged cells", most=MOST))

    def fill(self, number: int, cells: list[str], marks: dict[int, int]) -> None:
        """Fill the merged cells of a row, in place."""
        if not self._open and (not self._coming or self._coming[-1].top > number):
            return
        self._open = [one for one in self._open if one.bottom >= number]
        while self._coming and self._coming[-1].top <= number:
            area = self._coming.pop()
            if area.bottom >= number and area.left <= area.right < MOST_COLUMNS:
                value = cells[area.left] if area.top == number and area.left < len(cells) else ""
                self._begin(_Open(area.left, area.right, area.bottom, value))
        for one in self._open:
            # Those without a value cost a look.
            self._filled += one.right + 1 - one.left if one.value else 1
            if self._filled > MOST_FILLED:
                raise MarkupError(
                    said(
                        "has more than %(most)s merged cells",
                        most=Figure(MOST_FILLED),
                    )
                )
            if one.value:
                _fill(one, cells, marks)

    def _begin(self, area: _Open) -> None:
        at = bisect(self._open, area)
        before = at and self._open[at - 1].right >= area.left
        behind = at < len(self._open) and self._open[at].left <= area.right
        if before or behind:
            raise MarkupError(said("has areas of merged cells that overlap"))
        self._open.insert(at, area)


def _fill(area: _Open, cells: list[str], marks: dict[int, int]) -> None:
    cells.extend([""] * (area.right + 1 - len(cells)))
    for at in range(area.left, area.right + 1):
        if not cells[at]:
            cells[at] = area.value
            marks[at] = Mark.MERGED
