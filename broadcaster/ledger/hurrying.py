"""Turning to the next channel of an escalation before its time, because an operator says so."""

from datetime import datetime
from typing import Any

from psycopg import Connection

from broadcaster.domain.campaign import CampaignStatus
from broadcaster.domain.message import Channel
from broadcaster.errors import ConflictError
from broadcaster.ledger import reading
from broadcaster.ledger.audit import note

# Whoever holds or releases a part locks the campaign first, then its steps: so does this.
_LOCK = "SELECT FROM campaign WHERE id = %s FOR UPDATE"

_TURN = """
UPDATE escalation SET due_at = %(now)s
WHERE campaign_id = %(campaign)s AND step = (
    SELECT min(step) FROM escalation WHERE campaign_id = %(campaign)s AND done_at IS NULL
      AND due_at IS NOT NULL)
RETURNING channel
"""


def turn(connection: Connection[Any], campaign: int, by: str, now: datetime) -> Channel:
    """Have the next step begin now; ConflictError where there is none, or nothing may leave."""
    connection.execute(_LOCK, [campaign])
    found = reading.campaign(connection, campaign)
    if found.status is not CampaignStatus.RUNNING:
        message = (
            f"Campaign {found.name!r} is {found.status.value}; only while it runs it turns to "
            "the next channel."
        )
        raise ConflictError(message)
    row = connection.execute(_TURN, {"campaign": campaign, "now": now}).fetchone()
    if row is None:
        message = f"Campaign {found.name!r} has no further channel."
        raise ConflictError(message)
    note(connection, by, "next_channel", f"campaign {campaign}", {"channel": row[0]})
    return Channel(row[0])
