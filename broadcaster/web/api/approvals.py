"""A campaign on its way to be approved: foreseen, checked, handed over, compared, approved."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Literal, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field

from broadcaster import bootstrap
from broadcaster.bootstrap.handing import compared
from broadcaster.domain.access import Action
from broadcaster.domain.campaign import Campaign
from broadcaster.domain.changes import changes
from broadcaster.domain.saying import said
from broadcaster.errors import NotFoundError
from broadcaster.ledger.versions import Version
from broadcaster.web.api.calls import Calls, Figures, Inside, Model, Note, Number, Who
from broadcaster.web.api.campaign import CampaignShown, IfMatch, found, require_same, shown
from broadcaster.web.api.door import lacks
from broadcaster.web.api.problems import ProblemError

calls = Calls("campaigns")

_Said = TypeVar("_Said")

_People = Annotated[int, Field(ge=0, le=2**31 - 1, examples=[5])]


class Concerns(BaseModel):
    """What keeps a campaign from being launched, and what should be known before."""

    launchable: bool
    concerns: list[Figures]


class HandingOver(Model):
    """Who hands it over says how many people it is to tell."""

    people: _People = Field(description="As the forecast says: `reached`.")


class GivingBack(Model):
    """Why it goes back to its author."""

    comment: Annotated[str, Field(min_length=1, max_length=2000, examples=["Name the street."])]


class Approving(Model):
    """What an approver says with it."""

    people: _People | None = Field(
        None, description="How many people it is to tell; refused where the forecast says others."
    )
    bypass: Note | None = Field(
        None,
        description="Why nobody else could look at it; kept and shown. Needs the scope bypass.",
    )


class VersionShown(BaseModel):
    """What was done with a version of a campaign."""

    id: int
    campaign: int
    event: Literal["handed", "approved", "returned"]
    revision: int
    content_hash: str
    people: int | None = Field(description="How many people were confirmed.")
    comment: str
    by: str
    at: datetime


class Versions(BaseModel):
    """What was done with its versions, the last first; at most 50."""

    items: list[VersionShown]


class VersionWhole(VersionShown):
    """A version with how it read: its fields, facts, and texts by locale and part."""

    content: Figures


class WaitingShown(BaseModel):
    """A campaign that waits for approval."""

    campaign: CampaignShown
    handed: VersionShown


class Waiting(BaseModel):
    """What waits for approval, the longest waiting first; at most 200."""

    items: list[WaitingShown]


class Piece(BaseModel):
    """A piece of a text that stayed, went or came."""

    change: Literal["same", "removed", "added"]
    text: str


class Difference(BaseModel):
    """One thing that differs, word by word."""

    field: str = Field(description="A field of the campaign; `facts` and `texts` say which.")
    fact: str
    part: str
    locale: str
    pieces: list[Piece]


class Differences(BaseModel):
    """What differs between a version and the campaign as it is now."""

    since: VersionShown | None = Field(description="null: there is nothing to compare with.")
    items: list[Difference]


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


@calls.get("/approvals", Action.LOOK, summary="List what waits for approval")
def list_approvals(inside: Inside) -> Waiting:
    """List what was handed over and not changed since, the longest waiting first."""
    return Waiting(
        items=[
            WaitingShown(campaign=shown(inside, found(inside, one.campaign)), handed=_version(one))
            for one in inside.versions.waiting()
        ]
    )


@calls.post(
    "/campaigns/{campaign}/hand-over", Action.WRITE, summary="Hand a campaign over", errors=(412,)
)
def hand_over_campaign(
    inside: Inside, who: Who, campaign: Number, body: HandingOver, if_match: IfMatch = None
) -> VersionShown:
    """Hand a draft over for approval, with how many people it is to tell."""
    return _passed(inside, who, campaign, if_match, bootstrap.hand_over, body.people)


@calls.post(
    "/campaigns/{campaign}/give-back", Action.APPROVE, summary="Give a campaign back", errors=(412,)
)
def give_back_campaign(
    inside: Inside, who: Who, campaign: Number, body: GivingBack, if_match: IfMatch = None
) -> VersionShown:
    """Give it back to its author with a comment."""
    return _passed(inside, who, campaign, if_match, bootstrap.give_back, body.comment)


@calls.post(
    "/campaigns/{campaign}/approve", Action.APPROVE, summary="Approve a campaign", errors=(412,)
)
def approve_campaign(
    inside: Inside,
    who: Who,
    campaign: Number,
    body: Approving | None = None,
    if_match: IfMatch = None,
) -> Figures:
    """Pin what will be sent, as a second pair of eyes; the forecast that is pinned with it.

    Whoever made it, or whose key made it, can not approve it, unless they say why nobody else could
    (`bypass`), may do that, and have it written down.
    """
    asked = body or Approving(people=None, bypass=None)
    if asked.bypass is not None and not who.operator.may(Action.BYPASS):
        raise ProblemError(
            403,
            lacks(Action.BYPASS),
            field="bypass",
            remedy=said("Have somebody else approve it, or use a key of a duty officer's."),
        )
    one = found(inside, campaign)
    require_same(inside, one, if_match)
    pinned = bootstrap.approve(
        inside, one, who.operator.name, bypass=asked.bypass or "", people=asked.people
    )
    return {name: value for name, value in pinned.items() if name != "samples"}


@calls.get("/campaigns/{campaign}/versions", Action.LOOK, summary="List a campaign's versions")
def list_versions(inside: Inside, campaign: Number) -> Versions:
    """List who handed it over, approved it or gave it back, when, and what was said."""
    return Versions(items=[_version(one) for one in _versions(inside, campaign)])


@calls.get(
    "/campaigns/{campaign}/versions/{version}", Action.LOOK, summary="Show a campaign's version"
)
def show_version(inside: Inside, campaign: Number, version: Number) -> VersionWhole:
    """Show how it read when that was done with it."""
    one = _numbered(_versions(inside, campaign), version)
    content = dict(inside.versions.content(one.id))
    return VersionWhole(**_version(one).model_dump(), content=content)


@calls.get("/campaigns/{campaign}/differences", Action.LOOK, summary="Show what differs")
def list_differences(
    inside: Inside,
    campaign: Number,
    since: Annotated[
        int | None,
        Query(ge=1, le=2**31 - 1, description="A version; else what was approved last, or handed."),
    ] = None,
) -> Differences:
    """Show, word by word, what differs between a version and the campaign as it is now."""
    one = found(inside, campaign)
    chosen = None if since is None else _numbered(inside.versions.of(one.id), since)
    pair = compared(inside, one, chosen)
    if pair is None:
        return Differences(since=None, items=[])
    former, before, now = pair
    return Differences(
        since=_version(former),
        items=[
            Difference(
                field=each.field,
                fact=each.fact,
                part=each.part,
                locale=each.locale,
                pieces=[
                    Piece.model_validate({"change": piece.change.value, "text": piece.text})
                    for piece in each.pieces
                ],
            )
            for each in changes(before, now)
        ],
    )


def _passed(
    inside: Inside,
    who: Who,
    campaign: int,
    if_match: str | None,
    take: Callable[[Inside, Campaign, _Said, str], None],
    value: _Said,
) -> VersionShown:
    """Pass a campaign on, unless it was changed meanwhile: what was done with it now."""
    one = found(inside, campaign)
    require_same(inside, one, if_match)
    take(inside, one, value, who.operator.name)
    return _version(inside.versions.of(one.id)[0])


def _versions(inside: Inside, campaign: int) -> Sequence[Version]:
    return inside.versions.of(found(inside, campaign).id)


def _numbered(versions: Sequence[Version], number: int) -> Version:
    for one in versions:
        if one.id == number:
            return one
    raise NotFoundError("version", f"it has no {number}", "List its versions.")


def _version(one: Version) -> VersionShown:
    return VersionShown(
        id=one.id,
        campaign=one.campaign,
        event=one.event.value,
        revision=one.revision,
        content_hash=one.content_hash,
        people=one.people,
        comment=one.comment,
        by=one.by,
        at=one.at,
    )
