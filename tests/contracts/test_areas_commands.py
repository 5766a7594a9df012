"""`broadcaster areas` on a real database, as people type it."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.area_shapes import BOW, HOLE, SQUARE, collection, feature, polygon, text
from tests.commands import Run, run

__all__ = ["run"]


@pytest.fixture
def zones(tmp_path: Path) -> Path:
    """Two zones, one with a hole."""
    far = [[x + 0.02, y] for x, y in SQUARE]
    value = collection(
        feature(polygon(SQUARE, HOLE), nom="Médina"), feature(polygon(far), nom="Port")
    )
    path = tmp_path / "zones.geojson"
    path.write_bytes(text(value))
    return path


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """Customers in the first zone, in its hole, on the border of both, and elsewhere."""
    path = tmp_path / "people.csv"
    path.write_text(
        "number;name;Lat;Lon;feeder\n"
        "1;Amina;33,572;-7,61;F1\n2;Brahim;33,58;-7,61;F2\n3;Chama;33,58;-7,60;F1\n"
        "4;Driss;;;F3\n5;Emna;0;0;\n6;Farid;-7.61;33.58;\n",
        encoding="utf-8",
    )
    return path


def _json(run: Run, *words: str) -> object:
    said = run("areas", *words, "--json")
    assert said.code == 0, said.err
    return json.loads(said.out)


def test_areas_from_the_file_to_the_picture(run: Run, zones: Path, people: Path) -> None:
    """Import customers and areas, count, show, explain, draw, delete."""
    imported = json.loads(run("customers", "import", str(people), "--json").out)
    assert [one["column"] for one in imported["findings"]] == ["latitude", "latitude"]
    checked = _json(run, "import", str(zones), "--name-property", "nom", "--dry-run")
    assert [(one["area"], one["outcome"]) for one in checked] == [  # type: ignore[attr-defined]
        ("Médina", "good"),
        ("Port", "good"),
    ]
    assert _json(run, "list") == []
    said = run("areas", "import", str(zones), "--name-property", "nom")
    assert said.out.splitlines() == [
        "Médina: new, 1 polygon, 1 hole, 8 vertices, 3.09 km², 2 customers",
        "Port: new, 1 polygon, 4 vertices, 4.12 km², 1 customer",
    ]
    assert _json(run, "count", "Médina") == {
        "area": "Médina",
        "inside": 2,
        "customers": 6,
        "without_place": 3,
    }
    counted = run("areas", "count", "Port").out
    assert counted == "1 of 6 customers; the place of 3 is not known\n"
    shown = run("areas", "show", "Médina").out
    assert "Médina #" in shown
    assert "33.57, -7.62 to 33.59, -7.6" in shown
    assert "Médina" in run("areas", "list").out
    plan = run("areas", "explain", "Médina").out
    assert "cells inside" in plan
    assert "area_piece_holds" in plan
    assert "\\x" not in plan
    picture = zones.parent / "m.svg"
    assert _json(run, "picture", "Médina", "--out", str(picture)) == {
        "area": "Médina",
        "picture": str(picture),
        "customers": 2,
    }
    drawn = picture.read_text("utf-8")
    assert ET.fromstring(drawn).tag.endswith("svg")  # noqa: S314  (ours)
    assert not any(name in drawn for name in ("Amina", "Brahim", "Chama", "Driss"))
    assert run("areas", "delete", "Port").out == "Port is deleted.\n"
    assert run("areas", "show", "Port").code == 2


def test_an_area_is_said_in_cap_and_geojson(run: Run, zones: Path) -> None:
    """CAP on standard output alone, its notes beside it; the polygons read back as they came."""
    run("areas", "import", str(zones), "--name-property", "nom")
    said = run("areas", "show", "Médina", "--cap")
    root = ET.fromstring(said.out)  # noqa: S314  (ours)
    assert root[0].text == "Médina"
    assert "CAP knows no holes" in said.err
    found = _json(run, "show", "Médina", "--cap")
    assert isinstance(found, dict)
    assert found["cap"]["polygon"] == [root[1].text]
    path = zones.parent / "again.geojson"
    path.write_text(run("areas", "show", "Médina", "--geojson").out, encoding="utf-8")
    again = _json(run, "import", str(path), "--name", "Médina")
    assert again[0]["outcome"] == "unchanged"  # type: ignore[index]


def test_circles_are_true_distances(run: Run, people: Path) -> None:
    """Made again they are the same version; drawn, and refused when impossible."""
    run("customers", "import", str(people))
    made = _json(run, "circle", "Port", "--at", "33.58,-7.60", "--radius", "5")
    assert made == {"area": "Port", "outcome": "new", "customers": 1, "notes": []}
    swapped = run("areas", "circle", "Bay", "--at=-7.60,33.58", "--radius", "5").out
    assert "lies outside of MA: latitude and longitude seem to be swapped" in swapped
    again = run("areas", "circle", "Port", "--at", "33.58, -7.60", "--radius", "5")
    assert again.out == "Port: unchanged, 5 m around 33.58, -7.6, 1 customer\n"
    assert "33.58,-7.6 0.005" in run("areas", "show", "Port", "--cap").out
    assert json.loads(run("areas", "show", "Port", "--geojson").out)["type"] == "Polygon"
    picture = people.parent / "p.svg"
    assert run("areas", "picture", "Port", "--out", str(picture)).code == 0
    assert picture.exists()


def test_lists_tell_what_no_customer_has(run: Run, people: Path) -> None:
    """Each area of the file, and for a strange value the likely one."""
    run("customers", "import", str(people))
    file = people.parent / "feeders.csv"
    file.write_text("Départ électrique,area\nF1,North\nF 1,North\nF3,South\n", encoding="utf-8")
    said = run("areas", "import-list", str(file))
    assert said.out.splitlines() == [
        "North: new, 2 values of feeder, 2 customers",
        '  note: no customer has "F 1"; did you mean "F1"?',
        "South: new, 1 value of feeder, 1 customer",
    ]
    assert run("areas", "count", "North").out == "2 of 6 customers\n"
    picture = people.parent / "n.svg"
    assert run("areas", "picture", "North", "--out", str(picture)).code == 0
    nobody = run("areas", "picture", "South", "--out", str(picture))
    assert "of nobody in 'South' the place is known" in nobody.err
    assert "has no polygons" in run("areas", "show", "North", "--geojson").err
    file.write_text("number\n1\n3\n", encoding="utf-8")
    assert _json(run, "import-list", str(file), "--name", "Some") == [
        {
            "area": "Some",
            "outcome": "new",
            "attribute": "number",
            "values": 2,
            "customers": 2,
            "strange": {},
        }
    ]


@pytest.mark.parametrize(
    ("content", "words", "expected"),
    [
        ("feeder\n", [], "has no values"),
        ("street\nA\n", [], "names no attribute. Head one column with number"),
        ("feeder,district\nA,B\n", [], "names several attributes"),
        ("feeder,area\nA,\n", [], "row 2: the area is missing"),
        ("feeder,area\n,North\n", [], "row 2: feeder is missing"),
        ("feeder,area\nA,North\n", ["--name", "x"], "can't stand beside"),
        ("contract\nhome\n", [], "row 2: 'home' is none of the choices"),
        ("feeder\n=1+1\n", [], "row 2: begins with ="),
        ("feeder\nA\n", ["--name", " "], "is empty"),
        ("feeder\nA\n", ["--encoding", "latin"], "is unknown"),
    ],
)
def test_bad_lists_are_one_line(
    run: Run, tmp_path: Path, content: str, words: list[str], expected: str
) -> None:
    """The file, the row and the remedy; nothing is stored."""
    file = tmp_path / "list.csv"
    file.write_text(content, encoding="utf-8")
    said = run("areas", "import-list", str(file), *words)
    assert said.code == 2
    assert said.err.count("\n") == 1
    assert expected in said.err
    assert json.loads(run("areas", "list", "--json").out) == []


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("import", "nowhere.geojson"), "can't be read"),
        (("circle", "A", "--at", "here", "--radius", "5"), "Write latitude,longitude"),
        (("circle", "A", "--at", "-97.6,33.5", "--radius", "5"), "is no place on Earth"),
        (("circle", "A", "--at", "33.5,-7.6", "--radius", "0"), "out of range"),
        (("circle", " ", "--at", "33.5,-7.6", "--radius", "9"), "is empty"),
        (("count", "nobody"), "does not exist"),
        (("explain", "nobody"), "does not exist"),
        (("picture", "nobody", "--out", "x.svg"), "does not exist"),
        (("picture", "nobody", "--out", "x.png"), "is no name of an SVG picture"),
        (("delete", "nobody"), "does not exist"),
    ],
)
def test_faults_are_one_line(run: Run, words: tuple[str, ...], expected: str) -> None:
    """What is wrong with the input is said in one line, with exit code 2."""
    said = run("areas", *words)
    assert said.code == 2
    assert said.err.count("\n") == 1
    assert expected in said.err


def test_a_broken_border_is_mended_on_demand(run: Run, tmp_path: Path) -> None:
    """Refused first, with nothing stored; then mended, with the change told."""
    path = tmp_path / "bow.geojson"
    path.write_bytes(text(polygon(BOW)))
    refused = run("areas", "import", str(path))
    assert "bow: its border crosses itself" in refused.err
    assert json.loads(run("areas", "list", "--json").out) == []
    said = run("areas", "import", str(path), "--repair")
    assert said.out.startswith("bow: new, 2 polygons, 6 vertices")
    assert "repaired: from 4 to 6 corners" in said.out
