"""One person: told what is held, erased so that a search finds nothing, and who looked."""

import json
from collections.abc import Sequence
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
from broadcaster.domain.customer import BrokenAddress, CustomerRecord
from broadcaster.domain.delivery import DeliveryId
from broadcaster.domain.message import Address, Channel, MessageClass, Scheme
from broadcaster.errors import ConfigurationError, ConflictError, InvalidInputError
from broadcaster.ledger.archive import Archive
from broadcaster.planning.openings import Openings
from broadcaster.ports import PLANNING_LANES, STORING
from broadcaster.privacy.accesses import Accesses
from broadcaster.privacy.disclosure import Disclosure
from broadcaster.privacy.erasure import Erased
from broadcaster.privacy.vault import KeyVault
from broadcaster.reports.evidence import write_evidence
from broadcaster.reports.reports import Reports
from broadcaster.settings import load
from tests.builders import NOON, customer, receipt, recorded, submission
from tests.commands import Run, run
from tests.rows import Pool, Rows
from tests.vaults import dump, erasure, files, sealed, vault

__all__ = ["run"]

_SHARED = Address(scheme=Scheme.TEL, value="+212661999999", keys={})
_AMINA = replace(
    customer(7),
    number="K-778812",
    name="أمينة بناني",
    name_latin="Amina Bennani",
    attributes={"district": "Derb-Sultan-7"},
    addresses=(
        Address(scheme=Scheme.TEL, value="+212661234567", keys={}),
        Address(scheme=Scheme.MAILTO, value="amina@bennani-k7.test", keys={}),
        Address(
            scheme=Scheme.WEBPUSH,
            value="https://push.example.test/of-amina",
            keys={"auth": "auth-of-amina", "p256dh": "point-of-amina"},
        ),
        _SHARED,
    ),
    broken=(BrokenAddress(channel=Channel.SMS, raw="05-22-BROKEN", fault="NOT_MOBILE"),),
    opted_out=((Channel.PUSH, MessageClass.PROMOTIONAL),),
    household="meter-778-of-amina",
    location=(-7.6198712, 33.5883114),
)
_REFERENCE = "SMnetworkreference"
#: What is hers alone.
_VALUES = (
    _AMINA.number,
    _AMINA.name,
    "Amina Bennani",
    "+212661234567",
    "amina@bennani-k7.test",
    "https://push.example.test/of-amina",
    "auth-of-amina",
    "point-of-amina",
    "05-22-BROKEN",
    "Derb-Sultan-7",
    "meter-778-of-amina",
    "-7.6198712",
    "33.5883114",
    _REFERENCE,
)


class Town:
    """Amina and others, who were told of two campaigns; the first is archived."""

    def __init__(self, pool: Pool, folder: Path) -> None:
        self.pool = pool
        self.rows = Rows(pool)
        self.folder = folder
        self.keys: KeyVault = vault(1)
        self.reports = Reports(pool, self.keys)

    def settle(self, records: Sequence[CustomerRecord]) -> None:
        Customers(self.pool, self.keys).save(records)

    def told(self, name: str, channels: Sequence[Channel] = (Channel.SMS,)) -> int:
        campaign = self.rows.running(name=name, channels=channels)
        planned = self.rows.ask(
            "SELECT delivery.number, customer.number FROM delivery"
            " JOIN customer ON customer.id = customer_id"
            " WHERE campaign_id = %s AND status = 'planned' ORDER BY 1",
            campaign,
        )
        self.rows.tell(
            "UPDATE delivery SET status = 'submitting', attempts = 1, provider = 'sandbox'"
            " WHERE campaign_id = %s AND status = 'planned'",
            campaign,
        )
        for number, person in planned:
            delivery = DeliveryId(campaign, number)
            reference = _REFERENCE if person == _AMINA.number else f"other-{number}"
            said = recorded(submission(delivery, reference=reference))
            self.rows.ledger.record([said], NOON)
            news = receipt(delivery, reference=reference, dedupe=f"{reference}:{delivery}")
            self.rows.ledger.receive([news], NOON)
        self.rows.ledger.apply_receipts(NOON, 100)
        return campaign

    def archive(self, campaign: int) -> Path:
        self.rows.tell(
            "UPDATE campaign SET status = 'completed', finished_at = %s WHERE id = %s",
            NOON,
            campaign,
        )
        self.rows.tell(
            "UPDATE batch SET done = true, lease_until = NULL, settle_at = NULL"
            " WHERE campaign_id = %s",
            campaign,
        )
        archive, file = Archive(self.pool), self.folder / f"{campaign}.csv.gz"
        seen = archive.mark(campaign, timedelta(0), NOON)
        kept = write_evidence(lambda stream: self.reports.export(campaign, stream), file)
        doubt = {"delivery": f"{campaign}-1", "customer": _AMINA.number, "reference": _REFERENCE}
        figures = {**self.reports.summary(campaign), "in_doubt_list": [doubt]}
        archive.let_go(campaign, seen, kept.as_dict(), figures, "amina", NOON)
        return file


