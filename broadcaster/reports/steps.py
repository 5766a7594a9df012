"""The steps of an escalation: whom each told, and how many of them confirmed."""

from typing import Any

from psycopg import Connection

_STEPS = """
SELECT step, channel, due_at, done_at, first, last FROM escalation
WHERE campaign_id = %s ORDER BY step
"""

_CONFIRMED = """
SELECT count(*), count(*) FILTER (WHERE status = 'delivered') FROM delivery
WHERE campaign_id = %s AND number BETWEEN %s AND %s
"""


def steps(connection: Connection[Any], campaign: int) -> list[dict[str, object]]:
    """Give the steps as JSON values; none for a campaign that does not escalate.

    A step that is not done has told nobody yet; without `due_at` it waits for the one before.
    """
    found = []
    for step, channel, due, done, first, last in connection.execute(_STEPS, [campaign]).fetchall():
        values = [campaign, first or 1, last or 0]
        targeted, confirmed = connection.execute(_CONFIRMED, values).fetchone() or (0, 0)
        found.append(
            {
                "step": step,
                "channel": channel,
                "due_at": due and due.isoformat(),
                "done_at": done and done.isoformat(),
                "targeted": targeted,
                "confirmed": confirmed,
            }
        )
    return found
