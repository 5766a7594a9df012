"""Whatever is thrown at what reads from outside, the answer is a value or a clear refusal."""

import io
import json
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from broadcaster.audience import mailbox
from broadcaster.audience.importer import Importer
from broadcaster.audience.query import parse
from broadcaster.audience.sheets.source import from_stream
from broadcaster.channels import gsm7, phones, sms
from broadcaster.channels.graphemes import clusters
from broadcaster.domain.customer import PhoneCheck
from broadcaster.errors import InvalidInputError
from tests import workbooks
from tests.catalogues import SHIPPED

_KINDS = {
    "NOT_A_NUMBER",
    "TOO_SHORT_NSN",
    "TOO_SHORT",
    "TOO_LONG",
    "NOT_VALID",
    "LETTERS",
    "JUNK",
    "INVALID_COUNTRY_CODE",
    "TOO_SHORT_AFTER_IDD",
    "CONTEXT",
    "CONTEXT_OF_WHOLE",
}


def _check(raw: str) -> PhoneCheck:
    return phones.check(raw, "MA")


_IMPORTER = Importer(_check, SHIPPED, locale="ar", time_zone="Africa/Casablanca")
_FAST = phones.reader("MA")
_FORMS = ("0{}", "+212{}", "00212{}", "212{}", "{}", "+2120{}", "0 {}", "+212 {}")
_NUMBERS = st.text(alphabet="0123456789+-. ()/'\u202f\u200eaE#;x٦", max_size=24)
_CONTEXTS = st.sampled_from([";phone-context=+212", ";phone-context=+1", ";phone-context=a.test"])
_LINKS = st.builds("tel:{}{}".format, _NUMBERS, _CONTEXTS)
_PIECES = st.sampled_from(
    ["number", "name", "phone", ",", ";", '"', "\n", "\r\n", "1", "أ", "=", "\x00", "\ufeff", "é"]
)


@given(raw=st.one_of(st.text(max_size=40), _NUMBERS, _LINKS))
@settings(max_examples=300, deadline=None)
def test_every_text_has_an_answer_as_a_number(raw: str) -> None:
    """A number that may be used has no letter and no fault; any other names its fault."""
    found = _check(raw)
    assert found.error is None or found.error in _KINDS
    if found.sms_capable:
        assert found.error is None
        assert found.e164
        assert found.e164[1:].isdigit()
        assert found.type == "MOBILE"
    else:
        assert found.problem
        assert found.remedy


