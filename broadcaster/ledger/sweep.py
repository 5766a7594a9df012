"""What is due, found by queries; beat only asks."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, LiteralString

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.domain.message import Lane
from broadcaster.ledger import batches, receipts
from broadcaster.ledger.audit import SYSTEM, note
from broadcaster.ledger.closing import close
from broadcaster.ledger.rehousing import rehouse
from broadcaster.ledger.resting import count_passed, refresh
from broadcaster.ledger.threads import LAPSED
from broadcaster.ledger.underway import busy_lanes

DUE = """
SELECT campaign.id, campaign.lane
FROM campaign JOIN advisory ON advisory.id = campaign.advisory_id
WHERE campaign.status = 'launched' AND advisory.expires > %(now)s
  AND (campaign.scheduled_at IS NULL OR campaign.scheduled_at <= %(now)s)
  -- What it follows may be in the air; until that is known it is not said who was told.
  AND (advisory.follows_id IS NULL OR NOT EXISTS (
      SELECT FROM batch
      JOIN campaign AS former ON former.id = batch.campaign_id
      JOIN advisory AS told ON told.id = former.advisory_id
      WHERE NOT batch.done AND former.id <> campaign.id
        AND advisory.thread_id IN (told.id, told.thread_id)))
ORDER BY campaign.lane, campaign.id
LIMIT 100
"""

_OUTSTANDING = """
SELECT count(*) FROM batch
WHERE NOT done AND lane = %(lane)s::lane AND published_at > %(fresh)s AND lease_until IS NULL
"""

# Campaigns and channels in turn: each has limits of its own, which lie idle while nothing of it is
# in the queues. Were the oldest batches taken, the second channel of a large campaign would wait
# for the whole first one, and the campaign behind it for both.
_PUBLISH = f"""
WITH runnable AS MATERIALIZED (
    SELECT batch.id, row_number() OVER (
        PARTITION BY batch.campaign_id, batch.channel ORDER BY batch.due_at, batch.id) AS turn
    FROM batch
    JOIN campaign ON campaign.id = batch.campaign_id
    JOIN advisory ON advisory.id = campaign.advisory_id
    WHERE NOT batch.done AND batch.lane = %(lane)s::lane AND batch.due_at <= %(now)s
      AND (batch.lease_until IS NULL OR batch.lease_until < %(now)s)
      AND (batch.published_at IS NULL OR batch.published_at <= %(fresh)s)
      AND {batches.OPEN}
), next AS MATERIALIZED (
    SELECT batch.id, runnable.turn
    FROM batch JOIN runnable ON runnable.id = batch.id
    -- Once more, for a batch that somebody took or ended since it was looked at.
    WHERE NOT batch.done AND (batch.lease_until IS NULL OR batch.lease_until < %(now)s)
    ORDER BY runnable.turn, batch.id
    LIMIT %(limit)s
    FOR UPDATE OF batch SKIP LOCKED
)
UPDATE batch SET published_at = %(now)s FROM next WHERE batch.id = next.id
RETURNING next.turn, batch.id
"""  # noqa: S608  (joined from our own constants)

_LOST = """
SELECT id FROM batch WHERE NOT done AND lease_until < %s
ORDER BY id LIMIT 100 FOR UPDATE SKIP LOCKED
"""

_UNPLANNED = """
UPDATE campaign SET status = 'cancelled', finished_at = %(now)s,
    hold_reason = 'the advisory expired before anything was planned'
FROM advisory
WHERE advisory.id = campaign.advisory_id AND advisory.expires <= %(now)s
  AND campaign.planned_at IS NULL AND campaign.status IN ('launched', 'paused')
