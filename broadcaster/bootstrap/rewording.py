"""Wording a part of a campaign anew: checked and shown before it is kept."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from broadcaster.bootstrap.checking import text_checker
from broadcaster.domain.advisory import Advisory
from broadcaster.domain.campaign import Campaign
from broadcaster.domain.message import Channel, SmsSize
from broadcaster.domain.readiness import Concern, ordered
from broadcaster.domain.saying import Term, said
from broadcaster.domain.wording import Written, key
from broadcaster.errors import InvalidInputError

if TYPE_CHECKING:
    from broadcaster.bootstrap.runtime import Runtime
    from broadcaster.render.kinds import Kind

# Adapters are imported where they are built: a command loads only what it uses, and starts fast.
# ruff: noqa: PLC0415


@dataclass(frozen=True, kw_only=True, slots=True)
class Reworded:
    """What came of a wording: what was found, how the parts look with it, and whether it is kept.

    `previews` has the rendered parts by path, HTML ones too. `approve_again` says that the campaign
    was approved and is a draft now.
    """

    name: str
    concerns: Sequence[Concern]
    previews: Mapping[str, str]
    size: SmsSize | None
    kept: bool
    approve_again: bool


def reword(
    runtime: "Runtime",
    campaign: Campaign,
    part: str,
    locale: str,
    text: str,
    by: str,
    *,
    keep: bool = True,
    revision: int | None = None,
) -> Reworded:
    """Check a wording, show it, and keep it unless something blocks it.

    InvalidInputError naming the line where it is not in the language of wordings; ConflictError
    when the campaign is under way already; StaleError when it was changed since `revision`.
    """
    from broadcaster.render.worded import phrased

    advisory = runtime.ledger.advisory(campaign.advisory_id)
    kind, tag = _place(runtime, campaign, advisory, part, locale)
    tidy = unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip("\n")
    phrased(advisory, kind, part, tag, tidy)
    name = key(part, tag)
    changed = replace(advisory, wording={**advisory.wording, name: tidy})
    checker = text_checker(runtime)
    written = Written(
        by=by, at=runtime.clock.now(), instead_of=checker.own_hash(advisory, part, tag)
    )
    shown = _previews(runtime, changed, kind, part, tag)
    alone = replace(advisory, wording={name: tidy})
    found = [
        *checker.wording(alone, {name: written}),
        *(
            one
            for one in checker.locale(changed, tag, kind.channels, needed=True)
            if one.part in shown or one.part in kind.channels
        ),
    ]
    blocked = any(one.blocks for one in found)
    kept = keep and not blocked
    return Reworded(
        name=name,
        concerns=ordered(found),
        previews=shown,
        size=checker.checker.measure(shown[part]) if part == "sms/body.txt" and shown else None,
        kept=kept,
        approve_again=kept and runtime.wordings.set(campaign.id, name, tidy, written, revision),
    )


def refill(
    runtime: "Runtime",
    campaign: Campaign,
    given: Mapping[str, object],
    by: str,
    revision: int | None = None,
) -> bool:
    """Set facts anew, those that were given over the others; whether to approve it again.

    InvalidInputError names the fact; ConflictError when the campaign is under way already;
    StaleError when it was changed since `revision`.
    """
    advisory = runtime.ledger.advisory(campaign.advisory_id)
    kind = runtime.renderer.library.kind(advisory.kind)
    # Its kind may have lost a fact since.
    former = {name: value for name, value in advisory.facts.items() if name in kind.facts}
    facts = kind.resolve({**former, **given})
    kind.require_ahead(facts, max(advisory.effective, runtime.clock.now()))
    return runtime.campaign_facts.set(campaign.id, facts, kind.lapses(facts), by, revision)


def own_text(
    runtime: "Runtime", campaign: Campaign, part: str, locale: str
) -> tuple[str, Sequence[str]]:
    """Give the kind's own text of a part as a wording that can be changed.

    What stands in it of facts and of the reader is written as a template has it; the facts of
    which the value had to be written out are named beside it.
    """
    from broadcaster.render.starting import frozen, starting_text

    advisory = runtime.ledger.advisory(campaign.advisory_id)
    kind, tag = _place(runtime, campaign, advisory, part, locale)
    text = starting_text(runtime.renderer, kind, advisory, part, tag)
    return text, frozen(runtime.renderer, kind, advisory, tag, text)


def _place(
    runtime: "Runtime", campaign: Campaign, advisory: Advisory, part: str, locale: str
) -> tuple["Kind", str]:
    """Give the kind and the tag of a text that can be worded; InvalidInputError."""
    from broadcaster.render.worded import require_part

    kind = runtime.renderer.kind(advisory)
    tag = runtime.renderer.library.locale(locale).tag
    if tag not in kind.locales:
        problem = said(
            "%(kind)s is not offered in %(tag)s, so nobody would get it", kind=kind.name, tag=tag
        )
        raise InvalidInputError(
            "locale", problem, said("Use one of %(names)s.", names=", ".join(kind.locales))
        )
    require_part(kind, part)
    channel = Channel(part.partition("/")[0])
    used = {*campaign.channels, *((Channel.EMAIL,) if Channel.WEB in kind.channels else ())}
    if channel not in used:
        problem = said("the campaign does not go by %(channel)s", channel=Term("channel", channel))
        raise InvalidInputError("part", problem, said("Word a part of a channel that it uses."))
    return kind, tag


def _previews(
    runtime: "Runtime", advisory: Advisory, kind: "Kind", part: str, tag: str
) -> Mapping[str, str]:
    """Render what a wording of a part changes; nothing of what can not be rendered."""
    from broadcaster.errors import ConfigurationError
    from broadcaster.render.check import parts_of, sample_reader
    from broadcaster.render.worded import MADE_OF

    changed = {part, *(made for made, sources in MADE_OF.items() if part in sources)}
    reader = sample_reader(runtime.renderer.locales[tag])
    shown: dict[str, str] = {}
    for channel in kind.channels:
        try:
            content = runtime.renderer.preview(advisory, channel, tag, reader)
        except ConfigurationError:
            # The checks name the fault.
            continue
        shown |= {name: text for name, text in parts_of(content).items() if name in changed}
    return shown
