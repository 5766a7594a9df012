"""Storing some thousand customers by COPY and set operations, inside a caller's transaction."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, LiteralString

from psycopg import Connection

from broadcaster.audience.fates import DAMAGED, NEWS, OVERTURNS, Fates, Origin, decide
from broadcaster.audience.given import Given
from broadcaster.audience.returning import Returning
from broadcaster.domain.customer import CustomerRecord
from broadcaster.domain.message import Address, Channel
from broadcaster.ports import (
    Place,
    Sealer,
    Vault,
    address_text,
    seal_address,
    seal_broken,
    seal_names,
)

_STAGES: LiteralString = """
CREATE TEMPORARY TABLE staged_customer (
    number text, name text, name_latin text, sealed bytea, name_digest bytea, latin_digest bytea,
    locales text[], time_zone text, attributes jsonb, household text, longitude double precision,
    latitude double precision, customer_id bigint, inserted boolean,
    same boolean NOT NULL DEFAULT false
) ON COMMIT DROP;
CREATE TEMPORARY TABLE staged_address (
    number text, scheme scheme, channel channel, ordinal smallint, value text, keys jsonb,
    sealed bytea, digest bytea, older bytea[]
) ON COMMIT DROP;
CREATE TEMPORARY TABLE staged_broken (
    number text, channel channel, raw text, fault text
) ON COMMIT DROP;
CREATE TEMPORARY TABLE staged_consent (
    number text, channel channel, class message_class, granted boolean
) ON COMMIT DROP;
"""

_EMPTY: LiteralString = "TRUNCATE staged_customer, staged_address, staged_broken, staged_consent"

#: Of those who are left alone no address is looked at again.
_UNTOUCHED: tuple[LiteralString, ...] = (
    """
    DELETE FROM staged_address USING staged_customer
    WHERE staged_customer.same AND staged_address.number = staged_customer.number
    """,
    """
    DELETE FROM staged_broken USING staged_customer
    WHERE staged_customer.same AND staged_broken.number = staged_customer.number
    """,
)

_CUSTOMERS: LiteralString = """
WITH stored AS (
    INSERT INTO customer (number, name, name_latin, sealed, name_digest, latin_digest, locales,
                          time_zone, attributes, household, longitude, latitude)
    SELECT number, name, name_latin, sealed, name_digest, latin_digest, locales, time_zone,
           attributes, household, longitude, latitude
    FROM staged_customer WHERE NOT same ORDER BY number
    ON CONFLICT (number) DO UPDATE SET
        name = excluded.name, name_latin = excluded.name_latin, sealed = excluded.sealed,
        name_digest = excluded.name_digest, latin_digest = excluded.latin_digest,
        locales = excluded.locales, time_zone = excluded.time_zone,
        attributes = excluded.attributes, household = excluded.household, updated_at = now(),
        -- A file that says nothing of places takes none away: nobody is lost to an area by it.
        longitude = COALESCE(excluded.longitude, customer.longitude),
        latitude = COALESCE(excluded.latitude, customer.latitude),
        left_at = NULL
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

# While not everything is sealed with the newest key: a value that is here already, plain or sealed
# with an older one, stays the one row that it is.
_ADOPTED: tuple[LiteralString, ...] = (
    """
    UPDATE address SET value = NULL, keys = NULL, digest = staged.digest, sealed = staged.sealed
    FROM (SELECT DISTINCT ON (digest) * FROM staged_address ORDER BY digest) AS staged
    WHERE address.scheme = staged.scheme AND address.value = staged.value
    """,
    """
    UPDATE address SET digest = staged.digest, sealed = staged.sealed
    FROM (SELECT DISTINCT ON (digest) * FROM staged_address ORDER BY digest) AS staged
    CROSS JOIN unnest(staged.older) AS old (digest)
    WHERE address.digest = old.digest
    """,
    # What was staged in plain for that is not kept.
    "UPDATE staged_address SET value = NULL",
)

# One that was erased and comes again has its value again. The keys of a browser may be new ones.
_SEALED_ADDRESSES: LiteralString = """
INSERT INTO address (scheme, channel, sealed, digest)
SELECT DISTINCT ON (digest) scheme, channel, sealed, digest
FROM staged_address ORDER BY digest
ON CONFLICT (digest) DO UPDATE SET sealed = excluded.sealed
    WHERE address.sealed IS NULL OR address.scheme = 'webpush'
"""

_MIXED: LiteralString = """
SELECT EXISTS (SELECT FROM address WHERE digest IS NULL)
    OR (SELECT count(*) FROM data_key WHERE retired_at IS NULL) > 1
"""

_REPLACED: tuple[LiteralString, ...] = (
    """
    DELETE FROM customer_address AS own USING staged_customer
    WHERE own.customer_id = staged_customer.customer_id
        AND NOT staged_customer.inserted
        AND own.channel = ANY (%(channels)s::channel[])
        AND NOT {damaged}
    """.replace("{damaged}", DAMAGED),
    """
    DELETE FROM broken_address USING staged_customer
    WHERE broken_address.customer_id = staged_customer.customer_id
        AND NOT staged_customer.inserted
        AND broken_address.channel = ANY (%(channels)s::channel[])
    """,
    """
    INSERT INTO broken_address (customer_id, channel, raw, fault)
    SELECT customer_id, channel, raw, fault
    FROM staged_broken JOIN staged_customer USING (number)
    ON CONFLICT DO NOTHING
    """,
)

# What a file says of consent is added to the history; what holds now follows from that (a trigger).
_SAID: LiteralString = """
INSERT INTO consent_record
    (customer_id, channel, ground, classes, granted, source, at, proof, recorded_by)
SELECT said.customer_id, said.channel, 'wish', ARRAY[said.class], said.granted,
       %(source)s::consent_source, COALESCE(%(as_of)s::timestamptz, now()), %(proof)s, %(source)s
FROM (
    SELECT DISTINCT ON (customer_id, channel, class) customer_id, channel, class, granted
    FROM staged_consent JOIN staged_customer USING (number)
    -- Of a refusal and a consent for the same, the refusal counts.
    ORDER BY customer_id, channel, class, granted
) AS said
LEFT JOIN consent ON consent.customer_id = said.customer_id
    AND consent.channel = said.channel AND consent.class = said.class
WHERE {news}
""".replace("{news}", NEWS)

_LEFT: LiteralString = """
SELECT count(*) FROM staged_consent AS said JOIN staged_customer USING (number)
JOIN consent ON consent.customer_id = staged_customer.customer_id
    AND consent.channel = said.channel AND consent.class = said.class
WHERE said.granted AND NOT consent.granted
"""

# The same, asked before anything is stored: those that would overturn the refusal don't count.
_WOULD_BE_LEFT: LiteralString = _LEFT + " AND NOT COALESCE(" + OVERTURNS + ", false)"

_JOINED: LiteralString = """
INSERT INTO customer_address (customer_id, channel, ordinal, address_id)
SELECT staged_customer.customer_id, staged_address.channel, staged_address.ordinal, address.id
FROM staged_address
JOIN staged_customer USING (number)
JOIN address USING """

_PLAIN_KEY: LiteralString = "(scheme, value)"
_SEALED_KEY: LiteralString = "(digest)"


def prepare(connection: Connection[Any]) -> None:
    """Make the tables to stage in; they go away with the transaction."""
    connection.execute(_STAGES)


def analyze(connection: Connection[Any]) -> None:
    """Renew what the database knows of sizes, which decides how it plans."""
    connection.execute("ANALYZE customer, address, customer_address, consent, broken_address")


class Stage:
    """Where customers are laid out and then stored, within a caller's transaction."""

    def __init__(
        self, connection: Connection[Any], origin: Origin, sealer: Sealer | None, vault: Vault
    ) -> None:
        """Seal what is stored where there is a sealer; the vault opens what is there already."""
        self._connection = connection
        self._origin = origin
        self._given = Given(origin.given)
        self._sealer = sealer
        self._vault = vault
        self._mixed = sealer is not None and connection.execute(_MIXED).fetchone() == (True,)
        self._key = _SEALED_KEY if sealer else _PLAIN_KEY
        self._returning = Returning(connection, sealer)

    def lay(self, records: Sequence[CustomerRecord]) -> Fates:
        """Lay customers of different numbers out, and say what storing them would do."""
        whole = self._given.with_names(self._connection, records, self._vault)
        _lay(self._connection, whole, self._sealer, mixed=self._mixed)
        self._given.complete(self._connection)
        return decide(self._connection, whole, self._origin, self._vault, self._key)

    def left(self) -> int:
        """Give how many consents would not count beside a refusal."""
        given = {"as_of": self._origin.as_of}
        (left,) = self._connection.execute(_WOULD_BE_LEFT, given).fetchone() or (0,)
        return int(left) + self._returning.left(self._origin.as_of)

    def store(self) -> int:
        """Store what was laid out; whoever is as before is left alone.

        Gives how many consents did not count beside a refusal.
        """
        execute = self._connection.execute
        for statement in (*_UNTOUCHED, _CUSTOMERS, *(_ADOPTED if self._mixed else ())):
            execute(statement)
        execute(_SEALED_ADDRESSES if self._sealer else _ADDRESSES)
        for statement in _REPLACED:
            execute(statement, {"channels": self._given.channels, "keep": self._given.of_file})
        execute(_JOINED + self._key)
        # Before what the file says: a consent in it yields to a refusal.
        self._returning.restore()
        execute(_SAID, self._origin._asdict())
        (left,) = execute(_LEFT).fetchone() or (0,)
        return int(left)


def _lay(
    connection: Connection[Any],
    records: Sequence[CustomerRecord],
    sealer: Sealer | None,
    *,
    mixed: bool,
) -> None:
    connection.execute(_EMPTY)
    _copy(
        connection,
        "staged_customer (number, name, name_latin, sealed, name_digest, latin_digest, locales,"
        " time_zone, attributes, household, longitude, latitude)",
        (_customer(record, sealer) for record in records),
    )
    _copy(
        connection,
        "staged_address",
        (row for record in records for row in _addresses(record, sealer, mixed=mixed)),
    )
    _copy(
        connection, "staged_broken", (row for record in records for row in _broken(record, sealer))
    )
    _copy(connection, "staged_consent", (row for record in records for row in _consents(record)))
    connection.execute("ANALYZE staged_customer, staged_address, staged_broken, staged_consent")


def _copy(
    connection: Connection[Any], target: LiteralString, rows: Iterable[Sequence[object]]
) -> None:
    with connection.cursor() as cursor, cursor.copy(f"COPY {target} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _customer(record: CustomerRecord, sealer: Sealer | None) -> tuple[object, ...]:
    return (
        record.number,
        *_names(record, sealer),
        list(record.locales),
        record.time_zone,
        json.dumps(dict(record.attributes), ensure_ascii=False, allow_nan=False),
        record.household,
        *(record.location or (None, None)),
    )


def _names(record: CustomerRecord, sealer: Sealer | None) -> tuple[object, ...]:
    if sealer is None:
        return record.name, record.name_latin, None, None, None
    latin = record.name_latin
    return (
        None,
        None,
        seal_names(sealer, record.number, record.name, latin),
        sealer.digests(Place.NAME, record.name)[0],
        None if latin is None else sealer.digests(Place.NAME_LATIN, latin)[0],
    )


def _addresses(
    record: CustomerRecord, sealer: Sealer | None, *, mixed: bool
) -> Iterable[tuple[object, ...]]:
    ordinals: dict[Channel, int] = {}
    seen = set()
    for address in record.addresses:
        if (address.scheme, address.value) in seen:
            continue
        seen.add((address.scheme, address.value))
        channel = address.scheme.channel
        ordinals[channel] = ordinals.get(channel, 0) + 1
        yield (
            record.number,
            address.scheme.value,
            channel.value,
            ordinals[channel],
            *_address(address, sealer, mixed=mixed),
        )


def _address(address: Address, sealer: Sealer | None, *, mixed: bool) -> tuple[object, ...]:
    """Give value and keys in plain, or sealed; a mixed database needs the value to compare."""
    if sealer is None:
        keys = json.dumps(dict(address.keys), sort_keys=True) if address.keys else None
        return address.value, keys, None, None, None
    text = address_text(address.scheme, address.value)
    digest, *older = sealer.digests(Place.ADDRESS, text)
    sealed = seal_address(sealer, digest, address.value, address.keys)
    return address.value if mixed else None, None, sealed, digest, older or None


def _broken(record: CustomerRecord, sealer: Sealer | None) -> Iterable[tuple[object, ...]]:
    # One that stands there twice would not be the same value twice when it is sealed.
    for broken in dict.fromkeys(record.broken):
        raw = seal_broken(sealer, record.number, broken) if sealer else broken.raw
        yield record.number, broken.channel.value, raw, broken.fault


def _consents(record: CustomerRecord) -> Iterable[tuple[object, ...]]:
    for granted, listed in ((False, record.opted_out), (True, record.consented)):
        for channel, message_class in listed:
            yield record.number, channel.value, message_class.value, granted
