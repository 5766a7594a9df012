"""How it is shown what came of the rows of an import."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from broadcaster.audience.summary import Sort
from broadcaster.audience.tally import Tally

#: How many findings and sorts of them are shown on a terminal.
_SHOWN = 20
_SORTS = 15
_NARROW = 30

__all__ = ["Tally", "show"]


def show(console: Console, tally: Tally, report: Path | None) -> None:
    """Show the first findings, and all by what is wrong."""
    if not tally.first:
        return
    table = Table("row", "column", "value", "what is wrong", box=None, pad_edge=False)
    for finding in tally.first[:_SHOWN]:
        # Cells are shown as plain text: square brackets in them are no markup.
        words = Text(f"{finding.outcome}: ", style="red" if finding.refused else "")
        words.append(f"{finding.problem}. {finding.remedy}", style="default")
        value = Text(_short(finding.value))
        table.add_row(str(finding.row), Text(finding.column), value, words)
    console.print(table)
    if len(tally.first) > _SHOWN:
        where = f"all are in {report}" if report else "--report FILE lists all"
        console.print(Text(f"… and more; {where}."))
        console.print(_sorts(tally.summary.listed()))


def _sorts(sorts: Sequence[Sort]) -> Table:
    table = Table("how often", "column", "outcome", "what is wrong", box=None, pad_edge=False)
    for sort in sorts[:_SORTS]:
        first = sort.first
        words = Text(f"{first.problem}. {first.remedy}")
        table.add_row(f"{sort.count:,}", Text(first.column), first.outcome, words)
    return table


def _short(value: str) -> str:
    plain = "".join(character if character.isprintable() else "·" for character in value)
    return plain if len(plain) <= _NARROW else f"{plain[: _NARROW - 1]}…"