@pytest.fixture
def town(pool: Pool, tmp_path: Path) -> Town:
    """Give a town whose database is sealed."""
    made = Town(pool, tmp_path)
    made.keys = sealed(pool, 1)
    made.settle([_AMINA, customer(8, addresses=(_SHARED,)), customer(9)])
    return made


def _shown(held: str) -> list[str]:
    return [value for value in _VALUES if value in held]


def _erase(town: Town, **changes: object) -> Erased:
    values = {"number": _AMINA.number, "by": "youssef", "reason": "asked for it", "now": NOON}
    return erasure(town.pool, town.keys).erase(**{**values, **changes})  # type: ignore[arg-type]  # (a test's own changes)


def test_disclosure_gives_all_that_is_held(town: Town) -> None:
    """Every value, also from the files of archived campaigns, and what each part is."""
    town.archive(town.told("first"))
    town.told("second", channels=(Channel.SMS, Channel.EMAIL))
    given = Disclosure(town.pool, town.keys).collect(_AMINA.number, "youssef", "request 12")
    assert _shown(json.dumps(given, ensure_ascii=False, default=str)) == list(_VALUES)
    assert given["addresses"][-1]["value"] == "https://push.example.test/of-amina"
    shared = {row["value"]: row["shared_with"] for row in given["addresses"]}
    assert shared["+212661999999"] == 1
    assert [row["campaign"] for row in given["messages"]] == ["second", "second"]
    assert [row["campaign"] for row in given["archived_messages"]] == ["first"]
    assert len(given["receipts"]) == 2
    assert [(one["by"], one["action"], one["purpose"]) for one in given["accesses"]] == [
        ("youssef", "disclose", "request 12")
    ]
    assert set(given["descriptions"]) == set(given) - {"descriptions"}


def test_erasure_leaves_nothing_that_a_search_finds_and_all_figures(town: Town) -> None:
    """In no column of no table, and in no file; the reports are the same as before."""
    first = town.told("first")
    file = town.archive(first)
    second = town.told("second", channels=(Channel.SMS, Channel.EMAIL))
    Segments(town.pool).save("her", f'number = "{_AMINA.number}" or name = "{_AMINA.name}"')
    for listed in ([_AMINA.number], ["C000008", _AMINA.number], ["C000008"]):
        Areas(town.pool).save_lists(
            {"street": Listed(attribute="number", values=listed)}, "street.csv"
        )
    assert Openings(town.pool, town.keys).learn(tuple(Channel), names=True) == 9
    assert "@bennani-k7.test" in dump(town.pool)
    town.rows.tell("UPDATE campaign SET status = 'completed' WHERE id = %s", second)
    # In plain where it is, as a search of ciphertext would find nothing anyway.
    opened = json.dumps(
        Disclosure(town.pool, town.keys).collect(_AMINA.number, "youssef", "a look"),
        ensure_ascii=False,
        default=str,
    )
    assert _shown(opened + dump(town.pool) + files(town.folder)) == list(_VALUES)
    before = {one: town.reports.summary(one) for one in (first, second)}
    rows_before = files(town.folder).count("\r\n1-")

    done = _erase(town)
    assert (done.found, done.deliveries, done.addresses, done.kept) == (True, 2, 3, 1)
    assert (done.traces, done.files, done.unread) == (5, 1, [])

    assert _shown(dump(town.pool) + files(town.folder)) == []
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
    assert _erase(town) == Erased(found=False, unread=[])


