"""What helps PostgreSQL to find customers by an attribute: statistics, and an index of texts.

The statistics are on the very expressions that `sql_attributes.py` writes; without them a segment
is guessed to select next to nobody, and is looked for in the wrong way. A text may be of a few
people (a feeder, a street), so it has an index; a number, a date or a choice is mostly asked for in
ranges of many, for which reading all customers is as fast. A place has none either: all are read.
"""

from typing import Any

from psycopg import Connection, sql

from broadcaster.audience.attributes import Kind

_TEXTS = (Kind.TEXT, Kind.CHOICE, Kind.DATE)


def give(connection: Connection[Any], name: str, kind: Kind) -> None:
    """Make them for an attribute; customers can't be written meanwhile, some seconds a million."""
    held = sql.SQL("(attributes->{})").format(name)
    text = sql.SQL('((attributes->>{}) COLLATE "C")').format(name)
    value = text if kind in _TEXTS else held
    uses = {"value": value, "type": sql.SQL("(jsonb_typeof{})").format(held)}
    if kind is Kind.LOCATION:
        uses = {
            "longitude": sql.SQL("((attributes->{})->0)").format(name),
            "latitude": sql.SQL("((attributes->{})->1)").format(name),
        }
    for use, expression in uses.items():
        connection.execute(
            sql.SQL("CREATE STATISTICS {} ON {} FROM customer").format(
                sql.Identifier(f"customer_{use}_{name}"), expression
            )
        )
    if kind is Kind.TEXT:
        connection.execute(
            sql.SQL("CREATE INDEX {} ON customer ({})").format(
                sql.Identifier(f"customer_text_{name}"), text
            )
        )


def take(connection: Connection[Any], name: str) -> None:
    """Take them away."""
    for use in ("value", "type", "longitude", "latitude"):
        connection.execute(
            sql.SQL("DROP STATISTICS IF EXISTS {}").format(sql.Identifier(f"customer_{use}_{name}"))
        )
    index = sql.Identifier(f"customer_text_{name}")
    connection.execute(sql.SQL("DROP INDEX IF EXISTS {}").format(index))
