"""From candidates to numbered deliveries, and to batches that are runs of numbers."""

from collections.abc import Sequence
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

_NOT_ON = " AND {c}_reason IS NOT NULL"

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

    def tell_all(self, channels: Sequence[Channel], before: int) -> int:
        """Number all who are told, by channels; how many."""
        count = 0
        for place, channel in enumerate(channels):
            earlier = channels[:place] if self.found.plan.one_each else ()
            count += self._tell(channel, before + count, earlier)
        return count

    def leave_out_all(self, before: int) -> int:
        """Number all who are left out, on each channel with its reason; how many.

        Where a customer is told on one channel only, those are left out who are told on none.
        """
        count = 0
        for channel in self.found.channels:
            others = self.found.channels if self.found.plan.one_each else ()
            count += self._insert(named(_LEFT_OUT, channel), before + count, others)
        return count

    def _tell(self, channel: Channel, before: int, earlier: Sequence[Channel]) -> int:
        """Number those who are told on a channel and on no earlier one, and cut them into batches.

        Numbers run on from `before`, in the order of customers, so that a batch is a run of
        numbers on one channel.
        """
        count = self._insert(named(_DELIVERIES, channel), before, earlier)
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

    def _insert(self, statement: LiteralString, before: int, not_on: Sequence[Channel]) -> int:
        for channel in not_on:
            statement += named(_NOT_ON, channel)
        values = {"campaign": self.found.id, "before": before, "now": self.now}
        return self.connection.execute(sql.SQL(statement).format(table=self.table), values).rowcount
