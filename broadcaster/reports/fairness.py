"""What waits and why, by zone, and which rules were passed for how many."""

from datetime import datetime
from typing import Any

from psycopg import Connection

from broadcaster.domain.delivery import FAILED

# Deliveries are read in batches that wait alone; and where a segment is held, in all.
_HELD = """
WITH waiting AS (
    SELECT id, first, last, channel, zone,
           CASE WHEN held_until > %(now)s THEN 'hold' ELSE 'quiet_hours' END AS why,
           CASE WHEN held_until > %(now)s THEN held_until ELSE rest_until END AS until
    FROM batch
    WHERE campaign_id = %(campaign)s AND NOT done
      AND (held_until > %(now)s OR (rest_from <= %(now)s AND rest_until > %(now)s))
)
SELECT waiting.channel, waiting.zone, waiting.why, waiting.until, count(*)
FROM waiting
JOIN delivery ON delivery.campaign_id = %(campaign)s
    AND delivery.number BETWEEN waiting.first AND waiting.last
WHERE delivery.status IN ('planned', 'deferred')
GROUP BY 1, 2, 3, 4
UNION ALL
SELECT batch.channel, batch.zone, 'segment', delivery.due_at, count(*)
FROM batch
JOIN delivery ON delivery.campaign_id = %(campaign)s
    AND delivery.number BETWEEN batch.first AND batch.last
WHERE batch.campaign_id = %(campaign)s AND NOT batch.done
  AND EXISTS (SELECT FROM campaign_hold
              WHERE campaign_id = %(campaign)s AND segment IS NOT NULL AND released_at IS NULL)
  AND delivery.status = 'deferred' AND delivery.reason = 'held' AND delivery.due_at > %(now)s
  AND batch.id NOT IN (SELECT id FROM waiting)
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

# Roofs under which somebody was left out for somebody else, to whom nothing came or may yet come.
_HOUSEHOLDS = """
WITH roof AS (
    SELECT customer.household,
           bool_or(delivery.reason = 'household' AND delivery.address_id IS NULL) AS spared,
           bool_or(delivery.status <> ALL(%(failed)s::delivery_status[])) AS told
    FROM delivery JOIN customer ON customer.id = delivery.customer_id
    WHERE delivery.campaign_id = %(campaign)s AND customer.household IS NOT NULL
    GROUP BY customer.household
)
SELECT count(*) FROM roof WHERE spared AND NOT told
"""


def unreached_households(connection: Connection[Any], campaign: int) -> int:
    """Count households that nobody of was told, though somebody was left out for another one."""
    values = {"campaign": campaign, "failed": [status.value for status in FAILED]}
    return int((connection.execute(_HOUSEHOLDS, values).fetchone() or (0,))[0])


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
