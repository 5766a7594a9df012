"""How campaigns go: their times, how fast they went, what befell them, and where they reached.

Nothing here reads a campaign's deliveries, the reach by district aside.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, LiteralString

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.domain.course import BUCKET, Befallen, bucket
from broadcaster.domain.message import Channel

_TIMES: LiteralString = """
SELECT campaign.id, campaign.created_at, approved_at, planned_at, finished_at, paused_at,
       hold_reason, advisory.kind, advisory.message_type, advisory.effective, advisory.expires,
       advisory.lapses_at
FROM campaign JOIN advisory ON advisory.id = campaign.advisory_id
"""

_SPAN = "SELECT min(at), max(at) FROM pace WHERE campaign_id = %s"

_PACE = """
SELECT floor(extract(epoch FROM at) / %(width)s)::bigint * %(width)s, sum(messages)::bigint
FROM pace WHERE campaign_id = %(campaign)s GROUP BY 1 ORDER BY 1
"""

_LATELY = """
SELECT channel, sum(messages)::bigint, sum(units)::bigint FROM pace
WHERE campaign_id = %(campaign)s AND at >= %(since)s AND at < %(until)s GROUP BY channel
"""

_AUDIT = """
SELECT at, actor, action, details FROM audit
WHERE subject = %(subject)s AND action = ANY(%(actions)s)
ORDER BY id DESC LIMIT %(most)s
"""

_HAPPENED = """
SELECT first_at, what, provider, instead_of, last_at, times, until FROM happening
WHERE campaign_id = %s ORDER BY last_at DESC LIMIT %s
"""

_STEPS = """
SELECT done_at, channel FROM escalation WHERE campaign_id = %s AND done_at IS NOT NULL AND step > 1
ORDER BY step
"""

_NEXT = """
SELECT channel, due_at FROM escalation WHERE campaign_id = %s AND done_at IS NULL
ORDER BY step LIMIT 1
"""

_TROUBLE = """
SELECT DISTINCT ON (provider, what) provider, what, last_at, until FROM happening
WHERE last_at > %s ORDER BY provider, what, last_at DESC
"""

_DISTRICTS = """
SELECT customer.attributes ->> %(attribute)s, count(*), count(*) FILTER (WHERE reached)
FROM (
    SELECT customer_id, bool_or(status IN ('accepted', 'delivered')) AS reached
    FROM delivery WHERE campaign_id = %(campaign)s GROUP BY customer_id
) AS person
LEFT JOIN customer ON customer.id = person.customer_id
GROUP BY 1 ORDER BY 2 DESC LIMIT 500
"""

#: What the timeline tells of the audit; looks at lists are no steps of a campaign.
TOLD = (
    *("create", "facts", "wording", "approve", "launch", "pause", "resume", "cancel", "supersede"),
    *("hold", "hold_part", "release_part", "replay", "next_channel", "expire", "complete"),
    *("archive", "pseudonymise", "redraft", "hand_over", "give_back"),
)

#: How many points a picture of the rate has at most, and lines a timeline.
_POINTS, _LINES = 120, 300
#: Over how much time the present rate is taken, and what of the last moment is not written yet.
_WINDOW, _LATE = timedelta(seconds=10), timedelta(seconds=1.5)
#: For how long a fault of a network is news.
_NEWS = timedelta(minutes=30)


@dataclass(frozen=True, kw_only=True, slots=True)
class Times:
    """When a campaign was what, why it is held, and for how long what it says holds."""

    created: datetime
    approved: datetime | None
    planned: datetime | None
    finished: datetime | None
    paused: datetime | None
    hold_reason: str | None
    kind: str
    message_type: str
    effective: datetime
    expires: datetime
    lapses: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """Messages a second in `seconds` from a moment on."""

    at: datetime
    seconds: int
    rate: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One line of a timeline; `details` are as the audit, or the chronicle, has them."""

    at: datetime
    what: str
    by: str | None
    details: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """What lately befell a network; `until` is how long a worker leaves it alone."""

    provider: str
    what: Befallen
    at: datetime
    until: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class District:
    """How many customers of a district were targeted, and how many reached; None: not known."""

    name: str | None
    customers: int
    reached: int


