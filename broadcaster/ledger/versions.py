"""Versions of campaigns: what was handed over for approval, approved, or given back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, LiteralString

from psycopg import Connection
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

from broadcaster.domain.campaign import CampaignStatus
from broadcaster.domain.saying import said
from broadcaster.errors import ConflictError, InvalidInputError, StaleError
from broadcaster.ledger import reading
from broadcaster.ledger.audit import note
from broadcaster.ledger.validity import person

_KEEP = """
INSERT INTO campaign_version (campaign_id, event, revision, content_hash, content, people, comment,
                              by, at)
VALUES (%(campaign)s, %(event)s, %(revision)s, %(hash)s, %(content)s, %(people)s, %(comment)s,
        %(by)s, %(at)s)
"""

_READ = """
SELECT id, campaign_id, event, revision, content_hash, people, comment, by, at
FROM campaign_version
"""

# The last word on each draft, as long as nobody has changed it since.
_WAITING: LiteralString = """
SELECT id, campaign_id, event, revision, content_hash, people, comment, by, at FROM (
    SELECT DISTINCT ON (version.campaign_id) version.*
    FROM campaign_version AS version JOIN campaign ON campaign.id = version.campaign_id
    WHERE campaign.status IN ('draft', 'paused') AND campaign.revision = version.revision
    ORDER BY version.campaign_id, version.id DESC
) AS latest
WHERE event = 'handed' ORDER BY at LIMIT 200
"""

_COUNT_WAITING: LiteralString = "SELECT count(*) FROM (" + _WAITING + ") AS waiting"  # noqa: S608  (texts of ours)

#: What may be waited for by whoever approves.
_HANDABLE = frozenset({CampaignStatus.DRAFT, CampaignStatus.PAUSED})
#: A comment is some lines for people.
_LONGEST = 2000
#: So many events of a campaign are told.
_LISTED = 50


class Event(StrEnum):
    """What was done with a version."""

    HANDED = "handed"
    APPROVED = "approved"
    RETURNED = "returned"


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """One event; `people` is the number that was confirmed, `comment` what was said with it."""

    id: int
    campaign: int
    event: Event
    revision: int
    content_hash: str
    people: int | None
    comment: str
    by: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """What is kept of a version: the hash of what would be sent, and how it reads.

    `revision` is the campaign's; `people` the number that was confirmed, `comment` what was said.
    """

    content_hash: str
    content: Mapping[str, Any]
    revision: int
    people: int | None = None
    comment: str = ""


class Versions:
    """Versions of campaigns in PostgreSQL."""

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        """Use the pool's connections."""
        self._pool = pool

    def hand_over(self, campaign: int, kept: Kept, by: str, now: datetime) -> None:
        """Hand a version over for approval.

        ConflictError when it is under way; StaleError when it was changed since the revision that
        is kept.
        """
        self._keep(campaign, Event.HANDED, kept, by, now)

    def give_back(self, campaign: int, kept: Kept, by: str, now: datetime) -> None:
        """Give a version back to its author; InvalidInputError without a comment."""
        commented = replace(kept, comment=told("comment", kept.comment))
        self._keep(campaign, Event.RETURNED, commented, by, now)

    def of(self, campaign: int) -> Sequence[Version]:
        """List what was done with a campaign's versions, the last first."""
        with self._pool.connection() as connection:
            query = f"{_READ} WHERE campaign_id = %s ORDER BY id DESC LIMIT {_LISTED}"
            return [_read(row) for row in connection.execute(query, [campaign])]

    def waiting(self) -> Sequence[Version]:
        """List what waits for approval, the longest waiting first."""
        with self._pool.connection() as connection:
            return [_read(row) for row in connection.execute(_WAITING)]

    def count_waiting(self) -> int:
        """Say how many these are, 200 at most."""
        with self._pool.connection() as connection:
            row = connection.execute(_COUNT_WAITING).fetchone()
            return row[0] if row else 0

    def content(self, version: int) -> Mapping[str, Any]:
        """Give how a version reads; nothing for one that there is none of."""
        with self._pool.connection() as connection:
            query = "SELECT content FROM campaign_version WHERE id = %s"
            row = connection.execute(query, [version]).fetchone()
            return row[0] if row else {}

    def _keep(self, campaign: int, event: Event, kept: Kept, by: str, now: datetime) -> None:
        who = person("by", by)
        with self._pool.connection() as connection:
            connection.execute("SELECT FROM campaign WHERE id = %s FOR UPDATE", [campaign])
            found = reading.campaign(connection, campaign)
            if found.status not in _HANDABLE:
                message = said(
                    "Campaign %(found)s is %(status)s; nobody can do that.",
                    found=repr(found.name),
                    status=found.status.value,
                )
                raise ConflictError(message)
            if found.revision != kept.revision:
                raise StaleError(
                    said(
                        "Campaign %(found)s was changed meanwhile. Look again.",
                        found=repr(found.name),
                    )
                )
            keep(connection, found.id, event, kept, who, now)
            action = {Event.HANDED: "hand_over", Event.RETURNED: "give_back"}[event]
            details = {"content_hash": kept.content_hash, "people": kept.people}
            known = {name: one for name, one in details.items() if one is not None}
            note(connection, who, action, f"campaign {campaign}", known)


def keep(
    connection: Connection[Any], campaign: int, event: Event, kept: Kept, by: str, now: datetime
) -> None:
    """Keep a version in a transaction of the caller's."""
    connection.execute(
        _KEEP,
        {
            "campaign": campaign,
            "event": event.value,
            "revision": kept.revision,
            "hash": kept.content_hash,
            "content": Jsonb(dict(kept.content)),
            "people": kept.people,
            "comment": kept.comment,
            "by": by,
            "at": now,
        },
    )


def told(field: str, text: str) -> str:
    """Tidy some lines that people read; InvalidInputError when there are none, or too many."""
    written = text.replace("\r\n", "\n").strip()
    if not written or len(written) > _LONGEST or not written.replace("\n", "").isprintable():
        remedy = said("Write 1 to %(longest)s printable characters.", longest=_LONGEST)
        raise InvalidInputError(field, said("is empty, too long or has control characters"), remedy)
    return written


def _read(row: Any) -> Version:  # noqa: ANN401  (a row of `_READ`, of mixed types)
    return Version(
        id=row[0],
        campaign=row[1],
        event=Event(row[2]),
        revision=row[3],
        content_hash=row[4],
        people=row[5],
        comment=row[6],
        by=row[7],
        at=row[8],
    )
