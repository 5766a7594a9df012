"""Bad files and bad cells of every sort, each with the exact words that people read about it."""

import io
from collections.abc import Sequence
from pathlib import Path

import pytest

from broadcaster.audience import filereading as reading_module
from broadcaster.audience.draft import Finding, Row
from broadcaster.audience.importer import Importer
from broadcaster.audience.sheets import sheet
from broadcaster.audience.sheets.sheet import Wanted
from broadcaster.audience.sheets.source import from_stream
from broadcaster.channels import phones
from broadcaster.errors import InvalidInputError
from tests.catalogues import SHIPPED

_IMPORTER = Importer(
    phones.reader("MA"), SHIPPED, locale="ar", time_zone="Africa/Casablanca", trunk="0"
)


def _read(
    folder: Path, content: str | bytes, wanted: Wanted | None = None
) -> tuple[Sequence[Row], Sequence[Finding], dict[str, str]]:
    path = folder / "f.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with _IMPORTER.open(path, wanted) as reading:
        rows = list(reading)
        told = [*reading.header_findings(), *reading.closing_findings()]
        return rows, told, dict(reading.about())


_ENCODED = "number;name;district\n" + "".join(
    f"{n};{name};{where}\n"
    for n, (name, where) in enumerate(
        [("أمينة بناني", "الدار البيضاء"), ("محمد العلوي", "المعاريف"), ("René", "Aïn")] * 10
    )
)
_FRENCH = "number;name;district\n" + "".join(
    f"{n};{name};Maârif\n" for n, name in enumerate(["Éric Béranger", "François", "CRÉÉE"] * 10)
)


@pytest.mark.parametrize(
    ("content", "encoding", "sure"),
    [
        (_ENCODED.encode(), "UTF-8", "certain: all of it is valid"),
        (_ENCODED.encode("utf-8-sig"), "UTF-8", "certain: it has the mark"),
        (_ENCODED.encode("utf-16"), "UTF-16", "certain: it has the mark"),
        (b"\xfe\xff" + _ENCODED.encode("utf-16-be"), "UTF-16", "certain: it has the mark"),
        (_ENCODED.encode("utf-16-le"), "UTF-16", "very likely: by its zeros, without the mark"),
        (_ENCODED.encode("utf-16-be"), "UTF-16", "very likely: by its zeros, without the mark"),
        (
            _ENCODED.replace("Aïn", "Anfa").encode("cp1256"),
            "Windows-1256 (Arabic)",
            "very likely: by the look of 70 words",
        ),
        (_FRENCH.encode("cp1252"), "Windows-1252", "very likely: by the look of 20 words"),
        (
            "number;name\n1;René\n".encode("cp1252"),
            "Windows-1252",
            "certain: Windows-1252 and Windows-1256 read it alike",
        ),
        ("number;name\n1;Amina\n2;\ufffd\ufffd".encode(), "UTF-8", "certain: all of it is valid"),
        (b"number;name\n1;Amina\n", "UTF-8", "certain: all of it is ASCII"),
    ],
)
def test_the_encoding_is_found_out_and_told(
    tmp_path: Path, content: bytes, encoding: str, sure: str
) -> None:
    """With how sure that is; what is only likely is a finding too."""
    rows, told, about = _read(tmp_path, content)
    assert (about["encoding"], about["sure"]) == (encoding, sure)
    assert rows[0].record is not None
    assert rows[0].record.name in ("أمينة بناني", "Éric Béranger", "René", "Amina")
    assert bool(told) is sure.startswith("very likely")
    if told:
        assert told[0].problem == f"was read as {encoding} ({sure})"


@pytest.mark.parametrize(
    ("content", "separator"),
    [
        ("number,name\n1,A\n", "comma"),
        ("number;name\n1;A, B\n", "semicolon"),
        ("number\tname\n1\tA\n", "tab"),
        ("number|name\n1|A\n", "bar"),
        ('number;"nom, prénom, titre";name\n1;"a, b";A\n', "semicolon"),
        ("number;name;nom, prénom, titre, rue\n1;A;x\n2;B;y\n3;C;z\n", "semicolon"),
        ("sep=;\nnumber;name\n1;A\n", "semicolon"),
    ],
)
def test_the_separator_is_found_out(tmp_path: Path, content: str, separator: str) -> None:
    """By the header and by the rows: the sign that parts all alike."""
    rows, _, about = _read(tmp_path, content)
    assert about["separator"] == separator
    assert rows[0].record is not None


