"""Workbooks as people and programs spoil them: what is read of them, and with what findings."""

import struct
import tracemalloc
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from broadcaster.audience.draft import Row
from broadcaster.audience.importer import Importer
from broadcaster.audience.mapping import ColumnMapping, ColumnUse
from broadcaster.audience.report import report_file
from broadcaster.audience.sheets import archive, merged, strings
from broadcaster.audience.sheets.sheet import LeftOut, Wanted
from broadcaster.channels import phones
from broadcaster.domain.customer import CustomerRecord
from broadcaster.errors import InvalidInputError
from tests.catalogues import SHIPPED
from tests.workbooks import cell, ods_cell, ods_parts, ods_row, row, xlsx_parts, zipped

_IMPORTER = Importer(
    phones.reader("MA"), SHIPPED, locale="ar", time_zone="Africa/Casablanca", trunk="0"
)
_HEAD = row(1, "number", "name", "phone", "district")
_ODS_HEAD = ods_row("number", "name", "phone", "district")
_AMINA = row(2, "C1", "Amina", "0661234567", "Anfa")


class Read:
    """What came of a file."""

    def __init__(self, folder: Path, content: bytes, wanted: Wanted | None = None) -> None:
        path = folder / "customers.bin"
        path.write_bytes(content)
        with _IMPORTER.open(path, wanted) as reading:
            self.rows: Sequence[Row] = list(reading)
            self.about = reading.about()
            self.unread = [one.left for one in reading.unread()]
            self.told = [*reading.header_findings(), *reading.closing_findings()]

    @property
    def record(self) -> CustomerRecord:
        """The only customer."""
        (found,) = [one.record for one in self.rows if one.record]
        return found

    @property
    def problems(self) -> list[tuple[str, str, str]]:
        """Column, outcome and problem of all findings in rows."""
        return [(one.column, one.outcome, one.problem) for row in self.rows for one in row.findings]


def _xlsx(folder: Path, *rows: str, wanted: Wanted | None = None, **more: Any) -> Read:  # noqa: ANN401  (as xlsx_parts has them)
    return Read(folder, zipped(xlsx_parts(rows, **more)), wanted)


def _ods(folder: Path, *rows: str, wanted: Wanted | None = None, **more: Any) -> Read:  # noqa: ANN401  (as ods_parts has them)
    return Read(folder, zipped(ods_parts(*rows, **more)), wanted)


def test_a_workbook_is_read_whatever_it_is_called(tmp_path: Path) -> None:
    """What a file holds decides, and not its name."""
    read = _xlsx(tmp_path, _HEAD, _AMINA)
    assert read.record.number == "C1"
    assert read.record.addresses[0].value == "+212661234567"
    assert read.about == {"format": "XLSX", "sheet": "Clients", "sheets": "Clients"}
    assert read.problems == []
    assert _ods(tmp_path, _ODS_HEAD, ods_row("C1", "Amina", "0661234567")).record.name == "Amina"


def test_shared_and_rich_texts_are_read_whole(tmp_path: Path) -> None:
    """Runs are joined, phonetic hints left out, escaped signs restored."""
    items = (
        "<si><t>number</t></si><si><t>name</t></si>"
        '<si><r><t>Am</t></r><r><rPr/><t xml:space="preserve">ina </t></r>'
        "<rPh sb='0' eb='1'><t>no</t></rPh></si><si><t>C_x0031_</t></si>"
    )
    one = row(1, cell("A1", "0", "s"), cell("B1", "1", "s"))
    two = row(2, cell("A2", "3", "s"), cell("B2", "2", "s"))
    read = _xlsx(tmp_path, one, two, strings=items)
    assert (read.record.number, read.record.name) == ("C1", "Amina")


