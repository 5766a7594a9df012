"""What the planner needs of segments."""

from collections.abc import Callable
from datetime import date
from typing import Any

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.audience.knowledge import Knowledge, load, utc_today
from broadcaster.audience.places import Places
from broadcaster.ports import Condition


class SegmentAudience:
    """Translates segments; an implementation of the port `Audience`."""

    def __init__(
        self,
        pool: ConnectionPool[Connection[Any]],
        *,
        today: Callable[[], date] = utc_today,
        places: Places | None = None,
    ) -> None:
        """Use a database with the present schema.

        `today` gives the day in the utility's time zone; `places` is None where no areas are kept.
        """
        self._pool = pool
        self._today = today
        self._places = places

    def knowledge(self) -> Knowledge:
        """Read what expressions may refer to now."""
        with self._pool.connection() as connection:
            return load(connection, today=self._today, places=self._places)

    def condition(self, expression: str) -> Condition:
        """Translate, with the attributes and segments that there are now.

        InvalidInputError with position and remedy when the expression is wrong.
        """
        known = self.knowledge()
        return known.condition(known.parse(expression))
