"""What is worded for one campaign alone, and how it reads then."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Query, Response
from pydantic import BaseModel, Field

from broadcaster import bootstrap
from broadcaster.domain.access import Action
from broadcaster.domain.message import Channel
from broadcaster.domain.wording import key, place
from broadcaster.errors import NotFoundError
from broadcaster.render.check import parts_of, sample_reader
from broadcaster.web.api.calls import Calls, Figures, Inside, Model, Number, Who
from broadcaster.web.api.campaign import Changed, IfMatch, found, require_same, tag_of
from broadcaster.web.api.given import given
from broadcaster.web.api.kinds import Rendered, rendered

calls = Calls("campaigns")

_PartName = Annotated[str, Field(min_length=1, max_length=60, examples=["sms/body.txt"])]
_Tag = Annotated[str, Field(min_length=2, max_length=35, examples=["fr"])]


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
    revision = require_same(inside, one, if_match)
    with given():
        done = bootstrap.reword(
            inside,
            one,
            body.part,
            body.locale,
            body.text,
            who.operator.name,
            keep=body.keep,
            revision=revision,
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
    revision = require_same(inside, one, if_match)
    with given():
        tag = inside.renderer.library.locale(locale).tag
    name = key(part, tag)
    if name not in inside.ledger.advisory(one.advisory_id).wording:
        raise NotFoundError("part", f"{part} is not worded in {tag}", "List what is worded.")
    again = inside.wordings.clear(one.id, name, who.operator.name, revision)
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
