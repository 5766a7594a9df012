"""`broadcaster cap`: public alerts in the Common Alerting Protocol."""

import json as json_
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from broadcaster.errors import InvalidInputError

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)
if TYPE_CHECKING:
    from collections.abc import Sequence

    from broadcaster.publication.capcheck import Finding

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Check public alerts; needs no server."""


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="An alert of CAP 1.2, XML.")],
    *,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check an alert, beyond what the schema says; exit code 1 when it must be mended."""
    from broadcaster.publication import capcheck

    found = capcheck.check(_read(file))
    errors = sum(one.gravity is capcheck.Gravity.ERROR for one in found)
    if json:
        typer.echo(json_.dumps([asdict(one) for one in found], ensure_ascii=False))
    else:
        _show(found)
        warnings = len(found) - errors
        typer.echo(
            f"{file}: {errors or 'no'} error{'s' * (errors != 1)}, "
            f"{warnings or 'no'} warning{'s' * (warnings != 1)}."
        )
    if errors:
        raise typer.Exit(1)


def _read(file: Path) -> bytes:
    from broadcaster.publication.captree import LARGEST

    try:
        with file.open("rb") as stream:
            return stream.read(LARGEST + 1)
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
        raise InvalidInputError(str(file), problem, "Name a file.") from error


def _show(found: "Sequence[Finding]") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if not found:
        return
    table = Table("", "line", "place", "what is wrong", "what to do", box=None, pad_edge=False)
    for column in table.columns:
        # Names of parts and addresses go on in the next line: cut, they would mislead.
        column.overflow = "fold"
    for one in found:
        words = (one.gravity.value, str(one.line), one.place, one.problem, one.remedy)
        table.add_row(*map(Text, words))
    Console().print(table)
