"""Areas in PostgreSQL: versions that never change, and names for the latest of each.

A campaign's expression may name a version: `"Old town #3f2a91c04b7d"`. Such a version is kept when
the area is changed or deleted, as long as there is the campaign.
"""

import difflib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, LiteralString

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.audience.areas import geojson
from broadcaster.audience.areas.circle import checked
from broadcaster.audience.areas.pieces import Cut, Grid, cut
from broadcaster.audience.areas.shape import Shape, square_km, vertices
from broadcaster.audience.areas.version import (
    Cells,
    Circle,
    Listed,
    Sort,
    Version,
    circle_text,
    digest,
    list_text,
    parted,
)
from broadcaster.errors import ConflictError, InvalidInputError, NotFoundError

_LONGEST_NAME = 100
#: How many areas there may be.
_MOST = 10_000
#: The advisory lock of whoever stores areas; any number that nobody else uses.
_LOCK = 0x4152454153
_LONGEST_SOURCE = 200
#: How long a statement, and a wait for the next one, may take while storing, milliseconds.
_PATIENCE = 600_000

_COLUMNS: LiteralString = (
    "version.id, version.name, version.kind, version.hash, version.geometry, version.source,"
    " version.vertices, version.square_km, version.created_at"
)
_FROM_LATEST: LiteralString = (
    " FROM area JOIN area_version AS version ON version.id = area.version_id"
)
_LATEST: LiteralString = "SELECT " + _COLUMNS + _FROM_LATEST
_VERSIONS: LiteralString = "SELECT " + _COLUMNS + " FROM area_version AS version"  # noqa: S608  (ours)
_OF_HASH: LiteralString = (
    _VERSIONS + " WHERE version.name = %(name)s AND starts_with(version.hash, %(digits)s)"
)
_INSERT = """
INSERT INTO area_version (name, kind, hash, geometry, source, vertices, square_km,
    west, south, width, height, columns, rows, cells)
VALUES (%(name)s, %(kind)s, %(hash)s, %(geometry)s, %(source)s, %(vertices)s, %(square_km)s,
    %(west)s, %(south)s, %(width)s, %(height)s, %(columns)s, %(rows)s, %(cells)s)
RETURNING id
"""
_NAME = """
INSERT INTO area (name, version_id) VALUES (%(name)s, %(version)s)
ON CONFLICT (name) DO UPDATE SET version_id = excluded.version_id, updated_at = now()
    WHERE area.version_id <> excluded.version_id
"""
_PIECES = "COPY area_piece FROM STDIN"
_GRID = "SELECT west, south, width, height, columns, rows, cells FROM area_version WHERE id = %s"

