"""The list of who is left out and why, row by row, in bounded memory."""

import csv
from collections.abc import Generator, Iterable
from datetime import datetime
from typing import IO, Any, LiteralString, NamedTuple

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.domain.delivery import Reason
from broadcaster.domain.formulas import defused
from broadcaster.domain.message import Channel
from broadcaster.planning.candidates import ONE_SNAPSHOT, candidates, named, values
from broadcaster.planning.fair import Fair, fair_now
from broadcaster.planning.followers import aim
from broadcaster.planning.plannable import Plannable, read
from broadcaster.ports import LEFT_OUT, Audience, Condition, Renderer

_LIMITS = "SET LOCAL statement_timeout = '15min'; SET LOCAL work_mem = '128MB'"
_FETCH = 5000

# A campaign that was planned keeps its own list.
_PLANNED: LiteralString = (
    """
SELECT COALESCE(customer.number, 'erased'), delivery.channel, delivery.reason
FROM delivery LEFT JOIN customer ON customer.id = delivery.customer_id
WHERE delivery.campaign_id = %(campaign)s AND """
    + LEFT_OUT
    + " ORDER BY delivery.customer_id, delivery.channel"
)


class LeftOut(NamedTuple):
    """A customer, by the utility's number, who is not told on a channel, and why."""

    customer: str
    channel: Channel
    reason: Reason


class LeftOutList:
    """Lists who is left out of a campaign: as it was planned, else as it would be planned now."""

    def __init__(
        self, pool: ConnectionPool[Connection[Any]], audience: Audience, renderer: Renderer
    ) -> None:
        """Keep what it works with."""
        self._pool = pool
        self._audience = audience
        self._renderer = renderer

    def rows(self, campaign: int, now: datetime | None = None) -> Generator[LeftOut, None, None]:
        """Give them in the order of customers, each channel a row; NotFoundError.

        `now` is when it would be planned (none: by the server's clock).

        Where a customer is told on one channel only, those are left out who are told on none.
        """
        with self._pool.connection() as connection:
            connection.execute(ONE_SNAPSHOT)
            connection.execute(_LIMITS)
            found = read(connection, campaign)
            if found.planned_at is not None:
                text: LiteralString = _PLANNED
                given: dict[str, object] = {"campaign": campaign}
            else:
                found, condition = aim(self._audience, found)
                fair = fair_now(connection, found, now)
                text = _query(condition, fair, found)
                given = dict(values(connection, found, condition, self._renderer))
                given |= fair.values()
            with connection.cursor(name="left_out") as cursor:
                cursor.itersize = _FETCH
                cursor.execute(text, given)
                for customer, channel, reason in cursor:
                    yield LeftOut(customer, Channel(channel), Reason(reason))


def write(rows: Iterable[LeftOut], stream: IO[str]) -> int:
    """Write them as CSV, as they come; how many."""
    count, writer = 0, csv.writer(stream)
    writer.writerow(("customer", "channel", "reason"))
    for row in rows:
        writer.writerow([defused(row.customer), row.channel.value, row.reason.value])
        count += 1
    return count


def _query(condition: Condition, fair: Fair, found: Plannable) -> LiteralString:
    pairs: LiteralString = ""
    for place, channel in enumerate(found.channels):
        pairs += named(("" if not place else ", ") + "('{c}'::channel, {c}_reason)", channel)
    head: LiteralString = "SELECT customer.number, why.channel, why.reason FROM ("
    text: LiteralString = head + candidates(
        condition, found.channels, one_each=found.plan.one_each, given=fair
    )
    text += ") AS candidate JOIN customer ON customer.id = candidate.customer_id "
    text += "CROSS JOIN LATERAL (VALUES " + pairs + ") AS why (channel, reason) "
    text += "WHERE why.reason IS NOT NULL"
    if found.plan.one_each:
        for channel in found.channels:
            text += named(" AND candidate.{c}_reason IS NOT NULL", channel)
    return text + " ORDER BY candidate.customer_id, why.channel"
