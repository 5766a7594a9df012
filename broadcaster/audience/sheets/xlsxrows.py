"""From the XML of an XLSX sheet to rows (ECMA-376, part 1, 18.3)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from xml.parsers.expat import XMLParserType

from broadcaster.audience.sheets import markup
from broadcaster.audience.sheets.archive import Part
from broadcaster.audience.sheets.markup import MarkupError
from broadcaster.audience.sheets.merged import place
from broadcaster.audience.sheets.numbers import PLAIN, Format, written
from broadcaster.audience.sheets.sheet import MOST_COLUMNS, NO_MARKS, Mark, SheetRow, letters
from broadcaster.audience.sheets.strings import LONGEST, SharedStrings, unescaped
from broadcaster.audience.sheets.workbook import Workbook
from broadcaster.domain.saying import Figure, said

_NUMBER = re.compile(r"\d{1,9}", re.ASCII)
#: So many empty cells between two may be written out.
_NEAR = 32
_NONE: Mapping[int, str] = {}
_LETTERS = re.compile(r"[A-Z]{1,3}", re.ASCII)


class XlsxRows:
    """Turns the events of a sheet's XML into rows."""

    def __init__(
        self, book: Workbook, strings: SharedStrings | None, hidden_columns: set[int]
    ) -> None:
        """Read with the texts and formats of a workbook; hidden columns are put where said."""
        self._formats = book.formats
        self._from_1904 = book.from_1904
        self._strings = strings
        self._hidden_columns = hidden_columns
        self._places: dict[str, int] = {}
        self._found: list[tuple[SheetRow, Mapping[int, str], bool]] = []

    def read(self, part: Part) -> Iterator[tuple[SheetRow, bool]]:
        """Give rows that are not blank, and whether each is hidden; MarkupError."""
        made = markup.parser()
        self._handle(made)
        feed = markup.Feed(made)
        for block in part.blocks():
            feed(block)
            yield from self._taken()
        feed.end()
        yield from self._taken()

    def _taken(self) -> Iterator[tuple[SheetRow, bool]]:
        """Give what was found, spread out one by one: all of a block at once may fill memory."""
        for row, far, hidden in self._found:
            yield (SheetRow(row.number, _spread(row.cells, far), row.marks) if far else row), hidden
        self._found.clear()

    def _handle(self, made: XMLParserType) -> None:  # noqa: C901, PLR0915  (one state: the handlers share it as local variables, which is what makes them fast)
        cells: list[str] = []
        # Those far to the right of all before them, by place.
        far: dict[int, str] = {}
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
                far.clear()
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
                content = pieces[0] if len(pieces) == 1 else "".join(pieces)
                try:
                    value, mark = value_of(kind, content, style)
                except (ValueError, IndexError, OverflowError):
                    # What stands there may be anybody's.
                    raise _no_number(at, number) from None
                if formula:
                    # Only what is told to be a text may have come out empty: some writers put an
                    # empty value beside each formula, because they calculate none.
                    calculated = content or (valued and kind == "str")
                    mark |= Mark.FORMULA if calculated else Mark.NO_VALUE
                if mark:
                    marks[at] = mark
                if at == len(cells) and not far:
                    cells.append(value)
                else:
                    _put(cells, far, at, value)
            elif name == "rPh":
                phonetic = False
            elif name == "row" and (marks or any(cells) or any(far.values())):
                noted = marks.copy() if marks else NO_MARKS
                apart = far.copy() if far else _NONE
                found.append((SheetRow(number, cells.copy(), noted), apart, hidden))

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
                raise MarkupError(
                    said(
                        "has a cell at %(reference)s, which is no place",
                        reference=repr(reference[:20]),
                    )
                )
            known = self._places[word] = place(word)
            if known >= MOST_COLUMNS:
                raise MarkupError(said("has more than %(most)s columns", most=Figure(MOST_COLUMNS)))
        return known

    @staticmethod
    def _row_number(attributes: Mapping[str, str], before: int) -> int:
        content = attributes.get("r")
        if content is None:
            return before + 1
        number = int(content) if _NUMBER.fullmatch(content) else 0
        if number <= before:
            message = said(
                "has its rows out of order (row %(row)s comes after row %(before)s)",
                row=content[:20],
                before=before,
            )
            raise MarkupError(message)
        return number

    def _column(self, attributes: Mapping[str, str]) -> None:
        if attributes.get("hidden", "0") not in ("1", "true"):
            return
        try:
            first, last = int(attributes["min"]), int(attributes["max"])
        except (KeyError, ValueError) as error:
            raise MarkupError(said("has a column without a place")) from error
        # Who hides "all the rest" hides empty columns: they hold nothing that could be left out.
        self._hidden_columns.update(range(max(first, 1) - 1, min(last, MOST_COLUMNS)))

    def _value(self, kind: str, content: str, style: str) -> tuple[str, int]:
        """Turn what a cell holds into text; ValueError, IndexError or OverflowError for none."""
        if kind == "s":
            if self._strings is None:
                raise MarkupError(said("lacks the texts of its cells"))
            return self._strings[int(content)], 0
        if kind == "n":
            if not content:
                return "", 0
            return written(content, self._format(style), from_1904=self._from_1904)
        if kind == "b":
            return ("true" if content == "1" else "false"), 0
        if kind == "d":
            return content.removesuffix("T00:00:00"), Mark.DATE
        return unescaped(content), 0

    def _format(self, style: str) -> Format:
        if not style or not self._formats:
            return PLAIN
        return self._formats[int(style)]


def _put(cells: list[str], far: dict[int, str], at: int, value: str) -> None:
    """Keep a cell that does not follow the one before it."""
    if at < len(cells):
        cells[at] = value
    elif far or at - len(cells) > _NEAR:
        far[at] = value
    else:
        cells.extend([""] * (at + 1 - len(cells)))
        cells[at] = value


def _spread(cells: Sequence[str], far: Mapping[int, str]) -> list[str]:
    """Put cells that are kept by their places where they belong."""
    spread = [*cells, *[""] * (max(far) + 1 - len(cells))]
    for at, value in far.items():
        spread[at] = value
    return spread


def _no_number(at: int, row: int) -> MarkupError:
    return MarkupError(
        said(
            "has no number in cell %(letters)s%(row)s, where one belongs",
            letters=letters(max(at, 0)),
            row=row,
        )
    )


def _local(name: str) -> str:
    return name.rpartition(":")[2]
