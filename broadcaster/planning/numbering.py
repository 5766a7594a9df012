"""From candidates to numbered deliveries, and to batches that are runs of numbers.

Large campaigns have large batches: what is lost by a worker that dies is bounded by what is in the
air (see `dispatch`), not by its batch.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString, NamedTuple

from psycopg import Connection, sql

from broadcaster.domain.fairness import Course
from broadcaster.domain.message import Channel
from broadcaster.planning.fair import resting
from broadcaster.planning.naming import each, named
from broadcaster.planning.passing import note_quiet
from broadcaster.planning.plannable import Plannable

_DELIVERIES = """
INSERT INTO {table} (campaign_id, number, customer_id, address_id, updated_at, status, channel,
                     locale)
SELECT %(campaign)s, %(before)s + row_number() OVER (ORDER BY <zone>customer_id), customer_id,
       {c}_address, %(now)s, 'planned', '{c}', locale
FROM candidate WHERE {c}_reason IS NULL
"""

_LEFT_OUT = """
INSERT INTO {table} (campaign_id, number, customer_id, updated_at, status, reason, channel, locale)
SELECT %(campaign)s, %(before)s + row_number() OVER (), customer_id, %(now)s, 'suppressed',
       {c}_reason, '{c}', locale
FROM candidate WHERE {c}_reason IS NOT NULL
"""

#: So many batches at least, for all children to work on, where that leaves so many deliveries in
#: each: to begin a batch and to wait for its last answers costs as much as some hundred messages.
_BATCHES_AT_LEAST, _WORTH_A_BATCH = 32, 1000

_NOT_ON = " AND {c}_reason IS NOT NULL"

_BY_ZONE = 'zone COLLATE "C", '
_ZONES = """
SELECT zone, count(*) FROM candidate WHERE {c}_reason IS NULL<not_on>
GROUP BY zone ORDER BY zone COLLATE "C"
"""

_BATCHES = """
INSERT INTO batch (campaign_id, channel, lane, first, last, due_at, zone, rest_from, rest_until,
                   overridden_at, rules_version)
SELECT %(campaign)s, %(channel)s::channel, %(lane)s::lane, first,
       LEAST(first + %(size)s::integer - 1, %(last)s::integer), %(due)s, %(zone)s, %(rest_from)s,
       %(rest_until)s, %(passed)s, %(version)s
FROM generate_series(%(first)s::integer, %(last)s::integer, %(size)s::integer) AS first
"""


class Numbering(NamedTuple):
    """Numbers the deliveries of a campaign into a table; `size` is the most in a batch.

    `zones` are those in which its customers live; a batch is in one of them, because they rest at
    different times. `course` says when.
    """

    connection: Connection[Any]
    found: Plannable
    table: sql.Identifier
    size: int
    now: datetime
    course: Course
    zones: Sequence[str]

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

        Numbers run on from `before`, in the order of zones and customers, so that a batch is a run
        of numbers on one channel and in one zone.
        """
        order: LiteralString = _BY_ZONE if len(self.zones) > 1 else ""
        count = self._insert(named(_DELIVERIES.replace("<zone>", order), channel), before, earlier)
        for zone, own in self._by_zone(channel, count, earlier):
            self._cut(channel, zone, before, own)
            before += own
        return count

    def _by_zone(
        self, channel: Channel, count: int, earlier: Sequence[Channel]
    ) -> Sequence[tuple[str | None, int]]:
        """Count those who were just numbered by the zones in which they live."""
        if len(self.zones) <= 1:
            return [(self.zones[0] if self.zones else None, count)]
        query = _ZONES.replace("<not_on>", each(_NOT_ON, earlier))
        return self.connection.execute(named(query, channel)).fetchall()

    def _cut(self, channel: Channel, zone: str | None, before: int, count: int) -> None:
        """Cut a run of numbers into batches, and say when they rest."""
        rest = resting(self.course, self.found, channel, zone, self.now)
        passed = rest.passed
        start = max(self.now, self.found.effective)
        if count and passed is not None and passed <= start == self.now:
            part, version = (channel, zone, count), self.course.rules.version
            note_quiet(self.connection, self.found, part, version, self.now)
            passed = None
        values = {
            "campaign": self.found.id,
            "channel": channel.value,
            "lane": self.found.lane.value,
            "first": before + 1,
            "last": before + count,
            "size": batch_size(count, self.size),
            "due": start,
            "zone": zone,
            "rest_from": rest.start,
            "rest_until": rest.end,
            "passed": passed,
            "version": self.course.rules.version,
        }
        self.connection.execute(_BATCHES, values)

    def _insert(self, statement: LiteralString, before: int, not_on: Sequence[Channel]) -> int:
        for channel in not_on:
            statement += named(_NOT_ON, channel)
        values = {"campaign": self.found.id, "before": before, "now": self.now}
        return self.connection.execute(sql.SQL(statement).format(table=self.table), values).rowcount


def batch_size(count: int, most: int) -> int:
    """Say how many of `count` deliveries a batch is to have, at most `most`."""
    return min(most, max(_WORTH_A_BATCH, -(-count // _BATCHES_AT_LEAST)))
