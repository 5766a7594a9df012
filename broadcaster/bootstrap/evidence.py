"""A campaign's evidence: everything that is known of it, as one document and as one archive."""

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from itertools import islice
from typing import IO, TYPE_CHECKING, Any

from broadcaster import __version__
from broadcaster.bootstrap.figures import report
from broadcaster.bootstrap.handing import reads
from broadcaster.domain.formulas import defused
from broadcaster.domain.wording import place
from broadcaster.errors import BroadcasterError

if TYPE_CHECKING:
    from broadcaster.bootstrap.runtime import Runtime
    from broadcaster.domain.advisory import FactValue
    from broadcaster.domain.campaign import Campaign
    from broadcaster.render.facts import Fact
    from broadcaster.reports.bundle import Sealed, Write
    from broadcaster.reports.reports import Unreached

# ruff: noqa: PLC0415  (adapters are imported where they are used)

#: How many of the unreached a document names; the archive has them all.
SHOWN = 300


def dossier(runtime: "Runtime", campaign: "Campaign") -> dict[str, Any]:
    """Give everything that is known of a campaign, without anybody of the public, as JSON values.

    It may be asked for at any time; what has not happened yet is null or empty.
    """
    advisory = runtime.ledger.advisory(campaign.advisory_id)
    now = runtime.clock.now()
    figures = report(runtime, campaign.id)
    figures.pop("in_doubt_list", None)
    moments = runtime.dossiers.moments(campaign.id)
    trail = runtime.dossiers.trail([f"campaign {campaign.id}", f"advisory {advisory.id}"])
    attribute = runtime.settings.options("evidence").text("ATTRIBUTE", "district")
    begun = moments["planned"] or now
    told = {
        "format": "broadcaster-evidence/1",
        "made_at": now,
        "software": f"Broadcaster {__version__}",
        "time_zone": runtime.settings.time_zone,
        "campaign": _campaign(campaign),
        "advisory": _advisory(runtime, campaign),
        "moments": moments,
        "approval": _approval(runtime, campaign, trail),
        "texts": _texts(runtime, campaign),
        "wording": _wording(runtime, campaign),
        "figures": figures,
        "spread": runtime.dossiers.spread(campaign.id),
        "places": {
            "attribute": attribute,
            "rows": runtime.dossiers.places(campaign.id, attribute),
        },
        "networks": {
            "rows": runtime.dossiers.networks(campaign.id),
            "events": runtime.dossiers.befallen(campaign.id),
            "codes": runtime.dossiers.codes(campaign.id),
            "limits": runtime.dossiers.limits(begun, moments["finished"] or now),
        },
        "thread": thread(runtime, campaign),
        "public_page": _page(runtime, campaign),
        "trail": trail,
    }
    known: dict[str, Any] = json.loads(_json(told))
    return known


def unreached(runtime: "Runtime", campaign: "Campaign") -> list[dict[str, Any]]:
    """List the first of those who got nothing on any channel, by their numbers, and why.

    Nobody where the campaign was archived: its archive has them.
    """
    if runtime.reports.summary(campaign.id).get("archive"):
        return []
    with closing(runtime.reports.unreached(campaign.id)) as rows:  # type: ignore[type-var]  # (a generator)
        return [
            {
                "customer": one.customer_number,
                "channels": [
                    {
                        "channel": channel,
                        "status": status,
                        "reason": one.reasons[channel],
                    }
                    for channel, status in one.statuses.items()
                ],
            }
            for one in islice(rows, SHOWN)
        ]


