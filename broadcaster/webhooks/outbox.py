"""What endpoints are to be told: claimed before it leaves, recorded after, told at least once.

Events are written down by whatever makes them true (triggers, migration 0025). To each endpoint
they go in their order, one at a time; while an endpoint fails, all that it waits for waits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, LiteralString

from psycopg import Connection
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

from broadcaster.domain.webhook import EventType, Leaving, Next, Reply
from broadcaster.ports.auditing import SYSTEM, note

#: Whoever claimed one so long ago is gone; it is told again, under the same id.
LOST = timedelta(minutes=2)
#: For how long events and the log of attempts are kept, and the most of the log of an endpoint.
KEPT, LOG = timedelta(days=7), 500
#: The most that waits for one endpoint; what is older is dropped.
MOST_WAITING = 10_000

_FREE: LiteralString = """
UPDATE webhook_delivery SET status = 'waiting' WHERE status = 'claimed' AND claimed_at < %(lost)s
"""
# Asked for once more as it is taken: whoever looked before another one committed saw it waiting.
_NEXT: LiteralString = """
WITH endpoint AS (
    SELECT webhook.id FROM webhook
    WHERE (webhook.active OR EXISTS (
              SELECT FROM webhook_delivery JOIN webhook_event ON webhook_event.id = event_id
              WHERE webhook_id = webhook.id AND status = 'waiting' AND type = 'webhook.test'))
      AND webhook.retry_at <= %(now)s
      AND EXISTS (SELECT FROM webhook_delivery
                  WHERE webhook_id = webhook.id AND status = 'waiting')
      AND NOT EXISTS (SELECT FROM webhook_delivery
                      WHERE webhook_id = webhook.id AND status = 'claimed')
    ORDER BY webhook.retry_at, webhook.id LIMIT 1 FOR UPDATE OF webhook SKIP LOCKED
), first AS MATERIALIZED (
    SELECT event_id, webhook_id FROM webhook_delivery JOIN endpoint ON endpoint.id = webhook_id
    WHERE status = 'waiting' ORDER BY event_id LIMIT 1
)
UPDATE webhook_delivery SET status = 'claimed', claimed_at = %(now)s,
    attempts = webhook_delivery.attempts + 1
FROM first, webhook, webhook_event
WHERE webhook_delivery.event_id = first.event_id
  AND webhook_delivery.webhook_id = first.webhook_id
  AND webhook_delivery.status = 'waiting'
  AND webhook.id = first.webhook_id AND webhook_event.id = first.event_id
RETURNING webhook_delivery.event_id, webhook_delivery.webhook_id, webhook.url, webhook.salt,
    webhook_delivery.attempts, webhook.failing_since, webhook_event.type, webhook_event.at,
    webhook_event.data, webhook_event.type = 'customer.opted_out',
    (SELECT number FROM customer WHERE customer.id = webhook_event.customer_id)
"""
_ATTEMPT: LiteralString = """
INSERT INTO webhook_attempt (event_id, webhook_id, attempt, at, status, seconds, fault)
SELECT event_id, webhook_id, %(attempt)s, %(now)s, %(status)s, %(seconds)s, %(fault)s
FROM webhook_delivery WHERE event_id = %(event)s AND webhook_id = %(webhook)s
"""
_TRIM: LiteralString = """
DELETE FROM webhook_attempt WHERE webhook_id = %(webhook)s AND id <= (
    SELECT id FROM webhook_attempt WHERE webhook_id = %(webhook)s
    ORDER BY id DESC OFFSET %(most)s LIMIT 1)
"""
_ENDED: LiteralString = """
UPDATE webhook_delivery SET status = %(state)s, reason = %(reason)s,
    ended_at = CASE WHEN %(state)s = 'waiting' THEN NULL ELSE %(now)s::timestamptz END
WHERE event_id = %(event)s AND webhook_id = %(webhook)s AND status = 'claimed'
  AND attempts = %(attempt)s
"""
_WELL: LiteralString = """
UPDATE webhook SET failing_since = NULL, retry_at = '-infinity' WHERE id = %(webhook)s
"""
_ILL: LiteralString = """
UPDATE webhook SET failing_since = COALESCE(failing_since, %(now)s),
    retry_at = COALESCE(%(again)s::timestamptz, '-infinity'::timestamptz)
WHERE id = %(webhook)s
"""
_DISABLE: LiteralString = """
UPDATE webhook SET active = false, disabled_why = %(why)s WHERE id = %(webhook)s AND active
"""
_DROP_ALL: LiteralString = """
UPDATE webhook_delivery SET status = 'dropped', ended_at = %(now)s, reason = 'the endpoint failed'
WHERE webhook_id = %(webhook)s AND status = 'waiting'
"""
_WAITING: LiteralString = """
SELECT EXISTS (SELECT FROM webhook_delivery JOIN webhook ON webhook.id = webhook_id
               WHERE status = 'waiting' AND retry_at <= %(now)s
                  OR status = 'claimed' AND claimed_at < %(lost)s)
"""
_LOG: LiteralString = """
SELECT attempt.id, event_id, webhook_event.type, attempt.attempt, attempt.at, attempt.status,
       attempt.seconds, attempt.fault, webhook_delivery.status
