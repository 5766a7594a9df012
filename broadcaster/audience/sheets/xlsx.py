"""XLSX workbooks, read as a stream: memory does not grow with their rows."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NoReturn
from xml.parsers.expat import XMLParserType

from broadcaster.audience.sheets import markup
from broadcaster.audience.sheets.archive import Archive, Part
from broadcaster.audience.sheets.choosing import choose, hidden_columns, hidden_rows
from broadcaster.audience.sheets.markup import MarkupError
from broadcaster.audience.sheets.merged import MOST, Area, Filler, place, read_area
from broadcaster.audience.sheets.numbers import PLAIN, Format, written
from broadcaster.audience.sheets.sheet import MOST_COLUMNS, NO_MARKS, Mark, Remark, SheetRow, Wanted
from broadcaster.audience.sheets.source import Source
from broadcaster.audience.sheets.strings import LONGEST, SharedStrings, unescaped
from broadcaster.audience.sheets.workbook import Workbook, read_workbook
from broadcaster.errors import InvalidInputError

_SAVE = "Open it in a spreadsheet program and save it again as XLSX."
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref=["\']([^"\']{3,40})["\']')
_LONGEST_TAG = 200
_NUMBER = re.compile(r"\d{1,9}", re.ASCII)
_LETTERS = re.compile(r"[A-Z]{1,3}", re.ASCII)


class XlsxSheet:
    """The chosen sheet of a workbook; an implementation of `Sheet`."""

    ragged = True

    def __init__(self, source: Source, wanted: Wanted) -> None:
        """Read what the workbook says of itself; InvalidInputError when it can't be read."""
        self._source = source
        self._wanted = wanted
        self._strings: SharedStrings | None = None
        self._part: Part | None = None
        self._hidden_rows = 0
        self._hidden_columns: set[int] = set()
        self._hidden_used: set[int] = set()
        try:
            self._archive = Archive(source.file)
            self._book = read_workbook(self._archive)
            self._entry, self._others = choose(source, self._book.sheets, wanted)
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

    def about(self) -> Mapping[str, str]:
        """Say which sheet it is, and of which."""
        names = ", ".join(one.name for one in self._book.sheets)
        return {"format": "XLSX", "sheet": self._entry.name, "sheets": names}

    def remarks(self) -> Sequence[Remark]:
        """Say what was hidden, and which sheets are not read."""
        found = list(self._others)
        if self._hidden_used:
            found.append(hidden_columns(self._hidden_used))
        if self._hidden_rows:
            found.append(hidden_rows(self._hidden_rows))
        return found

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
            reader = _Reader(self._book, self._strings, self._hidden_columns)
            filler = Filler(self._areas)
            for row, hidden in reader.read(self._part):
                if hidden and not self._wanted.hidden:
                    self._hidden_rows += 1
                    filler.fill(row.number, list(row.cells), {})
                    continue
                yield self._finished(row, filler)
        except MarkupError as error:
            self._fail(error)

    def _finished(self, row: SheetRow, filler: Filler) -> SheetRow:
        if not self._areas and not self._hidden_columns:
            return row
        cells, marks = list(row.cells), dict(row.marks)
        filler.fill(row.number, cells, marks)
        if not self._wanted.hidden:
            for at in self._hidden_columns.intersection(range(len(cells))):
                self._hidden_used.add(at)
                cells[at] = ""
                marks.pop(at, None)
        return SheetRow(row.number, cells, marks)

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
                    raise MarkupError(f"has more than {MOST} areas of merged cells")
                # What was found is not found again: the rest begins behind it.
                last = max((one.end() for one in _MERGED.finditer(piece)), default=0)
                piece = piece[last:]
            tail = piece[-_LONGEST_TAG:]
        return found

    def _fail(self, error: MarkupError) -> NoReturn:
        raise self.fault(str(error), _SAVE) from error


