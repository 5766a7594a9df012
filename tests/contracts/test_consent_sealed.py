"""Lists in a database whose addresses are sealed: found, barred, and never in plain."""

from dataclasses import replace

import psycopg
import pytest

from broadcaster.audience.store import Customers
from broadcaster.domain.consent import ListedAddress, Source
from broadcaster.domain.message import MessageClass, Scheme
from broadcaster.errors import ConflictError
from broadcaster.ledger import addresses
from broadcaster.ledger.consents import Consents
from broadcaster.ledger.suppressions import Suppressions
from broadcaster.ports import STORING
from tests.builders import NOON, address, customer
from tests.rows import Pool, Rows
from tests.vaults import dump, sealed, vault

PHONE = address(Scheme.TEL, 1)
LISTED = ListedAddress(
    row=2,
    address=PHONE,
    source=Source.STOP,
    classes=tuple(MessageClass),
    at=NOON,
    proof="list.csv, row 2",
)


@pytest.fixture
def rows(pool: Pool) -> Rows:
    """Give an empty database."""
    return Rows(pool)


def test_an_address_is_barred_for_whoever_comes_with_it_later(rows: Rows) -> None:
    """It is one row, found by its digest, and its value stands nowhere."""
    keys = sealed(rows.pool, 1)
    lists = Suppressions(rows.pool, keys)
    assert lists.take([LISTED], "amina", "list.csv", NOON).recorded == 1
    assert lists.take([LISTED], "amina", "list.csv", NOON).known == 1
    Customers(rows.pool, keys).save([customer(1), customer(2)])
    campaign = rows.launched(message_class=MessageClass.SAFETY)
    rows.planner().plan(campaign, NOON)
    query = (
        "SELECT customer.number, reason FROM delivery "
        "JOIN customer ON customer.id = customer_id WHERE campaign_id = %s ORDER BY 1"
    )
    assert rows.ask(query, campaign) == [("C000001", "address_suppressed"), ("C000002", None)]
    assert PHONE.value not in dump(rows.pool)
    assert [one.value for one in lists.export("amina")] == [PHONE.value]
    (shown,) = lists.list()
    assert (shown.shown, PHONE.value in repr(shown)) == ("+212…01", False)


def test_an_address_of_before_is_found_by_whatever_it_is_kept_by(rows: Rows) -> None:
    """In plain, under an older key, and under the newest."""
    Customers(rows.pool).save([customer(1)])
    first = sealed(rows.pool, 1)
    Customers(rows.pool, first).save([customer(2)])
    both = vault(1, 2)
    others = [replace(LISTED, row=n, address=address(Scheme.TEL, n)) for n in (1, 2, 3)]
    taken = Suppressions(rows.pool, both).take(others, "amina", "list.csv", NOON)
    assert taken.recorded == 3
    assert rows.ask("SELECT count(*) FROM address WHERE channel = 'sms'") == [(3,)]
    for number in (1, 2, 3):
        found = Consents(rows.pool, both).of_address(address(Scheme.TEL, number))
        assert not found.verdicts[MessageClass.SAFETY].allowed


def test_a_list_waits_for_who_stores_or_erases_customers(rows: Rows, database_url: str) -> None:
    """An address that was found might be erased before it is barred; two lists share."""
    keys = sealed(rows.pool, 1)
    with psycopg.connect(database_url) as other:
        other.execute("SELECT pg_advisory_xact_lock_shared(%s)", [STORING])
        assert Suppressions(rows.pool, keys).take([LISTED], "amina", "a.csv", NOON).recorded == 1
    with psycopg.connect(database_url) as other, rows.pool.connection() as connection:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [STORING])
        connection.execute("SET LOCAL lock_timeout = '20ms'")
        with pytest.raises(ConflictError, match="Another process is storing customers"):
            addresses.find_or_add(connection, [PHONE], keys)
        connection.rollback()
    with psycopg.connect(database_url) as other, rows.pool.connection() as connection:
        addresses.find_or_add(connection, [PHONE], keys)
        query = "SELECT pg_try_advisory_xact_lock(%s)"
        assert other.execute(query, [STORING]).fetchone() == (False,)
