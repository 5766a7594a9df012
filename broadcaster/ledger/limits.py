"""Limits that were changed while running: the truth that every worker reads."""

from collections.abc import Mapping
from typing import Any

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.ledger.audit import note
from broadcaster.ports import Change

#: How many changes are kept at most; far more than anybody has limits.
_MOST = 1000

#: A change must not wait for a free connection for long: it is asked for before every slice.
_PATIENCE = 2.0

_READ = "SELECT name, rate, changed_by, changed_at FROM rate_limit LIMIT %s"

#: The moment tells which of two changes is newer, so it never stands still.
_CHANGE = """
INSERT INTO rate_limit (name, rate, changed_by, changed_at)
VALUES (%(name)s, %(rate)s, %(by)s, clock_timestamp())
ON CONFLICT (name) DO UPDATE SET
    rate = excluded.rate,
    changed_by = excluded.changed_by,
    changed_at = greatest(
        excluded.changed_at, rate_limit.changed_at + interval '1 microsecond'
    )
RETURNING (SELECT before.rate FROM rate_limit AS before WHERE before.name = %(name)s)
"""


class RateLimits:
    """Which limits were changed, by whom and when; each change leaves a line in the audit."""

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        """Use the pool's connections."""
        self._pool = pool

    def changes(self) -> Mapping[str, Change]:
        """Give all changes by the name of their limit; UnavailableError."""
        with self._pool.connection(_PATIENCE) as connection:
            rows = connection.execute(_READ, [_MOST]).fetchall()
        return {
            name: Change(rate=rate, changed_by=by, changed_at=at) for name, rate, by, at in rows
        }

    def change(self, name: str, rate: float | None, by: str) -> None:
        """Set a limit to units a second, or back to what the settings say (None)."""
        with self._pool.connection() as connection:
            values = {"name": name, "rate": rate, "by": by}
            (before,) = connection.execute(_CHANGE, values).fetchone() or (None,)
            action = "reset_limit" if rate is None else "set_limit"
            note(connection, by, action, f"limit {name}", {"before": before, "rate": rate})
