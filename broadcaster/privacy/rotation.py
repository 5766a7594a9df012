"""Sealing what is plain, and sealing anew with the newest key, while everybody works on.

A key that the database does not know is noted first, while nobody stores customers: from then on
everything is stored with it, and found under both. Then rows are sealed anew some hundreds at a
time, each time in a transaction of its own; what is interrupted goes on where it was. Rows that
somebody else holds are passed over and looked at again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.domain.customer import BrokenAddress
from broadcaster.domain.message import Channel, Scheme
from broadcaster.errors import ConfigurationError, ConflictError
from broadcaster.ports import (
    KNOWN_KEYS,
    Place,
    Sealer,
    address_text,
    open_address,
    open_broken,
    open_names,
    seal_address,
    seal_broken,
    seal_names,
)
from broadcaster.privacy import tables
from broadcaster.privacy.audit import note
from broadcaster.privacy.vault import KeyVault

#: How many rows are sealed in one transaction: a few tens of milliseconds.
_BATCH = 500

_TABLES: tuple[LiteralString, ...] = ("customer", "address", "broken_address")

# What is not sealed with the newest key, by table. An erased address has no value to seal.
_STALE: Mapping[str, LiteralString] = {
    "customer": "(sealed IS NULL AND name IS NOT NULL OR substring(sealed FOR 2) <> %(prefix)s)",
    "address": "(digest IS NULL OR sealed IS NOT NULL AND substring(sealed FOR 2) <> %(prefix)s)",
    "broken_address": "raw NOT LIKE %(mark)s",
}

_CUSTOMERS = f"""
SELECT id, number, name, name_latin, sealed FROM customer
WHERE id > %(after)s AND {_STALE["customer"]}
ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
"""  # noqa: S608  (joined from our own constants)
_SEAL_CUSTOMERS = """
UPDATE customer SET name = NULL, name_latin = NULL, sealed = new.sealed,
    name_digest = new.name_digest, latin_digest = new.latin_digest
FROM unnest(%(ids)s::bigint[], %(sealed)s::bytea[], %(names)s::bytea[], %(latins)s::bytea[])
    AS new (id, sealed, name_digest, latin_digest)
WHERE customer.id = new.id
"""

_ADDRESSES = f"""
SELECT id, scheme, value, keys, sealed, digest FROM address
WHERE id > %(after)s AND {_STALE["address"]}
ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
"""  # noqa: S608  (joined from our own constants)
_SEAL_ADDRESSES = """
UPDATE address SET value = NULL, keys = NULL, sealed = new.sealed, digest = new.digest
FROM unnest(%(ids)s::bigint[], %(sealed)s::bytea[], %(digests)s::bytea[])
    AS new (id, sealed, digest)
WHERE address.id = new.id
"""

# By the whole key, as a row of this table has no number of its own; a value that is sealed sorts
# behind those before it or not at all, so the page begins at the customer and repeats nothing.
_BROKEN = f"""
SELECT broken.customer_id, customer.number, broken.channel, broken.raw, broken.fault
FROM broken_address AS broken JOIN customer ON customer.id = broken.customer_id
WHERE broken.customer_id > %(after)s AND broken.{_STALE["broken_address"]}
ORDER BY broken.customer_id LIMIT %(limit)s FOR UPDATE OF broken SKIP LOCKED
"""  # noqa: S608  (joined from our own constants)
_SEAL_BROKEN = """
UPDATE broken_address SET raw = new.sealed
FROM unnest(%(ids)s::bigint[], %(channels)s::channel[], %(raws)s::text[], %(sealed)s::text[])
    AS new (customer_id, channel, raw, sealed)
WHERE broken_address.customer_id = new.customer_id AND broken_address.channel = new.channel
  AND broken_address.raw = new.raw
