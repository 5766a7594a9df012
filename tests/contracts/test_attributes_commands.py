"""`broadcaster attributes`: a utility defines what it knows of customers, without code."""

import json
from pathlib import Path

import psycopg
import pytest

from tests.catalogues import SHIPPED
from tests.commands import Run, run

__all__ = ["run"]

_LABELS = ("--label", "ar=مسابح", "--label", "fr=piscines", "--label", "en=swimming pools")
_POOLS = ("attributes", "add", "pools", "--kind", "number", *_LABELS)
_ADD = ("add", "pools", "--kind", "number")
_TARIFF = (
    *("attributes", "add", "tariff", "--kind", "choice"),
    *("--label", "ar=تعرفة", "--label", "fr=tarif", "--label", "en=tariff"),
    *("--choice", "gold: ar=ذهبي, fr=or, en=gold", "--choice", "blue: ar=أزرق, fr=bleu, en=blue"),
)


def _import(run: Run, folder: Path, text: str) -> None:
    path = folder / "customers.csv"
    path.write_text(text, encoding="utf-8")
    assert run("customers", "import", str(path)).code == 0


def test_every_database_begins_with_the_shipped_attributes(run: Run) -> None:
    """Each with its labels in the languages of the console, in the order of showing them."""
    listed = json.loads(run("attributes", "list", "--json").out)
    assert [one["name"] for one in listed] == list(SHIPPED.attributes)
    assert all(set(one["labels"]) == {"ar", "fr", "en", "es"} for one in listed)
    assert "life_support" in run("attributes", "list").out
    shown = json.loads(run("attributes", "show", "services", "--json").out)
    assert [one["name"] for one in shown["choices"]][:2] == ["water", "electricity"]


def test_an_added_attribute_is_a_column_a_name_and_a_label_at_once(
    run: Run, tmp_path: Path
) -> None:
    """No code, no restart: add, import by a label, count by the name."""
    assert run("segments", "count", "pools > 1").code == 2
    assert run(*_POOLS, "--by", "amina").code == 0
    _import(run, tmp_path, "number,name,Swimming Pools\n1,A,2\n2,B,0\n")
    assert run("segments", "count", "pools > 1").out == "1\n"
    assert "مسابح" in run("attributes", "show", "pools").out


def test_a_letter_typed_in_two_ways_is_one(run: Run, tmp_path: Path) -> None:
    """In a file and in a segment, as a letter with its accent or as one sign."""
    one, two = "M\u00e2arif", "Ma\u0302arif"
    _import(run, tmp_path, f"number,name,district\n1,A,{one}\n2,B,{two}\n")
    for typed in (one, two):
        assert run("segments", "count", f'district = "{typed}"').out == "2\n"
        assert run("segments", "count", f'district contains "{typed[1:-4]}"').out == "2\n"


def test_every_change_is_in_the_audit_trail(run: Run, database_url: str) -> None:
    """Who added, changed and removed what."""
    run(*_POOLS, "--by", "amina")
    run("attributes", "change", "pools", "--label", "en=pools", "--by", "youssef")
    run("attributes", "remove", "pools", "--by", "khadija")
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT actor, action, subject FROM audit ORDER BY id").fetchall()
    assert rows == [
        ("amina", "add", "attribute pools"),
        ("youssef", "change", "attribute pools"),
        ("khadija", "remove", "attribute pools"),
    ]


def test_what_is_in_use_stays(run: Run, tmp_path: Path) -> None:
    """A kind or a choice with values, and whatever a segment asks for, is refused by name."""
    run(*_TARIFF)
    _import(run, tmp_path, "number,name,tarif\n1,A,or\n")
    run("segments", "save", "blues", 'tariff = "blue"')
    refused = {
        ("change", "tariff", "--kind", "set"): "1 customers have a value",
        ("change", "tariff", "--without-choice", "gold"): "the choice gold can't go",
        ("change", "tariff", "--without-choice", "blue"): "segment blues",
        ("remove", "tariff", "--with-values"): "segment blues",
    }
    for words, expected in refused.items():
        said = run("attributes", *words)
        assert said.code == 2, words
        assert expected in said.err, words
    run("segments", "save", "blues", "all")
    assert "1 customers have a value" in run("attributes", "remove", "tariff").err
    removed = run("attributes", "remove", "tariff", "--with-values", "--json")
    assert json.loads(removed.out) == {"removed": "tariff", "values": 1}
    assert run("segments", "count", 'tariff = "gold"').code == 2


