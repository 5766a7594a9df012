"""Customers who come back: what outlived them when they were erased or forgotten holds again."""

from typing import Any

from psycopg import Connection

from broadcaster.ports import Place, Sealer

_ANY = "SELECT EXISTS (SELECT FROM kept_refusal)"
_NEW = "SELECT number FROM staged_customer WHERE inserted"

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


class Returning:
    """Looks for those of the customers just stored who were here before."""

    def __init__(self, connection: Connection[Any], sealer: Sealer | None) -> None:
        """Look once whether there is anything to look for; a plain database has nothing."""
        self._connection = connection
        self._sealer = sealer if connection.execute(_ANY).fetchone() == (True,) else None

    def restore(self) -> int:
        """Put in force again what outlived the customers that are staged and new; how much."""
        if self._sealer is None:
            return 0
        numbers = [number for (number,) in self._connection.execute(_NEW)]
        pairs = [
            (digest, number)
            for number in numbers
            for digest in self._sealer.digests(Place.NUMBER, number)
        ]
        given = {"digests": [one for one, _ in pairs], "numbers": [one for _, one in pairs]}
        return self._connection.execute(_RESTORE, given).rowcount