def test_line_ends_may_be_mixed(tmp_path: Path) -> None:
    """As files that several systems wrote to have them."""
    rows, _, _ = _read(tmp_path, 'number,name\r1,"A\r\nB"\n2,C\r\n3,D')
    assert [row.record.name for row in rows if row.record] == ["A B", "C", "D"]


def test_marks_and_zero_width_signs_in_headings_are_nothing(tmp_path: Path) -> None:
    """They hide what a column is called from people and programs."""
    content = "\ufeff\ufeffnumber,\u200bna\u2060me\u200f,DIS\u00adTRICT\n1,A,Anfa\n"
    rows, told, _ = _read(tmp_path, content)
    assert rows[0].record is not None
    assert rows[0].record.attributes == {"district": "Anfa"}
    assert told == []
    for sign in "\u200b\u200c\u200d\u180e\u2060\u200e":
        rows, told, _ = _read(tmp_path, f"{sign}number,na{sign}me{sign}\n1,A\n")
        assert (len(rows), told) == (1, []), hex(ord(sign))


def test_joiners_stay_between_letters_alone(tmp_path: Path) -> None:
    """A number with one before or among its digits would be another customer's."""
    content = "number,name\n\u200d1\u200d23\u200c,نامه\u200cها\n\u180e123,A\n"
    rows, _, _ = _read(tmp_path, content)
    first, second = rows
    assert first.record is not None
    assert (first.record.number, first.record.name) == ("123", "نامه\u200cها")
    assert [one.problem for one in first.findings] == [
        "has invisible characters (U+200D), which were left out"
    ]
    assert second.findings[-1].problem == "stands in an earlier row already"


_N = "number,name\n"
_ENDED = "Mend what was found and try again."
_SAVE = "Save it as 'CSV UTF-8'."
_NAME = f"{_SAVE} Or name its encoding, such as --encoding cp1252 or cp1256."
_ROWS = "Give a file with a header and rows."
_FILES: Sequence[tuple[bytes, str, str]] = (
    (b"", "auto", f"is empty. {_ROWS}"),
    (b" \n\n", "auto", f"is empty. {_ROWS}"),
    (b"\xef\xbb\xbf", "auto", f"is empty. {_ROWS}"),
    (bytes(range(32)) * 9, "auto", f"is no text. {_SAVE}"),
    (b"\x89PNG\r\n", "auto", "is a picture (PNG). Give a CSV, TSV, XLSX or ODS file."),
    (b"\xff\xd8\xff\xe0", "auto", "is a picture (JPEG). Give a CSV, TSV, XLSX or ODS file."),
    (b"\x1f\x8b\x08", "auto", "is compressed (gzip). Give a CSV, TSV, XLSX or ODS file."),
    (
        _N.encode() + b"1,\xc9\xca\xcb\n2,Ren\xc9\n",
        "auto",
        "may be Windows-1252 or Windows-1256 (Arabic): its words do not tell. " + _NAME,
    ),
    (
        _N.encode() + "1,é\n".encode() * 40 + b"2,\xe9\n",
        "auto",
        f"is not UTF-8 somewhere after row 0. {_NAME}",
    ),
    (_N.encode() + b"1,\xe9\n", "utf-8", f"is not UTF-8 somewhere after row 0. {_NAME}"),
    (b'number,name\n1,"A\n', "auto", "row 2: its quotes are broken (unexpected end of data). "),
    (b"name\nA\n", "auto", "the column number is missing. Head the columns number, name in the "),
    (b"number\n1\n", "auto", "the column name is missing. Head the columns number, name in the "),
    (b"number,name,NAME\n", "auto", "the column name is there twice. Keep one of them, or name "),
    (b"number,name,phone number,phone_number\n", "auto", "the column phone is there twice. Keep o"),
    (b"number,name" + b",x" * 16_384, "auto", "row 1: has more than 16,384 columns. Remove the "),
)


@pytest.mark.parametrize(("content", "encoding", "words"), _FILES)
def test_a_file_that_cannot_be_read_is_refused_whole(
    tmp_path: Path, content: bytes, encoding: str, words: str
) -> None:
    """The error names the file, the problem and the remedy, and nothing is stored."""
    with pytest.raises(InvalidInputError) as refused:
        _read(tmp_path, content, Wanted(encoding=encoding))
    assert str(refused.value).startswith(f"{tmp_path / 'f.csv'}: {words}")


