"""Announcements in PostgreSQL: claimed before one leaves, recorded after, never sent on a guess."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, LiteralString

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.domain.announcement import AnnouncementStatus, Claimed

#: One that was claimed so long ago and not recorded: whoever did is gone, and it may have left.
LOST = timedelta(minutes=10)

#: So long the next waits for one that is leaving: networks that hang take one worker, not all.
BUSY = timedelta(minutes=1)

# Nothing leaves past its time, of what was called off or followed by another, or while paused.
_OPEN: LiteralString = """
announcement.status = 'waiting' AND announcement.due_at <= %(now)s
  AND campaign.status IN ('launched', 'running', 'completed') AND sink = ANY(%(sinks)s)
"""
_STALE: LiteralString = """
(advisory.expires <= %(now)s OR publication.cancelled_at IS NOT NULL
 OR campaign.status = 'cancelled'
 OR EXISTS (SELECT FROM advisory AS later JOIN publication AS published
            ON published.advisory_id = later.id AND published.frozen IS NOT NULL
            WHERE later.follows_id = advisory.id))
"""
_JOINED: LiteralString = """
FROM announcement
JOIN publication USING (advisory_id)
JOIN campaign ON campaign.id = publication.campaign_id
JOIN advisory ON advisory.id = publication.advisory_id
"""
_BUSY: LiteralString = """
EXISTS (SELECT FROM announcement AS other
        WHERE other.status = 'claimed' AND other.claimed_at > %(busy)s)
"""
_DROP: LiteralString = (
    """
UPDATE announcement SET status = 'dropped', ended_at = %(now)s, reason = 'no longer current'
WHERE status = 'waiting' AND (advisory_id, sink) IN (SELECT announcement.advisory_id, sink """
    + _JOINED
    + " WHERE announcement.status = 'waiting' AND "
    + _STALE
    + ")"
)
_DOUBT: LiteralString = """
UPDATE announcement SET status = 'doubt', ended_at = %(now)s, reason = 'not recorded'
WHERE status = 'claimed' AND claimed_at < %(lost)s
"""
_NEXT: LiteralString = (
    "SELECT announcement.advisory_id, sink "
    + _JOINED
    + " WHERE "
    + _OPEN
    + " AND NOT "
    + _STALE
    + " AND NOT "
    + _BUSY
    + " ORDER BY announcement.due_at, announcement.advisory_id, sink"
    + " LIMIT 1 FOR UPDATE OF announcement SKIP LOCKED"
)
_CLAIM: LiteralString = (
    "WITH next AS MATERIALIZED ("
    + _NEXT
    + """)
UPDATE announcement SET status = 'claimed', claimed_at = %(now)s, attempts = attempts + 1
FROM next WHERE announcement.advisory_id = next.advisory_id AND announcement.sink = next.sink
  AND announcement.status = 'waiting'
RETURNING announcement.advisory_id, announcement.sink, announcement.attempts
"""
)
_RECORD: LiteralString = """
UPDATE announcement SET status = %(status)s::announcement_status, reason = %(reason)s,
    due_at = %(due)s,
    ended_at = CASE WHEN %(status)s::announcement_status = 'waiting' THEN NULL ELSE %(now)s END
WHERE advisory_id = %(advisory)s AND sink = %(sink)s AND status = 'claimed'
  AND attempts = %(attempt)s
"""
_WAITING: LiteralString = (
    "SELECT EXISTS (SELECT FROM announcement WHERE status = 'waiting' AND due_at <= %s"
    " OR status = 'claimed' AND claimed_at < %s)"
)
_LISTED: LiteralString = """
SELECT advisory_id, sink, status, attempts, reason FROM announcement
ORDER BY advisory_id DESC, sink LIMIT 200
"""


class Announcements:
    """What is to be told on public channels, and what became of it."""

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        """Use the pool's connections."""
        self._pool = pool

    def waiting(self, now: datetime) -> bool:
        """Tell whether there may be something to do."""
        with self._pool.connection() as connection:
            return connection.execute(_WAITING, [now, now - LOST]).fetchone() == (True,)

    def claim(self, now: datetime, sinks: Sequence[str]) -> Claimed | None:
        """Take the next that is due for one of these sinks, committed; None when there is none.

        None, too, while another is leaving: its worker goes on with the next.
        """
        values = {"now": now, "lost": now - LOST, "busy": now - BUSY, "sinks": list(sinks)}
        with self._pool.connection() as connection:
            connection.execute(_DOUBT, values)
            connection.execute(_DROP, values)
            row = connection.execute(_CLAIM, values).fetchone()
        return row and Claimed(advisory=row[0], sink=row[1], attempt=row[2])

    def record(
        self,
        claimed: Claimed,
        status: AnnouncementStatus,
        reason: str,
        now: datetime,
        due: datetime | None = None,
    ) -> None:
        """Note what became of it; `due` is when it is tried again."""
        values = {
            "advisory": claimed.advisory,
            "sink": claimed.sink,
            "attempt": claimed.attempt,
            "status": status.value,
            "reason": reason[:200],
            "due": due or now,
            "now": now,
        }
        with self._pool.connection() as connection:
            connection.execute(_RECORD, values)

    def list(self) -> Sequence[Mapping[str, object]]:
        """List the latest: advisory, sink, status, attempts, reason."""
        names = ("advisory", "sink", "status", "attempts", "reason")
        with self._pool.connection() as connection:
            return [dict(zip(names, row, strict=True)) for row in connection.execute(_LISTED)]
