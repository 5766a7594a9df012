"""The people of the team, and what they are on it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.errors import UniqueViolation
from psycopg_pool import ConnectionPool

from broadcaster.domain.access import Operator, Role, allowed
from broadcaster.errors import InvalidInputError, NotFoundError
from broadcaster.ports.auditing import note

_ADD = """
INSERT INTO operator (name, roles, created_at) VALUES (%s, %s, %s) RETURNING id
"""

_ONE = "SELECT id, name, roles, locale FROM operator WHERE lower(name) = lower(%s)"

#: A name is a line of the audit trail.
_LONGEST = 200


class Operators:
    """Operators in PostgreSQL; every change has its line in the audit trail."""

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        """Use the pool's connections."""
        self._pool = pool

    def add(self, name: str, roles: Iterable[Role], by: str, now: datetime) -> Operator:
        """Add somebody, who cannot enter yet; InvalidInputError for a name that is taken."""
        text = " ".join(name.split())
        if not text or len(text) > _LONGEST or not text.isprintable():
            remedy = f"Give 1 to {_LONGEST} printable characters."
            raise InvalidInputError("name", "is empty, too long or has control characters", remedy)
        mine = frozenset(roles)
        try:
            with self._pool.connection() as connection:
                row = connection.execute(_ADD, [text, sorted(mine), now]).fetchone()
                details = {"roles": sorted(mine)}
                note(connection, by, "operator_added", f"operator {text}", details)
        except UniqueViolation as error:
            remedy = "Take another name; 'broadcaster operators list' shows them."
            raise InvalidInputError("name", f"{text!r} is taken", remedy) from error
        if row is None:
            raise AssertionError
        return operator(row[0], text, mine, None)

    def get(self, name: str) -> Operator:
        """Find somebody by name; NotFoundError."""
        with self._pool.connection() as connection:
            row = connection.execute(_ONE, [" ".join(name.split())]).fetchone()
        if row is None:
            remedy = "'broadcaster operators list' shows them."
            raise NotFoundError("operator", f"there is none called {name[:60]!r}", remedy)
        return operator(row[0], row[1], map(Role, row[2]), row[3])


def operator(number: int, name: str, roles: Iterable[Role], locale: str | None) -> Operator:
    """Put an operator together, with what the roles allow."""
    mine = frozenset(roles)
    return Operator(id=number, name=name, roles=mine, actions=allowed(mine), locale=locale)
