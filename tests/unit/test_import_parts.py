"""The small parts of an import: what is seen, remembered, translated and summed up."""

import csv
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcaster.audience import memo as memo_module
from broadcaster.audience import report as report_module
from broadcaster.audience.cells import CellError
from broadcaster.audience.draft import Finding
from broadcaster.audience.households import Households
from broadcaster.audience.importer import Importer
from broadcaster.audience.mapping import ColumnMapping, ColumnUse
from broadcaster.audience.memo import Memo
from broadcaster.audience.report import report_file
from broadcaster.audience.seen import Counts, Seen
from broadcaster.audience.sheets.numbers import Format, Shown, format_of, plain, written
from broadcaster.audience.sheets.sheet import Mark, letters
from broadcaster.audience.summary import MOST, Summary
from broadcaster.audience.translation import translation
from broadcaster.channels import phones
from tests.catalogues import SHIPPED


def _finding(problem: str, column: str = "phone", *, refused: bool = False) -> Finding:
    return Finding(
        row=2, column=column, value="v", problem=problem, remedy="Mend it.", refused=refused
    )


@given(texts=st.lists(st.text(max_size=3)))
def test_a_text_is_new_once(texts: list[str]) -> None:
    """As a set of Python tells it."""
    seen, known = Seen(), set()
    for text in texts:
        assert seen.add(text) is (text not in known)
        known.add(text)
    assert len(seen) == len(known)


@given(st.lists(st.text(max_size=2)))
def test_texts_are_counted_as_often_as_they_come(texts: list[str]) -> None:
    """Each by itself."""
    counts = Counts()
    seen: dict[str, int] = {}
    for text in texts:
        seen[text] = seen.get(text, 0) + 1
        assert counts.add(text) == seen[text]


def test_very_many_texts_are_counted() -> None:
    """Also when the table of them has grown."""
    counts = Counts()
    for turn in (1, 2, 3):
        assert all(counts.add(str(n)) == turn for n in range(20_000))


def test_very_large_households_are_told_and_the_others_counted() -> None:
    """The largest first; those of a usual size are nobody's business."""
    households = Households()
    for n in range(25):
        for _ in range(19 + n):
            households.add(f"H{n}")
    *told, more = households.findings(1)
    assert [one.value for one in told] == [f"H{n}" for n in range(24, 4, -1)]
    assert told[0].problem == "is the household of 43 customers in this file"
    assert more.problem == "3 more households have more than 20"