@pytest.mark.parametrize(
    ("content", "wanted", "words"),
    [
        (_ENCODED.encode(), Wanted(encoding="cp1252"), "--encoding: cp1252 was named, and the "),
        (_ENCODED.encode("utf-16"), Wanted(encoding="utf-8"), "--encoding: utf-8 was named, and"),
        (b"a", Wanted(encoding="rot13"), "--encoding: 'rot13' is unknown. Use one of auto, utf-8"),
        (b"a", Wanted(separator="x"), "--separator: 'x' is unknown. Use one of auto, comma, semi"),
    ],
)
def test_a_wrong_wish_is_refused(
    tmp_path: Path, content: bytes, wanted: Wanted, words: str
) -> None:
    """An encoding that the file shows it does not have would garble every name in it."""
    with pytest.raises(InvalidInputError) as refused:
        _read(tmp_path, content, wanted)
    assert str(refused.value).startswith(words)


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "cp1256"])
def test_a_plain_file_may_be_called_anything(tmp_path: Path, encoding: str) -> None:
    """A mapping names the encoding of all files of a program, also of those without accents."""
    rows, _, _ = _read(tmp_path, b"number,name\n1,Amina\n", Wanted(encoding=encoding))
    assert rows[0].record is not None


def test_a_csv_file_has_no_sheets(tmp_path: Path) -> None:
    """Who names one has the wrong file."""
    with pytest.raises(InvalidInputError, match="is a CSV file, which has no sheets"):
        _read(tmp_path, _N, Wanted(sheet="x"))


