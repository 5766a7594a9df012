"""Who is on the team, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from psycopg import Connection
from psycopg_pool import ConnectionPool

_ROSTER: LiteralString = """
SELECT id, name, roles, locale, created_at, disabled_at IS NULL FROM operator
WHERE id > %s ORDER BY id LIMIT %s
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """Somebody of the team, as they are listed."""

    id: int
    name: str
    roles: tuple[str, ...]
    locale: str | None
    created_at: datetime
    active: bool


class Roster:
    """The team in PostgreSQL."""

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        """Use the pool's connections."""
        self._pool = pool

    def page(self, after: int, limit: int) -> Sequence[Member]:
        """List those behind a number."""
        with self._pool.connection() as connection:
            rows = connection.execute(_ROSTER, [after, limit]).fetchall()
        return [
            Member(
                id=id_,
                name=name,
                roles=tuple(roles),
                locale=locale,
                created_at=created,
                active=active,
            )
            for id_, name, roles, locale, created, active in rows
        ]
