"""Tariffs of networks: what they ask from which day on, and who wrote it down."""

from collections.abc import Sequence
from typing import Any

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.domain.saying import said
from broadcaster.domain.tariff import Tariff
from broadcaster.errors import InvalidInputError
from broadcaster.ledger.audit import note

#: How many tariffs are kept at most; a list for the whole world has about a thousand.
MOST = 20_000

_READ = """
SELECT provider, prefix, price, per, currency, valid_from FROM tariff
ORDER BY provider, prefix, valid_from LIMIT %s
"""
_PUT = """
INSERT INTO tariff (provider, prefix, valid_from, price, per, currency, changed_by)
VALUES (%(provider)s, %(prefix)s, %(valid_from)s, %(price)s, %(per)s, %(currency)s, %(by)s)
ON CONFLICT (provider, prefix, valid_from) DO UPDATE SET
    price = excluded.price, per = excluded.per, currency = excluded.currency,
    changed_by = excluded.changed_by, changed_at = now()
WHERE (tariff.price, tariff.per, tariff.currency)
    IS DISTINCT FROM (excluded.price, excluded.per, excluded.currency)
"""


class TariffBook:
    """The tariffs that are known; each change leaves a line in the audit."""

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        """Use the pool's connections."""
        self._pool = pool

    def list(self) -> Sequence[Tariff]:
        """List all, by provider, prefix and day; twenty thousand at most."""
        with self._pool.connection() as connection:
            rows = connection.execute(_READ, [MOST]).fetchall()
        return [
            Tariff(
                provider=provider,
                prefix=prefix,
                price=price,
                per=per,
                currency=currency,
                valid_from=valid_from,
            )
            for provider, prefix, price, per, currency, valid_from in rows
        ]

    def put(self, entries: Sequence[Tariff], by: str) -> int:
        """Write all or none, in place of those of the same provider, prefix and day.

        Gives how many changed. InvalidInputError when there would be more than are kept.
        """
        with self._pool.connection() as connection:
            changed = 0
            for entry in entries:
                values = {name: getattr(entry, name) for name in Tariff.__slots__}
                changed += connection.execute(_PUT, {**values, "by": by}).rowcount
            (count,) = connection.execute("SELECT count(*) FROM tariff").fetchone() or (0,)
            if count > MOST:
                remedy = said("Leave out those of countries that you never write to.")
                raise InvalidInputError(
                    "tariffs",
                    said("%(count)s are more than %(most)s", count=count, most=MOST),
                    remedy,
                )
            if changed:
                providers = sorted({entry.provider for entry in entries})
                details = {"changed": changed, "providers": providers}
                note(connection, by, "set_tariffs", "tariffs", details)
        return changed
