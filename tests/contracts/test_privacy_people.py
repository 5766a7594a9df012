"""One person: erased so that a search finds nothing, and what stands in the way."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from broadcaster import bootstrap
from broadcaster.audience.areas.places import SavedPlaces
from broadcaster.audience.areas.store import Areas
from broadcaster.audience.areas.version import Listed
from broadcaster.audience.audience import SegmentAudience
from broadcaster.audience.segments import Segments
from broadcaster.audience.store import Customers
from broadcaster.domain.advisory import MessageType
from broadcaster.domain.message import Address, Channel, MessageClass, Scheme
from broadcaster.errors import ConfigurationError, ConflictError
from broadcaster.planning.openings import Openings
from broadcaster.ports import PLANNING_LANES, STORING
from broadcaster.privacy.disclosure import Disclosure
from broadcaster.privacy.erasure import Erased
from broadcaster.settings import load
from tests.builders import NOON, customer
from tests.commands import Run, run
from tests.rows import Pool, Rows
from tests.town import AMINA, VALUES, Town, erase, shown, town
from tests.vaults import dump, files, sealed

__all__ = ["run", "town"]


def test_erasure_leaves_nothing_that_a_search_finds_and_all_figures(town: Town) -> None:
    """In no column of no table, and in no file; the reports are the same as before."""
    first = town.told("first")
    file = town.archive(first)
    second = town.told("second", channels=(Channel.SMS, Channel.EMAIL))
    Segments(town.pool).save("her", f'number = "{AMINA.number}" or name = "{AMINA.name}"')
    for listed in ([AMINA.number], ["C000008", AMINA.number], ["C000008"]):
        Areas(town.pool).save_lists(
            {"street": Listed(attribute="number", values=listed)}, "street.csv"
        )
    assert Openings(town.pool, town.keys).learn(tuple(Channel), names=True) == 9
    assert "@bennani-k7.test" in dump(town.pool)
    town.rows.tell("UPDATE campaign SET status = 'completed' WHERE id = %s", second)
    # In plain where it is, as a search of ciphertext would find nothing anyway.
    opened = json.dumps(
        Disclosure(town.pool, town.keys).collect(AMINA.number, "youssef", "a look"),
        ensure_ascii=False,
        default=str,
    )
    assert shown(opened + dump(town.pool) + files(town.folder)) == list(VALUES)
    before = {one: town.reports.summary(one) for one in (first, second)}
    rows_before = files(town.folder).count("\r\n1-")

    done = erase(town)
    assert (done.found, done.deliveries, done.addresses, done.kept) == (True, 2, 3, 1)
    assert (done.traces, done.files, done.unread) == (5, 1, [])

    assert shown(dump(town.pool) + files(town.folder)) == []
    assert "@bennani-k7.test" not in dump(town.pool)
    assert town.rows.ask("SELECT FROM address WHERE sealed IS NULL AND place IS NOT NULL") == []
    for one in (first, second):
        # The time that goes by, the file's new SHA-256, and the list that named her, aside.
        passing = {"archive": 0, "in_doubt_list": 0, "seconds": 0}
        assert {**town.reports.summary(one), **passing} == {**before[one], **passing}
    assert files(town.folder).count("\r\n1-") == rows_before
    assert [path.name for path in town.folder.iterdir()] == [file.name]
    people = town.rows.ask("SELECT customer_id < 0, address_id IS NULL FROM delivery")
    assert people.count((True, True)) == 2
    assert erase(town) == Erased(found=False, unread=[])


def test_a_list_is_the_same_version_without_the_erased_person(town: Town) -> None:
    """So what was approved with it still finds it; imported again, it is whole again."""
    areas, places = Areas(town.pool), SavedPlaces(Areas(town.pool))
    audience = SegmentAudience(town.pool, town.keys, places=places)
    customers = Customers(town.pool, town.keys, audience)
    lists = {
        "hers": Listed(attribute="number", values=[AMINA.number]),
        "both": Listed(attribute="number", values=["C000008"]),
    }
    areas.save_lists(lists, "street.csv")
    pinned = [f'location in area "{areas.get(name).reference}"' for name in lists]
    assert [customers.count(one) for one in pinned] == [1, 1]
    erase(town)
    assert [customers.count(one) for one in pinned] == [0, 1]
    customers.save([AMINA])
    assert [customers.count(one) for one in pinned] == [0, 1]
    again = areas.save_lists(lists, "street.csv")
    assert [one.became for one in again] == ["changed", "unchanged"]
    assert [customers.count(one) for one in pinned] == [1, 1]
    assert town.rows.ask("SELECT count(*) FROM area_version") == [(2,)]


def test_the_file_of_an_archive_keeps_its_proof(town: Town) -> None:
    """Its new SHA-256 is the one that is kept, and the trail has both."""
    import hashlib  # noqa: PLC0415  (here alone)

    campaign = town.told("first")
    file = town.archive(campaign)
    before = hashlib.sha256(file.read_bytes()).hexdigest()
    erase(town)
    after = hashlib.sha256(file.read_bytes()).hexdigest()
    (kept,) = town.rows.ask("SELECT archive ->> 'sha256' FROM campaign WHERE id = %s", campaign)
    assert kept == (after,)
    assert town.rows.ask(
        "SELECT details ->> 'before', details ->> 'sha256' FROM audit"
        " WHERE action = 'erase_in_file'"
    ) == [(before, after)]


def test_an_address_that_the_person_had_goes_as_well(town: Town) -> None:
    """They were told by it, and it is nobody's now."""
    town.told("first")
    other = Address(scheme=Scheme.TEL, value="+212661000222", keys={})
    town.settle([replace(AMINA, addresses=(other, *AMINA.addresses[1:]))])
    assert erase(town).addresses == 4
    left = "SELECT count(*) FROM address WHERE sealed IS NOT NULL AND scheme = 'tel'"
    # That of the household, and that of the third customer.
    assert town.rows.ask(left) == [(2,)]