@given(raw=st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_every_text_has_an_answer_as_a_mailbox(raw: str) -> None:
    """A mailbox that may be used is plain ASCII without a space or line break."""
    found = mailbox.check(raw)
    assert (found.value is None) is bool(found.fault)
    if found.value:
        assert found.value.isascii()
        assert found.value.isprintable()
        assert " " not in found.value


@given(
    content=st.one_of(st.binary(max_size=200), st.lists(_PIECES).map(lambda p: "".join(p).encode()))
)
@settings(max_examples=300, deadline=None)
def test_any_file_is_read_or_refused(content: bytes) -> None:
    """A file gives rows that are whole, or one error that names it."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "any.csv"
        path.write_bytes(b"number,name\n" + content)
        try:
            with _IMPORTER.open(path) as reading:
                rows = list(reading)
        except InvalidInputError as error:
            assert "any.csv" in str(error)  # noqa: PT017  (an answer as good as rows)
            return
    for row in rows:
        assert (row.record is None) is any(finding.refused for finding in row.findings)
        if row.record:
            assert row.record.number
            assert row.record.name
            json.dumps(dict(row.record.attributes))


@given(text=st.text(max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_expression_is_read_or_refused(text: str) -> None:
    """Nothing but a refusal with a position comes of nonsense."""
    try:
        parse(text, SHIPPED)
    except InvalidInputError as error:
        assert error.field == "expression"  # noqa: PT017  (an answer as good as a tree)


@given(text=st.text(max_size=300))
@settings(max_examples=300, deadline=None)
def test_segments_follow_from_units(text: str) -> None:
    """Parts hold what they can: never fewer than the units need, never more than clusters force."""
    assert "".join(clusters(text)) == text
    size = sms.measure(text)
    single, part = (160, 153) if size.encoding == "GSM-7" else (70, 67)
    if size.units <= single:
        assert size.segments == 1
    else:
        assert size.segments >= -(-size.units // part)
    assert (size.encoding == "GSM-7") is (gsm7.FOREIGN.search(text) is None)
    assert bool(sms.offending(text)) is (size.encoding == "UCS-2")


_STARTS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"", b"\xff\xfe", b"number,name\n")
_PARTS = st.sampled_from(
    [
        "0",
        "00212",
        "+212",
        "212",
        "6",
        "7",
        "61",
        "5",
        "8",
        "661234567",
        "07",
        " ",
        ".",
        "-",
        "٦",
        "/",
    ]
)


@given(raw=st.one_of(st.lists(_PARTS, max_size=8).map("".join), _NUMBERS))
@settings(max_examples=500, deadline=None)
def test_the_fast_reader_of_numbers_answers_as_the_slow_one(raw: str) -> None:
    """Numbers told by the plan's patterns alone are those that the library tells at length."""
    assert _FAST(raw) == _check(raw)


@given(number=st.integers(min_value=10**8, max_value=10**9 - 1), form=st.sampled_from(_FORMS))
@settings(max_examples=500, deadline=None)
def test_numbers_in_the_usual_forms_are_read_alike(number: int, form: str) -> None:
    """Every national number, in each form that is told fast."""
    raw = form.format(str(number))
    assert _FAST(raw) == _check(raw)


_CELLS = st.one_of(
    st.text(max_size=8),
    st.sampled_from(["43910", "6.61E+08", "#REF!", "true", "=1", "1e999", "-1", "0661234567"]),
)


@given(
    kinds=st.lists(st.sampled_from(["", "n", "s", "b", "e", "d", "str", "x"]), max_size=5),
    values=st.lists(_CELLS, min_size=5, max_size=5),
    styles=st.lists(st.sampled_from(["", "1", "2", "9", "x"]), min_size=5, max_size=5),
    junk=st.sampled_from(
        ["", "<row/>", "<c/>", "<mergeCell ref='A1:C9'/>", "&a;", "<!-- x -->", "<"]
    ),
)
@settings(max_examples=200, deadline=None)
def test_any_workbook_is_read_or_refused(
    kinds: list[str], values: list[str], styles: list[str], junk: str
) -> None:
    """Whatever types, values and styles its cells claim to have."""
    cells = [
        workbooks.cell(
            f"{chr(65 + at)}2", "".join(filter(str.isprintable, values[at])), kind, styles[at]
        )
        for at, kind in enumerate(kinds)
    ]
    head = workbooks.row(1, "number", "name", "phone", "opened_on", "meter_day")
    body = [head, f"<row r='2'>{''.join(cells)}</row>", junk]
    content = workbooks.zipped(workbooks.xlsx_parts(body, formats=("yyyy-mm-dd", "0%")))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "any.xlsx"
        path.write_bytes(content)
        try:
            with _IMPORTER.open(path) as reading:
                rows = list(reading)
        except InvalidInputError as error:
            assert "any.xlsx" in str(error)  # noqa: PT017  (an answer as good as rows)
            return
    assert all((one.record is None) is any(f.refused for f in one.findings) for one in rows)


@given(
    content=st.binary(max_size=300),
    start=st.sampled_from([b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"", b"\xff\xfe"]),
)
@settings(max_examples=200, deadline=None)
def test_octets_of_any_sort_are_read_or_refused(content: bytes, start: bytes) -> None:
    """However a file begins, and whatever follows."""
    try:
        with _IMPORTER.open(from_stream(io.BytesIO(start + content))) as reading:
            list(reading)
    except InvalidInputError as error:
        assert "standard input" in str(error)  # noqa: PT017  (an answer as good as rows)
