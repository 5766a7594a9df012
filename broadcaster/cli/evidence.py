"""`broadcaster evidence`: checks evidence that was handed over; needs no database."""

import hmac
import json as json_
from pathlib import Path
from typing import Annotated

import typer

from broadcaster.errors import InvalidInputError

app = typer.Typer(add_completion=False, no_args_is_help=True)

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)


@app.callback()
def _group() -> None:
    """Check evidence that 'campaigns evidence' or the console wrote."""


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="The archive, .zip.")],
    sha256: Annotated[
        str, typer.Option(help="What was told or written down of the archive when it was made.")
    ] = "",
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Hash every file of an archive, and compare; exit code 2 where anything is another.

    Who changes files and manifest together leaves an archive that agrees with itself: give the
    SHA-256 that the audit trail has of it, and it is found too.
    """
    from broadcaster.reports.bundle import verify as verified

    sealed = verified(file)
    wanted = sha256.strip().lower()
    if wanted and not hmac.compare_digest(wanted.encode(), sealed.sha256.encode()):
        problem = f"{file} has {sealed.sha256}"
        raise InvalidInputError("--sha256", problem, "It is not the archive that was made then.")
    if json:
        parts = [
            {"name": one.name, "octets": one.octets, "sha256": one.sha256, "rows": one.rows}
            for one in sealed.parts
        ]
        shown = {**sealed.about, "sha256": sealed.sha256, "whole": sealed.whole, "files": parts}
        typer.echo(json_.dumps(shown, ensure_ascii=False, indent=2))
        return
    for one in sealed.parts:
        rows = "" if one.rows is None else f", {one.rows:,} rows"
        typer.echo(f"{one.sha256}  {one.name} ({one.octets:,} octets{rows})")
    typer.echo(f"{sealed.sha256}  {file.name}")
    against = "and is the one of that SHA-256" if wanted else "compare this with the audit trail"
    typer.echo(
        f"Every file is as it was written on {sealed.about.get('made_at')}, by "
        f"{sealed.about.get('made_by')}; {against}."
    )
