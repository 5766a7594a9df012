"""Writes the kept figures into `docs/performance.md`: nothing there is typed by hand.

Between `<!-- figures: NAME -->` and `<!-- end -->` stands what `benchmarks/results/NAME.json` (or
`NAME.txt`) says; where there is none, that it was not measured.
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import _frame

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"

_PLACE = re.compile(r"(<!-- figures: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_PICTURES = {"million": "million"}


def write(page: Path = PAGE, results: Path = _frame.RESULTS) -> None:
    """Write the page anew."""
    page.write_text(filled(page.read_text("utf-8"), results), encoding="utf-8")


def filled(text: str, results: Path) -> str:
    """Fill the places of a page with what is kept."""
    return _PLACE.sub(lambda found: found[1] + _told(found[2], results) + found[3], text)


def _told(name: str, results: Path) -> str:
    path, plain = results / f"{name}.json", results / f"{name}.txt"
    if path.exists():
        return told(json.loads(path.read_text("utf-8")))
    if plain.exists():
        return f"```text\n{plain.read_text('utf-8').strip()}\n```\n"
    return "Not measured yet.\n"


def told(kept: Mapping[str, Any]) -> str:
    """Write a result as Markdown: ratios, figures, notes, the picture, and the conditions."""
    ratios = [_frame.Ratio(**found) for found in kept["ratios"]]
    parts = [
        table(
            [
                {"": one.name, "measured": one.shown, "target": one.target, "so": one.verdict}
                for one in ratios
            ]
        )
    ]
    # Rows of one shape make a table; other rows have their own.
    shapes: list[list[Mapping[str, Any]]] = []
    for row in kept["figures"]:
        if shapes and shapes[-1][0].keys() == row.keys():
            shapes[-1].append(row)
        else:
            shapes.append([row])
    parts += [table(rows) for rows in shapes]
    parts += [f"{note}\n" for note in kept["notes"]]
    picture = _PICTURES.get(kept["name"], f"bench-{kept['name']}")
    if (_frame.PICTURES / f"{picture}.svg").exists():
        parts.append(f"![{kept['title']}](pictures/{picture}.svg)\n")
    about = {"form": "full" if kept["full"] else "short", **kept["sizes"], **kept["conditions"]}
    words = ", ".join(f"{name} {_frame.shown(value)}" for name, value in about.items())
    parts.append(f"Conditions: {words}.\n")
    return "\n".join(parts)


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Write rows of one shape as a table of Markdown."""
    names = list(rows[0])
    lines = [" | ".join(names), " | ".join("---" for _ in names)]
    lines += [" | ".join(_frame.shown(row[name]) for name in names) for row in rows]
    return "".join(f"| {line} |\n" for line in lines)
