"""Addresses by their value: the one place outside imports where values are looked up or added."""

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg import Connection

from broadcaster.domain.message import Address, Channel, Scheme
from broadcaster.errors import NotFoundError

_ADD = """
INSERT INTO address (scheme, channel, value)
SELECT DISTINCT scheme, channel, value
FROM unnest(%(schemes)s::scheme[], %(channels)s::channel[], %(values)s::text[])
    AS new (scheme, channel, value)
ORDER BY scheme, value
ON CONFLICT (scheme, value) DO NOTHING
"""
_FIND = """
SELECT address.scheme, address.value, address.id
FROM unnest(%(schemes)s::scheme[], %(values)s::text[]) AS wanted (scheme, value)
JOIN address USING (scheme, value)
"""
_READ = "SELECT id, scheme, value FROM address WHERE id = ANY(%s)"

_SHOWN = 4


def find(connection: Connection[Any], address: Address) -> int:
    """Give an address's id; NotFoundError when nobody has it and no list names it."""
    found = _find(connection, [address])
    if not found:
        remedy = "Look for a mistake in it, or put it on the list with 'suppressions import'."
        raise NotFoundError("address", "is known of no customer and of no list", remedy)
    return next(iter(found.values()))


def find_or_add(
    connection: Connection[Any], addresses: Sequence[Address]
) -> Mapping[tuple[Scheme, str], int]:
    """Give the ids of addresses by scheme and value; those that nobody has yet are added.

    An address that is barred before any customer has it is barred for whoever comes with it.
    """
    values = {**_values(addresses), "channels": [one.scheme.channel.value for one in addresses]}
    connection.execute(_ADD, values)
    return _find(connection, addresses)


def read(connection: Connection[Any], ids: Sequence[int]) -> Mapping[int, Address]:
    """Read addresses by their ids."""
    return {
        id_: Address(scheme=Scheme(scheme), value=value, keys={})
        for id_, scheme, value in connection.execute(_READ, [list(ids)])
    }


def masked(address: Address) -> str:
    """Write an address so that who knows it knows it again, and nobody else learns it."""
    value = address.value
    if address.scheme.channel is Channel.EMAIL:
        local, _, domain = value.partition("@")
        return f"{local[:1]}…@{domain}"
    if address.scheme is Scheme.WEBPUSH:
        return f"{value[:20]}…{value[-_SHOWN:]}"
    return f"{value[:_SHOWN]}…{value[-2:]}"


def _find(
    connection: Connection[Any], addresses: Sequence[Address]
) -> Mapping[tuple[Scheme, str], int]:
    rows = connection.execute(_FIND, _values(addresses))
    return {(Scheme(scheme), value): id_ for scheme, value, id_ in rows}


def _values(addresses: Sequence[Address]) -> dict[str, list[str]]:
    return {
        "schemes": [one.scheme.value for one in addresses],
        "values": [one.value for one in addresses],
    }
