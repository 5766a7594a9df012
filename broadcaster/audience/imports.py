"""Imports that run by themselves: how far each is, and what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, LiteralString

from psycopg import Connection
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

from broadcaster.errors import ConflictError, NotFoundError

#: Whoever says nothing for so long is gone; then nothing was stored.
LOST = timedelta(minutes=5)

_BEGIN: LiteralString = """
INSERT INTO customer_import (file, mapping, dry_run, made_by, status, size, started_at, seen_at)
VALUES (%(file)s, %(mapping)s, %(dry_run)s, %(by)s, 'running', %(size)s, %(now)s, %(now)s)
RETURNING id
"""
_COLUMNS: LiteralString = """
SELECT id, file, mapping, dry_run, made_by, status, size, position, rows, figures, started_at,
       ended_at
FROM customer_import
"""
_MOVE: LiteralString = """
UPDATE customer_import SET position = %(position)s, rows = %(rows)s, seen_at = %(now)s
WHERE id = %(id)s AND status = 'running'
"""
_END: LiteralString = """
UPDATE customer_import SET status = %(status)s, figures = %(figures)s, rows = %(rows)s,
    position = size, seen_at = %(now)s, ended_at = %(now)s
WHERE id = %(id)s
"""
_LOSE: LiteralString = """
UPDATE customer_import SET status = 'lost', ended_at = %(now)s
WHERE status = 'running' AND seen_at < %(old)s
"""
_LOCK = 0x494D504F5254


@dataclass(frozen=True, kw_only=True, slots=True)
class Import:
    """An import; `position` of `size` octets is read. `figures` are there when it has ended."""

    id: int
    file: str
    mapping: str
    dry_run: bool
    made_by: str
    status: str
    size: int
    position: int
    rows: int
    figures: Mapping[str, Any] | None
    started_at: datetime
    ended_at: datetime | None


class Imports:
    """Imports in PostgreSQL."""

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        """Use the pool's connections."""
        self._pool = pool

    def begin(
        self, file: str, mapping: str, by: str, size: int, now: datetime, *, dry_run: bool
    ) -> Import:
        """Begin one; ConflictError while another runs."""
        values = {
            "file": file,
            "mapping": mapping,
            "dry_run": dry_run,
            "by": by,
            "size": size,
            "now": now,
            "old": now - LOST,
        }
        with self._pool.connection() as connection:
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            connection.execute(_LOSE, values)
            running = "SELECT id FROM customer_import WHERE status = 'running' LIMIT 1"
            row = connection.execute(running).fetchone()
            if row is not None:
                message = f"Import {row[0]} is running. Try again when it has ended."
                raise ConflictError(message)
            row = connection.execute(_BEGIN, values).fetchone()
        return self.get(row[0] if row else 0, now)

    def move(self, which: int, position: int, rows: int, now: datetime) -> None:
        """Note how far one is."""
        values = {"id": which, "position": position, "rows": rows, "now": now}
        with self._pool.connection() as connection:
            connection.execute(_MOVE, values)

    def end(
        self, which: int, status: str, figures: Mapping[str, object], rows: int, now: datetime
    ) -> None:
        """Note what came of one: `done` or `refused`."""
        values = {
            "id": which,
            "status": status,
            "figures": Jsonb(dict(figures)),
            "rows": rows,
            "now": now,
        }
        with self._pool.connection() as connection:
            connection.execute(_END, values)

    def get(self, which: int, now: datetime) -> Import:
        """Give one; NotFoundError."""
        with self._pool.connection() as connection:
            connection.execute(_LOSE, {"now": now, "old": now - LOST})
            row = connection.execute(_COLUMNS + " WHERE id = %s", [which]).fetchone()
        if row is None:
            raise NotFoundError("import", f"there is no {which}", "List the imports.")
        return _import(row)

    def page(self, before: int | None, limit: int) -> Sequence[Import]:
        """List them, the newest first."""
        query: LiteralString = (
            _COLUMNS
            + " WHERE %(before)s::integer IS NULL OR id < %(before)s"
            + " ORDER BY id DESC LIMIT %(limit)s"
        )
        with self._pool.connection() as connection:
            rows = connection.execute(query, {"before": before, "limit": limit}).fetchall()
        return [_import(row) for row in rows]


def _import(row: Sequence[Any]) -> Import:
    names = (
        *("id", "file", "mapping", "dry_run", "made_by", "status", "size", "position", "rows"),
        *("figures", "started_at", "ended_at"),
    )
    return Import(**dict(zip(names, row, strict=True)))
