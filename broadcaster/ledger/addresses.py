"""Addresses by their value: the one place outside imports where values are looked up or added.

They are found by the keyed digest of their value where the database is sealed, by the value where
it is not, and by both while it is being sealed.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg import Connection
from psycopg.errors import LockNotAvailable

from broadcaster.domain.message import Address, Channel, Scheme
from broadcaster.errors import ConflictError, NotFoundError
from broadcaster.ports import (
    KNOWN_KEYS,
    STORING,
    Place,
    Sealer,
    Vault,
    address_text,
    open_address,
    seal_address,
)

_ADD = """
INSERT INTO address (scheme, channel, value)
SELECT DISTINCT scheme, channel, value
FROM unnest(%(schemes)s::scheme[], %(channels)s::channel[], %(values)s::text[])
    AS new (scheme, channel, value)
ORDER BY scheme, value
ON CONFLICT (scheme, value) DO NOTHING
"""
_ADD_SEALED = """
INSERT INTO address (scheme, channel, sealed, digest)
SELECT DISTINCT ON (digest) scheme, channel, sealed, digest
FROM unnest(%(schemes)s::scheme[], %(channels)s::channel[], %(sealed)s::bytea[],
            %(digests)s::bytea[])
    AS new (scheme, channel, sealed, digest)
ORDER BY digest
ON CONFLICT (digest) DO NOTHING
"""
_FIND = """
SELECT wanted.place, address.id
FROM unnest(%(places)s::integer[], %(schemes)s::scheme[], %(values)s::text[])
    AS wanted (place, scheme, value)
JOIN address USING (scheme, value)
"""
_FIND_SEALED = """
SELECT wanted.place, address.id
FROM unnest(%(places)s::integer[], %(digests)s::bytea[]) AS wanted (place, digest)
JOIN address USING (digest)
"""
_READ = """
SELECT id, scheme, value, sealed, digest FROM address WHERE id = ANY(%s)
"""

_SHOWN = 4

#: Which addresses have which ids, by scheme and value.
Ids = Mapping[tuple[Scheme, str], int]


def find(connection: Connection[Any], address: Address, vault: Vault) -> int:
    """Give an address's id; NotFoundError when nobody has it and no list names it."""
    found = _find(connection, [address], vault)
    if not found:
        remedy = "Look for a mistake in it, or put it on the list with 'suppressions import'."
        raise NotFoundError("address", "is known of no customer and of no list", remedy)
    return next(iter(found.values()))


def find_or_add(connection: Connection[Any], addresses: Sequence[Address], vault: Vault) -> Ids:
    """Give the ids of addresses; those that nobody has yet are added.

    An address that is barred before any customer has it is barred for whoever comes with it.
    Until the end of the transaction nobody stores, erases or forgets customers, who may take an
    address away that was found here. ConflictError while somebody does; ConfigurationError when
    the database is sealed with a key that is not here.
    """
    _keep(connection)
    sealer = vault.sealer(connection.execute(KNOWN_KEYS).fetchall())
    found = _find(connection, addresses, vault)
    new = [one for one in addresses if (one.scheme, one.value) not in found]
    if not new:
        return found
    common = {
        "schemes": [one.scheme.value for one in new],
        "channels": [one.scheme.channel.value for one in new],
    }
    if sealer is None:
        connection.execute(_ADD, {**common, "values": [one.value for one in new]})
    else:
        pairs = [_sealed(sealer, one) for one in new]
        digests, sealed = [digest for digest, _ in pairs], [locked for _, locked in pairs]
        connection.execute(_ADD_SEALED, {**common, "digests": digests, "sealed": sealed})
    return {**found, **_find(connection, new, vault)}


def read(connection: Connection[Any], ids: Sequence[int], vault: Vault) -> Mapping[int, Address]:
    """Read addresses by their ids; one that was erased has an empty value."""
    return {
        id_: open_address(vault, Scheme(scheme), (value, None), (sealed, digest))
        for id_, scheme, value, sealed, digest in connection.execute(_READ, [list(ids)])
    }


def masked(address: Address) -> str:
    """Write an address so that who knows it knows it again, and nobody else learns it."""
    value = address.value
    if not value:
        return "erased"
    if address.scheme.channel is Channel.EMAIL:
        local, _, domain = value.partition("@")
        return f"{local[:1]}…@{domain}"
    if address.scheme is Scheme.WEBPUSH:
        return f"{value[:20]}…{value[-_SHOWN:]}"
    return f"{value[:_SHOWN]}…{value[-2:]}"


def _keep(connection: Connection[Any]) -> None:
    """Wait for whoever stores customers, as long as one waits for a lock here."""
    try:
        connection.execute("SELECT pg_advisory_xact_lock_shared(%s)", [STORING])
    except LockNotAvailable as error:
        message = "Another process is storing customers. Try again when it has finished."
        raise ConflictError(message) from error


def _find(connection: Connection[Any], addresses: Sequence[Address], vault: Vault) -> Ids:
    places = list(range(len(addresses)))
    plain = {
        "places": places,
        "schemes": [one.scheme.value for one in addresses],
        "values": [one.value for one in addresses],
    }
    rows = connection.execute(_FIND, plain).fetchall()
    digests = [
        (place, digest)
        for place, one in zip(places, addresses, strict=True)
        for digest in vault.digests(Place.ADDRESS, address_text(one.scheme, one.value))
    ]
    if digests:
        values = {"places": [one for one, _ in digests], "digests": [one for _, one in digests]}
        rows += connection.execute(_FIND_SEALED, values).fetchall()
    return {(addresses[place].scheme, addresses[place].value): id_ for place, id_ in rows}


def _sealed(sealer: Sealer, address: Address) -> tuple[bytes, bytes]:
    text = address_text(address.scheme, address.value)
    digest = sealer.digests(Place.ADDRESS, text)[0]
    return digest, seal_address(sealer, digest, address.value, None)