def test_a_retired_attribute_is_offered_no_more(run: Run, tmp_path: Path) -> None:
    """It is no column and no new segment asks for it; a segment saved before goes on."""
    _import(run, tmp_path, "number,name,district\n1,A,Anfa\n")
    run("segments", "save", "anfa", 'district = "Anfa"')
    assert run("attributes", "change", "district", "--retire").code == 0
    assert run("segments", "count", "anfa").out == "1\n"
    assert "is retired" in run("segments", "save", "other", 'district = "Anfa"').err
    path = tmp_path / "customers.csv"
    said = json.loads(run("customers", "import", str(path), "--dry-run", "--json").out)
    assert [one["problem"] for one in said["findings"]] == ["is no known column, and was left out"]
    assert run("attributes", "change", "district", "--revive").code == 0
    assert run("segments", "save", "other", 'district = "Anfa"').code == 0


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("add", "Pools", "--kind", "number", *_LABELS), "can be no name"),
        (("add", "é", "--kind", "number", *_LABELS), "can be no name"),
        (("add", "x" * 41, "--kind", "number", *_LABELS), "can be no name"),
        (("add", "segment", "--kind", "number", *_LABELS), "a word of the segment language"),
        (("add", "phone", "--kind", "text", *_LABELS), "a column that every import has"),
        (("add", "locale", "--kind", "text", *_LABELS), "a column that every import has"),
        (("add", "location", "--kind", "text", *_LABELS), "a column that every import has"),
        (("add", "district", "--kind", "text", *_LABELS), "is an attribute district already"),
        (("add", "pools", "--kind", "colour", *_LABELS), "Use one of text, number"),
        (("add", "phone_lat", "--kind", "location", *_LABELS[:4], "--label", "en=Lat"), "latitude"),
        (("add", "pools", "--kind", "choice", *_LABELS), "none to choose from"),
        ((*_ADD, *_LABELS, "--choice", "a: ar=ا, fr=a, en=a"), "no choices"),
        ((*_ADD, *_LABELS[:4]), "none in the language en"),
        ((*_ADD, "--label", "piscines"), "has no ="),
        ((*_ADD, *_LABELS[:4], "--label", "en=Quartier"), "heads the column district"),
        ((*_ADD, *_LABELS[:4], "--label", "en=E-Mail"), "heads the column email"),
        ((*_ADD, *_LABELS[:4], "--label", "en=a\u202eb"), "control characters"),
        ((*_ADD, *_LABELS, "--label", "x!=a"), "is no language"),
        ((*_TARIFF[1:], "--choice", "Gold: ar=ا, fr=a, en=a"), "can be no choice"),
        ((*_TARIFF[1:], "--choice", "red: ar=ا, fr=OR, en=a"), "would mean both"),
        ((*_TARIFF[1:], "--choice", "red: ar=ا, fr=a;b, en=a"), "Files separate"),
        (("show", "distric"), 'Did you mean "district"?'),
        (("change", "contract", "--without-choice", "gold"), "there is no 'gold'"),
        (("remove", "nothing"), "does not exist"),
    ],
)  # fmt: skip
def test_a_wrong_definition_is_refused(run: Run, words: tuple[str, ...], expected: str) -> None:
    """In one line that names the problem, and nothing is kept."""
    before = run("attributes", "list", "--json").out
    said = run("attributes", *words)
    assert said.code == 2
    assert expected in said.err
    assert said.err.count("\n") == 1
    assert run("attributes", "list", "--json").out == before
