"""Making a follow-up: what it takes over from the message before it, and what fills itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from broadcaster.bootstrap.all_clear import candidates, lacking
from broadcaster.bootstrap.checking import text_checker
from broadcaster.domain.advisory import Advisory, FactValue, MessageType
from broadcaster.domain.campaign import Campaign, CampaignStatus, ChannelPlan
from broadcaster.domain.message import Channel, EmailContent, Lane, MessageClass, PushContent
from broadcaster.domain.saying import said
from broadcaster.domain.wording import Written, place
from broadcaster.errors import ConflictError, InvalidInputError, NotFoundError
from broadcaster.ports import NewCampaign, Reader

if TYPE_CHECKING:
    from broadcaster.bootstrap.runtime import Runtime
    from broadcaster.ledger.threads import Member
    from broadcaster.render.kinds import Kind

#: The kind of a withdrawal, which fills two facts by itself: what the message that is withdrawn
#: was about, in each language, and when it was sent.
WITHDRAWAL = "withdrawal"
_ABOUT, _SENT_ON = "about", "sent_on"

#: How long it is valid that has no end of its own.
_VALID = timedelta(hours=72)
#: So much of the first campaign's name is in that of a follow-up.
_NAME = 150
#: So many cancelled drafts may have had the name that a follow-up would get by itself.
_DRAFTS = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class FollowUp:
    """What is asked of a follow-up; None and nothing: as the message has it that it follows.

    `facts` come from outside and are checked. `kind` is for an all clear alone, which needs it.
    """

    message_type: MessageType
    by: str
    facts: Mapping[str, object] = field(default_factory=dict)
    kind: str | None = None
    name: str | None = None
    expires: datetime | None = None
    lane: Lane | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Followed:
    """What is followed: the latest campaign of a thread, and the last that said how things are.

    `told` is not the latest where an operator had that cancelled and it was a withdrawal.
    """

    thread: Sequence["Member"]
    latest: Campaign
    told: "Member"
    advisory: Advisory


def follow(runtime: "Runtime", campaign: Campaign, asked: FollowUp) -> int:
    """Make a draft that follows the latest of a campaign's thread; its number.

    It goes to whom that told, on the channels and in the class of that, whatever its kind.
    ConflictError where nothing may follow, InvalidInputError naming a fact or a field.
    """
    found = followed(runtime, campaign)
    if asked.message_type is MessageType.UPDATE:
        _require_due(found)
    kind = _kind(runtime, found, asked)
    name = asked.name or _named(runtime, found, asked.message_type)
    facts = _facts(runtime, kind, found, asked)
    now = runtime.clock.now()
    former = found.latest
    replaces = asked.message_type.replaces
    # What takes the place of one that is to leave in the morning waits for it too.
    effective = max(now, found.advisory.effective) if replaces else now
    kind.require_ahead(facts, effective)
    escalates = replaces and former.channel_plan is ChannelPlan.ESCALATE
    new = NewCampaign(
        name=name,
        kind=kind.name,
        facts=facts,
        message_class=found.advisory.message_class,
        severity=found.advisory.severity if replaces else kind.severity,
        urgency=found.advisory.urgency if replaces else kind.urgency,
        certainty=found.advisory.certainty if replaces else kind.certainty,
        effective=effective,
        expires=asked.expires or _expires(found, now, replaces=replaces),
        segment=former.segment,
        expression=former.expression,
        channels=former.channels,
        channel_plan=ChannelPlan.ESCALATE if escalates else ChannelPlan.ALL,
        escalate_after=former.escalate_after if escalates else (),
        lane=asked.lane or former.lane,
        drill=former.drill,
        scheduled_at=None,
        created_by=asked.by,
        message_type=asked.message_type,
        follows=former.advisory_id,
        lapses=kind.lapses(facts),
        wording=dict(found.advisory.wording) if replaces else {},
        written=_written(runtime, found, asked.message_type, facts) if replaces else {},
    )
    return runtime.campaigns.create(new, now)


def followed(runtime: "Runtime", campaign: Campaign) -> Followed:
    """Find what a follow-up of a campaign would follow; ConflictError where none may."""
    latest = runtime.threads.latest(campaign.id)
    thread = [one for one in runtime.threads.of(campaign.id) if one.launched]
    told = [one for one in thread if not one.message_type.ends][-1]
    return Followed(
        thread=thread,
        latest=runtime.campaigns.get(str(latest)),
        told=told,
        advisory=runtime.ledger.advisory(told.advisory),
    )


def _facts(
    runtime: "Runtime", kind: "Kind", found: Followed, asked: FollowUp
) -> Mapping[str, FactValue]:
    """Join what is taken over with what was given; InvalidInputError names a fact."""
    try:
        return kind.resolve({**_taken(runtime, kind, found, asked), **asked.facts})
    except InvalidInputError as error:
        if asked.message_type is not MessageType.ALL_CLEAR:
            raise
        kinds = runtime.renderer.library.kinds
        needed = [
            name
            for name in lacking(kind, kinds.get(found.advisory.kind), found.advisory)
            if name not in asked.facts
        ]
        if not needed:
            raise
        others = candidates(kinds, found.advisory, tuple(found.latest.channels))
        problem = said(
            "%(problem)s; %(kind)s needs %(names)s, which campaign "
            "%(latest)s, %(kind_2)s, has not told",
            problem=error.problem,
            kind=kind.name,
            names=", ".join(needed),
            latest=found.latest.id,
            kind_2=found.advisory.kind,
        )
        remedy = said("Give --facts, or take another kind: %(names)s.", names=", ".join(others))
        raise InvalidInputError(error.field, problem, remedy) from error


def _written(
    runtime: "Runtime",
    found: Followed,
    type_: MessageType,
    facts: Mapping[str, FactValue],
) -> Mapping[str, Written]:
    """Say of each text that is taken over who wrote it, and what it stands instead of now."""
    if not found.advisory.wording:
        return {}
    checker = text_checker(runtime)
    new = replace(found.advisory, facts=facts, message_type=type_, wording={})
    return {
        name: replace(
            one,
            instead_of=checker.own_hash(new, *place(name)),
            taken_from=found.told.campaign,
        )
        for name, one in runtime.wordings.written(found.told.campaign).items()
        if name in found.advisory.wording
    }


def _require_due(found: Followed) -> None:
    """Refuse news of an advertisement: caps are passed by what people are owed alone."""
    if found.advisory.message_class is MessageClass.PROMOTIONAL:
        message = said(
            "Promotional messages can be corrected and withdrawn, not "
            "updated: an update would pass the caps. Make a new campaign."
        )
        raise ConflictError(message)


def _kind(runtime: "Runtime", found: Followed, asked: FollowUp) -> "Kind":
    names = {MessageType.CANCEL: WITHDRAWAL, MessageType.ALL_CLEAR: asked.kind}
    name = names.get(asked.message_type, found.advisory.kind)
    kinds = runtime.renderer.library.kinds
    if name is None:
        listed = candidates(kinds, found.advisory, tuple(found.latest.channels))
        remedy = said(
            "Name the kind that says that it is over: %(value)s.",
            value=", ".join(listed) or "there is none",
        )
        raise InvalidInputError("--kind", said("is missing"), remedy)
    kind = runtime.renderer.library.kind(name)
    absent = [channel for channel in found.latest.channels if channel not in kind.channels]
    if absent:
        problem = said(
            "%(name)s has no %(value)s, by which people were told", name=name, value=absent[0].value
        )
        raise InvalidInputError("kind", problem, said("Take another kind, or write that part."))
    return kind


def _taken(
    runtime: "Runtime", kind: "Kind", found: Followed, asked: FollowUp
) -> Mapping[str, object]:
    """Give the facts that need not be given again: all of them, or what another kind has too."""
    former = {name: value for name, value in found.advisory.facts.items() if value is not None}
    if asked.message_type.replaces:
        # Its kind may have lost a fact since.
        return {name: value for name, value in former.items() if name in kind.facts}
    theirs = runtime.renderer.library.kind(found.advisory.kind).facts
    taken: dict[str, object] = {}
    for name, fact in kind.facts.items():
        if name not in former or name not in theirs or theirs[name].type is not fact.type:
            continue
        if fact.lapses or theirs[name].lapses:
            continue
        try:
            taken[name] = fact.check(former[name], kind.locales)
        except InvalidInputError:
            # It has to be given, if it is needed.
            continue
    if asked.message_type is MessageType.CANCEL:
        taken |= _withdrawn(runtime, kind, found)
    return taken


def _withdrawn(runtime: "Runtime", kind: "Kind", found: Followed) -> Mapping[str, object]:
    """Say which message is withdrawn: by its title in each language, and when it was sent."""
    told = [one for one in found.thread if one.planned_at and not one.message_type.ends][-1]
    advisory = runtime.ledger.advisory(told.advisory)
    # Without the word for what it was to others: that is not its title.
    plain = replace(advisory, message_type=MessageType.ALERT)
    facts: dict[str, object] = {}
    if _ABOUT in kind.facts:
        most = kind.facts[_ABOUT].max_length
        titles = {locale: _title(runtime, plain, locale)[:most] for locale in kind.locales}
        facts[_ABOUT] = titles
    if _SENT_ON in kind.facts and told.planned_at is not None:
        zone = ZoneInfo(runtime.settings.time_zone)
        facts[_SENT_ON] = told.planned_at.astimezone(zone).isoformat(timespec="minutes")
    return facts


def _title(runtime: "Runtime", advisory: Advisory, locale: str) -> str:
    """Give a message's title in a locale, or in the one that its readers get instead."""
    kind = runtime.renderer.library.kind(advisory.kind)
    chosen = runtime.renderer.choose(advisory.kind, [locale], advisory.facts)
    titled = next((one for one in (Channel.EMAIL, Channel.PUSH) if one in kind.channels), None)
    if chosen is None or titled is None:
        return kind.labels.get(locale, kind.labels["en"])
    page = runtime.links.page(advisory.id, chosen)
    reader = Reader(name="", number="", unsubscribe_url="", page_url=page)
    content = runtime.renderer.render(advisory, titled, chosen, reader)
    if isinstance(content, EmailContent):
        return content.subject
    return content.title if isinstance(content, PushContent) else kind.labels["en"]


def _expires(found: Followed, now: datetime, *, replaces: bool) -> datetime:
    former = found.advisory.expires
    return former if replaces and former > now else now + _VALID


def _named(runtime: "Runtime", found: Followed, type_: MessageType) -> str:
    """Name it by the first of its thread, what it is, and its place there."""
    first = found.thread[0].name[:_NAME]
    version = runtime.ledger.advisory(found.latest.advisory_id).version + 1
    name = f"{first}: {type_.value.replace('_', ' ')} {version}"
    for number in range(2, _DRAFTS):
        try:
            there = runtime.campaigns.get(name)
        except NotFoundError:
            break
        if there.status in {CampaignStatus.DRAFT, CampaignStatus.APPROVED}:
            message = said(
                "Campaign %(there)s, %(there_2)s, follows it already and was not "
                "launched. Go on with it ('campaigns facts %(there)s', "
                "'campaigns approve %(there)s'), drop it with 'campaigns cancel "
                "%(there)s', or give another --name.",
                there=there.id,
                there_2=repr(there.name),
            )
            raise ConflictError(message)
        # Its name stays with one that was cancelled.
        name = f"{first}: {type_.value.replace('_', ' ')} {version} ({number})"
    return name
