"""What the console can do, done by programs: each with its bounds, and in the audit trail."""

import base64
import hashlib
import io
import json
import threading
import zipfile

from starlette.routing import Route

from broadcaster.audience.imports import Asked
from broadcaster.audience.marks import Mark
from broadcaster.domain.access import Action, Role
from tests import client_source, parity
from tests.api_scene import EVERYBODY, ApiSite, api
from tests.builders import NOON
from tests.unit.test_kinds_adding import TRANSLATED
from tests.web_scene import Answer, wait

__all__ = ["api"]

_OCTETS = {"Content-Type": "application/octet-stream"}


def _send(api: ApiSite, path: str, content: bytes, method: str = "POST") -> Answer:
    headers = {"Authorization": f"Bearer {api.key()}", **_OCTETS}
    return api.desk.ask(f"/api/v1{path}", method=method, body=content, headers=headers)


def _problem(answer: Answer, status: int) -> dict[str, object]:
    assert answer.status == status, answer.text
    found: dict[str, object] = json.loads(answer.text)
    return found


def test_programs_do_what_the_console_does(api: ApiSite) -> None:
    """One server for what follows: each of these has its sentence in its name."""
    made = {"name": "Repairs", "kind": "remote_services", "segment": "everybody", "drill": True}
    facts = dict(api.desk.runtime.renderer.library.kind("remote_services").sample())
    api.json("/campaigns", {**made, "facts": facts})
    _of_many_who_change_the_same_draft_one_does(api)
    _a_draft_is_changed_as_far_as_it_is_said(api)
    _it_is_handed_over_given_back_and_compared(api)
    _who_approves_alone_needs_leave_and_says_why(api)
    _evidence_is_what_its_hashes_say_and_has_people_for_those_who_may_see_them(api)
    _operators_are_invited_once_and_shut_out_with_their_keys(api)
    _a_kind_is_placed_whole_or_not_at_all(api)
    _segments_and_areas_are_audited(api)
    _a_full_list_does_not_let_everybody_go(api)
    _a_draft_is_for_whom_an_expression_or_an_area_says(api)
    _a_list_of_addresses_is_barred_and_where_people_were_reached_is_counted(api)
    _whatever_the_console_answers_a_call_does_or_the_docs_say_why_not(api)


