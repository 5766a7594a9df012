"""A campaign as calls find it, tell of it, and keep two from changing it over each other."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Header, Response
from pydantic import BaseModel, Field

from broadcaster.bootstrap import Runtime
from broadcaster.domain.campaign import Campaign
from broadcaster.domain.saying import said
from broadcaster.web.api.calls import Figures
from broadcaster.web.api.problems import ProblemError

StatusWord = Literal["draft", "approved", "launched", "running", "paused", "completed", "cancelled"]
IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=200,
        description="The `ETag` of what was looked at; 412 where it was changed since.",
    ),
]


class CampaignShown(BaseModel):
    """A campaign."""

    id: int
    name: str
    status: StatusWord
    kind: str
    message_type: str
    message_class: str
    segment: str
    expression: str = Field(description="Whom it is for, as it was when it was made.")
    channels: list[str]
    plan: str
    escalate_after: list[int]
    one_per: str
    lane: str
    drill: bool
    effective: datetime
    expires: datetime
    scheduled: datetime | None
    created_by: str
    revision: int = Field(description="Counts its changes.")
    approved_by: str | None
    bypass: str | None = Field(description="Why it was approved without a second person.")
    superseded_by: int | None


class CampaignWhole(CampaignShown):
    """A campaign with what it says."""

    facts: Figures
    worded: list[str] = Field(description="The parts that are worded for it alone, as part:locale.")


class Changed(BaseModel):
    """What a change came to."""

    id: int
    approve_again: bool = Field(description="Whether it was approved, and is a draft again.")


def found(inside: Runtime, number: int) -> Campaign:
    """Find a campaign by its number alone; NotFoundError."""
    return inside.campaigns.numbered(number)


def shown(inside: Runtime, one: Campaign) -> CampaignShown:
    """Give a campaign as it is listed."""
    return CampaignShown(**_fields(inside, one))


def tag_of(inside: Runtime, one: Campaign) -> str:
    """Mark how often a campaign was changed, what it would send, and where it stands."""
    advisory = inside.ledger.advisory(one.advisory_id)
    return f'"{one.revision}-{inside.hash(one, advisory)[:24]}-{one.status.value}"'


def require_same(inside: Runtime, one: Campaign, if_match: str | None) -> int | None:
    """Refuse to change what is not any more what was looked at (RFC 9110, 13.1.1).

    The revision of what was looked at, if it is to be the same still when it is changed: somebody
    may come in between.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    if tag_of(inside, one) not in [tag.strip() for tag in if_match.split(",")]:
        raise ProblemError(
            412,
            said("The campaign was changed since it was looked at."),
            field="If-Match",
            remedy=said("Look at it again."),
        )
    return one.revision


def whole(inside: Runtime, one: Campaign, response: Response) -> CampaignWhole:
    """Give a campaign with what it says, and its mark."""
    response.headers["ETag"] = tag_of(inside, one)
    advisory = inside.ledger.advisory(one.advisory_id)
    return CampaignWhole(
        **_fields(inside, one), facts=dict(advisory.facts), worded=sorted(advisory.wording)
    )


def _fields(inside: Runtime, one: Campaign) -> dict[str, Any]:
    advisory = inside.ledger.advisory(one.advisory_id)
    return {
        "id": one.id,
        "name": one.name,
        "status": one.status.value,
        "kind": advisory.kind,
        "message_type": advisory.message_type.value,
        "message_class": advisory.message_class.value,
        "segment": one.segment,
        "expression": one.expression,
        "channels": [channel.value for channel in one.channels],
        "plan": one.channel_plan.value,
        "escalate_after": list(one.escalate_after),
        "one_per": one.one_per.value,
        "lane": one.lane.value,
        "drill": one.drill,
        "effective": advisory.effective,
        "expires": advisory.expires,
        "scheduled": one.scheduled_at,
        "created_by": one.created_by,
        "revision": one.revision,
        "bypass": one.bypass,
        "approved_by": one.approved_by,
        "superseded_by": one.superseded_by,
    }
