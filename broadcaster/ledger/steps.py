"""The clock of an escalation beside holds: it stands still, and goes on."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg import Connection

# A step of an escalation waits while the campaign is held, and its minutes from the end of that.
# While a part is held it goes on for everybody else, and leaves out whom that part has.
_WAIT_ON = """
UPDATE escalation
SET due_at = GREATEST(escalation.due_at, COALESCE(%(from)s, %(expires)s)
                      + make_interval(mins => campaign.escalate_after[
                          array_position(campaign.channels, escalation.channel) - 1]))
FROM campaign
WHERE campaign.id = %(campaign)s AND escalation.campaign_id = campaign.id
  AND escalation.done_at IS NULL AND escalation.due_at IS NOT NULL
"""

# The clock stood still for everybody where the whole campaign was held, or something rested.
_WHOLE = """
SELECT EXISTS (SELECT FROM campaign_hold
               WHERE id = ANY(%(holds)s) AND channel IS NULL AND zone IS NULL AND segment IS NULL)
"""

# The clock that stood still for what was held goes on from now, or from the end of what still is.
_GO_ON = """
UPDATE escalation
SET due_at = GREATEST(%(now)s, (
        SELECT max(COALESCE(one.held_until, %(expires)s)) FROM campaign_hold AS one
        WHERE one.campaign_id = %(campaign)s AND one.released_at IS NULL
          AND one.channel IS NULL AND one.zone IS NULL AND one.segment IS NULL))
    + make_interval(mins => campaign.escalate_after[
                          array_position(campaign.channels, escalation.channel) - 1])
FROM campaign
WHERE campaign.id = %(campaign)s AND escalation.campaign_id = campaign.id
  AND escalation.done_at IS NULL AND escalation.due_at IS NOT NULL
"""

# Those of a part that is let go have the step that they missed after its minutes from now.
_MAKE_UP = """
UPDATE escalation
SET due_at = LEAST(escalation.due_at, %(now)s + make_interval(mins => campaign.escalate_after[
                       array_position(campaign.channels, escalation.channel) - 1]))
FROM campaign
WHERE campaign.id = %(campaign)s AND escalation.campaign_id = campaign.id
  AND escalation.done_at IS NULL AND escalation.step > cardinality(campaign.channels)
"""


def wait_on(connection: Connection[Any], values: Mapping[str, Any], until: datetime | None) -> None:
    """Have the steps of a campaign that is held as a whole wait for the end of that.

    `values` names the campaign, and when its advisory expires; a hold without an end lasts so long.
    """
    connection.execute(_WAIT_ON, {**values, "from": until})


def go_on(
    connection: Connection[Any],
    values: Mapping[str, Any],
    holds: Sequence[int],
    *,
    all_stood: bool,
) -> None:
    """Let the steps go on from now, after holds were released; `values` as above, and `now`.

    With `all_stood`, or where one was of the whole campaign, for everybody; else for those who were
    left out of a step.
    """
    stood = all_stood or connection.execute(_WHOLE, {"holds": holds}).fetchone() == (True,)
    connection.execute(_GO_ON if stood else _MAKE_UP, values)
