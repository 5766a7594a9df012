"""Merged cells: each of them has the value of the first."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from broadcaster.audience.sheets.markup import MarkupError
from broadcaster.audience.sheets.sheet import MOST_COLUMNS, Mark

#: The most areas of merged cells.
MOST = 10_000
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


class Filler:
    """Fills merged cells while rows pass in order."""

    def __init__(self, areas: Sequence[Area]) -> None:
        """Wait for the first row."""
        self._coming = sorted(areas, reverse=True)
        self._open: list[tuple[Area, str]] = []

    def expect(self, areas: Iterable[Area]) -> None:
        """Add areas that begin in the row that comes next, or later."""
        self._coming = sorted([*self._coming, *areas], reverse=True)
        if len(self._open) + len(self._coming) > MOST:
            raise MarkupError(f"has more than {MOST} areas of merged cells")

    def fill(self, number: int, cells: list[str], marks: dict[int, int]) -> None:
        """Fill the merged cells of a row, in place."""
        if not self._open and (not self._coming or self._coming[-1].top > number):
            return
        self._open = [one for one in self._open if one[0].bottom >= number]
        while self._coming and self._coming[-1].top <= number:
            area = self._coming.pop()
            value = cells[area.left] if area.top == number and area.left < len(cells) else ""
            self._open.append((area, value))
        for area, value in self._open:
            if not value or area.right >= MOST_COLUMNS:
                continue
            cells.extend([""] * (area.right + 1 - len(cells)))
            for at in range(area.left, area.right + 1):
                if not cells[at]:
                    cells[at] = value
                    marks[at] = Mark.MERGED
