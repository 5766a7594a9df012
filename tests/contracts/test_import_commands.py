"""`customers import`, `customers preview` and `mappings` on a real database."""

import csv
import io
import json
import sys
from pathlib import Path

import pytest

from tests.commands import Run, run
from tests.workbooks import cell, row, xlsx_parts, zipped

__all__ = ["run"]

_BILLING = (
    "N° client;Raison sociale;Tél. portable;Courriel;Type;Vital;Ouvert le;Code\n"
    "17;Amina Bennani;661234567;amina@x.test;RES;O;03/20/2019;x\n"
    "18;Karim Alaoui;0522312020;karim@x.test;PRO;N;12/31/2018;y\n"
)


def _file(folder: Path, text: str = _BILLING, name: str = "billing.csv") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def _mapping(folder: Path) -> str:
    uses = [
        {"heading": "N° client", "column": "number", "width": 6},
        {"heading": "Raison sociale", "column": "name"},
        {"heading": "Tél. portable", "column": "phone"},
        {"position": 4, "column": "email"},
        {
            "heading": "type",
            "column": "contract",
            "words": {"RES": "residential", "pro": "business"},
        },
        {"heading": "Vital", "column": "life_support", "words": {"O": "yes", "N": "no"}},
        {"heading": "Ouvert le", "column": "opened_on", "dates": "mdy"},
        {"heading": "Code", "column": ""},
    ]
    return _file(folder, json.dumps({"region": "MA", "columns": uses}), "mapping.json")


def test_a_mapping_is_suggested_saved_used_shown_and_deleted(run: Run, tmp_path: Path) -> None:
    """From a file of a billing program to its customers."""
    path = _file(tmp_path)
    out = tmp_path / "suggested.json"
    said = run("mappings", "suggest", path, "--output", str(out))
    assert "say what these mean" in " ".join(said.out.split())
    suggested = json.loads(out.read_text(encoding="utf-8"))
    found = {one.get("heading"): one for one in suggested["columns"]}
    assert {heading: one["column"] for heading, one in found.items()} == {
        "N° client": "number",
        "Raison sociale": "name",
        "Tél. portable": "phone",
        "Courriel": "email",
        "Type": "contract",
        "Vital": "life_support",
        "Ouvert le": "opened_on",
        "Code": "",
    }
    assert found["Type"]["words"] == {"RES": "RES", "PRO": "PRO"}
    assert found["Ouvert le"]["dates"] == "mdy"
    assert run("mappings", "suggest", path, "--output", str(out)).code == 2

    assert run("mappings", "save", "billing", _mapping(tmp_path)).code == 0
    assert json.loads(run("mappings", "list", "--json").out) == ["billing"]
    shown = run("mappings", "show", "billing").out
    assert run("mappings", "save", "copy", _file(tmp_path, shown, "again.json")).code == 0
    assert run("mappings", "show", "copy").out == shown

    seen = json.loads(
        run("customers", "preview", path, "--mapping", "billing", "--json").out.splitlines()[0]
    )
    assert seen["rows"][0]["stored"] == {
        "number": "000017",
        "name": "Amina Bennani",
        "name_latin": None,
        "locales": ["ar"],
        "time_zone": "Africa/Casablanca",
        "addresses": ["+212661234567", "amina@x.test"],
        "broken": [],
        "opted_out": [],
        "consented": [],
        "household": None,
        "place": None,
        "contract": "residential",
        "life_support": True,
        "opened_on": "2019-03-20",
    }
    done = json.loads(run("customers", "import", path, "--mapping", "billing", "--json").out)
    assert (done["inserted"], done["repaired"], done["flawed"]) == (2, 1, 1)
    assert run("segments", "count", 'contract = "business"').out == "1\n"
    assert run("mappings", "delete", "copy").code == 0
    assert run("mappings", "list").out == "billing\n"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "mapping: is no JSON. Let 'mappings suggest FILE' write one, and change that."),
        ("[]", 'mapping: is no JSON object. Write {"columns": [...]}.'),
        ('{"colums": []}', "mapping: has 'colums', which is unknown. Did you mean \"columns\"?"),
        ('{"columns": [1]}', "columns[1]: is no JSON object. Write {"),
        ('{"columns": [{"column": "fone", "heading": "x"}]}', 'Did you mean "phone"?'),
        ('{"columns": [{"column": "phone"}]}', "columns[1]: needs a heading or a position, and"),
        ('{"columns": [{"column": "phone", "position": 99999}]}', "is no whole number from 1 to"),
        ('{"columns": [{"heading": "x", "column": "phone", "dates": "x"}]}', "Use one of dmy, mdy"),
        (
            '{"columns": [{"heading": "x", "column": "phone", "words": {"a": 1}}]}',
            "'a' is not given",
        ),
        (
            '{"columns": [{"heading": "a", "column": "email"},{"position": 2, "column": "email"}]}',
            "columns: column 'email' is there twice. Keep one of them.",
        ),
        ('{"encoding": "rot13"}', "encoding: 'rot13' is unknown. Use one of auto, utf-8"),
        ('{"columns": ' + "[" * 100_000, "mapping: is no JSON."),
        ('{"columns": [' + '"x",' * 100_000 + "1]}", "mapping: is larger than 256 KiB"),
    ],
)
def test_a_wrong_mapping_is_not_saved(run: Run, tmp_path: Path, content: str, words: str) -> None:
    """The error names the place in it, and what would do."""
    said = run("mappings", "save", "x", _file(tmp_path, content, "m.json"))
    assert said.code == 2
    assert words in said.err
    assert run("mappings", "show", "x").code == 2


