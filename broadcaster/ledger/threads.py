"""Threads: which campaign is the latest of one, and what a later one does to those before it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.domain.advisory import Advisory, MessageType
from broadcaster.domain.campaign import Campaign, CampaignStatus
from broadcaster.domain.message import MessageClass
from broadcaster.errors import ConflictError
from broadcaster.ledger import reading
from broadcaster.ledger.audit import note
from broadcaster.ledger.validity import person

#: Why a campaign is held that foretells what has not come true.
LAPSED = (
    "a time that it foretells has passed, so it is not sent; give a new one with "
    "'campaigns update', or say that it is over"
)

# The first advisory stands for its thread: who launches what follows in it takes turns.
_LOCK = "SELECT FROM advisory WHERE id = %s FOR NO KEY UPDATE"

# Whoever archives one of them, or forgets its people, does so before, or sees that it is followed.
_KEEP = """
SELECT FROM campaign JOIN advisory ON advisory.id = campaign.advisory_id
WHERE (advisory.id = %(first)s OR advisory.thread_id = %(first)s)
  AND campaign.planned_at IS NOT NULL
ORDER BY campaign.id FOR NO KEY UPDATE OF campaign
"""

_THREAD = """
SELECT campaign.id, campaign.name, campaign.status, campaign.planned_at,
       campaign.superseded_by, campaign.archived_at IS NOT NULL,
       campaign.pseudonymised_at IS NOT NULL, advisory.id, advisory.version, advisory.message_type,
       advisory.class
FROM campaign JOIN advisory ON advisory.id = campaign.advisory_id
WHERE advisory.id = %(first)s OR advisory.thread_id = %(first)s
ORDER BY advisory.version, campaign.id
"""

# What an operator had cancelled stays so: its customers wait for nothing.
_SUPERSEDE = """
UPDATE campaign SET superseded_by = %(by)s, superseded_at = %(now)s, hold_reason = NULL,
    finished_at = CASE WHEN status = 'completed' THEN finished_at ELSE %(now)s END,
    status = CASE WHEN status = 'completed' THEN status ELSE 'cancelled' END
WHERE id = ANY(%(former)s) AND superseded_by IS NULL
  AND status IN ('launched', 'running', 'paused', 'completed')
RETURNING id
"""

_LAPSED = """
SELECT campaign.id, campaign.name, advisory.lapses_at
FROM advisory JOIN campaign ON campaign.advisory_id = advisory.id
WHERE advisory.lapses_at <= %(now)s AND %(now)s < advisory.expires
  AND campaign.status IN ('launched', 'running', 'paused', 'completed')
  AND campaign.superseded_by IS NULL
ORDER BY campaign.id LIMIT 100
"""

_LIVE = frozenset(
    {
        CampaignStatus.LAUNCHED,
        CampaignStatus.RUNNING,
        CampaignStatus.PAUSED,
        CampaignStatus.COMPLETED,
    }
)


class Member(NamedTuple):
    """A campaign of a thread and its advisory's place in it."""

    campaign: int
    name: str
    status: CampaignStatus
    planned_at: datetime | None
    superseded_by: int | None
    archived: bool
    forgotten: bool
    advisory: int
    version: int
    message_type: MessageType
    message_class: MessageClass

    @property
    def launched(self) -> bool:
        """Whether somebody was, or is to be, told by it."""
        return self.planned_at is not None or self.status in _LIVE

    @property
    def stopped(self) -> bool:
        """Whether an operator cancelled it."""
        return self.status is CampaignStatus.CANCELLED and self.superseded_by is None


class Lapsed(NamedTuple):
    """A campaign, the latest of its thread, and when a time passed that it foretells."""

    campaign: int
    name: str
    at: datetime


def members(connection: Connection[Any], first: int) -> list[Member]:
    """List the campaigns of the thread that an advisory began, as they follow one another."""
    rows = connection.execute(_THREAD, {"first": first}).fetchall()
    return [
        Member(*row)._replace(
            status=CampaignStatus(row[2]),
            message_type=MessageType(row[9]),
            message_class=MessageClass(row[10]),
        )
        for row in rows
    ]


def latest(thread: Sequence[Member]) -> Member:
    """Give the latest of a thread, which the next one may follow; ConflictError when none may."""
    launched = [one for one in thread if one.launched]
    if not launched:
        name = thread[0].name
        message = (
            f"Campaign {name!r} was never launched: change its facts with 'campaigns facts', or "
            "cancel it."
        )
        raise ConflictError(message)
    last = launched[-1]
    if last.message_type.ends and not last.stopped:
        message = f"Nothing follows campaign {last.name!r}, which ended its thread. Make a new one."
        raise ConflictError(message)
    if all(one.planned_at is None for one in launched):
        message = (
            f"Campaign {last.name!r} has told nobody yet. Cancel it and make a new one, or wait "
            "until it is planned."
        )
        raise ConflictError(message)
    gone = next((one for one in launched if one.archived or one.forgotten), None)
    if gone is not None:
        message = f"It is not known here any more whom campaign {gone.name!r} told. Make a new one."
        raise ConflictError(message)
    return last


def supersede(
    connection: Connection[Any], found: Campaign, advisory: Advisory, by: str, now: datetime
) -> Sequence[int]:
    """Stop all that a follow-up follows, committed with its launch; which campaigns that were.

    ConflictError when the thread has gone on since the follow-up was made.
    """
    connection.execute(_LOCK, [advisory.first])
    connection.execute(_KEEP, {"first": advisory.first})
    others = [one for one in members(connection, advisory.first) if one.campaign != found.id]
    last = latest(others)
    if last.version >= advisory.version:
        message = (
            f"Campaign {found.name!r} can not be launched: {last.name!r} was launched since and "
            "says something else. Make it anew, and follow that one."
        )
        raise ConflictError(message)
    former = [one.campaign for one in others if one.launched]
    values = {"by": found.id, "now": now, "former": former}
    stopped = sorted(one for (one,) in connection.execute(_SUPERSEDE, values))
    for one in stopped:
        note(connection, person("by", by), "supersede", f"campaign {one}", {"by": found.id})
    return stopped


def require_true(found: Campaign, advisory: Advisory, now: datetime) -> None:
    """Refuse what foretells a time that has passed; ConflictError."""
    if advisory.lapses is not None and advisory.lapses <= now:
        message = f"Campaign {found.name!r} can not go out: {LAPSED}."
        raise ConflictError(message)


class Threads:
    """Looks at threads; changes nothing."""

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        """Use the pool's connections."""
        self._pool = pool

    def of(self, campaign: int) -> Sequence[Member]:
        """List the campaigns of its thread, as they follow one another; NotFoundError."""
        with self._pool.connection() as connection:
            found = reading.campaign(connection, campaign)
            return members(connection, reading.advisory(connection, found.advisory_id).first)

    def latest(self, campaign: int) -> int:
        """Give the campaign that the next one in its thread follows.

        ConflictError where none may follow, NotFoundError for an unknown one.
        """
        return latest(self.of(campaign)).campaign

    def lapsed(self, now: datetime) -> Sequence[Lapsed]:
        """List what foretold a time that has passed, and was followed by nothing."""
        with self._pool.connection() as connection:
            return [Lapsed(*row) for row in connection.execute(_LAPSED, {"now": now})]