def test_a_refusal_of_everything_outlives_the_person(town: Town) -> None:
    """Who refused to be warned by mail is not warned by mail."""
    refused = tuple((Channel.EMAIL, one) for one in MessageClass)
    town.settle([replace(AMINA, opted_out=refused)])
    erase(town)
    query = (
        "SELECT address.channel, count(*) FROM suppression JOIN address ON address.id = address_id"
        " WHERE class = 'safety' GROUP BY 1"
    )
    assert town.rows.ask(query) == [("email", 1)]


def test_a_missing_file_is_named(town: Town) -> None:
    """Somebody has to look in it by hand."""
    file = town.archive(town.told("first"))
    file.rename(file.with_suffix(".away"))
    assert erase(town).unread == [str(file)]


def test_an_erased_person_is_not_told_again_after_the_next_import(town: Town) -> None:
    """Except of danger; the household's number, which others have, is not barred."""
    erase(town)
    town.settle([AMINA])
    both = (Channel.SMS, Channel.EMAIL)
    service = town.rows.running(name="service", channels=both)
    query = (
        "SELECT delivery.channel, status, reason FROM delivery"
        " JOIN customer ON customer.id = customer_id"
        " WHERE campaign_id = %s AND customer.number = %s ORDER BY 1"
    )
    told = town.rows.ask(query, service, AMINA.number)
    assert told == [
        ("sms", "suppressed", "address_suppressed"),
        ("email", "suppressed", "address_suppressed"),
    ]
    danger = town.rows.running(name="danger", channels=both, message_class=MessageClass.SAFETY)
    told = town.rows.ask(query, danger, AMINA.number)
    assert [status for _, status, _ in told] == ["planned", "planned"]


def test_what_waits_to_be_sent_is_withdrawn(town: Town) -> None:
    """It stays counted, as left out."""
    campaign = town.rows.running(name="waits")
    targeted = town.reports.summary(campaign)["targeted"]
    erase(town)
    assert town.reports.summary(campaign)["targeted"] == targeted
    erased = town.rows.ask("SELECT status, reason FROM delivery WHERE customer_id < 0")
    assert erased == [("suppressed", "opted_out")]


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({}, "submitting", "is in the air"),
        ({}, "unknown", "is in the air"),
        ({"message_class": MessageClass.SAFETY}, "delivered", "protects this customer until"),
    ],
)
def test_erasure_waits_for_what_is_needed_now(
    town: Town, changes: dict[str, object], status: str, words: str
) -> None:
    """Nothing is half done; when it is over, it is done."""
    town.rows.running(3, 1000, name="now", **changes)
    town.rows.tell("UPDATE delivery SET status = %s::delivery_status", status)
    with pytest.raises(ConflictError, match=words):
        erase(town)
    assert town.rows.ask("SELECT count(*) FROM customer WHERE sealed IS NOT NULL") == [(3,)]
    town.rows.tell("UPDATE delivery SET status = 'delivered'")
    assert erase(town, now=NOON + timedelta(days=3)).found


