"""Campaigns before they leave: made, and changed."""

from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import Query, Request, Response
from pydantic import Field

from broadcaster import bootstrap
from broadcaster.bootstrap.drafting import Form, draft, lane_of, moment, name_of
from broadcaster.bootstrap.redrafting import form_of
from broadcaster.domain.access import Action
from broadcaster.domain.advisory import MessageType
from broadcaster.domain.campaign import CampaignStatus
from broadcaster.web.api import paging
from broadcaster.web.api.calls import (
    Calls,
    ChannelWord,
    Figures,
    Inside,
    Model,
    Number,
    Text,
    Who,
)
from broadcaster.web.api.campaign import (
    CampaignShown,
    CampaignWhole,
    Changed,
    IfMatch,
    StatusWord,
    found,
    require_same,
    shown,
    tag_of,
    whole,
)
from broadcaster.web.api.given import given
from broadcaster.web.api.paging import After, Limit, Page

calls = Calls("campaigns")

_Plan = Literal["all", "first_reachable", "escalate"]
_Minutes = Annotated[list[Annotated[int, Field(ge=0, le=999_999)]], Field(max_length=3)]
_ClassWord = Literal["service", "promotional", "safety"]
_LaneWord = Literal["routine", "urgent"]
_OnePer = Literal["customer", "address", "household"]


class CampaignNew(Model):
    """A campaign to be made; what is left out is what is usual."""

    name: Text = Field(examples=["Water in Anfa"])
    kind: Text = Field(examples=["remote_services"])
    segment: Text = Field(description="The name of a saved segment.", examples=["everybody"])
    facts: Figures = Field(default_factory=dict)
    channels: list[ChannelWord] = Field(
        default_factory=list, max_length=3, description="In the order of the plan; none: all."
    )
    plan: _Plan = "all"
    escalate_after: _Minutes = Field(default_factory=list)
    effective: Text = Field("now", description="ISO 8601 with offset, or now.")
    expires: Text = Field("+72h", description="ISO 8601 with offset, or +48h, +7d.")
    scheduled: Text | None = None
    message_class: _ClassWord | None = None
    lane: _LaneWord = "routine"
    one_per: _OnePer = "customer"
    drill: bool = False


class CampaignChange(Model):
    """What a draft is to be; what is left out stays."""

    name: Text | None = None
    segment: Text | None = Field(None, description="The name of a saved segment.")
    pin_again: bool = Field(
        default=False,
        description="Take the segment as it is now. Else it stays as it was, unless it is another.",
    )
    channels: list[ChannelWord] | None = Field(None, min_length=1, max_length=3)
    plan: _Plan | None = None
    escalate_after: _Minutes | None = None
    effective: Text | None = Field(None, description="ISO 8601 with offset, or now.")
    expires: Text | None = Field(None, description="ISO 8601 with offset, or +48h, +7d.")
    scheduled: Annotated[str, Field(max_length=60)] | None = Field(
        None, description="ISO 8601 with offset, or +2h; empty: when it is launched."
    )
    message_class: _ClassWord | None = None
    lane: _LaneWord | None = None
    one_per: _OnePer | None = None
    drill: bool | None = None


class FactsChange(Model):
    """Facts to be set anew; the others stay, one that is null is left out."""

    facts: Figures


class FollowUpNew(Model):
    """What is to follow a campaign."""

    message_type: Literal["update", "correction", "cancel", "all_clear"]
    kind: Text | None = Field(None, description="The kind that says an all clear.")
    name: Text | None = None
    facts: Figures = Field(default_factory=dict)
    expires: Text | None = None
    lane: _LaneWord | None = None


@calls.get("/campaigns", Action.LOOK, summary="List the campaigns")
def list_campaigns(
    inside: Inside,
    request: Request,
    response: Response,
    status: Annotated[StatusWord | None, Query()] = None,
    limit: Limit = 50,
    after: After = "",
) -> Page[CampaignShown]:
    """List campaigns, the newest first."""
    begin = paging.begin(request, after)
    rows = inside.campaigns.page(
        int(begin) if begin is not None else None,
        limit + 1,
        CampaignStatus(status) if status else None,
    )
    return paging.page(
        request, response, rows, limit, key=lambda one: one.id, show=lambda one: shown(inside, one)
    )