class Courses:
    """Tells how campaigns go; reads only."""

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        """Use the pool's connections."""
        self._pool = pool

    def times(self, campaigns: Sequence[int]) -> Mapping[int, Times]:
        """Give the times of campaigns, by their ids."""
        with self._pool.connection() as connection:
            rows = connection.execute(
                _TIMES + "WHERE campaign.id = ANY(%s)", [list(campaigns)]
            ).fetchall()
        return {row[0]: _times(row) for row in rows}

    def pace(self, campaign: int) -> Sequence[Point]:
        """Give how fast a campaign went, from its first message to its last, without gaps."""
        with self._pool.connection() as connection:
            first, last = connection.execute(_SPAN, [campaign]).fetchone() or (None, None)
            if first is None:
                return []
            span = (last - first).total_seconds() + BUCKET
            width = max(1, math.ceil(span / _POINTS / BUCKET)) * BUCKET
            values = {"campaign": campaign, "width": width}
            found = dict(connection.execute(_PACE, values).fetchall())
        begin, end = min(found), max(found)
        return [
            Point(
                at=datetime.fromtimestamp(second, first.tzinfo),
                seconds=width,
                rate=found.get(second, 0) / width,
            )
            for second in range(int(begin), int(end) + width, width)
        ]

    def lately(self, campaign: int, now: datetime) -> Mapping[Channel, tuple[float, float]]:
        """Give messages and units a second by channel, over the last ten seconds."""
        until = bucket(now - _LATE)
        values = {"campaign": campaign, "since": until - _WINDOW, "until": until}
        seconds = _WINDOW.total_seconds()
        with self._pool.connection() as connection:
            rows = connection.execute(_LATELY, values).fetchall()
        return {
            Channel(channel): (messages / seconds, units / seconds)
            for channel, messages, units in rows
        }

    def timeline(self, campaign: int) -> Sequence[Line]:
        """Tell what happened, the latest first; some hundreds of lines at most."""
        values = {"subject": f"campaign {campaign}", "actions": list(TOLD), "most": _LINES}
        with self._pool.connection() as connection:
            lines = [
                Line(at=at, what=action, by=actor, details=details)
                for at, actor, action, details in connection.execute(_AUDIT, values)
            ]
            lines += _happened(connection, campaign)
            lines += [
                Line(at=at, what="turned", by=None, details={"channel": channel})
                for at, channel in connection.execute(_STEPS, [campaign])
            ]
            for found in connection.execute(
                _TIMES + "WHERE campaign.id = %s AND planned_at IS NOT NULL", [campaign]
            ):
                lines.append(Line(at=_planned(found), what="plan", by=None, details={}))
        return sorted(lines, key=lambda line: line.at, reverse=True)[:_LINES]

    def next_step(self, campaign: int) -> tuple[Channel, datetime | None] | None:
        """Say which channel an escalation turns to next, and when; None where there is none."""
        with self._pool.connection() as connection:
            row = connection.execute(_NEXT, [campaign]).fetchone()
        return None if row is None else (Channel(row[0]), row[1])

    def trouble(self, now: datetime) -> Sequence[Trouble]:
        """List what befell networks within half an hour, the latest of each sort."""
        with self._pool.connection() as connection:
            return [
                Trouble(provider=provider, what=Befallen(what), at=at, until=until)
                for provider, what, at, until in connection.execute(_TROUBLE, [now - _NEWS])
            ]

    def districts(self, campaign: int, attribute: str) -> Sequence[District]:
        """Count who was targeted and reached by an attribute's values, most first.

        It reads all deliveries and their customers: some seconds for a million.
        """
        values = {"campaign": campaign, "attribute": attribute}
        with self._pool.connection() as connection:
            return [
                District(name=name, customers=customers, reached=reached)
                for name, customers, reached in connection.execute(_DISTRICTS, values)
            ]


def _times(row: Sequence[Any]) -> Times:
    return Times(
        created=row[1],
        approved=row[2],
        planned=row[3],
        finished=row[4],
        paused=row[5],
        hold_reason=row[6],
        kind=row[7],
        message_type=row[8],
        effective=row[9],
        expires=row[10],
        lapses=row[11],
    )


def _planned(row: Sequence[Any]) -> datetime:
    found: datetime = row[3]
    return found


def _happened(connection: Connection[Any], campaign: int) -> list[Line]:
    return [
        Line(
            at=first,
            what=what,
            by=None,
            details={
                "provider": provider,
                "instead_of": instead_of,
                "last": last,
                "times": times,
                "until": until,
            },
        )
        for first, what, provider, instead_of, last, times, until in connection.execute(
            _HAPPENED, [campaign, _LINES]
        )
    ]
