"""A row of an import on its way to a customer: what was read of it, and what was wrong."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from broadcaster.audience import cells, marked
from broadcaster.audience.cells import CellError
from broadcaster.audience.repairs import bare
from broadcaster.domain.customer import BrokenAddress, CustomerRecord
from broadcaster.domain.message import Address, Channel, Scheme
from broadcaster.domain.saying import said

_Value = TypeVar("_Value")

_LONGEST_SHOWN = 200
_LONGEST_RAW = 250
#: No cell of a row has a mark.
NO_MARKS: Mapping[str, int] = {}
#: Every cell of a row could be translated.
NO_FAULTS: Mapping[str, CellError] = {}


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """Something wrong in a file: where, what, and the remedy.

    `refused` says that the row was left out; `stored` is what the value was read as when it was
    repaired. `noted` says that nothing was done. Otherwise the customer is stored without the
    value.
    """

    row: int
    column: str
    value: str
    problem: str
    remedy: str
    refused: bool
    stored: str | None = None
    noted: bool = False

    def __repr__(self) -> str:
        """Hide the value."""
        return f"Finding(row {self.row}, {self.column}: {self.problem})"

    @property
    def outcome(self) -> str:
        """Say what became of it, for people."""
        if self.refused:
            return "refused"
        if self.noted:
            return "noted"
        return "stored without it" if self.stored is None else "repaired"


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """What came of a row: a customer, or None when it was refused, and what was found.

    `named` is the customer's number where it could be read, also when the row was refused.
    """

    number: int
    record: CustomerRecord | None
    findings: Sequence[Finding]
    named: str | None = None


@dataclass(slots=True, repr=False)
class Draft:
    """A row on its way to a record; `marks` say more about the cells of some columns.

    `faults` are cells that are not written as a mapping says.
    """

    number: int
    values: Mapping[str, str]
    marks: Mapping[str, int] = field(default_factory=lambda: NO_MARKS)
    faults: Mapping[str, CellError] = field(default_factory=lambda: NO_FAULTS)
    findings: list[Finding] = field(default_factory=list)
    addresses: list[Address] = field(default_factory=list)
    broken: list[BrokenAddress] = field(default_factory=list)

    def __repr__(self) -> str:
        """Hide the cells."""
        return f"Draft(row {self.number})"

    @property
    def refused(self) -> bool:
        """Whether the row can't become a customer."""
        return any(finding.refused for finding in self.findings)

    def take(
        self, column: str, read: Callable[[str], _Value], *, dated: bool = False
    ) -> _Value | None:
        """Read a cell; when it is wrong the row is refused. `dated` says that it may be a date."""
        cell = self.values.get(column, "")
        try:
            self.check(column, cell, dated=dated)
            value = read(cell)
        except CellError as error:
            self._find(column, cell, error, refused=True)
            return None
        if not cell.isascii() and (plain := bare(cell)) != cell:
            # What was left out first is where the two begin to differ.
            sign = next(one for one, other in zip(cell, f"{plain}\0", strict=False) if one != other)
            problem = said(
                "has invisible characters (U+%(sign)s), which were left out",
                sign=format(ord(sign), "04X"),
            )
            self.repaired(column, cell, plain, problem)
        return value

    def optional(
        self, column: str, read: Callable[[str], _Value], *, dated: bool = False
    ) -> _Value | None:
        """Read a cell that may be empty."""
        if not self.values.get(column) and column not in self.marks:
            return None
        if not self.values[column].strip() and column not in self.marks:
            return None
        return self.take(column, read, dated=dated)

    def address(self, column: str, channel: Channel) -> str:
        """Give a cell that should be an address; empty where it is, or was kept with its fault."""
        raw = self.values.get(column, "").strip()
        try:
            self.check(column, raw)
        except CellError as error:
            self.flaw(channel, column, raw, "SPREADSHEET", error)
            return ""
        return raw

    def add(self, scheme: Scheme, value: str, keys: Mapping[str, str] | None = None) -> None:
        """Add an address, once."""
        address = Address(scheme=scheme, value=value, keys=keys or {})
        if address not in self.addresses:
            self.addresses.append(address)

    def flaw(self, channel: Channel, column: str, raw: str, fault: str, error: CellError) -> None:
        """Keep an address that can't be used, with its fault."""
        self.broken.append(BrokenAddress(channel=channel, raw=raw[:_LONGEST_RAW], fault=fault))
        self._find(column, raw, error, refused=False)

    def doubt(self, column: str, error: CellError) -> None:
        """Note what is wrong with a cell that the customer can do without."""
        self._find(column, self.values.get(column, ""), error, refused=False)

    def repaired(self, column: str, cell: str, stored: str, problem: str) -> None:
        """Note that a value was read otherwise than it was written."""
        remedy = said("Nothing needs to be done; look whether it is right.")
        self._find(column, cell, CellError(problem, remedy), refused=False, stored=stored)

    def check(self, column: str, cell: str, *, dated: bool = False) -> None:
        """Refuse a cell that can't be trusted whatever it holds; CellError."""
        if cell[:1] in _SUSPECT:
            cells.check_error(cell)
        if self.marks and column in self.marks:
            self._marked(column, cell, dated=dated)
        if self.faults and column in self.faults:
            raise self.faults[column]

    def _marked(self, column: str, cell: str, *, dated: bool) -> None:
        mark = self.marks[column]
        marked.check(mark, dated=dated)
        problem = marked.told(mark)
        if problem:
            self.repaired(column, cell, cell, problem)

    def _find(
        self, column: str, cell: str, error: CellError, *, refused: bool, stored: str | None = None
    ) -> None:
        self.findings.append(
            Finding(
                row=self.number,
                column=column,
                value=shown(cell),
                problem=error.problem,
                remedy=error.remedy,
                refused=refused,
                stored=None if stored is None else shown(stored),
            )
        )


#: What the errors of spreadsheets begin with.
_SUSPECT = frozenset("#E")


def shown(text: str) -> str:
    """Shorten a text of a file for findings; what can't be written anywhere is spelt out."""
    return text[:_LONGEST_SHOWN].encode("utf-8", "backslashreplace").decode()


def refused(number: int, column: str, value: str, problem: str, remedy: str) -> Row:
    """Make the row that was refused for one reason."""
    found = Finding(
        row=number,
        column=column,
        value=shown(value),
        problem=problem,
        remedy=remedy,
        refused=True,
    )
    return Row(number=number, record=None, findings=[found])
