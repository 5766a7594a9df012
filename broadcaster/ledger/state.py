"""How the work stands, read from batches and kept counts; bounded in time, and cheap."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, LiteralString

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.domain.state import LaneState, State
from broadcaster.ledger import batches
from broadcaster.ledger.counting import Counting
from broadcaster.ledger.sweep import DUE
from broadcaster.ledger.underway import busy_lanes

#: The longest that one statement of these may take, milliseconds.
_LIMIT: LiteralString = "SET LOCAL statement_timeout = 3000"

_LANES = f"""
SELECT batch.lane, count(*), count(*) FILTER (WHERE batch.lease_until >= %(now)s),
    count(*) FILTER (WHERE batch.lease_until < %(now)s), sum(batch.last - batch.first + 1),
    min(batch.due_at) FILTER (WHERE batch.due_at <= %(now)s AND batch.lease_until IS NULL
                              AND {batches.OPEN})
FROM batch
JOIN campaign ON campaign.id = batch.campaign_id
JOIN advisory ON advisory.id = campaign.advisory_id
WHERE NOT batch.done AND campaign.status IN ('running', 'paused')
GROUP BY batch.lane
"""  # noqa: S608  (joined from our own constants)

# Bounded: whatever stops a thousand campaigns has one cause.
_IDLE = f"""
SELECT campaign.id
FROM batch
JOIN campaign ON campaign.id = batch.campaign_id
JOIN advisory ON advisory.id = campaign.advisory_id
WHERE NOT batch.done AND batch.due_at <= %(now)s AND {batches.OPEN}
GROUP BY campaign.id
HAVING NOT bool_or(COALESCE(batch.lease_until >= %(now)s, false))
ORDER BY campaign.id LIMIT 200
"""  # noqa: S608  (joined from our own constants)

_SENDING = """
SELECT min(campaign.started_at) FROM campaign
WHERE campaign.status = 'running' AND EXISTS (
    SELECT FROM batch WHERE batch.campaign_id = campaign.id AND NOT batch.done
    AND batch.lease_until >= %(now)s)
"""
_CAMPAIGNS = "SELECT status, count(*) FROM campaign GROUP BY status"
_RECEIPTS = """
SELECT count(*), min(received_at) FROM (
    SELECT received_at FROM receipt WHERE applied_at IS NULL AND due_at <= %(now)s
    ORDER BY due_at, id LIMIT 100000) AS waiting
