"""`broadcaster campaigns update`, `correct`, `withdraw` and `all-clear` on a real database."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from broadcaster import bootstrap
from broadcaster.settings import load
from tests.commands import Run, run
from tests.rows import Pool

__all__ = ["run"]

# Without words of their own, so that they are offered in every language.
_TOML = """
label = {en = "Outage", fr = "Coupure", ar = "انقطاع"}
channels = ["sms"]
urgency = "past"
"""
_STREETS = """
[facts.streets]
type = "places"
sample = [{und = "Anfa", ar = "أنفا"}]
"""
_TIME = """
[facts.{name}]
type = "datetime"
sample = "2026-05-01T08:00:00+01:00"
"""
_ABOUT = """
[facts.about]
type = "localized"
sample = {en = "Outage", fr = "Coupure", ar = "انقطاع"}
"""
_KINDS = {
    "outage": (
        _TOML + _STREETS + _TIME.format(name="restored") + "lapses = true\n",
        "{{ facts.streets|listing }} {{ facts.restored|time }}",
    ),
    "back": (_TOML + _STREETS, "{{ facts.streets|listing }}"),
    "withdrawal": (_TOML + _ABOUT + _TIME.format(name="sent_on"), "{{ facts.about }}"),
}
_ANFA, _MAARIF = {"und": "Anfa", "ar": "أنفا"}, {"und": "Maarif", "ar": "المعاريف"}


@pytest.fixture
def town(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Some customers, and kinds of an organisation's own."""
    for name, (toml, body) in _KINDS.items():
        folder = tmp_path / "kinds" / name / "sms"
        folder.mkdir(parents=True)
        (folder.parent / "kind.toml").write_text(toml, encoding="utf-8")
        (folder / "body.txt").write_text(body, encoding="utf-8")
    monkeypatch.setenv("BROADCASTER_TEMPLATES", str(tmp_path / "kinds"))
    run("customers", "make", "20", "--seed", "3")
    run("segments", "save", "everybody", "all")
    return run


def _facts(tmp_path: Path, **facts: object) -> tuple[str, str]:
    path = tmp_path / "facts.json"
    path.write_text(json.dumps(facts), encoding="utf-8")
    return "--facts", str(path)


def _soon(hours: float) -> str:
    return (datetime.now(UTC) + timedelta(hours=hours)).isoformat(timespec="seconds")


def _go(town: Run, name: str) -> None:
    """Approve, launch and plan it, and have a network take all of it."""
    for step in ("approve", "launch"):
        said = town("campaigns", step, name, "--by", "youssef")
        assert said.code == 0, said.err
    with bootstrap.running(load()) as runtime:
        campaign = runtime.campaigns.get(name).id
        runtime.planner.plan(campaign, runtime.clock.now())
        with runtime.pool.connection() as connection:
            connection.execute(
                "UPDATE delivery SET status = 'accepted', attempts = 1 "
                "WHERE campaign_id = %s AND status = 'planned'",
                [campaign],
            )
            connection.execute("UPDATE batch SET done = true WHERE campaign_id = %s", [campaign])


def _stored(pool: Pool, campaign: int) -> dict[str, Any]:
    """Give what an advisory says."""
    with pool.connection() as connection:
        row = connection.execute(
            "SELECT kind, facts, message_type, lapses_at, class, lane FROM campaign "
            "JOIN advisory ON advisory.id = advisory_id WHERE campaign.id = %s",
            [campaign],
        ).fetchone()
    names = ("kind", "facts", "message_type", "lapses", "class", "lane")
    return dict(zip(names, row or (), strict=True))


def _made(town: Run, *words: str) -> dict[str, Any]:
    said = town("campaigns", *words, "--json")
    assert said.code == 0, said.err
    found: dict[str, Any] = json.loads(said.out)
    return found


