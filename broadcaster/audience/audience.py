"""What the planner needs of segments."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, LiteralString

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.audience.attributes import Catalogue
from broadcaster.audience.definitions import read
from broadcaster.audience.knowledge import Knowledge
from broadcaster.audience.places import Places
from broadcaster.ports import NO_KEYS, Condition, Vault

#: Who is still a customer. No index helps: nearly all are.
PRESENT: LiteralString = "customer.left_at IS NULL"
# Of a campaign that was archived the deliveries have left; of one that was kept for long enough
# they name nobody any more, so that nobody, or with "not" everybody, would be found in it.
_CAMPAIGNS: LiteralString = """
SELECT name, id, pseudonymised_at IS NOT NULL FROM campaign WHERE archived_at IS NULL
"""
_SEGMENTS: LiteralString = "SELECT name, expression FROM segment"


def utc_today() -> date:
    """Give the day in UTC, for whoever was told of no other."""
    return datetime.now(UTC).date()


def present(condition: Condition) -> Condition:
    """Take those of them who are still customers."""
    return Condition(text=PRESENT + " AND (" + condition.text + ")", values=condition.values)


class SegmentAudience:
    """Translates segments; an implementation of the port `Audience`."""

    def __init__(
        self,
        pool: ConnectionPool[Connection[Any]],
        vault: Vault = NO_KEYS,
        *,
        today: Callable[[], date] = utc_today,
        places: Places | None = None,
    ) -> None:
        """Use a database with the present schema; sealed values are found with `vault`.

        `today` gives the day in the utility's time zone; `places` is None where no areas are kept.
        """
        self._pool = pool
        self._vault = vault
        self._today = today
        self._places = places

    def knowledge(self, text: str | None = None) -> Knowledge:
        """Read what expressions may refer to now, or only what one of this text may."""
        with self._pool.connection() as connection:
            return self.known(connection, text=text)

    def known(
        self,
        connection: Connection[Any],
        attributes: Callable[[Connection[Any]], Catalogue] = read,
        text: str | None = None,
    ) -> Knowledge:
        """Read it in a transaction of the caller's, the attributes in a way of the caller's."""
        words = "segment campaign" if text is None else text.lower()
        # What stands in a segment may ask for anything.
        within = "segment" in words
        named = within or "campaign" in words
        campaigns = connection.execute(_CAMPAIGNS).fetchall() if named else []
        return Knowledge(
            catalogue=attributes(connection),
            campaigns={name: id_ for name, id_, forgotten in campaigns if not forgotten},
            forgotten={name for name, _, forgotten in campaigns if forgotten},
            segments=dict(connection.execute(_SEGMENTS).fetchall()) if within else {},
            today=self._today(),
            places=self._places,
            vault=self._vault,
        )

    def condition(self, expression: str) -> Condition:
        """Translate, with what there is now; who has left is in no segment.

        InvalidInputError with position and remedy when the expression is wrong.
        """
        known = self.knowledge(expression)
        found = known.condition(known.parse(expression))
        return present(found)
