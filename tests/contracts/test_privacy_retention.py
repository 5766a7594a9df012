"""What has been kept for long enough goes; what was counted stays counted."""

import gzip
import hashlib
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from broadcaster.audience.areas.store import Areas
from broadcaster.audience.areas.version import Listed
from broadcaster.audience.store import Customers
from broadcaster.domain.customer import BrokenAddress
from broadcaster.domain.delivery import DeliveryId
from broadcaster.domain.message import Channel, MessageClass
from broadcaster.errors import ConfigurationError, GoneError
from broadcaster.ledger.archive import Archive
from broadcaster.ledger.optouts import OptOuts
from broadcaster.planning.openings import Openings
from broadcaster.ports import STORING
from broadcaster.privacy import archives, filed
from broadcaster.privacy.alone import alone
from broadcaster.privacy.retention import Retention
from broadcaster.reports.evidence import write_evidence
from broadcaster.reports.reports import Reports
from broadcaster.settings import load
from tests.builders import NOON, customer, receipt
from tests.commands import Run, run
from tests.rows import Pool, Rows
from tests.vaults import dump, files, sealed, vault
from tests.waiters import waiters

__all__ = ["run"]

_DAYS = {
    "service": 100,
    "promotional": 50,
    "safety": 500,
    "receipts": 90,
    "devices": 30,
    "left": 90,
}
_RULES = {**_DAYS, "addresses": 30}
DAY = timedelta(days=1)


@pytest.fixture
def rows(pool: Pool) -> Rows:
    """Give a sealed ledger with three customers."""
    Customers(pool, sealed(pool, 1)).save([customer(number) for number in (1, 2, 3)])
    return Rows(pool)


def _ended(rows: Rows, name: str, days: int, **changes: object) -> int:
    """Make a campaign on two channels that ended so many days ago, everybody told."""
    wishes = {"name": name, "channels": (Channel.SMS, Channel.EMAIL), **changes}
    campaign = rows.launched(**wishes)
    rows.planner().plan(campaign, NOON)
    rows.tell(
        "UPDATE delivery SET status = 'delivered', reference = 'ref-' || number, provider = 'p'"
        " WHERE campaign_id = %s",
        campaign,
    )
    rows.tell(
        "UPDATE campaign SET status = 'completed', finished_at = %s WHERE id = %s",
        NOON - days * DAY,
        campaign,
    )
    rows.ledger.receive([receipt(DeliveryId(campaign, 1), reference=f"ref-of-{name}")], NOON)
    rows.ledger.apply_receipts(NOON, 10)
    return campaign


def _people(rows: Rows, campaign: int) -> list[int]:
    query = "SELECT customer_id FROM delivery WHERE campaign_id = %s ORDER BY number"
    return [person for (person,) in rows.ask(query, campaign)]


def test_each_class_has_its_own_time(rows: Rows) -> None:
    """What people still need to prove that they warned others is kept longest."""
    ended = {
        (class_, days): _ended(rows, f"{class_.value} {days}", days, message_class=class_)
        for class_, days in (
            (MessageClass.SERVICE, 99),
            (MessageClass.SERVICE, 101),
            (MessageClass.PROMOTIONAL, 51),
            (MessageClass.SAFETY, 499),
            (MessageClass.SAFETY, 501),
        )
    }
    running = rows.running(name="running")
    list(Retention(rows.pool, _RULES, vault(1)).apply("amina", NOON))
    gone = {
        key for key, campaign in ended.items() if all(one < 0 for one in _people(rows, campaign))
    }
    assert gone == {
        (MessageClass.SERVICE, 101),
        (MessageClass.PROMOTIONAL, 51),
        (MessageClass.SAFETY, 501),
    }
    assert all(one > 0 for one in _people(rows, running))


def test_figures_stay_and_people_can_not_be_followed(rows: Rows) -> None:
    """One person is one number in a campaign, and another one in the next."""
    first, second = _ended(rows, "first", 101), _ended(rows, "second", 102)
    reports = Reports(rows.pool)
    before = [reports.summary(one) for one in (first, second)]
    done = list(Retention(rows.pool, _RULES, vault(1)).apply("amina", NOON))
    assert [(one.what, one.rows) for one in done[:2]] == [("second", 6), ("first", 6)]
    assert [reports.summary(one) for one in (first, second)] == before
    people = _people(rows, first)
    assert len(people) == 6
    assert len(set(people)) == 3
    assert not set(people) & set(_people(rows, second))
    held = dump(rows.pool)
    assert "ref-" not in held
    assert rows.ask("SELECT count(address_id) FROM delivery") == [(0,)]
    assert [row.customer_number for row in reports.unreached(first)] == []
    trail = rows.ask("SELECT actor, subject, details FROM audit WHERE action = 'pseudonymise'")
    assert trail[0] == ("amina", f"campaign {second}", {"rows": 6})
    assert list(Retention(rows.pool, _RULES, vault(1)).apply("amina", NOON)) == []