FROM webhook_attempt AS attempt
JOIN webhook_event ON webhook_event.id = event_id
JOIN webhook_delivery USING (event_id, webhook_id)
WHERE attempt.webhook_id = %(webhook)s AND (%(before)s::bigint IS NULL OR attempt.id < %(before)s)
ORDER BY attempt.id DESC LIMIT %(limit)s
"""
_FORGET: LiteralString = """
DELETE FROM webhook_event WHERE id IN (SELECT id FROM webhook_event WHERE at < %s LIMIT 10000)
"""
_OVERFLOW: LiteralString = """
UPDATE webhook_delivery SET status = 'dropped', ended_at = %(now)s, reason = 'too many waited'
WHERE status = 'waiting' AND (event_id, webhook_id) IN (
    SELECT event_id, webhook_id FROM (
        SELECT event_id, webhook_id,
               row_number() OVER (PARTITION BY webhook_id ORDER BY event_id DESC) AS place
        FROM webhook_delivery WHERE status = 'waiting') AS one
    WHERE place > %(most)s)
"""
_TELL: LiteralString = "SELECT webhook_tell(%s, %s, NULL, %s)"
_WANTED: LiteralString = "SELECT DISTINCT unnest(events) FROM webhook WHERE active"
_LOOK: LiteralString = """
INSERT INTO webhook_look (name, looked_at, seen) VALUES (%(name)s, %(now)s, '{}')
ON CONFLICT (name) DO UPDATE SET looked_at = excluded.looked_at
WHERE webhook_look.looked_at <= %(old)s
RETURNING seen
"""
_SEEN: LiteralString = "UPDATE webhook_look SET seen = %s WHERE name = %s"


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """A line of the log of an endpoint."""

    id: int
    event: int
    type: str
    attempt: int
    at: datetime
    status: int | None
    seconds: float
    fault: str
    state: str


class Outbox:
    """Events in PostgreSQL, on their way."""

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        """Use the pool's connections."""
        self._pool = pool

    def waiting(self, now: datetime) -> bool:
        """Tell whether there may be something to send."""
        with self._pool.connection() as connection:
            row = connection.execute(_WAITING, {"now": now, "lost": now - LOST}).fetchone()
            return row == (True,)

    def claim(self, now: datetime) -> Leaving | None:
        """Take the next event of an endpoint that is not being told another, committed."""
        values = {"now": now, "lost": now - LOST}
        with self._pool.connection() as connection:
            connection.execute(_FREE, values)
            row = connection.execute(_NEXT, values).fetchone()
        if row is None:
            return None
        event, webhook, url, salt, attempt, failing, type_, at, data, personal, number = row
        told = {**data, "customer": number or "erased"} if personal else data
        return Leaving(
            event=event,
            webhook=webhook,
            url=url,
            salt=bytes(salt),
            attempt=attempt,
            failing_since=failing,
            type=EventType(type_),
            at=at,
            data=told,
        )

    def record(self, leaving: Leaving, reply: Reply, then: Next | None, now: datetime) -> None:
        """Note what came of it; `then` is None when the endpoint took it."""
        state = "delivered" if then is None else ("dropped" if then.drop else "waiting")
        values: dict[str, object] = {
            "event": leaving.event,
            "webhook": leaving.webhook,
            "attempt": leaving.attempt,
            "now": now,
            "status": reply.status,
            "seconds": reply.seconds,
            "fault": reply.fault[:200],
            "state": state,
            "reason": "" if then is None else (reply.fault or f"status {reply.status}")[:200],
            "again": None if then is None else then.again,
            "most": LOG,
            "why": "" if then is None else then.disable,
        }
        with self._pool.connection() as connection:
            connection.execute(_ATTEMPT, values)
            connection.execute(_TRIM, values)
            connection.execute(_ENDED, values)
            connection.execute(_WELL if then is None else _ILL, values)
            if then is not None and then.disable and connection.execute(_DISABLE, values).rowcount:
                connection.execute(_DROP_ALL, values)
                details = {"why": then.disable, "attempts": leaving.attempt}
                subject = f"webhook {leaving.webhook}"
                note(connection, SYSTEM, "webhook_disabled", subject, details)

    def log(self, webhook: int, before: int | None, limit: int) -> Sequence[Attempt]:
        """List the attempts at an endpoint, the latest first."""
        values = {"webhook": webhook, "before": before, "limit": limit}
        with self._pool.connection() as connection:
            rows = connection.execute(_LOG, values).fetchall()
        names = ("id", "event", "type", "attempt", "at", "status", "seconds", "fault", "state")
        return [Attempt(**dict(zip(names, row, strict=True))) for row in rows]

    def forget(self, now: datetime) -> None:
        """Let go of what is old, and of what is too much."""
        with self._pool.connection() as connection:
            connection.execute(_FORGET, [now - KEPT])
            connection.execute(_OVERFLOW, {"now": now, "most": MOST_WAITING})

    def wanted(self) -> frozenset[str]:
        """Name the events that some endpoint wants."""
        with self._pool.connection() as connection:
            return frozenset(name for (name,) in connection.execute(_WANTED))

    def look(self, name: str, every: timedelta, now: datetime) -> Mapping[str, Any] | None:
        """Take it upon oneself to look at something; what was seen, None when it is too soon."""
        values = {"name": name, "now": now, "old": now - every}
        with self._pool.connection() as connection:
            row = connection.execute(_LOOK, values).fetchone()
        return None if row is None else row[0]

    def tell(
        self,
        name: str,
        seen: Mapping[str, object],
        events: Sequence[tuple[EventType, int | None, Mapping[str, object]]],
    ) -> None:
        """Write down what was seen, and the events that came of it, together."""
        with self._pool.connection() as connection:
            connection.execute(_SEEN, [Jsonb(dict(seen)), name])
            for type_, campaign, data in events:
                connection.execute(_TELL, [type_.value, campaign, Jsonb(dict(data))])