def test_more_shared_texts_than_memory_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are fetched from disk in whatever order, and each is the right one."""
    monkeypatch.setattr(strings, "_HELD", 2)
    texts = ["number", "name", *[f"n{at}" for at in range(500)]]
    items = "".join(f"<si><t>{text}</t></si>" for text in texts)
    rows = [row(1, cell("A1", "0", "s"), cell("B1", "1", "s"))]
    order = [(at * 199) % 500 for at in range(500)]
    rows += [
        row(at + 2, cell(f"A{at + 2}", str(one + 2), "s"), cell(f"B{at + 2}", "2", "s"))
        for at, one in enumerate(order)
    ]
    read = _xlsx(tmp_path, *rows, strings=items)
    assert [one.named for one in read.rows] == [f"n{one}" for one in order]


_FORMATS = ("yyyy\\-mm\\-dd", "0000000000", "0%", "[h]:mm", 'dd/mm/yyyy\\ "h"', "General")


def _one(folder: Path, heading: str, written: str, **more: Any) -> Read:  # noqa: ANN401  (as xlsx_parts has them)
    head = row(1, "number", "name", heading)
    return _xlsx(folder, head, row(2, "C1", "Amina", written), formats=_FORMATS, **more)


@pytest.mark.parametrize(
    ("heading", "written", "expected"),
    [
        ("opened_on", cell("C2", "43910", "", "1"), "2020-03-20"),
        ("opened_on", cell("C2", "43910", "", "5"), "2020-03-20"),
        ("opened_on", cell("C2", "59", "", "1"), "1900-02-28"),
        ("opened_on", cell("C2", "61", "", "1"), "1900-03-01"),
        ("opened_on", cell("C2", "43910.75", "", "1"), "2020-03-20"),
        ("opened_on", cell("C2", "2020-03-20T00:00:00", "d"), "2020-03-20"),
        ("opened_on", cell("C2", "٢٠/٠٣/٢٠٢٠"), "2020-03-20"),
        ("opened_on", cell("C2", "۲۰۲۰-۰۳-۲۰"), "2020-03-20"),
        ("meter_day", cell("C2", "12", ""), 12),
        ("meter_day", cell("C2", "12.0", ""), 12),
        ("meter_day", cell("C2", "١٢"), 12),
        ("subscribed_kva", cell("C2", "0.30000000000000004", ""), 0.3),
        ("subscribed_kva", cell("C2", "3.3", "", "6"), 3.3),
        ("subscribed_kva", cell("C2", "٣٫٣"), 3.3),
        ("life_support", cell("C2", "1", "b"), True),
        ("life_support", cell("C2", "0", "b"), False),
        ("district", cell("C2", "12", "", "2"), "0000000012"),
        ("feeder", cell("C2", "6.61E2", ""), "661"),
    ],
)
def test_typed_cells_have_the_value_that_people_see(
    tmp_path: Path, heading: str, written: str, expected: object
) -> None:
    """Dates of both kinds of years, digits of any script, numbers without their noise."""
    read = _one(tmp_path, heading, written)
    assert read.record.attributes == {heading: expected}
    assert read.problems == []


def test_dates_may_be_counted_from_1904(tmp_path: Path) -> None:
    """Old programs for the Mac counted from another day, and the workbook says so."""
    written = cell("C2", "42448", "", "1")
    read = _one(tmp_path, "opened_on", written, properties='<workbookPr date1904="1"/>')
    assert read.record.attributes == {"opened_on": "2020-03-20"}


@pytest.mark.parametrize(
    ("heading", "written", "column", "problem"),
    [
        ("district", cell("C2", "#REF!", "e"), "district", "holds the error #REF! of a spreads"),
        ("district", cell("C2", "#N/A", "e"), "district", "holds the error #N/A of a spreadsheet"),
        ("district", cell("C2", "43910", "", "1"), "district", "is a date, as spreadsheets make"),
        ("opened_on", cell("C2", "60", "", "1"), "opened_on", "is formatted as a date, and there"),
        ("opened_on", cell("C2", "9999999", "", "1"), "opened_on", "is formatted as a date, and"),
        ("opened_on", cell("C2", "43910", ""), "opened_on", "'43910' is no date"),
        ("meter_day", cell("C2", "1.5", "", "4"), "meter_day", "is a date, as spreadsheets make"),
        ("district", "<c r='C2'><f>A1</f></c>", "district", "is a formula that no value was"),
        ("district", "<c r='C2'><f>A1</f><v/></c>", "district", "is a formula that no value was"),
        ("district", cell("C2", "1234567890123456", ""), "district", "has more than 15 digits"),
    ],
)
def test_a_cell_that_cannot_be_trusted_refuses_its_row(
    tmp_path: Path, heading: str, written: str, column: str, problem: str
) -> None:
    """Errors, dates that were no dates, values that were never calculated."""
    ((found, outcome, said),) = _one(tmp_path, heading, written).problems
    assert (found, outcome) == (column, "refused")
    assert said.startswith(problem)


@pytest.mark.parametrize(
    ("heading", "written", "problem"),
    [
        ("feeder", "<c r='C2' t='str'><f>A1</f><v>F7</v></c>", "is a formula; the value stored"),
        ("subscribed_kva", cell("C2", "0.25", "", "3"), "is shown as a percentage; the number"),
    ],
)
def test_what_was_taken_in_place_of_what_was_written_is_told(
    tmp_path: Path, heading: str, written: str, problem: str
) -> None:
    """The customer is stored, and the report says with which value."""
    read = _one(tmp_path, heading, written)
    ((_, outcome, said),) = read.problems
    assert outcome == "repaired"
    assert said.startswith(problem)
    assert heading in read.record.attributes


@pytest.mark.parametrize(
    ("written", "stored", "problem"),
    [
        (cell("C2", "661234567", ""), "+212661234567", "had lost its leading 0, as a spreads"),
        (cell("C2", "661234567", "", "2"), "+212661234567", None),
        (cell("C2", "6.61234567E8"), "+212661234567", "was turned into scientific notation"),
        (cell("C2", "661234567.0"), "+212661234567", "ended in .0, as a spreadsheet writes"),
        (cell("C2", "06\u202f61\u202f23\u202f45\u202f67"), "+212661234567", "has narrow no-break"),
        (cell("C2", "٠٦٦١٢٣٤٥٦٧"), "+212661234567", None),
        (cell("C2", "۰۶۶۱۲۳۴۵۶۷"), "+212661234567", None),
    ],
)
def test_numbers_that_lost_nothing_are_mended(
    tmp_path: Path, written: str, stored: str, problem: str | None
) -> None:
    """A repair has all digits before it, and is told."""
    read = _one(tmp_path, "phone", written)
    assert [one.value for one in read.record.addresses] == [stored]
    assert [(one, said.startswith(problem or "")) for _, one, said in read.problems] == (
        [("repaired", True)] if problem else []
    )


@pytest.mark.parametrize(
    ("written", "fault", "problem"),
    [
        (cell("C2", "66123456.0"), "NOT_A_NUMBER", "ends in decimals"),
        (cell("C2", "6612345,00"), "NOT_A_NUMBER", "ends in decimals"),
        (cell("C2", "٦٦١٢٣٤٥٦٫٠"), "NOT_A_NUMBER", "ends in decimals"),
        (cell("C2", "661234567.00"), "NOT_A_NUMBER", "ends in decimals"),
        (cell("C2", "6.61E+08"), "NOT_A_NUMBER", "was turned into scientific notation by a spread"),
        (cell("C2", "#REF!", "e"), "SPREADSHEET", "holds the error #REF! of a spreadsheet"),
        (cell("C2", "43910", "", "1"), "SPREADSHEET", "is a date, as spreadsheets make of"),
        ("<c r='C2'><f>A1</f></c>", "SPREADSHEET", "is a formula that no value was stored with"),
        (cell("C2", "1", "b"), "NOT_A_NUMBER", "is no telephone number"),
    ],
)
def test_an_address_in_a_broken_cell_is_kept_with_its_fault(
    tmp_path: Path, written: str, fault: str, problem: str
) -> None:
    """It refuses nobody, and says why they can't be told there."""
    read = _one(tmp_path, "phone", written)
    ((column, outcome, said),) = read.problems
    assert (column, outcome) == ("phone", "stored without it")
    assert said.startswith(problem)
    assert [one.fault for one in read.record.broken] == [fault]


