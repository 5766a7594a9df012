"""Which tables say something about a person, found by their columns.

Every table that has a column `customer_id` or `address_id` is about people: one that is added later
is disclosed and erased without anybody thinking of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from psycopg import Connection, sql
from psycopg.rows import dict_row

from broadcaster.ports import STORING

#: Those that have a hand of their own; `delivery` stands for its partitions.
_KNOWN = ("delivery", "customer_address", "broken_address", "consent", "suppression")

#: Histories that only grow, and how they are emptied of words.
_BLANKED = {"consent_record": sql.SQL("UPDATE {} SET proof = ''")}

_ABOUT = """
SELECT column_name, table_name FROM information_schema.columns AS found
WHERE table_schema = 'public' AND column_name IN ('customer_id', 'address_id')
  AND NOT table_name = ANY(%(known)s)
  AND EXISTS (SELECT FROM pg_class
              WHERE oid = format('public.%%I', found.table_name)::regclass
                AND relkind IN ('r', 'p') AND NOT relispartition)
ORDER BY table_name, column_name
"""


def storing_waits(connection: Connection[Any]) -> bool:
    """Keep imports out until the end of the transaction; False when one is under way.

    One that found an address here, and had not yet written whose it is, would lose it.
    """
    row = connection.execute("SELECT pg_try_advisory_xact_lock(%s)", [STORING]).fetchone()
    return row == (True,)


def others(connection: Connection[Any]) -> Sequence[tuple[str, str]]:
    """List columns (their name and table) that name a customer or an address, elsewhere."""
    return [
        (column, table) for column, table in connection.execute(_ABOUT, {"known": list(_KNOWN)})
    ]


def rows(
    connection: Connection[Any], table: str, column: str, ids: Sequence[int]
) -> Iterator[Mapping[str, Any]]:
    """Give the rows of a table about some customers or addresses, by column."""
    query = sql.SQL("SELECT * FROM {} WHERE {} = ANY(%s)").format(
        sql.Identifier(table), sql.Identifier(column)
    )
    with connection.cursor(row_factory=dict_row) as cursor:
        yield from cursor.execute(query, [list(ids)])


def forget(connection: Connection[Any], table: str, column: str, ids: Sequence[int]) -> int:
    """Delete the rows of a table about some customers or addresses; how many.

    Of a history that only grows, the words are taken away: what is left names nobody.
    """
    start = _BLANKED.get(table, sql.SQL("DELETE FROM {}"))
    query = start.format(sql.Identifier(table)) + sql.SQL(" WHERE {} = ANY(%s)").format(
        sql.Identifier(column)
    )
    return connection.execute(query, [list(ids)]).rowcount
