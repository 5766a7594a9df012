"""Files of customers, as programs and people spoil them."""

import base64
import csv
import io
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from broadcaster.audience import filereading as reading_module
from broadcaster.audience.attributes import Attribute, Kind
from broadcaster.audience.draft import Draft, Finding, Row
from broadcaster.audience.importer import Importer
from broadcaster.audience.repairs import Repaired
from broadcaster.audience.report import new_file, report_file
from broadcaster.audience.sheets import sheet
from broadcaster.audience.sheets.sheet import SheetRow, Wanted
from broadcaster.channels import mail_parts
from broadcaster.domain.customer import CustomerRecord, PhoneCheck
from broadcaster.domain.formulas import defused
from broadcaster.domain.message import Channel, MessageClass, Scheme
from broadcaster.errors import InvalidInputError
from broadcaster.planning.measuring import Text
from broadcaster.reports.export import cell
from tests.catalogues import SHIPPED, with_attribute

_KEY = base64.urlsafe_b64encode(b"\x04" + bytes(64)).decode().rstrip("=")
_SECRET = base64.urlsafe_b64encode(bytes(16)).decode().rstrip("=")


def _check_phone(raw: str) -> PhoneCheck:
    """Take ten digits for a mobile, and 05 for a fixed line."""
    good = raw.isdigit() and len(raw) == 10
    return PhoneCheck(
        raw=raw,
        e164=f"+212{raw[1:]}" if good else None,
        type=("FIXED_LINE" if raw.startswith("05") else "MOBILE") if good else None,
        sms_capable=good and raw.startswith("06"),
        error=None if good else "NOT_A_NUMBER",
    )


_IMPORTER = Importer(_check_phone, SHIPPED, locale="ar", time_zone="Africa/Casablanca")


def _file(folder: Path, content: str | bytes) -> Path:
    path = folder / "customers.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def _rows(folder: Path, content: str | bytes, encoding: str = "auto") -> list[Row]:
    with _IMPORTER.open(_file(folder, content), Wanted(encoding=encoding)) as reading:
        return list(reading)


def _record(**values: str) -> CustomerRecord:
    row = _IMPORTER.read(2, {"number": "1", "name": "Amina", **values})
    assert row.record is not None, row.findings
    return row.record


def _finding(values: Mapping[str, str]) -> Finding:
    row = _IMPORTER.read(2, {"number": "1", "name": "Amina", **values})
    assert len(row.findings) == 1
    assert (row.record is None) is row.findings[0].refused
    return row.findings[0]


def test_a_whole_row_becomes_a_customer() -> None:
    """Every column arrives where it belongs."""
    record = _record(
        number="C 17",
        name="  أمينة   بناني ",
        name_latin="Amina Bennani",
        locales="ar_ma; fr-MA zgh-tfng-MA",
        time_zone="Europe/Paris",
        phone="0661234567",
        phone_2="0661234568",
        email="amina@EXAMPLE.test",
        push_endpoint="https://push.example.test/1",
        push_p256dh=_KEY,
        push_auth=_SECRET,
        fcm_token="token-of-the-app:APA91b_x",
        opted_out="sms email:promotional",
        consented="push",
        contract="résidentiel",
        services="water;éclairage public",
        district="Ma\u0302arif",
        meter_day="12",
        subscribed_kva="3.3",
        life_support="oui",
        opened_on="20/03/2019",
    )
    assert (record.number, record.name, record.name_latin) == (
        "C 17",
        "أمينة بناني",
        "Amina Bennani",
    )
    assert record.locales == ("ar-MA", "fr-MA", "zgh-Tfng-MA")
    assert record.time_zone == "Europe/Paris"
    assert [(one.scheme, one.value) for one in record.addresses] == [
        (Scheme.TEL, "+212661234567"),
        (Scheme.TEL, "+212661234568"),
        (Scheme.MAILTO, "amina@example.test"),
        (Scheme.WEBPUSH, "https://push.example.test/1"),
        (Scheme.FCM, "token-of-the-app:APA91b_x"),
    ]
    assert record.addresses[3].keys == {"p256dh": _KEY, "auth": _SECRET}
    assert record.opted_out == (
        (Channel.SMS, MessageClass.SERVICE),
        (Channel.EMAIL, MessageClass.PROMOTIONAL),
    )
    assert record.consented == ((Channel.PUSH, MessageClass.PROMOTIONAL),)
    assert record.attributes == {
        "contract": "residential",
        "services": ("water", "street_lighting"),
        "district": "Mâarif",
        "meter_day": 12,
        "subscribed_kva": 3.3,
        "life_support": True,
        "opened_on": "2019-03-20",
    }


