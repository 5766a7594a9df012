"""Areas in PostgreSQL: versions that never change, and names for the latest of each.

A campaign's expression may name a version: `"Old town #3f2a91c04b7d"`. Such a version is kept when
the area is changed or deleted, as long as there is the campaign.
"""

import difflib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.audience.areas import geojson
from broadcaster.audience.areas.circle import checked
from broadcaster.audience.areas.pieces import Grid
from broadcaster.audience.areas.rows import LATEST, OF_HASH, name_of, one, version_of
from broadcaster.audience.areas.shape import Shape, square_km, vertices
from broadcaster.audience.areas.version import (
    Cells,
    Circle,
    Listed,
    Sort,
    Version,
    circle_text,
    list_text,
    parted,
)
from broadcaster.audience.areas.writing import Given, Saved, save
from broadcaster.audience.saved_names import tidied
from broadcaster.domain.saying import said
from broadcaster.errors import ConflictError, NotFoundError
from broadcaster.ports.auditing import note

#: The advisory lock of whoever stores areas; any number that nobody else uses.
_LOCK = 0x4152454153
#: How long a statement, and a wait for the next one, may take while storing, milliseconds.
_PATIENCE = 600_000

_GRID = "SELECT west, south, width, height, columns, rows, cells FROM area_version WHERE id = %s"

# What neither a name nor an expression stands for any more; a day later, for a campaign that is
# being made may name a version that has just been replaced. Hashes end a text in quotes there.
_FORGET = """
DELETE FROM area_version AS version
WHERE version.created_at < now() - interval '1 day'
  AND NOT EXISTS (SELECT FROM area WHERE area.version_id = version.id
      OR area.name = version.name AND area.updated_at > now() - interval '1 day')
  AND NOT EXISTS (SELECT FROM campaign
      WHERE position(' #' || left(version.hash, 12) || '"' IN campaign.expression) > 0)
  AND NOT EXISTS (SELECT FROM segment
      WHERE position(' #' || left(version.hash, 12) || '"' IN segment.expression) > 0)
"""
_USED_BY = """
SELECT name FROM segment WHERE position('area ' || %s IN expression) > 0 ORDER BY name LIMIT 5
"""


class Areas:
    """Saved areas."""

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        """Use a database with the present schema."""
        self._pool = pool

    def save_shapes(
        self, shapes: Iterable[tuple[str, Shape]], source: str, by: str = ""
    ) -> Sequence[Saved]:
        """Store shapes without faults under checked names; all of them or none.

        InvalidInputError when one is too intricate.
        """
        with self._storing() as connection:
            saved = [
                save(
                    connection,
                    Given(
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
            _note_saved(connection, saved, by)
            return saved

    def save_circle(
        self, name: str, longitude: float, latitude: float, metres: float, by: str = ""
    ) -> Saved:
        """Store a circle; InvalidInputError when it is impossible."""
        x, y = checked(longitude, latitude, metres)
        given = Given(
            name=name_of(name),
            sort=Sort.CIRCLE,
            geometry=circle_text(Circle(x=x, y=y, metres=metres)),
            source="circle",
            square_km=math.pi * (metres / 1000) ** 2,
        )
        with self._storing() as connection:
            saved = save(connection, given)
            _note_saved(connection, [saved], by)
            return saved

    def save_lists(self, lists: Mapping[str, Listed], source: str, by: str = "") -> Sequence[Saved]:
        """Store lists of values under checked names; all of them or none."""
        with self._storing() as connection:
            saved = [
                save(
                    connection,
                    Given(name=name, sort=Sort.LIST, geometry=list_text(listed), source=source),
                )
                for name, listed in lists.items()
            ]
            _note_saved(connection, saved, by)
            return saved

    @contextmanager
    def _storing(self) -> Iterator[Connection[Any]]:
        """Give a transaction in which nobody else stores areas."""
        with self._pool.connection() as connection:
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            # Between two statements a large shape is cut, which takes its time.
            for name in ("statement_timeout", "idle_in_transaction_session_timeout"):
                connection.execute("SELECT set_config(%s, %s, true)", [name, str(_PATIENCE)])
            connection.execute(_FORGET)
            yield connection
            connection.execute("ANALYZE area_piece")

    def list(self) -> Sequence[Version]:
        """List the latest versions by name."""
        with self._pool.connection() as connection:
            rows = connection.execute(LATEST + ' ORDER BY area.name COLLATE "C"').fetchall()
        return [version_of(row) for row in rows]

    def get(self, reference: str) -> Version:
        """Give the latest version of an area, or the one that is named with its hash.

        NotFoundError with the nearest name there is.
        """
        name, digits = parted(tidied(reference))
        query = LATEST + " WHERE area.name = %(name)s" if digits is None else OF_HASH
        with self._pool.connection() as connection:
            found = one(connection, query, {"name": name, "digits": digits})
        if found is None:
            raise self._missing(name)
        return found

    def cells(self, version: int) -> Cells:
        """Read what the lookup of a version of polygons needs; NotFoundError."""
        with self._pool.connection() as connection:
            row = connection.execute(_GRID, [version]).fetchone()
        if row is None or row[6] is None:
            raise NotFoundError(
                "area",
                said("version %(version)s has no cells", version=version),
                said("Import it again."),
            )
        west, south, width, height, columns, rows, cells = row
        grid = Grid(west=west, south=south, width=width, height=height, columns=columns, rows=rows)
        return Cells(grid=grid, cells=bytes(cells))

    def pieces(self, version: int) -> int:
        """Count the pieces of a version."""
        query = "SELECT count(*) FROM area_piece WHERE version_id = %s"
        with self._pool.connection() as connection:
            (count,) = connection.execute(query, [version]).fetchone() or (0,)
        return int(count)

    def used(self, name: str) -> Sequence[str]:
        """Name some of the segments that ask about an area."""
        with self._pool.connection() as connection:
            rows = connection.execute(_USED_BY, [_quoted(tidied(name))]).fetchall()
        return [str(one) for (one,) in rows]

    def delete(self, name: str, by: str = "") -> None:
        """Delete an area; campaigns keep the version that they were made with.

        NotFoundError; ConflictError while a saved segment asks about it.
        """
        tidy = tidied(name)
        with self._pool.connection() as connection:
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            users = [row[0] for row in connection.execute(_USED_BY, [_quoted(tidy)])]
            if users:
                message = said(
                    "Segments ask about %(tidy)s: %(names)s. Change them first.",
                    tidy=repr(tidy),
                    names=", ".join(users),
                )
                raise ConflictError(message)
            found = connection.execute("DELETE FROM area WHERE name = %s", [tidy])
            if found.rowcount:
                if by:
                    note(connection, by, "delete_area", f"area {tidy}")
                return
        raise self._missing(name)

    def _missing(self, name: str) -> NotFoundError:
        near = difflib.get_close_matches(name, [one.name for one in self.list()], n=1)
        listed = said("Type 'broadcaster areas list' for those there are.")
        remedy = said('Did you mean "%(near)s"?', near=near[0]) if near else listed
        return NotFoundError("area", said("%(name)s does not exist", name=repr(name[:100])), remedy)


def _note_saved(connection: Connection[Any], saved: Sequence[Saved], by: str) -> None:
    """Leave a line in the audit trail for each area that somebody made or changed."""
    for each in saved if by else ():
        details = {"became": each.became, "hash": each.version.hash}
        note(connection, by, "save_area", f"area {each.version.name}", details)


def _quoted(name: str) -> str:
    """Write a name as an expression has it."""
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
