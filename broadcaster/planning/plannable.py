"""A campaign as planning needs it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from psycopg import Connection

from broadcaster.domain.advisory import FactValue, MessageType
from broadcaster.domain.campaign import CampaignStatus, ChannelPlan
from broadcaster.domain.fairness import OnePer
from broadcaster.domain.message import Channel, Lane, MessageClass
from broadcaster.errors import NotFoundError

_CAMPAIGN = """
SELECT campaign.id, campaign.name, campaign.expression, campaign.channels::text[], campaign.status,
       campaign.lane, campaign.planned_at, advisory.kind, advisory.class, advisory.effective,
       advisory.expires, campaign.channel_plan, campaign.escalate_after,
       campaign.one_per, campaign.approved_by, campaign.scheduled_at, advisory.message_type,
       advisory.thread_id, advisory.facts
FROM campaign JOIN advisory ON advisory.id = campaign.advisory_id
WHERE campaign.id = %s
"""

# The campaigns before it in its thread that told somebody, or would have.
_FORMER = """
SELECT campaign.id
FROM advisory AS own
JOIN advisory ON advisory.id = own.thread_id OR advisory.thread_id = own.thread_id
JOIN campaign ON campaign.advisory_id = advisory.id
WHERE own.id = (SELECT advisory_id FROM campaign WHERE id = %s)
  AND advisory.version < own.version AND campaign.planned_at IS NOT NULL
ORDER BY advisory.version
"""


class Plannable(NamedTuple):
    """What planning needs of a campaign.

    `former` are the campaigns before it in its `thread`, the first one first; None in one that
    begins a thread.
    """

    id: int
    name: str
    expression: str
    channels: Sequence[Channel]
    status: CampaignStatus
    lane: Lane
    planned_at: datetime | None
    kind: str
    message_class: MessageClass
    effective: datetime
    expires: datetime
    plan: ChannelPlan
    escalate_after: Sequence[int]
    one_per: OnePer
    approved_by: str | None
    scheduled_at: datetime | None
    message_type: MessageType
    thread: int | None
    facts: Mapping[str, FactValue]
    former: Sequence[int] | None = None


def read(connection: Connection[Any], campaign: int) -> Plannable:
    """Read a campaign with its advisory; NotFoundError."""
    row = connection.execute(_CAMPAIGN, [campaign]).fetchone()
    if row is None:
        remedy = "'broadcaster campaigns status' lists them."
        raise NotFoundError("campaign", f"there is no {campaign}", remedy)
    found = Plannable(*row)
    former = None
    if found.thread is not None:
        former = [one for (one,) in connection.execute(_FORMER, [campaign])]
    return found._replace(
        former=former,
        message_type=MessageType(found.message_type),
        channels=[Channel(channel) for channel in found.channels],
        status=CampaignStatus(found.status),
        lane=Lane(found.lane),
        message_class=MessageClass(found.message_class),
        plan=ChannelPlan(found.plan),
        one_per=OnePer(found.one_per),
    )