def test_very_many_texts_are_told_apart_in_little_memory() -> None:
    """The table grows, and forgets nobody."""
    seen = Seen()
    assert all(seen.add(f"C{n}") for n in range(20_000))
    assert not any(seen.add(f"C{n}") for n in range(20_000))
    assert len(seen._held) * 8 <= 20_000 * 26


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each text is made once while there is room; what fails is not remembered."""
    monkeypatch.setattr(memo_module, "MOST", 2)
    made: list[str] = []

    def make(text: str) -> str:
        made.append(text)
        return text.upper()

    memo = Memo(make)
    assert [memo[text] for text in ("a", "a", "b", "c", "c")] == ["A", "A", "B", "C", "C"]
    assert made == ["a", "b", "c", "c"]


@given(day=st.dates(min_value=date(1900, 3, 1), max_value=date(9999, 12, 31)))
def test_dates_of_workbooks_are_calendar_days(day: date) -> None:
    """Counted from 1900 with its leap day too many, or from 1904."""
    how = Format(Shown.DATE)
    serial = (day - date(1899, 12, 30)).days
    assert written(str(serial), how) == (day.isoformat(), Mark.DATE)
    if day >= date(1904, 1, 1):
        late = (day - date(1904, 1, 1)).days
        assert written(str(late), how, from_1904=True) == (day.isoformat(), Mark.DATE)


@given(value=st.integers(min_value=-(10**15) + 1, max_value=10**15 - 1))
def test_whole_numbers_are_written_whole(value: int) -> None:
    """However the file writes them."""
    how = Format(Shown.PLAIN)
    assert written(str(value), how) == (str(value), 0)
    assert written(f"{value}.0", how) == (str(value), 0)
    assert written(f"{value:.14E}", how) == (str(value), 0)


@given(value=st.decimals(min_value=-(10**6), max_value=10**6, places=4))
def test_decimals_are_written_without_noise(value: object) -> None:
    """At most 15 digits, no exponent."""
    assert float(plain(float(str(value)))) == float(str(value))
    assert "e" not in plain(float(str(value))).lower()


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("yyyy\\-mm\\-dd", Shown.DATE),
        ("[$-40C]d\\ mmmm\\ yyyy", Shown.DATE),
        ("mmm", Shown.DATE),
        ("h:mm", Shown.TIME),
        ("mm:ss", Shown.TIME),
        ("[h]:mm:ss", Shown.DURATION),
        ("0.00%", Shown.PERCENT),
        ("0000000000", Shown.PADDED),
        ('0" days"', Shown.PLAIN),
        ("[Red]#,##0", Shown.PLAIN),
        ("General", Shown.PLAIN),
        ("@", Shown.PLAIN),
    ],
)
def test_formats_say_what_a_number_is(code: str, shown: Shown) -> None:
    """Words and colours in them say nothing."""
    assert format_of(164, code).shown is shown


def test_times_and_durations_are_written_as_clocks() -> None:
    """A duration may be longer than a day."""
    assert written("0.75", Format(Shown.TIME)) == ("18:00:00", Mark.DATE)
    assert written("1.5", Format(Shown.DURATION)) == ("36:00:00", Mark.DATE)
    assert written("-0.5", Format(Shown.DURATION)) == ("-12:00:00", Mark.DATE)
    assert written("43910.75", Format(Shown.DATE)) == ("2020-03-20T18:00:00", Mark.DATE)


_CONTRACT = ColumnUse(column="contract", words={"res": "residential"})


@pytest.mark.parametrize(
    ("column", "use", "cell", "expected"),
    [
        ("opened_on", ColumnUse(column="opened_on"), "20/03/2020", "2020-03-20"),
        ("opened_on", ColumnUse(column="opened_on"), "3-4-2020", "2020-04-03"),
        ("opened_on", ColumnUse(column="opened_on", dates="mdy"), "03/20/2020", "2020-03-20"),
        ("opened_on", ColumnUse(column="opened_on", dates="mdy"), "2020/3/20", "2020-03-20"),
        ("opened_on", ColumnUse(column="opened_on", dates="ymd"), "2020.3.20", "2020-03-20"),
        ("opened_on", ColumnUse(column="opened_on"), "2020-03-20 00:00:00", "2020-03-20"),
        ("meter_day", ColumnUse(column="meter_day", decimal=","), "1.234,5", "1234.5"),
        ("meter_day", ColumnUse(column="meter_day"), "1\u202f234.5", "1234.5"),
        ("meter_day", ColumnUse(column="meter_day", decimal=","), "6,6", "6.6"),
        ("meter_day", ColumnUse(column="meter_day", decimal=","), "-1.234.567", "-1234567"),
        ("meter_day", ColumnUse(column="meter_day", decimal=","), "1\u00a0234,5", "1234.5"),
        ("meter_day", ColumnUse(column="meter_day", decimal=","), "٣٫٣", "3.3"),
        ("meter_day", ColumnUse(column="meter_day", decimal=","), "1.23.456", "1.23.456"),
        ("feeder", ColumnUse(column="feeder", width=6), "17", "000017"),
        ("feeder", ColumnUse(column="feeder", width=6), "A17", "A17"),
        (
            "contract",
            _CONTRACT,
            " RES",
            "residential",
        ),
        ("contract", _CONTRACT, "PRO", "PRO"),
    ],
)
def test_a_mapping_says_what_words_mean(
    column: str, use: ColumnUse, cell: str, expected: str
) -> None:
    """What it does not know stays, and is judged as it stands."""
    translate = translation(column, use, SHIPPED)
    assert translate is not None
    assert translate(cell) == expected


@pytest.mark.parametrize(
    ("use", "cell"),
    [
        (ColumnUse(column="meter_day", decimal=","), "6.6"),
        (ColumnUse(column="meter_day", decimal=","), "1234.567"),
        (ColumnUse(column="latitude", decimal=","), "33.5731"),
        (ColumnUse(column="opened_on", dates="ymd"), "03/04/2019"),
    ],
)
def test_a_cell_that_is_not_as_its_mapping_says_is_refused(use: ColumnUse, cell: str) -> None:
    """It would mean something else than the one who wrote it meant."""
    translate = translation(use.column, use, SHIPPED)
    assert translate is not None
    with pytest.raises(CellError, match="the mapping"):
        translate(cell)


@given(
    whole=st.integers(-(10**9), 10**9),
    rest=st.integers(0, 999).map("{:03}".format),
    parted=st.booleans(),
)
def test_numbers_written_with_a_comma_are_read_as_they_were_meant(
    whole: int, rest: str, *, parted: bool
) -> None:
    """With points before every three digits or none; and what a workbook gives stays."""
    translate = translation("meter_day", ColumnUse(column="meter_day", decimal=","), SHIPPED)
    assert translate is not None
    written = f"{whole:,}".replace(",", ".") if parted else str(whole)
    assert translate(f"{written},{rest}") == f"{whole}.{rest}"
    use = ColumnUse(column="meter_day", decimal=",")
    typed = translation("meter_day", use, SHIPPED, typed=True)
    assert typed is not None
    assert typed(f"{whole}.{rest}") == f"{whole}.{rest}"
    assert typed(f"{written},{rest}") == f"{whole}.{rest}"


def test_what_is_not_as_the_mapping_says_refuses_its_row_by_name(tmp_path: Path) -> None:
    """The customer is known to be there; a place is only left out."""
    path = tmp_path / "f.csv"
    path.write_text("number,name,subscribed_kva,latitude,longitude\n1,A,6.6,,\n2,B,,33.5,-7.5\n")
    names = ("number", "name", "subscribed_kva", "latitude", "longitude")
    uses = [ColumnUse(column=one, heading=one, decimal=",") for one in names]
    reader = Importer(phones.reader("MA"), SHIPPED, locale="ar", time_zone="Africa/Casablanca")
    with reader.open(path, None, ColumnMapping(uses=uses)) as reading:
        one, two = reading
    assert (one.record, one.named) == (None, "1")
    assert [(finding.column, finding.value) for finding in one.findings] == [
        ("subscribed_kva", "6.6")
    ]
    assert two.record is not None
    assert two.record.location is None
    assert [finding.outcome for finding in two.findings] == ["stored without it"]


@pytest.mark.parametrize(
    ("cell", "number", "outcomes"),
    [
        ("12", "000012", []),
        ("12.0", "000012", ["repaired"]),
        ("١٢٫٠", "000012", ["repaired"]),
        ("١٢", "000012", ["repaired"]),
        ("A12", "A12", []),
        ("1234567", "1234567", []),
    ],
)
def test_zeros_are_put_in_front_of_numbers_that_have_been_repaired(
    tmp_path: Path, cell: str, number: str, outcomes: list[str]
) -> None:
    """And the report says what they were read as."""
    path = tmp_path / "f.csv"
    path.write_text(f"number,name\n{cell},A\n", encoding="utf-8")
    uses = [ColumnUse(column="number", heading="number", width=6)]
    reader = Importer(phones.reader("MA"), SHIPPED, locale="ar", time_zone="Africa/Casablanca")
    with reader.open(path, None, ColumnMapping(uses=uses)) as reading:
        (row,) = reading
    assert row.record is not None
    assert (row.record.number, row.named) == (number, number)
    assert [(one.outcome, one.stored) for one in row.findings] == [
        (outcome, number) for outcome in outcomes
    ]


def test_a_column_of_plain_text_needs_no_translation() -> None:
    """Nothing is done where there is nothing to do."""
    assert translation("district", None, SHIPPED) is None


def test_what_was_repaired_is_told_each_time(tmp_path: Path) -> None:
    """Remembering a value does not swallow the finding about it."""
    path = tmp_path / "f.csv"
    path.write_text("number,name,district\n1,A,An\u200bfa\n2,B,An\u200bfa\n", encoding="utf-8")
    reader = Importer(phones.reader("MA"), SHIPPED, locale="ar", time_zone="Africa/Casablanca")
    with reader.open(path) as reading:
        assert [len(row.findings) for row in reading] == [1, 1]


def test_findings_are_counted_by_what_is_wrong() -> None:
    """Values and figures in the problem make no sort of their own; refusals come first."""
    summary = Summary()
    for n in range(5):
        summary.add(_finding(f"'{n}' is no number, of {n} digits"))
    summary.add(_finding("is missing", "number", refused=True))
    assert [(one.count, one.first.outcome) for one in summary.listed()] == [
        (1, "refused"),
        (5, "stored without it"),
    ]
    for n in range(2 * MOST):
        summary.add(_finding("is wrong", f"column {n}"))
    assert len(summary.sorts) == MOST
    assert summary.others == MOST + 2


def test_a_report_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its last line says how many are not listed."""
    monkeypatch.setattr(report_module, "MOST", 2)
    path = tmp_path / "report.csv"
    with report_file(path, None) as write:
        for _ in range(5):
            write(_finding("is wrong"))
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert len(rows) == 4
    assert rows[-1][4] == "3 more findings are not listed"


@pytest.mark.parametrize(("place", "name"), [(0, "A"), (25, "Z"), (26, "AA"), (16_383, "XFD")])
def test_columns_are_named_as_spreadsheets_do(place: int, name: str) -> None:
    """From A to XFD."""
    assert letters(place) == name
