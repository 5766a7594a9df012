"""From candidates to numbered deliveries, and to batches that are runs of numbers."""

from datetime import datetime
from typing import Any, LiteralString, NamedTuple

from psycopg import Connection, sql

from broadcaster.domain.message import Channel
from broadcaster.planning.candidates import named
from broadcaster.planning.plannable import Plannable

_DELIVERIES = """
INSERT INTO {table} (campaign_id, number, customer_id, address_id, updated_at, status, channel,
                     locale)
SELECT %(campaign)s, %(before)s + row_number() OVER (ORDER BY customer_id), customer_id,
       {c}_address, %(now)s, 'planned', '{c}', locale
FROM candidate WHERE {c}_reason IS NULL
"""

_LEFT_OUT = """
INSERT INTO {table} (campaign_id, number, customer_id, updated_at, status, reason, channel, locale)
SELECT %(campaign)s, %(before)s + row_number() OVER (), customer_id, %(now)s, 'suppressed',
       {c}_reason, '{c}', locale
FROM candidate WHERE {c}_reason IS NOT NULL
"""

_BATCHES = """
INSERT INTO batch (campaign_id, channel, lane, first, last, due_at)
SELECT %(campaign)s, %(channel)s::channel, %(lane)s::lane, first,
       LEAST(first + %(size)s::integer - 1, %(last)s::integer), %(due)s
FROM generate_series(%(first)s::integer, %(last)s::integer, %(size)s::integer) AS first
"""


class Numbering(NamedTuple):
    """Numbers the deliveries of a campaign into a table; `size` is the most in a batch."""

    connection: Connection[Any]
    found: Plannable
    table: sql.Identifier
    size: int
    now: datetime

    def tell(self, channel: Channel, before: int) -> int:
        """Number those who are told on a channel, and cut them into batches; how many.

        Numbers run on from `before`, in the order of customers, so that a batch is a run of
        numbers on one channel.
        """
        count = self._insert(named(_DELIVERIES, channel), before)
        values = {
            "campaign": self.found.id,
            "channel": channel.value,
            "lane": self.found.lane.value,
            "first": before + 1,
            "last": before + count,
            "size": self.size,
            "due": max(self.now, self.found.effective),
        }
        self.connection.execute(_BATCHES, values)
        return count

    def leave_out(self, channel: Channel, before: int) -> int:
        """Number those who are left out on a channel, each with its reason; how many."""
        return self._insert(named(_LEFT_OUT, channel), before)

    def _insert(self, statement: LiteralString, before: int) -> int:
        values = {"campaign": self.found.id, "before": before, "now": self.now}
        return self.connection.execute(sql.SQL(statement).format(table=self.table), values).rowcount
