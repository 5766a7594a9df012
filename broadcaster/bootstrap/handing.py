"""Handing a campaign over for approval, giving it back, and how a version of it reads."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from broadcaster.bootstrap.checking import foreseen_and_checked
from broadcaster.domain.advisory import Advisory
from broadcaster.domain.agreement import FEW
from broadcaster.domain.campaign import Campaign
from broadcaster.domain.message import Channel
from broadcaster.domain.saying import Figure, said
from broadcaster.errors import ConfigurationError, InvalidInputError
from broadcaster.ledger.versions import Event, Kept, Version

if TYPE_CHECKING:
    from broadcaster.bootstrap.runtime import Runtime

# Adapters are imported where they are built: a command loads only what it uses, and starts fast.
# ruff: noqa: PLC0415

#: What of a message is compared as text; the HTML of a mail is made of its text.
_WRITTEN = frozenset({"email/body.mjml"})


def hand_over(runtime: "Runtime", campaign: Campaign, people: int, by: str) -> None:
    """Hand it over for approval; `people` is the number that its author confirms to tell.

    ConflictError for what can not be launched, or was changed since `campaign` was read;
    InvalidInputError for a number that is not what the forecast says.
    """
    advisory = runtime.ledger.advisory(campaign.advisory_id)
    foreseen, _ = foreseen_and_checked(runtime, campaign, advisory)
    confirmed(people, foreseen["reached"], runtime.settings.forecast_tolerance)
    kept = version(runtime, campaign, advisory, people=people)
    runtime.versions.hand_over(campaign.id, kept, by, runtime.clock.now())


def give_back(runtime: "Runtime", campaign: Campaign, comment: str, by: str) -> None:
    """Give it back to its author with a comment; errors as `Versions.give_back`."""
    advisory = runtime.ledger.advisory(campaign.advisory_id)
    kept = version(runtime, campaign, advisory, comment=comment)
    runtime.versions.give_back(campaign.id, kept, by, runtime.clock.now())


def version(
    runtime: "Runtime",
    campaign: Campaign,
    advisory: Advisory,
    *,
    people: int | None = None,
    comment: str = "",
) -> Kept:
    """Give what is kept of a campaign as it is now."""
    return Kept(
        content_hash=runtime.hash(campaign, advisory),
        content=reads(runtime, campaign, advisory),
        revision=campaign.revision,
        people=people,
        comment=comment,
    )


def confirmed(people: int, reached: int, tolerance: float) -> None:
    """Refuse a number that is not how many would be told; InvalidInputError.

    It is typed after the forecast was read: meanwhile as many may come or go as an approval bears.
    """
    if abs(people - reached) > (max(FEW, tolerance * reached) if people > FEW else 0):
        problem = said(
            "%(people)s would be confirmed, and %(reached)s would be told",
            people=Figure(people),
            reached=Figure(reached),
        )
        raise InvalidInputError("people", problem, said("Look at the forecast again."))


def compared(
    runtime: "Runtime", campaign: Campaign, chosen: Version | None = None
) -> tuple[Version, Mapping[str, Any], Mapping[str, Any]] | None:
    """Give a version, how it read, and how the campaign reads now; None where there is none.

    It is the one that was chosen; else what was approved last, or handed over or given back, and
    is not what would be sent now.
    """
    advisory = runtime.ledger.advisory(campaign.advisory_id)
    if chosen is None:
        now = runtime.hash(campaign, advisory)
        others = [one for one in runtime.versions.of(campaign.id) if one.content_hash != now]
        approved = [one for one in others if one.event is Event.APPROVED]
        chosen = next(iter(approved or others), None)
    if chosen is None:
        return None
    return chosen, runtime.versions.content(chosen.id), reads(runtime, campaign, advisory)


def reads(runtime: "Runtime", campaign: Campaign, advisory: Advisory) -> dict[str, Any]:
    """Give how a campaign reads, as JSON values: what it is made of, and its texts by locale.

    What can't be rendered has no text.
    """
    texts = {
        tag: _texts(runtime, campaign, advisory, tag)
        for tag in runtime.renderer.kind(advisory).locales
    }
    scheduled = campaign.scheduled_at
    return {
        "name": campaign.name,
        "kind": advisory.kind,
        "facts": dict(advisory.facts),
        "message_class": advisory.message_class.value,
        "segment": campaign.segment,
        "expression": campaign.expression,
        "channels": [one.value for one in campaign.channels],
        "plan": campaign.channel_plan.value,
        "escalate_after": list(campaign.escalate_after),
        "one_per": campaign.one_per.value,
        "lane": campaign.lane.value,
        "drill": campaign.drill,
        "effective": advisory.effective.isoformat(),
        "expires": advisory.expires.isoformat(),
        "scheduled": scheduled.isoformat() if scheduled else "",
        "texts": texts,
    }


def _texts(
    runtime: "Runtime", campaign: Campaign, advisory: Advisory, tag: str
) -> Mapping[str, str]:
    from broadcaster.render.check import parts_of, sample_reader
    from broadcaster.render.sheets.reading import blocks

    kind = runtime.renderer.kind(advisory)
    reader = sample_reader(runtime.renderer.locales[tag])
    found: dict[str, str] = {}
    for channel in kind.channels:
        if channel not in {*campaign.channels, Channel.WEB}:
            continue
        try:
            parts = parts_of(runtime.renderer.preview(advisory, channel, tag, reader))
        except ConfigurationError:
            # The checks name the fault.
            continue
        for name, text in parts.items():
            if name not in _WRITTEN:
                found[name] = "\n".join(blocks(text)) if name.endswith(".html") else text
    return found