def test_hidden_rows_columns_and_sheets_are_left_out_and_said(tmp_path: Path) -> None:
    """What people don't see is not imported unless that is wished."""
    rows = (_HEAD, _AMINA, row(3, "C2", "Nadia", "0661234568", more=' hidden="1"'))
    more: dict[str, Any] = {
        "before": '<cols><col min="4" max="4" hidden="1"/>'
        '<col min="9" max="16384" hidden="1"/></cols>',
        "sheets": {"Clients": "", "Secret": 'state="hidden"', "Notes": ""},
    }
    read = _xlsx(tmp_path, *rows, **more)
    assert read.record.attributes == {}
    assert [one.problem for one in read.told] == [
        'the sheet "Clients" is read; others were left out: "Secret" (hidden), "Notes"',
        "hidden columns were left out (D)",
        "1 hidden row was left out (a filter hides rows too)",
    ]
    shown = _xlsx(tmp_path, *rows, wanted=Wanted(hidden=True), **more)
    assert [one.named for one in shown.rows] == ["C1", "C2"]
    assert shown.rows[0].record is not None
    assert shown.rows[0].record.attributes == {"district": "Anfa"}


def test_a_hidden_column_is_never_wanted_by_its_place(tmp_path: Path) -> None:
    """Its values can't be seen, and empty ones would take away what is known."""
    path = tmp_path / "customers.bin"
    uses = [ColumnUse(column="district", position=4)]
    hidden = '<cols><col min="4" max="4" hidden="1"/></cols>'
    ods = '<table:table-column table:number-columns-repeated="3"/>'
    ods += '<table:table-column table:visibility="collapse"/>'
    for parts in (
        xlsx_parts((_HEAD, _AMINA), before=hidden),
        ods_parts(_ODS_HEAD, ods_row("C1", "Amina", "", "Anfa"), before=ods),
    ):
        path.write_bytes(zipped(parts))
        with pytest.raises(InvalidInputError, match="column D, which is district, is hidden"):
            _IMPORTER.open(path, None, ColumnMapping(uses=uses))
        with _IMPORTER.open(path) as reading:
            assert "district" not in reading.header.places
        with _IMPORTER.open(path, Wanted(hidden=True), ColumnMapping(uses=uses)) as reading:
            assert "district" in reading.header.places


