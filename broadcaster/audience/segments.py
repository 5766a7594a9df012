"""Segments: named, saved expressions."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.audience.definitions import Definitions
from broadcaster.audience.expression import canonical
from broadcaster.audience.query import parse
from broadcaster.errors import InvalidInputError, NotFoundError

_LONGEST_NAME = 100
#: How many segments there may be.
_MOST = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Segment:
    """A named expression, in its canonical form."""

    name: str
    expression: str


class Segments:
    """Saved segments in PostgreSQL."""

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        """Use a database with the present schema."""
        self._pool = pool
        self._definitions = Definitions(pool)

    def save(self, name: str, expression: str) -> Segment:
        """Save a segment, or change the one of that name; campaigns made before keep theirs.

        InvalidInputError when the name or the expression is wrong.
        """
        segment = Segment(
            name=_checked(name),
            expression=canonical(parse(expression, self._definitions.catalogue())),
        )
        with self._pool.connection() as connection:
            (count,) = connection.execute("SELECT count(*) FROM segment").fetchone() or (0,)
            if count >= _MOST:
                problem = f"there are {_MOST} segments already"
                raise InvalidInputError("name", problem, "Delete some.")
            connection.execute(
                "INSERT INTO segment (name, expression) VALUES (%(name)s, %(expression)s)"
                " ON CONFLICT (name) DO UPDATE"
                " SET expression = excluded.expression, updated_at = now()",
                {"name": segment.name, "expression": segment.expression},
            )
        return segment

    def list(self) -> Sequence[Segment]:
        """List all by name."""
        with self._pool.connection() as connection:
            rows = connection.execute(
                'SELECT name, expression FROM segment ORDER BY name COLLATE "C"'
            ).fetchall()
        return [Segment(name=name, expression=expression) for name, expression in rows]

    def get(self, name: str) -> Segment:
        """Give the segment; NotFoundError with the nearest name there is."""
        with self._pool.connection() as connection:
            row = connection.execute(
                "SELECT name, expression FROM segment WHERE name = %s", [_plain(name)]
            ).fetchone()
        if row is None:
            raise self._missing(name)
        return Segment(name=row[0], expression=row[1])

    def delete(self, name: str) -> None:
        """Delete the segment; campaigns keep the expression that they were made with."""
        with self._pool.connection() as connection:
            found = connection.execute("DELETE FROM segment WHERE name = %s", [_plain(name)])
        if not found.rowcount:
            raise self._missing(name)

    def _missing(self, name: str) -> NotFoundError:
        close = difflib.get_close_matches(name, [one.name for one in self.list()], n=1)
        listed = "Type 'broadcaster segments list' for those there are."
        remedy = f'Did you mean "{close[0]}"?' if close else listed
        return NotFoundError("segment", f"{name!r} does not exist", remedy)


def _plain(name: str) -> str:
    """Tidy a name; one that the database could not hold is none of ours."""
    text = " ".join(name.split())
    return text if text.isprintable() else ""


def _checked(name: str) -> str:
    text = _plain(name)
    if not text or len(text) > _LONGEST_NAME:
        remedy = f"Give 1 to {_LONGEST_NAME} printable characters."
        problem = "is empty, too long or has control characters"
        raise InvalidInputError("name", problem, remedy)
    if text.lower() == "all":
        problem = "'all' is an expression and would be taken for one"
        raise InvalidInputError("name", problem, "Give another name.")
    return text
