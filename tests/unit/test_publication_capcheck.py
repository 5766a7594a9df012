"""The check of alerts beyond the schema: clean for a good one, red for each fault."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from broadcaster import cli
from broadcaster.publication.capcheck import Gravity, check

_TWO = "2026-03-20T10:00:00+01:00"

GOOD = f"""<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
<identifier>urn:uuid:1</identifier>
<sender>alerts.example.org</sender>
<sent>2026-03-20T09:00:00+01:00</sent>
<status>Actual</status>
<msgType>Update</msgType>
<scope>Public</scope>
<references>alerts.example.org,urn:uuid:0,2026-03-20T08:00:00+01:00</references>
<info><language>en</language><category>Infra</category><event>Cut</event>
<responseType>Prepare</responseType>
<urgency>Expected</urgency><severity>Minor</severity><certainty>Likely</certainty>
<onset>{_TWO}</onset><expires>2026-03-21T09:00:00+01:00</expires>
<headline>A cut</headline><description>Water is cut.</description>
<web>https://example.org/1</web>
<area><areaDesc>Town</areaDesc><polygon>1,1 1,2 2,2 1,1</polygon><circle>1,1 0.5</circle></area>
</info>
<info><language>fr</language><category>Infra</category><event>Coupure</event>
<responseType>Prepare</responseType>
<urgency>Expected</urgency><severity>Minor</severity><certainty>Likely</certainty>
<onset>{_TWO}</onset><expires>2026-03-21T09:00:00+01:00</expires>
<headline>Une coupure</headline><description>L’eau est coupée.</description>
<area><areaDesc>Ville</areaDesc><polygon>1,1 1,2 2,2 1,1</polygon><circle>1,1 0.5</circle></area>
</info>
</alert>
"""

_REFERENCES = "<references>alerts.example.org,urn:uuid:0,2026-03-20T08:00:00+01:00</references>"
_INFO_2 = GOOD[GOOD.index("<info><language>fr") : GOOD.index("</alert>")]
_INFO_1 = GOOD[GOOD.index("<info><language>en") : GOOD.index("<info><language>fr")]
_RING = "<polygon>1,1 1,2 2,2 1,1</polygon>"

#: What is changed, into what, where it is found, and a word of what is said.
ERRORS = [
    ("<identifier>urn:uuid:1", "<identifier>a b,c", "identifier", "could not be referred to"),
    ("<identifier>urn:uuid:1", "<identifier>", "identifier", "is empty"),
    ("<identifier>urn:uuid:1</identifier>\n", "", "alert", "has no identifier"),
    ("alerts.example.org</sender>", "a&lt;b</sender>", "sender", "could not be referred to"),
    ("09:00:00+01:00</sent>", "09:00:00Z</sent>", "sent", "no time of CAP"),
    ("09:00:00+01:00</sent>", "09:00:00.5+01:00</sent>", "sent", "no time of CAP"),
    ("2026-03-20T09:00:00+01:00</sent>", "2026-13-20T09:00:00+01:00</sent>", "sent", "no time"),
    ("<status>Actual", "<status>actual", "status", "no word for it"),
    ("<msgType>Update", "<msgType>Fix", "msgType", "no word for it"),
    ("<scope>Public", "<scope>Private", "alert", "Private without addresses"),
    ("<scope>Public", "<scope>Restricted", "alert", "Restricted without restriction"),
    (_REFERENCES, "", "alert", "refers to no earlier message"),
    (_REFERENCES, "<references>one,two</references>", "references", "is no reference"),
    (_REFERENCES, "<references>a,b,2026-03-20</references>", "references", "is no reference"),
    ("urn:uuid:0", "urn:uuid:1", "references", "refers to itself"),
    (_INFO_1 + _INFO_2, "", "alert", "says nothing"),
    ("<language>fr</language>", "", "info 2", "names no language"),
    ("<language>fr", "<language>arabic_MA", "info 2, language", "is no language"),
    (
        "<language>fr</language><category>Infra</category><event>Coupure",
        "<language>en</language><category>Infra</category><event>Cut",
        "info 2",
        "the second in en",
    ),
    ("<event>Cut", "<event>", "info 1, event", "is empty"),
    ("<category>Infra</category><event>Cut", "<event>Cut", "info 1", "has no category"),
    (
        "<category>Infra</category><event>Cut",
        "<category>Water</category><event>Cut",
        "info 1, category 1",
        "no word",
    ),
    ("<severity>Minor", "<severity>Severe", "info 2", "another severity"),
    ("<urgency>Expected", "<urgency>Future", "info 2", "another urgency"),
    ("<certainty>Likely", "<certainty>Possible", "info 2", "another certainty"),
    ("<responseType>Prepare", "<responseType>Avoid", "info 2", "another responseType"),
    (_RING, "<polygon>1,1 1,2 2,2 3,3 1,1</polygon>", "info 2", "another area"),
    (_RING, "<polygon>1,1 1,2 2,2 2,1</polygon>", "info 1, area 1, polygon 1", "not closed"),
    (_RING, "<polygon>1,1 1,2 1,1</polygon>", "info 1, area 1, polygon 1", "fewer than four"),
    (_RING, "<polygon>1,1 1,2 1,2 1,1</polygon>", "info 1, area 1, polygon 1", "three corners"),
    (_RING, "<polygon>hello</polygon>", "info 1, area 1, polygon 1", "is no point"),
    (_RING, "<polygon>91,1 1,2 2,2 91,1</polygon>", "info 1, area 1, polygon 1", "is no point"),
    ("<circle>1,1 0.5", "<circle>1,1", "info 1, area 1, circle 1", "is no circle"),
    ("<circle>1,1 0.5", "<circle>1,1 -2", "info 1, area 1, circle 1", "is no circle"),
    (
        "</circle></area>",
        "</circle><ceiling>9</ceiling></area>",
        "info 1, area 1",
        "without altitude",
    ),
    (
        "</circle></area>",
        "</circle><altitude>high</altitude></area>",
        "info 1, area 1, altitude",
        "is no number",
    ),
    ("<areaDesc>Town</areaDesc>", "", "info 1, area 1", "has no areaDesc"),
    ("2026-03-21T09:00:00", "2026-03-20T08:59:59", "info 1, expires", "is not after sent"),
    ("2026-03-21T09:00:00", "2026-03-20T09:30:00", "info 1, expires", "is not after onset"),
    ("<web>https://", "<web>", "info 1, web", "no whole address"),
    ("Water is cut.", "Water \u202eis cut.", "description", "turn the direction"),
    (
        "<headline>A cut</headline><description>Water is cut.</description>",
        "<description>a</description><headline>b</headline>",
        "info 1, headline",
        "not at its place",
    ),
    (
        "<status>Actual</status>",
        "<status>Actual</status><status>Test</status>",
        "status",
        "more than once",
    ),
    (
        "<scope>Public</scope>",
        "<scope>Public</scope><colour>red</colour>",
        "colour",
        "is not known",
    ),
    ("</alert>", "<x xmlns='urn:x'/></alert>", "x", "another namespace"),
    (
        "<references>",
        "<Signature xmlns='http://www.w3.org/2000/09/xmldsig#'/><references>",
        "Signature",
        "not the last",
    ),
    ("cap:1.2", "cap:1.1", "alert", "no alert of CAP 1.2"),
    ("</alert>", "", "alert", "is no XML"),
    ("<alert", "<!DOCTYPE alert [<!ENTITY a 'b'>]><alert", "alert", "document type"),
    (
        "<responseType>Prepare",
        "<responseType>AllClear</responseType><responseType>Prepare",
        "info 1",
        "it is over",
    ),
]

WARNINGS = [
    ("<msgType>Update", "<msgType>Alert", "references", "an Alert refers"),
    ("<status>Actual", "<status>Exercise", "alert", "which exercise"),
    ("<severity>Minor", "<severity>Unknown", "info 1, severity", "is Unknown"),
    ("<headline>A cut", f"<headline>{'A cut ' * 40}", "info 1, headline", "160"),
    ("<headline>A cut</headline>", "", "info 1", "no headline"),
    ("<expires>2026-03-21T09:00:00+01:00</expires>", "", "info 1", "when it expires"),
    (
        "<scope>Public</scope>",
        "<scope>Public</scope><restriction>x</restriction>",
        "restriction",
        "only for scope",
    ),
]


def test_a_good_alert_is_clean() -> None:
    """Nothing is found."""
    assert check(GOOD.encode()) == []


@pytest.mark.parametrize(("old", "new", "place", "said"), ERRORS)
def test_each_fault_is_an_error_at_its_place(old: str, new: str, place: str, said: str) -> None:
    """With what is wrong, and what to do."""
    assert old in GOOD
    changed = GOOD.replace(old, new, 1)
    found = [one for one in check(changed.encode()) if one.gravity is Gravity.ERROR]
    assert any(one.place.endswith(place) and said in one.problem for one in found), found
    assert all(one.remedy and one.problem for one in found)


@pytest.mark.parametrize(("old", "new", "place", "said"), WARNINGS)
def test_what_practice_advises_against_is_a_warning(
    old: str, new: str, place: str, said: str
) -> None:
    """In all languages alike, so that nothing else is found."""
    changed = GOOD.replace(old, new)
    found = check(changed.encode())
    assert {one.gravity for one in found} == {Gravity.WARNING}
    assert any(one.place == place and said in one.problem for one in found), found


@pytest.mark.parametrize(
    "make",
    [
        lambda: b"",
        lambda: b"\xff\xfe\x00",
        lambda: b"<a>" * 5000,
        lambda: b"x" * 3_000_000,
        lambda: b"<alert>" + b"<a/>" * 200_000 + b"</alert>",
    ],
)
def test_junk_is_refused_in_bounds(make: Callable[[], bytes]) -> None:
    """With one finding, and no fault of our own."""
    (found,) = check(make())
    assert found.gravity is Gravity.ERROR


def test_the_command_tells_line_place_and_remedy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And ends with 1 when something must be mended; it needs no server."""
    file = tmp_path / "alert.xml"
    file.write_text(GOOD, encoding="utf-8")
    assert _run("check", str(file)) == 0
    assert capsys.readouterr().out == f"{file}: no errors, no warnings.\n"
    file.write_text(GOOD.replace(_RING, "<polygon>hello</polygon>"), encoding="utf-8")
    assert _run("check", str(file)) == 1
    assert "hello" in capsys.readouterr().out
    assert _run("check", str(file), "--json") == 1
    first = json.loads(capsys.readouterr().out)[0]
    assert (first["line"], first["place"]) == (16, "info 1, area 1, polygon 1")
    assert "latitude,longitude" in first["remedy"]
    assert _run("check", str(tmp_path / "none")) == 2
    assert "cannot be read" in capsys.readouterr().err


def _run(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main(["cap", *words])
    return int(ended.value.code or 0)
