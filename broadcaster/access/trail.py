"""Reading the audit trail, the newest lines first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from psycopg import Connection
from psycopg_pool import ConnectionPool

_LINES: LiteralString = """
SELECT id, at, actor, action, subject, details FROM audit
WHERE (%(before)s::bigint IS NULL OR id < %(before)s)
  AND (%(subject)s::text IS NULL OR subject = %(subject)s)
  AND (%(actor)s::text IS NULL OR actor = %(actor)s)
  AND (%(action)s::text IS NULL OR action = %(action)s)
  AND (%(since)s::timestamptz IS NULL OR at >= %(since)s)
  AND (%(until)s::timestamptz IS NULL OR at < %(until)s)
ORDER BY id DESC LIMIT %(limit)s
"""

#: Each word once, by going from one to the next in the index instead of reading all lines.
_ACTIONS: LiteralString = """
WITH RECURSIVE word AS (
    (SELECT action FROM audit ORDER BY action LIMIT 1)
    UNION ALL
    SELECT (SELECT action FROM audit WHERE action > word.action ORDER BY action LIMIT 1)
    FROM word WHERE word.action IS NOT NULL
)
SELECT action FROM word WHERE action IS NOT NULL LIMIT 500
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditLine:
    """Who did what to which thing, and when."""

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    details: Mapping[str, Any]


class AuditTrail:
    """The audit trail in PostgreSQL."""

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        """Use the pool's connections."""
        self._pool = pool

    def lines(
        self,
        *,
        before: int | None = None,
        subject: str | None = None,
        actor: str | None = None,
        action: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 50,
    ) -> Sequence[AuditLine]:
        """List the latest lines, those before a number; None and nothing: whatever it is.

        Those at `until` are left out.
        """
        values = {
            "before": before,
            "subject": subject,
            "actor": actor,
            "action": action,
            "since": since,
            "until": until,
            "limit": limit,
        }
        with self._pool.connection() as connection:
            connection.execute("SET LOCAL statement_timeout = '10s'")
            rows = connection.execute(_LINES, values).fetchall()
        names = ("id", "at", "actor", "action", "subject", "details")
        return [AuditLine(**dict(zip(names, row, strict=True))) for row in rows]

    def actions(self) -> Sequence[str]:
        """List what was ever done."""
        with self._pool.connection() as connection:
            return [row[0] for row in connection.execute(_ACTIONS).fetchall()]
