"""The course of `broadcaster customers import`: read, store, report."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from broadcaster import bootstrap
from broadcaster.audience.draft import Finding
from broadcaster.audience.importer import Reading
from broadcaster.audience.report import report_file
from broadcaster.audience.store import Saved
from broadcaster.bootstrap.people import importer
from broadcaster.cli.progress import Bar, bar
from broadcaster.domain.customer import CustomerRecord
from broadcaster.domain.proofs import checked_moment
from broadcaster.errors import InvalidInputError
from broadcaster.settings import load

#: How many findings are shown on a terminal, and how many are printed as JSON.
_SHOWN = 20
_PRINTED = 1000
_STEP = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Wishes:
    """What was asked for on the command line."""

    file: Path
    dry_run: bool
    report: Path | None
    region: str
    encoding: str
    as_of: datetime | None
    json: bool


@dataclass(slots=True)
class Tally:
    """What has been read so far."""

    rows: int = 0
    good: int = 0
    refused: int = 0
    flawed: int = 0
    first: list[Finding] = field(default_factory=list)
    write: Callable[[Finding], None] | None = None

    def note(self, finding: Finding) -> None:
        """Keep the first findings, and write all to the report."""
        if len(self.first) < _PRINTED:
            self.first.append(finding)
        if self.write:
            self.write(finding)


def run(wishes: Wishes) -> None:
    """Import a file; InvalidInputError when it is no CSV file or none of its rows can be read."""
    settings = load()
    tally = Tally()
    with ExitStack() as stack:
        runtime = stack.enter_context(bootstrap.running(settings))
        reader = importer(settings, runtime.definitions.catalogue(), wishes.region)
        reading = stack.enter_context(reader.open(wishes.file, wishes.encoding))
        if wishes.report:
            tally.write = stack.enter_context(report_file(wishes.report, wishes.file))
        for finding in reading.header_findings():
            tally.note(finding)
        if wishes.dry_run:
            shown = stack.enter_context(bar(reading.size, "Checking"))
            saved = Saved(inserted=0, updated=0)
            for _ in _records(reading, tally, shown):
                pass
        else:
            shown = stack.enter_context(bar(reading.size, "Importing"))
            as_of = checked_moment("--as-of", wishes.as_of, runtime.clock.now())
            saved = runtime.customers.save(
                _records(reading, tally, shown), proof=wishes.file.name[:200], as_of=as_of
            )
    _tell(wishes, tally, saved)


def _records(reading: Reading, tally: Tally, shown: Bar) -> Iterator[CustomerRecord]:
    for row in reading:
        tally.rows += 1
        for finding in row.findings:
            tally.note(finding)
        if row.record is None:
            tally.refused += 1
        else:
            tally.good += 1
            tally.flawed += bool(row.findings)
            yield row.record
        if tally.rows % _STEP == 0:
            shown.move(reading.position)
    shown.move(reading.size)


def _tell(wishes: Wishes, tally: Tally, saved: Saved) -> None:
    if wishes.json:
        _print(wishes, tally, saved)
    else:
        _show(wishes, tally, saved)
    if not tally.good:
        problem = f"none of its {tally.rows:,} rows can be read" if tally.rows else "has no rows"
        raise InvalidInputError(str(wishes.file), problem, "Mend what was found and try again.")


def _print(wishes: Wishes, tally: Tally, saved: Saved) -> None:
    figures = {
        "rows": tally.rows,
        "inserted": saved.inserted,
        "updated": saved.updated,
        "refused": tally.refused,
        "flawed": tally.flawed,
        "consents_left": saved.consents_left,
        "dry_run": wishes.dry_run,
        "findings": [_figures(finding) for finding in tally.first],
    }
    sys.stdout.write(json.dumps(figures, ensure_ascii=True) + "\n")


def _figures(finding: Finding) -> dict[str, object]:
    return {
        "row": finding.row,
        "column": finding.column,
        "refused": finding.refused,
        "value": finding.value,
        "problem": finding.problem,
        "remedy": finding.remedy,
    }


def _show(wishes: Wishes, tally: Tally, saved: Saved) -> None:
    console = Console()
    if tally.first:
        table = Table("row", "column", "value", "what is wrong", box=None, pad_edge=False)
        for finding in tally.first[:_SHOWN]:
            outcome = "[red]refused[/]: " if finding.refused else ""
            words = Text.from_markup(outcome).append(f"{finding.problem}. {finding.remedy}")
            # Cells are shown as plain text: square brackets in them are no markup.
            table.add_row(
                str(finding.row), Text(finding.column), Text(_short(finding.value)), words
            )
        console.print(table)
        if len(tally.first) > _SHOWN:
            where = f"all are in {wishes.report}" if wishes.report else "--report FILE lists all"
            console.print(Text(f"… and more; {where}."))
    done = (
        f"{tally.good:,} could be stored"
        if wishes.dry_run
        else f"{saved.inserted:,} new customers, {saved.updated:,} changed"
    )
    console.print(
        f"{tally.rows:,} rows: {done}, {tally.flawed:,} of them with a value left out, "
        f"{tally.refused:,} refused."
    )
    if saved.consents_left:
        console.print(
            f"{saved.consents_left:,} consents did not count, because the customer refused: "
            "'consent show NUMBER' says how."
        )


def _short(value: str) -> str:
    plain = "".join(character if character.isprintable() else "·" for character in value)
    return plain if len(plain) <= 30 else f"{plain[:29]}…"  # noqa: PLR2004  (a column's width)
