"""Who waits for a step of an escalation, and who has it later."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from psycopg import Connection

from broadcaster.domain.delivery import FAILED
from broadcaster.domain.message import Channel
from broadcaster.planning.plannable import Plannable

# An address that was barred after planning has its row, and a customer who must hear of it.
_WAITING = """
CREATE TEMPORARY TABLE waiting ON COMMIT DROP AS
SELECT customer_id FROM delivery
WHERE campaign_id = %(campaign)s AND address_id IS NOT NULL
GROUP BY customer_id
HAVING NOT bool_or(status = 'delivered') AND NOT bool_or(channel = ANY(%(channels)s::channel[]))
   -- Whoever was left out of a step that is still to be made up for has that one first.
   AND (%(overdue)s::channel[] = '{}' OR bool_or(channel = ANY(%(overdue)s::channel[])))
"""

# Where nobody under a roof has it, nor may have it yet, those who were left out for one another
# come in: one of them takes over.
_TAKE_OVER = """
INSERT INTO waiting
SELECT DISTINCT member.id
FROM delivery JOIN customer AS member ON member.id = delivery.customer_id
WHERE delivery.campaign_id = %(campaign)s AND delivery.reason = 'household'
  AND delivery.address_id IS NULL
  AND NOT EXISTS (SELECT FROM delivery AS own WHERE own.campaign_id = %(campaign)s
                  AND own.customer_id = member.id AND own.address_id IS NOT NULL)
  AND NOT EXISTS (
      SELECT FROM delivery AS theirs JOIN customer AS other ON other.id = theirs.customer_id
      WHERE theirs.campaign_id = %(campaign)s AND theirs.address_id IS NOT NULL
        AND theirs.status <> ALL(%(failed)s::delivery_status[])
        AND other.household = member.household)
"""

# Those whom a part that is held keeps from confirming anything, or that was until lately; and those
# whom a step that was made up for told just now. Each has the minutes of this step from then on.
_LATER = """
WITH part AS (
    SELECT id, channel, zone, segment, held_at,
           LEAST(released_at, COALESCE(held_until, %(expires)s)) + %(wait)s AS until
    FROM campaign_hold WHERE campaign_id = %(campaign)s
), later AS (
    SELECT delivery.customer_id, part.until
    FROM part JOIN batch ON batch.campaign_id = %(campaign)s
        AND (part.channel IS NULL OR part.channel = batch.channel)
        AND (part.zone IS NULL OR part.zone IN (batch.zone, split_part(batch.zone, ' ', 1)))
    JOIN delivery ON delivery.campaign_id = %(campaign)s
        AND delivery.number BETWEEN batch.first AND batch.last
    WHERE part.segment IS NULL AND part.until > %(now)s
      -- What left before it was held is not kept from anything.
      AND (delivery.status IN ('planned', 'deferred') OR delivery.updated_at >= part.held_at)
    UNION ALL
    SELECT delivery.customer_id, part.until
    FROM part JOIN delivery ON delivery.campaign_id = %(campaign)s
        AND delivery.status = 'deferred' AND delivery.code = 'hold ' || part.id
    WHERE part.segment IS NOT NULL AND part.until > %(now)s
    UNION ALL
    SELECT delivery.customer_id, escalation.done_at + %(wait)s
    FROM escalation JOIN delivery ON delivery.campaign_id = %(campaign)s
        AND delivery.number BETWEEN escalation.first AND escalation.last
    WHERE escalation.campaign_id = %(campaign)s AND escalation.done_at + %(wait)s > %(now)s
      AND escalation.step > cardinality(%(channels)s::channel[])
), gone AS (
    DELETE FROM waiting USING later WHERE waiting.customer_id = later.customer_id
    RETURNING later.until
)
SELECT min(until) FROM gone
"""

# The first channel of which some are still to have the step.
_OVERDUE = """
SELECT min(array_position(%(channels)s::channel[], channel)) - 1 FROM escalation
WHERE campaign_id = %(campaign)s AND done_at IS NULL AND step > cardinality(%(channels)s::channel[])
"""


class Step(NamedTuple):
    """A step that is due, and the place of its channel among the campaign's.

    Its number is one more than the place, or beyond them all where it is made up for.
    """

    number: int
    place: int


def names(channels: Sequence[Channel]) -> list[str]:
    """Write channels as statements take them."""
    return [channel.value for channel in channels]


def gather(
    connection: Connection[Any],
    found: Plannable,
    step: Step,
    now: datetime,
    *,
    households: bool,
) -> datetime | None:
    """Gather who waits for a step; when the first of those who have to have it later may."""
    common = {"campaign": found.id, "channels": names(found.channels)}
    (first,) = connection.execute(_OVERDUE, common).fetchone() or (None,)
    overdue = found.channels[first:] if first is not None and first < step.place else []
    channels = names(found.channels[step.place :])
    own = {**common, "channels": channels, "overdue": names(overdue)}
    connection.execute(_WAITING, own)
    if households:
        failed = [status.value for status in FAILED]
        connection.execute(_TAKE_OVER, {"campaign": found.id, "failed": failed})
    wait = timedelta(minutes=found.escalate_after[step.place - 1])
    values = {**common, "now": now, "wait": wait, "expires": found.expires}
    (later,) = connection.execute(_LATER, values).fetchone() or (None,)
    connection.execute("ANALYZE waiting")
    return later
