"""The hidden rows and columns of a workbook's sheet: left out, counted and told of."""

from collections.abc import Collection, Iterator

from broadcaster.audience.sheets.choosing import hidden_columns, hidden_rows
from broadcaster.audience.sheets.sheet import Remark, Wanted


class Hidden:
    """What of a sheet is hidden; nothing is left out where that is wanted too."""

    def __init__(self, wanted: Wanted) -> None:
        """Nothing was found yet; a reader puts the places of hidden columns into `columns`."""
        self.columns: set[int] = set()
        self._shown = wanted.hidden
        self._rows = 0
        self._used: set[int] = set()

    @property
    def unseen(self) -> Collection[int]:
        """The places of hidden columns that are left out."""
        return () if self._shown else self.columns

    def leaves_out(self, *, hidden: bool) -> bool:
        """Tell whether a row is left out, and count it then."""
        left_out = hidden and not self._shown
        self._rows += left_out
        return left_out

    def empty(self, cells: list[str], marks: dict[int, int]) -> None:
        """Empty the cells of hidden columns, in place."""
        if self._shown or not self.columns:
            return
        for at in self.columns.intersection(range(len(cells))):
            self._used.add(at)
            cells[at] = ""
            marks.pop(at, None)

    def remarks(self) -> Iterator[Remark]:
        """Say what was left out; complete only after the last row."""
        if self._used:
            yield hidden_columns(self._used)
        if self._rows:
            yield hidden_rows(self._rows)
