"""What can be asked about an area: how many customers, where, and how the database finds them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.audience.areas.places import SavedPlaces
from broadcaster.audience.areas.version import Listed, Version
from broadcaster.audience.audience import PRESENT, present
from broadcaster.audience.plan import masked

#: The most different values of an attribute that are looked through for a likely one.
_MOST_VALUES = 20_000

_DENSITY = """
SELECT least(%(bins)s - 1, floor((customer.longitude - %(at_west)s) / %(bin_width)s))::integer,
    least(%(bins)s - 1, floor((customer.latitude - %(at_south)s) / %(bin_height)s))::integer,
    count(*), count(*) FILTER (WHERE {condition})
FROM customer
WHERE customer.left_at IS NULL AND customer.latitude BETWEEN %(at_south)s AND %(at_north)s
  AND customer.longitude BETWEEN %(at_west)s AND %(at_east)s
GROUP BY 1, 2 ORDER BY 2, 1
"""
_EXTENT = """
SELECT min(longitude), min(latitude), max(longitude), max(latitude) FROM customer
WHERE latitude IS NOT NULL AND
"""
_STRANGE = """
SELECT unnest(%(values)s::text[]) EXCEPT SELECT attributes->>%(name)s::text FROM customer ORDER BY 1
"""
_STRANGE_NUMBERS = """
SELECT unnest(%(values)s::text[]) EXCEPT SELECT number FROM customer ORDER BY 1
"""
_KNOWN = """
SELECT DISTINCT attributes->>%(name)s::text AS one FROM customer
WHERE attributes->>%(name)s::text IS NOT NULL ORDER BY one LIMIT %(most)s
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bin:
    """A part of a map: its place from the south-west, customers in it, and those of the area."""

    column: int
    row: int
    customers: int
    inside: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Extent:
    """West, south, east and north, degrees."""

    west: float
    south: float
    east: float
    north: float


class AreaQuestions:
    """Asks the database about areas."""

    def __init__(self, pool: ConnectionPool[Connection[Any]], places: SavedPlaces) -> None:
        """Use a database, and what translates areas."""
        self._pool = pool
        self._places = places

    def count(self, version: Version) -> Mapping[str, int]:
        """Count the customers of an area, all there are, and those whose place is known."""
        chosen = present(self._places.condition(version))
        inside = "SELECT count(*) FROM customer WHERE " + chosen.text  # noqa: S608  (values bound)
        everybody = "SELECT count(*), count(latitude) FROM customer WHERE " + PRESENT  # noqa: S608  (ours)
        with self._pool.connection() as connection:
            (found,) = connection.execute(inside, chosen.values).fetchone() or (0,)
            customers, placed = connection.execute(everybody).fetchone() or (0, 0)
        return {"inside": found, "customers": customers, "without_place": customers - placed}

    def explain(self, version: Version) -> Sequence[str]:
        """Count the customers and give the plan by which the database did it."""
        chosen = present(self._places.condition(version))
        query = (
            "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) SELECT count(*) FROM customer WHERE "  # noqa: S608  (values bound)
            + chosen.text
        )
        with self._pool.connection() as connection:
            rows = connection.execute(query, chosen.values).fetchall()
        return [masked(line) for (line,) in rows]

    def extent(self, version: Version) -> Extent | None:
        """Give what encloses the customers of an area; None when no place is known."""
        chosen = present(self._places.condition(version))
        with self._pool.connection() as connection:
            row = connection.execute(_EXTENT + chosen.text, chosen.values).fetchone()
        if row is None or row[0] is None:
            return None
        west, south, east, north = row
        return Extent(west=west, south=south, east=east, north=north)

    def density(self, version: Version, extent: Extent, bins: int) -> Sequence[Bin]:
        """Count customers in `bins` times `bins` parts of a map."""
        chosen = self._places.condition(version)
        given = {
            **chosen.values,
            "bins": bins,
            "at_west": extent.west,
            "at_south": extent.south,
            "at_east": extent.east,
            "at_north": extent.north,
            "bin_width": (extent.east - extent.west) / bins,
            "bin_height": (extent.north - extent.south) / bins,
        }
        query = _DENSITY.replace("{condition}", chosen.text)
        with self._pool.connection() as connection:
            rows = connection.execute(query, given).fetchall()
        return [
            Bin(column=column, row=row, customers=customers, inside=inside)
            for column, row, customers, inside in rows
        ]

    def strangers(self, listed: Listed) -> tuple[Sequence[str], Sequence[str]]:
        """Give the values of a list that no customer has, and those that customers have."""
        numbered = listed.attribute == "number"
        given = {
            "values": list(listed.values),
            "name": listed.attribute,
            "most": _MOST_VALUES,
        }
        with self._pool.connection() as connection:
            query = _STRANGE_NUMBERS if numbered else _STRANGE
            strange = [one for (one,) in connection.execute(query, given).fetchall()]
            if not strange or numbered:
                return strange, []
            return strange, [one for (one,) in connection.execute(_KNOWN, given).fetchall()]