def test_rows_and_sheets_that_may_hold_customers_are_told_apart(tmp_path: Path) -> None:
    """Hidden rows and other sheets with values, and neither columns nor empty sheets."""
    rows = (_HEAD, _AMINA, row(3, "C2", "Nadia", more=' hidden="1"'))
    parts = xlsx_parts(rows, sheets={"Clients": "", "More": ""})
    both = [LeftOut.SHEETS, LeftOut.ROWS]
    assert Read(tmp_path, zipped(parts)).unread == both
    assert Read(tmp_path, zipped(parts), Wanted(sheet="Clients")).unread == [LeftOut.ROWS]
    assert Read(tmp_path, zipped(parts), Wanted(hidden=True)).unread == [LeftOut.SHEETS]
    parts["xl/worksheets/sheet2.xml"] = "<worksheet><row r='1'><c r='A1'/></row></worksheet>"
    assert Read(tmp_path, zipped(parts)).unread == [LeftOut.ROWS]
    more = '<table:table table:name="More">{}</table:table>'
    ods = (_ODS_HEAD, ods_row("C1", "A"), ods_row("C2", "B", more='table:visibility="filter"'))
    assert _ods(tmp_path, *ods, others=more.format(ods_row("C3", "C"))).unread == both
    assert _ods(tmp_path, *ods, others=more.format("")).unread == [LeftOut.ROWS]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Clint", "has no sheet 'Clint'. Did you mean \"Clients\"?"),
        ("x", 'has no sheet \'x\'. It has "Clients", "Secret".'),
        ("Secret", "hides its sheet 'Secret'. Show it, or add --hidden."),
    ],
)
def test_a_sheet_that_is_not_there_is_named(tmp_path: Path, name: str, words: str) -> None:
    """With those that are."""
    more: dict[str, Any] = {"sheets": {"Clients": "", "Secret": 'state="veryHidden"'}}
    with pytest.raises(InvalidInputError) as refused:
        _xlsx(tmp_path, _HEAD, _AMINA, wanted=Wanted(sheet=name), **more)
    assert words in str(refused.value)


def test_merged_cells_all_have_the_value(tmp_path: Path) -> None:
    """A district that is written once for three customers is that of all three, and is told."""
    rows = [
        _HEAD,
        row(2, "C1", "Amina", "", "Anfa"),
        row(3, "C2", "Nadia"),
        row(4, "C3", "Karim"),
        row(5, "C4", "Omar"),
    ]
    read = _xlsx(tmp_path, *rows, after='<mergeCells><mergeCell ref="D2:D4"/></mergeCells>')
    found = [one.record.attributes.get("district") for one in read.rows if one.record]
    assert found == ["Anfa", "Anfa", "Anfa", None]
    assert [(column, outcome) for column, outcome, _ in read.problems] == [
        ("district", "repaired")
    ] * 2


def test_rows_without_numbers_and_cells_without_places_follow_one_another(tmp_path: Path) -> None:
    """The attributes are optional in the standard."""
    one = "<c t='inlineStr'><is><t>{}</t></is></c>"
    plain = f"<row>{one}{one}</row>"
    read = _xlsx(tmp_path, plain.format("number", "name"), plain.format("C1", "Amina"))
    assert (read.record.number, read.rows[0].number) == ("C1", 2)


