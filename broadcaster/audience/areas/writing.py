"""Storing a version of an area, in a transaction of the caller's."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from broadcaster.audience.areas.pieces import Cut, cut
from broadcaster.audience.areas.rows import LATEST, VERSIONS, one
from broadcaster.audience.areas.shape import Shape
from broadcaster.audience.areas.version import Sort, Version, digest
from broadcaster.domain.saying import Figure, said
from broadcaster.errors import InvalidInputError

#: How many areas there may be.
_MOST = 10_000
_LONGEST_SOURCE = 200

_INSERT = """
INSERT INTO area_version (name, kind, hash, geometry, source, vertices, square_km,
    west, south, width, height, columns, rows, cells)
VALUES (%(name)s, %(kind)s, %(hash)s, %(geometry)s, %(source)s, %(vertices)s, %(square_km)s,
    %(west)s, %(south)s, %(width)s, %(height)s, %(columns)s, %(rows)s, %(cells)s)
RETURNING id
"""
_WHOLE = "UPDATE area_version SET geometry = %(geometry)s WHERE id = %(id)s"
_NAME = """
INSERT INTO area (name, version_id) VALUES (%(name)s, %(version)s)
ON CONFLICT (name) DO UPDATE SET version_id = excluded.version_id, updated_at = now()
    WHERE area.version_id <> excluded.version_id
"""
_PIECES = "COPY area_piece FROM STDIN"


@dataclass(frozen=True, kw_only=True, slots=True)
class Saved:
    """A version that was stored, and whether its area was new, changed, or the same already."""

    version: Version
    became: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """An area as it is to be stored."""

    name: str
    sort: Sort
    geometry: str
    source: str
    vertices: int = 0
    square_km: float = 0.0


def save(connection: Connection[Any], given: Given, shape: Shape = ()) -> Saved:
    """Store an area whose name was checked, with its pieces; InvalidInputError if too intricate."""
    columns = {
        "name": given.name,
        "kind": given.sort.value,
        "hash": digest(given.sort, given.geometry),
        "geometry": given.geometry,
        "source": given.source[:_LONGEST_SOURCE],
        "vertices": given.vertices,
        "square_km": given.square_km,
    }
    before = one(connection, LATEST + " WHERE area.name = %(name)s", columns)
    if before is not None and before.hash == columns["hash"] and before.geometry == given.geometry:
        return Saved(version=before, became="unchanged")
    if before is None:
        _room(connection)
    # The same place again, after another one, is the version that it was then.
    query = VERSIONS + " WHERE version.name = %(name)s AND version.hash = %(hash)s"
    found = one(connection, query, columns)
    if found is not None and found.geometry != given.geometry:
        # Somebody who was on the list was erased, and is given again.
        connection.execute(_WHOLE, {**columns, "id": found.id})
        found = one(connection, query, columns)
    version = found.id if found else _insert(connection, columns, cut(shape) if shape else None)
    connection.execute(_NAME, {"name": given.name, "version": version})
    stored = found or one(connection, query, columns)
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
        problem = said("there are %(most)s areas already", most=Figure(_MOST))
        raise InvalidInputError("name", problem, said("Delete some."))
