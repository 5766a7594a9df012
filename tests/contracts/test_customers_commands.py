"""`broadcaster customers` and `broadcaster segments` on a real database."""

import json
from pathlib import Path

import pytest

from tests.commands import Run, run

__all__ = ["run"]


def test_made_customers_are_counted_and_selected(run: Run) -> None:
    """Make, count, save a segment, list it, count by it, by name and by expression."""
    made = json.loads(run("customers", "make", "200", "--seed", "7", "--json").out)
    assert made == {"inserted": 200, "updated": 0, "unchanged": 0, "seed": 7}
    again = json.loads(run("customers", "make", "201", "--seed", "7", "--json").out)
    assert again == {"inserted": 1, "updated": 0, "unchanged": 200, "seed": 7}
    assert run("customers", "count").out == "201\n"

    saved = run("segments", "save", "dry", '( not services  has "water")', "--json")
    assert json.loads(saved.out)["expression"] == 'not services has "water"'
    listed = json.loads(run("segments", "list", "--json").out)
    assert listed == [{"name": "dry", "expression": 'not services has "water"'}]
    assert "dry" in run("segments", "list").out

    dry = json.loads(run("segments", "count", "dry", "--json").out)
    assert 0 < dry["customers"] < 50
    by_expression = run("segments", "count", 'not services has "water"')
    assert by_expression.out == f"{dry['customers']}\n"
    by_option = json.loads(run("customers", "count", "--segment", "dry", "--json").out)
    assert by_option == {"segment": "dry", "customers": dry["customers"]}


def test_segments_check_saves_nothing(run: Run) -> None:
    """An expression is checked alone, and a wrong one is one line and exit code 2."""
    assert run("segments", "check", "meter_day<15").out == "meter_day < 15\n"
    said = run("segments", "check", 'distrct = "Anfa"')
    assert (said.code, said.out) == (2, "")
    assert said.err.count("\n") == 1
    assert 'Did you mean "district"?' in said.err
    assert json.loads(run("segments", "list", "--json").out) == []


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("segments", "count", "nobody"), "does not exist"),
        (("segments", "count", 'distrct = "x"'), 'Did you mean "district"'),
        (("segments", "delete", "all"), "segments save everyone all"),
        (("segments", "save", "x", "nonsense"), "is no attribute"),
        (("segments", "save", "all", "all"), "Give another name"),
        (("customers", "count", "--segment", "nobody"), "does not exist"),
        (("customers", "make", "99999999999"), "out of range"),
        (("customers", "make", "5", "--seed", "-1"), "out of range"),
        (("customers", "import", "nowhere.csv"), "does not exist"),
    ],
)
def test_faults_are_one_line(run: Run, words: tuple[str, ...], expected: str) -> None:
    """What is wrong with the input is said in one line, with exit code 2."""
    said = run(*words)
    assert said.code == 2
    assert expected in said.err
    assert said.err.count("\n") == 1


def test_make_none_is_possible(run: Run) -> None:
    """Zero customers are zero customers."""
    assert json.loads(run("customers", "make", "0", "--json", "--seed", "1").out)["inserted"] == 0


def test_import_stores_good_rows_and_reports_the_others(run: Run, tmp_path: Path) -> None:
    """Good rows are stored, each refused one is in the table and in the report."""
    path = tmp_path / "customers.csv"
    path.write_text(
        "number,name,phone,quartier\n"
        "1,أمينة,0661234567,Anfa\n"
        "2,=cmd(),0661234568,Anfa\n"
        "3,Karim,0522312020,[bold]x\n",
        encoding="utf-8",
    )
    report = tmp_path / "report.csv"
    dry = json.loads(run("customers", "import", str(path), "--dry-run", "--json").out)
    assert (dry["rows"], dry["refused"], dry["inserted"], dry["dry_run"]) == (3, 1, 2, True)
    assert run("customers", "count").out == "0\n"

    said = run("customers", "import", str(path), "--report", str(report))
    assert said.code == 0
    assert "2 new customers" in said.out
    assert "formula" in " ".join(said.out.split())
    lines = report.read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 3
    assert "'=cmd()" in lines[1]
    assert "fixed line" in lines[2]
    assert run("segments", "count", 'district = "[bold]x"').out == "1\n"
    again = json.loads(run("customers", "import", str(path), "--json").out)
    assert (again["inserted"], again["updated"], again["unchanged"]) == (0, 0, 2)


def test_a_file_that_breaks_half_way_stores_nothing(run: Run, tmp_path: Path) -> None:
    """All rows are stored together, so that a broken file can be mended and imported again."""
    path = tmp_path / "customers.csv"
    path.write_bytes(b"number,name\n" + b"1,Amina\n" * 2 + b'2,"Nadia\n')
    said = run("customers", "import", str(path))
    assert said.code == 2
    assert "quotes are broken" in said.err
    assert run("customers", "count").out == "0\n"


def test_a_file_without_a_good_row_is_a_fault(run: Run, tmp_path: Path) -> None:
    """When nothing could be read the command fails, and shows why."""
    path = tmp_path / "customers.csv"
    path.write_text("number,name\n1,\n", encoding="utf-8")
    said = run("customers", "import", str(path))
    assert said.code == 2
    assert "none of its 1 rows" in said.err
    assert "is missing" in said.out