# What neither a name nor a campaign stands for any more.
_FORGET = """
DELETE FROM area_version AS version
WHERE NOT EXISTS (SELECT FROM area WHERE area.version_id = version.id)
  AND NOT EXISTS (SELECT FROM campaign
      WHERE position(version.name || ' #' || left(version.hash, 12) IN campaign.expression) > 0)
"""
_USED_BY = """
SELECT name FROM segment WHERE position('area ' || %s IN expression) > 0 ORDER BY name LIMIT 5
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Saved:
    """A version that was stored, and whether its area was new, changed, or the same already."""

    version: Version
    became: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Given:
    """An area as it is to be stored."""

    name: str
    sort: Sort
    geometry: str
    source: str
    vertices: int = 0
    square_km: float = 0.0


class Areas:
    """Saved areas."""

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        """Use a database with the present schema."""
        self._pool = pool

    def save_shapes(self, shapes: Iterable[tuple[str, Shape]], source: str) -> Sequence[Saved]:
        """Store shapes without faults under checked names; all of them or none.

        InvalidInputError when one is too intricate.
        """
        with self._storing() as connection:
            return [
                _save(
                    connection,
                    _Given(
                        name=name,
                        sort=Sort.POLYGON,
                        geometry=geojson.written(shape),
                        source=source,
                        vertices=vertices(shape),
                        square_km=square_km(shape),
                    ),
                    shape,
                )
                for name, shape in shapes
            ]

    def save_circle(self, name: str, longitude: float, latitude: float, metres: float) -> Saved:
        """Store a circle; InvalidInputError when it is impossible."""
        x, y = checked(longitude, latitude, metres)
        given = _Given(
            name=name_of(name),
            sort=Sort.CIRCLE,
            geometry=circle_text(Circle(x=x, y=y, metres=metres)),
            source="circle",
            square_km=math.pi * (metres / 1000) ** 2,
        )
        with self._storing() as connection:
            return _save(connection, given)

    def save_lists(self, lists: Mapping[str, Listed], source: str) -> Sequence[Saved]:
        """Store lists of values under checked names; all of them or none."""
        with self._storing() as connection:
            return [
                _save(
                    connection,
                    _Given(name=name, sort=Sort.LIST, geometry=list_text(listed), source=source),
                )
                for name, listed in lists.items()
            ]

    @contextmanager
    def _storing(self) -> Iterator[Connection[Any]]:
        """Give a transaction in which nobody else stores areas."""
        with self._pool.connection() as connection:
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            # Between two statements a large shape is cut, which takes its time.
            for name in ("statement_timeout", "idle_in_transaction_session_timeout"):
                connection.execute("SELECT set_config(%s, %s, true)", [name, str(_PATIENCE)])
            yield connection
            connection.execute(_FORGET)
            connection.execute("ANALYZE area_piece")

    def list(self) -> Sequence[Version]:
        """List the latest versions by name."""
        with self._pool.connection() as connection:
            rows = connection.execute(_LATEST + ' ORDER BY area.name COLLATE "C"').fetchall()
        return [_version(row) for row in rows]

    def get(self, reference: str) -> Version:
        """Give the latest version of an area, or the one that is named with its hash.

        NotFoundError with the nearest name there is.
        """
        name, digits = parted(plain(reference))
        query = _LATEST + " WHERE area.name = %(name)s" if digits is None else _OF_HASH
        with self._pool.connection() as connection:
            found = _one(connection, query, {"name": name, "digits": digits})
        if found is None:
            raise self._missing(name)
        return found

    def cells(self, version: int) -> Cells:
        """Read what the lookup of a version of polygons needs; NotFoundError."""
        with self._pool.connection() as connection:
            row = connection.execute(_GRID, [version]).fetchone()
        if row is None or row[6] is None:
            raise NotFoundError("area", f"version {version} has no cells", "Import it again.")
        west, south, width, height, columns, rows, cells = row
        grid = Grid(west=west, south=south, width=width, height=height, columns=columns, rows=rows)
        return Cells(grid=grid, cells=bytes(cells))

    def pieces(self, version: int) -> int:
        """Count the pieces of a version."""
        query = "SELECT count(*) FROM area_piece WHERE version_id = %s"
        with self._pool.connection() as connection:
            (count,) = connection.execute(query, [version]).fetchone() or (0,)
        return int(count)

    def delete(self, name: str) -> None:
        """Delete an area; campaigns keep the version that they were made with.

        NotFoundError; ConflictError while a saved segment asks about it.
        """
        tidy = plain(name)
        quoted = '"' + tidy.replace("\\", "\\\\").replace('"', '\\"') + '"'
        with self._pool.connection() as connection:
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            users = [row[0] for row in connection.execute(_USED_BY, [quoted]).fetchall()]
            if users:
                message = f"Segments ask about {tidy!r}: {', '.join(users)}. Change them first."
                raise ConflictError(message)
            found = connection.execute("DELETE FROM area WHERE name = %s", [tidy])
            if found.rowcount:
                connection.execute(_FORGET)
                return
        raise self._missing(name)

    def _missing(self, name: str) -> NotFoundError:
        near = difflib.get_close_matches(name, [one.name for one in self.list()], n=1)
        listed = "Type 'broadcaster areas list' for those there are."
        remedy = f'Did you mean "{near[0]}"?' if near else listed
        return NotFoundError("area", f"{name[:_LONGEST_NAME]!r} does not exist", remedy)


def _save(connection: Connection[Any], given: _Given, shape: Shape = ()) -> Saved:
    columns = {
        "name": given.name,
        "kind": given.sort.value,
        "hash": digest(given.sort, given.geometry),
        "geometry": given.geometry,
        "source": given.source[:_LONGEST_SOURCE],
        "vertices": given.vertices,
        "square_km": given.square_km,
    }
    before = _one(connection, _LATEST + " WHERE area.name = %(name)s", columns)
    if before is not None and before.hash == columns["hash"]:
        return Saved(version=before, became="unchanged")
    if before is None:
        _room(connection)
    # The same place again, after another one, is the version that it was then.
    query = _VERSIONS + " WHERE version.name = %(name)s AND version.hash = %(hash)s"
    found = _one(connection, query, columns)
    version = found.id if found else _insert(connection, columns, cut(shape) if shape else None)
    connection.execute(_NAME, {"name": given.name, "version": version})
    stored = found or _one(connection, query, columns)
    assert stored is not None  # noqa: S101  (just stored)
    return Saved(version=stored, became="changed" if before else "new")


def _grid_columns(cut: Cut | None) -> dict[str, object]:
    names = ("west", "south", "width", "height", "columns", "rows")
    if cut is None:
        return dict.fromkeys((*names, "cells"))
    return {**{name: getattr(cut.grid, name) for name in names}, "cells": cut.cells}


def _insert(connection: Connection[Any], columns: Mapping[str, object], cut: Cut | None) -> int:
    row = connection.execute(_INSERT, {**columns, **_grid_columns(cut)}).fetchone()
    assert row is not None  # noqa: S101  (a row was inserted)
    version = int(row[0])
    if cut is not None:
        with connection.cursor() as cursor, cursor.copy(_PIECES) as copy:
            for one in cut.pieces:
                copy.write_row((version, one.cell, one.low, one.high, *one.left, *one.right))
    return version


def _room(connection: Connection[Any]) -> None:
    (count,) = connection.execute("SELECT count(*) FROM area").fetchone() or (0,)
    if count >= _MOST:
        problem = f"there are {_MOST:,} areas already"
        raise InvalidInputError("name", problem, "Delete some.")


def _one(
    connection: Connection[Any], query: LiteralString, values: Mapping[str, object]
) -> Version | None:
    row = connection.execute(query, values).fetchone()
    return None if row is None else _version(row)


def _version(row: Sequence[Any]) -> Version:
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


def plain(name: str) -> str:
    """Tidy a name; one that the database could not hold is none of ours."""
    text = " ".join(name.split())
    return text if text.isprintable() else ""


def name_of(name: str) -> str:
    """Check a name for an area; InvalidInputError."""
    text = plain(name)
    if not text or len(text) > _LONGEST_NAME:
        problem = "is empty, too long or has control characters"
        remedy = f"Give 1 to {_LONGEST_NAME} printable characters."
        raise InvalidInputError("name", problem, remedy)
    if parted(text)[1] is not None:
        problem = f"{text!r} ends as names of versions do"
        raise InvalidInputError("name", problem, "Give it another end.")
    return text
