"""Archiving a campaign: its evidence first, and only then what it is evidence of."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from broadcaster.bootstrap.figures import report
from broadcaster.errors import ConflictError

if TYPE_CHECKING:
    from broadcaster.bootstrap.runtime import Runtime
    from broadcaster.domain.campaign import Campaign
    from broadcaster.reports.evidence import Evidence

# ruff: noqa: PLC0415  (adapters are imported where they are used)


def archive(
    runtime: "Runtime", campaign: "Campaign", target: Path, days: int, by: str
) -> "Evidence":
    """Write an ended campaign's deliveries to a file, keep its report, and drop its deliveries.

    Killed at any moment, it leaves the deliveries and at most a whole file, or the file alone and
    the campaign archived. ConflictError and InvalidInputError say what is in the way.
    """
    from broadcaster.ledger.archive import Archive
    from broadcaster.reports.evidence import write_evidence

    kept = Archive(runtime.pool)
    now = runtime.clock.now()
    seen = kept.mark(campaign.id, timedelta(days=days), now)
    evidence = write_evidence(lambda stream: runtime.reports.export(campaign.id, stream), target)
    if evidence.rows != seen.rows:
        message = (
            f"Campaign {campaign.name!r} has {seen.rows} deliveries and the file {evidence.rows}; "
            "nothing was dropped. Remove the file and try again."
        )
        raise ConflictError(message)
    figures = {
        name: value for name, value in report(runtime, campaign.id).items() if name not in _PASSING
    }
    kept.let_go(campaign.id, seen, evidence.as_dict(), figures, by, now)
    return evidence


#: What is not a figure, but says how things stand at the moment.
_PASSING = frozenset({"status", "hold_reason", "planning_since", "planning_stage", "archive"})
