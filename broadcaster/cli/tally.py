"""What came of the rows of an import, and how it is shown."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from broadcaster.audience.draft import Finding, Row
from broadcaster.audience.summary import Sort, Summary

#: How many findings and sorts of them are shown on a terminal, and printed as JSON.
_SHOWN = 20
_SORTS = 15
_PRINTED = 1000
_NARROW = 30


@dataclass(slots=True)
class Tally:
    """What has been read so far."""

    rows: int = 0
    good: int = 0
    refused: int = 0
    flawed: int = 0
    repaired: int = 0
    first: list[Finding] = field(default_factory=list)
    summary: Summary = field(default_factory=Summary)
    write: Callable[[Finding], None] | None = None

    def count(self, row: Row) -> None:
        """Count a row, and note what was found in it."""
        self.rows += 1
        self.refused += row.record is None
        self.good += row.record is not None
        if row.findings:
            for finding in row.findings:
                self.note(finding)
            if row.record is not None:
                self.flawed += any(one.stored is None for one in row.findings)
                self.repaired += any(one.stored is not None for one in row.findings)

    def note(self, finding: Finding) -> None:
        """Keep the first findings, count all, and write all to the report."""
        if len(self.first) < _PRINTED:
            self.first.append(finding)
        self.summary.add(finding)
        if self.write:
            self.write(finding)

    def figures(self) -> dict[str, object]:
        """Give the counts, the sorts and the first findings."""
        return {
            "rows": self.rows,
            "refused": self.refused,
            "flawed": self.flawed,
            "repaired": self.repaired,
            "problems": [_sort(one) for one in self.summary.listed()],
            "findings": [_figures(finding) for finding in self.first],
        }


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


def _sort(sort: Sort) -> dict[str, object]:
    first = sort.first
    return {
        "count": sort.count,
        "column": first.column,
        "outcome": first.outcome,
        "first_row": first.row,
        "problem": first.problem,
        "remedy": first.remedy,
    }


def _figures(finding: Finding) -> dict[str, object]:
    return {
        "row": finding.row,
        "column": finding.column,
        "outcome": finding.outcome,
        "refused": finding.refused,
        "value": finding.value,
        "read_as": finding.stored,
        "problem": finding.problem,
        "remedy": finding.remedy,
    }


def _short(value: str) -> str:
    plain = "".join(character if character.isprintable() else "·" for character in value)
    return plain if len(plain) <= _NARROW else f"{plain[: _NARROW - 1]}…"
