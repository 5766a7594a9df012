"""A campaign as planning needs it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from psycopg import Connection

from broadcaster.domain.campaign import CampaignStatus, ChannelPlan
from broadcaster.domain.fairness import OnePer
from broadcaster.domain.message import Channel, Lane, MessageClass
from broadcaster.errors import NotFoundError

_CAMPAIGN = """
SELECT campaign.id, campaign.name, campaign.expression, campaign.channels::text[], campaign.status,
       campaign.lane, campaign.planned_at, advisory.kind, advisory.class, advisory.effective,
       advisory.expires, campaign.channel_plan, campaign.escalate_after,
       campaign.one_per, campaign.approved_by, campaign.scheduled_at
FROM campaign JOIN advisory ON advisory.id = campaign.advisory_id
WHERE campaign.id = %s
"""


class Plannable(NamedTuple):
    """What planning needs of a campaign."""

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


def read(connection: Connection[Any], campaign: int) -> Plannable:
    """Read a campaign with its advisory; NotFoundError."""
    row = connection.execute(_CAMPAIGN, [campaign]).fetchone()
    if row is None:
        remedy = "'broadcaster campaigns status' lists them."
        raise NotFoundError("campaign", f"there is no {campaign}", remedy)
    found = Plannable(*row)
    return found._replace(
        channels=[Channel(channel) for channel in found.channels],
        status=CampaignStatus(found.status),
        lane=Lane(found.lane),
        message_class=MessageClass(found.message_class),
        plan=ChannelPlan(found.plan),
        one_per=OnePer(found.one_per),
    )
