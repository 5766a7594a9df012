"""The table of attributes: read as a whole."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, LiteralString

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.audience.attributes import Attribute, Catalogue, Kind

_ALL: LiteralString = """
SELECT name, kind::text, labels, choices, retired FROM attribute ORDER BY position, name
"""
#: The columns of a row, in their order.
Row = tuple[str, str, Mapping[str, str], Sequence[Mapping[str, Any]], bool]


class Definitions:
    """The attributes that customers can have, in PostgreSQL."""

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        """Use a database with the present schema."""
        self._pool = pool

    def catalogue(self) -> Catalogue:
        """Read all as they are now; what is read does not change any more."""
        with self._pool.connection() as connection:
            return read(connection)


def read(connection: Connection[Any]) -> Catalogue:
    """Read all attributes in a transaction of the caller's."""
    return from_rows(connection.execute(_ALL).fetchall())


def from_rows(rows: Sequence[Row]) -> Catalogue:
    """Make the catalogue of rows in their order."""
    return Catalogue(
        MappingProxyType(
            {
                name: Attribute(
                    kind=Kind(kind),
                    labels=MappingProxyType(dict(labels)),
                    choices=MappingProxyType(
                        {one["name"]: MappingProxyType(dict(one["labels"])) for one in choices}
                    ),
                    retired=retired,
                )
                for name, kind, labels, choices, retired in rows
            }
        )
    )