def test_elements_may_have_a_prefix(tmp_path: Path) -> None:
    """Some writers name the namespace on every element."""
    parts = xlsx_parts([_HEAD, _AMINA])
    sheet = str(parts["xl/worksheets/sheet1.xml"]).replace("xmlns=", "xmlns:x=")
    parts["xl/worksheets/sheet1.xml"] = sheet.replace("<", "<x:").replace("<x:/", "</x:")
    assert Read(tmp_path, zipped(parts)).record.number == "C1"


def test_blank_rows_count_and_are_left_out(tmp_path: Path) -> None:
    """Findings name the row that people see."""
    read = _xlsx(tmp_path, row(3, "number", "name"), row(5, "", ""), row(9, "C1", "=A1"))
    assert [one.number for one in read.rows] == [9]
    assert read.rows[0].findings[0].row == 9


def test_a_value_beyond_the_header_refuses_its_row(tmp_path: Path) -> None:
    """Nobody knows what it is."""
    read = _xlsx(tmp_path, _HEAD, row(2, "C1", "Amina", "", "", "x"))
    assert read.problems == [("E", "refused", "has a value in column E, right of the header")]


def test_a_column_without_a_heading_is_left_out_and_said(tmp_path: Path) -> None:
    """Only where it holds something."""
    read = _xlsx(tmp_path, row(1, "number", "name", "", "", "feeder"), row(2, "C1", "A", "", "x"))
    assert [(one.column, one.problem) for one in read.told] == [
        ("D", "has no heading, and was left out")
    ]


def test_sixteen_thousand_columns_are_a_header(tmp_path: Path) -> None:
    """As wide as spreadsheets are; most of them unknown, and a few said to be."""
    head = "".join(f"<c t='inlineStr'><is><t>x{at}</t></is></c>" for at in range(16_382))
    wide = f"<row r='1'>{cell('A1', 'number')}{cell('B1', 'name')}{head}</row>"
    read = _xlsx(tmp_path, wide, row(2, "C1", "Amina"))
    assert read.record.number == "C1"
    assert len(read.told) == 200


def test_a_million_repeated_cells_of_an_ods_cost_nothing(tmp_path: Path) -> None:
    """Programs write the empty rest of a sheet as one cell and one row."""
    many = 'table:number-columns-repeated="16384"'
    rows = (
        ods_row("number", "name", f"<table:table-cell {many}/>"),
        ods_row("C1", "Amina", f"<table:table-cell {many}/>"),
        ods_row(f"<table:table-cell {many}/>", more='table:number-rows-repeated="1048574"'),
    )
    read = _ods(tmp_path, *rows)
    assert read.record.number == "C1"
    assert read.rows[0].number == 2


def test_typed_cells_of_an_ods(tmp_path: Path) -> None:
    """Numbers, zeros of a format, dates, formulas, comments, hidden rows and merged cells."""
    rows = (
        ods_row("number", "name", "phone", "meter_day", "opened_on", "feeder"),
        ods_row(
            ods_cell("0012", 'office:value-type="float" office:value="12"'),
            "<table:table-cell><office:annotation><text:p>a comment</text:p></office:annotation>"
            "<text:p>Ami<text:s text:c='2'/>na</text:p><text:p>B</text:p></table:table-cell>",
            ods_cell("661234567", 'office:value-type="float" office:value="661234567"'),
            ods_cell("12", 'office:value-type="float" office:value="12" table:formula="of:=6*2"'),
            ods_cell("20/03/20", 'office:value-type="date" office:date-value="2020-03-20"'),
            ods_cell("F7", 'table:number-rows-spanned="2"'),
        ),
        ods_row("C2", "Nadia", "", "", "", "<table:covered-table-cell/>"),
        ods_row("C3", "Karim", more='table:visibility="filter"'),
    )
    read = _ods(tmp_path, *rows)
    first, second = (one.record for one in read.rows)
    assert first is not None
    assert second is not None
    assert (first.number, first.name) == ("0012", "Ami na B")
    assert first.attributes == {"meter_day": 12, "opened_on": "2020-03-20", "feeder": "F7"}
    assert second.attributes == {"feeder": "F7"}
    assert [problem for _, _, problem in read.problems] == [
        "is a formula; the value stored with it was taken",
        "had lost its leading 0, as a spreadsheet does to numbers",
        "belongs to merged cells; their value was taken",
    ]
    assert [one.problem for one in read.told] == [
        "1 hidden row was left out (a filter hides rows too)"
    ]


