"""Campaigns before they leave: made, filled, worded, foreseen and checked."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Header, Query, Request, Response
from pydantic import BaseModel, Field

from broadcaster import bootstrap
from broadcaster.bootstrap import Runtime
from broadcaster.bootstrap.drafting import Form, draft, lane_of, moment, name_of
from broadcaster.domain.access import Action
from broadcaster.domain.advisory import MessageType
from broadcaster.domain.campaign import Campaign, CampaignStatus
from broadcaster.domain.message import Channel
from broadcaster.domain.wording import key, place
from broadcaster.errors import NotFoundError
from broadcaster.render.check import parts_of, sample_reader
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
from broadcaster.web.api.given import given
from broadcaster.web.api.kinds import Rendered, rendered
from broadcaster.web.api.paging import After, Limit, Page
from broadcaster.web.api.problems import ProblemError

calls = Calls("campaigns")

_StatusWord = Literal[
    "draft", "approved", "launched", "running", "paused", "completed", "cancelled"
]
IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=200,
        description="The `ETag` of what was looked at; 412 where it was changed since.",
    ),
]
_PartName = Annotated[str, Field(min_length=1, max_length=60, examples=["sms/body.txt"])]
_Tag = Annotated[str, Field(min_length=2, max_length=35, examples=["fr"])]


class CampaignShown(BaseModel):
    """A campaign."""

    id: int
    name: str
    status: _StatusWord
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
    approved_by: str | None
    superseded_by: int | None


class CampaignWhole(CampaignShown):
    """A campaign with what it says."""

    facts: Figures
    worded: list[str] = Field(description="The parts that are worded for it alone, as part:locale.")


class CampaignNew(Model):
    """A campaign to be made; what is left out is what is usual."""

    name: Text = Field(examples=["Water in Anfa"])
    kind: Text = Field(examples=["remote_services"])
    segment: Text = Field(description="The name of a saved segment.", examples=["everybody"])
    facts: Figures = Field(default_factory=dict)
    channels: list[ChannelWord] = Field(
        default_factory=list, max_length=3, description="In the order of the plan; none: all."
    )
    plan: Literal["all", "first_reachable", "escalate"] = "all"
    escalate_after: list[Annotated[int, Field(ge=0, le=999_999)]] = Field(
        default_factory=list, max_length=3
    )
    effective: Text = Field("now", description="ISO 8601 with offset, or now.")
    expires: Text = Field("+72h", description="ISO 8601 with offset, or +48h, +7d.")
    scheduled: Text | None = None
    message_class: Literal["service", "promotional", "safety"] | None = None
    lane: Literal["routine", "urgent"] = "routine"
    one_per: Literal["customer", "address", "household"] = "customer"
    drill: bool = False


class FactsChange(Model):
    """Facts to be set anew; the others stay, one that is null is left out."""

    facts: Figures


class Changed(BaseModel):
    """What a change came to."""

    id: int
    approve_again: bool = Field(description="Whether it was approved, and is a draft again.")


class WordingShown(BaseModel):
    """A part that is worded for one campaign."""

    part: str
    locale: str
    text: str
    by: str
    at: datetime


class Wordings(BaseModel):
    """What is worded for a campaign."""

    items: list[WordingShown]


class WordingNew(Model):
    """A text of a part, in a language; `keep` false only tries it."""

    part: _PartName
    locale: _Tag
    text: Annotated[str, Field(min_length=1, max_length=50_000)]
    keep: bool = True


class Worded(BaseModel):
    """What came of a wording: what was found, and how the parts look with it."""

    name: str
    kept: bool
    approve_again: bool
    concerns: list[Figures]
    previews: dict[str, str]
    sms: Figures | None


class OwnText(BaseModel):
    """The kind's own text of a part, to be changed; `frozen` facts stand in it as they are now."""

    part: str
    locale: str
    text: str
    frozen: list[str]


class Concerns(BaseModel):
    """What keeps a campaign from being launched, and what should be known before."""

    launchable: bool
    concerns: list[Figures]


class FollowUpNew(Model):
    """What is to follow a campaign."""

    message_type: Literal["update", "correction", "cancel", "all_clear"]
    kind: Text | None = Field(None, description="The kind that says an all clear.")
    name: Text | None = None
    facts: Figures = Field(default_factory=dict)
    expires: Text | None = None
    lane: Literal["routine", "urgent"] | None = None