RETURNING campaign.id
"""

# What it foretold has passed, and some have not been told yet: it is not true any more.
_LAPSED = """
UPDATE campaign SET status = 'paused', paused_at = %(now)s, hold_reason = %(why)s
FROM advisory
WHERE advisory.id = campaign.advisory_id AND campaign.status IN ('launched', 'running')
  AND advisory.lapses_at <= %(now)s AND %(now)s < advisory.expires
  AND (campaign.planned_at IS NULL
       OR EXISTS (SELECT FROM batch WHERE batch.campaign_id = campaign.id AND NOT batch.done)
       OR EXISTS (SELECT FROM escalation WHERE escalation.campaign_id = campaign.id
                  AND escalation.done_at IS NULL))
RETURNING campaign.id
"""

# Something in it came back: a late refusal, a replay, an in-doubt delivery that is sent again.
_REVIVE = """
UPDATE campaign SET status = 'running', finished_at = NULL
WHERE status = 'completed' AND superseded_by IS NULL
  AND id IN (SELECT campaign_id FROM batch WHERE NOT done)
"""

# Nothing is left to send, nor may be after a provider was asked. In doubt for good is an end.
_FINISH = """
UPDATE campaign SET status = 'completed', finished_at = %(now)s
FROM advisory
WHERE advisory.id = campaign.advisory_id AND campaign.planned_at IS NOT NULL
  AND (campaign.status = 'running'
       OR (campaign.status = 'paused' AND advisory.expires <= %(now)s))
  AND NOT EXISTS (
      SELECT FROM batch WHERE batch.campaign_id = campaign.id
      AND (NOT batch.done OR batch.settle_at IS NOT NULL))
  AND (advisory.expires <= %(now)s OR NOT EXISTS (
      SELECT FROM escalation
      WHERE escalation.campaign_id = campaign.id AND escalation.done_at IS NULL))
RETURNING campaign.id
"""

_ASK = """
SELECT EXISTS (SELECT FROM batch WHERE settle_at <= %(now)s)
    OR EXISTS (SELECT FROM batch WHERE reconcile_at <= %(now)s)
"""

#: How many batches are closed in one look; a million deliveries take some looks.
_CLOSED = 30
#: How often a thousand batches are looked at in one tick when their rest is over: a large night's.
_LOOKS = 20


_ESCALATIONS = """
SELECT escalation.campaign_id, campaign.lane
FROM escalation
JOIN campaign ON campaign.id = escalation.campaign_id
JOIN advisory ON advisory.id = campaign.advisory_id
WHERE escalation.done_at IS NULL AND escalation.due_at <= %(now)s
  AND campaign.status = 'running' AND %(now)s < advisory.expires
  -- What rests could not be confirmed, nor anything while the whole campaign is held: the step
  -- waits for it, and its minutes again. Of what is held in part the step itself takes care.
  AND NOT EXISTS (SELECT FROM batch WHERE batch.campaign_id = campaign.id AND NOT batch.done
                  AND batch.rest_from <= %(now)s)
  AND NOT EXISTS (SELECT FROM campaign_hold
                  WHERE campaign_hold.campaign_id = campaign.id AND released_at IS NULL
                    AND campaign_hold.channel IS NULL AND zone IS NULL AND segment IS NULL
                    AND (held_until IS NULL OR held_until > %(now)s))
