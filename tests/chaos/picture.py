"""A run as a picture: how far the campaigns were, and what was done to them meanwhile."""

from pathlib import Path

from benchmarks import _chart
from tests.chaos import summary
from tests.chaos.kept import Kept


def draw(run: Kept, path: Path) -> None:
    """Draw it as SVG."""
    said = f"{run.faults} things are BROKEN" if run.faults else summary.GOOD
    begun = [(line["at"], 0.0) for line in run.lines if line["what"] == "launched"]
    told = [(line["at"], 100 * line["share"]) for line in run.lines if line["what"] == "progress"]
    _chart.course(
        f"Seed {run.wishes['seed']}: {run.wishes['customers']:,} customers, "
        f"{run.verdict['done']} events",
        f"{said}. The networks took {run.verdict['verdict']['taken']:,} messages.",
        _chart.Panel(
            title="Taken by the networks, % of what was to be sent",
            series={"": begun + told},
            until=max(line["at"] for line in run.lines),
        ),
        _happened(run),
        path,
    )


def _happened(run: Kept) -> dict[str, list[tuple[float, float, str]]]:
    """List by kind from when until when each event was under way, and what it was."""
    ended = {line["number"]: line["at"] for line in run.lines if line["what"] == "followed"}
    found: dict[str, list[tuple[float, float, str]]] = {}
    for line in run.lines:
        if line["what"] == "event":
            at, words = line["at"], line["event"]
            span = (at, ended.get(line["number"], at), f"{words}, at {at:.0f} s")
            found.setdefault(words.partition(" ")[0], []).append(span)
    return dict(sorted(found.items()))
