"""The pages of segments, areas, attributes and fair use, over real servers."""

import json

from broadcaster.domain.access import Role
from broadcaster.domain.consent import Ground
from tests import area_shapes
from tests.builders import customer
from tests.desk_scene import DeskSite, site
from tests.people_scene import SCRIPT, send, settle

__all__ = ["site"]

_SQUARE = area_shapes.polygon([[-7.63, 33.58], [-7.61, 33.58], [-7.61, 33.60], [-7.63, 33.60]])


def test_an_expression_is_checked_while_it_is_written(site: DeskSite) -> None:
    """As text or as the form's tree: words, count and some of them; or what is wrong, and where."""
    settle(site, [customer(2)])
    told = site.post("/segments/new/check?lang=en", Role.AUTHOR, expression='services has "water"')
    found = json.loads(told.text)
    assert found["form"] == {"is": "has", "attribute": "services", "value": "water"}
    assert "1 customer is selected" in found["counted"]
    assert found["sample"] == ["K/778812"]
    again = site.post("/segments/new/check", Role.AUTHOR, form=json.dumps(found["form"]))
    assert json.loads(again.text)["expression"] == found["expression"]
    wrong = site.post("/segments/new/check", Role.AUTHOR, expression='all and distric = "Anfa"')
    assert wrong.status == 422
    fault = json.loads(wrong.text)["fault"]
    assert (fault["position"], fault["before"]) == (9, "all and ")
    assert "district" in fault["remedy"]
    assert site.post("/segments/new/check", Role.AUTHOR, form="[" * 5000).status == 422
    # What the script shows is of the page's language, and what was typed is text in it.
    for given in (
        {"expression": f'all and distric{SCRIPT} = "Anfa"'},
        {"expression": "all and ("},
        {"form": "["},
        {"form": json.dumps({"is": SCRIPT})},
        {"form": json.dumps({"is": "and", "parts": [{"is": "all"}]})},
        {"form": json.dumps({"is": "has", "attribute": f"services {SCRIPT}", "value": "water"})},
    ):
        answer = site.post("/segments/new/check?lang=fr", Role.AUTHOR, **given)
        shown = json.loads(answer.text)["fault"]["told"]
        assert 'lang="en"' not in shown, shown
        assert "<script" not in shown


def test_a_segment_is_made_shown_renamed_and_deleted_by_authors(site: DeskSite) -> None:
    """A taken name is refused; segments that it stands in follow a new name, and keep it there."""
    settle(site)
    given = {"expression": 'services has "water"', "act": "save"}
    assert site.post("/segments/new", Role.VIEWER, name="water", **given).status == 403
    made = site.post("/segments/new", Role.AUTHOR, name=f"a/b {SCRIPT}", **given)
    assert made.status == 303
    place = made.headers["location"]
    page = site.ask(f"{place}?lang=en", Role.AUTHOR)
    assert page.status == 200
    assert SCRIPT not in page.text
    assert SCRIPT not in site.ask("/segments", Role.VIEWER).text
    taken = site.post("/segments/new", Role.AUTHOR, name=f"a/b {SCRIPT}", **given)
    assert taken.status == 422
    name = f"a/b {SCRIPT}"
    site.runtime.segments.save("dry", 'not in segment "a/b <script>alert(\\"x\\")</script>"')
    assert site.post(place, Role.AUTHOR, was=name, act="delete").status == 422
    moved = site.post(place, Role.AUTHOR, was=name, act="rename", to="new")
    assert moved.headers["location"] == "/segments/new?of=new"
    assert site.ask("/segments/new?of=new&plan=1", Role.AUTHOR).status == 200
    assert site.runtime.segments.get("dry").expression == 'not in segment "new"'
    site.runtime.segments.delete("dry")
    assert site.post("/segments/new?of=new", Role.AUTHOR, was="new", act="delete").status == 303
    assert site.runtime.segments.list() == []
    with site.runtime.pool.connection() as connection:
        noted = connection.execute(
            "SELECT action FROM audit WHERE actor = 'the author' AND subject LIKE 'segment %' "
            "ORDER BY id"
        ).fetchall()
    assert noted == [("save_segment",), ("rename_segment",), ("delete_segment",)]


def test_an_area_is_previewed_stored_and_drawn(site: DeskSite) -> None:
    """By a file or as a circle; nothing of a preview is kept, and nothing is fetched."""
    settle(site)
    file = (f"old {SCRIPT}.geojson", area_shapes.text(area_shapes.feature(_SQUARE)))
    seen = send(site, "/areas/new", Role.AUTHOR, file, act="geojson", dry_run="yes")
    assert seen.status == 422
    assert "Close it" in seen.text or "close" in seen.text
    closed = area_shapes.polygon(
        [[-7.63, 33.58], [-7.61, 33.58], [-7.61, 33.60], [-7.63, 33.60], [-7.63, 33.58]]
    )
    file = (f"old {SCRIPT}.geojson", area_shapes.text(area_shapes.feature(closed)))
    assert send(site, "/areas/new", Role.VIEWER, file, act="geojson").status == 403
    seen = send(site, "/areas/new", Role.AUTHOR, file, act="geojson", dry_run="yes")
    assert 'class="own"' in seen.text
    assert site.runtime.areas.list() == []
    stored = send(site, "/areas/new", Role.AUTHOR, file, act="geojson")
    assert stored.status == 303
    given = {"name": "port", "latitude": "33,59", "longitude": "-7.62", "radius": "500"}
    assert send(site, "/areas/new", Role.AUTHOR, None, act="circle", **given).status == 303
    page = site.ask("/areas/port?lang=en", Role.VIEWER)
    assert "1 of 1 customers" in page.text
    assert 'class="other"' in page.text
    assert SCRIPT not in page.text
    assert 'href="http' not in page.text
    site.runtime.segments.save("there", 'location in area "port"')
    assert site.post("/areas/port", Role.AUTHOR, name="port").status == 422
    site.runtime.segments.delete("there")
    assert site.post("/areas/port", Role.AUTHOR, name="port").status == 303


