"""The door of the API: keys, scopes, rates, the same wish once, and bounds of what is sent."""

import json
import re
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from psycopg.types.json import Jsonb

from broadcaster.access.answers import Begun, Wish
from broadcaster.audience.segments import Segment, Segments
from broadcaster.domain.access import Action, Role
from broadcaster.domain.message import Scheme
from broadcaster.errors import InvalidInputError
from broadcaster.ports.marking import marking
from broadcaster.web.api.app import GROUPS
from tests.api_scene import EVERYBODY, ApiSite, api, campaigns
from tests.builders import address, customer
from tests.fakes import FakeClock
from tests.web_scene import Answer

__all__ = ["api"]


def _problem(answer: Answer, status: int) -> dict[str, object]:
    assert answer.status == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found: dict[str, object] = json.loads(answer.text)
    assert found["status"] == status
    return found


def test_the_door_of_the_api_holds(api: ApiSite) -> None:
    """One server for what follows: each of these has its sentence in its name."""
    _nobody_enters_without_a_key(api)
    _a_key_does_what_its_scopes_and_its_owners_roles_allow(api)
    _a_key_may_only_so_often_and_says_so(api)
    _the_same_wish_is_done_once(api)
    _a_wish_that_was_broken_off_is_never_done_twice(api)
    _who_is_stored_again_keeps_what_they_chose(api)
    _a_key_that_is_revoked_or_expired_is_none(api)
    _faults_have_one_form_and_tell_nothing_of_the_inside(api)
    _a_filter_that_is_mistyped_lists_nothing(api)
    _faults_point_at_what_is_wrong_in_the_language_that_is_asked_for(api)
    _pages_follow_one_another_and_their_signs_are_ours(api)
    _a_draft_is_not_changed_behind_somebodys_back(api)
    _nobody_approves_what_a_key_of_theirs_wrote(api)
    _what_a_key_does_stands_in_the_trail(api)
    _who_sees_nobody_learns_of_nobody_by_counting_or_by_lists(api)


def _nobody_enters_without_a_key(api: ApiSite) -> None:
    nothing = api.ask("/me", key="")
    assert _problem(nothing, 401)["remedy"]
    assert nothing.headers["www-authenticate"] == 'Bearer realm="api"'
    for wrong in ("bk_", "bk_" + "x" * 43, "x" * 5000, "bk_\u00e9"):
        answer = api.ask(
            "/me",
            key="",
            headers={"Authorization": f"Bearer {wrong}"},
        )
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]
        _problem(answer, 401)
    # A session of the console is no key, and a form of another site can send none.
    assert api.desk.ask("/api/v1/me", Role.ADMINISTRATOR).status == 401
    described = api.desk.ask("/api/v1/openapi.json")
    assert described.status == 200
    assert json.loads(described.text)["openapi"] == "3.1.0"


def _a_key_does_what_its_scopes_and_its_owners_roles_allow(api: ApiSite) -> None:
    runtime = api.desk.runtime
    for group in GROUPS:
        for spec in group.specs:
            others = [one for one in Action if one is not spec.action]
            path = spec.path
            for part in ("campaign", "webhook", "key", "import_id"):
                path = path.replace(f"{{{part}}}", "1")
            path = path.replace("{", "").replace("}", "").replace(":path", "")
            answer = api.ask(path, method=spec.method, key=api.key(*others))
            found = _problem(answer, 403)
            assert f"'{spec.action.value}'" in str(found["detail"]), spec.path
    now = runtime.clock.now()
    runtime.operators.add("Salma", [Role.VIEWER], "the test", now)
    with pytest.raises(InvalidInputError, match="Salma may not write"):
        runtime.api_keys.add("too much", "Salma", ["look", "write"], "the test", now)
    assert api.ask("/me", key=api.key(Action.LOOK, owner="Salma")).status == 200
    # What an owner may no more, none of their keys may.
    key = api.key(Action.LOOK, Action.AUDIT, owner="Youssef")
    with runtime.pool.connection() as connection:
        query = "UPDATE operator SET roles = %s WHERE name = 'Youssef'"
        connection.execute(query, [[Role.AUTHOR]])
        connection.commit()
        assert json.loads(api.ask("/me", key=key).text)["scopes"] == ["look"]
        connection.execute(query, [list(Role)])


