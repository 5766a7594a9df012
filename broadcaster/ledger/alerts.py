"""Alerts in PostgreSQL: judged by one at a time, and told as announcements are: claimed first."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, LiteralString

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.domain.alerting import Alert, News, Notice, Watched
from broadcaster.domain.announcement import AnnouncementStatus

#: One process at a time judges, so that nothing is told twice.
_LOCK = 0x414C4552
#: One that was claimed so long ago and not recorded may have left.
_LOST = timedelta(minutes=2)
#: What the team was told is kept for so long; what could not be told for so long is stale.
_KEPT, _STALE = timedelta(days=90), timedelta(hours=6)

_READ = "SELECT name, subject, since, seen_at, told_at FROM alert ORDER BY since, name, subject"
_INSERT = """
INSERT INTO alert (name, subject, since, seen_at, told_at) VALUES (%s, %s, %s, %s, %s)
"""
_NOTICE = """
INSERT INTO alert_notice (name, subject, news, since, at, sink, due_at)
SELECT %(name)s, %(subject)s, %(news)s, %(since)s, %(at)s, sink, %(at)s
FROM unnest(%(sinks)s::text[]) AS sink
"""
_DOUBT = """
UPDATE alert_notice SET status = 'doubt', ended_at = %(now)s, reason = 'not recorded'
WHERE status = 'claimed' AND claimed_at < %(lost)s
"""
_DROP = """
UPDATE alert_notice SET status = 'dropped', ended_at = %(now)s, reason = 'no longer current'
WHERE status = 'waiting' AND at < %(stale)s
"""
_FORGET = "DELETE FROM alert_notice WHERE ended_at < %(kept)s"
_CLAIM: LiteralString = """
UPDATE alert_notice SET status = 'claimed', claimed_at = %(now)s, attempts = attempts + 1
WHERE id = (SELECT id FROM alert_notice
            WHERE status = 'waiting' AND due_at <= %(now)s AND sink = ANY(%(sinks)s)
            ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id, name, subject, news, since, at, sink, attempts
"""
_RECORD = """
UPDATE alert_notice SET status = %(status)s::announcement_status, reason = %(reason)s,
    due_at = %(due)s,
    ended_at = CASE WHEN %(status)s::announcement_status = 'waiting' THEN NULL ELSE %(now)s END
WHERE id = %(id)s AND status = 'claimed' AND attempts = %(attempt)s
"""
_LISTED = """
SELECT name, subject, news, since, at, sink, status, attempts, reason FROM alert_notice
ORDER BY id DESC LIMIT %s
"""

Judge = Callable[[Sequence[Alert]], tuple[Sequence[Alert], Sequence[Notice]]]


@dataclass(frozen=True, kw_only=True, slots=True)
class ClaimedNotice:
    """What is to be told now, to whom, and the how-manieth attempt it is, from 1."""

    id: int
    notice: Notice
    sink: str
    attempt: int


class Alerts:
    """What stands, and what the team is told of it."""

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        """Use the pool's connections."""
        self._pool = pool

    def judge(self, judge: Judge, sinks: Sequence[str]) -> Sequence[Alert]:
        """Have what stands judged anew, and write down what is to be told, in one transaction.

        Gives what stands now; where another process is judging, what it stood at before.
        """
        with self._pool.connection() as connection:
            held = connection.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK]).fetchone()
            known = _read(connection)
            if held != (True,):
                return known
            alerts, notices = judge(known)
            if list(alerts) != known:
                connection.execute("DELETE FROM alert")
                for one in alerts:
                    row = [one.watched.value, one.subject, one.since, one.seen, one.told]
                    connection.execute(_INSERT, row)
            for notice in notices:
                connection.execute(_NOTICE, {**_values(notice), "sinks": list(sinks)})
            return alerts

    def standing(self) -> Sequence[Alert]:
        """List what stands."""
        with self._pool.connection() as connection:
            return _read(connection)

    def claim(self, now: datetime, sinks: Sequence[str]) -> ClaimedNotice | None:
        """Take the next that is due for one of these, committed; None when there is none."""
        values = {
            "now": now,
            "lost": now - _LOST,
            "stale": now - _STALE,
            "kept": now - _KEPT,
            "sinks": list(sinks),
        }
        with self._pool.connection() as connection:
            for query in (_DOUBT, _DROP, _FORGET):
                connection.execute(query, values)
            row = connection.execute(_CLAIM, values).fetchone()
        if row is None:
            return None
        id_, name, subject, news, since, at, sink, attempt = row
        notice = Notice(watched=Watched(name), subject=subject, news=News(news), since=since, at=at)
        return ClaimedNotice(id=id_, notice=notice, sink=sink, attempt=attempt)

    def record(
        self,
        claimed: ClaimedNotice,
        status: AnnouncementStatus,
        reason: str,
        now: datetime,
        due: datetime | None = None,
    ) -> None:
        """Note what became of it; `due` is when it is tried again."""
        values = {
            "id": claimed.id,
            "attempt": claimed.attempt,
            "status": status.value,
            "reason": reason[:200],
            "due": due or now,
            "now": now,
        }
        with self._pool.connection() as connection:
            connection.execute(_RECORD, values)

    def told(self, limit: int = 50) -> Sequence[Mapping[str, object]]:
        """List the latest that the team was told, as values."""
        names = ("name", "subject", "news", "since", "at", "sink", "status", "attempts", "reason")
        with self._pool.connection() as connection:
            rows = connection.execute(_LISTED, [min(limit, 1000)])
            return [dict(zip(names, row, strict=True)) for row in rows]


def _read(connection: Connection[Any]) -> list[Alert]:
    return [
        Alert(watched=Watched(name), subject=subject, since=since, seen=seen, told=told)
        for name, subject, since, seen, told in connection.execute(_READ)
    ]


def _values(notice: Notice) -> dict[str, object]:
    return {
        "name": notice.watched.value,
        "subject": notice.subject,
        "news": notice.news.value,
        "since": notice.since,
        "at": notice.at,
    }
