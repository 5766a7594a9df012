"""The upgrade to the history of consent, while workers of the version before go on."""

import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg import sql

from broadcaster.domain.consent import Ground, Source
from broadcaster.domain.delivery import DeliveryId
from broadcaster.ledger import schema
from broadcaster.ledger.pool import open_pool
from tests.builders import NOON as NOON_OF_BUILDERS
from tests.builders import receipt, recorded, submission
from tests.rows import Rows
from tests.waiters import waiters

Connection = psycopg.Connection[tuple[object, ...]]

NOON = datetime(2020, 3, 20, 12, tzinfo=UTC)

# What the version before says to the database, word by word.
FORMER_CONSENT = """
INSERT INTO consent (customer_id, channel, class, granted, source, at)
SELECT %(customer)s, %(channel)s::channel, class, false, 'link', %(now)s
FROM unnest(%(classes)s::message_class[]) AS class
WHERE EXISTS (SELECT FROM customer WHERE id = %(customer)s)
ON CONFLICT (customer_id, channel, class)
DO UPDATE SET granted = false, source = excluded.source, at = excluded.at
WHERE consent.granted
"""
FORMER_SUPPRESS = """
INSERT INTO suppression (address_id, class, reason, source, at)
SELECT %(address)s, class, 'recipient_opted_out', 'link', %(now)s
FROM unnest(%(classes)s::message_class[]) AS class
WHERE EXISTS (SELECT FROM address WHERE id = %(address)s)
ON CONFLICT DO NOTHING
"""
FORMER_NEWS = """
INSERT INTO suppression (address_id, class, reason, source, at)
SELECT %(address)s, class, %(reason)s, %(source)s, %(now)s
FROM unnest(%(classes)s::message_class[]) AS class
ORDER BY class
ON CONFLICT DO NOTHING
"""
FORMER_IMPORT = """
INSERT INTO consent (customer_id, channel, class, granted, source)
SELECT DISTINCT ON (customer_id, channel, class)
    customer_id, channel, class, granted, 'import'
FROM (VALUES (%(customer)s::bigint, 'sms'::channel, 'promotional'::message_class, %(granted)s))
    AS staged (customer_id, channel, class, granted)
ORDER BY customer_id, channel, class, granted
ON CONFLICT (customer_id, channel, class) DO UPDATE
    SET granted = excluded.granted, source = excluded.source, at = now()
    WHERE NOT excluded.granted AND consent.granted
        OR excluded.granted AND consent.source = excluded.source
"""

_ALL = ["service", "promotional", "safety"]


def _people(url: str) -> None:
    """A customer with a number (1), a mailbox (2) and a device (3)."""
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO customer (number, name, locales, time_zone) VALUES ('1', 'x', '{}', 'UTC')"
        )
        connection.execute(
            "INSERT INTO address (scheme, channel, value) VALUES ('tel', 'sms', '+1'), "
            "('mailto', 'email', 'a@b.test'), ('fcm', 'push', 'token')"
        )


def _opt_out(url: str, now: datetime) -> list[int]:
    """Click in a warning that came by mail, as the version before notes it."""
    values = {"customer": 1, "channel": "email", "address": 2, "classes": _ALL, "now": now}
    with psycopg.connect(url) as connection:
        statements = (FORMER_CONSENT, FORMER_SUPPRESS)
        return [connection.execute(one, values).rowcount for one in statements]


