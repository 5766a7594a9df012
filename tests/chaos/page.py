"""Writes what kept runs have shown into `docs/chaos.md`: nothing there is typed by hand.

    python -m tests.chaos.page FOLDER

FOLDER holds `seed-<n>/` for each run, as `make chaos` keeps them. Between `<!-- runs -->` and
`<!-- end -->` stands a table of them then, and the picture is that of the first.
"""

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks import _document
from tests.chaos import picture, summary
from tests.chaos.kept import Kept, read

_DOCS = Path(__file__).parents[2] / "docs"
_PLACE = re.compile(r"(<!-- runs -->\n).*?(<!-- end -->)", re.DOTALL)
_ENDS = ("delivered", "failed", "suppressed", "in doubt")
#: The kinds of events that have a column; what the others were, each run's picture tells.
_KINDS = ("kill", "stop", "term", "cut", "stall", "half", "flush", "messages")


def table(runs: Sequence[Kept]) -> str:
    """Write runs as a table of Markdown, a line each."""
    rows = [_row(run) for run in runs]
    good = sum(not run.faults for run in runs)
    return f"{_document.table(rows)}\n{good} of {len(runs)} runs are as they must be.\n\n"


def _row(run: Kept) -> Mapping[str, object]:
    verdict, events = run.verdict["verdict"], summary.kinds(run.lines)
    full = max((one["units"] / one["limit"] for one in verdict["fullest"]), default=0.0)
    return {
        "seed": str(run.wishes["seed"]),
        "customers": run.wishes["customers"],
        "events": run.verdict["done"],
        **{kind: events.get(kind, 0) for kind in _KINDS},
        "s": round(run.verdict["seconds"]),
        "messages taken": verdict["taken"],
        **{end: run.sums.get(end, 0) for end in _ENDS},
        "fullest second": f"{full:.1%}",
    }


def write(folder: Path, docs: Path = _DOCS) -> None:
    """Write the page anew, and its picture."""
    found = sorted(folder.glob("seed-*/verdict.json"), key=lambda path: _number(path.parent))
    runs = [read(path.parent) for path in found]
    page = docs / "chaos.md"
    text = _PLACE.sub(lambda at: at[1] + table(runs) + at[2], page.read_text("utf-8"))
    page.write_text(text, encoding="utf-8")
    picture.draw(runs[0], docs / "pictures" / "chaos.svg")


def _number(folder: Path) -> int:
    return int(folder.name.removeprefix("seed-"))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
