"""A place of the utility's own, such as where the meter is: from a definition to a segment."""

import json
from pathlib import Path

from broadcaster.domain.access import Role
from tests import area_shapes
from tests.api_scene import ApiSite, api
from tests.commands import Run, run

__all__ = ["api", "run"]

_LABELS = (
    "--label",
    "ar=مكان العداد",
    "--label",
    "fr=lieu du compteur",
    "--label",
    "en=meter place",
)
_ADD = ("attributes", "add", "meter_place", "--kind", "location", *_LABELS)
_NEAR = "meter_place within 500 m of 33.59, -7.62"
_RING = [[-7.63, 33.58], [-7.61, 33.58], [-7.61, 33.60], [-7.63, 33.60], [-7.63, 33.58]]


def _import(run: Run, folder: Path, text: str) -> list[dict[str, str]]:
    path = folder / "customers.csv"
    path.write_text(text, encoding="utf-8")
    said = run("customers", "import", str(path), "--json")
    assert said.code == 0, said.err
    found: list[dict[str, str]] = json.loads(said.out)["findings"]
    return found


def test_a_utility_adds_a_place_and_asks_for_it(run: Run, tmp_path: Path) -> None:
    """One cell, two columns, a wrong cell, an empty one; areas, circles, and the plan."""
    assert run(*_ADD).code == 0
    text = 'number,name,latitude,longitude,Meter place\n1,A,33.7,-7.4,"33.59, -7.62"\n'
    text += "2,B,,,٣٣٫٥٩٥، -٧٫٦٢\n"
    assert _import(run, tmp_path, text) == []
    halves = "number,name,lieu du compteur lat,meter_place_lon\n3,C,33.9,-7.62\n"
    assert _import(run, tmp_path, halves) == []
    wrong = 'number,name,meter_place\n1,A,"-7.62, 33.59"\n2,B,\n'
    ((found),) = _import(run, tmp_path, wrong)
    assert (str(found["row"]), found["column"]) == ("2", "meter_place")
    # What was known before stays, as it does of the customer's own place.
    assert run("segments", "count", _NEAR).out == "1\n"
    assert run("segments", "count", "meter_place within 1 km of 33.59, -7.62").out == "2\n"
    assert run("segments", "count", "location within 5 km of 33.59, -7.62").out == "0\n"
    assert (
        run("segments", "count", "meter_place is present and not location is present").out == "2\n"
    )
    shown = run("segments", "explain", _NEAR, "--plan").out
    assert "“meter place” is at most 500 m from the point 33.59, -7.62" in shown
    assert "The place meter_place has no index" in shown
    assert "no index" not in run("segments", "explain", "location is missing", "--plan").out
    assert "meter_place: 33.59, -7.62" in run("segments", "sample", _NEAR).out
    preview = run("customers", "preview", str(tmp_path / "customers.csv")).out
    assert "would be in it with the numbers swapped" in " ".join(preview.split())
    assert run("attributes", "remove", "meter_place").code == 2
    assert run("segments", "save", "meters", "meter_place is missing").code == 0
    assert "segment meters" in run("attributes", "remove", "meter_place", "--with-values").err


def test_a_list_has_no_border_for_a_place(run: Run, tmp_path: Path) -> None:
    """It says who is meant: the customer's own condition takes it, another place is refused."""
    run(*_ADD)
    (tmp_path / "town.csv").write_text("district\nAnfa\n", "utf-8")
    (tmp_path / "town.geojson").write_text(json.dumps(area_shapes.polygon(_RING)), "utf-8")
    _import(run, tmp_path, 'number,name,district,meter_place\n1,A,Anfa,"33.59,-7.62"\n2,B,,\n')
    assert run("areas", "import-list", str(tmp_path / "town.csv"), "--name", "streets").code == 0
    assert run("areas", "import", str(tmp_path / "town.geojson"), "--name", "square").code == 0
    assert run("segments", "count", 'meter_place in area "square"').out == "1\n"
    assert run("segments", "count", 'not meter_place in area "square"').out == "1\n"
    assert run("segments", "count", 'location in area "streets"').out == "1\n"
    refused = run("segments", "save", "wrong", 'meter_place in area "streets"')
    assert refused.code == 2
    assert "has no border" in refused.err


def test_the_api_and_the_console_have_the_place_too(api: ApiSite) -> None:
    """Defined on the page, given as longitude and latitude, shown latitude first, and offered."""
    desk = api.desk
    labels = {"label-ar": "مكان العداد", "label-fr": "lieu du compteur", "label-en": "meter place"}
    page = desk.ask("/attributes/new-attribute?lang=en", Role.AUTHOR)
    assert 'value="location"' in page.text
    fields = {"name": "meter_place", "kind": "location", **labels}
    assert desk.post("/attributes/new-attribute", Role.AUTHOR, **fields).status == 303
    assert api.json("/attributes/meter_place")["kind"] == "location"
    given = {"name": "A", "attributes": {"meter_place": [-7.62, 33.59]}}
    assert api.json("/customers/P1", given, method="PUT")["findings"] == []
    assert api.json("/segments/count", {"expression": _NEAR})["customers"] == 1
    form = {"is": "near", "attribute": "meter_place", "metres": "500"}
    form |= {"latitude": "33.59", "longitude": "-7.62"}
    told = desk.post("/segments/new/check?lang=en", Role.AUTHOR, form=json.dumps(form))
    assert json.loads(told.text)["expression"] == _NEAR
    assert json.loads(told.text)["form"] == form
    swapped = {"name": "A", "attributes": {"meter_place": [33.59, -7.62]}}
    (found,) = api.json("/customers/P1", swapped, method="PUT")["findings"]
    assert found["column"] == "meter_place"
    assert api.json("/segments/count", {"expression": _NEAR})["customers"] == 1
    for name in ("district", "services"):
        wrong = {"name": "A", "attributes": {name: [1.5, 2]}}
        assert api.ask("/customers/P1", wrong, method="PUT").status == 422
    offered = desk.ask("/segments/new?lang=fr", Role.AUTHOR).text
    assert "lieu du compteur" in offered
    sample = api.json("/segments/sample", {"expression": _NEAR, "purpose": "a test", "most": 1})
    assert sample["items"][0]["attributes"]["meter_place"] == [-7.62, 33.59]
