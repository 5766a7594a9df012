"""What every reader of a table gives: rows of texts, and what must be told about single cells."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, Protocol

from broadcaster.errors import InvalidInputError

#: The most columns of a sheet, as spreadsheets have them, and the most rows that are read.
MOST_COLUMNS = 16_384
MOST_ROWS = 3_000_000
#: The largest file, octets.
LARGEST = 4 * 2**30


class Mark:
    """What is to be known about a cell beside its text: bits, plain integers for speed."""

    #: A formula; the text is the value that was stored with it.
    FORMULA = 1
    #: A formula that no value was stored with.
    NO_VALUE = 2
    #: A date or a time, written as ISO 8601.
    DATE = 4
    #: A number of more than 15 digits, of which spreadsheets keep 15.
    ROUNDED = 8
    #: A number that is shown as a percentage.
    PERCENT = 16
    #: The value of the merged cells that it belongs to.
    MERGED = 32
    #: Formatted as a date, and none: 29 February 1900, or beyond the calendar.
    NO_DATE = 64


class SheetRow(NamedTuple):
    """A row: its number from 1 as spreadsheets count, its texts, and the marks of a few cells."""

    number: int
    cells: Sequence[str]
    marks: Mapping[int, int]

    def __repr__(self) -> str:
        """Hide the texts."""
        return f"SheetRow({self.number}, {len(self.cells)} cells)"


NO_MARKS: Mapping[int, int] = {}


class LeftOut(Enum):
    """What a reader left out of a file, where values may be."""

    ROWS = "rows"
    COLUMNS = "columns"
    SHEETS = "sheets"


@dataclass(frozen=True, kw_only=True, slots=True)
class Remark:
    """Something about the whole file that its reader should know.

    `left` says what was left out that holds values; None where nothing was.
    """

    column: str
    problem: str
    remedy: str
    left: LeftOut | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """How a file is to be read; what is empty is found out."""

    encoding: str = "auto"
    separator: str = "auto"
    sheet: str = ""
    hidden: bool = False


class Sheet(Protocol):
    """An open table; rows can be asked for once."""

    @property
    def size(self) -> int:
        """How much there is to read, in a unit of its own."""
        ...

    @property
    def position(self) -> int:
        """How much of it has been read."""
        ...

    @property
    def ragged(self) -> bool:
        """Whether rows end where their last value stands; else each is as long as the header."""
        ...

    @property
    def unseen(self) -> Collection[int]:
        """The places of hidden columns that are left out; known from the first row on."""
        ...

    def about(self) -> Mapping[str, str]:
        """Say what was found out: format, encoding and how sure, separator, sheet, sheets."""
        ...

    def remarks(self) -> Sequence[Remark]:
        """Say what was left out; complete only after the last row."""
        ...

    def fault(self, problem: str, remedy: str) -> InvalidInputError:
        """Make an error about the file."""
        ...

    def rows(self) -> Iterator[SheetRow]:
        """Give the rows in order, blank ones left out; InvalidInputError where it is broken."""
        ...

    def close(self) -> None:
        """Close the file."""
        ...


def letters(place: int) -> str:
    """Name a column as spreadsheets do: A, B, … Z, AA."""
    name = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        name = chr(ord("A") + rest) + name
    return name
