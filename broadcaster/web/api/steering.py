"""The steps of a campaign: launched, held, and sent again."""

from collections.abc import Callable
from typing import Annotated

from pydantic import BaseModel, Field

from broadcaster import bootstrap
from broadcaster.bootstrap import Runtime
from broadcaster.bootstrap.drafting import moment
from broadcaster.domain.access import Action
from broadcaster.domain.api_key import Caller
from broadcaster.domain.delivery import Reason
from broadcaster.domain.message import Channel
from broadcaster.errors import InvalidInputError
from broadcaster.ledger.holds import Scope
from broadcaster.ports import Selection
from broadcaster.web.api.calls import (
    Calls,
    ChannelWord,
    Inside,
    Model,
    Number,
    Text,
    Who,
)
from broadcaster.web.api.campaign import CampaignShown, found, shown
from broadcaster.web.api.given import given

calls = Calls("campaigns")

_ReasonWord = Annotated[str, Field(min_length=1, max_length=60)]


class Part(Model):
    """A part of a campaign; nothing: all of it."""

    channel: ChannelWord | None = None
    zone: Text | None = Field(None, description="Customers of that time zone.")
    segment: Text | None = Field(None, description="Customers of a saved segment.")
    reason: Annotated[str, Field(max_length=500)] = ""


class Holding(Part):
    """What is to be held, and until when."""

    until: Text | None = Field(None, description="ISO 8601 with offset, or +2h.")


class Turned(BaseModel):
    """The channel that is turned to now, not when it would be due."""

    id: int
    channel: ChannelWord


class Held(BaseModel):
    """What a hold came to."""

    id: int
    messages: int = Field(description="How many wait.")


class Released(BaseModel):
    """What was let go."""

    id: int
    holds: list[int]
    rested: int = Field(description="How many had waited for quiet hours to end.")


class Chosen(Model):
    """Which deliveries are meant; nothing: all that were given up."""

    reasons: list[_ReasonWord] = Field(default_factory=list, max_length=50)
    channels: list[ChannelWord] = Field(default_factory=list, max_length=3)
    providers: list[Text] = Field(default_factory=list, max_length=50)
    locales: list[Text] = Field(default_factory=list, max_length=50)


class Replayed(BaseModel):
    """How many deliveries are sent again."""

    id: int
    count: int


@calls.post("/campaigns/{campaign}/launch", Action.LAUNCH, summary="Launch a campaign")
def launch_campaign(inside: Inside, who: Who, campaign: Number) -> CampaignShown:
    """Start it, now or at its time; refused when it is no longer what was approved."""
    bootstrap.launch(inside, found(inside, campaign), who.operator.name)
    return shown(inside, found(inside, campaign))


@calls.post("/campaigns/{campaign}/pause", Action.STOP, summary="Pause a campaign")
def pause_campaign(inside: Inside, who: Who, campaign: Number) -> CampaignShown:
    """Hold it: nothing more leaves, nothing is lost."""
    return _step(inside, who, campaign, inside.campaigns.pause)


@calls.post("/campaigns/{campaign}/resume", Action.LAUNCH, summary="Resume a campaign")
def resume_campaign(inside: Inside, who: Who, campaign: Number) -> CampaignShown:
    """Let a paused one go on."""
    return _step(inside, who, campaign, inside.campaigns.resume)


@calls.post("/campaigns/{campaign}/cancel", Action.STOP, summary="Cancel a campaign")
def cancel_campaign(inside: Inside, who: Who, campaign: Number) -> CampaignShown:
    """Stop it for good: what has not left never will."""
    return _step(inside, who, campaign, inside.campaigns.cancel)


@calls.post("/campaigns/{campaign}/next-channel", Action.STEER, summary="Turn to the next channel")
def turn_to_next_channel(inside: Inside, who: Who, campaign: Number) -> Turned:
    """Turn to the next channel now for those who confirmed nothing; 409 where there is none."""
    one = found(inside, campaign)
    channel = inside.campaigns.next_channel(one.id, who.operator.name, inside.clock.now())
    return Turned.model_validate({"id": one.id, "channel": channel.value})


@calls.post("/campaigns/{campaign}/hold", Action.STOP, summary="Hold a part of a campaign")
def hold_campaign(inside: Inside, who: Who, campaign: Number, body: Holding) -> Held:
    """Hold a campaign or a part of it: nothing of that leaves, the rest goes on."""
    one = found(inside, campaign)
    part = _scope(body)
    until = moment("until", body.until, inside.clock.now()) if body.until else None
    with given():
        count = bootstrap.hold(inside, one, part, until, who.operator.name, body.reason)
    return Held(id=one.id, messages=count)


@calls.post("/campaigns/{campaign}/release", Action.STEER, summary="Release what is held")
def release_campaign(inside: Inside, who: Who, campaign: Number, body: Part) -> Released:
    """Let go what is held, now; also what waits for the end of quiet hours."""
    one = found(inside, campaign)
    done = inside.holds.release(
        one.id, _scope(body), who.operator.name, body.reason, inside.clock.now()
    )
    return Released(id=one.id, holds=list(done.holds), rested=done.rested)


@calls.post("/campaigns/{campaign}/replay", Action.STEER, summary="Send again what was given up")
def replay_campaign(inside: Inside, who: Who, campaign: Number, body: Chosen) -> Replayed:
    """Send again what was given up, while its advisory is valid; never what is in doubt."""
    one = found(inside, campaign)
    known = {reason.value for reason in Reason}
    for word in body.reasons:
        if word not in known:
            remedy = f"Use {', '.join(sorted(known))}."
            raise InvalidInputError("reasons", f"{word!r} is unknown", remedy)
    selection = Selection(
        statuses=frozenset(),
        reasons=frozenset(map(Reason, body.reasons)),
        channels=frozenset(map(Channel, body.channels)),
        providers=frozenset(body.providers),
        locales=frozenset(body.locales),
    )
    again = inside.doubts.replay(one.id, who.operator.name, inside.clock.now(), selection)
    return Replayed(id=one.id, count=again)


def _step(inside: Runtime, who: Caller, campaign: int, take: Callable[..., None]) -> CampaignShown:
    one = found(inside, campaign)
    take(one.id, who.operator.name, inside.clock.now())
    return shown(inside, found(inside, campaign))


def _scope(part: Part) -> Scope:
    return bootstrap.scope(part.channel or "", part.zone or "", part.segment or "")
