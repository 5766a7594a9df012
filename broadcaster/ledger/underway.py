"""Which plans are being made at the moment, as the server's lists of locks and sessions tell.

A plan is one transaction, so nothing of it can be read before its end; but its locks and the name
of its session are seen by all, and go with it however it ends.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection

from broadcaster.domain.message import Lane
from broadcaster.ports import PLANNING, PLANNING_LANES, PLANNING_STAGE

_LOCKS = """
SELECT lock.objid::bigint, session.xact_start, session.application_name
FROM pg_locks AS lock
JOIN pg_database ON pg_database.oid = lock.database
LEFT JOIN pg_stat_activity AS session ON session.pid = lock.pid
WHERE pg_database.datname = current_database() AND lock.locktype = 'advisory'
  AND lock.classid = %s::bigint::oid AND lock.granted AND lock.mode = 'ExclusiveLock'
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Underway:
    """A plan that is being made; None where the server does not tell this account."""

    since: datetime | None
    stage: str | None


def planning(connection: Connection[Any]) -> Mapping[int, Underway]:
    """List the campaigns that are being planned."""
    return {
        campaign: Underway(since=since, stage=_stage(name or ""))
        for campaign, since, name in connection.execute(_LOCKS, [PLANNING])
    }


def busy_lanes(connection: Connection[Any]) -> frozenset[Lane]:
    """List the lanes for which a campaign is being planned."""
    lanes = list(Lane)
    return frozenset(lanes[place] for place, *_ in connection.execute(_LOCKS, [PLANNING_LANES]))


def _stage(name: str) -> str | None:
    return name.removeprefix(PLANNING_STAGE) if name.startswith(PLANNING_STAGE) else None