def test_an_opt_out_by_the_link_of_a_forgotten_message_is_not_confirmed(rows: Rows) -> None:
    """Before its time has come it is recorded; afterwards nobody is told that it was."""
    campaign, archived = _ended(rows, "old", 49), _ended(rows, "archived", 49)
    optouts, link = OptOuts(rows.pool), DeliveryId(campaign, 1)
    retention = Retention(rows.pool, {**_RULES, "service": 50}, vault(1))
    list(retention.apply("amina", NOON))
    optouts.opt_out(link, NOON)
    assert rows.ask("SELECT count(*) FROM consent_record") == [(2,)]
    assert rows.ask("SELECT count(*) FROM consent WHERE NOT granted") == [(2,)]
    list(retention.apply("amina", NOON + 2 * DAY))
    rows.tell(f"DROP TABLE delivery_{archived}")
    rows.tell("UPDATE campaign SET archived_at = now() WHERE id = %s", archived)
    for one in (link, DeliveryId(archived, 1)):
        with pytest.raises(GoneError):
            optouts.ask(one)
        with pytest.raises(GoneError):
            optouts.opt_out(one, NOON)
        with pytest.raises(GoneError):
            optouts.preferences(one)
        with pytest.raises(GoneError):
            optouts.choose(one, {Channel.SMS: frozenset()}, NOON)
    assert rows.ask("SELECT count(*) FROM consent_record") == [(2,)]


def test_old_receipts_go_and_waiting_ones_stay(rows: Rows) -> None:
    """One that was never applied may still match."""
    campaign = rows.running()
    for number, days in ((1, 91), (2, 89)):
        rows.ledger.receive([receipt(DeliveryId(campaign, number))], NOON - days * DAY)
    rows.ledger.apply_receipts(NOON, 10)
    rows.ledger.receive([receipt(None, reference="later")], NOON - 91 * DAY)
    standing = Retention(rows.pool, _RULES, vault(1)).standing(NOON)
    assert standing.receipts == 1
    assert [one.what for one in Retention(rows.pool, _RULES, vault(1)).apply("amina", NOON)] == [
        "receipts"
    ]
    assert rows.ask("SELECT number FROM receipt ORDER BY id") == [(2,), (None,)]


def test_addresses_that_nobody_has_go_and_barred_ones_stay_barred(rows: Rows) -> None:
    """They are recognised by their digest when they come back."""
    _ended(rows, "late", 20)
    customers = Customers(rows.pool, sealed(rows.pool, 1))
    (barred,) = rows.ask(
        "SELECT min(address_id) FROM customer_address JOIN customer ON customer.id = customer_id"
        " WHERE number = 'C000001'"
    )[0]
    rows.tell(
        "INSERT INTO suppression (address_id, class, reason, source)"
        " VALUES (%s, 'service', 'gone', 'test')",
        barred,
    )
    customers.save([customer(1, addresses=())])
    retention = Retention(rows.pool, _RULES, vault(1))
    assert list(retention.apply("amina", NOON)) == []
    assert [one.rows for one in retention.apply("amina", NOON + 11 * DAY)] == [2]
    assert rows.ask("SELECT id, sealed FROM address WHERE sealed IS NULL") == [(barred, None)]
    customers.save([customer(1)])
    assert rows.ask(
        "SELECT count(*) FROM address WHERE id = %s AND sealed IS NOT NULL", barred
    ) == [(1,)]
    assert rows.ask("SELECT count(*) FROM address") == [(6,)]


def test_addresses_wait_for_who_stores_customers(rows: Rows, database_url: str) -> None:
    """An import may have found one and not yet written whose it is."""
    Customers(rows.pool, sealed(rows.pool, 1)).save([customer(1, addresses=())])
    retention = Retention(rows.pool, _RULES, vault(1))
    with psycopg.connect(database_url) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [STORING])
        assert list(retention.apply("amina", NOON)) == []
    assert [one.rows for one in retention.apply("amina", NOON)] == [2]