def test_a_mapping_for_another_file_is_noticed(run: Run, tmp_path: Path) -> None:
    """A column that it wants and the file lacks is named."""
    run("mappings", "save", "billing", _mapping(tmp_path))
    said = run(
        "customers",
        "import",
        _file(tmp_path, "N° client;Nom;Tél portable\n"),
        "--mapping",
        "billing",
    )
    assert (
        "the column 'Raison sociale' of the mapping is missing. Is it the right mapping?"
        in said.err
    )
    said = run("customers", "import", _file(tmp_path), "--mapping", "biling")
    assert "mapping: 'biling' does not exist. Did you mean \"billing\"?" in said.err


def test_a_preview_shows_how_a_file_is_read(run: Run, tmp_path: Path) -> None:
    """What was found out, the columns, the first rows; and nothing is stored."""
    path = tmp_path / "x.xlsx"
    rows = [row(1, "number", "name", "distrct"), row(2, "C1", "Amina", cell("C2", "1", ""))]
    path.write_bytes(zipped(xlsx_parts(rows, sheets={"Clients": "", "Notes": ""})))
    said = run("customers", "preview", str(path), "--all", "--report", str(tmp_path / "r.csv"))
    words = " ".join(said.out.split())
    for expected in (
        "format: XLSX sheet: Clients sheets: Clients, Notes",
        'distrct left out Did you mean "district"?',
        "Row 2 number: C1 name: Amina",
        "1 rows: 1 new customers would be stored, 0 would be changed, 0 as they were.",
        'the sheet "Clients" is read; others were left out: "Notes"',
    ):
        assert expected in words
    assert run("customers", "count").out == "0\n"


def test_a_preview_shows_place_and_household(run: Run, tmp_path: Path) -> None:
    """Whether latitude and longitude are the right way round is seen here."""
    path = _file(tmp_path, "number,name,household,latitude,longitude\nC1,A,H1,33.5,-7.5\nC2,B,,,\n")
    words = " ".join(run("customers", "preview", path).out.split())
    assert "household: H1 place: 33.5, -7.5" in words
    first, second = json.loads(run("customers", "preview", path, "--json").out)["rows"]
    assert (first["stored"]["household"], first["stored"]["place"]) == ("H1", "33.5, -7.5")
    assert (second["stored"]["household"], second["stored"]["place"]) == (None, None)


def test_a_household_of_very_many_is_told(run: Run, tmp_path: Path) -> None:
    """A key that stands for something else would let one of them speak for all."""
    lines = "".join(f"{n},A,town\n" for n in range(21)) + "".join(f"x{n},A,H\n" for n in range(20))
    path = _file(tmp_path, f"number,name,household\n{lines}y,A,N/A\n")
    done = json.loads(run("customers", "import", path, "--json").out)
    assert [(one["count"], one["problem"]) for one in done["problems"]] == [
        (1, "stands for no household, and was taken for empty"),
        (1, "is the household of 21 customers in this file"),
    ]
    last = done["findings"][-1]
    assert (last["value"], last["outcome"]) == ("town", "noted")
    assert (done["flawed"], done["repaired"]) == (1, 0)


