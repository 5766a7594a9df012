"""Compositions: what somebody began to write and has not finished, kept as it was typed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

from broadcaster.errors import ConflictError, InvalidInputError, NotFoundError
from broadcaster.ledger.audit import note
from broadcaster.ledger.validity import person

#: The fields of a form by their names, each with its values in order.
Typed = Mapping[str, Sequence[str]]

_READ = """
SELECT id, content, version, created_by, created_at, changed_by, changed_at, campaign_id
FROM composition
"""

_BEGIN = """
INSERT INTO composition (content, created_by, created_at, changed_by, changed_at, campaign_id)
VALUES (%(content)s, %(by)s, %(now)s, %(by)s, %(now)s, %(campaign)s) RETURNING id
"""

_SAVE = """
UPDATE composition SET content = content || %(content)s, version = version + 1,
                       changed_by = %(by)s, changed_at = %(now)s
WHERE id = %(id)s
"""

#: So many may be unfinished at once.
_MOST = 500
#: So many are listed.
_LISTED = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Composition:
    """Something unfinished; `campaign` is the draft that it has become, None until then."""

    id: int
    content: Typed
    version: int
    created_by: str
    created_at: datetime
    changed_by: str
    changed_at: datetime
    campaign: int | None

    def text(self, name: str) -> str:
        """Give the first value of a field; empty when there is none."""
        return next(iter(self.content.get(name, ())), "")


class Compositions:
    """Unfinished compositions in PostgreSQL."""

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        """Use the pool's connections."""
        self._pool = pool

    def begin(self, content: Typed, by: str, now: datetime, campaign: int | None = None) -> int:
        """Keep a new one, or find that of a campaign; its number. InvalidInputError for too many.

        One that is for a campaign has no content of its own: the campaign has it.
        """
        who = person("by", by)
        with self._pool.connection() as connection:
            connection.execute("LOCK TABLE composition IN SHARE ROW EXCLUSIVE MODE")
            if campaign is not None:
                query = "SELECT id FROM composition WHERE campaign_id = %s"
                there = connection.execute(query, [campaign]).fetchone()
                if there is not None:
                    return int(there[0])
            else:
                query = "SELECT count(*) FROM composition WHERE campaign_id IS NULL"
                (count,) = connection.execute(query).fetchone() or (0,)
                if count >= _MOST:
                    problem = f"{count} drafts are unfinished already"
                    raise InvalidInputError("compose", problem, "Finish or discard some.")
            given = {"content": _kept(content), "by": who, "now": now, "campaign": campaign}
            row = connection.execute(_BEGIN, given).fetchone()
            number = int(row[0]) if row else 0
            if campaign is None:
                note(connection, who, "compose", f"composition {number}")
            return number

    def get(self, which: int) -> Composition:
        """Find one; NotFoundError."""
        with self._pool.connection() as connection:
            row = connection.execute(f"{_READ} WHERE id = %s", [which]).fetchone()
        if row is None:
            raise NotFoundError("compose", f"there is no draft {which}", "Begin a new one.")
        return _read(row)

    def unfinished(self) -> Sequence[Composition]:
        """List those that are no campaign yet, the last changed first."""
        with self._pool.connection() as connection:
            rows = connection.execute(
                f"{_READ} WHERE campaign_id IS NULL ORDER BY changed_at DESC LIMIT {_LISTED}"
            )
            return [_read(row) for row in rows]

    def save(self, which: int, content: Typed, version: int, by: str, now: datetime) -> None:
        """Keep some fields anew, when nobody else has changed it since `version`.

        ConflictError otherwise, or when it has become a campaign; NotFoundError.
        """
        who = person("by", by)
        with self._pool.connection() as connection:
            found = self._locked(connection, which)
            if found.version != version:
                raise ConflictError(f"{found.changed_by} has changed this draft meanwhile.")
            values = {"id": which, "content": _kept(content), "by": who, "now": now}
            connection.execute(_SAVE, values)

    def become(self, which: int, campaign: int) -> None:
        """Note which campaign it is now; what was typed is the campaign's from here on."""
        with self._pool.connection() as connection:
            self._locked(connection, which)
            query = "UPDATE composition SET campaign_id = %s, content = '{}' WHERE id = %s"
            connection.execute(query, [campaign, which])

    def discard(self, which: int, by: str) -> None:
        """Drop one that is no campaign; NotFoundError, ConflictError."""
        with self._pool.connection() as connection:
            self._locked(connection, which)
            connection.execute("DELETE FROM composition WHERE id = %s", [which])
            note(connection, person("by", by), "discard", f"composition {which}")

    def _locked(self, connection: Connection[Any], which: int) -> Composition:
        row = connection.execute(f"{_READ} WHERE id = %s FOR UPDATE", [which]).fetchone()
        if row is None:
            raise NotFoundError("compose", f"there is no draft {which}", "Begin a new one.")
        found = _read(row)
        if found.campaign is not None:
            raise ConflictError("This draft has become a campaign meanwhile.")
        return found


def _kept(content: Typed) -> Jsonb:
    return Jsonb({name: list(values) for name, values in content.items()})


def _read(row: Any) -> Composition:  # noqa: ANN401  (a row of `_READ`, of mixed types)
    return Composition(
        id=row[0],
        content=row[1],
        version=row[2],
        created_by=row[3],
        created_at=row[4],
        changed_by=row[5],
        changed_at=row[6],
        campaign=row[7],
    )