def test_disclosure_says_where_a_person_is_named_and_where_they_live(town: Town) -> None:
    """Lists and expressions by their names alone: others may be named in them too."""
    Segments(town.pool).save("her", f'number in ("{_AMINA.number}", "C000008")')
    Segments(town.pool).save("namesakes", f'name = "{_AMINA.name}"')
    Segments(town.pool).save("others", 'number = "C000008"')
    town.rows.draft(name="to her", expression=f'number = "{_AMINA.number}"')
    for listed in (["C000008", _AMINA.number], ["C000008"], [_AMINA.number]):
        Areas(town.pool).save_lists(
            {"street": Listed(attribute="number", values=listed)}, "street.csv"
        )
    given = Disclosure(town.pool, town.keys).collect(_AMINA.number, "youssef", "request 12")
    place = {"longitude": -7.6198712, "latitude": 33.5883114, "household": "meter-778-of-amina"}
    assert given["customer"].items() >= place.items()
    assert given["named_in"] == [
        {"segment": "her"},
        {"campaign": "to her"},
        {"segment": "namesakes"},
    ]
    assert [(one["area"], one["current"]) for one in given["areas"]] == [
        ("street", False),
        ("street", True),
    ]


def test_a_list_is_the_same_version_without_the_erased_person(town: Town) -> None:
    """So what was approved with it still finds it; imported again, it is whole again."""
    areas, places = Areas(town.pool), SavedPlaces(Areas(town.pool))
    audience = SegmentAudience(town.pool, town.keys, places=places)
    customers = Customers(town.pool, town.keys, audience)
    lists = {
        "hers": Listed(attribute="number", values=[_AMINA.number]),
        "both": Listed(attribute="number", values=["C000008"]),
    }
    areas.save_lists(lists, "street.csv")
    pinned = [f'location in area "{areas.get(name).reference}"' for name in lists]
    assert [customers.count(one) for one in pinned] == [1, 1]
    _erase(town)
    assert [customers.count(one) for one in pinned] == [0, 1]
    customers.save([_AMINA])
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
    _erase(town)
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
    town.settle([replace(_AMINA, addresses=(other, *_AMINA.addresses[1:]))])
    assert _erase(town).addresses == 4
    left = "SELECT count(*) FROM address WHERE sealed IS NOT NULL AND scheme = 'tel'"
    # That of the household, and that of the third customer.
    assert town.rows.ask(left) == [(2,)]


def test_a_refusal_of_everything_outlives_the_person(town: Town) -> None:
    """Who refused to be warned by mail is not warned by mail."""
    refused = tuple((Channel.EMAIL, one) for one in MessageClass)
    town.settle([replace(_AMINA, opted_out=refused)])
    _erase(town)
    query = (
        "SELECT address.channel, count(*) FROM suppression JOIN address ON address.id = address_id"
        " WHERE class = 'safety' GROUP BY 1"
    )
    assert town.rows.ask(query) == [("email", 1)]


def test_a_missing_file_is_named(town: Town) -> None:
    """Somebody has to look in it by hand."""
    file = town.archive(town.told("first"))
    file.rename(file.with_suffix(".away"))
    assert _erase(town).unread == [str(file)]


def test_an_erased_person_is_not_told_again_after_the_next_import(town: Town) -> None:
    """Except of danger; the household's number, which others have, is not barred."""
    _erase(town)
    town.settle([_AMINA])
    both = (Channel.SMS, Channel.EMAIL)
    service = town.rows.running(name="service", channels=both)
    query = (
        "SELECT delivery.channel, status, reason FROM delivery"
        " JOIN customer ON customer.id = customer_id"
        " WHERE campaign_id = %s AND customer.number = %s ORDER BY 1"
    )
    told = town.rows.ask(query, service, _AMINA.number)
    assert told == [
        ("sms", "suppressed", "address_suppressed"),
        ("email", "suppressed", "address_suppressed"),
    ]
    danger = town.rows.running(name="danger", channels=both, message_class=MessageClass.SAFETY)
    told = town.rows.ask(query, danger, _AMINA.number)
    assert [status for _, status, _ in told] == ["planned", "planned"]


def test_what_waits_to_be_sent_is_withdrawn(town: Town) -> None:
    """It stays counted, as left out."""
    campaign = town.rows.running(name="waits")
    targeted = town.reports.summary(campaign)["targeted"]
    _erase(town)
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
        _erase(town)
    assert town.rows.ask("SELECT count(*) FROM customer WHERE sealed IS NOT NULL") == [(3,)]
    town.rows.tell("UPDATE delivery SET status = 'delivered'")
    assert _erase(town, now=NOON + timedelta(days=3)).found


