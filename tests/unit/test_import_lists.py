"""Lists of barred addresses and of areas in workbooks: what can't be seen or trusted is no list."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from broadcaster.audience.areas.lists import read_lists
from broadcaster.audience.cells import CellError
from broadcaster.audience.draft import Finding
from broadcaster.audience.listfile import SuppressionFile
from broadcaster.bootstrap.people import address_reader
from broadcaster.domain.consent import ListedAddress, Scope
from broadcaster.domain.message import Address, Scheme
from broadcaster.errors import InvalidInputError
from broadcaster.settings import load
from tests.catalogues import SHIPPED
from tests.workbooks import cell, ods_parts, ods_row, row, xlsx_parts, zipped

_NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
_FORMATS = ("yyyy\\-mm\\-dd",)


def _address(raw: str) -> Address:
    if "@" not in raw:
        raise CellError("is no mailbox", "Correct it.")
    return Address(scheme=Scheme.MAILTO, value=raw, keys={})


def _barred(path: Path) -> list[ListedAddress | Finding]:
    reading = SuppressionFile(path, _address, scope=Scope.SERVICE, as_of=None, now=_NOW, zone=UTC)
    with reading as file:
        return list(file)


def _areas(path: Path) -> object:
    return read_lists(path, SHIPPED)


def _file(folder: Path, parts: dict[str, str | bytes]) -> Path:
    path = folder / "list.bin"
    path.write_bytes(zipped(parts))
    return path


@pytest.mark.parametrize(
    ("read", "head", "value"), [(_barred, "address", "a@b.test"), (_areas, "feeder", "F1")]
)
def test_a_list_that_hides_something_is_refused(
    tmp_path: Path, read: Callable[[Path], object], head: str, value: str
) -> None:
    """Rows, columns and sheets: with how many, and nothing is taken of it."""
    rows = (row(1, head, "proof"), row(2, value, "x"), row(3, value, more=' hidden="1"'))
    hidden = '<cols><col min="2" max="2" hidden="1"/></cols>'
    more = {"Clients": "", "More": ""}
    ods = ods_row(value, more='table:visibility="filter" table:number-rows-repeated="3"')
    for parts, words in (
        (xlsx_parts(rows), "1 hidden row was left out (a filter hides rows too). Show them, and"),
        (xlsx_parts(rows[:2], before=hidden), "hidden columns were left out (B). Show them, and"),
        (xlsx_parts(rows[:2], sheets=more), 'others were left out: "More". Save the one that is'),
        (ods_parts(ods_row(head), ods_row(value), ods), "3 hidden rows were left out"),
    ):
        path = _file(tmp_path, parts)
        with pytest.raises(InvalidInputError) as refused:
            read(path)
        assert words in str(refused.value)
    assert read(_file(tmp_path, xlsx_parts(rows[:2])))


def test_a_cell_of_a_barred_address_that_cannot_be_trusted_is_refused(tmp_path: Path) -> None:
    """The same that an import of customers refuses; a date is one where dates stand."""
    rows = (
        row(1, "address", "date", "proof"),
        row(2, "a@b.test", cell("B2", "43910", "", "1")),
        row(3, "<c r='A3'><f>A1</f></c>"),
        row(4, "a@b.test", "", cell("C4", "43910", "", "1")),
        row(5, "a@b.test", "", cell("C5", "1234567890123456", "")),
        row(6, "a@b.test", "", "#REF!"),
        row(7, "_xD800_@b.test"),
    )
    first, *others = _barred(_file(tmp_path, xlsx_parts(rows, formats=_FORMATS)))
    assert isinstance(first, ListedAddress)
    assert first.at == datetime(2020, 3, 20, tzinfo=UTC)
    found = [(one.row, one.column) for one in others if isinstance(one, Finding)]
    assert found == [(3, "address"), (4, "proof"), (5, "proof"), (6, "proof"), (7, "address")]


@pytest.mark.parametrize(
    "written", ["20/03/2020", "20/3/2020", "2020-03-20", "20/03/2020 00:00", "2020-03-20 00:00:00"]
)
def test_the_date_of_a_barred_address_is_read_as_spreadsheets_write_it(
    tmp_path: Path, written: str
) -> None:
    """Day first, as imports of customers read it."""
    rows = (row(1, "address", "date"), row(2, "a@b.test", written))
    (found,) = _barred(_file(tmp_path, xlsx_parts(rows, formats=_FORMATS)))
    assert isinstance(found, ListedAddress)
    assert found.at == datetime(2020, 3, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (cell("A2", "43910", "", "1"), "row 2: is a date, as spreadsheets make of values"),
        (cell("A2", "1234567890123456", ""), "row 2: has more than 15 digits"),
        ("<c r='A2'><f>A1</f></c>", "row 2: feeder is missing"),
        (cell("A2", "F_xD800_"), "row 2: has a control character (U+D800)"),
        (cell("A2", "#REF!", "e"), "row 2: holds the error #REF! of a spreadsheet"),
    ],
)
def test_a_cell_of_an_area_that_cannot_be_trusted_is_refused(
    tmp_path: Path, written: str, words: str
) -> None:
    """A feeder named 3-4 is no date, whatever a spreadsheet made of it."""
    rows = (row(1, "feeder", "area"), row(2, written, cell("B2", "North")))
    with pytest.raises(InvalidInputError) as refused:
        _areas(_file(tmp_path, xlsx_parts(rows, formats=_FORMATS)))
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("0661\u200e234567", "+212661234567"),
        ("06\u202f61\u202f23\u202f45\u202f67", "+212661234567"),
        ("6.61234567E8", "+212661234567"),
        ("\u200ea@x.test", "a@x.test"),
        ("'a@x.test", "a@x.test"),
        ("mailto:a@x.test", "a@x.test"),
    ],
)
def test_whoever_is_barred_is_found_as_programs_write_them(
    tmp_path: Path, raw: str, value: str
) -> None:
    """A refusal that nobody could read would be followed by a message."""
    read = address_reader(load({"BROADCASTER_HOME": str(tmp_path)}))
    assert read(raw).value == value
