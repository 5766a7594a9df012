"""Rows of areas as values, and the names by which areas go."""

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString

from psycopg import Connection

from broadcaster.audience.areas.version import Sort, Version, parted
from broadcaster.audience.saved_names import checked
from broadcaster.domain.saying import said
from broadcaster.errors import InvalidInputError

_COLUMNS: LiteralString = (
    "version.id, version.name, version.kind, version.hash, version.geometry, version.source,"
    " version.vertices, version.square_km, version.created_at"
)
_FROM_LATEST: LiteralString = (
    " FROM area JOIN area_version AS version ON version.id = area.version_id"
)
LATEST: LiteralString = "SELECT " + _COLUMNS + _FROM_LATEST
VERSIONS: LiteralString = "SELECT " + _COLUMNS + " FROM area_version AS version"  # noqa: S608  (ours)
OF_HASH: LiteralString = (
    VERSIONS + " WHERE version.name = %(name)s AND starts_with(version.hash, %(digits)s)"
)


def one(
    connection: Connection[Any], query: LiteralString, values: Mapping[str, object]
) -> Version | None:
    """Read the version that a query gives; None when it gives none."""
    row = connection.execute(query, values).fetchone()
    return None if row is None else version_of(row)


def version_of(row: Sequence[Any]) -> Version:
    """Read a row of the columns of a version."""
    number, name, kind, digest_, geometry, source, count, surface, at = row
    return Version(
        id=number,
        name=name,
        sort=Sort(kind),
        hash=digest_,
        geometry=geometry,
        source=source,
        vertices=count,
        square_km=surface,
        created_at=at.isoformat(timespec="seconds"),
    )


def name_of(name: str) -> str:
    """Check a name for an area; InvalidInputError."""
    text = checked(name)
    if parted(text)[1] is not None:
        problem = said("%(text)s ends as names of versions do", text=repr(text))
        raise InvalidInputError("name", problem, said("Give it another end."))
    return text
