"""The course of `broadcaster suppressions import`: check the whole file, then store, and report."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table
from rich.text import Text

from broadcaster import bootstrap
from broadcaster.audience.draft import Finding
from broadcaster.audience.listfile import SuppressionFile
from broadcaster.audience.report import report_file
from broadcaster.bootstrap.people import address_reader
from broadcaster.cli.progress import bar
from broadcaster.domain.consent import ListedAddress, Scope
from broadcaster.domain.proofs import checked_name
from broadcaster.errors import InvalidInputError
from broadcaster.ledger.suppressions import Taken
from broadcaster.settings import Settings, load

_SHOWN, _PRINTED = 20, 1000
_STEP = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Wishes:
    """What was asked for on the command line."""

    file: Path
    scope: Scope
    as_of: datetime | None
    dry_run: bool
    report: Path | None
    region: str
    encoding: str
    by: str
    json: bool


@dataclass(slots=True)
class Tally:
    """What the file has."""

    rows: int = 0
    refused: int = 0
    first: list[Finding] = field(default_factory=list)

    def note(self, finding: Finding, write: Callable[[Finding], None] | None) -> None:
        """Count a refused row, keep the first ones, write all."""
        self.refused += 1
        if len(self.first) < _PRINTED:
            self.first.append(finding)
        if write:
            write(finding)


def run(wishes: Wishes) -> None:
    """Import a list; InvalidInputError when it is no CSV file or none of its rows can be read.

    It is read twice: a file that breaks half way has changed nothing then.
    """
    settings = load()
    now = datetime.now(UTC)
    checked_name("--by", wishes.by)
    tally = _check(wishes, settings, now)
    taken = Taken(recorded=0, known=0)
    if not wishes.dry_run and tally.rows > tally.refused:
        with (
            bootstrap.running(settings) as runtime,
            _opened(wishes, settings, now) as file,
            bar(file.size, "Importing") as shown,
        ):
            rows = _rows(file, shown.move)
            taken = runtime.suppressions.take(rows, wishes.by, wishes.file.name, now)
    _tell(wishes, tally, taken)


def _check(wishes: Wishes, settings: Settings, now: datetime) -> Tally:
    tally = Tally()
    with ExitStack() as stack:
        file = stack.enter_context(_opened(wishes, settings, now))
        write = None
        if wishes.report:
            write = stack.enter_context(report_file(wishes.report, wishes.file))
        shown = stack.enter_context(bar(file.size, "Checking"))
        for tally.rows, row in enumerate(file, 1):
            if isinstance(row, Finding):
                tally.note(row, write)
            if tally.rows % _STEP == 0:
                shown.move(file.position)
        shown.move(file.size)
    return tally


def _opened(wishes: Wishes, settings: Settings, now: datetime) -> SuppressionFile:
    return SuppressionFile(
        wishes.file,
        address_reader(settings, wishes.region),
        encoding=wishes.encoding,
        scope=wishes.scope,
        as_of=wishes.as_of,
        now=now,
        zone=ZoneInfo(settings.time_zone),
    )


def _rows(file: SuppressionFile, move: Callable[[float], None]) -> Iterator[ListedAddress]:
    for count, row in enumerate(file, 1):
        if isinstance(row, ListedAddress):
            yield row
        if count % _STEP == 0:
            move(file.position)
    move(file.size)


def _tell(wishes: Wishes, tally: Tally, taken: Taken) -> None:
    if wishes.json:
        figures = {
            "rows": tally.rows,
            "refused": tally.refused,
            "recorded": taken.recorded,
            "known": taken.known,
            "dry_run": wishes.dry_run,
            "findings": [_figures(finding) for finding in tally.first],
        }
        sys.stdout.write(json.dumps(figures, ensure_ascii=True) + "\n")
    else:
        _show(wishes, tally, taken)
    if tally.rows == tally.refused:
        problem = f"none of its {tally.rows:,} rows can be read" if tally.rows else "has no rows"
        raise InvalidInputError(str(wishes.file), problem, "Mend what was found and try again.")


def _figures(finding: Finding) -> dict[str, object]:
    return {
        "row": finding.row,
        "column": finding.column,
        "value": finding.value,
        "problem": finding.problem,
        "remedy": finding.remedy,
    }


def _show(wishes: Wishes, tally: Tally, taken: Taken) -> None:
    console = Console()
    if tally.first:
        table = Table("row", "column", "what is wrong", box=None, pad_edge=False)
        for finding in tally.first[:_SHOWN]:
            words = Text(f"{finding.problem}. {finding.remedy}")
            table.add_row(str(finding.row), finding.column, words)
        console.print(table)
        if tally.refused > _SHOWN:
            where = f"all are in {wishes.report}" if wishes.report else "--report FILE lists all"
            console.print(Text(f"… and more; {where}."))
    good = tally.rows - tally.refused
    done = (
        f"{good:,} could be stored"
        if wishes.dry_run
        else f"{taken.recorded:,} recorded, {taken.known:,} known already"
    )
    console.print(f"{tally.rows:,} rows: {done}, {tally.refused:,} refused.")