class _Reader:
    """Turns the events of a sheet's XML into rows."""

    def __init__(
        self, book: Workbook, strings: SharedStrings | None, hidden_columns: set[int]
    ) -> None:
        self._formats = book.formats
        self._from_1904 = book.from_1904
        self._strings = strings
        self._hidden_columns = hidden_columns
        self._places: dict[str, int] = {}
        self._found: list[tuple[SheetRow, bool]] = []

    def read(self, part: Part) -> Iterator[tuple[SheetRow, bool]]:
        """Give rows that are not blank, and whether each is hidden; MarkupError."""
        made = markup.parser()
        self._handle(made)
        feed = markup.Feed(made)
        for block in part.blocks():
            feed(block)
            yield from self._found
            self._found.clear()
        feed.end()
        yield from self._found

    def _handle(self, made: XMLParserType) -> None:  # noqa: C901, PLR0915  (one state: the handlers share it as local variables, which is what makes them fast)
        cells: list[str] = []
        marks: dict[int, int] = {}
        pieces: list[str] = []
        number = 0
        at = -1
        length = depth = 0
        hidden = formula = valued = collecting = phonetic = False
        kind = style = ""
        found = self._found
        value_of = self._value
        place_of = self._place

        def start(name: str, attributes: dict[str, str]) -> None:
            nonlocal at, kind, style, formula, valued, collecting, phonetic, number, hidden, length
            nonlocal depth
            depth += 1
            if depth > markup.DEEPEST:
                raise markup.too_deep()
            if name == "c":
                reference = attributes.get("r")
                at = at + 1 if reference is None else place_of(reference)
                kind = attributes.get("t", "n")
                style = attributes.get("s", "")
                formula = valued = False
                pieces.clear()
                length = 0
            elif name == "v":
                collecting = valued = True
            elif name == "t":
                collecting = not phonetic
                valued = True
            elif name == "f":
                formula = True
            elif name == "row":
                cells.clear()
                marks.clear()
                at = -1
                number = self._row_number(attributes, number)
                hidden = attributes.get("hidden", "0") in ("1", "true")
            elif name == "rPh":
                phonetic = True
            elif name == "col":
                self._column(attributes)

        def text(piece: str) -> None:
            nonlocal length
            if collecting and length <= LONGEST:
                length += len(piece)
                pieces.append(piece)

        def end(name: str) -> None:
            nonlocal collecting, phonetic, depth
            depth -= 1
            if name in ("v", "t"):
                collecting = False
            elif name == "c":
                if not valued and not formula:
                    return
                said = pieces[0] if len(pieces) == 1 else "".join(pieces)
                value, mark = value_of(kind, said, style)
                if formula:
                    mark |= Mark.FORMULA if valued else Mark.NO_VALUE
                if mark:
                    marks[at] = mark
                if at == len(cells):
                    cells.append(value)
                else:
                    cells.extend([""] * (at + 1 - len(cells)))
                    cells[at] = value
            elif name == "rPh":
                phonetic = False
            elif name == "row" and (marks or any(cells)):
                noted = marks.copy() if marks else NO_MARKS
                found.append((SheetRow(number, cells.copy(), noted), hidden))

        def first(name: str, _: dict[str, str]) -> None:
            # Most writers use no prefix; where there is one, it is on every element.
            if ":" in name:
                made.StartElementHandler = lambda full, given: start(_local(full), given)
                made.EndElementHandler = lambda full: end(_local(full))
            else:
                made.StartElementHandler = start
                made.EndElementHandler = end
            made.CharacterDataHandler = text

        made.StartElementHandler = first

    def _place(self, reference: str) -> int:
        word = reference.rstrip("0123456789")
        known = self._places.get(word)
        if known is None:
            if not _LETTERS.fullmatch(word):
                raise MarkupError(f"has a cell at {reference[:20]!r}, which is no place")
            known = self._places[word] = place(word)
            if known >= MOST_COLUMNS:
                raise MarkupError(f"has more than {MOST_COLUMNS:,} columns")
        return known

    @staticmethod
    def _row_number(attributes: Mapping[str, str], before: int) -> int:
        said = attributes.get("r")
        if said is None:
            return before + 1
        number = int(said) if _NUMBER.fullmatch(said) else 0
        if number <= before:
            message = f"has its rows out of order (row {said[:20]} comes after row {before})"
            raise MarkupError(message)
        return number

    def _column(self, attributes: Mapping[str, str]) -> None:
        if attributes.get("hidden", "0") not in ("1", "true"):
            return
        try:
            first, last = int(attributes["min"]), int(attributes["max"])
        except (KeyError, ValueError) as error:
            raise MarkupError("has a column without a place") from error
        # Who hides "all the rest" hides empty columns: they hold nothing that could be left out.
        self._hidden_columns.update(range(max(first, 1) - 1, min(last, MOST_COLUMNS)))

    def _value(self, kind: str, said: str, style: str) -> tuple[str, int]:
        """Turn what a cell holds into text."""
        try:
            if kind == "s":
                if self._strings is None:
                    raise MarkupError("lacks the texts of its cells")
                return self._strings[int(said)], 0
            if kind == "n":
                if not said:
                    return "", 0
                return written(said, self._format(style), from_1904=self._from_1904)
        except (ValueError, IndexError, OverflowError) as error:
            raise MarkupError(f"has a cell with {said[:20]!r}, which is no number") from error
        if kind == "b":
            return ("true" if said == "1" else "false"), 0
        if kind == "d":
            return said.removesuffix("T00:00:00"), Mark.DATE
        return unescaped(said), 0

    def _format(self, style: str) -> Format:
        if not style or not self._formats:
            return PLAIN
        return self._formats[int(style)]


def _local(name: str) -> str:
    return name.rpartition(":")[2]