def _of_many_who_change_the_same_draft_one_does(api: ApiSite) -> None:
    seen = api.ask("/campaigns/1").headers["etag"]
    statuses: list[int] = []

    def change(number: int) -> None:
        body = {"name": f"Repairs {number}"}
        matched = {"If-Match": seen}
        answer = api.ask("/campaigns/1", body, method="PATCH", headers=matched)
        statuses.append(answer.status)

    threads = [threading.Thread(target=change, args=(number,)) for number in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(statuses) == [200, 412, 412, 412]
    assert api.json("/campaigns/1")["revision"] == 2


def _a_draft_is_changed_as_far_as_it_is_said(api: ApiSite) -> None:
    before = api.json("/campaigns/1")
    change = {
        "name": "Repairs in Anfa",
        "channels": ["email", "sms"],
        "plan": "escalate",
        "escalate_after": [20],
        "one_per": "household",
        "lane": "urgent",
        "scheduled": "+2h",
    }
    after = api.json("/campaigns/1", change, method="PATCH")
    assert {name: after[name] for name in change if name != "scheduled"} == {
        name: value for name, value in change.items() if name != "scheduled"
    }
    assert after["scheduled"] is not None
    assert (after["facts"], after["expires"]) == (before["facts"], before["expires"])
    assert api.json("/campaigns/1", {"scheduled": ""}, method="PATCH")["scheduled"] is None
    wrong = api.ask("/campaigns/1", {"segment": "nobody"}, method="PATCH")
    assert _problem(wrong, 422)["field"] == "segment"


def _it_is_handed_over_given_back_and_compared(api: ApiSite) -> None:
    told = api.json("/campaigns/1/forecast")["reached"]
    wrong = api.ask("/campaigns/1/hand-over", {"people": told + 1})
    assert _problem(wrong, 422)["field"] == "people"
    api.json("/campaigns/1/hand-over", {"people": told})
    waiting = api.json("/approvals")["items"]
    assert [one["campaign"]["id"] for one in waiting] == [1]
    assert api.ask("/campaigns/1/give-back", {"comment": " "}).status == 422
    api.json("/campaigns/1/give-back", {"comment": "Name the street."})
    assert api.json("/approvals")["items"] == []
    api.json("/campaigns/1", {"name": "Repairs in Maarif"}, method="PATCH")
    events = [(one["event"], one["people"]) for one in api.json("/campaigns/1/versions")["items"]]
    assert events == [("returned", None), ("handed", told)]
    found = api.json("/campaigns/1/differences?since=1")
    assert [one["field"] for one in found["items"]] == ["name"]
    pieces = {one["change"]: one["text"] for one in found["items"][0]["pieces"]}
    assert "Anfa" in pieces["removed"]
    assert "Maarif" in pieces["added"]
    assert api.json("/campaigns/1/versions/1")["content"]["name"] == "Repairs in Anfa"
    assert api.ask("/campaigns/1/versions/9").status == 404


def _who_approves_alone_needs_leave_and_says_why(api: ApiSite) -> None:
    told = api.json("/campaigns/1/forecast")["reached"]
    without = api.key(*(one for one in Action if one is not Action.BYPASS))
    said = {"people": told, "bypass": "nobody else is on duty"}
    refused = api.ask("/campaigns/1/approve", said, key=without)
    assert _problem(refused, 403)["field"] == "bypass"
    assert api.ask("/campaigns/1/approve", {"people": told}).status == 409
    assert api.ask("/campaigns/1/approve", {**said, "people": told + 1}).status == 422
    api.json("/campaigns/1/approve", said)
    shown = api.json("/campaigns/1")
    assert (shown["status"], shown["bypass"]) == ("approved", "nobody else is on duty")


def _evidence_is_what_its_hashes_say_and_has_people_for_those_who_may_see_them(
    api: ApiSite,
) -> None:
    runtime = api.desk.runtime
    runtime.campaigns.launch(1, "the test", runtime.clock.now())
    runtime.planner.plan(1, runtime.clock.now())
    path = "/campaigns/1/evidence/archive?purpose=regulator&locale=fr"
    for key, people in ((api.key(), True), (api.key(Action.LOOK), False)):
        answer = api.ask(path, key=key)
        content = answer.text.encode(errors="surrogateescape")
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        assert answer.headers["content-digest"] == f"sha-256=:{digest}:"
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            manifest = json.loads(archive.read("manifest.json"))
            assert manifest["customers_by_number"] is people
            assert 'lang="fr"' in archive.read("evidence.html").decode()
            assert ("C000001" in archive.read("deliveries.csv").decode()) is people
    document = api.ask("/campaigns/1/evidence/document?locale=ar")
    assert 'dir="rtl"' in document.text
    assert "sandbox" in document.headers["content-security-policy"]
    unknown = api.ask("/campaigns/1/evidence/document?locale=de")
    assert _problem(unknown, 422)["field"] == "locale"


def _operators_are_invited_once_and_shut_out_with_their_keys(api: ApiSite) -> None:
    made = api.json("/operators", {"name": "Salma", "roles": ["viewer"]})
    path = made["invitation"].removeprefix(api.desk.url)
    assert api.desk.ask(path).status == 200
    again = api.json(f"/operators/{made['id']}/invitations", method="POST")
    assert api.desk.ask(path).status == 410
    assert api.desk.ask(again["invitation"].removeprefix(api.desk.url)).status == 200
    key = api.key(Action.LOOK, owner="Salma")
    assert api.ask("/me", key=key).status == 200
    api.json(f"/operators/{made['id']}/disable", method="POST")
    assert api.ask("/me", key=key).status == 401
    assert api.ask(f"/operators/{made['id']}/invitations", method="POST").status == 409
    mine = next(one["id"] for one in api.json("/operators")["items"] if one["name"] == EVERYBODY)
    assert api.ask(f"/operators/{mine}/disable", method="POST").status == 409
    assert api.ask("/operators/999999/disable", method="POST").status == 404
    taken = api.ask("/operators", {"name": "salma", "roles": ["viewer"]})
    assert _problem(taken, 422)["field"] == "name"


def _a_kind_is_placed_whole_or_not_at_all(api: ApiSite) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, text in TRANSLATED.items():
            archive.writestr(path, text)
        archive.writestr("../out.txt", "x")
    bad = _send(api, "/kinds?name=water_back", packed.getvalue())
    placed = bad.status == 200 and json.loads(bad.text)["placed"]
    assert not placed
    garbage = _problem(_send(api, "/kinds?name=water_back", b"PK no archive"), 422)
    assert garbage["field"] == "body"
    assert "/" not in str(garbage["detail"])
    assert list(api.desk.runtime.settings.templates[0].iterdir()) == []
    assert _send(api, "/kinds", b"x" * 2_100_000).status == 413
    no_catalogue = _send(api, "/locales/fr/catalogue", b"\xff", "PUT")
    assert _problem(no_catalogue, 422)["field"] == "catalogue"
    assert _send(api, "/locales/xx/catalogue", b"", "PUT").status == 404


def _segments_and_areas_are_audited(api: ApiSite) -> None:
    api.json("/segments", {"name": "anfa", "expression": 'district = "Anfa"'})
    assert api.ask("/segments", {"name": "anfa", "expression": "all"}).status == 409
    circle = {"name": "Harbour", "longitude": -7.6, "latitude": 33.6, "metres": 500}
    api.json("/areas/circles", circle)
    api.json("/areas/Harbour", method="DELETE")
    lines = api.json("/audit?limit=3")["items"]
    assert [(one["action"], one["subject"]) for one in lines] == [
        ("delete_area", "area Harbour"),
        ("save_area", "area Harbour"),
        ("save_segment", "segment anfa"),
    ]
    assert {one["by"] for one in lines} == {"key 0"}


def _one_that_was_ended_half_way_is_refused_when_it_is_another(api: ApiSite) -> None:
    """Until it is forgotten, or begun anew; and what is stored is in the trail once."""
    runtime = api.desk.runtime
    asked = Asked(file="half.csv", by="Rabia", via="api", size=1, in_parts=True)
    with runtime.imports.begin(asked, NOON) as run, runtime.pool.connection() as connection:
        run.note(connection, Mark(records=2, row=3))
    shown = api.json(f"/imports/{run.id}")
    assert (shown["status"], shown["unfinished"], shown["stored"]) == ("lost", True, 2)
    file = b"number;name\nC000001;Amina\n"
    said = _problem(_send(api, "/imports?file=half.csv&in_parts=true", file), 422)
    assert "is not the same now: its name, what it holds" in str(said["detail"])
    assert api.json(f"/imports/{run.id}", method="DELETE")["status"] == "forgotten"
    begun = json.loads(_send(api, "/imports?file=half.csv&in_parts=true", file).text)["id"]
    wait(lambda: runtime.imports.get(begun).status != "running")
    assert api.json(f"/imports/{begun}")["status"] == "done"
    lines = api.json("/audit?limit=20")["items"]
    mine = [one for one in lines if one["action"] in {"import_customers", "forget_import"}]
    assert [one["action"] for one in mine] == ["import_customers", "forget_import"]


def _a_full_list_does_not_let_everybody_go(api: ApiSite) -> None:
    runtime = api.desk.runtime
    file = b"number;name\nC000001;Amina\n"
    begun = json.loads(_send(api, "/imports?file=all.csv&snapshot=true", file).text)["id"]
    wait(lambda: runtime.imports.get(begun).status != "running")
    shown = api.json(f"/imports/{begun}")
    assert shown["status"] == "refused"
    assert "may leave" in json.dumps(shown["figures"])
    assert runtime.customers.count() == 5
    _one_that_was_ended_half_way_is_refused_when_it_is_another(api)
    future = _send(api, "/imports?file=all.csv&as_of=2100-01-01", file)
    assert _problem(future, 422)["field"] == "as_of"
    # The console tells of it as of one of its own.
    assert api.desk.ask("/customers/import", Role.AUTHOR).status == 200


def _a_draft_is_for_whom_an_expression_or_an_area_says(api: ApiSite) -> None:
    facts = dict(api.desk.runtime.renderer.library.kind("remote_services").sample())
    made = {"name": "To some", "kind": "remote_services", "facts": facts, "drill": True}
    circle = {"name": "Quay", "longitude": -7.6, "latitude": 33.6, "metres": 500}
    api.json("/areas/circles", circle)
    to_area = api.json("/campaigns", {**made, "area": "Quay"})
    assert to_area["segment"] == "Quay"
    assert 'location in area "Quay' in to_area["expression"]
    path = f"/campaigns/{to_area['id']}"
    said = {"expression": 'district in ("Anfa","Hay Hassani")', "segment_name": "two districts"}
    # Nothing is kept of a wish that is refused.
    assert api.ask(path, {**said, "expires": "soon"}, method="PATCH").status == 422
    assert api.ask("/segments/two%20districts").status == 404
    changed = api.json(path, said, method="PATCH")
    assert changed["segment"] == "two districts"
    assert changed["expression"] == 'district in ("Anfa", "Hay Hassani")'
    # What is saved already is not saved again; a name that is taken is said to be.
    again = {**made, "name": "Again", "expression": said["expression"]}
    assert api.json("/campaigns", again)["segment"] == "two districts"
    taken = {**made, "expression": "not all", "segment_name": "nobody"}
    assert _problem(api.ask("/campaigns", taken), 422)["field"] == "name"
    assert api.ask("/segments/nobody").status == 404
    for wrong, field in (
        ({"expression": "all", "segment": "everybody"}, "expression"),
        ({"expression": "not all"}, "segment_name"),
        ({"expression": "not all", "segment_name": "everybody"}, "segment_name"),
        ({"expression": "distrct"}, "expression"),
        ({"area": "Nowhere"}, "area"),
        ({"segment": "everybody", "segment_name": "x"}, "segment_name"),
        ({}, "segment"),
    ):
        assert _problem(api.ask("/campaigns", {**made, **wrong}), 422)["field"] == field, wrong
    key = api.key(Action.LOOK, Action.WRITE)
    refused = api.ask("/campaigns", {**made, "area": "Quay"}, key=key)
    assert _problem(refused, 403)["field"] == "area"


def _a_list_of_addresses_is_barred_and_where_people_were_reached_is_counted(api: ApiSite) -> None:
    file = b"address\n+212612345678\nnobody\n"
    path = "/suppressions/list?file=optouts.csv&scope=everything"
    dry = json.loads(_send(api, f"{path}&dry_run=true", file).text)
    assert (dry["rows"], dry["refused"], dry["recorded"]) == (2, 1, 0)
    taken = json.loads(_send(api, path, file).text)
    assert (taken["recorded"], taken["faults"][0]["row"]) == (1, 3)
    for name in ("../x.csv", ".csv", "a%0Ab.csv"):
        refused = _send(api, f"/suppressions/list?file={name}", file)
        assert _problem(refused, 422)["field"] == "file"
    garbage = _problem(_send(api, "/suppressions/list?file=x.xlsx", b"PK no sheet"), 422)
    assert "broadcaster-" not in json.dumps(garbage)
    counted = api.json("/campaigns/1/districts")["items"]
    assert sum(one["targeted"] for one in counted) == 5


def _whatever_the_console_answers_a_call_does_or_the_docs_say_why_not(api: ApiSite) -> None:
    inner = ("/callbacks/", "/confirm/", "/unsubscribe/", "/preferences", "/advisories", "/push")
    public = (*inner, "/favicon.ico", "/follow", "/healthz", "/readyz", "/metrics", "/assets/")
    answered = {
        (method, route.path)
        for route in api.desk.app.routes
        if isinstance(route, Route) and not route.path.startswith(public)
        for method in route.methods or ()
        if method != "HEAD"
    }
    out = parity.left_out()
    left = {one for one in answered if not parity.excused(one[1], out)}
    assert left == set(parity.CALLS), left ^ set(parity.CALLS)
    calls = {name for names in parity.CALLS.values() for name in names}
    paths = client_source.document()["paths"]
    known = {one["operationId"] for methods in paths.values() for one in methods.values()}
    assert calls <= known, calls - known
    unused = [one for one in out if not any(parity.excused(path, [one]) for _, path in answered)]
    assert unused == []
