"""Personal columns in a real database: sealed, found, sealed anew, and plain until they are."""

import psycopg
import pytest

from broadcaster.audience.store import Customers, Saved
from broadcaster.domain.customer import BrokenAddress
from broadcaster.domain.message import Address, Channel, Scheme
from broadcaster.errors import ConfigurationError, ConflictError
from broadcaster.ledger.doubts import PostgresDoubts
from broadcaster.ledger.ledger import PostgresLedger
from broadcaster.ports import STORING
from broadcaster.privacy.rotation import Rotation
from broadcaster.privacy.vault import KeyVault
from broadcaster.reports.reports import Reports
from tests.builders import NOON, customer
from tests.rows import TTL, Pool, Rows
from tests.vaults import dump, sealed, vault

_BROWSER = Address(
    scheme=Scheme.WEBPUSH,
    value="https://push.example/abc",
    keys={"auth": "auth-of-a-browser", "p256dh": "p-of-it"},
)
_PHONE = Address(scheme=Scheme.TEL, value="+212661234567", keys={})
_AMINA = customer(
    1,
    name="أمينة بناني",
    name_latin="Amina Bennani",
    addresses=(_PHONE, _BROWSER),
    broken=(BrokenAddress(channel=Channel.EMAIL, raw="amina@@example", fault="BAD_MAILBOX"),),
)
_VALUES = (
    _AMINA.name,
    "Amina Bennani",
    _PHONE.value,
    _BROWSER.value,
    "auth-of-a-browser",
    "amina@@example",
)


def _hidden(pool: Pool) -> bool:
    held = dump(pool)
    shown = [value for value in _VALUES if value in held]
    assert len(shown) in (0, len(_VALUES)), shown
    return not shown


def _pending(pool: Pool, keys: KeyVault) -> list[tuple[str, str, str]]:
    rows = Rows(pool)
    campaign = rows.running(name=f"c{len(rows.ask('SELECT FROM campaign'))}")
    ledger = PostgresLedger(pool, vault=keys)
    found = ledger.pending(rows.leased(campaign), NOON, 10)
    return [(one.address.value, one.name, one.customer_number) for one in found]


def test_nothing_personal_is_readable_in_a_sealed_database(pool: Pool) -> None:
    """And the worker that sends reads all of it."""
    keys = sealed(pool, 1)
    assert Customers(pool, keys).save([_AMINA]) == Saved(inserted=1, updated=0)
    assert _hidden(pool)
    assert _pending(pool, keys) == [(_PHONE.value, "Amina Bennani", _AMINA.number)]


def test_a_database_that_knows_no_key_stays_plain(pool: Pool) -> None:
    """Workers of the version before still read it."""
    Customers(pool, vault(1)).save([_AMINA])
    assert not _hidden(pool)
    assert _pending(pool, vault(1)) == [(_PHONE.value, "Amina Bennani", _AMINA.number)]


def test_one_value_is_one_row_also_when_sealed(pool: Pool) -> None:
    """In one file, in two, and with new keys of the same browser."""
    keys = sealed(pool, 1)
    customers = Customers(pool, keys)
    customers.save([_AMINA, customer(2, addresses=(_PHONE,))])
    newer = Address(scheme=Scheme.WEBPUSH, value=_BROWSER.value, keys={"auth": "a2"})
    customers.save([customer(3, addresses=(_PHONE, newer))])
    rows = Rows(pool)
    assert rows.ask("SELECT scheme, count(*) FROM address GROUP BY 1 ORDER BY 1") == [
        ("tel", 1),
        ("webpush", 1),
    ]
    assert rows.ask("SELECT count(*) FROM customer_address WHERE channel = 'sms'") == [(3,)]


def test_names_are_found_by_their_exact_text(pool: Pool) -> None:
    """Sealed or not, in both scripts; no other name is."""
    for number, keys in ((1, vault(1)), (2, sealed(pool, 1))):
        Customers(pool, keys).save([customer(number, name="أمينة", name_latin="Amina")])
    Customers(pool, vault(1)).save([customer(3, name="Youssef", name_latin=None)])
    customers = Customers(pool, vault(1))
    for text, found in (
        ('name = "أمينة"', 2),
        ('name_latin in ("Amina", "x")', 2),
        ('name_latin != "Amina"', 0),
        ('name != "أمينة"', 1),
        ('not name_latin = "Amina"', 1),
        ('name = "Amina"', 0),
    ):
        assert customers.count(text) == found, text


