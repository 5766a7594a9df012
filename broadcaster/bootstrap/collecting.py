"""Collecting everything that is known of a campaign, as JSON values, without the public."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from broadcaster import __version__
from broadcaster.bootstrap.figures import counted
from broadcaster.bootstrap.handing import reads
from broadcaster.domain.wording import place
from broadcaster.errors import BroadcasterError

if TYPE_CHECKING:
    from broadcaster.bootstrap.runtime import Runtime
    from broadcaster.domain.advisory import FactValue
    from broadcaster.domain.campaign import Campaign
    from broadcaster.render.facts import Fact

# ruff: noqa: PLC0415  (adapters are imported where they are used)

#: How many rows of each long list it holds. What is beyond is counted in `more`, and the archive
#: has a file with every row.
_PLACES, _CODES, _TRAIL, _EVENTS, _LIMITS = 1000, 50, 5000, 200, 500


def collect(runtime: "Runtime", campaign: "Campaign") -> dict[str, Any]:
    """Give everything that is known; what has not happened yet is null or empty.

    `more` says of each list that is cut how many rows it has beyond those here, and their sums, so
    that everything adds up. Whoever asks sees to it that `runtime` sees one moment.
    """
    from broadcaster.reports.dossier import cut

    dossiers = runtime.dossiers
    now = runtime.clock.now()
    figures = counted(runtime, campaign.id)
    moments = dossiers.moments(campaign.id)
    begun, ended = moments["planned"] or now, moments["finished"] or now
    places, more_places = cut(dossiers.places(campaign.id, attribute(runtime)), _PLACES)
    trail, more_trail = cut(dossiers.trail(subjects(campaign)), _TRAIL)
    events, more_events = cut(dossiers.befallen(campaign.id), _EVENTS)
    codes, more_codes = cut(dossiers.codes(campaign.id), _CODES)
    limits, more_limits = cut(dossiers.limits(begun, ended), _LIMITS)
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
        "spread": dossiers.spread(campaign.id),
        "places": {"attribute": attribute(runtime), "rows": places},
        "networks": {
            "rows": dossiers.networks(campaign.id),
            "events": events,
            "codes": codes,
            "limits": limits,
        },
        "thread": thread(runtime, campaign),
        "public_page": _page(runtime, campaign),
        "trail": trail,
        "more": {
            "places": more_places,
            "codes": more_codes,
            "events": more_events,
            "limits": more_limits,
            "trail": more_trail,
        },
    }
    known: dict[str, Any] = json.loads(written(told, indent=2))
    return known


def attribute(runtime: "Runtime") -> str:
    """Name the attribute of customers that is their place."""
    return runtime.settings.options("evidence").text("ATTRIBUTE", "district")


def subjects(campaign: "Campaign") -> list[str]:
    """Name what the audit trail of a campaign is about."""
    return [f"campaign {campaign.id}", f"advisory {campaign.advisory_id}"]


def written(value: object, indent: int | None = None) -> str:
    """Write values as JSON; moments as ISO 8601."""
    return json.dumps(value, ensure_ascii=False, indent=indent, default=_written)


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


def _written(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
