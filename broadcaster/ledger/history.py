"""The history of consent: adding to it, and reading what is about a customer or an address.

What holds now (`consent`, `suppression`, `customer_suppression`) follows by a trigger in the same
statement; nobody else writes there.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg import Connection

from broadcaster.domain.consent import ConsentRecord
from broadcaster.ports import KEPT_RECORD, kept_record

_ADD = """
INSERT INTO consent_record (customer_id, address_id, channel, ground, classes, granted, source, at,
                            proof, recorded_by, recorded_at)
SELECT customer_id, address_id, channel, ground, classes::message_class[], granted, source, at,
       proof, recorded_by, %(now)s
FROM unnest(%(customers)s::bigint[], %(addresses)s::bigint[], %(channels)s::channel[],
            %(grounds)s::consent_ground[], %(classes)s::text[], %(granted)s::boolean[],
            %(sources)s::consent_source[], %(ats)s::timestamptz[], %(proofs)s::text[],
            %(bys)s::text[])
    AS said (customer_id, address_id, channel, ground, classes, granted, source, at, proof,
             recorded_by)
RETURNING id
"""

# The latest ones, where somebody changed their mind more often than can be read.
_OF_CUSTOMER = f"""
SELECT {KEPT_RECORD} FROM consent_record WHERE customer_id = %s ORDER BY at DESC, id DESC LIMIT %s
"""  # noqa: S608  (joined from our own constants)
_OF_ADDRESS = f"""
SELECT {KEPT_RECORD} FROM consent_record WHERE customer_id IS NULL AND address_id = ANY(%s)
ORDER BY at DESC, id DESC LIMIT %s
"""  # noqa: S608  (joined from our own constants)

#: The most records of one subject that are read; nobody changes their mind so often.
_MOST = 10_000


def add(connection: Connection[Any], records: Sequence[ConsentRecord], now: datetime) -> list[int]:
    """Add to the history, and give the records' ids; what holds now has followed."""
    values = {
        "now": now,
        "customers": [one.customer for one in records],
        "addresses": [one.address for one in records],
        "channels": [one.channel.value for one in records],
        "grounds": [one.ground.value for one in records],
        "classes": ["{" + ",".join(one.classes) + "}" for one in records],
        "granted": [one.granted for one in records],
        "sources": [one.source.value for one in records],
        "ats": [one.at for one in records],
        "proofs": [one.proof for one in records],
        "bys": [one.by for one in records],
    }
    return [id_ for (id_,) in connection.execute(_ADD, values)] if records else []


def of_customer(connection: Connection[Any], customer: int) -> list[ConsentRecord]:
    """Read what was said about a customer, the oldest first."""
    rows = connection.execute(_OF_CUSTOMER, [customer, _MOST]).fetchall()
    return [kept_record(row) for row in reversed(rows)]


def of_addresses(
    connection: Connection[Any], addresses: Sequence[int]
) -> Mapping[int, list[ConsentRecord]]:
    """Read what was said about each address, whoever has it, the oldest first."""
    found: dict[int, list[ConsentRecord]] = {address: [] for address in addresses}
    rows = connection.execute(_OF_ADDRESS, [list(addresses), _MOST]).fetchall()
    for record in map(kept_record, reversed(rows)):
        if record.address is not None:
            found[record.address].append(record)
    return found
