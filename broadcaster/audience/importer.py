"""From the rows of a CSV file to customers, with a finding for everything that was wrong.

A row is refused when it is not certain who is meant or what they agreed to, or when a value would
put the customer into the wrong segment. An address that can't be used refuses nobody: the customer
is stored with the fault, so that a report can say why they were not told.
"""

import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from broadcaster.audience import cells, mailbox
from broadcaster.audience.attributes import Catalogue
from broadcaster.audience.cells import CellError
from broadcaster.audience.columns import nearest, read_header
from broadcaster.audience.csvfile import CsvFile
from broadcaster.audience.draft import Draft, Finding, Row, refused
from broadcaster.audience.subscription import read_push
from broadcaster.domain.customer import AttributeValue, CustomerRecord
from broadcaster.domain.message import Channel, MessageClass, Scheme
from broadcaster.errors import InvalidInputError
from broadcaster.ports import CheckPhone

#: The most rows of a file, and the longest cell, characters.
MOST_ROWS = 3_000_000
_LONGEST_CELL = 5_000


class Importer:
    """Reads files of customers."""

    def __init__(
        self, check_phone: CheckPhone, catalogue: Catalogue, *, locale: str, time_zone: str
    ) -> None:
        """Check numbers with `check_phone`, and attributes by the catalogue.

        `locale` and `time_zone` are for empty cells.
        """
        self._catalogue = catalogue
        self._check_phone = check_phone
        self._locale = locale
        self._zone = time_zone

    def open(self, path: Path, encoding: str = "auto") -> "Reading":
        """Open a file; InvalidInputError when it is no CSV file or lacks a needed column."""
        return Reading(CsvFile(path, encoding), self.read, self._catalogue)

    def read(self, number: int, values: Mapping[str, str]) -> Row:
        """Read one row, given by column; cells that are empty count as missing."""
        draft = Draft(number, values)
        named = draft.take("number", cells.number) or ""
        name = draft.take("name", _required)
        attributes: dict[str, AttributeValue] = {}
        for column, known in self._catalogue.current.items():
            value = draft.optional(column, partial(cells.attribute, known=known))
            if value is not None:
                attributes[column] = value
        opted_out = draft.optional("opted_out", _opted_out) or ()
        consented = draft.optional("consented", _consented) or ()
        locales = draft.optional("locales", cells.locales) or (self._locale,)
        latin = draft.optional("name_latin", cells.text)
        zone = draft.optional("time_zone", cells.time_zone) or self._zone
        household = draft.optional("household", cells.text)
        if draft.refused:
            return Row(number=number, record=None, findings=draft.findings)
        self._addresses(draft)
        record = CustomerRecord(
            number=named,
            name=name or "",
            name_latin=latin or None,
            locales=locales,
            time_zone=zone,
            attributes=attributes,
            addresses=tuple(draft.addresses),
            broken=tuple(draft.broken),
            opted_out=opted_out,
            consented=consented,
            household=household or None,
        )
        return Row(number=number, record=record, findings=draft.findings)

    def _addresses(self, draft: Draft) -> None:
        for column in ("phone", "phone_2"):
            raw = draft.values.get(column, "").strip()
            if raw:
                self._phone(draft, column, raw)
        for column in ("email", "email_2"):
            raw = draft.values.get(column, "").strip()
            if raw:
                self._mailbox(draft, column, raw)
        read_push(draft)

    def _phone(self, draft: Draft, column: str, raw: str) -> None:
        found = self._check_phone(raw)
        if found.sms_capable and found.e164:
            draft.add(Scheme.TEL, found.e164)
        else:
            fault = found.error or "NOT_MOBILE"
            error = CellError(found.problem or fault, found.remedy or "Mend it.")
            draft.flaw(Channel.SMS, column, raw, fault, error)

    @staticmethod
    def _mailbox(draft: Draft, column: str, raw: str) -> None:
        found = mailbox.check(raw)
        if found.value:
            draft.add(Scheme.MAILTO, found.value)
        else:
            fault = found.fault or "BAD_MAILBOX"
            error = CellError(found.problem or fault, found.remedy or "Mend it.")
            draft.flaw(Channel.EMAIL, column, raw, fault, error)


class Reading:
    """A file that is being read: a context manager and an iterator over its rows."""

    def __init__(
        self,
        file: CsvFile,
        read: Callable[[int, Mapping[str, str]], Row],
        catalogue: Catalogue,
    ) -> None:
        """Read the header."""
        self._catalogue = catalogue
        self._file = file
        self._read = read
        try:
            self._rows = iter(file)
            self._header_row, self._header = next(self._rows, (1, ()))
            self._places, self._unknown = read_header(self._header, catalogue)
        except InvalidInputError as error:
            file.__exit__(None, None, None)
            if error.field != "header":
                raise
            raise file.fault(error.problem, error.remedy) from error

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
        self._file.__exit__(kind, error, trace)

    @property
    def size(self) -> int:
        """How many octets the file has."""
        return self._file.size

    @property
    def position(self) -> int:
        """How many octets have been read."""
        return self._file.position

    def header_findings(self) -> Sequence[Finding]:
        """List the columns that are not known and are left out."""
        return [
            Finding(
                row=self._header_row,
                column=name,
                value=name,
                problem="is no known column, and was left out",
                remedy=nearest(name, self._catalogue),
                refused=False,
            )
            for name in self._unknown
        ]

    def __iter__(self) -> Iterator[Row]:
        """Give what came of each row; InvalidInputError when the file itself is broken."""
        # Numbers are kept as 64-bit hashes: some 70 bytes a customer would be a few times that.
        seen: set[int] = set()
        for number, row in self._rows:
            if number - self._header_row > MOST_ROWS:
                problem = f"has more than {MOST_ROWS} rows"
                raise self._file.fault(problem, "Divide it into several files.")
            yield self._once(self._one(number, row), seen)

    def _one(self, number: int, row: Sequence[str]) -> Row:
        if len(row) != len(self._header):
            problem = f"has {len(row)} cells, and the header has {len(self._header)}"
            return refused(number, "", "", problem, "Quote cells that hold separators.")
        for name, place in self._places.items():
            fault = _unreadable(row[place])
            if fault:
                return refused(number, name, row[place], fault, "Remove it, or shorten the cell.")
        return self._read(number, {name: row[place] for name, place in self._places.items()})

    @staticmethod
    def _once(row: Row, seen: set[int]) -> Row:
        if row.record is None:
            return row
        key = hash(row.record.number)
        if key in seen:
            number = row.record.number
            problem = "stands in an earlier row already"
            return refused(row.number, "number", number, problem, "Keep one row a customer.")
        seen.add(key)
        return row


def _unreadable(cell: str) -> str | None:
    """Find what no cell may have: controls other than line breaks and tabs, lone surrogates."""
    if len(cell) > _LONGEST_CELL:
        return f"is longer than {_LONGEST_CELL} characters"
    if cell.isprintable():
        return None
    for character in cell:
        if unicodedata.category(character) in ("Cc", "Cs") and character not in "\r\n\t":
            return f"has a control character (U+{ord(character):04X})"
    return None


def _required(cell: str) -> str:
    found = cells.text(cell)
    if not found:
        problem = "is missing"
        raise CellError(problem, "Every customer needs a name.")
    return found


def _opted_out(cell: str) -> tuple[tuple[Channel, MessageClass], ...]:
    return cells.choices_of_consent(cell, MessageClass.SERVICE)


def _consented(cell: str) -> tuple[tuple[Channel, MessageClass], ...]:
    return cells.choices_of_consent(cell, MessageClass.PROMOTIONAL)
