"""Closing what will not be sent any more: cancelled, superseded, or past its time."""

from datetime import datetime
from typing import Any

from psycopg import Connection

from broadcaster.ledger import batches
from broadcaster.ledger.rules import WAITING_VALUES
from broadcaster.ports import SUPERSEDED_BY

_ENDED = """
SELECT DISTINCT campaign.id
FROM batch
JOIN campaign ON campaign.id = batch.campaign_id
JOIN advisory ON advisory.id = campaign.advisory_id
WHERE NOT batch.done AND (campaign.status = 'cancelled' OR campaign.superseded_by IS NOT NULL
                          OR advisory.expires <= %(now)s)
  AND (%(campaign)s::integer IS NULL OR campaign.id = %(campaign)s)
ORDER BY campaign.id
"""

# A batch that is being worked on is looked at when something waits in it.
_WAITING = """
SELECT batch.id, batch.lease_until IS NULL
FROM batch
WHERE batch.campaign_id = %(campaign)s AND NOT batch.done
  AND (batch.lease_until IS NULL OR EXISTS (
      SELECT FROM delivery
      WHERE delivery.campaign_id = %(campaign)s
        AND delivery.number BETWEEN batch.first AND batch.last
        AND delivery.status = ANY(%(waiting)s::delivery_status[])))
ORDER BY batch.id LIMIT %(limit)s
FOR UPDATE OF batch SKIP LOCKED
"""

_CLOSE = f"""
UPDATE delivery SET
    status = CASE WHEN campaign.status = 'cancelled' OR campaign.superseded_by IS NOT NULL
                  THEN 'cancelled' ELSE 'expired' END::delivery_status,
    -- What was on at the very end kept it from being sent.
    reason = CASE WHEN campaign.superseded_by IS NOT NULL THEN 'superseded'
                  WHEN campaign.status = 'cancelled' THEN 'cancelled'
                  WHEN batch.held_until >= advisory.expires THEN 'held'
                  WHEN delivery.reason = 'held' AND delivery.due_at >= advisory.expires THEN 'held'
                  WHEN batch.rest_from < advisory.expires THEN 'quiet_hours'
                  ELSE 'expired' END::reason,
    code = CASE WHEN campaign.superseded_by IS NOT NULL
                THEN '{SUPERSEDED_BY}' || campaign.superseded_by ELSE delivery.code END,
    due_at = NULL, updated_at = %(now)s
FROM batch
JOIN campaign ON campaign.id = batch.campaign_id
JOIN advisory ON advisory.id = campaign.advisory_id
WHERE batch.id = ANY(%(batches)s) AND delivery.campaign_id = %(campaign)s
  AND delivery.number BETWEEN batch.first AND batch.last
  AND delivery.status = ANY(%(waiting)s::delivery_status[])
"""  # noqa: S608  (joined from our own constants)


def close(
    connection: Connection[Any], now: datetime, limit: int, campaign: int | None = None
) -> tuple[int, int]:
    """Close what waits in up to `limit` batches whose campaign or advisory has ended.

    Gives the counts of batches looked at and of deliveries closed. A batch that is being worked
    on is given back by its holder; what that one has in the air is still recorded.
    """
    values = {"now": now, "campaign": campaign, "limit": limit, "waiting": WAITING_VALUES}
    looked = closed = 0
    for (ended,) in connection.execute(_ENDED, values).fetchall():
        own = {**values, "campaign": ended, "limit": limit - looked}
        rows = connection.execute(_WAITING, own).fetchall()
        if rows:
            ids = [batch for batch, _ in rows]
            closed += connection.execute(_CLOSE, {**own, "batches": ids}).rowcount
            idle = [batch for batch, free in rows if free]
            # Nobody works on these: what was claimed and never recorded is in doubt.
            batches.lose(connection, idle, now)
            batches.give_back(connection, idle, now)
            looked += len(rows)
    return looked, closed
