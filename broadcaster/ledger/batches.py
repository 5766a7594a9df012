"""Batches: what is left to do in one, worked out from its deliveries.

Everybody locks a batch before its deliveries, so nobody waits for another in a circle. Whoever
reads deliveries names their campaign as a value, so that of all tables its own alone is opened.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, LiteralString

from psycopg import Connection

from broadcaster.domain.delivery import DeliveryId

#: How often a provider is asked about one delivery before it is left as it is.
TRIES = 3

#: Whether something may leave from a batch, joined with its campaign and advisory. Quiet hours and
#: holds stand in the batch as moments, which `resting` and `holds` look after.
OPEN: LiteralString = """(
    campaign.status = 'running' AND advisory.effective <= %(now)s AND %(now)s < advisory.expires
    AND (advisory.lapses_at IS NULL OR %(now)s < advisory.lapses_at)
    AND (batch.rest_from IS NULL OR %(now)s < batch.rest_from)
    AND (batch.held_until IS NULL OR batch.held_until <= %(now)s))"""

_LOSE = """
UPDATE delivery SET status = 'unknown', reason = 'worker_lost', due_at = %(now)s, asked = 0
FROM batch
WHERE batch.id = ANY(%(batches)s) AND delivery.campaign_id = %(campaign)s
  AND delivery.number BETWEEN batch.first AND batch.last AND delivery.status = 'submitting'
"""

_GIVE_BACK = """
UPDATE batch SET
    done = seen.due_at IS NULL,
    due_at = GREATEST(COALESCE(seen.due_at, batch.due_at), %(after)s),
    settle_at = CASE WHEN seen.doubt THEN COALESCE(batch.settle_at, %(now)s) END,
    reconcile_at = CASE WHEN seen.due_at IS NULL
                        THEN COALESCE(batch.reconcile_at, seen.quiet + %(reconcile)s) END,
    lease_until = NULL, published_at = NULL
FROM (
    SELECT batch.id,
        min(CASE WHEN status IN ('planned', 'submitting') THEN %(now)s
                 WHEN status = 'deferred' THEN delivery.due_at END) AS due_at,
        bool_or(status = 'unknown' AND asked < %(tries)s) AS doubt,
        min(COALESCE(delivery.due_at, delivery.updated_at))
            FILTER (WHERE status = 'accepted' AND asked < %(tries)s) AS quiet
    FROM batch JOIN delivery ON delivery.campaign_id = %(campaign)s
        AND delivery.number BETWEEN batch.first AND batch.last
    WHERE batch.id = ANY(%(batches)s)
    GROUP BY batch.id
) AS seen
WHERE batch.id = seen.id
"""

_LOCK = """
SELECT batch.id FROM batch WHERE batch.id IN (
    SELECT batch.id FROM batch
    JOIN unnest(%(campaigns)s::integer[], %(numbers)s::integer[]) AS wish (campaign_id, number)
      ON batch.campaign_id = wish.campaign_id AND wish.number BETWEEN batch.first AND batch.last)
ORDER BY batch.id FOR UPDATE
"""

_REOPEN = """
UPDATE batch SET
    done = false,
    due_at = CASE WHEN batch.done THEN wish.due_at ELSE LEAST(batch.due_at, wish.due_at) END
FROM (
    SELECT batch.id, min(delivery.due_at) AS due_at
    FROM batch JOIN delivery ON delivery.campaign_id = %(campaign)s
        AND delivery.number BETWEEN batch.first AND batch.last
    WHERE batch.id = ANY(%(batches)s) AND delivery.status = 'deferred'
    GROUP BY batch.id
) AS wish
WHERE batch.id = wish.id AND (batch.done OR batch.due_at > wish.due_at)
"""

_CAMPAIGNS = """
SELECT campaign_id, array_agg(id ORDER BY id) FROM batch WHERE id = ANY(%s)
GROUP BY campaign_id ORDER BY campaign_id
"""


def lose(connection: Connection[Any], batches: Sequence[int], now: datetime) -> None:
    """Put in doubt what a lost holder of these (locked) batches had claimed and not recorded."""
    for campaign, own in by_campaign(connection, batches):
        connection.execute(_LOSE, {"campaign": campaign, "batches": own, "now": now})


def give_back(
    connection: Connection[Any],
    batches: Sequence[int],
    now: datetime,
    after: datetime | None = None,
    reconcile: timedelta = timedelta(0),
) -> None:
    """Work out what these (locked) batches need next, and end their leases.

    Done when nothing waits, else due when the first of what waits is, and not before `after`;
    looked through later when some are in doubt, or were accepted `reconcile` ago and may be
    reported on.
    """
    values = {"now": now, "tries": TRIES, "after": after, "reconcile": reconcile}
    for campaign, own in by_campaign(connection, batches):
        connection.execute(_GIVE_BACK, {**values, "campaign": campaign, "batches": own})


def lock(connection: Connection[Any], deliveries: Sequence[DeliveryId]) -> list[int]:
    """Lock the batches of deliveries, in order, and list them."""
    campaigns = [delivery.campaign for delivery in deliveries]
    numbers = [delivery.number for delivery in deliveries]
    rows = connection.execute(_LOCK, {"campaigns": campaigns, "numbers": numbers})
    return [batch for (batch,) in rows]


def reopen(connection: Connection[Any], batches: Sequence[int]) -> None:
    """Make (locked) batches runnable when what is deferred in them is due."""
    for campaign, own in by_campaign(connection, batches):
        connection.execute(_REOPEN, {"campaign": campaign, "batches": own})


def by_campaign(
    connection: Connection[Any], batches: Sequence[int]
) -> Sequence[tuple[int, list[int]]]:
    """Sort batches by their campaigns."""
    return connection.execute(_CAMPAIGNS, [list(batches)]).fetchall()
