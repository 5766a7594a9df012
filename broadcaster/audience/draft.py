"""A row of an import on its way to a customer: what was read of it, and what was wrong."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from broadcaster.audience.cells import CellError
from broadcaster.domain.customer import BrokenAddress, CustomerRecord
from broadcaster.domain.message import Address, Channel, Scheme

_Value = TypeVar("_Value")

_LONGEST_SHOWN = 200
_LONGEST_RAW = 250


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """Something wrong in a file: where, what, and the remedy.

    `refused` says that the row was left out; otherwise the customer is stored without the value.
    """

    row: int
    column: str
    value: str
    problem: str
    remedy: str
    refused: bool

    def __repr__(self) -> str:
        """Hide the value."""
        return f"Finding(row {self.row}, {self.column}: {self.problem})"


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """What came of a row: a customer, or None when it was refused, and what was found."""

    number: int
    record: CustomerRecord | None
    findings: Sequence[Finding]


@dataclass(slots=True)
class Draft:
    """A row on its way to a record."""

    number: int
    values: Mapping[str, str]
    findings: list[Finding] = field(default_factory=list)
    addresses: list[Address] = field(default_factory=list)
    broken: list[BrokenAddress] = field(default_factory=list)

    @property
    def refused(self) -> bool:
        """Whether the row can't become a customer."""
        return any(finding.refused for finding in self.findings)

    def take(self, column: str, read: Callable[[str], _Value]) -> _Value | None:
        """Read a cell; when it is wrong the row is refused."""
        cell = self.values.get(column, "")
        try:
            return read(cell)
        except CellError as error:
            self._find(column, cell, error, refused=True)
            return None

    def optional(self, column: str, read: Callable[[str], _Value]) -> _Value | None:
        """Read a cell that may be empty."""
        return self.take(column, read) if self.values.get(column, "").strip() else None

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

    def _find(self, column: str, cell: str, error: CellError, *, refused: bool) -> None:
        self.findings.append(
            Finding(
                row=self.number,
                column=column,
                value=cell[:_LONGEST_SHOWN],
                problem=error.problem,
                remedy=error.remedy,
                refused=refused,
            )
        )


def refused(number: int, column: str, value: str, problem: str, remedy: str) -> Row:
    """Make the row that was refused for one reason."""
    found = Finding(
        row=number,
        column=column,
        value=value[:_LONGEST_SHOWN],
        problem=problem,
        remedy=remedy,
        refused=True,
    )
    return Row(number=number, record=None, findings=[found])
