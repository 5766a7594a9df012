"""XLSX workbooks, read as a stream: memory does not grow with their rows."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NoReturn

from broadcaster.audience.sheets.archive import Archive, Part
from broadcaster.audience.sheets.choosing import choose
from broadcaster.audience.sheets.hidden import Hidden
from broadcaster.audience.sheets.markup import MarkupError, has_text
from broadcaster.audience.sheets.merged import MOST, Area, Filler, read_area
from broadcaster.audience.sheets.sheet import Remark, SheetRow, Wanted
from broadcaster.audience.sheets.source import Source
from broadcaster.audience.sheets.strings import SharedStrings
from broadcaster.audience.sheets.workbook import SheetEntry, read_workbook
from broadcaster.audience.sheets.xlsxrows import XlsxRows
from broadcaster.domain.saying import said
from broadcaster.errors import InvalidInputError

_SAVE = said("Open it in a spreadsheet program and save it again as XLSX.")
#: No tag holds the beginning of another: so no part of a file is looked at twice.
_MERGED = re.compile(rb'<(?:\w{1,40}:)?mergeCell\s[^<>]{0,100}?ref=["\']([^"\'<>]{3,40})["\']')
_LONGEST_TAG = 200
#: Elements with what a cell holds.
_VALUES = frozenset({"v", "t"})


class XlsxSheet:
    """The chosen sheet of a workbook; an implementation of `Sheet`."""

    ragged = True

    def __init__(self, source: Source, wanted: Wanted) -> None:
        """Read what the workbook says of itself; InvalidInputError when it can't be read."""
        self._source = source
        self._strings: SharedStrings | None = None
        self._part: Part | None = None
        self._hidden = Hidden(wanted)
        try:
            self._archive = Archive(source.file)
            self._book = read_workbook(self._archive)
            self._entry, self._others = choose(source, self._book.sheets, wanted, self._filled)
            self._areas = self._merged()
        except MarkupError as error:
            self._fail(error)

    @property
    def size(self) -> int:
        """The octets of the sheet, unpacked."""
        return self._archive.size(self._entry.part)

    @property
    def position(self) -> int:
        """How many of them have been read."""
        return self._part.done if self._part else 0

    @property
    def unseen(self) -> Collection[int]:
        """The places of hidden columns that are left out."""
        return self._hidden.unseen

    def about(self) -> Mapping[str, str]:
        """Say which sheet it is, and of which."""
        names = ", ".join(one.name for one in self._book.sheets)
        return {"format": "XLSX", "sheet": self._entry.name, "sheets": names}

    def remarks(self) -> Sequence[Remark]:
        """Say what was hidden, and which sheets are not read."""
        return [*self._others, *self._hidden.remarks()]

    def fault(self, problem: str, remedy: str) -> InvalidInputError:
        """Make an error about the file."""
        return self._source.fault(problem, remedy)

    def close(self) -> None:
        """Close the file, and what was kept of its texts."""
        if self._strings:
            self._strings.close()
        self._source.close()

    def rows(self) -> Iterator[SheetRow]:
        """Give the rows; what they need of the workbook is read first."""
        try:
            if self._book.strings and self._strings is None:
                self._strings = SharedStrings.read(self._archive.stream(self._book.strings))
            self._part = self._archive.stream(self._entry.part)
            reader = XlsxRows(self._book, self._strings, self._hidden.columns)
            filler = Filler(self._areas)
            for row, hidden in reader.read(self._part):
                if self._hidden.leaves_out(hidden=hidden):
                    filler.fill(row.number, list(row.cells), {})
                    continue
                yield self._finished(row, filler)
        except MarkupError as error:
            self._fail(error)

    def _finished(self, row: SheetRow, filler: Filler) -> SheetRow:
        if not self._areas and not self._hidden.columns:
            return row
        cells, marks = list(row.cells), dict(row.marks)
        filler.fill(row.number, cells, marks)
        self._hidden.empty(cells, marks)
        return SheetRow(row.number, cells, marks)

    def _filled(self, entry: SheetEntry) -> bool:
        """Tell whether a sheet that is not read holds anything."""
        if entry.part not in self._archive.names:
            return False
        part = self._archive.stream(entry.part)
        try:
            return has_text(part, _VALUES)
        finally:
            part.close()

    def _merged(self) -> list[Area]:
        """Find the merged cells, which a sheet lists after its rows."""
        found: list[Area] = []
        tail = b""
        for block in self._archive.stream(self._entry.part).blocks():
            piece = tail + block
            if b"mergeCell" in piece:
                areas = (
                    read_area(ref.decode("ascii", "replace")) for ref in _MERGED.findall(piece)
                )
                found += [area for area in areas if area]
                if len(found) > MOST:
                    raise MarkupError(
                        said("has more than %(most)s areas of merged cells", most=MOST)
                    )
                # What was found is not found again: the rest begins behind it.
                last = max((one.end() for one in _MERGED.finditer(piece)), default=0)
                piece = piece[last:]
            tail = piece[-_LONGEST_TAG:]
        return found

    def _fail(self, error: MarkupError) -> NoReturn:
        raise self.fault(error.args[0], _SAVE) from error
