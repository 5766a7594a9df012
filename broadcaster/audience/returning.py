"""Customers who come back: what outlived them when they were erased or forgotten holds again."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, LiteralString

from psycopg import Connection

from broadcaster.ports import Place, Sealer

_ANY = "SELECT EXISTS (SELECT FROM kept_refusal)"
_NEW: LiteralString = "SELECT number FROM staged_customer WHERE inserted"
_UNKNOWN: LiteralString = "SELECT number FROM staged_customer WHERE customer_id IS NULL"

# It becomes a part of the customer's history, where it can be seen and lifted like any other.
_RESTORE = """
WITH back AS (
    DELETE FROM kept_refusal
    USING unnest(%(digests)s::bytea[], %(numbers)s::text[]) AS came (digest, number)
    WHERE kept_refusal.digest = came.digest
    RETURNING came.number, channel, class, ground, source, at
)
INSERT INTO consent_record
    (customer_id, channel, ground, classes, granted, source, at, proof, recorded_by)
SELECT customer_id, channel, ground, array_agg(DISTINCT class), false, source, at,
       'kept when the customer of this number was erased or forgotten', 'erasure'
FROM back JOIN staged_customer USING (number)
GROUP BY customer_id, channel, ground, source, at
"""

# As `staging` counts it of those who are here: a consent that would not overturn the refusal.
_WOULD_BE_LEFT = """
SELECT count(*)
FROM unnest(%(digests)s::bytea[], %(numbers)s::text[]) AS came (digest, number)
JOIN kept_refusal AS kept USING (digest)
JOIN staged_consent AS said ON said.number = came.number AND said.channel = kept.channel
    AND said.class = kept.class AND said.granted
WHERE kept.ground = 'wish' AND NOT COALESCE(
    (kept.source IN ('import', 'made') OR kept.at < %(as_of)s::timestamptz)
    AND kept.at <= COALESCE(%(as_of)s::timestamptz, 'infinity'), false)
"""


class Returning:
    """Looks for those of the customers just stored who were here before."""

    def __init__(self, connection: Connection[Any], sealer: Sealer | None) -> None:
        """Look once whether there is anything to look for; a plain database has nothing."""
        self._connection = connection
        self._sealer = sealer if connection.execute(_ANY).fetchone() == (True,) else None

    def left(self, as_of: datetime | None) -> int:
        """Count consents that would not count beside what outlived those who would be new."""
        given = self._digests(_UNKNOWN)
        if given is None:
            return 0
        row = self._connection.execute(_WOULD_BE_LEFT, {**given, "as_of": as_of}).fetchone()
        return int(row[0]) if row else 0

    def restore(self) -> None:
        """Put in force again what outlived the customers that are staged and new."""
        given = self._digests(_NEW)
        if given is not None:
            self._connection.execute(_RESTORE, given)

    def _digests(self, who: LiteralString) -> Mapping[str, Sequence[object]] | None:
        if self._sealer is None:
            return None
        pairs = [
            (digest, number)
            for (number,) in self._connection.execute(who).fetchall()
            for digest in self._sealer.digests(Place.NUMBER, number)
        ]
        return {"digests": [one for one, _ in pairs], "numbers": [one for _, one in pairs]}
