"""Saved column mappings, kept in the database as the JSON that people read and change."""

import difflib
from collections.abc import Sequence
from typing import Any

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.audience.columns import known_columns
from broadcaster.audience.definitions import read
from broadcaster.audience.mapping import ColumnMapping, read_mapping, write_mapping
from broadcaster.audience.saved_names import checked, tidied
from broadcaster.errors import InvalidInputError, NotFoundError

#: How many mappings there may be.
_MOST = 1_000


class Mappings:
    """Saved mappings in PostgreSQL."""

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        """Use a database with the present schema."""
        self._pool = pool

    def save(self, name: str, mapping: ColumnMapping) -> None:
        """Save a mapping, or change the one of that name; InvalidInputError when it is wrong."""
        text = checked(name)
        content = write_mapping(mapping)
        # What is saved can be read again: whatever was put together is checked as a whole.
        read_mapping(content, self._columns())
        with self._pool.connection() as connection:
            (count,) = connection.execute("SELECT count(*) FROM column_mapping").fetchone() or (0,)
            if count >= _MOST:
                problem = f"there are {_MOST} mappings already"
                raise InvalidInputError("name", problem, "Delete some.")
            connection.execute(
                "INSERT INTO column_mapping (name, content) VALUES (%(name)s, %(content)s)"
                " ON CONFLICT (name) DO UPDATE"
                " SET content = excluded.content, updated_at = now()",
                {"name": text, "content": content},
            )

    def _columns(self) -> Sequence[str]:
        with self._pool.connection() as connection:
            return known_columns(read(connection))

    def list(self) -> Sequence[str]:
        """List the names in order."""
        with self._pool.connection() as connection:
            rows = connection.execute(
                'SELECT name FROM column_mapping ORDER BY name COLLATE "C"'
            ).fetchall()
        return [str(name) for (name,) in rows]

    def get(self, name: str) -> ColumnMapping:
        """Give a mapping; NotFoundError with the nearest name there is.

        InvalidInputError when it names an attribute that is no more.
        """
        with self._pool.connection() as connection:
            row = connection.execute(
                "SELECT content FROM column_mapping WHERE name = %s", [tidied(name)]
            ).fetchone()
        if row is None:
            raise self._missing(name)
        return read_mapping(row[0], self._columns())

    def delete(self, name: str) -> None:
        """Delete a mapping; NotFoundError."""
        with self._pool.connection() as connection:
            found = connection.execute("DELETE FROM column_mapping WHERE name = %s", [tidied(name)])
        if not found.rowcount:
            raise self._missing(name)

    def _missing(self, name: str) -> NotFoundError:
        close = difflib.get_close_matches(name, self.list(), n=1)
        listed = "Type 'broadcaster mappings list' for those there are."
        remedy = f'Did you mean "{close[0]}"?' if close else listed
        return NotFoundError("mapping", f"{name!r} does not exist", remedy)
