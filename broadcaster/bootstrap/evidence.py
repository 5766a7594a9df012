"""A campaign's evidence: everything that is known of it, as one document and as one archive.

All of one evidence is read as it was at one moment: its figures add up while messages leave.
"""

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from itertools import islice
from typing import IO, TYPE_CHECKING, Any

from broadcaster.bootstrap.collecting import attribute, collect, subjects, written
from broadcaster.domain.formulas import defused

if TYPE_CHECKING:
    from broadcaster.bootstrap.runtime import Runtime
    from broadcaster.domain.campaign import Campaign
    from broadcaster.reports.bundle import Sealed, Write
    from broadcaster.reports.reports import Unreached

# ruff: noqa: PLC0415  (adapters are imported where they are used)

#: How many of the unreached a document names; the archive has them all.
SHOWN = 300


def dossier(runtime: "Runtime", campaign: "Campaign") -> dict[str, Any]:
    """Give everything that is known of a campaign, without anybody of the public, as JSON values.

    It may be asked for at any time; what has not happened yet is null or empty.
    """
    with runtime.at_one_moment() as seen:
        return collect(seen, seen.campaigns.get(str(campaign.id)))


def dossier_with_people(
    runtime: "Runtime", campaign: "Campaign"
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Give the same, and of the same moment the first whom nothing reached, by number, and why.

    Nobody where the campaign was archived: its archive has them. Who asks writes it down.
    """
    with runtime.at_one_moment() as seen:
        found = seen.campaigns.get(str(campaign.id))
        known = collect(seen, found)
        return known, [] if known["figures"].get("archive") else _unreached(seen, found)


def _unreached(runtime: "Runtime", campaign: "Campaign") -> list[dict[str, Any]]:
    with closing(runtime.reports.unreached(campaign.id)) as rows:  # type: ignore[type-var]  # (a generator)
        return [
            {
                "customer": one.customer_number,
                "channels": [
                    {"channel": channel, "status": status, "reason": one.reasons[channel]}
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

    if people:
        # Before anything is handed over, not after.
        runtime.accesses.record(by, "export", f"campaign {campaign.id}", purpose, {})
    with runtime.at_one_moment() as seen:
        found = seen.campaigns.get(str(campaign.id))
        known = collect(seen, found)
        parts = {
            "dossier.json": _saying(written(known, indent=2) + "\n"),
            **{name: _saying(make(known)) for name, make in (documents or {}).items()},
            "texts.jsonl": _lines(known["texts"]["rows"]),
            **_lists(seen, found, people=people, archived=bool(known["figures"].get("archive"))),
        }
        about = {
            "campaign": found.id,
            "name": found.name,
            "made_at": known["made_at"],
            "made_by": by,
            "customers_by_number": people,
            "archive": known["figures"].get("archive"),
        }
        sealed = bundle(target, parts, about)
    details: dict[str, object] = {"sha256": sealed.sha256, "whole": sealed.whole, "people": people}
    runtime.accesses.record(by, "evidence", f"campaign {campaign.id}", purpose, details)
    return sealed


def _lists(
    runtime: "Runtime", campaign: "Campaign", *, people: bool, archived: bool
) -> dict[str, "Write"]:
    """Give the files that have every row, also where the document has the first alone."""
    which, dossiers = campaign.id, runtime.dossiers
    parts: dict[str, Write] = {"trail.jsonl": _lines(dossiers.trail(subjects(campaign)))}
    if archived:
        return parts
    parts["places.csv"] = lambda stream: _table(
        stream, ("place", "customers", "reached"), dossiers.places(which, attribute(runtime))
    )
    parts["answers.csv"] = lambda stream: _table(
        stream, ("provider", "code", "reason", "messages"), dossiers.codes(which)
    )
    parts["deliveries.csv"] = lambda stream: runtime.reports.export(which, stream, people=people)
    if people:
        parts["unreached.csv"] = lambda stream: _write_unreached(runtime, campaign, stream)
    return parts


def _table(stream: IO[str], names: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> int:
    writer, count = csv.writer(stream), 0
    writer.writerow(names)
    for row in rows:
        writer.writerow([defused(str(row[name])) for name in names])
        count += 1
    return count


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


def _saying(text: str) -> "Write":
    def write(stream: IO[str]) -> None:
        stream.write(text)

    return write


def _lines(rows: Iterable[object]) -> "Write":
    def write(stream: IO[str]) -> int:
        count = 0
        for row in rows:
            stream.write(written(row) + "\n")
            count += 1
        return count

    return write
