"""What waits and why, by zone, and which rules were passed for how many."""

from datetime import datetime
from typing import Any

from psycopg import Connection

# Few batches, and of those that wait only.
_HELD = """
SELECT batch.channel, batch.zone, one.why, one.until, sum(one.messages)::integer
FROM (
    SELECT batch.id,
        CASE WHEN batch.held_until > %(now)s THEN 'hold'
             WHEN batch.rest_from <= %(now)s AND batch.rest_until > %(now)s THEN 'quiet_hours'
             ELSE 'segment' END AS why,
        CASE WHEN batch.held_until > %(now)s THEN batch.held_until
             WHEN batch.rest_from <= %(now)s AND batch.rest_until > %(now)s THEN batch.rest_until
             ELSE delivery.due_at END AS until,
        count(*) AS messages
    FROM batch
    JOIN delivery ON delivery.campaign_id = %(campaign)s
        AND delivery.number BETWEEN batch.first AND batch.last
    WHERE batch.campaign_id = %(campaign)s AND NOT batch.done
      AND delivery.status IN ('planned', 'deferred')
      AND (batch.held_until > %(now)s
           OR (batch.rest_from <= %(now)s AND batch.rest_until > %(now)s)
           OR (delivery.reason = 'held' AND delivery.due_at > %(now)s))
    GROUP BY 1, 2, 3
) AS one
JOIN batch ON batch.id = one.id
GROUP BY 1, 2, 3, 4
ORDER BY 4, 5 DESC, 1, 2
"""

_HOLDS = """
SELECT id, channel, zone, segment, held_until, held_by, held_at, why, released_by, released_at,
       release_why
FROM campaign_hold WHERE campaign_id = %s ORDER BY id
"""

_PASSED = """
SELECT rule, channel, zone, sum(messages)::integer, passed_by, why, rules_version, min(passed_at)
FROM passed_rule WHERE campaign_id = %s
GROUP BY rule, channel, zone, passed_by, why, rules_version
ORDER BY min(id)
"""


def held(connection: Connection[Any], campaign: int, now: datetime) -> list[dict[str, object]]:
    """Count what is held, as JSON values: by channel, zone, why, and until when it is.

    `why` is `quiet_hours`, `hold` (an operator's, of a campaign, channel or zone) or `segment` (an
    operator's, of a segment). A hold without an end lasts until the advisory expires.
    """
    rows = connection.execute(_HELD, {"campaign": campaign, "now": now})
    return [
        {
            "channel": channel,
            "zone": zone,
            "why": why,
            "until": until.isoformat(),
            "messages": messages,
        }
        for channel, zone, why, until, messages in rows
    ]


def holds(connection: Connection[Any], campaign: int) -> list[dict[str, object]]:
    """List operators' holds of a campaign, those that were released too, as JSON values."""
    names = (
        *("id", "channel", "zone", "segment", "until", "by", "at", "why"),
        *("released_by", "released_at", "release_why"),
    )
    return [_plain(names, row) for row in connection.execute(_HOLDS, [campaign]).fetchall()]


def passed(connection: Connection[Any], campaign: int) -> list[dict[str, object]]:
    """List the rules that were passed, as JSON values; `messages` is None: not counted yet."""
    names = ("rule", "channel", "zone", "messages", "by", "why", "rules_version", "at")
    return [_plain(names, row) for row in connection.execute(_PASSED, [campaign]).fetchall()]


def _plain(names: tuple[str, ...], row: tuple[object, ...]) -> dict[str, object]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in zip(names, row, strict=True)
    }
