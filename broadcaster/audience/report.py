"""The report of an import: a row of CSV for every finding, without a formula in it."""

import csv
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from broadcaster.audience.draft import Finding
from broadcaster.domain.formulas import defused
from broadcaster.domain.saying import Figure, said
from broadcaster.errors import InvalidInputError

_HEADER = (
    said("row"),
    said("column"),
    said("outcome"),
    said("value"),
    said("problem"),
    said("remedy"),
    said("read as"),
)
#: What became of a value, where a report is in the language of its reader.
_OUTCOMES = {
    "refused": said("the row is refused"),
    "stored without it": said("stored without it"),
    "repaired": said("repaired"),
    "noted": said("noted"),
}
#: The most findings of a report: some 200 MB, and about what a spreadsheet shows.
MOST = 1_000_000


Tell = Callable[[str], str]


@contextmanager
def report_file(
    path: Path, source: Path | None, tell: Tell | None = None
) -> Iterator[Callable[[Finding], None]]:
    """Open a report and give what writes a finding to it; an earlier report is replaced.

    It is for its owner alone: it holds names and addresses. `tell` says each text in the language
    of whoever reads it; else it is in English.

    InvalidInputError when it can't be written, or is the file `source` that is imported.
    """
    try:
        if source and path.exists() and source.exists() and path.samefile(source):
            remedy = "Name another file."
            raise InvalidInputError("--report", "is the file that is imported", remedy)
        with _owned(path) as file:
            rows = csv.writer(file)
            rows.writerow(map(tell or str, _HEADER))
            written = 0

            def write(finding: Finding) -> None:
                nonlocal written
                written += 1
                if written <= MOST:
                    rows.writerow(_cells(finding, tell))

            yield write
            if written > MOST:
                more = said("%(count)s more findings are not listed", count=Figure(written - MOST))
                remedy = said("Mend these first, and import again.")
                told = tell or str
                rows.writerow(("", "", "", "", told(more), told(remedy), ""))
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


def _owned(path: Path) -> TextIO:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            # An earlier report may have been open to others.
            os.fchmod(descriptor, 0o600)
        # Whatever stands in a file can be written down, also what no text may hold.
        return os.fdopen(
            descriptor, "w", encoding="utf-8-sig", errors="backslashreplace", newline=""
        )
    except BaseException:
        os.close(descriptor)
        raise


def _cells(finding: Finding, tell: Tell | None) -> tuple[object, ...]:
    told = tell or str
    return (
        finding.row,
        defused(finding.column),
        told(_OUTCOMES[finding.outcome]) if tell else finding.outcome,
        defused(finding.value),
        defused(told(finding.problem)),
        defused(told(finding.remedy)),
        defused(finding.stored or ""),
    )