def test_hidden_sheets_and_columns_of_an_ods(tmp_path: Path) -> None:
    """A style hides a sheet, an attribute a column."""
    more: dict[str, Any] = {
        "styles": '<style:style style:name="ta2"><style:table-properties table:display="false"/>'
        "</style:style>",
        "before": '<table:table-column table:number-columns-repeated="3"/>'
        '<table:table-column table:visibility="collapse"/>',
        "others": '<table:table table:name="Secret" table:style-name="ta2"/>',
    }
    rows = (_ODS_HEAD, ods_row("C1", "Amina", "", "Anfa"))
    read = _ods(tmp_path, *rows, **more)
    assert read.record.attributes == {}
    assert [one.problem for one in read.told] == [
        'the sheet "Clients" is read; others were left out: "Secret" (hidden)',
        "hidden columns were left out (D)",
    ]
    assert _ods(tmp_path, *rows, wanted=Wanted(hidden=True), **more).record.attributes


_BOMB = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'


def _changed(name: str, content: str | bytes) -> bytes:
    return zipped({**xlsx_parts([_HEAD, _AMINA]), name: content})


def _encrypted() -> bytes:
    head = bytearray(512)
    head[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    head[30:32] = (9).to_bytes(2, "little")
    return bytes(head) + "EncryptedPackage".encode("utf-16-le").ljust(512, b"\0")


_WHOLE: Mapping[str, tuple[bytes, str]] = {
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(99), "is a picture (PNG). Give a CSV, TSV, XLSX"),
    "a PDF": (b"%PDF-1.7", "is a PDF. Give a CSV, TSV, XLSX or ODS file."),
    "a web page": (b"<html><table>", "is a web page, as some programs call a table."),
    "an archive": (zipped({"a.txt": "x"}), "is an archive, and no workbook."),
    "a document": (zipped({"word/document.xml": "x"}), "is a document."),
    "an OpenDocument text": (
        zipped({"mimetype": "application/vnd.oasis.opendocument.text"}),
        "is an OpenDocument file, and no table.",
    ),
    "a binary workbook": (zipped({"xl/workbook.bin": "x"}), "is a binary workbook (XLSB)."),
    "an old workbook": (_encrypted()[:512] + bytes(512), "is an old Excel workbook (XLS)."),
    "an encrypted workbook": (_encrypted(), "is an encrypted workbook. Open it with its password"),
    "an encrypted ODS": (
        zipped(ods_parts(_ODS_HEAD, manifest="<file-entry><encryption-data/></file-entry>")),
        "is encrypted.",
    ),
    "a shortened archive": (zipped(xlsx_parts([_HEAD]))[:-30], "is a damaged or shortened archive"),
    "an entity bomb": (
        _changed("xl/worksheets/sheet1.xml", _BOMB + "<worksheet>&b;</worksheet>"),
        "has a document type declaration or entities, which no workbook has.",
    ),
    "an entity bomb in its texts": (
        zipped({**xlsx_parts([_HEAD], strings=""), "xl/sharedStrings.xml": _BOMB + "<sst/>"}),
        "has a document type declaration or entities, which no workbook has.",
    ),
    "broken XML": (_changed("xl/worksheets/sheet1.xml", "<worksheet>"), "its XML is broken ("),
    "elements without end": (
        _changed("xl/worksheets/sheet1.xml", "<worksheet>" + "<row>" * 300),
        "its XML is nested too deeply.",
    ),
    "elements without end in an ODS": (
        zipped({**ods_parts(), "content.xml": "<a>" * 300}),
        "its XML is nested too deeply.",
    ),
    "elements without end among its texts": (
        zipped({**xlsx_parts([_HEAD], strings=""), "xl/sharedStrings.xml": "<sst>" + "<si>" * 300}),
        "its XML is nested too deeply.",
    ),
    "a tag without end": (
        _changed("xl/worksheets/sheet1.xml", "<worksheet><c r='" + "A" * (5 * 2**20)),
        "has a tag that is longer than 4 MiB.",
    ),
    "no sheet": (_changed("xl/workbook.xml", "<workbook/>"), "has no sheet."),
    "a sheet that is missing": (
        zipped({k: v for k, v in xlsx_parts([_HEAD]).items() if "sheet1" not in k}),
        "lacks its part 'xl/worksheets/sheet1.xml'.",
    ),
    "rows out of order": (
        zipped(xlsx_parts([_HEAD, row(5, "C1", "A"), row(3, "C2", "B")])),
        "has its rows out of order (row 3 comes after row 5).",
    ),
    "no place": (
        zipped(xlsx_parts([_HEAD, "<row r='2'><c r='ABCD2'><v>1</v></c></row>"])),
        "has a cell at 'ABCD2', which is no place.",
    ),
    "too many columns": (
        zipped(xlsx_parts([_HEAD, "<row r='2'><c r='XFE2'><v>1</v></c></row>"])),
        "has more than 16,384 columns.",
    ),
    "a number that is none": (
        zipped(xlsx_parts([_HEAD, row(2, cell("A2", "x", ""))])),
        "has no number in cell A2, where one belongs.",
    ),
    "a text that is missing": (
        zipped(xlsx_parts([_HEAD, row(2, cell("A2", "7", "s"))], strings="<si><t>a</t></si>")),
        "has no number in cell A2, where one belongs.",
    ),
    "hidden sheets only": (
        zipped(xlsx_parts([_HEAD], sheets={"A": 'state="hidden"'})),
        "has hidden sheets only. Show one, or import with --hidden.",
    ),
    "too many merged cells": (
        zipped(
            xlsx_parts([_HEAD], after='<mergeCell ref="A1:B2"/>' * 10_001),
        ),
        "has more than 10000 areas of merged cells.",
    ),
    "merged cells that overlap": (
        zipped(
            xlsx_parts([_HEAD, _AMINA], after='<mergeCell ref="A1:B2"/><mergeCell ref="B2:C9"/>'),
        ),
        "has areas of merged cells that overlap.",
    ),
    "merged cells that overlap in an ODS": (
        zipped(
            ods_parts(
                ods_row("number", ods_cell("name", 'table:number-rows-spanned="3"')),
                ods_row(ods_cell("C1", 'table:number-columns-spanned="2"')),
            )
        ),
        "has areas of merged cells that overlap.",
    ),
    "merged cells without end": (
        zipped(xlsx_parts([_HEAD], after="<mergeCell " * 100_000)),
        "its XML is broken (",
    ),
    "a row that is repeated": (
        zipped(ods_parts(_ODS_HEAD, ods_row("C1", more='table:number-rows-repeated="1048576"'))),
        "repeats its row 2 1,048,576 times.",
    ),
    "a value that is repeated": (
        zipped(
            ods_parts(
                _ODS_HEAD,
                ods_row("C1", ods_cell("A", 'table:number-columns-repeated="99999"')),
            )
        ),
        "has more than 16,384 columns.",
    ),
    "XML": (b"<?xml version='1.0'?><office/>", "is XML."),
}