def _ask(url: str, query: str) -> Sequence[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(sql.SQL(query)).fetchall()


def _held(url: str) -> set[tuple[object, ...]]:
    """Tell what bars: customers (0) and addresses, by class and ground."""
    return {
        *_ask(url, "SELECT 0, class::text, 'wish' FROM consent WHERE NOT granted"),
        *_ask(url, "SELECT address_id, class::text, ground::text FROM suppression"),
    }


_CLICKED = {
    (0, "service", "wish"),
    (0, "promotional", "wish"),
    (2, "service", "wish"),
    (2, "promotional", "wish"),
}


def test_one_click_of_the_version_before_ends_no_warnings(empty_database_url: str) -> None:
    """Of a click in a warning: it is in the history whole, and so is why safety goes on."""
    schema.upgrade(empty_database_url, "0005")
    _people(empty_database_url)
    assert _opt_out(empty_database_url, NOON) == [3, 3]
    schema.upgrade(empty_database_url)
    assert _held(empty_database_url) == _CLICKED
    said = _ask(
        empty_database_url,
        "SELECT granted, source, sum(cardinality(classes)), min(at) FROM consent_record "
        "WHERE 'safety' = ANY(classes) GROUP BY 1, 2, customer_id ORDER BY 1, 2",
    )
    later = NOON + timedelta(microseconds=1)
    assert [row[:2] for row in said] == [
        (False, Source.ONE_CLICK),
        (False, Source.ONE_CLICK),
        (True, Source.EARLIER),
        (True, Source.EARLIER),
    ]
    assert [row[3] for row in said] == [NOON, NOON, later, later]


def test_a_worker_of_the_version_before_goes_on(empty_database_url: str) -> None:
    """What it writes has its ground and its record; what it repeats changes nothing."""
    url = empty_database_url
    schema.upgrade(url)
    _people(url)
    assert _opt_out(url, NOON) == [2, 2]
    assert _held(url) == _CLICKED
    stop = {"address": 1, "reason": "recipient_opted_out", "source": "twilio", "now": NOON}
    gone = {"address": 3, "reason": "gone", "source": "fcm", "now": NOON}
    dead = {"address": 2, "reason": "unknown_address", "source": "smtp", "now": NOON}
    with psycopg.connect(url) as connection:
        for values, classes in ((stop, _ALL[:2]), (gone, _ALL), (dead, _ALL)):
            done = connection.execute(FORMER_NEWS, {**values, "classes": classes})
            assert done.rowcount == len(classes)
    held = {
        *_CLICKED,
        *((1, one, "carrier") for one in _ALL),
        *((3, one, "fitness") for one in _ALL),
        *((2, one, "fitness") for one in _ALL),
    }
    assert _held(url) == held
    before = _ask(url, "SELECT count(*) FROM consent_record")
    with psycopg.connect(url) as connection:
        for values, classes in ((stop, _ALL[:2]), (gone, _ALL), (dead, _ALL)):
            connection.execute(FORMER_NEWS, {**values, "classes": classes})
    _opt_out(url, NOON + timedelta(hours=1))
    assert _ask(url, "SELECT count(*) FROM consent_record") == before
    assert _held(url) == held
    _told_by_records(url)


def test_imports_of_the_version_before_are_in_the_history(empty_database_url: str) -> None:
    """Also where the row that they change was not copied yet."""
    url = empty_database_url
    schema.upgrade(url)
    _people(url)
    with psycopg.connect(url) as connection:
        # As if the copying had not come to it.
        connection.execute("ALTER TABLE consent DISABLE TRIGGER USER")
        connection.execute(FORMER_IMPORT, {"customer": 1, "granted": True})
        connection.execute("ALTER TABLE consent ENABLE TRIGGER USER")
    for granted in (False, True, True):
        with psycopg.connect(url) as connection:
            connection.execute(FORMER_IMPORT, {"customer": 1, "granted": granted})
    said = _ask(url, "SELECT granted, source FROM consent_record ORDER BY at")
    assert [one for one, _ in said] == [True, False, True, True]
    assert {source for _, source in said} == {Source.IMPORT}
    _told_by_records(url)


def test_an_interrupted_copy_goes_on(empty_database_url: str) -> None:
    """Each row has one record, whatever was copied before."""
    url = empty_database_url
    schema.upgrade(url, "0009")
    _people(url)
    _opt_out(url, NOON)
    with psycopg.connect(url) as connection:
        for table in ("consent", "suppression"):
            switch = sql.SQL("ALTER TABLE {} {} TRIGGER USER")
            connection.execute(switch.format(sql.Identifier(table), sql.SQL("DISABLE")))
        connection.execute(FORMER_IMPORT, {"customer": 1, "granted": True})
        stop = {"address": 1, "reason": "recipient_opted_out", "source": "twilio", "now": NOON}
        connection.execute(FORMER_NEWS, {**stop, "classes": _ALL[:2]})
        # The same click, from before there were grounds.
        again = {"address": 2, "reason": "recipient_opted_out", "source": "link", "now": NOON}
        connection.execute(FORMER_NEWS, {**again, "classes": _ALL})
        for table in ("consent", "suppression"):
            connection.execute(switch.format(sql.Identifier(table), sql.SQL("ENABLE")))
        connection.execute("UPDATE alembic_version SET version_num = '0008'")
    schema.upgrade(url)
    assert _held(url) == {*_CLICKED, *((1, one, "carrier") for one in _ALL)}
    _told_by_records(url)


@pytest.mark.parametrize("table", ["customer", "address", "consent", "suppression", "batch"])
def test_nobody_waits_behind_the_upgrade(
    empty_database_url: str, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While somebody holds a table for long, others go on, and the upgrade has its turn at last."""
    monkeypatch.setattr("broadcaster.ledger.upgrading._TURN", 0.01)
    url = empty_database_url
    schema.upgrade(url, "0006")
    _people(url)
    _opt_out(url, NOON)
    faults: list[Exception] = []

    def upgrade() -> None:
        try:
            schema.upgrade(url)
        except Exception as error:  # noqa: BLE001  (carried to the test's own thread)
            faults.append(error)

    held = sql.SQL("LOCK TABLE {} IN ROW EXCLUSIVE MODE").format(sql.Identifier(table))
    thread = threading.Thread(target=upgrade)
    with psycopg.connect(url) as holder, psycopg.connect(url, autocommit=True) as other:
        holder.execute(held)
        thread.start()
        for _ in range(2):
            while not waiters(holder):
                assert thread.is_alive(), faults
            other.execute("SET lock_timeout = '3s'")
            other.execute(sql.SQL("SELECT FROM {} LIMIT 1").format(sql.Identifier(table)))
        assert thread.is_alive(), "the holder has not ended"
    thread.join(timeout=60)
    assert faults == []
    assert schema.current(url) == schema.head()
    assert _held(url) == _CLICKED


def _told_by_records(url: str) -> None:
    """Each row that holds names the record that it follows from."""
    assert (
        _ask(
            url,
            "SELECT held.class FROM suppression AS held LEFT JOIN consent_record AS one "
            "ON one.id = held.record_id AND one.address_id = held.address_id "
            "AND one.ground = held.ground AND held.class = ANY(one.classes) AND NOT one.granted "
            "WHERE one.id IS NULL",
        )
        == []
    )
    assert (
        _ask(
            url,
            "SELECT held.class FROM consent AS held LEFT JOIN consent_record AS one "
            "ON one.id = held.record_id AND one.customer_id = held.customer_id "
            "AND one.ground = 'wish' AND held.class = ANY(one.classes) "
            "AND one.granted = held.granted "
            "WHERE one.id IS NULL",
        )
        == []
    )
    assert {ground for (ground,) in _ask(url, "SELECT ground FROM suppression")} <= set(Ground)


def test_the_version_before_goes_on_while_what_is_watched_is_added(empty_database_url: str) -> None:
    """A campaign is planned before the steps of this version, and sent and reported after them.

    What is said to the database meanwhile comes from the same prepared connections.
    """
    known = schema.revisions()
    schema.upgrade(empty_database_url, known[known.index("0027") - 1])
    with open_pool(empty_database_url, size=2, name="tests") as pool:
        rows = Rows(pool)
        campaign = rows.running()
        schema.upgrade(empty_database_url)
        rows.claimed(campaign, [1, 2])
        deliveries = [DeliveryId(campaign, number) for number in (1, 2)]
        rows.ledger.record([recorded(submission(one)) for one in deliveries], NOON_OF_BUILDERS)
        rows.ledger.receive([receipt(one) for one in deliveries], NOON_OF_BUILDERS)
        assert rows.ledger.apply_receipts(NOON_OF_BUILDERS, 10) == 2
        found = rows.ask("SELECT count(*) FROM delivery WHERE status = 'delivered'")
        assert found == [(2,)]