def _a_key_may_only_so_often_and_says_so(api: ApiSite) -> None:
    clock = api.desk.runtime.clock
    assert isinstance(clock, FakeClock)
    key = api.key(Action.LOOK, rate=3)
    answers = [api.ask("/me", key=key) for _ in range(4)]
    assert [one.status for one in answers] == [200, 200, 200, 429]
    assert [one.headers["ratelimit-remaining"] for one in answers] == ["2", "1", "0", "0"]
    assert answers[0].headers["ratelimit-policy"] == "3;w=60"
    assert answers[3].headers["retry-after"] == "20"
    clock.moment += timedelta(seconds=20)
    assert api.ask("/me", key=key).status == 200
    assert api.ask("/me", key=key).status == 429


def _the_same_wish_is_done_once(api: ApiSite) -> None:
    key = api.key()
    body = {"name": "once", "expression": "all"}
    said = {"Idempotency-Key": "wish-1"}
    first = api.ask("/segments", body, headers=said)
    again = api.ask("/segments", body, headers=said)
    assert (first.status, again.status) == (201, 201)
    assert first.text == again.text
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    other = api.ask("/segments", {**body, "name": "twice"}, headers=said)
    assert _problem(other, 422)["field"] == "Idempotency-Key"
    # Under another key the name is free; a refusal leaves it free too.
    taken = api.ask("/segments", body, headers={"Idempotency-Key": "wish-2"})
    assert taken.status == 409
    assert (
        api.ask("/segments", {**body, "name": "then"}, headers={"Idempotency-Key": "wish-2"}).status
        == 201
    )
    made = {"name": "sealed", "owner": EVERYBODY, "scopes": ["look"]}
    shown = json.loads(api.ask("/api-keys", made, headers={"Idempotency-Key": "wish-3"}).text)
    with api.desk.runtime.pool.connection() as connection:
        rows = connection.execute("SELECT answer FROM api_answer").fetchall()
    assert all(shown["key"].encode() not in bytes(row[0]) for row in rows)
    answers: list[int] = []

    def race() -> None:
        one = {"name": "race", "expression": "all"}
        answers.append(api.ask("/segments", one, key=key, headers={"Idempotency-Key": "r"}).status)

    threads = [threading.Thread(target=race) for _ in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert set(answers) <= {201, 409}
    assert 201 in answers


class _Breaking:
    """Segments that are saved, or not, by a process that is lost before it says so."""

    def __init__(self, real: Segments, *, before: bool) -> None:
        self._real = real
        self._before = before

    def save(self, name: str, expression: str, *, new: bool, by: str) -> Segment:
        if not self._before:
            self._real.save(name, expression, new=new, by=by)
        message = "lost"
        raise RuntimeError(message)


def _a_wish_that_was_broken_off_is_never_done_twice(api: ApiSite) -> None:
    runtime, clock = api.desk.runtime, api.desk.runtime.clock
    assert isinstance(clock, FakeClock)
    real = runtime.segments
    runtime.__dict__["segments"] = _Breaking(real, before=False)
    body, said = {"name": "by half", "expression": "all"}, {"Idempotency-Key": "half"}
    _problem(api.ask("/segments", body, headers=said), 500)
    runtime.__dict__["segments"] = real
    again = api.ask("/segments", body, headers=said)
    found = _problem(again, 409)
    assert found["type"] == "/api/v1/problems#outcome-unknown"
    assert "retry-after" not in again.headers
    looks = found["look_at"]
    assert isinstance(looks, list)
    assert looks[0] == "/api/v1/segments"
    listed = [json.loads(api.desk.ask(one, headers=_bearer(api)).text)["items"] for one in looks]
    assert "by half" in {one["name"] for one in listed[0]}
    assert "segment by half" in {one["subject"] for one in listed[1]}
    other = {**body, "name": "another"}
    assert _problem(api.ask("/segments", other, headers=said), 422)["type"] == (
        "/api/v1/problems#key-of-another-request"
    )
    # Where nothing was done, the name is free.
    runtime.__dict__["segments"] = _Breaking(real, before=True)
    free = {"Idempotency-Key": "free"}
    _problem(api.ask("/segments", other, headers=free), 500)
    runtime.__dict__["segments"] = real
    assert api.ask("/segments", other, headers=free).status == 201
    # So it is where the process itself is gone, once nobody can be at it any more.
    secret, now = b"secret", clock.now()
    worked = Wish(key=1, name="worked", request_hash=b"1", secret=secret)
    idle = Wish(key=1, name="idle", request_hash=b"1", secret=secret)
    for one in (worked, idle):
        assert runtime.answers.begin(one, now) == (Begun.NEW, None)
        with marking(runtime.answers.mark(one)), runtime.pool.connection() as connection:
            wrote = "UPDATE segment SET updated_at = now() WHERE name = 'another'"
            connection.execute(wrote if one is worked else "SELECT 1")
    assert [runtime.answers.begin(one, now)[0] for one in (worked, idle)] == [Begun.OPEN] * 2
    later = now + timedelta(minutes=31)
    assert runtime.answers.begin(worked, later)[0] is Begun.UNKNOWN
    assert runtime.answers.begin(idle, later)[0] is Begun.NEW


def _bearer(api: ApiSite) -> dict[str, str]:
    return {"Authorization": f"Bearer {api.key()}"}


def _who_is_stored_again_keeps_what_they_chose(api: ApiSite) -> None:
    runtime = api.desk.runtime
    places = (address(Scheme.TEL, 1), address(Scheme.WEBPUSH, 1))
    runtime.customers.save([customer(addresses=places)], source="made")
    (follows,) = runtime.definitions.catalogue().current.keys() & {"followed_areas"}
    chose = "UPDATE customer SET attributes = %s, own_locales = locales WHERE number = 'C000001'"
    push = "SELECT count(*) FROM customer_address JOIN customer ON customer.id = customer_id"
    push += " WHERE customer_address.channel = 'push' AND customer.number = 'C000001'"
    with runtime.pool.connection() as connection:
        connection.execute(chose, [Jsonb({follows: ["everywhere"]})])
        before = connection.execute(push).fetchone()
    given = {"name": "Amina", "phone": "+212612000001"}
    api.json("/customers/C000001", given, method="PUT")
    kept = "SELECT attributes, locales = own_locales FROM customer WHERE number = 'C000001'"
    with runtime.pool.connection() as connection:
        assert connection.execute(kept).fetchone() == ({follows: ["everywhere"]}, True)
        assert connection.execute(push).fetchone() == before == (1,)
    api.json("/customers/C000001", {**given, "attributes": {follows: []}}, method="PUT")
    with runtime.pool.connection() as connection:
        assert connection.execute(kept).fetchone() == ({}, True)


def _a_key_that_is_revoked_or_expired_is_none(api: ApiSite) -> None:
    runtime = api.desk.runtime
    now = runtime.clock.now()
    made, token = runtime.api_keys.add("short", EVERYBODY, ["look"], "the test", now, days=1)
    assert api.ask("/me", key=token).status == 200
    assert runtime.api_keys.admit(token, now + timedelta(days=1)) is None
    api.json(f"/api-keys/{made.id}", method="DELETE")
    assert api.ask("/me", key=token).status == 401
    assert api.ask(f"/api-keys/{made.id}", method="DELETE").status == 409


def _faults_have_one_form_and_tell_nothing_of_the_inside(api: ApiSite) -> None:
    _problem(api.ask("/nothing"), 404)
    _problem(api.ask("/me", method="DELETE"), 405)
    _problem(api.ask(f"/segments/{'x' * 1500}"), 414)
    _problem(api.ask("/segments", {"name": "x" * 300_000, "expression": "all"}), 413)
    _problem(api.ask("/segments", {"name": "n", "expression": "all", "more": 1}), 422)
    _problem(api.ask("/segments", {"name": "a\0b", "expression": "all"}), 422)
    _problem(api.ask("/customers/a%00b?purpose=x"), 422)
    deep: object = 1
    for _ in range(60):
        deep = [deep]
    _problem(api.ask("/fairness", {"quiet": [{"x": deep}]}, method="PUT"), 422)
    wrong = api.ask("/segments/count", {"expression": 'district = "'})
    assert "Traceback" not in wrong.text
    _problem(wrong, 422)
    broken = api.desk.runtime.__dict__.pop("segments")
    api.desk.runtime.__dict__["segments"] = object()
    found = _problem(api.ask("/segments"), 500)
    assert found["detail"] == "Something went wrong inside."
    api.desk.runtime.__dict__["segments"] = broken


def _a_filter_that_is_mistyped_lists_nothing(api: ApiSite) -> None:
    close = _problem(api.ask("/campaigns?statuz=running"), 422)
    assert (close["field"], close["remedy"]) == ("statuz", "Did you mean status?")
    assert "status, limit, after" in str(_problem(api.ask("/campaigns?zzz=1"), 422)["remedy"])
    assert "takes none" in str(_problem(api.ask("/me?limit=3"), 422)["remedy"])
    assert _problem(api.ask("/campaigns?status=zzz"), 422)["field"] == "query.status"
    assert _problem(api.ask("/campaigns/1/deliveries?status=zzz"), 422)["field"] == "status"


def _faults_point_at_what_is_wrong_in_the_language_that_is_asked_for(api: ApiSite) -> None:
    price = {"provider": "twilio", "price": "0.35", "currency": "MAD"}
    many = {"tariffs": [price, {**price, "provider": "nobody"}]}
    cases = [
        (api.ask("/tariffs", many), "tariffs.1.provider", "#/tariffs/1/provider"),
        (
            api.ask("/tariffs", {"tariffs": [{}]}),
            "body.tariffs.0.provider",
            "#/tariffs/0/provider",
        ),
        (
            api.ask("/segments", {"name": "x", "expression": "distrct"}),
            "expression",
            "#/expression",
        ),
        (api.ask("/kinds?limit=0"), "query.limit", None),
        (
            api.ask("/segments", {"name": "a", "expression": "all", "a/b": 1}),
            "body.a/b",
            "#/a~1b",
        ),
    ]
    for answer, field, pointer in cases:
        found = _problem(answer, 422)
        assert found["type"] == "/api/v1/problems#invalid"
        assert (found["field"], found.get("pointer")) == (field, pointer)
        assert found["remedy"]
        assert answer.headers["content-language"] == "en"
        assert answer.headers["vary"] == "Accept-Language"
    told = {
        tag: api.ask("/nothing", headers={"Accept-Language": tag}) for tag in ("fr", "ar", "xx")
    }
    words = {tag: str(_problem(answer, 404)["detail"]) for tag, answer in told.items()}
    assert words["fr"] == "Il n’y a rien à cette adresse."
    assert re.search("[\u0600-\u06ff]", words["ar"])
    assert words["xx"] == "There is nothing at this address."
    assert [told[tag].headers["content-language"] for tag in words] == ["fr", "ar", "en"]
    french = {"Accept-Language": "fr-CA, en;q=0.5"}
    draft = {"name": "x", "kind": "remote_services", "segment": "everybody"}
    wrong = api.ask("/campaigns", {**draft, "expires": "<b>soon</b>"}, headers=french)
    found = _problem(wrong, 422)
    assert (found["field"], found["pointer"]) == ("expires", "#/expires")
    # What was typed stays what it is, as text.
    assert "<b>soon</b>" in str(found["detail"])
    assert "is no time" not in str(found["detail"])
    explained = json.loads(api.desk.ask("/api/v1/problems").text)["items"]
    docs = (Path(__file__).parent.parent.parent / "docs" / "api.md").read_text("utf-8")
    for one in explained:
        line = f"| `{one['type'].partition('#')[2]}` | {one['status']} |"
        assert line in docs, line


def _pages_follow_one_another_and_their_signs_are_ours(api: ApiSite) -> None:
    first = api.ask("/kinds?limit=3")
    page = json.loads(first.text)
    assert len(page["items"]) == 3
    assert first.headers["link"] == f'<{page["next"]}>; rel="next"'
    names = [one["kind"] for one in page["items"]]
    while page["next"]:
        page = json.loads(api.ask(page["next"].removeprefix("/api/v1")).text)
        names += [one["kind"] for one in page["items"]]
    assert names == sorted(api.desk.runtime.renderer.library.kinds)
    sign = json.loads(first.text)["next"].rpartition("after=")[2]
    for wrong in (sign[:-1] + ("A" if sign[-1] != "A" else "B"), "x.y", "", "x"):
        answer = api.ask(f"/kinds?after={wrong}" if wrong else "/kinds?after=%20")
        assert _problem(answer, 422)
    # One of another list is none of this one's.
    assert _problem(api.ask(f"/areas?after={sign}"), 422)["field"] == "after"


def _a_draft_is_not_changed_behind_somebodys_back(api: ApiSite) -> None:
    campaigns(api)
    seen = api.ask("/campaigns/1").headers["etag"]
    change = {"facts": {"online": "https://client.lydec.ma/aide"}}
    matched = {"If-Match": seen}
    first = api.ask("/campaigns/1/facts", change, method="PATCH", headers=matched)
    assert first.status == 200
    assert first.headers["etag"] != seen
    late = api.ask("/campaigns/1/facts", change, method="PATCH", headers=matched)
    assert _problem(late, 412)["field"] == "If-Match"


def _nobody_approves_what_a_key_of_theirs_wrote(api: ApiSite) -> None:
    other = api.key(Action.APPROVE, owner=EVERYBODY)
    refused = _problem(api.ask("/campaigns/1/approve", method="POST", key=other), 409)
    assert "somebody else" in str(refused["detail"])
    assert api.ask(
        "/campaigns/1/approve", method="POST", key=api.key(owner="Youssef", rate=50_000)
    ).status in {200, 409}


def _what_a_key_does_stands_in_the_trail(api: ApiSite) -> None:
    name = f"key {len(api._keys)}"
    key = api.key(rate=59_999)
    circle = {"name": "Pier", "longitude": -7.6, "latitude": 33.6, "metres": 500}
    columns = [{"heading": "No", "column": "number"}, {"heading": "Nom", "column": "name"}]
    mapping = {"mapping": {"columns": columns}}
    done = [
        api.ask("/segments", {"name": "traced", "expression": "all"}, key=key),
        api.ask("/segments/traced", method="DELETE", key=key),
        api.ask("/areas/circles", circle, key=key),
        api.ask("/areas/Pier", method="DELETE", key=key),
        api.ask("/customers/C000009", {"name": "Nour"}, method="PUT", key=key),
        api.ask("/customers/C000009/consents", key=key),
        api.ask("/mappings/traced", mapping, method="PUT", key=key),
        api.ask("/campaigns/3/deliveries", key=key),
    ]
    assert [one.status for one in done] == [201, 200, 201, 200, 200, 200, 200, 200], done
    lines = api.desk.runtime.audit_trail.lines(actor=name)
    assert [one.action for one in lines if one.action != "deliveries"] == [
        "save_mapping",
        "consents",
        "import_customers",
        "delete_area",
        "save_area",
        "delete_segment",
        "save_segment",
    ]
    assert any(one.action == "deliveries" for one in lines)


def _who_sees_nobody_learns_of_nobody_by_counting_or_by_lists(api: ApiSite) -> None:
    look = api.key(Action.LOOK)
    asked = {"expression": 'number = "C000001"'}
    _problem(api.ask("/segments/count", asked, key=look), 403)
    assert api.ask("/segments/count", {"segment": "everybody"}, key=look).status == 200
    assert api.ask("/segments/count", asked).status == 200
    values = {"name": "Listed", "attribute": "number", "values": ["C000001"]}
    assert api.ask("/areas/lists", values).status == 201
    assert "C000001" not in api.ask("/areas/Listed", key=look).text
    assert "C000001" in api.ask("/areas/Listed").text