def test_a_list_of_numbers_shows_whose_they_are_to_nobody_who_may_not_see(site: DeskSite) -> None:
    """Others of the team see how many."""
    settle(site)
    file = ("numbers.csv", b"number;area\nK/778812;hers\nK/9;hers\n")
    told = send(site, "/areas/new?lang=en", Role.AUTHOR, file, act="list", encoding="auto")
    assert told.status == 200
    assert "K/9" in told.text
    assert "K/778812" in site.ask("/areas/hers", Role.AUTHOR).text
    page = site.ask("/areas/hers?lang=en", Role.VIEWER)
    assert "1 of 1 customers" in page.text
    assert "K/778812" not in page.text


def test_files_are_bounded_and_no_other_site_sends_one(site: DeskSite) -> None:
    """Before they are read: by what is announced, and by what comes."""
    file = ("a.geojson", b"{}")
    site.token(Role.AUTHOR)
    huge = {"Content-Type": "multipart/form-data; boundary=x", "Content-Length": str(10**9)}
    answer = site.ask("/areas/new", Role.AUTHOR, method="POST", body=b"", headers=huge)
    assert answer.status == 413
    assert send(site, "/areas/new", Role.AUTHOR, file, csrf="made up", act="geojson").status == 403
    assert send(site, "/areas/new", Role.AUTHOR, None, act="geojson").status == 422
    broken = {"Content-Type": "multipart/form-data"}
    body = b"no parts"
    assert (
        site.ask("/areas/new", Role.AUTHOR, method="POST", body=body, headers=broken).status == 400
    )


def test_an_attribute_is_added_and_changed_with_labels_in_every_language(site: DeskSite) -> None:
    """What is missing is refused; who only looks sees the table."""
    labels = {"label-ar": "مسبح", "label-fr": f"piscine {SCRIPT}"[:60], "label-en": "pool"}
    kind = {"name": "pool", "kind": "choice"}
    row = {"choice": "big", "choice-ar": "كبير", "choice-fr": "grand", "choice-en": "big"}
    place = "/attributes/new-attribute"
    assert site.post(place, Role.VIEWER, **labels, **kind, **row).status == 403
    assert site.post(place, Role.AUTHOR, **{**labels, "label-ar": ""}, **kind, **row).status == 422
    assert site.post(place, Role.AUTHOR, **labels, **kind, **row).status == 303
    assert SCRIPT not in site.ask("/attributes", Role.VIEWER).text
    more = {one: [value, "new"] for one, value in row.items()}
    more["choice"] = ["big", "small"]
    more["choice-ar"], more["choice-fr"], more["choice-en"] = (
        ["كبير جدا", "صغير"],
        ["grand", "petit"],
        ["big", "small"],
    )
    assert site.post("/attributes/pool", Role.AUTHOR, **labels, **more, retired="yes").status == 303
    kept = site.runtime.definitions.get("pool")
    assert (kept.retired, list(kept.choices), kept.choices["big"]["ar"]) == (
        True,
        ["big", "small"],
        "كبير جدا",
    )
    assert site.post("/attributes/pool", Role.AUTHOR, act="remove", **labels).status == 303
    assert "pool" not in site.runtime.definitions.catalogue().attributes


def test_quiet_hours_and_caps_are_brought_into_force(site: DeskSite) -> None:
    """Rows that are taken away or empty are none; a wrong one changes nothing."""
    quiet: dict[str, str | list[str]] = {
        "q0-from": "21:00",
        "q0-to": "08:00",
        "q0-classes": ["service"],
        "q0-channels": ["sms", "push"],
        "q0-days": ["mon", "tue"],
        "c0-class": "service",
        "c0-most": "3",
        "c0-days": "7",
        "holidays": "2026-11-18",
    }
    assert site.post("/rules", Role.VIEWER, **quiet).status == 403
    # Who writes to customers does not say how often they may be written to.
    assert site.post("/rules", Role.AUTHOR, **quiet).status == 403
    assert site.post("/rules", Role.DUTY_OFFICER, **{**quiet, "c0-most": "many"}).status == 422
    assert site.runtime.fairness.rules().version == 0
    assert site.post("/rules", Role.DUTY_OFFICER, **quiet).status == 303
    rules = site.runtime.fairness.rules()
    assert (len(rules.quiet), len(rules.caps), len(rules.holidays)) == (1, 1, 1)
    assert site.post("/rules", Role.DUTY_OFFICER, **quiet, **{"c0-gone": "yes"}).status == 303
    assert site.runtime.fairness.rules().caps == ()
    assert site.ask("/rules", Role.VIEWER).status == 200


def test_a_list_of_addresses_is_checked_and_then_barred(site: DeskSite) -> None:
    """Refused rows are told, without their values; the proof names the file as it was sent."""
    settle(site)
    file = ("stop list.csv", b"address;reason\n+212661234567;never\nnobody at all;never\n")
    checked = send(site, "/rules/list?lang=en", Role.AUTHOR, file, scope="service", dry_run="yes")
    assert "2 rows were read, 1" in checked.text
    assert site.runtime.suppressions.counts() == []
    assert send(site, "/rules/list", Role.APPROVER, file, scope="service").status == 403
    taken = send(site, "/rules/list?lang=en", Role.AUTHOR, file, scope="service")
    assert "1 addresses are barred now" in taken.text
    (row,) = site.runtime.suppressions.list()
    assert row.ground is Ground.WISH
    assert row.proof.startswith("stop list.csv")