"""
_NEWEST = "SELECT received_at FROM receipt ORDER BY id DESC LIMIT 1"
_ANNOUNCED = """
SELECT sink, status, count(*), count(*) FILTER (WHERE ended_at > %(lately)s)
FROM announcement WHERE ended_at IS NULL OR ended_at > %(week)s GROUP BY sink, status
"""
_WEBHOOKS = """
SELECT id FROM webhook
WHERE active AND failing_since < %(long)s OR NOT active AND disabled_why IS NOT NULL
ORDER BY id LIMIT 100
"""
_TRIALS = "SELECT COALESCE(sum(failures), 0)::bigint FROM sign_in_trial WHERE at > %(quarter)s"
_CONNECTIONS = """
SELECT (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
       current_setting('max_connections')::integer
       - current_setting('superuser_reserved_connections')::integer
"""
_SIZE = "SELECT pg_database_size(current_database())"
# By the estimates of the planner, which the end of planning renews.
_DELIVERIES = """
SELECT COALESCE(sum(GREATEST(part.reltuples, 0)), 0)::bigint,
       COALESCE(sum(pg_total_relation_size(part.oid)), 0)::bigint
FROM pg_inherits JOIN pg_class AS part ON part.oid = pg_inherits.inhrelid
WHERE pg_inherits.inhparent = 'delivery'::regclass
"""
#: How often the size is looked at, which asks for each file's.
_SELDOM = timedelta(minutes=5)
#: What a public channel refused so long ago alerts nobody any more.
#: How long a webhook may fail, and how long ago a failed attempt to sign in counts.
_QUARTER = timedelta(minutes=15)
_LATELY, _WEEK = timedelta(hours=1), timedelta(days=7)
_DEAD = frozenset({"refused", "doubt"})
_SILENCE = timedelta(minutes=5)


@dataclass(kw_only=True, slots=True)
class _Size:
    at: datetime
    octets: int


class LedgerState:
    """Reads how the work stands; keeps what is expensive to count."""

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        """Use the pool's connections."""
        self._pool = pool
        self._counting = Counting(pool)
        self._size: _Size | None = None

    def read(self, now: datetime) -> State:
        """Read everything at once; UnavailableError."""
        counted = self._counting.counts(now)
        with self._pool.connection() as connection:
            connection.execute(_LIMIT)
            waiting, unapplied = _one(connection, _RECEIPTS, {"now": now})
            connections, most = _one(connection, _CONNECTIONS, {})
            announced = connection.execute(
                _ANNOUNCED, {"lately": now - _LATELY, "week": now - _WEEK}
            ).fetchall()
            statuses: dict[str, int] = {}
            dead: dict[str, int] = {}
            for sink, status, count, lately in announced:
                statuses[status] = statuses.get(status, 0) + count
                if status in _DEAD:
                    dead[sink] = dead.get(sink, 0) + lately
            return State(
                at=now,
                lanes=_lanes(connection, now),
                campaigns=dict(connection.execute(_CAMPAIGNS).fetchall()),
                deliveries=counted.deliveries,
                idle=_idle(connection, now),
                sending=_one(connection, _SENDING, {"now": now})[0],
                doubt=counted.doubt,
                doubt_since=counted.doubt_since,
                receipts=waiting,
                unapplied=unapplied,
                receipt=_one(connection, _NEWEST, {})[0],
                announcements=statuses,
                dead=dead,
                webhooks=_webhooks(connection, now),
                trials=int(_one(connection, _TRIALS, {"quarter": now - _QUARTER})[0]),
                failing=_failing(connection, now),
                connections=connections,
                connections_most=most,
                size=self._octets(connection, now),
            )

    def sizes(self) -> tuple[int, int, int]:
        """Give octets of the database; how many deliveries there are, and octets of those."""
        with self._pool.connection() as connection:
            whole = _one(connection, _SIZE, {})[0]
            count, octets = _one(connection, _DELIVERIES, {})
        return int(whole), max(int(count), 0), int(octets)

    def _octets(self, connection: Connection[Any], now: datetime) -> int:
        if self._size is None or now - self._size.at >= _SELDOM:
            self._size = _Size(at=now, octets=_one(connection, _SIZE, {})[0])
        return self._size.octets


def _one(connection: Connection[Any], query: LiteralString, values: Mapping[str, Any]) -> Any:  # noqa: ANN401  (a row of the database)
    return connection.execute(query, values).fetchone() or (None, None)


def _lanes(connection: Connection[Any], now: datetime) -> Mapping[str, LaneState]:
    return {
        lane: LaneState(open=opened, leased=leased, lost=lost, messages=int(total), oldest=oldest)
        for lane, opened, leased, lost, total, oldest in connection.execute(_LANES, {"now": now})
    }


def _idle(connection: Connection[Any], now: datetime) -> frozenset[int]:
    """List what no worker has: batches that could leave, and campaigns that could be planned."""
    found = {campaign for (campaign,) in connection.execute(_IDLE, {"now": now})}
    busy = {lane.value for lane in busy_lanes(connection)}
    due = connection.execute(DUE, {"now": now}).fetchall()
    return frozenset(found | {campaign for campaign, lane in due if lane not in busy})


def _webhooks(connection: Connection[Any], now: datetime) -> frozenset[int]:
    rows = connection.execute(_WEBHOOKS, {"long": now - _QUARTER})
    return frozenset(webhook for (webhook,) in rows)


def _failing(connection: Connection[Any], now: datetime) -> Mapping[str, datetime]:
    query = "SELECT provider, since FROM provider_trouble WHERE ended_at IS NULL AND at > %s"
    return dict(connection.execute(query, [now - _SILENCE]).fetchall())
