"""Keeping an erased person's addresses from being used, without keeping them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from psycopg import Connection

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

_SUPPRESS = f"""
INSERT INTO suppression (address_id, class, reason, source, at)
SELECT barred.id, class, 'erased', 'erasure', %(now)s
FROM ({_CLASSES}) AS barred CROSS JOIN unnest(barred.classes) AS class
ON CONFLICT DO NOTHING
"""  # noqa: S608  (joined from our own constants)

# Where there is a history of consent, what bars follows from it.
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
    row = connection.execute("SELECT to_regclass('consent_record') IS NOT NULL").fetchone()
    connection.execute(_RECORD if row == (True,) else _SUPPRESS, values)
