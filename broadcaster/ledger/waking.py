"""Letting go what rests for quiet hours before they end, as an operator decided."""

from collections.abc import Mapping
from typing import Any

from psycopg import Connection

from broadcaster.domain.fairness import Course
from broadcaster.ledger.resting import Sort, in_force, write
from broadcaster.ports import NOTE_PASSED

_RESTING = """
SELECT id, channel, zone, rest_until FROM batch
WHERE id = ANY(%(batches)s) AND rest_from <= %(now)s AND rest_until > %(now)s
ORDER BY id
"""

_SORTS = """
SELECT campaign.lane, advisory.class FROM campaign JOIN advisory ON advisory.id = advisory_id
WHERE campaign.id = %s
"""

_PASSED = f"""
{NOTE_PASSED}
SELECT %(campaign)s, 'quiet_hours', batch.channel, batch.zone, count(*), %(version)s, %(by)s,
       %(why)s, %(now)s
FROM batch JOIN delivery ON delivery.campaign_id = %(campaign)s
    AND delivery.number BETWEEN batch.first AND batch.last
WHERE batch.id = ANY(%(batches)s) AND delivery.status = ANY(%(waiting)s::delivery_status[])
GROUP BY batch.channel, batch.zone
RETURNING messages
"""  # noqa: S608  (text of ours)

_RELEASED = "UPDATE batch SET released_until = rest_until WHERE id = ANY(%(batches)s)"


def wake(connection: Connection[Any], time_zone: str, values: Mapping[str, Any]) -> int:
    """Let go what rests in (locked) batches until its present quiet hours end; how many messages.

    `values` names the campaign, its batches, the statuses that wait, who does it, when and why,
    which is written down. `time_zone` is the utility's own.
    """
    rows = connection.execute(_RESTING, values).fetchall()
    if not rows:
        return 0
    course = Course(rules=in_force(connection), time_zone=time_zone)
    lane, class_ = connection.execute(_SORTS, [values["campaign"]]).fetchone() or ("", "")
    own = {**values, "batches": [row[0] for row in rows], "version": course.rules.version}
    counts = connection.execute(_PASSED, own).fetchall()
    connection.execute(_RELEASED, own)
    # The next quiet time is looked for from the end of this one on.
    sorts = [
        (batch, Sort(channel, zone, lane, class_, until)) for batch, channel, zone, until in rows
    ]
    write(connection, course, sorts)
    return sum(count for (count,) in counts)
