"""What nobody uses any more: old receipts, browsers that are gone, who left, unused addresses."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from psycopg import Connection, sql

from broadcaster.ports import TO_BE_FOLLOWED, Sealer
from broadcaster.privacy import listed, tables
from broadcaster.privacy.barring import TIED, remember

#: What has a time of its own beside the classes of messages.
RECEIPTS = "receipts"
ADDRESSES = "addresses"
LEFT = "left"
DEVICES = "devices"
#: How many rows go in one transaction.
BATCH = 5000

_OLD_RECEIPTS = """
SELECT id FROM receipt WHERE applied_at IS NOT NULL AND received_at < %(before)s
"""

# Nobody has them, and no campaign that still is, or lately was, sent to them.
_UNUSED = f"""
SELECT id FROM address
WHERE (value IS NOT NULL OR sealed IS NOT NULL)
  AND NOT EXISTS (SELECT FROM customer_address WHERE address_id = address.id)
  AND NOT EXISTS (
      SELECT FROM campaign JOIN delivery ON delivery.campaign_id = campaign.id
      WHERE delivery.address_id = address.id
        AND (campaign.finished_at IS NULL OR campaign.finished_at > %(before)s
             OR {TO_BE_FOLLOWED}))
"""  # noqa: S608  (our own constant)
# Their push service said that there is nobody any more (404, 410), and nobody has said since then
# that there is. Tokens of apps come with lists of the utility, and go with them.
_DEAD = """
SELECT id FROM address
WHERE scheme = 'webpush'
  AND EXISTS (SELECT FROM suppression WHERE address_id = address.id AND ground = 'fitness'
              AND reason = 'gone' AND at < %(before)s)
  AND EXISTS (SELECT FROM customer_address WHERE address_id = address.id)
"""
_LET_GO = "DELETE FROM customer_address WHERE address_id = ANY(%s) RETURNING customer_id"
# A follower is a browser and nothing else.
_FOLLOWERS = """
UPDATE customer SET left_at = %(now)s, updated_at = %(now)s
WHERE id = ANY(%(customers)s) AND follower AND left_at IS NULL
  AND NOT EXISTS (SELECT FROM customer_address WHERE customer_id = customer.id)
"""
# Who has left the utility: their row stays for those deliveries that still name it, without them.
# In a database without a key nothing could outlive them: then those stay of whom something has to.
_GONE = f"""
SELECT id, number FROM customer
WHERE left_at < %(before)s AND (name IS NOT NULL OR sealed IS NOT NULL)
  AND (%(sealed)s OR NOT {TIED})
"""  # noqa: S608  (joined from our own constants)
# What is not on this list is about the person, also what is added to the table later.
_COLUMNS = """
SELECT column_name FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = 'customer'
  AND NOT column_name = ANY('{id,number,locales,time_zone,created_at,updated_at}')
ORDER BY ordinal_position
"""

_BARRED = "EXISTS (SELECT FROM suppression WHERE address_id = address.id)"
_CHOSEN = {RECEIPTS: _OLD_RECEIPTS, DEVICES: _DEAD, LEFT: _GONE, ADDRESSES: _UNUSED}


def count(connection: Connection[Any], what: str, before: datetime, sealer: Sealer | None) -> int:
    """Count what has been out of use since before that moment."""
    query = f"SELECT count(*) FROM ({_CHOSEN[what]}) AS unused"  # noqa: S608  (our own constants)
    row = connection.execute(query, {"before": before, "sealed": sealer is not None}).fetchone()
    return int(row[0]) if row else 0


def take(
    connection: Connection[Any], what: str, before: datetime, sealer: Sealer | None, now: datetime
) -> int:
    """Let go of what has been out of use since before then, up to `BATCH` rows; how many."""
    values = {"before": before, "limit": BATCH, "sealed": sealer is not None, "now": now}
    if what == LEFT:
        return _left(connection, values, sealer)
    if what == DEVICES:
        return _dead(connection, values)
    return _receipts(connection, values) if what == RECEIPTS else _unused(connection, values)


def _dead(connection: Connection[Any], values: Mapping[str, object]) -> int:
    """Part browsers from whose they were; the addresses go as others that nobody has."""
    dead = f"{_DEAD} ORDER BY id LIMIT %(limit)s FOR UPDATE"
    ids = [id_ for (id_,) in connection.execute(dead, values)]
    owners = [customer for (customer,) in connection.execute(_LET_GO, [ids])]
    connection.execute(_FOLLOWERS, {"customers": owners, "now": values["now"]})
    return len(ids)


def _receipts(connection: Connection[Any], values: Mapping[str, object]) -> int:
    query = f"DELETE FROM receipt WHERE id IN ({_OLD_RECEIPTS} ORDER BY id LIMIT %(limit)s)"  # noqa: S608  (our own constants)
    return connection.execute(query, values).rowcount


def _unused(connection: Connection[Any], values: Mapping[str, object]) -> int:
    chosen = f"{_UNUSED} AND (digest IS NOT NULL OR NOT {_BARRED}) ORDER BY id LIMIT %(limit)s"
    ids = [id_ for (id_,) in connection.execute(f"{chosen} FOR UPDATE", values)]
    connection.execute(
        f"UPDATE address SET value = NULL, keys = NULL, sealed = NULL, place = NULL"  # noqa: S608  (as above)
        f" WHERE id = ANY(%s) AND {_BARRED}",
        [ids],
    )
    connection.execute(
        f"DELETE FROM address WHERE id = ANY(%s) AND NOT {_BARRED}",  # noqa: S608  (as above)
        [ids],
    )
    return len(ids)


def _left(connection: Connection[Any], values: Mapping[str, object], sealer: Sealer | None) -> int:
    columns = _columns(connection)
    gone = f"{_GONE} ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED"
    people = dict(connection.execute(gone, values).fetchall())
    ids = list(people)
    listed.clean(connection, people.values())
    if sealer is not None:
        remember(connection, sealer, people)
    for table in ("customer_address", "broken_address", "consent"):
        connection.execute(
            f"DELETE FROM {table} WHERE customer_id = ANY(%s)",  # noqa: S608  (our own names)
            [ids],
        )
    for column, table in tables.others(connection):
        if column == "customer_id":
            tables.forget(connection, table, column, ids)
    emptied = sql.SQL(", ").join(
        sql.SQL("{} = DEFAULT").format(sql.Identifier(name))
        for name in columns
        if name != "left_at"
    )
    query = sql.SQL("UPDATE customer SET number = 'left-' || id, {} WHERE id = ANY(%s)")
    connection.execute(query.format(emptied), [ids])
    return len(ids)


def _columns(connection: Connection[Any]) -> list[str]:
    return [name for (name,) in connection.execute(_COLUMNS)]
