"""The course of `broadcaster customers import`: read, store, report."""

import json
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import typer
from rich.console import Console

from broadcaster import bootstrap
from broadcaster.audience.filereading import Reading
from broadcaster.audience.leaving import USUAL
from broadcaster.audience.report import report_file
from broadcaster.audience.sheets.sheet import Wanted
from broadcaster.audience.sheets.source import Source, from_path, from_stream
from broadcaster.audience.store import Saved
from broadcaster.audience.tally import Tally
from broadcaster.bootstrap.import_steps import open_reading
from broadcaster.bootstrap.importing import Begun, Came, Order, begin, carry
from broadcaster.cli.progress import bar
from broadcaster.cli.tally import show
from broadcaster.domain.proofs import checked_moment
from broadcaster.errors import InvalidInputError
from broadcaster.settings import load

_STDIN = Path("-")
_MOST_PERCENT = 100
#: For how long the end of another import is waited for: that one's process may just have died.
_PATIENCE = timedelta(seconds=5)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wishes:
    """What was asked for on the command line."""

    file: Path
    mapping: str
    wanted: Wanted
    region: str
    report: Path | None = None
    dry_run: bool = False
    snapshot: bool = False
    allow_leaving: float | None = None
    as_of: datetime | None = None
    in_parts: bool = False
    anew: bool = False
    by: str = "operator"
    json: bool = False


def run(wishes: Wishes) -> None:
    """Import a file; InvalidInputError when it is no table or none of its rows can be read."""
    most = _most(wishes)
    with ExitStack() as stack:
        runtime = stack.enter_context(bootstrap.running(load()))
        order = Order(
            name=wishes.file.name,
            by=wishes.by,
            via="command",
            mapping=wishes.mapping,
            wanted=wishes.wanted,
            region=wishes.region,
            as_of=checked_moment("--as-of", wishes.as_of, runtime.clock.now()),
            most=most,
            dry_run=wishes.dry_run,
            in_parts=wishes.in_parts,
            anew=wishes.anew,
        )
        begun = begin(runtime, order, source(wishes.file), patience=_PATIENCE)
        stack.enter_context(begun.reading)
        stack.enter_context(begun.run)
        _tell_where(begun)
        if wishes.report:
            path = None if wishes.file == _STDIN else wishes.file
            begun.tally.write = stack.enter_context(report_file(wishes.report, path))
        shown = stack.enter_context(
            bar(begun.reading.size, "Checking" if wishes.dry_run else "Importing")
        )
        came = carry(runtime, begun, moved=shown.move, going_on=shown.go_on)
    _tell(wishes, begun.tally, came)


def _tell_where(begun: Begun) -> None:
    mark = begun.run.mark
    if mark.records:
        typer.echo(
            f"Import {begun.run.id} was ended half way. It goes on after row {mark.row:,}: "
            f"{mark.records:,} customers are stored.",
            err=True,
        )


def opened(runtime: bootstrap.Runtime, wishes: Wishes) -> Reading:
    """Open the file as its mapping says, and as the command line says instead."""
    return open_reading(
        runtime,
        source(wishes.file),
        mapping=wishes.mapping,
        wanted=wishes.wanted,
        region=wishes.region,
    )


def source(file: Path) -> Source:
    """Open a file, or standard input for `-`."""
    return from_stream(sys.stdin.buffer) if file == _STDIN else from_path(file)


def _most(wishes: Wishes) -> float | None:
    """Give how many of a hundred may leave; None where nobody does."""
    allowed = wishes.allow_leaving
    if wishes.anew and not wishes.in_parts:
        raise InvalidInputError("--anew", "needs --in-parts", "Add it.")
    if not wishes.snapshot:
        if allowed is not None:
            raise InvalidInputError("--allow-leaving", "needs --snapshot", "Add it.")
        return None
    if allowed is None:
        return USUAL
    if not 0 <= allowed <= _MOST_PERCENT:
        problem = f"{allowed:g} is no percentage"
        raise InvalidInputError("--allow-leaving", problem, "Give 0 to 100.")
    return allowed


def _tell(wishes: Wishes, tally: Tally, came: Came) -> None:
    saved = came.saved
    if wishes.json:
        figures = {**saved.told(), "dry_run": wishes.dry_run, **tally.figures()}
        sys.stdout.write(json.dumps(figures, ensure_ascii=True) + "\n")
    else:
        console = Console()
        show(console, tally, wishes.report)
        console.print(_sentence(wishes, tally, saved), highlight=False)
        if saved.consents_left:
            console.print(
                f"{saved.consents_left:,} consents did not count, because the customer refused: "
                "'consent show NUMBER' says how."
            )
    if came.fault:
        raise came.fault


def _sentence(wishes: Wishes, tally: Tally, saved: Saved) -> str:
    would = "would be " if wishes.dry_run else ""
    parts = [
        f"{saved.inserted:,} new customers{' would be stored' if would else ''}",
        f"{saved.updated:,} {would}changed",
        f"{saved.unchanged:,} as they were",
    ]
    if wishes.snapshot:
        parts.append(f"{saved.left:,} {would}marked as left")
    return (
        f"{tally.rows:,} rows: {', '.join(parts)}. {tally.flawed:,} with a value left out, "
        f"{tally.repaired:,} with a value repaired, {tally.refused:,} refused."
    )
