"""Customers' numbers in areas that are lists of them.

A version of such an area keeps its hash when a number is taken out: campaigns that were approved
with it name it by that hash, and whoever is erased is selected by nothing anyway. The same list
imported again is whole again, as `audience.areas.writing` sees to.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, LiteralString

from psycopg import Connection

# As `audience.areas.version` writes a list; the numbers themselves are compared here.
_LISTS: LiteralString = """
SELECT version.id, version.name, version.created_at, version.geometry,
       EXISTS (SELECT FROM area WHERE area.version_id = version.id) AS current
FROM area_version AS version
WHERE version.kind = 'list' AND version.geometry LIKE '{"attribute": "number",%%'
  AND (%(one)s::text IS NULL OR position(%(one)s IN version.geometry) > 0)
ORDER BY version.id
"""
_LOCKED: LiteralString = _LISTS + "FOR UPDATE OF version"
_WRITE = "UPDATE area_version SET geometry = %s WHERE id = %s"


def named(connection: Connection[Any], number: str) -> Sequence[Mapping[str, Any]]:
    """List the areas, and their versions of before, that have a customer's number."""
    return [
        {"area": name, "since": since, "current": current}
        for _, name, since, current, values in _read(connection, _LISTS, [number])
        if number in values
    ]


def clean(connection: Connection[Any], numbers: Collection[str]) -> int:
    """Take numbers out of all lists; of how many versions."""
    wanted, changed = frozenset(numbers), 0
    for id_, _, _, _, values in _read(connection, _LOCKED, numbers):
        left = [one for one in values if one not in wanted]
        if len(left) < len(values):
            text = json.dumps({"attribute": "number", "values": left}, ensure_ascii=False)
            connection.execute(_WRITE, [text, id_])
            changed += 1
    return changed


def _read(
    connection: Connection[Any], query: LiteralString, numbers: Collection[str]
) -> Iterator[tuple[int, str, Any, bool, Sequence[str]]]:
    # Of one number most lists need not be read.
    one = json.dumps(next(iter(numbers)), ensure_ascii=False) if len(numbers) == 1 else None
    for id_, name, since, geometry, current in connection.execute(query, {"one": one}).fetchall():
        yield id_, name, since, current, json.loads(geometry)["values"]