def export_evidence(
    runtime: "Runtime",
    campaign: "Campaign",
    target: IO[bytes],
    by: str,
    *,
    purpose: str,
    people: bool,
    documents: Mapping[str, Callable[[Mapping[str, Any]], str]] | None = None,
) -> "Sealed":
    """Write a campaign's evidence as an archive; who did it is written down with its hash.

    Without `people` no customer is in it. `documents` make further files of what is known. In
    bounded memory, whatever the campaign's size.
    """
    from broadcaster.reports.bundle import bundle

    known = dossier(runtime, campaign)
    parts: dict[str, Write] = {"dossier.json": _saying(_json(known) + "\n")}
    for name, make in (documents or {}).items():
        parts[name] = _saying(make(known))
    parts["texts.jsonl"] = _lines(known["texts"]["rows"])
    parts["trail.jsonl"] = _lines(known["trail"])
    if not known["figures"].get("archive"):
        parts["deliveries.csv"] = lambda stream: runtime.reports.export(
            campaign.id, stream, people=people
        )
        if people:
            parts["unreached.csv"] = lambda stream: _write_unreached(runtime, campaign, stream)
    about = {
        "campaign": campaign.id,
        "name": campaign.name,
        "made_at": known["made_at"],
        "made_by": by,
        "customers_by_number": people,
        "archive": known["figures"].get("archive"),
    }
    if people:
        # Before anything is handed over, not after.
        runtime.accesses.record(by, "export", f"campaign {campaign.id}", purpose, {})
    sealed = bundle(target, parts, about)
    details: dict[str, object] = {"sha256": sealed.sha256, "whole": sealed.whole, "people": people}
    runtime.accesses.record(by, "evidence", f"campaign {campaign.id}", purpose, details)
    return sealed


def _write_unreached(runtime: "Runtime", campaign: "Campaign", stream: IO[str]) -> int:
    writer, count = csv.writer(stream), 0
    writer.writerow(["customer", "channel", "status", "reason"])
    with closing(runtime.reports.unreached(campaign.id)) as rows:  # type: ignore[type-var]  # (a generator)
        for one in rows:
            writer.writerows(_unreached_rows(one))
            count += len(one.statuses)
    return count


def _unreached_rows(one: "Unreached") -> list[list[str]]:
    return [
        [
            defused(one.customer_number),
            channel.value,
            status.value,
            found.value if (found := one.reasons[channel]) else "",
        ]
        for channel, status in one.statuses.items()
    ]


def _campaign(campaign: "Campaign") -> dict[str, object]:
    return {
        "id": campaign.id,
        "name": campaign.name,
        "status": campaign.status,
        "lane": campaign.lane,
        "drill": campaign.drill,
        "segment": campaign.segment,
        "expression": campaign.expression,
        "channels": list(campaign.channels),
        "plan": campaign.channel_plan,
        "escalate_after": list(campaign.escalate_after),
        "one_per": campaign.one_per,
        "created_by": campaign.created_by,
    }


def _advisory(runtime: "Runtime", campaign: "Campaign") -> dict[str, object]:
    advisory = runtime.ledger.advisory(campaign.advisory_id)
    kind = runtime.renderer.kinds.get(advisory.kind)
    return {
        "id": advisory.id,
        "version": advisory.version,
        "kind": advisory.kind,
        "labels": dict(kind.labels) if kind else {},
        "message_type": advisory.message_type,
        "class": advisory.message_class,
        "severity": advisory.severity,
        "urgency": advisory.urgency,
        "certainty": advisory.certainty,
        "effective": advisory.effective,
        "expires": advisory.expires,
        "facts": [
            _fact(kind.facts.get(name) if kind else None, name, value)
            for name, value in advisory.facts.items()
            if value is not None
        ],
    }


def _fact(fact: "Fact | None", name: str, value: "FactValue") -> dict[str, object]:
    """Give a fact with its words for people, and those of what was chosen."""
    if fact is None:
        return {"name": name, "labels": {}, "value": value}
    chosen = fact.choice_labels.get(value, {}) if isinstance(value, str) else {}
    said = {"value_labels": dict(chosen)} if chosen else {}
    return {"name": name, "labels": dict(fact.labels), "value": value, **said}


