"""The report of an import: a row of CSV for every finding, without a formula in it."""

import csv
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from broadcaster.audience.draft import Finding
from broadcaster.errors import InvalidInputError

_HEADER = ("row", "column", "outcome", "value", "problem", "remedy")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@contextmanager
def report_file(path: Path, source: Path) -> Iterator[Callable[[Finding], None]]:
    """Open a report and give what writes a finding to it; an earlier report is replaced.

    InvalidInputError when it can't be written, or is the file `source` that is imported.
    """
    try:
        if path.exists() and source.exists() and path.samefile(source):
            remedy = "Name another file."
            raise InvalidInputError("--report", "is the file that is imported", remedy)
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(_HEADER)

            def write(finding: Finding) -> None:
                rows.writerow(_cells(finding))

            yield write
    except OSError as error:
        problem = f"{path} can't be written ({error.strerror})"
        raise InvalidInputError("--report", problem, "Name a place that can be written.") from error


@contextmanager
def new_file(path: Path) -> Iterator[Callable[[Sequence[str]], None]]:
    """Open a new CSV file for its owner alone, and give what writes a row without formulas.

    InvalidInputError when there is a file already or it can't be written; nothing stays of one
    that is not finished.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        problem = f"{path} can't be written ({error.strerror})"
        raise InvalidInputError("--to", problem, "Name a new file.") from error
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8-sig", newline="") as file:
            rows = csv.writer(file)
            yield lambda cells: rows.writerow([defused(cell) for cell in cells])
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _cells(finding: Finding) -> tuple[object, ...]:
    outcome = "refused" if finding.refused else "stored without it"
    return (
        finding.row,
        defused(finding.column),
        outcome,
        defused(finding.value),
        defused(finding.problem),
        finding.remedy,
    )


def defused(text: str) -> str:
    """Put an apostrophe before what a spreadsheet would run as a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
