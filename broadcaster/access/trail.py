"""Reading the audit trail: the newest first, a page at a time, by what is asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg_pool import ConnectionPool

#: Lines of a page.
PAGE = 50

#: A condition that is not asked for is always true; the planner sees the values.
_READ = """
SELECT id, at, actor, action, subject, details FROM audit
WHERE (%(before)s::bigint IS NULL OR id < %(before)s)
  AND (%(actor)s::text IS NULL OR actor = %(actor)s)
  AND (%(action)s::text IS NULL OR action = %(action)s)
  AND (%(subject)s::text IS NULL OR subject = %(subject)s)
  AND (%(since)s::timestamptz IS NULL OR at >= %(since)s)
  AND (%(until)s::timestamptz IS NULL OR at < %(until)s)
ORDER BY id DESC LIMIT %(limit)s
"""

#: Each word once, by going from one to the next in the index instead of reading all lines.
_ACTIONS = """
WITH RECURSIVE word AS (
    (SELECT action FROM audit ORDER BY action LIMIT 1)
    UNION ALL
    SELECT (SELECT action FROM audit WHERE action > word.action ORDER BY action LIMIT 1)
    FROM word WHERE word.action IS NOT NULL
)
SELECT action FROM word WHERE action IS NOT NULL LIMIT 500
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What is asked for; None is anything. `until` is not reached."""

    actor: str | None = None
    action: str | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """Who did what to which thing; details hold ids and counts."""

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    details: Mapping[str, Any]


class Trail:
    """The audit trail in PostgreSQL, which is append only."""

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        """Use the pool's connections."""
        self._pool = pool

    def read(self, wanted: Wanted) -> tuple[Sequence[Line], bool]:
        """Give a page, and whether there are older lines."""
        values = {
            "before": wanted.before,
            "actor": wanted.actor,
            "action": wanted.action,
            "subject": wanted.subject,
            "since": wanted.since,
            "until": wanted.until,
            "limit": PAGE + 1,
        }
        with self._pool.connection() as connection:
            rows = connection.execute(_READ, values, prepare=False).fetchall()
        lines = [
            Line(id=row[0], at=row[1], actor=row[2], action=row[3], subject=row[4], details=row[5])
            for row in rows[:PAGE]
        ]
        return lines, len(rows) > PAGE

    def actions(self) -> Sequence[str]:
        """List what was ever done."""
        with self._pool.connection() as connection:
            return [row[0] for row in connection.execute(_ACTIONS).fetchall()]