def test_erasure_waits_for_a_campaign_whose_expression_names_the_person(town: Town) -> None:
    """What was approved is not changed."""
    town.rows.draft(name="hers", expression=f'number = "{_AMINA.number}"')
    with pytest.raises(ConflictError, match="'hers' names this customer"):
        _erase(town)


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
            _erase(town)
    assert _erase(town).found


def test_a_name_that_others_have_stays_in_segments(town: Town) -> None:
    """They are found by it as before."""
    town.settle([customer(10, name=_AMINA.name, name_latin=None)])
    Segments(town.pool).save("them", f'name = "{_AMINA.name}"')
    assert _erase(town).traces == 0
    assert Segments(town.pool).get("them").expression == f'name = "{_AMINA.name}"'


def test_a_plain_database_must_be_sealed_first(pool: Pool, tmp_path: Path) -> None:
    """An address could not be recognised without being kept."""
    town = Town(pool, tmp_path)
    Customers(pool).save([_AMINA])
    with pytest.raises(ConfigurationError, match="not sealed"):
        _erase(town)


def test_people_are_found_by_their_exact_address_and_each_look_is_noted(town: Town) -> None:
    """A household by its number; whoever lacks a key is not told that there is nobody."""
    accesses = Accesses(town.pool, town.keys)
    assert accesses.owners(_SHARED, "youssef", "a call") == ["C000008", _AMINA.number]
    assert accesses.owners(_other(_SHARED), "youssef", "a call") == []
    seen = [(one.by, one.action, one.purpose) for one in accesses.of("C000008")]
    assert seen == [("youssef", "find", "a call")]
    with pytest.raises(InvalidInputError, match="--purpose"):
        accesses.owners(_SHARED, "youssef", "  ")
    with pytest.raises(ConfigurationError, match="has no key 1"):
        Accesses(town.pool, vault()).owners(_SHARED, "youssef", "a call")


def _other(address: Address) -> Address:
    """Give an address that nobody has."""
    return Address(scheme=address.scheme, value=address.value + "0", keys={})


def test_who_exported_a_campaign_looked_at_all_who_are_in_it(town: Town) -> None:
    """And at nobody else."""
    campaign = town.told("second")
    accesses = Accesses(town.pool, town.keys)
    accesses.record("youssef", "export", f"campaign {campaign}", "the board", {})
    town.settle([customer(11)])
    assert [one.subject for one in accesses.of(_AMINA.number)] == [f"campaign {campaign}"]
    assert accesses.of("C000011") == []


