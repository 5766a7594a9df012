"""Escalation: who confirmed nothing is told on the next channel, in one set operation a step.

At a step everybody is told who has no confirmed delivery and nothing yet on the step's channel or a
later one: on the first channel from the step's on that reaches them. The first step is the plan.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection, sql
from psycopg_pool import ConnectionPool

from broadcaster.domain.campaign import CampaignStatus
from broadcaster.domain.fairness import Course
from broadcaster.domain.message import Channel
from broadcaster.planning.candidates import candidates, values
from broadcaster.planning.fair import Fair, fair, hold, in_force, require_unchanged
from broadcaster.planning.numbering import Numbering
from broadcaster.planning.plannable import Plannable, read
from broadcaster.planning.turns import LIMITS, say, take_turn
from broadcaster.ports import Condition, Renderer

_BEGIN = """
INSERT INTO escalation (campaign_id, step, channel, due_at, done_at, first, last)
SELECT %(campaign)s, step, channel,
       CASE step WHEN 1 THEN %(now)s WHEN 2 THEN %(second)s END,
       CASE step WHEN 1 THEN %(now)s END,
       CASE step WHEN 1 THEN 1 END, CASE step WHEN 1 THEN %(told)s END
FROM unnest(%(channels)s::channel[]) WITH ORDINALITY AS one (channel, step)
"""

# What rests or is held could not be confirmed: the step waits for it.
_DUE = """
SELECT step FROM escalation
WHERE campaign_id = %(campaign)s AND done_at IS NULL AND due_at <= %(now)s
  AND NOT EXISTS (SELECT FROM batch WHERE batch.campaign_id = %(campaign)s AND NOT batch.done
                  AND batch.rest_from <= %(now)s)
  AND NOT EXISTS (SELECT FROM campaign_hold
                  WHERE campaign_hold.campaign_id = %(campaign)s AND released_at IS NULL
                    AND (held_until IS NULL OR held_until > %(now)s))
ORDER BY step LIMIT 1 FOR UPDATE
"""

# An address that was barred after planning has its row, and a customer who must hear of it.
_WAITING = """
CREATE TEMPORARY TABLE waiting ON COMMIT DROP AS
SELECT customer_id FROM delivery
WHERE campaign_id = %(campaign)s AND address_id IS NOT NULL
GROUP BY customer_id
HAVING NOT bool_or(status = 'delivered') AND NOT bool_or(channel = ANY(%(channels)s::channel[]))
"""

_LAST = "SELECT COALESCE(max(number), 0) FROM delivery WHERE campaign_id = %s"

# What has not left gives way to the new one. Locked in the order in which workers lock.
_SUPERSEDE = """
WITH former AS (
    SELECT number FROM delivery
    WHERE campaign_id = %(campaign)s AND number <= %(before)s
      AND status IN ('planned', 'deferred')
      AND customer_id IN (SELECT customer_id FROM delivery
                          WHERE campaign_id = %(campaign)s AND number > %(before)s)
    ORDER BY number FOR UPDATE
)
UPDATE delivery SET status = 'cancelled', reason = 'superseded', due_at = NULL, updated_at = %(now)s
FROM former WHERE delivery.campaign_id = %(campaign)s AND delivery.number = former.number
"""

# The next step waits from now, however late this one is: its customers have their time.
_DONE = """
UPDATE escalation SET
    done_at = CASE step WHEN %(step)s THEN %(now)s END,
    first = CASE step WHEN %(step)s THEN %(before)s + 1 END,
    last = CASE step WHEN %(step)s THEN %(before)s + %(told)s END,
    due_at = CASE step WHEN %(step)s THEN due_at ELSE %(next)s END
WHERE campaign_id = %(campaign)s AND step IN (%(step)s, %(step)s + 1)
"""


def begin(connection: Connection[Any], found: Plannable, told: int, now: datetime) -> None:
    """Note the steps of a campaign that was just planned; the first one is done by that."""
    start = max(now, found.effective)
    values = {
        "campaign": found.id,
        "channels": [channel.value for channel in found.channels],
        "now": now,
        "second": start + timedelta(minutes=found.escalate_after[0]),
        "told": told,
    }
    connection.execute(_BEGIN, values)


class Escalator:
    """Turns campaigns to their next channel; `batch_size` is the most that a task is handed.

    `time_zone` is that of customers who live in none that this machine knows.
    """

    def __init__(
        self,
        pool: ConnectionPool[Connection[Any]],
        renderer: Renderer,
        *,
        batch_size: int,
        time_zone: str = "UTC",
    ) -> None:
        """Keep what it works with."""
        self._pool = pool
        self._renderer = renderer
        self._batch_size = batch_size
        self._time_zone = time_zone

    def escalate(self, campaign: int, now: datetime) -> int:
        """Do the step that is due, if one is and the campaign runs; how many are told by it.

        All or nothing, so it can be repeated after any interruption. ConflictError while another
        plan of the lane is being made.
        """
        with self._pool.connection() as connection:
            connection.execute(LIMITS)
            found = read(connection, campaign)
            take_turn(connection, found)
            due = connection.execute(_DUE, {"campaign": campaign, "now": now}).fetchone()
            if due is None or found.status is not CampaignStatus.RUNNING or found.expires <= now:
                return 0
            say(connection, "escalating")
            return self._step(connection, found, due[0], now)

    def _step(self, connection: Connection[Any], found: Plannable, step: int, now: datetime) -> int:
        channels = found.channels[step - 1 :]
        rules = in_force(connection)
        asked = fair(connection, found, rules, now)
        zones = self._choose(connection, found, channels, asked)
        (before,) = connection.execute(_LAST, [found.id]).fetchone() or (0,)
        table = sql.Identifier(f"delivery_{found.id}")
        course = Course(rules=rules, time_zone=self._time_zone)
        numbering = Numbering(connection, found, table, self._batch_size, now, course, zones)
        told = numbering.tell_all(channels, before)
        common = {"campaign": found.id, "before": before, "now": now}
        following = found.escalate_after[step - 1 : step]
        due = now + timedelta(minutes=following[0]) if following else None
        connection.execute(_DONE, {**common, "step": step, "told": told, "next": due})
        connection.execute(_SUPERSEDE, common)
        hold(connection, found, before)
        require_unchanged(connection, found, asked)
        return told

    def _choose(
        self,
        connection: Connection[Any],
        found: Plannable,
        channels: Sequence[Channel],
        asked: Fair,
    ) -> Sequence[str]:
        """Choose who is told; gives the time zones in which they live."""
        own = {"campaign": found.id, "channels": [channel.value for channel in channels]}
        connection.execute(_WAITING, own)
        connection.execute("ANALYZE waiting")
        condition = Condition(
            # Who has left since the first step is not told by the next.
            text="customer.left_at IS NULL"
            " AND customer.id IN (SELECT waiting.customer_id FROM waiting)",
            values={},
        )
        given = values(connection, found, condition, self._renderer)
        zones: Sequence[str] = given["plan_zones"]
        asked = asked._replace(zoned=len(zones) > 1)
        query = candidates(condition, channels, one_each=True, again=True, given=asked)
        connection.execute(
            "CREATE TEMPORARY TABLE candidate ON COMMIT DROP AS " + query,
            {**given, **asked.values()},
        )
        return zones