_TEXT = "Format the column as text and export it again."
_CELLS: Sequence[tuple[str, str, str, str]] = (
    ("number", "", "refused", "is missing. Every customer needs a number."),
    (
        "number",
        "1.23E+11",
        "refused",
        f"was turned into scientific notation by a spreadsheet. {_TEXT}",
    ),
    (
        "number",
        "1.23E+2",
        "repaired",
        "was turned into scientific notation by a spreadsheet, with ",
    ),
    (
        "number",
        "12345.0",
        "repaired",
        "ended in .0, as a spreadsheet writes a number. Nothing needs",
    ),
    (
        "number",
        "١٢٣",
        "repaired",
        "has digits of another script, which were read as 0 to 9. Nothing",
    ),
    (
        "number",
        "1234567890123450",
        "refused",
        "has only zeros after its 15th digit, as a spreadsheet rounds long numbers. Enter it ",
    ),
    (
        "number",
        "١٢٣٤٥٦٧٨٩٠١٢٣٤٥٠",
        "refused",
        "has only zeros after its 15th digit, as a spreadshee",
    ),
    ("number", "١" * 201, "refused", "is longer than 200 characters. Shorten it."),
    (
        "number",
        "9.87E+2\n",
        "repaired",
        "was turned into scientific notation by a spreadsheet, with ",
    ),
    ("number", "#N/A", "refused", "holds the error #N/A of a spreadsheet. Mend the formula, or "),
    ("name", "Ami\u200bna", "repaired", "has invisible characters (U+200B), which were left out. "),
    ("name", "\u202eAmina", "refused", "has control characters that turn the direction of text. "),
    (
        "name",
        "Ami\0na",
        "refused",
        "has a control character (U+0000). Remove it, or shorten the cell.",
    ),
    (
        "name",
        "#REF!",
        "refused",
        "holds the error #REF! of a spreadsheet. Mend the formula, or type",
    ),
    ("name", "########", "refused", "holds the error ######## of a spreadsheet. Mend the formula,"),
    ("name", "=1+1", "refused", "begins with = as a formula of a spreadsheet does. Replace the "),
    (
        "district",
        "Err:508",
        "refused",
        "holds the error Err:508 of a spreadsheet. Mend the formula",
    ),
    ("district", "#VALEUR!", "refused", "holds the error #VALEUR! of a spreadsheet. Mend the form"),
    (
        "district",
        "x" * 5001,
        "refused",
        "is longer than 5000 characters. Remove it, or shorten the",
    ),
    ("district", "x" * 201, "refused", "is longer than 200 characters. Shorten it."),
    (
        "meter_day",
        "12%",
        "refused",
        "'12%' is no number. Write digits, with a point before decimals.",
    ),
    ("meter_day", "True", "refused", "'True' is no number. Write digits, with a point before dec"),
    ("meter_day", "1_000", "refused", "'1_000' is no number. Write digits, with a point before de"),
    ("opened_on", "20/03/20", "refused", "'20/03/20' is no date. Write 2020-03-20, or 20/03/2020 "),
    ("opened_on", "29/02/2019", "refused", "'29/02/2019' is no date. Write 2020-03-20, or 20/03/"),
    ("opened_on", "03/20/2020", "refused", "'03/20/2020' is no date. Write 2020-03-20, or 20/03/"),
    ("opened_on", "43910", "refused", "'43910' is no date. Write 2020-03-20, or 20/03/2020 (day "),
    ("meter_day", "None", "refused", "'None' is no number. Write digits, with a point before dec"),
    ("meter_day", "False", "refused", "'False' is no number. Write digits, with a point before de"),
    (
        "meter_day",
        str(0.1 + 0.2),
        "refused",
        "has more than 15 digits, or more than 6 decimals. Round it.",
    ),
    ("services", "[None, water]", "refused", "'[None' is none of the choices. Use one of water, e"),
    ("life_support", "?", "refused", "'?' is neither yes nor no. Write true or false."),
    (
        "contract",
        "RES",
        "refused",
        "'RES' is none of the choices. Use one of residential, business",
    ),
    (
        "phone",
        "0661ABCDEF",
        "stored without it",
        "has letters, which are not dialled. Give digits ",
    ),
    (
        "phone",
        "O661234567",
        "stored without it",
        "has letters, which are not dialled. Give digits ",
    ),
    ("phone", "هاتف: 0661234567", "stored without it", "has letters, which are not dialled. Give "),
    ("phone", "0522312020", "stored without it", "is a fixed line, which takes no SMS. Give a mob"),
    (
        "phone",
        "0522312020 (24/7)",
        "stored without it",
        "has too many digits. Give the whole number",
    ),
    (
        "phone",
        "0661234567 / 0662345678",
        "stored without it",
        "reads like two numbers. Give one num",
    ),
    ("phone", "19", "stored without it", "has too few digits, or is a short code. Give the whole "),
    ("phone", "6.61E+08", "stored without it", "was turned into scientific notation by a spreadsh"),
    ("phone", "0661→😀", "stored without it", "has too few digits, or is a short code. Give the "),
    ("phone", "0661234567 (mère)", "stored without it", "has letters, which are not dialled. Give"),
    ("phone", "n/a", "stored without it", "is no telephone number. Give the whole number, such as"),
    ("phone", "190", "stored without it", "has too few digits, or is a short code. Give the whole"),
    ("phone", "0790123456", "stored without it", "is not in use in its country's numbering plan. "),
    ("phone", "0801001234", "stored without it", "is no mobile number, and takes no SMS. Give a m"),
    ("phone", "+1 212 661 2345", "stored without it", "may be a fixed line: its country's plan do"),
    ("phone", "0012345678", "stored without it", "is not in use in its country's numbering plan. "),
    ("phone", "=0661234567", "stored without it", "has signs that belong to no number. Give digit"),
    (
        "phone",
        "0661\u200e234567",
        "repaired",
        "has invisible characters (U+200E), which were left ",
    ),
    (
        "phone",
        "0661\u2066234567\u2069",
        "repaired",
        "has invisible characters (U+2066), which were",
    ),
    (
        "phone",
        "0661\u202e234567",
        "stored without it",
        "has an invisible character (U+202E) among ",
    ),
    (
        "phone",
        "0661234567 ext 12",
        "repaired",
        "had an extension, which was left out: an SMS goes to the number. Nothing",
    ),
    ("phone", "'; DROP TABLE customer", "stored without it", "is no telephone number. Give the "),
    (
        "phone",
        "06\u202f61\u202f23\u202f45\u202f67",
        "repaired",
        "has narrow no-break spaces (U+202F)",
    ),
    (
        "phone",
        "661234567",
        "repaired",
        "had lost its leading 0, as a spreadsheet does to numbers. ",
    ),
    ("phone", "661234567.0", "repaired", "ended in .0, as a spreadsheet writes a number. Nothing "),
    (
        "email",
        "a b@x.test",
        "stored without it",
        "has a space or a control sign. Give one mailbox,",
    ),
    (
        "email",
        "a\u2028@x.test",
        "stored without it",
        "has a space or a control sign. Give one mail",
    ),
    (
        "email",
        "a@b.test; c@d.test",
        "stored without it",
        "has more than one @. Give one mailbox, such as",
    ),
    ("email", "'a@x.test", "repaired", "began with an apostrophe, as a spreadsheet marks a text."),
    ("email", "mailto:a@x.test", "repaired", "began with mailto:, as a link does. Nothing needs"),
    ("email", "\u200ea@x.test", "repaired", "has invisible characters (U+200E), which were left o"),
    ("email", "a\ufeff@x.test", "repaired", "has invisible characters (U+FEFF), which were left o"),
    (
        "email",
        "a\u3164@x.test",
        "stored without it",
        "has letters before the @ that few",
    ),
    (
        "email",
        '"a"@x.test',
        "stored without it",
        "is not right before the @. Give one mailbox, such",
    ),
    (
        "email",
        "a@xn--\u00e9",
        "stored without it",
        "has no domain name after the @. Give one mailbo",
    ),
    (
        "email",
        "a" * 320 + "@x.test",
        "stored without it",
        "is longer than 254 characters. Give one ",
    ),
    (
        "email",
        "#REF!",
        "stored without it",
        "holds the error #REF! of a spreadsheet. Mend the form",
    ),
)


