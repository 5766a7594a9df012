"""Escalation: who confirmed nothing is told on the next channel, in one set operation a step.

At a step everybody is told who has no confirmed delivery and nothing yet on the step's channel or a
later one: on the first channel from the step's on that reaches them. The first step is the plan.
Where one of a household is told and that fails for good, the next step tells another one of it.
"""

from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection, sql
from psycopg_pool import ConnectionPool

from broadcaster.domain.campaign import CampaignStatus
from broadcaster.domain.fairness import Course, OnePer
from broadcaster.domain.message import Channel
from broadcaster.planning.awaiting import Step, gather, names
from broadcaster.planning.choosing import choose
from broadcaster.planning.fair import fair, hold, in_force, require_unchanged
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

# Whoever holds or releases a part locks the campaign first, then its steps: so does this.
_FIRST = "SELECT FROM campaign WHERE id = %s FOR KEY SHARE"

# What rests could not be confirmed, and nothing could while the whole campaign is held: the step
# waits for it. Numbers behind the campaign's channels are those of steps that are made up for.
_DUE = """
SELECT step, channel FROM escalation
WHERE campaign_id = %(campaign)s AND done_at IS NULL AND due_at <= %(now)s
  AND NOT EXISTS (SELECT FROM batch WHERE batch.campaign_id = %(campaign)s AND NOT batch.done
                  AND batch.rest_from <= %(now)s)
  AND NOT EXISTS (SELECT FROM campaign_hold
                  WHERE campaign_hold.campaign_id = %(campaign)s AND released_at IS NULL
                    AND campaign_hold.channel IS NULL AND zone IS NULL AND segment IS NULL
                    AND (held_until IS NULL OR held_until > %(now)s))
ORDER BY array_position(%(channels)s::channel[], channel), step LIMIT 1 FOR UPDATE
"""

# Nobody is lost: whoever was left out has this step when its time has come, one for all of them.
_MAKE_UP = """
INSERT INTO escalation (campaign_id, step, channel, due_at)
SELECT %(campaign)s, max(step) + 1, %(channel)s::channel, %(due)s
FROM escalation WHERE campaign_id = %(campaign)s
HAVING NOT bool_or(channel = %(channel)s::channel AND done_at IS NULL)
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
WHERE campaign_id = %(campaign)s AND step IN (%(step)s, %(following)s)
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


_STILL_WAITING = Condition(
    # Who has left since the first step is not told by the next.
    text="customer.left_at IS NULL AND customer.id IN (SELECT waiting.customer_id FROM waiting)",
    values={},
)


def _finish(
    connection: Connection[Any],
    found: Plannable,
    step: Step,
    done: tuple[int, int, datetime],
    later: datetime | None,
) -> None:
    """Note that a step is done (the numbers before, how many are told, when), and what follows."""
    before, told, now = done
    minutes = found.escalate_after[step.place : step.place + 1]
    due = now + timedelta(minutes=minutes[0]) if minutes else None
    planned = step.number == step.place + 1 and due is not None
    values = {
        "campaign": found.id,
        "step": step.number,
        "following": step.number + planned,
        "before": before,
        "told": told,
        "now": now,
        "next": due,
    }
    connection.execute(_DONE, values)
    if due is not None:
        # Whom a step that is made up for tells has the next one too, also when that was done.
        following = {"channel": found.channels[step.place + 1].value, "due": due}
        connection.execute(_MAKE_UP, {**values, **following})
    if later is not None:
        again = {"channel": found.channels[step.place].value, "due": later}
        connection.execute(_MAKE_UP, {**values, **again})


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
            connection.execute(_FIRST, [campaign])
            # It may have been stopped, and followed by another, before the turn came.
            found = read(connection, campaign)
            asked = {"campaign": campaign, "now": now, "channels": names(found.channels)}
            due = connection.execute(_DUE, asked).fetchone()
            if due is None or found.status is not CampaignStatus.RUNNING or found.expires <= now:
                return 0
            say(connection, "escalating")
            step = Step(due[0], found.channels.index(Channel(due[1])))
            return self._step(connection, found, step, now)

    def _step(
        self, connection: Connection[Any], found: Plannable, step: Step, now: datetime
    ) -> int:
        channels = found.channels[step.place :]
        rules = in_force(connection)
        asked = fair(connection, found, rules, now)
        households = asked.one_per is OnePer.HOUSEHOLD
        later = gather(connection, found, step, now, households=households)
        zones = choose(
            connection, found, _STILL_WAITING, self._renderer, asked, channels, again=True
        )
        (before,) = connection.execute(_LAST, [found.id]).fetchone() or (0,)
        table = sql.Identifier(f"delivery_{found.id}")
        course = Course(rules=rules, time_zone=self._time_zone)
        numbering = Numbering(connection, found, table, self._batch_size, now, course, zones)
        told = numbering.tell_all(channels, before)
        _finish(connection, found, step, (before, told, now), later)
        connection.execute(_SUPERSEDE, {"campaign": found.id, "before": before, "now": now})
        hold(connection, found, before)
        require_unchanged(connection, found, asked)
        return told
