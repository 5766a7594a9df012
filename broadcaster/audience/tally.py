"""What came of the rows of an import."""

from collections.abc import Callable
from dataclasses import dataclass, field

from broadcaster.audience.draft import Finding, Row
from broadcaster.audience.summary import Sort, Summary

#: How many findings are kept to be told.
_PRINTED = 1000


@dataclass(slots=True)
class Tally:
    """What has been read so far."""

    rows: int = 0
    #: The number of the last row in its file.
    row: int = 0
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
        self.row = row.number
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

    def counts(self) -> dict[str, int]:
        """Give the counts alone."""
        return {
            "rows": self.rows,
            "refused": self.refused,
            "flawed": self.flawed,
            "repaired": self.repaired,
        }

    def figures(self) -> dict[str, object]:
        """Give the counts, the sorts and the first findings."""
        return {
            **self.counts(),
            "problems": [_sort(one) for one in self.summary.listed()],
            "findings": [_figures(finding) for finding in self.first],
        }


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
