"""Writes what kept runs have shown into `docs/chaos.md`: nothing there is typed by hand.

    python -m tests.chaos.page FOLDER

FOLDER holds `seed-<n>/` for each run, as `make chaos` keeps them. Between `<!-- runs -->` and
`<!-- end -->` stands a table of them then, and the picture is that of the first.
"""

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.chaos import picture
from tests.chaos.kept import Kept, read

_DOCS = Path(__file__).parents[2] / "docs"
_PLACE = re.compile(r"(<!-- runs -->\n).*?(<!-- end -->)", re.DOTALL)
#: The kinds of events that have a column; what the others were, each run's picture tells.
_KINDS = ("kill", "stop", "term", "cut", "stall", "half", "flush", "messages")


def table(runs: Sequence[Kept]) -> str:
    """Write runs as a table of Markdown, a line each."""
    ends = ("delivered", "failed", "suppressed", "in doubt")
    counts = ["seed", "customers", "events", *_KINDS, "s", "messages taken", *ends]
    heads = [*counts, "fullest second"]
    lines = [heads, ["---"] * len(heads)]
    for run in runs:
        full = run.verdict["verdict"]["fullest"]
        cells = [
            str(run.wishes["seed"]),
            f"{run.wishes['customers']:,}",
            str(run.verdict["done"]),
            *(str(run.events.get(kind, 0)) for kind in _KINDS),
            f"{run.verdict['seconds']:,.0f}",
            f"{run.verdict['verdict']['taken']:,}",
            *(f"{run.sums.get(end, 0):,}" for end in ends),
            max((f"{one['units'] / one['limit']:.1%}" for one in full), key=_share, default=""),
        ]
        lines.append(cells)
    good = sum(not run.faults for run in runs)
    rows = "".join("| " + " | ".join(cells) + " |\n" for cells in lines)
    return f"{rows}\n{good} of {len(runs)} runs are as they must be.\n\n"


def write(folder: Path, docs: Path = _DOCS) -> None:
    """Write the page anew, and its picture."""
    found = sorted(folder.glob("seed-*/verdict.json"), key=lambda path: _number(path.parent))
    runs = [read(path.parent) for path in found]
    page = docs / "chaos.md"
    text = _PLACE.sub(lambda at: at[1] + table(runs) + at[2], page.read_text("utf-8"))
    page.write_text(text, encoding="utf-8")
    picture.draw(runs[0], docs / "pictures" / "chaos.svg")


def _share(text: str) -> float:
    return float(text.rstrip("%"))


def _number(folder: Path) -> int:
    return int(folder.name.removeprefix("seed-"))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