def test_empty_cells_are_missing_values() -> None:
    """What is not given is absent, or what the settings say."""
    record = _record(locales=" ", phone="", district="", services="")
    assert record.locales == ("ar",)
    assert record.time_zone == "Africa/Casablanca"
    assert (record.addresses, record.broken, record.attributes) == ((), (), {})


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("number", "", "is missing"),
        ("number", "1.23457E+11", "scientific notation"),
        ("number", "=A1", "formula"),
        ("name", " ", "is missing"),
        ("name", '=HYPERLINK("http://x","y")', "formula"),
        ("name", "+1+1", "formula"),
        ("name", "@SUM(A1)", "formula"),
        ("name", "x" * 201, "longer than 200"),
        ("name", "Amina \u202eanimA", "turn the direction"),
        ("name_latin", "-2+3", "formula"),
        ("number", "12.000", "ends in zeros after a point or comma"),
        ("number", "12,00", "ends in zeros after a point or comma"),
        ("number", "١٢٫٠٠٠", "ends in zeros after a point or comma"),
        ("district", "=1+1", "formula"),
        ("locales", "arabic_MA_x!", "is no locale"),
        ("locales", "ar fr en es de it pt nl tr", "more than 8"),
        ("time_zone", "Casablanca", "is no time zone"),
        ("time_zone", "../../etc/passwd", "is no time zone"),
        ("contract", "premium", "none of the choices"),
        ("services", "water;gas", "none of the choices"),
        ("meter_day", "12,5", "is no number"),
        ("meter_day", "nan", "is no number"),
        ("meter_day", "1e400", "is no number"),
        ("life_support", "maybe", "neither yes nor no"),
        ("opened_on", "31/02/2019", "is no date"),
        ("opened_on", "2019", "is no date"),
        ("opted_out", "telegram", "is not understood"),
        ("opted_out", "yes", "is not understood"),
        ("consented", "sms:everything", "is not understood"),
    ],
)
def test_a_value_that_cannot_be_trusted_refuses_the_row(
    column: str, value: str, words: str
) -> None:
    """The finding names the column, the problem and a remedy."""
    found = _finding({column: value})
    assert (found.column, found.row, found.refused) == (column, 2, True)
    assert words in found.problem
    assert found.remedy


@pytest.mark.parametrize(
    "cell",
    ["0", "000", "-", "--", "–", "N/A", "n/a", "?", "?؟", "néant", "NÉANT", "لا شيء", "٠", "NULL"],
)
def test_what_stands_for_no_household_is_none(cell: str) -> None:
    """Else all who have none would be one household, of which one alone is told."""
    row = _IMPORTER.read(2, {"number": "1", "name": "Amina", "household": cell})
    assert row.record is not None
    assert row.record.household is None
    assert [(one.column, one.outcome) for one in row.findings] == [
        ("household", "stored without it")
    ]
    assert _record(household="M-007").household == "M-007"


@pytest.mark.parametrize(
    ("cell", "number"),
    [("12.0", "12"), ("12,0", "12"), ("١٢٫٠", "12"), ("١٢٬٠٠٠", "12000"), ("'12.000", "12.000")],
)
def test_one_zero_after_a_point_is_no_part_of_a_number(cell: str, number: str) -> None:
    """More of them may be thousands, unless an apostrophe says that they are right."""
    assert _record(number=cell).number == number


@pytest.mark.parametrize(
    ("values", "channel", "fault"),
    [
        ({"phone": "0661"}, Channel.SMS, "NOT_A_NUMBER"),
        ({"phone": "0522312020"}, Channel.SMS, "NOT_MOBILE"),
        ({"email": "a@@b.test"}, Channel.EMAIL, "NOT_ONE_AT"),
        ({"email": "=cmd@b.test"}, Channel.EMAIL, "BAD_LOCAL_PART"),
        ({"fcm_token": "short"}, Channel.PUSH, "BAD_TOKEN"),
        ({"fcm_token": "x" * 30 + " <script>"}, Channel.PUSH, "BAD_TOKEN"),
        ({"push_endpoint": "https://p.test/1"}, Channel.PUSH, "BAD_SUBSCRIPTION"),
        (
            {"push_endpoint": "http://p.test/1", "push_p256dh": _KEY, "push_auth": _SECRET},
            Channel.PUSH,
            "BAD_SUBSCRIPTION",
        ),
        (
            {"push_endpoint": "https://[::1", "push_p256dh": _KEY, "push_auth": _SECRET},
            Channel.PUSH,
            "BAD_SUBSCRIPTION",
        ),
        (
            {"push_endpoint": "https://u@p.test", "push_p256dh": _KEY, "push_auth": _SECRET},
            Channel.PUSH,
            "BAD_SUBSCRIPTION",
        ),
    ],
)
def test_an_address_that_cannot_be_used_is_kept_with_its_fault(
    values: dict[str, str], channel: Channel, fault: str
) -> None:
    """The customer is stored, so that a report can say why they were not told."""
    row = _IMPORTER.read(2, {"number": "1", "name": "Amina", **values})
    assert row.record is not None
    assert row.record.addresses == ()
    assert [(one.channel, one.fault) for one in row.record.broken] == [(channel, fault)]
    assert [finding.refused for finding in row.findings] == [False]