def test_a_thread_is_led_from_its_alert_to_its_end(town: Run, tmp_path: Path, pool: Pool) -> None:
    """Each takes over what it need not be told again, and goes to whom the one before told."""
    start = ("campaigns", "create", "dark", "--kind", "outage", "--segment", "everybody")
    words = ("--channels", "sms", "--class", "safety", "--lane", "urgent")
    first = _soon(1)
    town(*start, *words, *_facts(tmp_path, restored=first, streets=[_ANFA, _MAARIF]))
    _go(town, "dark")
    reached = json.loads(town("campaigns", "report", "dark", "--json").out)["reached"]
    later = _soon(2)
    update = _made(town, "update", "dark", *_facts(tmp_path, restored=later))
    assert update == {"id": 2, "name": "dark: update 2", "message_type": "update", "follows": 1}
    stored = _stored(pool, 2)
    assert stored["facts"] == {"restored": later, "streets": [_ANFA, _MAARIF]}
    assert stored["lapses"] == datetime.fromisoformat(later)
    assert (stored["kind"], stored["class"], stored["lane"]) == ("outage", "safety", "urgent")
    foreseen = json.loads(town("campaigns", "forecast", "dark: update 2", "--json").out)
    assert foreseen["reached"] == reached
    _go(town, "dark: update 2")
    assert "running, followed by 2" not in town("campaigns", "status").out
    assert "superseded, followed by 2" in town("campaigns", "status").out
    assert "follows campaign 1" in town("campaigns", "status", "2").out
    # It follows the latest, whichever of the thread is named.
    correction = _made(town, "correct", "dark", *_facts(tmp_path, streets=[_ANFA]))
    assert (correction["name"], correction["follows"]) == ("dark: correction 3", 2)
    assert _stored(pool, 3)["facts"] == {"restored": later, "streets": [_ANFA]}
    clear = _made(town, "all-clear", "2", "--kind", "back", "--name", "over", "--lane", "routine")
    assert clear["follows"] == 2
    stored = _stored(pool, 4)
    assert stored["facts"] == {"streets": [_ANFA, _MAARIF]}
    assert (stored["message_type"], stored["class"]) == ("all_clear", "safety")
    withdrawal = _made(town, "withdraw", "dark", "--name", "sorry")
    facts = _stored(pool, withdrawal["id"])["facts"]
    # A label that the kind does not have in a language is the English one.
    assert facts["about"] == {"ar": "انقطاع", "en": "Outage", "es": "Outage", "fr": "Coupure"}
    assert datetime.fromisoformat(facts["sent_on"]).utcoffset() is not None
    _go(town, "sorry")
    report = json.loads(town("campaigns", "report", "sorry", "--json").out)
    assert (report["customers"], report["reached"]) == (reached, reached)
    assert (report["message_type"], report["follows"]) == ("cancel", 2)
    town("campaigns", "approve", "over", "--by", "youssef")
    assert "ended its thread" in town("campaigns", "launch", "over").err
    assert "ended its thread" in town("campaigns", "update", "dark").err


def test_what_can_not_follow_is_refused_by_name(town: Run, tmp_path: Path) -> None:
    """Nothing is made of it."""
    start = ("campaigns", "create", "dark", "--kind", "outage", "--segment", "everybody")
    words = ("--channels", "sms", "--class", "promotional")
    past = town(*start, *words, *_facts(tmp_path, restored=_soon(-1), streets=[_ANFA]))
    assert "facts.restored: foretells a time that has passed" in past.err
    given = _facts(tmp_path, restored=_soon(1), streets=[_ANFA])
    town(*start, *words, *given)
    assert "was never launched" in town("campaigns", "update", "dark").err
    _go(town, "dark")
    assert "corrected and withdrawn, not updated" in town("campaigns", "update", "dark").err
    assert "kind: 'gone' is unknown" in town("campaigns", "all-clear", "dark", "--kind", "gone").err
    unknown = _facts(tmp_path, street="Anfa")
    assert "facts.street: is no fact" in town("campaigns", "correct", "dark", *unknown).err
    assert len(json.loads(town("campaigns", "status", "--json").out)) == 1
    with bootstrap.running(load()) as runtime, runtime.pool.connection() as connection:
        connection.execute("UPDATE advisory SET lapses_at = now()")
    assert "has passed" in town("campaigns", "status", "dark").out
    assert "foretold has passed" in town("doctor").out.replace("\n", " ")


def test_what_takes_the_place_of_a_message_does_not_leave_before_it(
    town: Run, tmp_path: Path, pool: Pool
) -> None:
    """One that is to leave in the morning is not corrected in the night."""
    start = ("campaigns", "create", "dark", "--kind", "back", "--segment", "everybody")
    morning = _soon(9)
    given = ("--channels", "sms", "--effective", morning, *_facts(tmp_path, streets=[_ANFA]))
    town(*start, *given)
    _go(town, "dark")
    made = [
        _made(town, "correct", "dark", *_facts(tmp_path, streets=[_MAARIF]))["id"],
        _made(town, "withdraw", "dark")["id"],
    ]
    with pool.connection() as connection:
        starts = connection.execute(
            "SELECT effective FROM advisory JOIN campaign ON advisory_id = advisory.id "
            "WHERE campaign.id = ANY(%s) ORDER BY campaign.id",
            [made],
        ).fetchall()
    assert starts[0] == (datetime.fromisoformat(morning),)
    assert starts[1] < starts[0]


