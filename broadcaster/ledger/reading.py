"""Reading campaigns and advisories."""

from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from broadcaster.domain.advisory import Advisory, Certainty, MessageType, Severity, Urgency
from broadcaster.domain.campaign import Campaign, CampaignStatus, ChannelPlan
from broadcaster.domain.fairness import OnePer
from broadcaster.domain.message import Channel, Lane, MessageClass
from broadcaster.domain.nearest import close
from broadcaster.errors import NotFoundError

_CAMPAIGN = """
SELECT id, name, advisory_id, segment, expression, channels::text[], channel_plan, lane, drill,
       status, approved_hash, scheduled_at, created_by, approved_by, escalate_after,
       one_per, superseded_by, written_by, revision, bypass
FROM campaign
"""

_ADVISORY = """
SELECT id, kind, version, facts, class, severity, urgency, certainty, effective, expires,
       message_type, thread_id, follows_id, lapses_at, wording
FROM advisory WHERE id = %s
"""

_MOST = 1000

# `position` and not a pattern: what people type has no signs of its own here.
_SEARCH = f"""{_CAMPAIGN}
WHERE (%(before)s::integer IS NULL OR id < %(before)s::integer)
  AND (%(statuses)s::campaign_status[] IS NULL
       OR status = ANY(%(statuses)s::campaign_status[]))
  AND position(lower(%(text)s) IN lower(name)) > 0
ORDER BY id DESC LIMIT %(limit)s
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """Which campaigns: with a text in their names, of some statuses, older than one, so many.

    What is empty allows everything.
    """

    text: str = ""
    statuses: frozenset[CampaignStatus] = frozenset()
    before: int | None = None
    limit: int = 20


def campaign(connection: Connection[Any], which: int | str) -> Campaign:
    """Read a campaign by its id or its name; NotFoundError."""
    column = "id" if isinstance(which, int) else "name"
    row = connection.execute(f"{_CAMPAIGN} WHERE {column} = %s", [which]).fetchone()
    if row is None:
        names = connection.execute("SELECT name FROM campaign ORDER BY id DESC LIMIT %s", [_MOST])
        meant = close(str(which), [name for (name,) in names]) if column == "name" else ""
        remedy = meant or "'broadcaster campaigns status' lists them."
        raise NotFoundError("campaign", f"there is none called {which!r}", remedy)
    return _campaign(row)


def campaigns(connection: Connection[Any]) -> list[Campaign]:
    """List the latest campaigns, the newest first."""
    rows = connection.execute(f"{_CAMPAIGN} ORDER BY id DESC LIMIT {_MOST}")
    return [_campaign(row) for row in rows]


def search(connection: Connection[Any], wish: Wish) -> list[Campaign]:
    """List the campaigns that fit a wish, the newest first; a thousand at most."""
    values = {
        "before": wish.before,
        "statuses": sorted(wish.statuses) or None,
        "text": wish.text,
        "limit": min(wish.limit, _MOST),
    }
    return [_campaign(row) for row in connection.execute(_SEARCH, values)]


def page(
    connection: Connection[Any], before: int | None, limit: int, status: str | None
) -> list[Campaign]:
    """List campaigns older than one, the newest first; of one status, if one is given."""
    rows = connection.execute(
        f"{_CAMPAIGN} WHERE (%(before)s::integer IS NULL OR id < %(before)s)"
        " AND (%(status)s::campaign_status IS NULL OR status = %(status)s::campaign_status)"
        " ORDER BY id DESC LIMIT %(limit)s",
        {"before": before, "limit": limit, "status": status},
    )
    return [_campaign(row) for row in rows]


def advisory(connection: Connection[Any], which: int) -> Advisory:
    """Read an advisory; NotFoundError."""
    row = connection.execute(_ADVISORY, [which]).fetchone()
    if row is None:
        raise NotFoundError("advisory", f"there is no {which}", "Look at the campaign's.")
    return Advisory(
        id=row[0],
        kind=row[1],
        version=row[2],
        facts=row[3],
        message_class=MessageClass(row[4]),
        severity=Severity(row[5]),
        urgency=Urgency(row[6]),
        certainty=Certainty(row[7]),
        effective=row[8],
        expires=row[9],
        message_type=MessageType(row[10]),
        thread=row[11],
        follows=row[12],
        lapses=row[13],
        wording=row[14],
    )


def _campaign(row: Any) -> Campaign:  # noqa: ANN401  (a row of `_CAMPAIGN`, of mixed types)
    return Campaign(
        id=row[0],
        name=row[1],
        advisory_id=row[2],
        segment=row[3],
        expression=row[4],
        channels=tuple(Channel(channel) for channel in row[5]),
        channel_plan=ChannelPlan(row[6]),
        lane=Lane(row[7]),
        drill=row[8],
        status=CampaignStatus(row[9]),
        approved_hash=row[10],
        scheduled_at=row[11],
        created_by=row[12],
        approved_by=row[13],
        escalate_after=tuple(row[14]),
        one_per=OnePer(row[15]),
        superseded_by=row[16],
        written_by=tuple(row[17]),
        revision=row[18],
        bypass=row[19],
    )