@pytest.mark.parametrize(("column", "value", "outcome", "words"), _CELLS)
def test_a_bad_cell_has_its_finding(
    tmp_path: Path, column: str, value: str, outcome: str, words: str
) -> None:
    """What is wrong, what became of it, and what to do; the other row is stored."""
    values = {"number": "1", "name": "A", column: value}
    quoted = ['"' + one.replace('"', '""') + '"' for one in values.values()]
    other = {"number": "2", "name": "B"}
    plain = [other.get(name, "") for name in values]
    content = "\n".join([",".join(values), ",".join(quoted), ",".join(plain)])
    rows, told, _ = _read(tmp_path, content)
    assert told == []
    (found,) = rows[0].findings
    assert (found.row, found.column, found.outcome) == (2, column, outcome)
    assert f"{found.problem}. {found.remedy}".startswith(words)
    assert (rows[0].record is None) is (outcome == "refused")
    assert (found.stored is None) is (outcome != "repaired")
    assert rows[1].record is not None


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("1,A,x,y", "has 4 cells, and the header has 3. Quote cells that hold separators."),
        ("1,A", "has 2 cells, and the header has 3. Quote cells that hold separators."),
        ("0,A,x", "stands in an earlier row already. Keep one row a customer."),
    ],
)
def test_a_bad_row_has_its_finding(tmp_path: Path, line: str, words: str) -> None:
    """Also as the last of many."""
    good = "".join(f"{n},A,x\n" for n in [0, *range(2, 500)])
    rows, _, _ = _read(tmp_path, f"number,name,district\n{good}{line}\n")
    assert [row.record is None for row in rows] == [False] * 499 + [True]
    (found,) = rows[-1].findings
    assert f"{found.problem}. {found.remedy}" == words


def test_blank_lines_and_rows_of_separators_are_nothing(tmp_path: Path) -> None:
    """As are ten thousand empty columns."""
    empty = "," * 10_000
    rows, told, _ = _read(tmp_path, f"number,name{empty}\n\n,{empty}\n1,A{empty}\n\n,{empty}\n")
    assert [row.number for row in rows] == [4]
    assert told == []


def test_columns_that_are_unknown_repeated_or_nameless_are_told(tmp_path: Path) -> None:
    """Each once, with what may have been meant."""
    _, told, _ = _read(tmp_path, "number,name,colour,colour,,distrct\n1,A,x,y,z,Anfa\n")
    assert [(one.column, one.problem) for one in told] == [
        ("colour", "is no known column, and was left out"),
        ("colour (D)", "is no known column, and was left out"),
        ("distrct", "is no known column, and was left out"),
        ("E", "has no heading, and was left out"),
    ]
    assert told[2].remedy == 'Did you mean "district"?'


def test_what_is_suggested_is_no_column_that_the_file_has(tmp_path: Path) -> None:
    """Else telephone numbers would be offered as the numbers of customers."""
    _, told, _ = _read(tmp_path, "number,name,numberr,((x)),<b>y</b>,a??b\n1,A,1,2,3,4\n")
    assert [one.remedy for one in told] == ["See 'customers import --help' for names."] * 4


def test_work_stops_at_the_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of too many rows is refused when it has shown that it has them."""
    monkeypatch.setattr(reading_module, "MOST_ROWS", 3)
    with pytest.raises(InvalidInputError, match="has more than 3 rows"):
        _read(tmp_path, "number,name\n" + "".join(f"{n},A\n" for n in range(9)))


def test_a_stream_is_kept_while_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A workbook can't be read from its beginning alone; how much is kept is bounded."""
    content = _ENCODED.encode("utf-16")
    with _IMPORTER.open(from_stream(io.BytesIO(content))) as reading:
        assert len(list(reading)) == 30
    monkeypatch.setattr(sheet, "LARGEST", 10)
    with pytest.raises(InvalidInputError, match="standard input: is larger than 0 GiB"):
        from_stream(io.BytesIO(content))
