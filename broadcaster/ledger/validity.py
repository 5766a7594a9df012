"""What a campaign must be before it is stored; pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from broadcaster.domain.advisory import MessageType
from broadcaster.domain.campaign import ChannelPlan
from broadcaster.domain.message import DELIVERY_CHANNELS
from broadcaster.errors import InvalidInputError
from broadcaster.ports import NewCampaign

_LONGEST_NAME = 200
_LONGEST_EXPRESSION = 10_000

#: The longest wait for a confirmation, minutes: a week.
_LONGEST_WAIT = 7 * 24 * 60

#: How far from now a campaign's moments may be.
_NEAR = (timedelta(days=-366), timedelta(days=5 * 366))


def validated(new: NewCampaign, now: datetime) -> NewCampaign:
    """Check every field that can be checked here; InvalidInputError names the one that is wrong.

    Channels come back once each, in the order in which the product lists them, or in their own
    where the plan goes by it.
    """
    for field in ("effective", "expires", "scheduled_at"):
        moment = getattr(new, field)
        if moment is not None and moment.utcoffset() is None:
            raise InvalidInputError(field, "has no time zone", "Give its offset from UTC.")
        if moment is not None and not _NEAR[0] < moment - now < _NEAR[1]:
            remedy = "Give a time within the last year or the next five."
            raise InvalidInputError(field, "is too far away", remedy)
    if new.expires <= max(new.effective, now):
        raise InvalidInputError(
            "expires", "is not after the start, or has passed", "Give a later time."
        )
    if new.scheduled_at is not None and new.scheduled_at >= new.expires:
        raise InvalidInputError(
            "scheduled_at", "is after the advisory has expired", "Give an earlier time."
        )
    if new.lapses is not None and new.lapses <= max(new.effective, now):
        problem = "foretell a time that has passed, or is before the start"
        raise InvalidInputError("facts", problem, "Give a later one.")
    if (new.follows is None) is not (new.message_type is MessageType.ALERT):
        remedy = "Name the advisory that it refers to; an alert refers to none."
        raise InvalidInputError("follows", f"does not fit {new.message_type.value}", remedy)
    known = set(DELIVERY_CHANNELS)
    order = new.channels if new.channel_plan.one_each else DELIVERY_CHANNELS
    channels = tuple(dict.fromkeys(one for one in order if one in known & set(new.channels)))
    if len(channels) != len(set(new.channels)) or not channels:
        remedy = f"Use {', '.join(DELIVERY_CHANNELS)}."
        raise InvalidInputError("channels", "name none to send on", remedy)
    if not 0 < len(new.expression) <= _LONGEST_EXPRESSION:
        raise InvalidInputError("segment", "has no usable expression", "Save the segment again.")
    return replace(
        new,
        name=person("name", new.name),
        created_by=person("created_by", new.created_by),
        channels=channels,
        escalate_after=_minutes(new, len(channels), now),
    )


def _minutes(new: NewCampaign, channels: int, now: datetime) -> Sequence[int]:
    """Give the minutes before each channel but the first; one number stands for all."""
    given = tuple(new.escalate_after)
    if new.channel_plan is not ChannelPlan.ESCALATE:
        if given:
            remedy = "Use the plan 'escalate', or leave it out."
            raise InvalidInputError("escalate_after", "has no meaning in this plan", remedy)
        return ()
    steps = channels - 1
    if not steps:
        raise InvalidInputError("channels", "name one alone", "Escalating needs two or three.")
    if len(given) not in {1, steps} or not all(1 <= one <= _LONGEST_WAIT for one in given):
        remedy = f"Give {steps} numbers of minutes, or one for all, from 1 to {_LONGEST_WAIT}."
        raise InvalidInputError("escalate_after", "does not fit the channels", remedy)
    minutes = given * steps if len(given) == 1 else given
    start = max(now, new.effective, new.scheduled_at or now)
    if start + timedelta(minutes=sum(minutes)) >= new.expires:
        remedy = "Give fewer minutes, or a later end."
        raise InvalidInputError("escalate_after", "ends after the advisory has expired", remedy)
    return minutes


def person(field: str, text: str) -> str:
    """Tidy a name; InvalidInputError when it is empty, too long or not printable."""
    name = " ".join(text.split())
    if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
        remedy = f"Give 1 to {_LONGEST_NAME} printable characters."
        raise InvalidInputError(field, "is empty, too long or has control characters", remedy)
    return name