def test_rotation_seals_what_is_plain_and_everything_works_before_and_after(pool: Pool) -> None:
    """Names and addresses are the same at each step; the last key alone is needed then."""
    Customers(pool).save([_AMINA, customer(2, addresses=(_PHONE,))])
    both = vault(1, 2)
    expected = _pending(pool, both)
    for keys, older in ((vault(1), []), (both, [1])):
        rotation = Rotation(pool, keys)
        rotation.begin("amina")
        assert rotation.stale() == 2 + 2 + 1
        assert sum(rotation.run()) == 2 + 2 + 1
        assert rotation.stale() == 0
        assert _hidden(pool)
        assert rotation.retire("amina") == older
        assert _pending(pool, keys) == expected
    with pytest.raises(ConfigurationError, match="has no key 2"):
        Customers(pool, vault(1)).save([_AMINA])
    assert _pending(pool, vault(2)) == expected
    (one, two), plain = Rotation(pool, both).status()
    assert (one.retired is not None, one.rows, two.retired, two.rows, plain) == (
        True,
        0,
        None,
        5,
        0,
    )


def test_an_import_amid_a_rotation_keeps_one_row_a_value(pool: Pool) -> None:
    """Whether the value was plain or sealed with the older key."""
    plain = Address(scheme=Scheme.TEL, value="+212661000001", keys={})
    Customers(pool).save([customer(1, addresses=(plain,))])
    Customers(pool, sealed(pool, 1)).save([customer(2, addresses=(_PHONE,))])
    keys = sealed(pool, 1, 2)
    rows = Rows(pool)
    before = rows.ask("SELECT id FROM address ORDER BY id")
    customers = Customers(pool, keys)
    customers.save([customer(3, addresses=(plain, _PHONE)), customer(4, addresses=(plain,))])
    assert rows.ask("SELECT id FROM address ORDER BY id") == before
    assert plain.value not in dump(pool)
    assert {row[0][:2] for row in rows.ask("SELECT digest FROM address")} == {b"\0\2"}
    assert sum(Rotation(pool, keys).run()) == 2
    assert min(_pending(pool, vault(2)))[0] == plain.value


def test_rotation_goes_on_where_it_was_and_passes_over_what_is_held(
    pool: Pool, database_url: str
) -> None:
    """Rows that an import holds are sealed by the next call."""
    Customers(pool).save([customer(number) for number in range(1, 6)])
    rotation = Rotation(pool, sealed(pool, 1))
    total = rotation.stale()
    with psycopg.connect(database_url) as other:
        other.execute("UPDATE customer SET updated_at = now() WHERE number = %s", ["C000003"])
        assert sum(rotation.run()) == total - 1
        assert rotation.stale() == 1
        assert rotation.retire("amina") == []
    assert sum(rotation.run()) == 1
    assert rotation.stale() == 0


def test_a_rotation_waits_for_who_stores_customers(pool: Pool, database_url: str) -> None:
    """What is being stored knows the older keys alone."""
    with psycopg.connect(database_url) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [STORING])
        with pytest.raises(ConflictError, match="storing customers"):
            Rotation(pool, vault(1)).begin("amina")


def test_another_key_of_the_same_number_is_refused_before_anything_is_stored(pool: Pool) -> None:
    """As a machine would have that made its own."""
    Customers(pool, sealed(pool, 1)).save([_AMINA])
    from broadcaster.privacy.keyring import Keys  # noqa: PLC0415  (here alone)

    other = KeyVault(lambda: Keys({1: b"z" * 32}))
    for attempt in (
        lambda: Rotation(pool, other).check(),
        lambda: Rotation(pool, other).begin("amina"),
        lambda: Customers(pool, other).save([customer(2)]),
    ):
        with pytest.raises(ConfigurationError, match="key 1 is not the one"):
            attempt()
    assert Rows(pool).ask("SELECT count(*) FROM customer") == [(1,)]


def test_reports_and_doubts_read_sealed_addresses(pool: Pool) -> None:
    """What was handed over is listed by its address; what is in doubt is asked about by it."""
    keys = sealed(pool, 1)
    Customers(pool, keys).save([_AMINA])
    rows = Rows(pool)
    campaign = rows.running()
    rows.claimed(campaign, [1])
    handed = list(Reports(pool, keys).handed_over(campaign))
    assert [value for _, value, _ in handed] == [_PHONE.value]
    rows.tell("UPDATE delivery SET status = 'unknown', due_at = %s", NOON)
    rows.tell("UPDATE batch SET settle_at = %s, done = true, lease_until = NULL", NOON)
    found = PostgresDoubts(pool, ["sandbox"], keys).open(NOON + 9 * TTL, TTL, TTL, 10)
    assert [one.pending.address.value for one in found] == [_PHONE.value]