def test_who_saw_names_in_a_sample_or_barred_addresses_looked_at_those_people(
    pool: Pool, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At nobody else; a sample without names and a masked list show nobody."""
    import base64  # noqa: PLC0415  (here alone)

    key = base64.b64encode(bytes([1]) * 32).decode()
    monkeypatch.setenv("BROADCASTER_DATA_KEYS", f"1={key}")
    keys = sealed(pool, 1)
    Customers(pool, keys).save([_AMINA, customer(8, addresses=(_SHARED,)), customer(9)])
    barred = tmp_path / "list.csv"
    barred.write_text(f"address,scope\n{_SHARED.value},service\n", encoding="utf-8")
    assert run("suppressions", "import", str(barred), "--by", "amina").code == 0
    who = ("--by", "youssef", "--purpose", "the board")
    her = f'number = "{_AMINA.number}"'
    for words in (
        ("segments", "sample", her),
        ("segments", "sample", her, "--names", *who),
        ("suppressions", "list"),
        ("suppressions", "export", "--to", str(tmp_path / "mail.csv"), "--channel", "email", *who),
        ("suppressions", "export", "--to", str(tmp_path / "all.csv"), *who),
    ):
        assert run(*words).code == 0
    assert "--purpose" in run("segments", "sample", her, "--names", "--purpose", " ").err
    accesses = Accesses(pool, keys)
    exported = ("youssef", "suppressions_exported", "the board")
    seen = {
        number: [(one.by, one.action, one.purpose) for one in accesses.of(number)]
        for number in (_AMINA.number, "C000008", "C000009")
    }
    assert seen == {
        _AMINA.number: [("youssef", "sample", "the board"), exported],
        "C000008": [exported],
        "C000009": [],
    }


def test_commands_find_disclose_erase_and_show_accesses(
    pool: Pool, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the words of an operator to what they read; the file is theirs alone."""
    import base64  # noqa: PLC0415  (here alone)

    key = base64.b64encode(bytes([1]) * 32).decode()
    monkeypatch.setenv("BROADCASTER_DATA_KEYS", f"1={key}")
    monkeypatch.setenv("USER", "youssef")
    Customers(pool, sealed(pool, 1)).save([_AMINA, customer(8, addresses=(_SHARED,))])
    why = ("--purpose", "request 12")
    said = run("customers", "find", "--address", "0661 23 45 67", *why)
    assert (said.code, said.out) == (0, f"{_AMINA.number}\n")
    said = run("customers", "find", "--address", "nobody@example.test", *why, "--json")
    assert json.loads(said.out) == {"customers": []}
    assert "--address" in run("customers", "find", "--address", "12", *why).err
    out = tmp_path / "her.json"
    said = run("customers", "disclose", _AMINA.number, "--out", str(out), *why)
    assert (said.code, "4 addresses" in said.out) == (0, True)
    assert out.stat().st_mode & 0o777 == 0o600
    assert json.loads(out.read_text("utf-8"))["customer"]["name"] == _AMINA.name
    assert (
        "is there already"
        in run("customers", "disclose", _AMINA.number, "--out", str(out), *why).err
    )
    listed = json.loads(run("customers", "accesses", _AMINA.number, "--json").out)
    assert [(one["action"], one["by"]) for one in listed] == [
        ("find", "youssef"),
        ("disclose", "youssef"),
    ]
    assert "request 12" in run("customers", "accesses", _AMINA.number).out
    said = run("customers", "erase", _AMINA.number, "--reason", "asked for it")
    assert (said.code, "Erased: 3 addresses" in said.out) == (0, True)
    assert "1 addresses are also those of other customers" in said.out
    said = run("customers", "erase", _AMINA.number, "--reason", "asked for it")
    assert (said.code, said.out) == (0, "There is no customer of that number any more.\n")
    assert "there is none of that number" in run("customers", "accesses", _AMINA.number).err


def test_a_disclosed_message_has_its_words(pool: Pool, run: Run, tmp_path: Path) -> None:
    """As they read now for this person, and whether that is what was approved."""
    rows = Rows(pool)
    Customers(pool).save([customer(1)])
    run("segments", "save", "everybody", "all")
    kind = ("--kind", "remote_services", "--segment", "everybody", "--by", "amina")
    run("campaigns", "create", "notice", *kind)
    run("campaigns", "approve", "notice", "--by", "youssef")
    run("campaigns", "launch", "notice", "--by", "amina")
    with bootstrap.running(load()) as runtime:
        runtime.planner.plan(1, runtime.clock.now())
    rows.tell("UPDATE delivery SET attempts = 1, status = 'accepted' WHERE channel = 'sms'")
    for name in ("as approved", "changed"):
        out = tmp_path / f"{name}.json"
        run("customers", "disclose", "C000001", "--out", str(out), "--purpose", "request 12")
        messages = json.loads(out.read_text("utf-8"))["messages"]
        (told,) = (one for one in messages if one["channel"] == "sms")
        assert "Lydec" in told["text"]["body"]
        assert told["as_approved"] is (name == "as approved")
        assert all("text" not in one for one in messages if one["channel"] != "sms")
        rows.tell("UPDATE campaign SET approved_hash = 'other'")


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
        Customers(pool, sealed(pool, 1)).save([replace(_AMINA, locales=("fr-MA",)), customer(8)])
        wish = f'number in ("{_AMINA.number}", "C000008") or name = "{_AMINA.name}"'
        run("segments", "save", "they", wish)
        for name in ("first", "changed"):
            run("campaigns", "create", name, "--kind", "remote_services", "--segment", "they")
            assert run("campaigns", "approve", name, "--by", "youssef").code == 0
            run("campaigns", "cancel", name, "--by", "youssef")
        rows.tell("UPDATE campaign SET approved_hash = 'other' WHERE name = 'changed'")
        (before,) = rows.ask("SELECT approved_hash FROM campaign WHERE name = 'first'")[0]
        said = run("customers", "erase", _AMINA.number, "--reason", "asked for it", "--json")
        assert json.loads(said.out)["traces"] == 6
        assert _shown(dump(pool)) == []
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