ORDER BY campaign.lane, escalation.due_at
LIMIT 100
"""


class PostgresCalendar:
    """The lists of what is due; every method is one committed transaction.

    `time_zone` is that of customers who live in none that this machine knows.
    """

    def __init__(self, pool: ConnectionPool[Connection[Any]], time_zone: str = "UTC") -> None:
        """Use the pool's connections."""
        self._pool = pool
        self._time_zone = time_zone
        #: How many batches this process took back from workers that were lost.
        self.recovered = 0

    def due_campaigns(self, now: datetime) -> Sequence[tuple[int, Lane]]:
        """List launched campaigns whose time has come, urgent ones first.

        None of a lane for which one is being planned: they take turns, and a worker that was
        handed another would have nothing to do.
        """
        return self._in_turn(DUE, now)

    def due_escalations(self, now: datetime) -> Sequence[tuple[int, Lane]]:
        """List running campaigns with a step that is due, as `due_campaigns` does."""
        return self._in_turn(_ESCALATIONS, now)

    def _in_turn(self, query: LiteralString, now: datetime) -> Sequence[tuple[int, Lane]]:
        with self._pool.connection() as connection:
            busy = busy_lanes(connection)
            due = [(one, Lane(lane)) for one, lane in connection.execute(query, {"now": now})]
        return [(campaign, lane) for campaign, lane in due if lane not in busy]

    def publishable(
        self, now: datetime, stale: Mapping[Lane, timedelta], limit: int
    ) -> Sequence[tuple[int, Lane]]:
        """List and mark runnable batches that no fresh message in a queue stands for.

        Urgent ones first, and within a lane campaigns and channels in turn, because each has
        limits of its own that are not to lie idle meanwhile. `limit` bounds, for each lane, how
        many messages younger than its `stale` are waiting in its queue.
        """
        found: list[tuple[int, Lane]] = []
        with self._pool.connection() as connection:
            for lane in (Lane.URGENT, Lane.ROUTINE):
                values = {"now": now, "fresh": now - stale[lane], "lane": lane.value}
                row = connection.execute(_OUTSTANDING, values).fetchone()
                room = max(limit - (row[0] if row else 0), 0)
                rows = connection.execute(_PUBLISH, {**values, "limit": room})
                found += [(batch, lane) for _, batch in sorted(rows)]
        return found

    def unpublish(self, published: Sequence[int]) -> None:
        """Take the mark from batches whose messages could not be put into a queue."""
        with self._pool.connection() as connection:
            query = "UPDATE batch SET published_at = NULL WHERE id = ANY(%s)"
            connection.execute(query, [list(published)])

    def expire(self, now: datetime) -> int:
        """Give back the batches of lost workers, and close what is past its time; how many.

        Closes what was cancelled too, where the one who cancelled was interrupted. Holds what says
        a time that has passed.
        """
        with self._pool.connection() as connection:
            lost = [batch for (batch,) in connection.execute(_LOST, [now])]
            if lost:
                batches.lose(connection, lost, now)
                batches.give_back(connection, lost, now)
        self.recovered += len(lost)
        with self._pool.connection() as connection:
            for (campaign,) in connection.execute(_UNPLANNED, {"now": now}).fetchall():
                note(connection, SYSTEM, "expire", f"campaign {campaign}")
            for (campaign,) in connection.execute(_LAPSED, {"now": now, "why": LAPSED}).fetchall():
                note(connection, SYSTEM, "hold", f"campaign {campaign}", {"reason": LAPSED})
            return close(connection, now, _CLOSED)[1]

    def rest(self, now: datetime) -> None:
        """Look again at batches whose quiet hours are over, or whose rules have changed.

        And at what waits for customers who chose hours of their own since it was planned.
        """
        with self._pool.connection() as connection:
            rehouse(connection, self._time_zone, now)
        with self._pool.connection() as connection:
            count_passed(connection, now)
        for _ in range(_LOOKS):
            with self._pool.connection() as connection:
                if not refresh(connection, self._time_zone, now):
                    break

    def finish(self, now: datetime) -> Sequence[int]:
        """Complete campaigns that have nothing left to send, and revive those that do again."""
        with self._pool.connection() as connection:
            connection.execute(_REVIVE)
            rows = connection.execute(_FINISH, {"now": now}).fetchall()
            for (campaign,) in rows:
                note(connection, SYSTEM, "complete", f"campaign {campaign}")
            return [campaign for (campaign,) in rows]

    def receipts_waiting(self) -> bool:
        """Tell whether stored receipts wait to be applied."""
        with self._pool.connection() as connection:
            return receipts.waiting(connection)

    def doubts_due(self, now: datetime, settle: timedelta, reconcile: timedelta) -> bool:
        """Tell whether to look for deliveries in doubt, or never reported on."""
        del settle, reconcile  # the batches say when
        with self._pool.connection() as connection:
            return connection.execute(_ASK, {"now": now}).fetchone() == (True,)