def _approval(
    runtime: "Runtime", campaign: "Campaign", trail: Sequence[Mapping[str, Any]]
) -> dict[str, object]:
    """Say who approved what, and whether it still is what would be sent; None where unknown."""
    unchanged = None
    if campaign.approved_hash is not None:
        try:
            advisory = runtime.ledger.advisory(campaign.advisory_id)
            unchanged = runtime.unchanged(campaign, advisory)
        except BroadcasterError:
            # Its kind is not here any more.
            unchanged = False
    return {
        "hash": campaign.approved_hash,
        "by": campaign.approved_by,
        "unchanged": unchanged,
        "bypass": campaign.bypass,
        "given": [
            {
                "at": row["at"],
                "by": row["actor"],
                "hash": row["details"].get("content_hash"),
                "bypass": bool(row["details"].get("bypass")),
                "reason": row["details"].get("bypass"),
            }
            for row in trail
            if row["action"] == "approve"
        ],
    }


def _texts(runtime: "Runtime", campaign: "Campaign") -> dict[str, object]:
    """Give the texts that were approved last; of what was not, or before texts were kept, today's.

    A campaign's hash changes with its expression when somebody is erased from it: what was
    approved under another hash is told with that one.
    """
    from broadcaster.ledger.versions import Event

    approved = [one for one in runtime.versions.of(campaign.id) if one.event is Event.APPROVED]
    same = [one for one in approved if one.content_hash == campaign.approved_hash]
    chosen = next(iter([*same, *approved]), None)
    if chosen is not None:
        content = runtime.versions.content(chosen.id)
        return {
            "as": "approved",
            "hash": chosen.content_hash,
            "kept_at": chosen.at,
            "rows": _rows(content.get("texts", {})),
        }
    try:
        now = reads(runtime, campaign, runtime.ledger.advisory(campaign.advisory_id))
        rows = _rows(now["texts"])
    except BroadcasterError as error:
        rows = [{"channel": "", "locale": "", "part": "", "text": "", "fault": str(error)}]
    return {"as": "today", "hash": None, "kept_at": None, "rows": rows}


def _rows(texts: Mapping[str, Mapping[str, str]]) -> list[dict[str, str]]:
    """Give texts as rows: a part's name begins with its channel."""
    return [
        {"channel": part.partition("/")[0], "locale": locale, "part": part, "text": text}
        for locale, parts in texts.items()
        for part, text in parts.items()
    ]


def _wording(runtime: "Runtime", campaign: "Campaign") -> list[dict[str, object]]:
    rows = []
    for name, one in runtime.wordings.written(campaign.id).items():
        part, locale = place(name)
        taken = one.taken_from
        rows.append(
            {"part": part, "locale": locale, "by": one.by, "at": one.at, "taken_from": taken}
        )
    return rows


def thread(runtime: "Runtime", campaign: "Campaign") -> list[dict[str, object]]:
    """List the campaigns of a thread as they follow one another: JSON values and moments."""
    found = runtime.threads.of(campaign.id)
    return [
        {
            "campaign": one.campaign,
            "name": one.name,
            "version": one.version,
            "message_type": one.message_type,
            "status": one.status,
            "planned_at": one.planned_at,
            "superseded_by": one.superseded_by,
        }
        for one in found
    ]


def _page(runtime: "Runtime", campaign: "Campaign") -> dict[str, object]:
    """Say where the public reads it, and when it was called off; None where it is not public."""
    found = runtime.publications.read([campaign.advisory_id])
    stem = f"{runtime.settings.public_url}/advisories/{campaign.advisory_id}"
    return {
        "url": stem if found else None,
        "called_off": found[0].cancelled_at if found else None,
    }


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, default=_written)


def _written(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _saying(text: str) -> "Write":
    def write(stream: IO[str]) -> None:
        stream.write(text)

    return write


def _lines(rows: Sequence[object]) -> "Write":
    def write(stream: IO[str]) -> int:
        for row in rows:
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
        return len(rows)

    return write
