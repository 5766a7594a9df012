"""Publications in PostgreSQL: frozen once, called off once, read by whoever keeps a copy."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, LiteralString

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.ledger.audit import SYSTEM, note
from broadcaster.ports import Record

#: What could not be published is tried again after this.
AGAIN = timedelta(minutes=10)
#: So many are published in one look.
_MOST = 50
_LONGEST_FAULT = 500

# Paused is what was launched before; what another took the place of has told somebody, who may
# look. Where several campaigns told of one advisory, it is the first.
_DUE: LiteralString = """
SELECT DISTINCT ON (advisory.id) advisory.id, campaign.id
FROM campaign
JOIN advisory ON advisory.id = campaign.advisory_id
LEFT JOIN publication ON publication.advisory_id = advisory.id
WHERE (campaign.status IN ('launched', 'running', 'paused', 'completed')
       OR campaign.superseded_by IS NOT NULL AND campaign.planned_at IS NOT NULL)
  AND advisory.effective <= %(now)s AND advisory.expires > %(now)s
  AND COALESCE(campaign.scheduled_at, '-infinity') <= %(now)s
  AND publication.frozen IS NULL
  AND COALESCE(publication.tried_at, '-infinity') <= %(again)s
ORDER BY advisory.id, campaign.id
LIMIT %(most)s
"""
# One that ended before anything was planned, or that another took the place of, was not called off.
_CALLED_OFF: LiteralString = """
SELECT publication.advisory_id, campaign.finished_at
FROM publication
JOIN campaign ON campaign.id = publication.campaign_id
JOIN advisory ON advisory.id = publication.advisory_id
WHERE campaign.status = 'cancelled' AND publication.cancelled_at IS NULL
  AND publication.frozen IS NOT NULL AND campaign.finished_at < advisory.expires
  AND NOT EXISTS (
      SELECT FROM advisory AS later JOIN campaign AS follower ON follower.advisory_id = later.id
      WHERE later.follows_id = advisory.id
        AND follower.status IN ('launched', 'running', 'paused', 'completed'))
ORDER BY publication.advisory_id
LIMIT 50
"""
_SAVE: LiteralString = """
INSERT INTO publication (advisory_id, campaign_id, frozen, cap, tried_at)
VALUES (%(advisory)s, %(campaign)s, %(frozen)s, %(cap)s, %(now)s)
ON CONFLICT (advisory_id) DO UPDATE
SET frozen = excluded.frozen, cap = excluded.cap, fault = NULL, tried_at = excluded.tried_at,
    campaign_id = excluded.campaign_id, change = nextval('publication_change')
