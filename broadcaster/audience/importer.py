"""From the rows of a table to customers, with a finding for everything that was wrong.

A row is refused when it is not certain who is meant or what they agreed to, or when a value would
put the customer into the wrong segment. An address that can't be used refuses nobody: the customer
is stored with the fault, so that a report can say why they were not told.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from broadcaster.audience import cells, mailbox, repairs
from broadcaster.audience.attributes import Attribute, Catalogue, Kind
from broadcaster.audience.cells import CellError
from broadcaster.audience.draft import NO_FAULTS, NO_MARKS, Draft, Row
from broadcaster.audience.filereading import Reading
from broadcaster.audience.location import read_location, read_place
from broadcaster.audience.mapping import ColumnMapping
from broadcaster.audience.memo import Memo
from broadcaster.audience.sheets.opening import open_sheet
from broadcaster.audience.sheets.sheet import Wanted
from broadcaster.audience.sheets.source import Source, from_path
from broadcaster.audience.subscription import read_push
from broadcaster.domain.customer import AttributeValue, CustomerRecord
from broadcaster.domain.message import Channel, MessageClass, Scheme
from broadcaster.domain.saying import said
from broadcaster.ports import CheckPhone


class Importer:
    """Reads files of customers."""

    def __init__(
        self,
        check_phone: CheckPhone,
        catalogue: Catalogue,
        *,
        locale: str,
        time_zone: str,
        region: str = "",
        trunk: str = "",
    ) -> None:
        """Check numbers with `check_phone`, and attributes by the catalogue.

        `locale` and `time_zone` are for empty cells; `region` is the utility's country (ISO 3166-1,
        two letters), for places that are not in it; `trunk` is what is dialled before numbers
        within the country, if anything is.
        """
        self._trunk = trunk
        self._columns = [
            (name, Memo(partial(_attribute, known=known)), known.kind is Kind.DATE)
            for name, known in catalogue.current.items()
            if known.kind is not Kind.LOCATION
        ]
        self._places = [
            name for name, known in catalogue.current.items() if known.kind is Kind.LOCATION
        ]
        self._locales = Memo(cells.locales)
        self._zones = Memo(cells.time_zone)
        self._catalogue = catalogue
        self._region = region
        self._check_phone = check_phone
        self._locale = locale
        self._zone = time_zone

    def open(
        self,
        file: Path | Source,
        wanted: Wanted | None = None,
        mapping: ColumnMapping | None = None,
    ) -> Reading:
        """Open a file; InvalidInputError when it is no table or lacks a needed column."""
        source = from_path(file) if isinstance(file, Path) else file
        sheet = open_sheet(source, wanted or Wanted())
        return Reading(sheet, self.read, self._catalogue, mapping)

    def read(
        self,
        number: int,
        values: Mapping[str, str],
        marks: Mapping[str, int] = NO_MARKS,
        faults: Mapping[str, CellError] = NO_FAULTS,
    ) -> Row:
        """Read one row, given by column; cells that are empty count as missing."""
        draft = Draft(number, values, marks, faults)
        named = self._number(draft)
        name = draft.take("name", _required)
        attributes: dict[str, AttributeValue] = {}
        for column, known, dated in self._columns:
            cell = values.get(column, "")
            # What was read before without a finding is not looked at again.
            marked = column in marks or column in faults
            value = known.get(cell) if cell and not marked else None
            if value is None and (cell or marked):
                before = len(draft.findings)
                value = draft.optional(column, known.__getitem__, dated=dated)
                if len(draft.findings) > before:
                    known.pop(cell, None)
            if value is not None:
                attributes[column] = value
        opted_out = draft.optional("opted_out", _opted_out) or ()
        consented = draft.optional("consented", _consented) or ()
        locales = draft.optional("locales", self._locales.__getitem__) or (self._locale,)
        latin = draft.optional("name_latin", cells.text)
        zone = draft.optional("time_zone", self._zones.__getitem__) or self._zone
        household = _household(draft)
        if draft.refused:
            return Row(number=number, record=None, findings=draft.findings, named=named)
        self._addresses(draft)
        location = read_location(draft, self._region)
        for column in self._places:
            place = read_place(draft, column, self._region)
            if place is not None:
                attributes[column] = place
        record = CustomerRecord(
            number=named or "",
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
            location=location,
        )
        return Row(number=number, record=record, findings=draft.findings, named=named)

    @staticmethod
    def _number(draft: Draft) -> str | None:
        given = draft.values.get("number", "")
        mended = repairs.number(given)
        if mended is None:
            return draft.take("number", cells.number)
        found = draft.take("number", lambda _: cells.number(mended.value))
        if found is not None:
            draft.repaired("number", given, found, mended.problem)
        return found

    def _addresses(self, draft: Draft) -> None:
        for column in ("phone", "phone_2"):
            if draft.values.get(column) or column in draft.marks:
                self._phone(draft, column)
        for column in ("email", "email_2"):
            if draft.values.get(column) or column in draft.marks:
                self._mailbox(draft, column)
        read_push(draft)

    def _phone(self, draft: Draft, column: str) -> None:
        raw = draft.address(column, Channel.SMS)
        if not raw:
            return
        found = self._check_phone(raw)
        decimals = repairs.has_decimals(raw)
        if decimals or not found.sms_capable:
            mended = repairs.phone(raw)
            again = self._check_phone(mended.value) if mended else found
            if mended and again.sms_capable:
                draft.repaired(column, raw, again.e164 or "", mended.problem)
                found = again
            elif decimals:
                # With those zeros it may be somebody else's.
                error = CellError(
                    said("ends in decimals"), said("Write the digits of the number alone.")
                )
                draft.flaw(Channel.SMS, column, raw, "NOT_A_NUMBER", error)
                return
        elif found.e164:
            ends = repairs.extension(raw, found.e164)
            bare = raw[0] != self._trunk and raw[0] != "+"
            problem = ends or (repairs.whole(raw, found.e164, self._trunk) if bare else None)
            if problem:
                draft.repaired(column, raw, found.e164, problem)
        if found.sms_capable and found.e164:
            draft.add(Scheme.TEL, found.e164)
        else:
            fault = found.error or "NOT_MOBILE"
            error = CellError(found.problem or fault, found.remedy or said("Mend it."))
            draft.flaw(Channel.SMS, column, raw, fault, error)

    @staticmethod
    def _mailbox(draft: Draft, column: str) -> None:
        raw = draft.address(column, Channel.EMAIL)
        if not raw:
            return
        found = mailbox.check(raw)
        mended = None if found.value else repairs.mailbox(raw)
        again = mailbox.check(mended.value) if mended else found
        if mended and again.value:
            draft.repaired(column, raw, again.value, mended.problem)
            found = again
        if found.value:
            draft.add(Scheme.MAILTO, found.value)
        else:
            fault = found.fault or "BAD_MAILBOX"
            error = CellError(found.problem or fault, found.remedy or said("Mend it."))
            draft.flaw(Channel.EMAIL, column, raw, fault, error)


def _attribute(cell: str, known: Attribute) -> AttributeValue:
    return cells.attribute(cell, known)


def _household(draft: Draft) -> str | None:
    """Read the key of a household; what many write for none would make them one household."""
    cell = draft.values.get("household", "")
    if not cell.strip() or not cells.is_nothing(cell):
        return draft.optional("household", cells.text)
    draft.optional("household", lambda _: None)
    problem = said("stands for no household, and was taken for empty")
    draft.doubt("household", CellError(problem, said("Leave the cell empty.")))
    return None


def _required(cell: str) -> str:
    found = cells.text(cell)
    if not found:
        problem = said("is missing")
        raise CellError(problem, said("Every customer needs a name."))
    return found


def _opted_out(cell: str) -> tuple[tuple[Channel, MessageClass], ...]:
    return cells.choices_of_consent(cell, MessageClass.SERVICE)


def _consented(cell: str) -> tuple[tuple[Channel, MessageClass], ...]:
    return cells.choices_of_consent(cell, MessageClass.PROMOTIONAL)