def test_the_same_address_twice_is_one() -> None:
    """A second column with the same number adds nothing."""
    assert len(_record(phone="0661234567", phone_2="0661234567").addresses) == 1


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("number,name\n1,أمينة\n", "auto"),
        ("\ufeffnumber,name\n1,أمينة\n", "auto"),
        ("number;name\r\n1;أمينة\r\n", "auto"),
        ("number\tname\r1\tأمينة\r", "auto"),
        ("sep=|\nnumber|name\n1|أمينة", "auto"),
        ('\n\n number , Name \n\n\n1,"أمينة"\n,\n', "auto"),
        ("number,nom\n1,أمينة".encode("utf-16"), "auto"),
        ("number;name\n1;أمينة".encode("cp1256"), "cp1256"),
        ('"number";"name";"quartier"\n1;"أمينة";"a;b,c"', "auto"),
    ],
)
def test_reads_what_programs_write(tmp_path: Path, content: str | bytes, encoding: str) -> None:
    """Marks, separators, line ends, blank lines and encodings that are certain."""
    (row,) = _rows(tmp_path, content, encoding)
    assert row.record is not None
    assert (row.record.number, row.record.name) == ("1", "أمينة")


def test_rows_are_numbered_as_spreadsheets_do(tmp_path: Path) -> None:
    """Blank rows count, and a cell with line breaks is one row."""
    rows = _rows(tmp_path, 'number,name\n1,"A\nB"\n\n2,C\n')
    assert [row.number for row in rows] == [2, 4]
    assert rows[0].record is not None
    assert rows[0].record.name == "A B"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"   \n\n", "is empty"),
        (b"name\nAmina\n", "the column number is missing"),
        (b"nubmer,name\n1,A\n", 'Is it "nubmer"?'),
        (
            b"number,name,phone,Phone\n",
            "phone is there twice. Keep one of them, or head one phone_2",
        ),
        (
            b"number,name,mail,email\n",
            "email is there twice. Keep one of them, or head one email_2",
        ),
        (b"number,name,gsm,phone,Phone-2\n", "or name one otherwise"),
        (b"PK\x03\x04....", "is a damaged or shortened archive"),
        (b"%PDF-1.7", "is a PDF"),
        (b'number,name\n1,"Amina\n2,Nadia\n', "quotes are broken"),
        (b'number,name\n1,"Ami"na\n', "quotes are broken"),
        (b"number,name\n1," + b"x" * 300_000, "longer than 200000"),
        (b'number,name\n1,"' + b"x\n" * 100_000 + b'"', "quotes are broken"),
    ],
)
def test_a_file_that_is_no_csv_is_refused_whole(tmp_path: Path, content: bytes, words: str) -> None:
    """The error names the file, the problem and the remedy."""
    with pytest.raises(InvalidInputError) as refused:
        _rows(tmp_path, content)
    assert words in str(refused.value)
    assert "customers.csv" in str(refused.value)


@pytest.mark.parametrize("name", ["", "missing.csv", ".", "a\x00b"])
def test_a_path_that_is_no_file_is_refused(tmp_path: Path, name: str) -> None:
    """Folders, devices, and names that no file can have."""
    with pytest.raises(InvalidInputError):
        _IMPORTER.open(tmp_path / name)


def test_an_unknown_encoding_is_refused(tmp_path: Path) -> None:
    """Only encodings that customers' files have are read."""
    with pytest.raises(InvalidInputError, match="--encoding"):
        _rows(tmp_path, "number,name\n", "rot13")