def test_who_left_is_forgotten_and_stays_counted(rows: Rows) -> None:
    """Their row stays for the deliveries that still name it, without anything of theirs."""
    broken = BrokenAddress(channel=Channel.PUSH, raw="https://broken", fault="BAD_KEY")
    keys = sealed(rows.pool, 1)
    Customers(rows.pool, keys).save(
        [
            customer(
                1,
                attributes={"district": "Anfa"},
                broken=(broken,),
                household="meter-778",
                location=(-7.6198712, 33.5883114),
            )
        ]
    )
    numbers = Listed(attribute="number", values=["C000001", "C000002"])
    Areas(rows.pool).save_lists({"street": numbers}, "street.csv")
    Openings(rows.pool, keys).learn(tuple(Channel), names=True)
    campaign = _ended(rows, "late", 40)
    before = Reports(rows.pool).summary(campaign)
    rows.tell("ALTER TABLE customer ADD COLUMN IF NOT EXISTS left_at timestamptz")
    rows.tell("UPDATE customer SET left_at = %s WHERE number = 'C000001'", NOON - 91 * DAY)
    rows.tell("UPDATE customer SET left_at = %s WHERE number = 'C000002'", NOON - 89 * DAY)
    done = list(Retention(rows.pool, _RULES, vault(1)).apply("amina", NOON))
    assert [(one.what, one.rows) for one in done] == [("left", 1), ("addresses", 2)]
    assert rows.ask("SELECT count(*) FROM customer WHERE sealed IS NOT NULL") == [(2,)]
    held = dump(rows.pool)
    assert "C000001" not in held
    assert [one for one in ("Anfa", "meter-778", "-7.6198712") if one in held] == []
    assert Areas(rows.pool).get("street").listed.values == ["C000002"]
    known = "SELECT count(*) FROM customer WHERE concat(name_form, latin_form, formed) <> ''"
    assert rows.ask(known) == [(2,)]
    assert Reports(rows.pool).summary(campaign) == before


