"""How many deliveries stand how, over all campaigns: counted seldom, and remembered.

A million rows take two tenths of a second to count, which must not be done for each who asks. What
runs is counted anew after twenty times as long as it took, what has ended ever more seldom, and a
campaign that is archived has the figures of its end.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.errors import UnavailableError

# The newest: those of years ago stand still.
_CAMPAIGNS = """
SELECT id, finished_at, figures->'channels' FROM campaign
WHERE planned_at IS NOT NULL ORDER BY id DESC LIMIT 500
"""
_COUNT = """
SELECT channel, status, count(*), min(updated_at) FILTER (WHERE status = 'unknown')
FROM delivery WHERE campaign_id = %s GROUP BY channel, status
"""
_LIMIT = "SET LOCAL statement_timeout = 10000"

#: At most so much of the time is spent on counting what runs, and in one look, seconds.
_SHARE, _AT_ONCE = 20, 1.0
_RUNNING, _LATELY, _LATER = timedelta(seconds=10), timedelta(minutes=10), timedelta(hours=6)
#: For so long after its end receipts are many, and doubts are somebody's concern.
_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    """Deliveries by channel and status; those in doubt of the last day, and since when."""

    deliveries: Mapping[tuple[str, str], int]
    doubt: int
    doubt_since: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    counts: Mapping[tuple[str, str], int]
    doubt_since: datetime | None = None
    due: datetime | None = None


_NOTHING = _Known(counts={}, due=datetime.min.replace(tzinfo=UTC))


class Counting:
    """Counts, and remembers what was counted."""

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        """Use the pool's connections; nothing is counted yet."""
        self._pool = pool
        self._known: dict[int, _Known] = {}

    def counts(self, now: datetime) -> Counted:
        """Give the counts; some may be some seconds old, or hours where nothing happens."""
        with self._pool.connection() as connection:
            campaigns = connection.execute(_CAMPAIGNS).fetchall()
        end = time.monotonic() + _AT_ONCE
        found: dict[int, _Known] = {}
        recent = set()
        for campaign, finished, figures in campaigns:
            known = self._known.get(campaign, _NOTHING)
            if figures is not None:
                known = _Known(counts=_figures(figures))
            elif known.due is not None and known.due <= now and time.monotonic() < end:
                known = self._count(campaign, finished, now, known)
            found[campaign] = known
            if finished is None or now - finished < _DAY:
                recent.add(campaign)
        self._known = found
        return _together(found, recent)

    def _count(
        self, campaign: int, finished: datetime | None, now: datetime, before: _Known
    ) -> _Known:
        """Count one; what takes too long keeps what was counted before, and is tried later."""
        began = time.monotonic()
        try:
            with self._pool.connection() as connection:
                connection.execute(_LIMIT)
                rows = connection.execute(_COUNT, [campaign]).fetchall()
        except UnavailableError:
            return replace(before, due=now + _LATELY)
        took = timedelta(seconds=time.monotonic() - began)
        pause = max(_RUNNING, _SHARE * took)
        if finished is not None:
            pause = max(pause, _LATELY if now - finished < _DAY else _LATER)
        return _Known(
            counts={(channel, status): count for channel, status, count, _ in rows},
            doubt_since=min((since for *_, since in rows if since is not None), default=None),
            due=now + pause,
        )


def _together(known: Mapping[int, _Known], recent: set[int]) -> Counted:
    total: dict[tuple[str, str], int] = {}
    doubts, since = 0, None
    for campaign, one in known.items():
        for key, count in one.counts.items():
            total[key] = total.get(key, 0) + count
            if key[1] == "unknown" and campaign in recent:
                doubts += count
        if campaign in recent and one.doubt_since is not None:
            since = min(since or one.doubt_since, one.doubt_since)
    return Counted(deliveries=total, doubt=doubts, doubt_since=since)


def _figures(channels: Mapping[str, Mapping[str, int]]) -> Mapping[tuple[str, str], int]:
    return {
        (channel, status): count
        for channel, row in channels.items()
        for status, count in row.items()
        if status != "units"
    }
