"""Keeping erased people from being told what they must not be, without keeping who they were.

Their addresses stay barred, each as a digest. What is about the customer and not about an address
(an order, and the refusal of everything on a channel) is kept by a digest of their number: it holds
for any address that they come back with, and a household's shared number need not be barred.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, LiteralString

from psycopg import Connection

from broadcaster.ports import Place, Sealer

# For all that is not about life and limb, and for that too where the person had refused it.
_CLASSES = """
SELECT address.id, address.channel, array_agg(DISTINCT refused.class) AS classes
FROM address CROSS JOIN LATERAL (
    SELECT unnest('{service,promotional}'::message_class[]) AS class
    UNION
    SELECT class FROM consent
    WHERE consent.customer_id = %(customer)s AND consent.channel = address.channel
      AND NOT consent.granted) AS refused
WHERE address.id = ANY(%(addresses)s)
GROUP BY 1, 2
"""

# What bars follows from the history of consent.
_RECORD = f"""
INSERT INTO consent_record
    (address_id, channel, ground, classes, granted, source, at, proof, recorded_by)
SELECT barred.id, barred.channel, 'wish', barred.classes, false, 'operator', %(now)s,
       'erased at the request of the person', %(by)s
FROM ({_CLASSES}) AS barred
"""  # noqa: S608  (joined from our own constants)


def bar(
    connection: Connection[Any], customer: int, addresses: Sequence[int], by: str, now: datetime
) -> None:
    """Bar addresses for what the person, who is still there, may not be told any more."""
    values = {"customer": customer, "addresses": list(addresses), "by": by, "now": now}
    connection.execute(_RECORD, values)


#: Whether something of a `customer` has to outlive them.
TIED: LiteralString = """(
    EXISTS (SELECT FROM customer_suppression WHERE customer_id = customer.id)
    OR EXISTS (SELECT FROM consent WHERE customer_id = customer.id AND class = 'safety'
               AND NOT granted))"""

# Older rows may have a source that is none of today's.
_STANDING = """
SELECT customer_id, channel, class, ground, reason, at FROM customer_suppression
WHERE customer_id = ANY(%(customers)s)
UNION ALL
SELECT customer_id, channel, class, 'wish', source, at FROM consent
WHERE customer_id = ANY(%(customers)s) AND NOT granted AND EXISTS (
    SELECT FROM consent AS never
    WHERE never.customer_id = consent.customer_id AND never.channel = consent.channel
      AND never.class = 'safety' AND NOT never.granted)
"""
_KEEP = """
INSERT INTO kept_refusal (digest, channel, class, ground, source, at)
SELECT digest, channel, class, ground,
       CASE WHEN source = ANY (enum_range(NULL::consent_source)::text[])
           THEN source::consent_source ELSE 'earlier' END,
       at
FROM unnest(%(digests)s::bytea[], %(channels)s::channel[], %(classes)s::message_class[],
            %(grounds)s::consent_ground[], %(sources)s::text[], %(ats)s::timestamptz[])
    AS new (digest, channel, class, ground, source, at)
ON CONFLICT (digest, channel, class, ground) DO UPDATE SET
    source = excluded.source, at = excluded.at
"""


def remember(connection: Connection[Any], sealer: Sealer, people: Mapping[int, str]) -> None:
    """Keep what has to outlive customers, who are still there; their numbers by their ids."""
    rows = connection.execute(_STANDING, {"customers": list(people)}).fetchall()
    digests = {
        one: sealer.digests(Place.NUMBER, people[one])[0] for one in {row[0] for row in rows}
    }
    values = {
        "digests": [digests[row[0]] for row in rows],
        "channels": [row[1] for row in rows],
        "classes": [row[2] for row in rows],
        "grounds": [row[3] for row in rows],
        "sources": [row[4] for row in rows],
        "ats": [row[5] for row in rows],
    }
    connection.execute(_KEEP, values)