def test_commands_show_what_is_due_before_it_goes(
    rows: Rows, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a dry run changes nothing."""
    import base64  # noqa: PLC0415  (here alone)

    monkeypatch.setenv("BROADCASTER_DATA_KEYS", f"1={base64.b64encode(bytes([1]) * 32).decode()}")
    campaign = _ended(rows, "old", 400)
    shown = json.loads(run("retention", "show", "--json").out)
    assert shown["days"]["safety"] == 1825
    assert [one["name"] for one in shown["due"]["campaigns"]] == ["old"]
    said = run("retention", "apply", "--dry-run")
    assert (said.code, f"Due: campaign {campaign} (service)" in said.out) == (0, True)
    assert all(one > 0 for one in _people(rows, campaign))
    assert "Gone: old, 6 rows." in run("retention", "apply", "--by", "amina").out
    assert all(one < 0 for one in _people(rows, campaign))
    assert run("retention", "apply").out == "Nothing is due.\n"


def test_rules_are_settings(tmp_path: Path) -> None:
    """One that is given changes the others not."""
    plain = load({"BROADCASTER_HOME": str(tmp_path)}).retention
    environ = {"BROADCASTER_HOME": str(tmp_path), "BROADCASTER_RETENTION": "safety=4000"}
    assert load(environ).retention == {**plain, "safety": 4000}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sfty=400", "'sfty' is unknown. Use service"),
        ("safety=1", "Give a number from 60"),
        ("promotional=59", "Give a number from 60"),
        ("addresses=59", "Give a number from 60"),
        ("receipts=29", "Give a number from 30"),
        ("safety=x", "no number of days"),
        ("safety", "no '='"),
    ],
)
def test_a_wrong_rule_is_refused(tmp_path: Path, text: str, words: str) -> None:
    """Before anything is forgotten."""
    environ = {"BROADCASTER_HOME": str(tmp_path), "BROADCASTER_RETENTION": text}
    with pytest.raises(ConfigurationError, match=f"BROADCASTER_RETENTION: .*{words}"):
        load(environ)


def test_the_file_of_an_archived_campaign_is_treated_alike(rows: Rows, tmp_path: Path) -> None:
    """Also when it was interrupted between the file and the ledger; a missing file is named."""
    file = _archived(rows, "old", tmp_path)
    retention = Retention(rows.pool, _RULES, vault(1))
    away = file.rename(tmp_path / "away")
    assert [one.missing for one in retention.apply("amina", NOON)] == [str(file)]
    away.rename(file)
    before = files(tmp_path)
    assert "C000001" in before
    again = archives.without(file, None)
    assert again is not None
    again.draft.replace(file)
    assert [(one.what, one.missing) for one in retention.apply("amina", NOON)] == [("old", None)]
    after = files(tmp_path)
    assert "C00000" not in after
    assert after.count("\r\n1-") == before.count("\r\n1-") == 6
    assert rows.ask("SELECT archive ->> 'sha256' FROM campaign") == [(again.sha256,)]
    assert list(retention.apply("amina", NOON)) == []


def _archived(rows: Rows, name: str, folder: Path) -> Path:
    """Archive a campaign whose people are to be forgotten."""
    campaign = _ended(rows, name, 101)
    rows.tell("DELETE FROM batch")
    reports, archive, file = Reports(rows.pool), Archive(rows.pool), folder / f"{name}.csv.gz"
    seen = archive.mark(campaign, DAY, NOON)
    kept = write_evidence(lambda stream: reports.export(campaign, stream), file)
    archive.let_go(campaign, seen, kept.as_dict(), reports.summary(campaign), "amina", NOON)
    return file


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-20])


def _bent(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[20:60] = bytes(40)
    file.write_bytes(bytes(content))


def _other(file: Path) -> None:
    file.write_bytes(gzip.compress(b"number,name\r\n1,x\r\n"))


def _short(file: Path) -> None:
    file.write_bytes(gzip.compress(b"customer,reference,delivery\r\nC000001\r\n"))


def _no_text(file: Path) -> None:
    file.write_bytes(gzip.compress(b"customer,reference,delivery\r\n\xff,x,1-1\r\n"))


@pytest.mark.parametrize("damage", [_cut, _bent, _other, _short, _no_text])
def test_a_damaged_file_stops_no_other_campaign(
    rows: Rows,
    tmp_path: Path,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    damage: Callable[[Path], None],
) -> None:
    """It is named, and the exit code tells of it; whoever erases or discloses hears it too."""
    import base64  # noqa: PLC0415  (here alone)

    monkeypatch.setenv("BROADCASTER_DATA_KEYS", f"1={base64.b64encode(bytes([1]) * 32).decode()}")
    monkeypatch.setenv("BROADCASTER_RETENTION", "service=100")
    bad, good = (_archived(rows, name, tmp_path) for name in ("bad", "good"))
    damage(bad)
    out = tmp_path / "person.json"
    command = ("customers", "disclose", "C000001", "--out", str(out), "--purpose", "asked")
    said = run(*command)
    assert said.code == 1
    assert f"Not there or damaged, and not read: {bad}" in said.out
    held = json.loads(out.read_text())
    assert {row["campaign"] for row in held["archived_messages"]} == {"good"}
    said = run("customers", "erase", "C000001", "--reason", "asked")
    assert said.code == 1
    assert f"Not there or damaged: {bad}" in said.out
    assert "Taken out of 1 files" in said.out
    said = run("retention", "apply")
    assert said.code == 1
    assert "Gone: good, " in said.out
    assert f"Left: campaign 'bad'; its file {bad} can't be read." in said.out
    assert b"C00000" not in gzip.decompress(good.read_bytes())
    assert sorted(tmp_path.glob(".*")) == []


def test_whoever_writes_a_file_anew_does_it_alone(rows: Rows, tmp_path: Path) -> None:
    """An erasure and retention at once undo nothing of each other, and the proof stays right.

    Each reads the file only when the other has put its own in place.
    """
    file = _archived(rows, "old", tmp_path)
    keys = sealed(rows.pool, 1)
    stale = file.with_name(".old.csv.gz.abc.erasing")
    stale.write_text("of one who was killed")
    with ThreadPoolExecutor(5) as threads:
        numbers = ("C000001", "C000002", "C000003", "C000001")
        jobs = [threads.submit(filed.clean, rows.pool, one, "amina") for one in numbers]
        retained = threads.submit(list, Retention(rows.pool, _RULES, keys).apply("amina", NOON))
        assert [job.result()[1] for job in jobs] == [[]] * 4
        assert [one.missing for one in retained.result()] == [None]
    held = files(tmp_path)
    assert "C00000" not in held
    assert held.count("\r\n1-") == 6
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert rows.ask("SELECT archive ->> 'sha256' FROM campaign") == [(digest,)]
    assert sorted(tmp_path.glob(".*")) == []


def test_who_comes_second_waits_for_the_first(rows: Rows, tmp_path: Path) -> None:
    """The lock is there from the reading on, so that nobody works on what is no longer there."""
    file = _archived(rows, "old", tmp_path)
    ((campaign,),) = rows.ask("SELECT id FROM campaign")
    before = file.read_bytes()
    with ThreadPoolExecutor(1) as threads:
        with rows.pool.connection() as connection, alone(connection, campaign):
            second = threads.submit(filed.clean, rows.pool, "C000001", "amina")
            deadline = time.monotonic() + 30
            while not waiters(connection):
                assert time.monotonic() < deadline
            assert file.read_bytes() == before
        assert second.result() == (1, [])
    assert file.read_bytes() != before