def test_standard_input_is_a_file_too(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A workbook from a pipe is kept while it is read."""

    class Piped:
        buffer = io.BytesIO(zipped(xlsx_parts([row(1, "number", "name"), row(2, "C1", "Amina")])))

    monkeypatch.setattr(sys, "stdin", Piped())
    done = json.loads(
        run("customers", "import", "-", "--report", str(tmp_path / "r.csv"), "--json").out
    )
    assert done["inserted"] == 1


def test_the_report_lists_repairs_and_counts_say_how_many(run: Run, tmp_path: Path) -> None:
    """Each with what it was read as, by what is wrong, and without a formula."""
    lines = "".join(f"{n},A,66123{n:04}\n" for n in range(30))
    report = tmp_path / "report.csv"
    path = _file(tmp_path, f"number,name,phone\n{lines}99,=cmd(),x\n")
    done = json.loads(run("customers", "import", path, "--report", str(report), "--json").out)
    assert (done["rows"], done["repaired"], done["refused"]) == (31, 30, 1)
    assert [(one["count"], one["outcome"]) for one in done["problems"]] == [
        (1, "refused"),
        (30, "repaired"),
    ]
    with report.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["outcome"] == "repaired"
    assert rows[0]["read as"] == "'+212661230000"
    assert rows[-1]["value"] == "'=cmd()"
    shown = run("customers", "import", path).out
    assert "0 new customers, 0 changed, 30 as they were" in " ".join(shown.split())
    assert "how often" in shown


def test_a_full_list_needs_to_be_one(run: Run, tmp_path: Path) -> None:
    """Who is missing is marked as left, when they are few, or that was allowed."""
    many = "number,name\n" + "".join(f"{n},A\n" for n in range(40))
    run("customers", "import", _file(tmp_path, many))
    few = _file(tmp_path, "number,name\n" + "".join(f"{n},A\n" for n in range(30)), "few.csv")
    said = run("customers", "import", few, "--snapshot")
    assert said.code == 2
    assert "10 of 40 customers (25.0 %) are missing from the file" in said.err
    dry = run("customers", "import", few, "--snapshot", "--dry-run")
    assert (dry.code, said.err) == (2, dry.err)
    dry = run("customers", "import", few, "--snapshot", "--dry-run", "--allow-leaving", "25")
    assert dry.code == 0
    assert "10 would be marked as left" in " ".join(dry.out.split())
    done = json.loads(
        run("customers", "import", few, "--snapshot", "--allow-leaving", "25", "--json").out
    )
    assert (done["left"], done["unchanged"]) == (10, 30)
    assert run("customers", "count").out == "30\n"
    assert run("customers", "import", few, "--allow-leaving", "25").code == 2
    assert run("customers", "import", few, "--snapshot", "--allow-leaving", "101").code == 2
    none = _file(tmp_path, "number,name\n", "none.csv")
    assert run("customers", "import", none, "--snapshot", "--allow-leaving", "100").code == 2
    assert run("customers", "count").out == "30\n"


def test_hidden_rows_and_unread_sheets_let_nobody_go(run: Run, tmp_path: Path) -> None:
    """A filter that is still set, or a second sheet, is no leaving; nothing of it is stored."""
    run("customers", "import", _file(tmp_path, "number,name\nC1,A\nC2,B\nC3,C\n"))
    path = tmp_path / "x.xlsx"
    rows = [row(1, "number", "name"), row(2, "C1", "Z"), row(3, "C2", "B", more=' hidden="1"')]
    path.write_bytes(zipped(xlsx_parts([*rows, row(4, "C3", "C")])))
    whole = ("customers", "import", str(path), "--snapshot", "--allow-leaving", "100")
    for more in ((), ("--dry-run",)):
        said = run(*whole, *more)
        assert said.code == 2
        assert "--snapshot: 1 hidden row was left out (a filter hides rows too). Show" in said.err
    run("segments", "save", "renamed", 'name = "Z"')
    assert run("customers", "count", "--segment", "renamed").out == "0\n"
    done = json.loads(run(*whole, "--hidden", "--json").out)
    assert (done["left"], done["updated"], done["unchanged"]) == (0, 1, 2)
    sheets = {"Clients": "", "More": ""}
    path.write_bytes(zipped(xlsx_parts(rows[:2], sheets=sheets)))
    said = run(*whole)
    assert said.code == 2
    assert 'others were left out: "More". Name the one that is meant with --sheet.' in said.err
    assert json.loads(run(*whole, "--sheet", "Clients", "--json").out)["left"] == 2