@calls.post("/campaigns", Action.WRITE, 201, summary="Make a campaign")
def create_campaign(
    inside: Inside, who: Who, response: Response, body: CampaignNew
) -> CampaignWhole:
    """Make a draft; nothing is sent before it is approved and launched."""
    form = Form(
        name=body.name,
        kind=body.kind,
        segment=body.segment,
        by=who.operator.name,
        channels=",".join(body.channels),
        facts=body.facts,
        effective=body.effective,
        expires=body.expires,
        scheduled=body.scheduled or "",
        message_class=body.message_class or "",
        lane=body.lane,
        drill=body.drill,
        plan=body.plan,
        escalate_after=",".join(map(str, body.escalate_after)),
        one_per=body.one_per,
    )
    with given():
        number = draft(inside, form)
    response.headers["Location"] = f"/api/v1/campaigns/{number}"
    return whole(inside, found(inside, number), response)


@calls.get("/campaigns/{campaign}", Action.LOOK, summary="Show a campaign")
def show_campaign(inside: Inside, response: Response, campaign: Number) -> CampaignWhole:
    """Show what it is and what it says; `ETag` marks what would be sent."""
    return whole(inside, found(inside, campaign), response)


@calls.patch("/campaigns/{campaign}", Action.WRITE, summary="Change a draft", errors=(412,))
def change_campaign(
    inside: Inside,
    who: Who,
    response: Response,
    campaign: Number,
    body: CampaignChange,
    if_match: IfMatch = None,
) -> CampaignWhole:
    """Change whom it is for, how and when it goes; what was approved is a draft then.

    Its kind stays. What follows another message keeps its audience, its channels and its class.
    """
    one = found(inside, campaign)
    revision = require_same(inside, one, if_match)
    with given():
        form = _changed(form_of(inside, one, who.operator.name), body)
        bootstrap.redraft(inside, one, form, revision=revision, anew=body.pin_again)
    return whole(inside, found(inside, campaign), response)


@calls.patch("/campaigns/{campaign}/facts", Action.WRITE, summary="Change facts", errors=(412,))
def change_facts(
    inside: Inside,
    who: Who,
    response: Response,
    campaign: Number,
    body: FactsChange,
    if_match: IfMatch = None,
) -> Changed:
    """Set facts anew; what was approved is a draft then, what was launched refuses."""
    one = found(inside, campaign)
    revision = require_same(inside, one, if_match)
    again = bootstrap.refill(inside, one, body.facts, who.operator.name, revision)
    response.headers["ETag"] = tag_of(inside, found(inside, campaign))
    return Changed(id=one.id, approve_again=again)


@calls.post("/campaigns/{campaign}/follow-ups", Action.WRITE, 201, summary="Make a follow-up")
def follow_up(
    inside: Inside, who: Who, response: Response, campaign: Number, body: FollowUpNew
) -> CampaignWhole:
    """Make a draft of what is new, right, withdrawn or over, for whom the campaign told."""
    one = found(inside, campaign)
    with given():
        asked = bootstrap.FollowUp(
            message_type=MessageType(body.message_type),
            by=name_of(who.operator.name, "by"),
            facts=body.facts,
            kind=body.kind,
            name=name_of(body.name) if body.name else None,
            expires=(moment("expires", body.expires, inside.clock.now()) if body.expires else None),
            lane=lane_of(body.lane) if body.lane else None,
        )
        number = bootstrap.follow(inside, one, asked)
    response.headers["Location"] = f"/api/v1/campaigns/{number}"
    return whole(inside, found(inside, number), response)


def _changed(form: Form, body: CampaignChange) -> Form:
    """Put what was said over what it is."""
    values: dict[str, Any] = body.model_dump(exclude={"pin_again"}, exclude_none=True)
    if "channels" in values:
        values["channels"] = ",".join(values["channels"])
    if "escalate_after" in values:
        values["escalate_after"] = ",".join(map(str, values["escalate_after"]))
    return replace(form, **values)