"""

_KEYS = "SELECT id, made_at, retired_at FROM data_key ORDER BY id"

# Which keys something still needs; digests alone are of what was erased and stays barred.
_USED = """
SELECT key, sum(rows), COALESCE(sum(rows) FILTER (WHERE NOT opens), 0) FROM (
    SELECT substring(sealed FOR 2) AS key, true AS opens, count(*) AS rows
    FROM customer WHERE sealed IS NOT NULL GROUP BY 1
    UNION ALL
    SELECT substring(digest FOR 2), sealed IS NOT NULL, count(*)
    FROM address WHERE digest IS NOT NULL GROUP BY 1, 2
    UNION ALL
    SELECT decode(substring(raw FROM 8 FOR 4), 'hex'), true, count(*)
    FROM broken_address WHERE raw LIKE 'sealed:%' GROUP BY 1
    UNION ALL
    SELECT substring(digest FOR 2), false, count(*) FROM kept_refusal GROUP BY 1
) AS found GROUP BY 1
"""

_PLAIN = """
SELECT (SELECT count(*) FROM customer WHERE sealed IS NULL AND name IS NOT NULL)
     + (SELECT count(*) FROM address WHERE digest IS NULL)
     + (SELECT count(*) FROM broken_address WHERE raw NOT LIKE 'sealed:%')
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyStanding:
    """A key that the database knows: since when, until when, and how many rows need it.

    `erased` is how many of those are of erased people: recognised by it, and otherwise empty.
    """

    number: int
    made: datetime
    retired: datetime | None
    here: bool
    rows: int
    erased: int


