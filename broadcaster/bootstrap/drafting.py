"""From what an operator typed to a draft campaign: every field checked, and named when wrong.

The command line, the console and the API make drafts by this alone.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from broadcaster.domain.campaign import ChannelPlan
from broadcaster.domain.fairness import OnePer
from broadcaster.domain.message import DELIVERY_CHANNELS, Channel, Lane, MessageClass
from broadcaster.domain.saying import said
from broadcaster.errors import InvalidInputError
from broadcaster.ports import NewCampaign

if TYPE_CHECKING:
    from broadcaster.bootstrap.runtime import Runtime

_Word = TypeVar("_Word", bound=StrEnum)

_LONGEST_NAME = 200
#: The most digits of a number of minutes; the ledger bounds it closer.
_DIGITS = 6
#: The order of channels where one is turned to after the other and none was given.
_ORDER = (Channel.PUSH, Channel.EMAIL, Channel.SMS)
_SPAN = re.compile(r"\+(\d{1,4})([hdm])", re.ASCII)
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """The fields as they were typed; an error names one of them as it is called here.

    `facts` are raw values by their names. Texts that are empty stand for what is usual. `by` is who
    writes it, for the audit.
    """

    name: str
    kind: str
    segment: str
    by: str
    channels: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)
    effective: str = "now"
    expires: str = "+72h"
    scheduled: str = ""
    message_class: str = ""
    lane: str = Lane.ROUTINE.value
    drill: bool = False
    plan: str = ChannelPlan.ALL.value
    escalate_after: str = ""
    one_per: str = OnePer.CUSTOMER.value


def draft(runtime: "Runtime", form: Form) -> int:
    """Make a draft campaign; its number. InvalidInputError names the field that is wrong."""
    return runtime.campaigns.create(drafted(runtime, form), runtime.clock.now())


def drafted(runtime: "Runtime", form: Form, expression: str | None = None) -> NewCampaign:
    """Check the fields and put a draft together, without keeping it; errors as `draft`.

    `expression` is what the segment means where that was pinned already.
    """
    kind = runtime.renderer.library.kind(form.kind)
    facts = kind.resolve(form.facts)
    if expression is None:
        segment = runtime.segments.pinned(form.segment)
        named, expression = segment.name, segment.expression
    else:
        named = form.segment
    now = runtime.clock.now()
    effective = moment("effective", form.effective, now)
    expires = moment("expires", form.expires, effective)
    if expires <= max(effective, now):
        problem = said("%(expires)s is not after the start, or has passed", expires=form.expires)
        raise InvalidInputError("expires", problem, said("Give a later time."))
    kind.require_ahead(facts, max(effective, now))
    scheduled = moment("scheduled", form.scheduled, now) if form.scheduled else None
    if scheduled is not None and scheduled < now:
        raise InvalidInputError(
            "scheduled",
            said("%(scheduled)s has passed", scheduled=form.scheduled),
            said("Leave it out."),
        )
    plan = _word("plan", form.plan, ChannelPlan)
    return NewCampaign(
        name=name_of(form.name),
        kind=form.kind,
        facts=facts,
        message_class=(
            _word("message_class", form.message_class, MessageClass)
            if form.message_class
            else kind.message_class
        ),
        severity=kind.severity,
        urgency=kind.urgency,
        certainty=kind.certainty,
        effective=effective,
        expires=expires,
        segment=named,
        expression=expression,
        channels=_channels(form.channels, plan),
        channel_plan=plan,
        escalate_after=_minutes(form.escalate_after),
        lane=lane_of(form.lane),
        drill=form.drill,
        scheduled_at=scheduled,
        created_by=name_of(form.by, "by"),
        one_per=_word("one_per", form.one_per, OnePer),
        lapses=kind.lapses(facts),
    )


def name_of(text: str, field: str = "name") -> str:
    """Tidy a name of a campaign or a person; InvalidInputError."""
    name = " ".join(text.split())
    if not name or len(name) > _LONGEST_NAME or not text.isprintable():
        remedy = said(
            "Give 1 to %(longest_name)s printable characters.", longest_name=_LONGEST_NAME
        )
        raise InvalidInputError(field, said("is empty, too long or has control characters"), remedy)
    if name.isdigit():
        raise InvalidInputError(
            field, said("%(name)s reads like a number", name=name), said("Give it a word.")
        )
    return name


def lane_of(text: str) -> Lane:
    """Read a lane; InvalidInputError."""
    return _word("lane", text, Lane)


def _word(field: str, text: str, kind: type[_Word]) -> _Word:
    try:
        return kind(text.strip().lower())
    except ValueError as error:
        remedy = said("Use one of %(names)s.", names=", ".join(kind))
        raise InvalidInputError(
            field, said("%(text)s is unknown", text=repr(text)), remedy
        ) from error


def _channels(text: str, plan: ChannelPlan) -> tuple[Channel, ...]:
    """Read them, once each and in their order; none means all, those that cost least first."""
    text = text or ",".join(_ORDER)
    chosen = dict.fromkeys(
        _word("channels", part, Channel) for part in text.split(",") if part.strip()
    )
    if Channel.WEB in chosen:
        problem = said("'web' is the public page, which is published and sent to nobody")
        remedy = said("Leave it out, and use %(names)s.", names=", ".join(DELIVERY_CHANNELS))
        raise InvalidInputError("channels", problem, remedy)
    if not chosen:
        remedy = said("Use %(names)s.", names=", ".join(DELIVERY_CHANNELS))
        raise InvalidInputError(
            "channels", said("%(text)s names none to send on", text=repr(text)), remedy
        )
    order = chosen if plan.one_each else DELIVERY_CHANNELS
    return tuple(channel for channel in order if channel in chosen)


def _minutes(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",")] if text else []
    if not all(part.isascii() and part.isdigit() and len(part) <= _DIGITS for part in parts):
        remedy = said("Write whole minutes, as 10,30; or one number for all.")
        raise InvalidInputError(
            "escalate_after", said("%(text)s is no list of minutes", text=repr(text)), remedy
        )
    return tuple(int(part) for part in parts)


def moment(field: str, text: str, start: datetime) -> datetime:
    """Read `now`, a span after `start` such as +48h, or ISO 8601 with its offset from UTC."""
    if text == "now":
        return start
    span = _SPAN.fullmatch(text)
    if span:
        return start + int(span[1]) * _UNITS[span[2]]
    remedy = said("Write 2020-03-20T18:00+00:00, or +48h, +7d.")
    try:
        read = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInputError(
            field, said("%(text)s is no time", text=repr(text)), remedy
        ) from error
    if read.utcoffset() is None:
        raise InvalidInputError(field, said("%(text)s has no offset from UTC", text=text), remedy)
    return read
