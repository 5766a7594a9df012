"""From what an operator typed to a draft campaign: every field checked, and named when wrong."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from broadcaster.bootstrap import Runtime
from broadcaster.domain.campaign import ChannelPlan
from broadcaster.domain.fairness import OnePer
from broadcaster.domain.message import DELIVERY_CHANNELS, Channel, Lane, MessageClass
from broadcaster.errors import InvalidInputError
from broadcaster.ports import NewCampaign

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
    """The fields as they were typed."""

    name: str
    kind: str
    segment: str
    channels: str
    facts: Path | None
    effective: str
    expires: str
    scheduled: str
    message_class: str
    lane: str
    drill: bool
    by: str
    plan: str = ChannelPlan.ALL.value
    escalate_after: str = ""
    one_per: str = OnePer.CUSTOMER.value


def draft(runtime: Runtime, form: Form) -> int:
    """Make a draft campaign; its number. InvalidInputError names the field that is wrong."""
    from broadcaster.render.factfile import read_facts  # noqa: PLC0415  (only with a file)

    kind = runtime.renderer.library.kind(form.kind)
    raw: Mapping[str, object] = read_facts(form.facts) if form.facts else {}
    facts = kind.resolve(raw)
    segment = runtime.segments.pinned(form.segment)
    now = runtime.clock.now()
    effective = moment("--effective", form.effective, now)
    expires = moment("--expires", form.expires, effective)
    if expires <= max(effective, now):
        problem = f"{form.expires} is not after the start, or has passed"
        raise InvalidInputError("--expires", problem, "Give a later time.")
    kind.require_ahead(facts, max(effective, now))
    scheduled = moment("--scheduled", form.scheduled, now) if form.scheduled else None
    if scheduled is not None and scheduled < now:
        raise InvalidInputError("--scheduled", f"{form.scheduled} has passed", "Leave it out.")
    plan = _word("--plan", form.plan, ChannelPlan)
    new = NewCampaign(
        name=name_of(form.name),
        kind=form.kind,
        facts=facts,
        message_class=(
            _word("--class", form.message_class, MessageClass)
            if form.message_class
            else kind.message_class
        ),
        severity=kind.severity,
        urgency=kind.urgency,
        certainty=kind.certainty,
        effective=effective,
        expires=expires,
        segment=segment.name,
        expression=segment.expression,
        channels=_channels(form.channels, plan),
        channel_plan=plan,
        escalate_after=_minutes(form.escalate_after),
        lane=_word("--lane", form.lane, Lane),
        drill=form.drill,
        scheduled_at=scheduled,
        created_by=name_of(form.by, "--by"),
        one_per=_word("--one-per", form.one_per, OnePer),
        lapses=kind.lapses(facts),
    )
    return runtime.campaigns.create(new, now)


def name_of(text: str, field: str = "NAME") -> str:
    """Tidy a name of a campaign or a person; InvalidInputError."""
    name = " ".join(text.split())
    if not name or len(name) > _LONGEST_NAME or not text.isprintable():
        remedy = f"Give 1 to {_LONGEST_NAME} printable characters."
        raise InvalidInputError(field, "is empty, too long or has control characters", remedy)
    if name.isdigit():
        raise InvalidInputError(field, f"{name} reads like a number", "Give it a word.")
    return name


def lane_of(text: str) -> Lane:
    """Read a lane; InvalidInputError."""
    return _word("--lane", text, Lane)


def _word(field: str, text: str, kind: type[_Word]) -> _Word:
    try:
        return kind(text.strip().lower())
    except ValueError as error:
        remedy = f"Use one of {', '.join(kind)}."
        raise InvalidInputError(field, f"{text!r} is unknown", remedy) from error


def _channels(text: str, plan: ChannelPlan) -> tuple[Channel, ...]:
    """Read them, once each and in their order; none means all, those that cost least first."""
    text = text or ",".join(_ORDER)
    chosen = dict.fromkeys(
        _word("--channels", part, Channel) for part in text.split(",") if part.strip()
    )
    if Channel.WEB in chosen:
        problem = "'web' is the public page, which is published and sent to nobody"
        remedy = f"Leave it out, and use {', '.join(DELIVERY_CHANNELS)}."
        raise InvalidInputError("--channels", problem, remedy)
    if not chosen:
        remedy = f"Use {', '.join(DELIVERY_CHANNELS)}."
        raise InvalidInputError("--channels", f"{text!r} names none to send on", remedy)
    order = chosen if plan.one_each else DELIVERY_CHANNELS
    return tuple(channel for channel in order if channel in chosen)


def _minutes(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",")] if text else []
    if not all(part.isascii() and part.isdigit() and len(part) <= _DIGITS for part in parts):
        remedy = "Write whole minutes, as 10,30; or one number for all."
        raise InvalidInputError("--escalate-after", f"{text!r} is no list of minutes", remedy)
    return tuple(int(part) for part in parts)


def moment(field: str, text: str, start: datetime) -> datetime:
    """Read `now`, a span after `start` such as +48h, or ISO 8601 with its offset from UTC."""
    if text == "now":
        return start
    span = _SPAN.fullmatch(text)
    if span:
        return start + int(span[1]) * _UNITS[span[2]]
    remedy = "Write 2020-03-20T18:00+00:00, or +48h, +7d."
    try:
        read = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInputError(field, f"{text!r} is no time", remedy) from error
    if read.utcoffset() is None:
        raise InvalidInputError(field, f"{text} has no offset from UTC", remedy)
    return read