WHERE publication.frozen IS NULL
"""
_ANNOUNCE: LiteralString = """
INSERT INTO announcement (advisory_id, sink, due_at)
SELECT %(advisory)s, sink, %(now)s FROM unnest(%(sinks)s::text[]) AS sink
ON CONFLICT DO NOTHING
"""
_FAIL: LiteralString = """
INSERT INTO publication (advisory_id, campaign_id, fault, tried_at)
VALUES (%(advisory)s, %(campaign)s, %(fault)s, %(now)s)
ON CONFLICT (advisory_id) DO UPDATE SET fault = excluded.fault, tried_at = excluded.tried_at
WHERE publication.frozen IS NULL
"""
_CALL_OFF: LiteralString = """
UPDATE publication
SET cancelled_at = %(at)s, calling_off = %(text)s, change = nextval('publication_change')
WHERE advisory_id = %(advisory)s AND cancelled_at IS NULL AND frozen IS NOT NULL
"""
_CHOSEN: LiteralString = """
SELECT advisory_id, frozen, cap, cancelled_at, calling_off, change FROM publication
"""
_READ: LiteralString = (
    _CHOSEN + " WHERE frozen IS NOT NULL AND advisory_id = ANY(%s) ORDER BY advisory_id"
)
# A thread goes back in time, so that it ends; a limit for one that somebody made otherwise.
_THREAD: LiteralString = """
WITH RECURSIVE thread (id, follows_id, depth) AS (
    SELECT id, follows_id, 1 FROM advisory WHERE id = %s
    UNION ALL
    SELECT advisory.id, advisory.follows_id, depth + 1
    FROM thread JOIN advisory ON advisory.id = thread.follows_id
    WHERE depth < 100
)
"""
_EARLIER: LiteralString = (
    _THREAD
    + _CHOSEN
    + " JOIN thread ON thread.id = publication.advisory_id"
    + " WHERE frozen IS NOT NULL ORDER BY advisory_id"
)
# A database that was restored or made anew counts numbers and changes again, and folders stay.
_MARKS: LiteralString = """
SELECT advisory_id, change || '@' || extract(epoch FROM tried_at)
FROM publication WHERE frozen IS NOT NULL
"""
_PAGE: LiteralString = """
SELECT advisory_id, campaign_id, cancelled_at FROM publication
WHERE frozen IS NOT NULL AND (%(before)s::integer IS NULL OR advisory_id < %(before)s)
ORDER BY advisory_id DESC LIMIT %(limit)s
"""
_FAULTS: LiteralString = (
    "SELECT advisory_id, fault FROM publication WHERE frozen IS NULL ORDER BY advisory_id LIMIT 100"
)
_AGAIN: LiteralString = "UPDATE publication SET tried_at = '-infinity' WHERE frozen IS NULL"


class PostgresPublications:
    """An implementation of the port `Publications`; every method is one committed transaction."""

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        """Use the pool's connections."""
        self._pool = pool

    def due(self, now: datetime) -> Sequence[tuple[int, int]]:
        """List advisories that the public may read and cannot yet, with their campaigns."""
        with self._pool.connection() as connection:
            values = {"now": now, "again": now - AGAIN, "most": _MOST}
            return [(one, of) for one, of in connection.execute(_DUE, values)]

    def called_off(self) -> Sequence[tuple[int, datetime]]:
        """List publications whose campaign was cancelled since, and when."""
        with self._pool.connection() as connection:
            return [(one, at) for one, at in connection.execute(_CALLED_OFF)]

    def waiting(self, now: datetime) -> bool:
        """Tell whether `due` or `called_off` would list something."""
        with self._pool.connection() as connection:
            values = {"now": now, "again": now - AGAIN, "most": 1}
            due = connection.execute(_DUE, values).fetchone()
            return due is not None or connection.execute(_CALLED_OFF).fetchone() is not None

    def save(self, record: Record, campaign: int, now: datetime, sinks: Sequence[str]) -> bool:
        """Keep it, unless it is kept already; and what is to be announced where."""
        values = {
            "advisory": record.advisory,
            "campaign": campaign,
            "frozen": record.frozen,
            "cap": record.cap,
            "now": now,
            "sinks": list(sinks),
        }
        with self._pool.connection() as connection:
            if not connection.execute(_SAVE, values).rowcount:
                return False
            connection.execute(_ANNOUNCE, values)
            note(connection, SYSTEM, "publish", f"advisory {record.advisory}")
            return True

    def fail(self, advisory: int, campaign: int, fault: str, now: datetime) -> None:
        """Note why it could not be published; it is tried again later."""
        short = " ".join(fault.split())[:_LONGEST_FAULT]
        values = {"advisory": advisory, "campaign": campaign, "fault": short, "now": now}
        with self._pool.connection() as connection:
            connection.execute(_FAIL, values)

    def call_off(self, advisory: int, at: datetime, calling_off: str) -> None:
        """Note that it was taken back; once."""
        values = {"advisory": advisory, "at": at, "text": calling_off}
        with self._pool.connection() as connection:
            if connection.execute(_CALL_OFF, values).rowcount:
                note(connection, SYSTEM, "withdraw", f"advisory {advisory}")

    def changes(self) -> Mapping[int, str]:
        """Mark every publication by its `change` and when it was frozen."""
        with self._pool.connection() as connection:
            return dict(connection.execute(_MARKS).fetchall())

    def read(self, advisories: Sequence[int]) -> Sequence[Record]:
        """Read some of them."""
        with self._pool.connection() as connection:
            return [_record(row) for row in connection.execute(_READ, [list(advisories)])]

    def page(self, before: int | None, limit: int) -> Sequence[tuple[int, int, datetime | None]]:
        """List what is published, the newest first: advisory, campaign, when it was called off."""
        values = {"before": before, "limit": limit}
        with self._pool.connection() as connection:
            return [(row[0], row[1], row[2]) for row in connection.execute(_PAGE, values)]

    def earlier(self, advisory: int | None) -> Sequence[Record]:
        """Read an advisory's publication and those before it in the thread, the first first."""
        if advisory is None:
            return ()
        with self._pool.connection() as connection:
            return [_record(row) for row in connection.execute(_EARLIER, [advisory])]

    def faults(self) -> Mapping[int, str]:
        """Say which advisories could not be published, and why."""
        with self._pool.connection() as connection:
            return {one: str(fault) for one, fault in connection.execute(_FAULTS)}

    def try_again(self) -> None:
        """Have them tried again at once."""
        with self._pool.connection() as connection:
            connection.execute(_AGAIN)


def _record(row: Any) -> Record:  # noqa: ANN401  (a row of `_CHOSEN`, of mixed types)
    return Record(
        advisory=row[0],
        frozen=row[1],
        cap=row[2],
        cancelled_at=row[3],
        calling_off=row[4],
        change=row[5],
    )