def test_a_file_that_is_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file beyond the bound is not even begun, and one of too many rows not finished."""
    monkeypatch.setattr(sheet, "LARGEST", 10)
    with pytest.raises(InvalidInputError, match="is larger than"):
        _rows(tmp_path, "number,name\n1,Amina")
    monkeypatch.undo()
    monkeypatch.setattr(reading_module, "MOST_ROWS", 2)
    with pytest.raises(InvalidInputError, match="more than 2 rows"):
        _rows(tmp_path, "number,name\n1,A\n2,B\n3,C\n")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("1,Amina,x,y", "has 4 cells, and the header has 3"),
        ("1,Amina", "has 2 cells, and the header has 3"),
        ("1,Ami\x1bna,x", "control character (U+001B)"),
        ("1,Amina," + "x" * 5001, "longer than 5000"),
    ],
)
def test_a_misshapen_row_is_refused_and_the_others_are_not(
    tmp_path: Path, line: str, words: str
) -> None:
    """One bad row stops nobody else."""
    rows = _rows(tmp_path, f"number,name,district\n{line}\n2,Nadia,Anfa\n")
    assert [row.record is None for row in rows] == [True, False]
    assert words in rows[0].findings[0].problem


def test_a_number_that_comes_back_is_refused(tmp_path: Path) -> None:
    """The first row of a number counts; a refused row claims none."""
    rows = _rows(tmp_path, "number,name\n1,\n1,Amina\n1,Nadia\n")
    assert [row.record is None for row in rows] == [True, False, True]
    assert "earlier row" in rows[2].findings[0].problem


def test_unknown_columns_are_reported_and_left_out(tmp_path: Path) -> None:
    """A column that nobody knows is named with the nearest that there is."""
    with _IMPORTER.open(_file(tmp_path, "number,name,distrct,colour\n1,A,x,y\n")) as reading:
        found = reading.header_findings()
        (row,) = reading
    assert [one.column for one in found] == ["distrct", "colour"]
    assert found[0].remedy == 'Did you mean "district"?'
    assert row.record is not None
    assert row.record.attributes == {}


def test_a_new_attribute_is_a_column(tmp_path: Path) -> None:
    """One row of the table makes a column, headed by its name or a label."""
    entry = Attribute(kind=Kind.NUMBER, labels={"ar": "مسابح", "fr": "piscines", "en": "pools"})
    more = with_attribute("pools", entry)
    importer = Importer(_check_phone, more, locale="ar", time_zone="Africa/Casablanca")
    with importer.open(_file(tmp_path, "number,name,Piscines\n1,A,2\n")) as reading:
        (row,) = reading
    assert row.record is not None
    assert row.record.attributes == {"pools": 2}


def test_the_report_has_no_formula(tmp_path: Path) -> None:
    """A cell that a spreadsheet would run is defused, and the report reads back as CSV."""
    path = tmp_path / "report.csv"
    with report_file(path, tmp_path / "other.csv") as write:
        write(_finding({"name": '=HYPERLINK("http://x")'}))
        write(_finding({"district": "@x,\ny"}))
    rows: Sequence[Sequence[str]] = list(
        csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline=""))
    )
    assert [row[3] for row in rows] == ["value", '\'=HYPERLINK("http://x")', "'@x,\ny"]
    assert all(not cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)
    assert defused("\t=1") == "'\t=1"
    assert defused("plain") == "plain"


def test_the_report_never_overwrites_the_file(tmp_path: Path) -> None:
    """Naming the imported file as its own report is refused before anything is written."""
    path = _file(tmp_path, "number,name\n1,A\n")
    with (
        pytest.raises(InvalidInputError, match="is the file that is imported"),
        report_file(path, path),
    ):
        pass
    assert path.read_text(encoding="utf-8").startswith("number")
    with (
        pytest.raises(InvalidInputError, match="can't be written"),
        report_file(tmp_path / "no" / "report.csv", path),
    ):
        pass


def test_values_do_not_show_in_reprs() -> None:
    """A finding may end up in a log; the value in it must not."""
    assert "0661" not in repr(_finding({"phone": "0661"}))
    for held in (
        Draft(2, {"phone": "0661"}),
        Repaired("0661", "ended in .0"),
        SheetRow(2, ["0661"], {}),
        Text("fr", ("0661",)),
        mail_parts.Text(literals=("0661",), holes=(), last=None),
    ):
        assert "0661" not in repr(held)


def test_a_report_is_for_its_owner_alone(tmp_path: Path) -> None:
    """It holds names and addresses; an earlier one that others could read is closed too."""
    path = tmp_path / "report.csv"
    path.touch(0o644)
    for _ in range(2):
        with report_file(path, None):
            pass
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        path.unlink(missing_ok=True)


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_every_file_that_leaves_has_the_same_rule_for_formulas(tmp_path: Path, first: str) -> None:
    """Reports of imports, exported lists and exported deliveries."""
    path = tmp_path / "list.csv"
    with new_file(path) as write:
        write([f"{first}1"])
    with path.open(encoding="utf-8-sig", newline="") as file:
        assert next(csv.reader(file)) == [f"'{first}1"]
    assert cell(f"{first}1") == defused(f"{first}1") == f"'{first}1"
