"""From the XML of an ODS sheet to rows.

Repeated rows and columns are written once with a count, and a sheet ends in a million empty ones:
empty ones cost nothing here, and others are bounded.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from broadcaster.audience.sheets import markup
from broadcaster.audience.sheets.archive import Part
from broadcaster.audience.sheets.markup import MarkupError
from broadcaster.audience.sheets.numbers import PLAIN, Format, Shown, written
from broadcaster.audience.sheets.sheet import MOST_COLUMNS, Mark, SheetRow, letters
from broadcaster.audience.sheets.strings import LONGEST
from broadcaster.domain.saying import Figure, said

#: A row that holds something may be repeated so often.
_MOST_REPEATED = 1_000
_MOST_ROWS = 2**31
_NUMBERS = frozenset({"float", "currency"})
_NUMBER = re.compile(r"\d{1,9}", re.ASCII)
_CELLS = frozenset({"table:table-cell", "table:covered-table-cell"})
#: For merged cells: place of the first, columns and rows beyond it.
Span = tuple[int, int, int]
#: Cells beside each other that hold the same: place of the first, how many, text, mark.
_Run = tuple[int, int, str, int]


class OdsRows:
    """Turns the events of the file's XML into the rows of one sheet."""

    def __init__(self, place: int) -> None:
        """Look for the sheet at a place, from 0."""
        self._place = place
        self._sheet = -1
        self._depth = 0
        self._found: list[tuple[range, Sequence[_Run], Sequence[Span], bool]] = []
        self.hidden_columns: set[int] = set()
        self._column = 0
        self._next = 1
        self._begin_row({})
        self._begin_cell({}, covered=False)
        self._skipped = 0

    def read(self, part: Part) -> Iterator[tuple[SheetRow, Sequence[Span], bool]]:
        """Give rows that are not blank, their merged cells, and whether each is hidden."""
        made = markup.parser()
        made.StartElementHandler = self._start
        made.EndElementHandler = self._end
        made.CharacterDataHandler = self._text
        feed = markup.Feed(made)
        for block in part.blocks():
            feed(block)
            yield from self._taken()
            if self._sheet > self._place:
                return
        feed.end()
        yield from self._taken()

    def _taken(self) -> Iterator[tuple[SheetRow, Sequence[Span], bool]]:
        """Give what was found, written out one by one: all of a block at once may fill memory."""
        for numbers, runs, spans, hidden in self._found:
            for number in numbers:
                cells, marks = _written_out(runs)
                yield SheetRow(number, cells, marks), spans, hidden
        self._found.clear()

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "table:table":
            # A table inside a cell is no sheet.
            self._depth += 1
            self._sheet += self._depth == 1
            return
        if self._sheet != self._place or self._depth != 1:
            return
        if name in _CELLS:
            self._begin_cell(attributes, covered=name == "table:covered-table-cell")
        elif name == "text:p":
            self._paragraph()
        elif name == "table:table-row":
            self._begin_row(attributes)
        elif name == "office:annotation":
            self._skipped += 1
        elif name == "table:table-column":
            self._declare_column(attributes)
        elif name == "text:s":
            self._text(" " * min(_count(attributes, "text:c"), LONGEST))
        elif name in ("text:tab", "text:line-break"):
            self._text("\t" if name == "text:tab" else "\n")

    def _end(self, name: str) -> None:
        if name == "table:table":
            self._depth -= 1
            return
        if self._sheet != self._place or self._depth != 1:
            return
        if name in _CELLS:
            self._end_cell()
        elif name == "table:table-row":
            self._end_row()
        elif name == "text:p":
            self._inside = False
        elif name == "office:annotation":
            self._skipped -= 1

    def _text(self, piece: str) -> None:
        if self._inside and not self._skipped and self._length <= LONGEST:
            self._length += len(piece)
            self._pieces.append(piece)

    def _paragraph(self) -> None:
        if self._skipped:
            return
        self._inside = True
        if self._paragraphs:
            self._text("\n")
        self._paragraphs += 1

    def _declare_column(self, attributes: Mapping[str, str]) -> None:
        count = min(_count(attributes, "table:number-columns-repeated"), MOST_COLUMNS)
        if attributes.get("table:visibility", "visible") != "visible":
            last = min(self._column + count, MOST_COLUMNS)
            self.hidden_columns.update(range(self._column, last))
        self._column = min(self._column + count, MOST_COLUMNS)

    def _begin_row(self, attributes: Mapping[str, str]) -> None:
        self._runs: list[_Run] = []
        self._spans: list[Span] = []
        self._at = 0
        self._repeated = _count(attributes, "table:number-rows-repeated")
        self._hidden = attributes.get("table:visibility", "visible") != "visible"

    def _end_row(self) -> None:
        first = self._next
        self._next = min(first + self._repeated, _MOST_ROWS)
        if not self._runs:
            return
        if self._repeated > _MOST_REPEATED:
            message = said(
                "repeats its row %(row)s %(repeated)s times",
                row=first,
                repeated=Figure(self._repeated),
            )
            raise MarkupError(message)
        numbers = range(first, self._next)
        self._found.append((numbers, self._runs, self._spans, self._hidden))

    def _begin_cell(self, attributes: Mapping[str, str], *, covered: bool) -> None:
        self._attributes = attributes
        self._covered = covered
        self._pieces: list[str] = []
        self._length = self._paragraphs = 0
        self._inside = False

    def _end_cell(self) -> None:
        given = self._attributes
        count = min(_count(given, "table:number-columns-repeated"), MOST_COLUMNS)
        value, mark = ("", 0) if self._covered else self._value()
        if value or mark:
            if self._at + count > MOST_COLUMNS:
                raise MarkupError(said("has more than %(most)s columns", most=Figure(MOST_COLUMNS)))
            self._runs.append((self._at, count, value, mark))
            right = _count(given, "table:number-columns-spanned") - 1
            down = _count(given, "table:number-rows-spanned") - 1
            if right or down:
                self._spans.append((self._at, right, down))
        self._at = min(self._at + count, MOST_COLUMNS)

    def _value(self) -> tuple[str, int]:
        given = self._attributes
        kind = given.get("office:value-type", "")
        shown = "".join(self._pieces)
        value, mark = self._typed(kind, shown)
        if "table:formula" in given:
            mark |= Mark.FORMULA if kind or shown else Mark.NO_VALUE
        return value, mark

    def _typed(self, kind: str, shown: str) -> tuple[str, int]:
        given = self._attributes
        if kind in _NUMBERS or kind == "percentage":
            how = Format(Shown.PERCENT) if kind == "percentage" else PLAIN
            raw = given.get("office:value", "")
            try:
                value, mark = written(raw, how)
            except (ValueError, OverflowError):
                # What stands there may be anybody's.
                where = f"{letters(self._at)}{self._next}"
                raise MarkupError(
                    said("has no number in cell %(where)s, where one belongs", where=where)
                ) from None
            # Zeros in front are the work of a format, and what people take for the value.
            padded = shown.isascii() and shown.isdigit() and shown.lstrip("0") == value
            return (shown if padded else value), mark
        if kind == "date":
            return given.get("office:date-value", "").removesuffix("T00:00:00"), Mark.DATE
        if kind == "time":
            return given.get("office:time-value", ""), Mark.DATE
        if kind == "boolean":
            return given.get("office:boolean-value", ""), 0
        return given.get("office:string-value", shown) if kind == "string" else shown, 0


def _written_out(runs: Sequence[_Run]) -> tuple[list[str], dict[int, int]]:
    cells: list[str] = []
    marks: dict[int, int] = {}
    for at, count, value, mark in runs:
        if at > len(cells):
            cells.extend([""] * (at - len(cells)))
        cells.extend([value] * count)
        if mark:
            marks.update(dict.fromkeys(range(at, at + count), mark))
    return cells, marks


def _count(attributes: Mapping[str, str], name: str) -> int:
    """Read a count; what is none counts once."""
    text = attributes.get(name, "1")
    return max(1, int(text)) if _NUMBER.fullmatch(text) else 1