def test_erasure_waits_for_what_puts_right_what_the_person_was_told(town: Town) -> None:
    """A launched follow-up has stopped the alert, and does not know yet whom that told."""
    safety = {"message_class": MessageClass.SAFETY}
    alert = town.rows.running(3, 1000, name="alert", **safety)
    town.rows.tell("UPDATE delivery SET status = 'delivered'")
    town.rows.tell("UPDATE batch SET done = true")
    advisory = town.rows.campaigns.get(str(alert)).advisory_id
    withdrawal = {"message_type": MessageType.CANCEL, "follows": advisory}
    made = town.rows.launched(name="withdrawal", **withdrawal, **safety)
    with pytest.raises(ConflictError, match="'alert' protects this customer until"):
        erase(town)
    town.rows.planner().plan(made, NOON)
    assert town.rows.statuses(made) == ["planned"] * 3
    town.rows.campaigns.cancel(made, "amina", NOON)
    assert erase(town).found


def test_erasure_waits_for_a_campaign_whose_expression_names_the_person(town: Town) -> None:
    """What was approved is not changed."""
    town.rows.draft(name="hers", expression=f'number = "{AMINA.number}"')
    with pytest.raises(ConflictError, match="'hers' names this customer"):
        erase(town)


@pytest.mark.parametrize(
    ("lock", "words"),
    [((STORING,), "storing customers"), ((PLANNING_LANES, 1), "being planned")],
)
def test_erasure_waits_for_who_writes_people_down(
    town: Town, database_url: str, lock: tuple[int, ...], words: str
) -> None:
    """An import or a plan that has seen the person would bring them back."""
    with psycopg.connect(database_url) as other:
        places = ", ".join("%s" for _ in lock)
        other.execute(f"SELECT pg_advisory_xact_lock({places})", lock)
        with pytest.raises(ConflictError, match=words):
            erase(town)
    assert erase(town).found


def test_a_name_that_others_have_stays_in_segments(town: Town) -> None:
    """They are found by it as before."""
    town.settle([customer(10, name=AMINA.name, name_latin=None)])
    Segments(town.pool).save("them", f'name = "{AMINA.name}"')
    assert erase(town).traces == 0
    assert Segments(town.pool).get("them").expression == f'name = "{AMINA.name}"'


def test_a_plain_database_must_be_sealed_first(pool: Pool, tmp_path: Path) -> None:
    """An address could not be recognised without being kept."""
    town = Town(pool, tmp_path)
    Customers(pool).save([AMINA])
    with pytest.raises(ConfigurationError, match="not sealed"):
        erase(town)


def test_the_approval_of_an_ended_campaign_outlives_whom_it_named(pool: Pool, run: Run) -> None:
    """Its expression names nobody any more; a replay of it is what was approved, as the trail says.

    What an approval keeps of the forecast names nobody either.
    """
    import base64  # noqa: PLC0415  (here alone)

    rows = Rows(pool)
    key = base64.b64encode(bytes([1]) * 32).decode()
    environ = {"BROADCASTER_DATA_KEYS": f"1={key}"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environ.items():
            patch.setenv(name, value)
        Customers(pool, sealed(pool, 1)).save([replace(AMINA, locales=("fr-MA",)), customer(8)])
        wish = f'number in ("{AMINA.number}", "C000008") or name = "{AMINA.name}"'
        run("segments", "save", "they", wish)
        for name in ("first", "changed"):
            run("campaigns", "create", name, "--kind", "remote_services", "--segment", "they")
            assert run("campaigns", "approve", name, "--by", "youssef").code == 0
            run("campaigns", "cancel", name, "--by", "youssef")
        rows.tell("UPDATE campaign SET approved_hash = 'other' WHERE name = 'changed'")
        (before,) = rows.ask("SELECT approved_hash FROM campaign WHERE name = 'first'")[0]
        said = run("customers", "erase", AMINA.number, "--reason", "asked for it", "--json")
        assert json.loads(said.out)["traces"] == 6
        assert shown(dump(pool)) == []
        with bootstrap.running(load()) as runtime:
            for name in ("first", "changed"):
                found = runtime.campaigns.get(name)
                same = runtime.unchanged(found, runtime.ledger.advisory(found.advisory_id))
                assert same is (name == "first")
                assert found.expression.count("erased") == 2
    trail = rows.ask(
        "SELECT subject, details ->> 'before', details ->> 'content_hash' FROM audit"
        " WHERE action = 'erase_in_expression'"
    )
    (after,) = rows.ask("SELECT approved_hash FROM campaign WHERE name = 'first'")[0]
    assert trail == [("campaign 1", before, after)]
