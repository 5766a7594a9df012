"""Campaigns before they leave: made, and changed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import Query, Request, Response
from pydantic import Field

from broadcaster import bootstrap
from broadcaster.bootstrap import Runtime
from broadcaster.bootstrap.aiming import Aim, aiming, require_one
from broadcaster.bootstrap.drafting import Form, draft, drafted, lane_of, moment, name_of
from broadcaster.bootstrap.redrafting import form_of
from broadcaster.domain.access import Action
from broadcaster.domain.advisory import MessageType
from broadcaster.domain.api_key import Caller
from broadcaster.domain.campaign import CampaignStatus
from broadcaster.domain.saying import said
from broadcaster.errors import InvalidInputError
from broadcaster.web.api import paging
from broadcaster.web.api.calls import (
    Calls,
    ChannelWord,
    Expression,
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
from broadcaster.web.api.door import lacks
from broadcaster.web.api.given import given
from broadcaster.web.api.paging import After, Limit, Page
from broadcaster.web.api.problems import ProblemError

calls = Calls("campaigns")

_Plan = Literal["all", "first_reachable", "escalate"]
_Minutes = Annotated[list[Annotated[int, Field(ge=0, le=999_999)]], Field(max_length=3)]
_ClassWord = Literal["service", "promotional", "safety"]
_LaneWord = Literal["routine", "urgent"]
#: What says whom it is for, beside the segment itself.
_AIMED = ("expression", "area", "segment_name")
_OnePer = Literal["customer", "address", "household"]


class Aimed(Model):
    """Whom a campaign is for: one of these.

    An expression or an area is saved as a segment, unless one says the same already, which needs
    the scope `edit_audience`; nothing is saved where the rest of the draft is refused.
    """

    segment: Text | None = Field(
        None, description="The name of a saved segment.", examples=["everybody"]
    )
    expression: Expression | None = Field(None, description="See docs/segments.md.")
    area: Annotated[str, Field(min_length=1, max_length=300)] | None = Field(
        None, description="The name of an area: everybody who lives in it."
    )
    segment_name: Annotated[str, Field(min_length=1, max_length=100)] | None = Field(
        None,
        description="What an expression or an area is saved as; an area's own name if left out.",
    )


class CampaignNew(Aimed):
    """A campaign to be made; what is left out is what is usual."""

    name: Text = Field(examples=["Water in Anfa"])
    kind: Text = Field(examples=["remote_services"])
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


class CampaignChange(Aimed):
    """What a draft is to be; what is left out stays."""

    name: Text | None = None
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
        segment=body.segment or "",
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
    with given(), _aimed(inside, who, body, form) as meant:
        if not meant.segment:
            remedy = "Give the name of a saved segment, an expression or an area."
            raise InvalidInputError("segment", "is missing", remedy)
        number = draft(inside, meant)
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
        changed = _changed(form_of(inside, one, who.operator.name), body)
        with _aimed(inside, who, body, changed) as form:
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


@contextmanager
def _aimed(inside: Runtime, who: Caller, body: Aimed, form: Form) -> Iterator[Form]:
    """Have a form go to whom the body says; ProblemError where the key may save no segments."""
    aim = Aim(**body.model_dump(include={"segment", *_AIMED}))
    require_one(aim)
    if not aim.written:
        yield form
        return
    if not who.operator.may(Action.EDIT_AUDIENCE):
        raise ProblemError(
            403,
            lacks(Action.EDIT_AUDIENCE),
            field="expression" if aim.expression is not None else "area",
            remedy=said("Name a saved segment, or use a key that may save one."),
        )
    # What is wrong otherwise is refused before anything is saved.
    drafted(inside, form, "all")
    with aiming(inside, aim, form.by) as name:
        yield replace(form, segment=name)


def _changed(form: Form, body: CampaignChange) -> Form:
    """Put what was said over what it is."""
    values: dict[str, Any] = body.model_dump(exclude={"pin_again", *_AIMED}, exclude_none=True)
    if "channels" in values:
        values["channels"] = ",".join(values["channels"])
    if "escalate_after" in values:
        values["escalate_after"] = ",".join(map(str, values["escalate_after"]))
    return replace(form, **values)
