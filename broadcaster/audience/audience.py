"""What the planner needs of segments."""

from typing import Any, LiteralString

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.audience.definitions import Definitions
from broadcaster.audience.query import parse
from broadcaster.audience.sql import condition
from broadcaster.ports import NO_KEYS, Condition, Vault

#: Who is still a customer. No index helps: nearly all are.
PRESENT: LiteralString = "customer.left_at IS NULL"


class SegmentAudience:
    """Translates segments; an implementation of the port `Audience`."""

    def __init__(self, pool: ConnectionPool[Connection[Any]], vault: Vault = NO_KEYS) -> None:
        """Use a database with the present schema; sealed values are found with `vault`."""
        self._vault = vault
        self._definitions = Definitions(pool)

    def condition(self, expression: str) -> Condition:
        """Translate, with the attributes that there are now; who has left is in no segment.

        InvalidInputError with position and remedy when the expression is wrong.
        """
        catalogue = self._definitions.catalogue()
        found = condition(parse(expression, catalogue), catalogue, self._vault)
        return Condition(text=PRESENT + " AND (" + found.text + ")", values=found.values)
