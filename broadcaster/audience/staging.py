"""Storing some thousand customers by COPY and set operations, inside a caller's transaction."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, LiteralString

from psycopg import Connection

from broadcaster.domain.customer import CustomerRecord
from broadcaster.domain.message import Channel

_STAGES: LiteralString = """
CREATE TEMPORARY TABLE staged_customer (
    number text, name text, name_latin text, locales text[], time_zone text, attributes jsonb,
    customer_id bigint, inserted boolean
) ON COMMIT DROP;
CREATE TEMPORARY TABLE staged_address (
    number text, scheme scheme, channel channel, ordinal smallint, value text, keys jsonb
) ON COMMIT DROP;
CREATE TEMPORARY TABLE staged_broken (
    number text, channel channel, raw text, fault text
) ON COMMIT DROP;
CREATE TEMPORARY TABLE staged_consent (
    number text, channel channel, class message_class, granted boolean
) ON COMMIT DROP;
"""

_EMPTY: LiteralString = "TRUNCATE staged_customer, staged_address, staged_broken, staged_consent"

_CUSTOMERS: LiteralString = """
WITH stored AS (
    INSERT INTO customer (number, name, name_latin, locales, time_zone, attributes)
    SELECT number, name, name_latin, locales, time_zone, attributes
    FROM staged_customer ORDER BY number
    ON CONFLICT (number) DO UPDATE SET
        name = excluded.name, name_latin = excluded.name_latin, locales = excluded.locales,
        time_zone = excluded.time_zone, attributes = excluded.attributes, updated_at = now()
    -- A row that was not there before has no transaction that ended it.
    RETURNING id, number, xmax = 0 AS inserted
)
UPDATE staged_customer SET customer_id = stored.id, inserted = stored.inserted
FROM stored WHERE stored.number = staged_customer.number
"""

#: Values are shared: a household's number is one row.
_ADDRESSES: LiteralString = """
INSERT INTO address (scheme, channel, value, keys)
SELECT DISTINCT ON (scheme, value) scheme, channel, value, keys
FROM staged_address ORDER BY scheme, value
ON CONFLICT (scheme, value) DO UPDATE SET keys = excluded.keys
    WHERE address.keys IS DISTINCT FROM excluded.keys
"""

_REPLACED: tuple[LiteralString, ...] = (
    """
    DELETE FROM customer_address USING staged_customer
    WHERE customer_address.customer_id = staged_customer.customer_id
        AND NOT staged_customer.inserted
    """,
    """
    INSERT INTO customer_address (customer_id, channel, ordinal, address_id)
    SELECT staged_customer.customer_id, staged_address.channel, staged_address.ordinal, address.id
    FROM staged_address
    JOIN staged_customer USING (number)
    JOIN address USING (scheme, value)
    """,
    """
    DELETE FROM broken_address USING staged_customer
    WHERE broken_address.customer_id = staged_customer.customer_id
        AND NOT staged_customer.inserted
    """,
    """
    INSERT INTO broken_address (customer_id, channel, raw, fault)
    SELECT customer_id, channel, raw, fault
    FROM staged_broken JOIN staged_customer USING (number)
    ON CONFLICT DO NOTHING
    """,
    """
    INSERT INTO consent (customer_id, channel, class, granted, source)
    SELECT DISTINCT ON (customer_id, channel, class)
        customer_id, channel, class, granted, %(source)s
    FROM staged_consent JOIN staged_customer USING (number)
    -- Of a refusal and a consent for the same, the refusal counts.
    ORDER BY customer_id, channel, class, granted
    ON CONFLICT (customer_id, channel, class) DO UPDATE
        SET granted = excluded.granted, source = excluded.source, at = now()
        WHERE NOT excluded.granted AND consent.granted
            OR excluded.granted AND consent.source = excluded.source
    """,
)


def prepare(connection: Connection[Any]) -> None:
    """Make the tables to stage in; they go away with the transaction."""
    connection.execute(_STAGES)


def analyze(connection: Connection[Any]) -> None:
    """Renew what the database knows of sizes, which decides how it plans."""
    connection.execute("ANALYZE customer, address, customer_address, consent, broken_address")


def store(connection: Connection[Any], records: Sequence[CustomerRecord], source: str) -> int:
    """Store customers of different numbers; how many of them are new."""
    connection.execute(_EMPTY)
    _copy(
        connection,
        "staged_customer (number, name, name_latin, locales, time_zone, attributes)",
        (_customer(record) for record in records),
    )
    _copy(connection, "staged_address", (row for record in records for row in _addresses(record)))
    _copy(connection, "staged_broken", (row for record in records for row in _broken(record)))
    _copy(connection, "staged_consent", (row for record in records for row in _consents(record)))
    connection.execute("ANALYZE staged_customer, staged_address, staged_broken, staged_consent")
    connection.execute(_CUSTOMERS)
    connection.execute(_ADDRESSES)
    for statement in _REPLACED:
        connection.execute(statement, {"source": source})
    row = connection.execute("SELECT count(*) FROM staged_customer WHERE inserted").fetchone()
    return int(row[0]) if row else 0


def _copy(
    connection: Connection[Any], target: LiteralString, rows: Iterable[Sequence[object]]
) -> None:
    with connection.cursor() as cursor, cursor.copy(f"COPY {target} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _customer(record: CustomerRecord) -> tuple[object, ...]:
    return (
        record.number,
        record.name,
        record.name_latin,
        list(record.locales),
        record.time_zone,
        json.dumps(dict(record.attributes), ensure_ascii=False, allow_nan=False),
    )


def _addresses(record: CustomerRecord) -> Iterable[tuple[object, ...]]:
    ordinals: dict[Channel, int] = {}
    seen = set()
    for address in record.addresses:
        if (address.scheme, address.value) in seen:
            continue
        seen.add((address.scheme, address.value))
        channel = address.scheme.channel
        ordinals[channel] = ordinals.get(channel, 0) + 1
        keys = json.dumps(dict(address.keys), sort_keys=True) if address.keys else None
        yield (
            record.number,
            address.scheme.value,
            channel.value,
            ordinals[channel],
            address.value,
            keys,
        )


def _broken(record: CustomerRecord) -> Iterable[tuple[object, ...]]:
    for broken in record.broken:
        yield record.number, broken.channel.value, broken.raw, broken.fault


def _consents(record: CustomerRecord) -> Iterable[tuple[object, ...]]:
    for granted, listed in ((False, record.opted_out), (True, record.consented)):
        for channel, message_class in listed:
            yield record.number, channel.value, message_class.value, granted
