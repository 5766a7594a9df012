"""Customers' numbers in areas that are lists of them.

A version of such an area keeps its hash when a number is taken out: campaigns that were approved
with it name it by that hash, and whoever is erased is selected by nothing anyway. The same list
imported again is whole again, as `audience.areas.writing` sees to.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, LiteralString

from psycopg import Connection

# As `audience.areas.version` writes a list; the numbers themselves are compared here.
_LISTS: LiteralString = """
SELECT version.id, version.name, version.created_at,
       EXISTS (SELECT FROM area WHERE area.version_id = version.id) AS current
FROM area_version AS version
WHERE version.kind = 'list' AND version.geometry LIKE '{"attribute": "number",%%'
  AND (%(one)s::text IS NULL OR position(%(one)s IN version.geometry) > 0)
ORDER BY version.id
"""
_VALUES = "SELECT geometry FROM area_version WHERE id = %s"
_WRITE = "UPDATE area_version SET geometry = %s WHERE id = %s"


def named(connection: Connection[Any], number: str) -> Sequence[Mapping[str, Any]]:
    """List the areas, and their versions of before, that have a customer's number."""
    return [
        {"area": name, "since": since, "current": current}
        for id_, name, since, current in _lists(connection, [number])
        if number in _values(connection, id_)
    ]


def clean(connection: Connection[Any], numbers: Collection[str]) -> int:
    """Take numbers out of all lists; of how many versions."""
    wanted, changed = frozenset(numbers), 0
    for id_, *_ in _lists(connection, numbers):
        connection.execute("SELECT FROM area_version WHERE id = %s FOR UPDATE", [id_])
        values = _values(connection, id_)
        left = [one for one in values if one not in wanted]
        if len(left) < len(values):
            text = json.dumps({"attribute": "number", "values": left}, ensure_ascii=False)
            connection.execute(_WRITE, [text, id_])
            changed += 1
    return changed


def _lists(connection: Connection[Any], numbers: Collection[str]) -> Sequence[tuple[Any, ...]]:
    """Give the versions of lists of numbers; of one number, those alone that may have it."""
    one = json.dumps(next(iter(numbers)), ensure_ascii=False) if len(numbers) == 1 else None
    return connection.execute(_LISTS, {"one": one}).fetchall()


def _values(connection: Connection[Any], version: int) -> Sequence[str]:
    """Read one list; all of them together may be more than fits."""
    row = connection.execute(_VALUES, [version]).fetchone()
    # Areas that nobody uses any more are thrown away meanwhile.
    return json.loads(row[0])["values"] if row else []
