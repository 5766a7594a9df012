"""ODS workbooks (OpenDocument 1.3), read as a stream: memory does not grow with their rows."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

from broadcaster.audience.sheets import markup
from broadcaster.audience.sheets.archive import Archive, Part
from broadcaster.audience.sheets.choosing import choose
from broadcaster.audience.sheets.hidden import Hidden
from broadcaster.audience.sheets.markup import MarkupError
from broadcaster.audience.sheets.merged import Area, Filler
from broadcaster.audience.sheets.odsrows import OdsRows
from broadcaster.audience.sheets.sheet import Remark, SheetRow, Wanted
from broadcaster.audience.sheets.source import Source
from broadcaster.domain.saying import said
from broadcaster.errors import InvalidInputError

_CONTENT = "content.xml"
_MANIFEST = "META-INF/manifest.xml"
_SAVE = said("Open it in a spreadsheet program and save it again as ODS.")
_MOST_SHEETS = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class OdsEntry:
    """A sheet: its name, its place among the others, whether it is hidden or holds anything."""

    name: str
    place: int
    hidden: bool
    filled: bool = False


class OdsSheet:
    """The chosen sheet of a workbook; an implementation of `Sheet`."""

    ragged = True

    def __init__(self, source: Source, wanted: Wanted) -> None:
        """Find the sheets and the merged cells; InvalidInputError when it can't be read."""
        self._source = source
        self._part: Part | None = None
        self._hidden = Hidden(wanted)
        try:
            self._archive = Archive(source.file)
            _check_readable(self._archive)
            self._entries = _entries(self._archive)
            self._entry, self._others = choose(
                source, self._entries, wanted, lambda entry: entry.filled
            )
        except MarkupError as error:
            self._fail(error)

    @property
    def size(self) -> int:
        """The octets of all sheets, unpacked."""
        return self._archive.size(_CONTENT)

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
        names = ", ".join(one.name for one in self._entries)
        return {"format": "ODS", "sheet": self._entry.name, "sheets": names}

    def remarks(self) -> Sequence[Remark]:
        """Say what was hidden, and which sheets are not read."""
        return [*self._others, *self._hidden.remarks()]

    def fault(self, problem: str, remedy: str) -> InvalidInputError:
        """Make an error about the file."""
        return self._source.fault(problem, remedy)

    def close(self) -> None:
        """Close the file."""
        self._source.close()

    def rows(self) -> Iterator[SheetRow]:
        """Give the rows."""
        try:
            self._part = self._archive.stream(_CONTENT)
            reader = OdsRows(self._entry.place)
            self._hidden.columns = reader.hidden_columns
            filler = Filler([])
            for row, spans, hidden in reader.read(self._part):
                # Rarely any: what waits is sorted anew by it.
                if spans:
                    filler.expect(
                        Area(row.number, left, row.number + down, left + right)
                        for left, right, down in spans
                    )
                cells, marks = list(row.cells), dict(row.marks)
                filler.fill(row.number, cells, marks)
                if self._hidden.leaves_out(hidden=hidden):
                    continue
                self._hidden.empty(cells, marks)
                yield SheetRow(row.number, cells, marks)
        except MarkupError as error:
            self._fail(error)

    def _fail(self, error: MarkupError) -> NoReturn:
        raise self.fault(error.args[0], _SAVE) from error


def _check_readable(archive: Archive) -> None:
    if _MANIFEST not in archive.names:
        return
    if any(name == "encryption-data" for name, _ in markup.elements(archive.stream(_MANIFEST))):
        raise MarkupError(said("is encrypted"))


def _entries(  # noqa: C901  (one state: the handlers share it as local variables)
    archive: Archive,
) -> list[OdsEntry]:
    """Read through the file for its sheets: what hides one stands before it, as a style."""
    found: list[OdsEntry] = []
    unseen: set[str] = set()
    style = ""
    depth = 0
    filled: set[int] = set()

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal style, depth
        depth += 1
        if depth > markup.DEEPEST:
            raise markup.too_deep()
        if name == "style:style":
            style = attributes.get("style:name", "")
        elif name == "style:table-properties":
            if attributes.get("table:display") == "false":
                unseen.add(style)
        elif name == "table:table" and len(found) < _MOST_SHEETS:
            named = attributes.get("table:name", "")
            hidden = attributes.get("table:style-name", "") in unseen
            found.append(OdsEntry(name=named, place=len(found), hidden=hidden))
        elif name == "text:p" or "office:value-type" in attributes:
            filled.add(len(found) - 1)

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1

    made = markup.parser()
    made.StartElementHandler = start
    made.EndElementHandler = end
    feed = markup.Feed(made)
    for block in archive.stream(_CONTENT).blocks():
        feed(block)
    feed.end()
    if not found:
        raise MarkupError(said("has no sheet"))
    return [replace(entry, filled=entry.place in filled) for entry in found]