def test_a_follow_up_keeps_the_wording_and_has_to_say_something_new(
    town: Run, tmp_path: Path, pool: Pool
) -> None:
    """What was worded is taken over, told and audited; what changes nothing can not be approved."""
    start = ("campaigns", "create", "dark", "--kind", "outage", "--segment", "everybody")
    town(*start, "--channels", "sms", *_facts(tmp_path, restored=_soon(1), streets=[_ANFA]))
    text = tmp_path / "text.txt"
    text.write_text("Coupure: {{ facts.streets|listing }}", encoding="utf-8")
    where = ("--part", "sms/body.txt", "--locale", "fr", "--file", str(text))
    assert town("campaigns", "wording", "set", "dark", *where, "--by", "salma").code == 0
    _go(town, "dark")
    said = town("campaigns", "correct", "dark").out
    assert "The wording of campaign 1 is taken over: sms/body.txt (fr)" in said
    assert "nothing differs from campaign 1" in said
    with pool.connection() as connection:
        kept = connection.execute(
            "SELECT wording FROM advisory JOIN campaign ON advisory_id = advisory.id "
            "WHERE campaign.id = 2"
        ).fetchone()
        audit = connection.execute(
            "SELECT details FROM audit WHERE action = 'wording' AND subject = 'campaign 2'"
        ).fetchone()
    assert kept == ({"sms/body.txt/fr": "Coupure: {{ facts.streets|listing }}"},)
    assert audit is not None
    assert audit[0]["taken_from"] == 1
    found = json.loads(town("campaigns", "check", "2", "--json").out)["concerns"]
    assert [one["check"] for one in found if one["blocks"]] == ["same"]
    assert any("was taken over from campaign 1, as salma" in one["problem"] for one in found)
    assert not any("own text changed" in one["problem"] for one in found)
    assert (
        "nothing differs from campaign 1"
        in town("campaigns", "approve", "2", "--by", "youssef").err
    )
    # Its name is in use while it is a draft, and numbered on when it was dropped.
    again = town("campaigns", "correct", "dark").err
    assert "Campaign 2, 'dark: correction 2', follows it already" in again
    assert "campaigns cancel 2" in again
    _, file = _facts(tmp_path, streets=[_MAARIF])
    assert town("campaigns", "facts", "2", "--file", file).code == 0
    assert json.loads(town("campaigns", "check", "2", "--json").out)["launchable"]
    assert town("campaigns", "approve", "2", "--by", "youssef").code == 0
    _, file = _facts(tmp_path, streets=[_ANFA, _MAARIF])
    assert "is a draft again" in town("campaigns", "facts", "2", "--file", file).out
    assert _stored(pool, 2)["facts"]["streets"] == [_ANFA, _MAARIF]
    assert town("campaigns", "cancel", "2").code == 0
    assert _made(town, "correct", "dark")["name"] == "dark: correction 2 (2)"
    refused = town("campaigns", "facts", "dark", "--file", file).err
    assert "can only be changed while it is a draft or approved" in refused


def test_the_kinds_that_can_say_an_all_clear_are_named(town: Run, tmp_path: Path) -> None:
    """Without a kind they are listed; with one that does not fit, the facts that it lacks are."""
    start = ("campaigns", "create", "dark", "--kind", "outage", "--segment", "everybody")
    town(*start, "--channels", "sms", *_facts(tmp_path, restored=_soon(1), streets=[_ANFA]))
    _go(town, "dark")
    named = town("campaigns", "all-clear", "dark").err
    assert "--kind: is missing" in named
    assert "restoration (needs service, districts), water_all_clear (needs" in named
    wrong = town("campaigns", "all-clear", "dark", "--kind", "water_all_clear").err
    assert "water_all_clear needs places, ended, safe_since, which campaign 1, outage" in wrong
    assert "another kind: restoration" in wrong


def test_the_remedy_fits_the_status_and_the_channel(town: Run, tmp_path: Path) -> None:
    """What is under way is not to be approved first, and what can not be sent on is named."""
    start = ("campaigns", "create", "dark", "--kind", "back", "--segment", "everybody")
    given = _facts(tmp_path, streets=[_ANFA])
    assert "'web' is the public page" in town(*start, "--channels", "sms,web", *given).err
    town(*start, "--channels", "sms", *given)
    assert "Approve it first" in town("campaigns", "launch", "dark").err
    _go(town, "dark")
    refused = town("campaigns", "launch", "dark").err
    assert "It is under way" in refused
    assert "Approve" not in refused