class Rotation:
    """Seals a database, and seals it anew."""

    def __init__(self, pool: ConnectionPool[Connection[Any]], vault: KeyVault) -> None:
        """Use the pool's connections and the keys that are here."""
        self._pool = pool
        self._vault = vault

    def check(self) -> None:
        """Require that the keys are those of the database; ConfigurationError."""
        with self._pool.connection() as connection:
            # A database that is not yet at the present schema is not sealed.
            if connection.execute("SELECT to_regclass('data_key')").fetchone() != (None,):
                self._vault.sealer(_known(connection))

    def empty(self) -> bool:
        """Tell whether the database knows no key and nobody."""
        query = (
            "SELECT NOT EXISTS (SELECT FROM data_key) AND NOT EXISTS (SELECT FROM customer)"
            " AND NOT EXISTS (SELECT FROM address)"
        )
        with self._pool.connection() as connection:
            return connection.execute(query).fetchone() == (True,)

    def begin(self, by: str) -> int:
        """Have everything stored with the newest key from now on; its number.

        ConfigurationError when there is no key; ConflictError while somebody stores customers.
        """
        newest = self._vault.newest
        if newest is None:
            message = "There is no key of personal data. Make one with 'broadcaster keys make'."
            raise ConfigurationError(message)
        with self._pool.connection() as connection:
            if not tables.storing_waits(connection):
                message = "Another process is storing customers. Try again when it has finished."
                raise ConflictError(message)
            known = [number for number, _ in _known(connection)]
            if known and known[-1] > newest:
                raise ConfigurationError(
                    f"The database is sealed with key {known[-1]}, and the newest here is "
                    f"{newest}. Put the file of keys back that has it."
                )
            made = connection.execute(
                "INSERT INTO data_key (id, proof) VALUES (%s, %s)"
                " ON CONFLICT (id) DO UPDATE SET retired_at = NULL WHERE data_key.proof ="
                " excluded.proof AND data_key.retired_at IS NOT NULL",
                [newest, self._vault.proof(newest)],
            )
            self._vault.sealer(_known(connection))
            if made.rowcount:
                note(connection, by, "key_noted", f"data key {newest}")
        return newest

    def stale(self) -> int:
        """Count the rows that are plain, or sealed with an older key."""
        with self._pool.connection() as connection:
            _hurry_not(connection)
            values = _values(self._sealer(connection))
            counts = [
                connection.execute(
                    f"SELECT count(*) FROM {table} WHERE {_STALE[table]}",  # noqa: S608  (names are ours)
                    values,
                ).fetchone()
                or (0,)
                for table in _TABLES
            ]
        return sum(int(row[0]) for row in counts)

    def run(self) -> Iterator[int]:
        """Seal what is plain or sealed with an older key; how many rows in each step."""
        for seal in (self._customers, self._addresses, self._broken):
            after = 0
            while True:
                with self._pool.connection() as connection:
                    count, after = seal(connection, self._sealer(connection), after)
                if not count:
                    break
                yield count

    def retire(self, by: str) -> Sequence[int]:
        """Note of each older key that nothing needs it any more; which those are."""
        with self._pool.connection() as connection:
            _hurry_not(connection)
            newest = self._sealer(connection).key
            (plain,) = connection.execute(_PLAIN).fetchone() or (0,)
            needed = {newest} | {_number(key) for key, *_ in connection.execute(_USED)}
            if plain:
                return []
            rows = connection.execute(
                "UPDATE data_key SET retired_at = now() WHERE retired_at IS NULL"
                " AND NOT id = ANY(%s) RETURNING id",
                [sorted(needed)],
            ).fetchall()
            for (number,) in rows:
                note(connection, by, "key_retired", f"data key {number}")
        return sorted(number for (number,) in rows)

    def status(self) -> tuple[Sequence[KeyStanding], int]:
        """List the keys that the database knows, and count the rows that are plain."""
        with self._pool.connection() as connection:
            if connection.execute("SELECT to_regclass('data_key')").fetchone() == (None,):
                return [], 0
            _hurry_not(connection)
            used = {
                _number(key): (int(rows), int(erased))
                for key, rows, erased in connection.execute(_USED).fetchall()
            }
            (plain,) = connection.execute(_PLAIN).fetchone() or (0,)
            keys = [
                KeyStanding(
                    number=number,
                    made=made,
                    retired=retired,
                    here=number in self._vault.numbers,
                    rows=used.get(number, (0, 0))[0],
                    erased=used.get(number, (0, 0))[1],
                )
                for number, made, retired in connection.execute(_KEYS)
            ]
        return keys, int(plain)

    def _sealer(self, connection: Connection[Any]) -> Sealer:
        sealer = self._vault.sealer(_known(connection))
        if sealer is None:
            message = "The database is not sealed. Type 'broadcaster keys rotate'."
            raise ConfigurationError(message)
        return sealer

    def _customers(
        self, connection: Connection[Any], sealer: Sealer, after: int
    ) -> tuple[int, int]:
        rows = connection.execute(_CUSTOMERS, _page(sealer, after)).fetchall()
        new: dict[str, list[object]] = {"ids": [], "sealed": [], "names": [], "latins": []}
        for id_, number, plain, plain_latin, sealed in rows:
            name, latin = open_names(self._vault, number, (plain, plain_latin), sealed)
            new["ids"].append(id_)
            new["sealed"].append(seal_names(sealer, number, name, latin))
            new["names"].append(sealer.digests(Place.NAME, name)[0])
            latins = None if latin is None else sealer.digests(Place.NAME_LATIN, latin)[0]
            new["latins"].append(latins)
        connection.execute(_SEAL_CUSTOMERS, new)
        return len(rows), rows[-1][0] if rows else after

    def _addresses(
        self, connection: Connection[Any], sealer: Sealer, after: int
    ) -> tuple[int, int]:
        rows = connection.execute(_ADDRESSES, _page(sealer, after)).fetchall()
        new: dict[str, list[object]] = {"ids": [], "sealed": [], "digests": []}
        for id_, scheme, value, keys, sealed, digest in rows:
            found = open_address(self._vault, Scheme(scheme), (value, keys), (sealed, digest))
            text = address_text(found.scheme, found.value)
            now = sealer.digests(Place.ADDRESS, text)[0]
            new["ids"].append(id_)
            new["sealed"].append(seal_address(sealer, now, found.value, found.keys))
            new["digests"].append(now)
        connection.execute(_SEAL_ADDRESSES, new)
        return len(rows), rows[-1][0] if rows else after

    def _broken(self, connection: Connection[Any], sealer: Sealer, after: int) -> tuple[int, int]:
        rows = connection.execute(_BROKEN, _page(sealer, after)).fetchall()
        new: dict[str, list[object]] = {"ids": [], "channels": [], "raws": [], "sealed": []}
        for id_, number, channel, raw, fault in rows:
            plain = open_broken(self._vault, number, channel, raw)
            broken = BrokenAddress(channel=Channel(channel), raw=plain, fault=fault)
            new["ids"].append(id_)
            new["channels"].append(channel)
            new["raws"].append(raw)
            new["sealed"].append(seal_broken(sealer, number, broken))
        connection.execute(_SEAL_BROKEN, new)
        # A customer's may be more than fit: those that are left of the last one come next.
        return len(rows), rows[-1][0] - 1 if rows else after


def _known(connection: Connection[Any]) -> list[tuple[int, bytes]]:
    return [(number, proof) for number, proof in connection.execute(KNOWN_KEYS)]


def _page(sealer: Sealer, after: int) -> dict[str, object]:
    return {**_values(sealer), "after": after, "limit": _BATCH}


def _values(sealer: Sealer) -> dict[str, object]:
    prefix = sealer.key.to_bytes(2, "big")
    return {"prefix": prefix, "mark": f"sealed:{prefix.hex()}%"}


def _number(prefix: bytes) -> int:
    return int.from_bytes(prefix, "big")


def _hurry_not(connection: Connection[Any]) -> None:
    """Let a look at all rows take longer than other statements may."""
    connection.execute("SET LOCAL statement_timeout = '10min'")
