"""A table that is being read: its header, and what came of each row."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self

from broadcaster.audience import cells, columns
from broadcaster.audience.attributes import Catalogue
from broadcaster.audience.cells import LONGEST_CELL, CellError
from broadcaster.audience.draft import NO_FAULTS, NO_MARKS, Finding, Row, refused
from broadcaster.audience.households import Households
from broadcaster.audience.mapping import ColumnMapping
from broadcaster.audience.memo import Memo
from broadcaster.audience.seen import Seen
from broadcaster.audience.sheets.sheet import MOST_ROWS, LeftOut, Remark, Sheet, SheetRow, letters
from broadcaster.audience.translation import NUMBER, padded, translation
from broadcaster.domain.saying import said
from broadcaster.errors import InvalidInputError

_TOLD_COLUMNS = 200

ReadRow = Callable[[int, Mapping[str, str], Mapping[str, int], Mapping[str, CellError]], Row]


class Reading:
    """A context manager and an iterator over the rows of a table."""

    def __init__(
        self,
        sheet: Sheet,
        read: ReadRow,
        catalogue: Catalogue,
        mapping: ColumnMapping | None = None,
    ) -> None:
        """Read the header; the sheet is closed when it can't be used."""
        self._sheet = sheet
        self._read = read
        self._catalogue = catalogue
        try:
            self._rows = sheet.rows()
            first = next(self._rows, SheetRow(1, (), {}))
            self._header_row, self.heads = first.number, first.cells
            self.header = columns.read_header(first.cells, catalogue, mapping)
            self._refuse_unseen()
        except InvalidInputError as error:
            sheet.close()
            if error.field != "header":
                raise
            raise sheet.fault(error.problem, error.remedy) from error
        except BaseException:
            sheet.close()
            raise
        self._named = tuple(self.header.places.items())
        self._by_place = {place: name for name, place in self._named}
        self._translations: list[tuple[str, Memo[str]]] = []
        for name in self.header.places:
            use = self.header.uses.get(name)
            found = translation(name, use, catalogue, typed=sheet.ragged)
            if found:
                self._translations.append((name, Memo(found)))
        numbered = self.header.uses.get(NUMBER)
        self._width = numbered.width if numbered else 0
        self._nameless = [at for at, cell in enumerate(self.heads) if not columns.heading(cell)]
        self._nameless_used: set[int] = set()
        self._households = Households()

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self._sheet.close()

    @property
    def size(self) -> int:
        """How much there is to read, in the unit of `position`."""
        return self._sheet.size

    @property
    def position(self) -> int:
        """How much has been read."""
        return self._sheet.position

    def about(self) -> Mapping[str, str]:
        """Say how the file is written: format, encoding and how sure, separator, sheet, sheets."""
        return self._sheet.about()

    def header_findings(self) -> Sequence[Finding]:
        """List the columns that are not known and are left out."""
        return [
            self._told(name, said("is no known column, and was left out"), self._suggested(name))
            for name in list(self.header.unknown)[:_TOLD_COLUMNS]
        ]

    def closing_findings(self) -> Sequence[Finding]:
        """Say what else was left out of the file; complete only after the last row."""
        found = [self._told(one.column, one.problem, one.remedy) for one in self._sheet.remarks()]
        found += self._households.findings(self._header_row)
        for at in sorted(self._nameless_used)[:_TOLD_COLUMNS]:
            problem = said("has no heading, and was left out")
            found.append(self._told(letters(at), problem, said("Head it, if it is wanted.")))
        return found

    def unread(self) -> Sequence[Remark]:
        """Say where more customers may be, in rows and sheets that were left out.

        Complete only after the last row.
        """
        places = (LeftOut.ROWS, LeftOut.SHEETS)
        return [one for one in self._sheet.remarks() if one.left in places]

    def __iter__(self) -> Iterator[Row]:
        """Give what came of each row; InvalidInputError when the file itself is broken."""
        seen = Seen()
        first = self._header_row
        for row in self._rows:
            if row.number - first > MOST_ROWS:
                problem = said("has more than %(most)s rows", most=MOST_ROWS)
                raise self._sheet.fault(problem, said("Divide it into several files."))
            read = self._once(self._one(row), seen)
            if read.record and read.record.household:
                self._households.add(read.record.household)
            yield read

    def _one(self, row: SheetRow) -> Row:
        texts = row.cells
        if len(texts) != self.header.width:
            misshapen = self._misshapen(row)
            if misshapen:
                return misshapen
            texts = [*texts, *[""] * (self.header.width - len(texts))]
        values = {name: texts[place] for name, place in self._named}
        # One look at all cells together; only where something is odd they are looked at singly.
        joined = "".join(values.values())
        if not joined.isprintable() or len(joined) > LONGEST_CELL:
            unread = self._unread(row, values)
            if unread:
                return unread
        for at in self._nameless:
            if texts[at]:
                self._nameless_used.add(at)
        faults = self._translate(values)
        marks = self._marks(row) if row.marks else NO_MARKS
        found = self._read(row.number, values, marks, faults)
        return _widened(found, self._width) if self._width else found

    def _translate(self, values: dict[str, str]) -> Mapping[str, CellError]:
        """Translate cells in place; give what is wrong with those that can't be."""
        faults: dict[str, CellError] = {}
        for name, translated in self._translations:
            if values[name]:
                try:
                    values[name] = translated[values[name]]
                except CellError as error:
                    faults[name] = error
        return faults or NO_FAULTS

    def _misshapen(self, row: SheetRow) -> Row | None:
        """Refuse a row that is not as long as the header, or that has a value beyond it."""
        texts, width = row.cells, self.header.width
        if not self._sheet.ragged:
            problem = said(
                "has %(texts)s cells, and the header has %(width)s", texts=len(texts), width=width
            )
            return refused(row.number, "", "", problem, said("Quote cells that hold separators."))
        value = next(filter(None, texts[width:]), None)
        if value is None:
            return None
        at = texts.index(value, width)
        problem = said(
            "has a value in column %(letters)s, right of the header", letters=letters(at)
        )
        return refused(row.number, letters(at), texts[at], problem, said("Head the column."))

    def _refuse_unseen(self) -> None:
        """Refuse a mapping that wants, by its place, a column that can't be seen."""
        for name, place in self.header.places.items():
            if place in self._sheet.unseen:
                problem = said(
                    "column %(letters)s, which is %(name)s, is hidden",
                    letters=letters(place),
                    name=name,
                )
                raise InvalidInputError(
                    "header", problem, said("Show it, or import with --hidden.")
                )

    @staticmethod
    def _unread(row: SheetRow, values: Mapping[str, str]) -> Row | None:
        """Refuse a row that has what no cell may have, in a column that is used."""
        for name, cell in values.items():
            fault = cells.unreadable(cell)
            if fault:
                remedy = said("Remove it, or shorten the cell.")
                return refused(row.number, name, cell, fault, remedy)
        return None

    def _marks(self, row: SheetRow) -> Mapping[str, int]:
        known = self._by_place
        return {known[at]: mark for at, mark in row.marks.items() if at in known}

    @staticmethod
    def _once(row: Row, seen: Seen) -> Row:
        if row.record is None or seen.add(row.record.number):
            return row
        number = row.record.number
        problem = said("stands in an earlier row already")
        again = refused(row.number, "number", number, problem, said("Keep one row a customer."))
        return Row(number=row.number, record=None, findings=again.findings, named=number)

    def _suggested(self, name: str) -> str:
        return columns.nearest(name, self._catalogue, self.header.places)

    def _told(self, column: str, problem: str, remedy: str) -> Finding:
        return Finding(
            row=self._header_row,
            column=column,
            value=column,
            problem=problem,
            remedy=remedy,
            refused=False,
        )


def _widened(row: Row, width: int) -> Row:
    """Pad the customer's number, which has been repaired by now."""
    if row.named is None:
        return row
    named = padded(row.named, width)
    record = replace(row.record, number=named) if row.record else None
    findings = [
        replace(one, stored=named) if one.column == NUMBER and one.stored == row.named else one
        for one in row.findings
    ]
    return replace(row, record=record, named=named, findings=findings)