@pytest.mark.parametrize("case", _WHOLE)
def test_a_file_that_cannot_be_read_is_refused_whole(tmp_path: Path, case: str) -> None:
    """The error names the file, what it is, and what to do."""
    content, words = _WHOLE[case]
    with pytest.raises(InvalidInputError) as refused:
        Read(tmp_path, content)
    assert words in str(refused.value)
    assert "customers.bin" in str(refused.value)


def test_an_archive_that_unpacks_without_end_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By what it says and by what comes out of it; before memory or disk are full."""
    monkeypatch.setattr(archive, "_LARGE", 2**20)
    monkeypatch.setattr(archive, "LARGEST_PART", 2**22)
    for name in ("xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"):
        parts = {**xlsx_parts([_HEAD, _AMINA], strings=""), name: " " * 2**21}
        with pytest.raises(InvalidInputError, match="unpacks to more than 400 times its size"):
            Read(tmp_path, zipped(parts, level=9))
    lying = zipped({**xlsx_parts([_HEAD]), "xl/worksheets/sheet1.xml": bytes(2**21)}, level=9)
    small = (2**21).to_bytes(4, "little")
    with pytest.raises(InvalidInputError, match=r"is damaged|unpacks to more"):
        Read(tmp_path, lying.replace(small, (2**19).to_bytes(4, "little")))


def _wide_ending(content: bytes, parts: int, length: int) -> bytes:
    """Put an ending for very large archives before the usual one, which stays as it is."""
    at = content.rfind(b"PK\x05\x06")
    first = int.from_bytes(content[at + 16 : at + 20], "little")
    wide = b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, parts, parts, length, first)
    locator = b"PK\x06\x07" + struct.pack("<IQI", 0, at, 1)
    return content[:at] + wide + locator + content[at:]


def test_the_ending_of_very_large_archives_is_bounded_too(tmp_path: Path) -> None:
    """It counts in place of the usual one, which may say anything."""
    content = zipped(xlsx_parts([_HEAD, _AMINA]))
    at = content.rfind(b"PK\x05\x06")
    parts = int.from_bytes(content[at + 10 : at + 12], "little")
    length = int.from_bytes(content[at + 12 : at + 16], "little")
    assert Read(tmp_path, _wide_ending(content, parts, length)).record.number == "C1"
    for many, long in ((10_001, length), (parts, 17 * 2**20)):
        with pytest.raises(InvalidInputError, match="has more than 10000 parts"):
            Read(tmp_path, _wide_ending(content, many, long))
    lost = _wide_ending(content, parts, length).replace(b"PK\x06\x06", b"PK\0\0")
    with pytest.raises(InvalidInputError, match="is a damaged or shortened archive"):
        Read(tmp_path, lost)
    # The place of the list may look like an ending of its own.
    hidden = content[: at + 10] + b"\xff\xff" + content[at + 12 : at + 16] + b"PK\x05\x06\0\0"
    with pytest.raises(InvalidInputError, match="has more than 10000 parts"):
        Read(tmp_path, hidden)


def test_signs_that_no_text_may_hold_refuse_their_row_and_are_reported(tmp_path: Path) -> None:
    """A lone half of a sign can be escaped in a workbook, and be written nowhere."""
    head = row(1, "number", "name", "half _xD800_")
    read = _xlsx(tmp_path, head, row(2, "C1", "A_xD83D_"), row(3, "C2", "Nadia", "_xD800_"))
    assert read.problems == [("name", "refused", "has a control character (U+D83D)")]
    assert read.record.number == "C2"
    path = tmp_path / "report.csv"
    with report_file(path, None) as write:
        for finding in [*read.told, *read.rows[0].findings]:
            write(finding)
    written = path.read_text(encoding="utf-8-sig")
    assert "half \\ud800" in written
    assert "A\\ud83d" in written


def _wide_rows(count: int) -> list[bytes]:
    far = "".join(f'<row r="{at}"><c r="XFD{at}"><v>1</v></c></row>' for at in range(2, count))
    more = 'office:value-type="float" office:value="1" table:number-columns-repeated="16384"'
    ods = f"<table:table-row><table:table-cell {more}/></table:table-row>" * count
    return [zipped(xlsx_parts([_HEAD, far])), zipped(ods_parts(_ODS_HEAD, ods))]


def test_very_wide_rows_are_never_in_memory_together(tmp_path: Path) -> None:
    """A few octets for each of them unpack to as many cells as a spreadsheet has columns."""
    for content in _wide_rows(600):
        path = tmp_path / "customers.bin"
        path.write_bytes(content)
        tracemalloc.start()
        try:
            with _IMPORTER.open(path) as reading:
                assert all(row.record is None for row in reading)
            assert tracemalloc.get_traced_memory()[1] < 30 * 2**20
        finally:
            tracemalloc.stop()


def test_merged_cells_are_bounded_all_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However few areas they are."""
    monkeypatch.setattr(merged, "MOST_FILLED", 8)
    rows = [_HEAD, _AMINA, *(row(at, f"C{at}") for at in range(3, 10))]
    with pytest.raises(InvalidInputError, match="has more than 8 merged cells"):
        _xlsx(tmp_path, *rows, after='<mergeCell ref="C2:D9"/>')


def test_an_archive_of_very_many_parts_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before their list is read."""
    monkeypatch.setattr(archive, "_MOST_PARTS", 5)
    with pytest.raises(InvalidInputError, match="has more than 5 parts"):
        Read(tmp_path, zipped(xlsx_parts([_HEAD])))


def test_a_text_that_is_too_long_refuses_its_row(tmp_path: Path) -> None:
    """However long it is, what is kept of it is bounded."""
    long = "A" * 100_000
    for read in (
        _xlsx(tmp_path, _HEAD, row(2, "C1", long)),
        _ods(tmp_path, _ODS_HEAD, ods_row("C1", long)),
    ):
        assert read.problems == [("name", "refused", "is longer than 5000 characters")]