@calls.get("/campaigns", Action.LOOK, summary="List the campaigns")
def list_campaigns(
    inside: Inside,
    request: Request,
    response: Response,
    status: Annotated[_StatusWord | None, Query()] = None,
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
    return _whole(inside, found(inside, number), response)


@calls.get("/campaigns/{campaign}", Action.LOOK, summary="Show a campaign")
def show_campaign(inside: Inside, response: Response, campaign: Number) -> CampaignWhole:
    """Show what it is and what it says; `ETag` marks what would be sent."""
    return _whole(inside, found(inside, campaign), response)


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
    require_same(inside, one, if_match)
    again = bootstrap.refill(inside, one, body.facts, who.operator.name)
    response.headers["ETag"] = tag_of(inside, found(inside, campaign))
    return Changed(id=one.id, approve_again=again)


@calls.get("/campaigns/{campaign}/wordings", Action.LOOK, summary="List what is worded")
def list_wordings(inside: Inside, campaign: Number) -> Wordings:
    """List the texts that were written for this campaign alone."""
    one = found(inside, campaign)
    texts = inside.ledger.advisory(one.advisory_id).wording
    items = []
    for name, written in sorted(inside.wordings.written(one.id).items()):
        part, tag = place(name)
        text = texts.get(name, "")
        items.append(WordingShown(part=part, locale=tag, text=text, by=written.by, at=written.at))
    return Wordings(items=items)


@calls.get(
    "/campaigns/{campaign}/wordings/own", Action.LOOK, summary="Show the kind's own text of a part"
)
def show_own_text(
    inside: Inside,
    campaign: Number,
    part: Annotated[str, Query(min_length=1, max_length=60)],
    locale: Annotated[str, Query(min_length=2, max_length=35)],
) -> OwnText:
    """Show the kind's own text as a wording that can be changed."""
    with given():
        text, frozen = bootstrap.own_text(inside, found(inside, campaign), part, locale)
    return OwnText(part=part, locale=locale, text=text, frozen=list(frozen))


@calls.put("/campaigns/{campaign}/wordings", Action.WRITE, summary="Word a part", errors=(412,))
def set_wording(
    inside: Inside,
    who: Who,
    response: Response,
    campaign: Number,
    body: WordingNew,
    if_match: IfMatch = None,
) -> Worded:
    """Word a part in a language; checked and shown, and kept unless something blocks it."""
    one = found(inside, campaign)
    require_same(inside, one, if_match)
    with given():
        done = bootstrap.reword(
            inside, one, body.part, body.locale, body.text, who.operator.name, keep=body.keep
        )
    size = done.size
    response.headers["ETag"] = tag_of(inside, found(inside, campaign))
    return Worded(
        name=done.name,
        kept=done.kept,
        approve_again=done.approve_again,
        concerns=[concern.as_dict() for concern in done.concerns],
        previews=dict(done.previews),
        sms=None
        if size is None
        else {"encoding": size.encoding, "units": size.units, "segments": size.segments},
    )


@calls.delete(
    "/campaigns/{campaign}/wordings", Action.WRITE, summary="Clear a wording", errors=(412,)
)
def clear_wording(
    inside: Inside,
    who: Who,
    campaign: Number,
    part: Annotated[str, Query(min_length=1, max_length=60)],
    locale: Annotated[str, Query(min_length=2, max_length=35)],
    if_match: IfMatch = None,
) -> Changed:
    """Go back to the kind's own text; an approved campaign is a draft afterwards."""
    one = found(inside, campaign)
    require_same(inside, one, if_match)
    with given():
        tag = inside.renderer.library.locale(locale).tag
    name = key(part, tag)
    if name not in inside.ledger.advisory(one.advisory_id).wording:
        raise NotFoundError("part", f"{part} is not worded in {tag}", "List what is worded.")
    again = inside.wordings.clear(one.id, name, who.operator.name)
    return Changed(id=one.id, approve_again=again)


@calls.get("/campaigns/{campaign}/preview", Action.LOOK, summary="Show how a campaign reads")
def preview_campaign(
    inside: Inside,
    campaign: Number,
    locale: Annotated[str, Query(min_length=2, max_length=35)],
    channel: Annotated[Literal["sms", "email", "push", "web"], Query()],
) -> Rendered:
    """Render its message of a channel in a language, as it reads now, to a sample customer."""
    advisory = inside.ledger.advisory(found(inside, campaign).advisory_id)
    way = Channel(channel)
    with given():
        spoken = inside.renderer.library.locale(locale)
        content = inside.renderer.preview(advisory, way, spoken.tag, sample_reader(spoken))
    return rendered(spoken.tag, way, parts_of(content))


@calls.get("/campaigns/{campaign}/forecast", Action.LOOK, summary="Foresee a campaign")
def forecast_campaign(inside: Inside, campaign: Number) -> Figures:
    """Say who would be told, what it costs, how long it takes, who is left out and why."""
    foreseen = bootstrap.foresee(inside, found(inside, campaign))
    # Customers' numbers are for those who may see people; they list who is left out.
    return {name: value for name, value in foreseen.items() if name != "samples"}


@calls.get("/campaigns/{campaign}/check", Action.LOOK, summary="Check a campaign")
def check_campaign(inside: Inside, campaign: Number) -> Concerns:
    """Say what would keep it from being launched, and what should be known before."""
    concerns = bootstrap.concerns(inside, found(inside, campaign))
    return Concerns(
        launchable=not any(one.blocks for one in concerns),
        concerns=[one.as_dict() for one in concerns],
    )


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
    return _whole(inside, found(inside, number), response)


def found(inside: Runtime, number: int) -> Campaign:
    """Find a campaign by its number alone; NotFoundError."""
    return inside.campaigns.numbered(number)


def shown(inside: Runtime, one: Campaign) -> CampaignShown:
    """Give a campaign as it is listed."""
    return CampaignShown(**_fields(inside, one))


def tag_of(inside: Runtime, one: Campaign) -> str:
    """Mark what a campaign would send, and where it stands."""
    advisory = inside.ledger.advisory(one.advisory_id)
    return f'"{inside.hash(one, advisory)[:32]}-{one.status.value}"'


def require_same(inside: Runtime, one: Campaign, if_match: str | None) -> None:
    """Refuse to change what is not any more what was looked at (RFC 9110, 13.1.1)."""
    if if_match is None or if_match.strip() == "*":
        return
    if tag_of(inside, one) not in [tag.strip() for tag in if_match.split(",")]:
        raise ProblemError(
            412,
            "The campaign was changed since it was looked at.",
            field="If-Match",
            remedy="Look at it again.",
        )


def _whole(inside: Runtime, one: Campaign, response: Response) -> CampaignWhole:
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
        "approved_by": one.approved_by,
        "superseded_by": one.superseded_by,
    }
