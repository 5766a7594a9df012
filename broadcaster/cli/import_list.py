"""`broadcaster customers imports`: which there were, which were ended half way, and forgetting."""

import json as json_module
from typing import Annotated

import typer

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)

_MOST = 1000


def imports(
    unfinished: Annotated[
        bool, typer.Option("--unfinished", help="Those alone that were ended half way.")
    ] = False,
    forget: Annotated[
        int | None,
        typer.Option(metavar="N", help="Forget one that was ended half way; what is stored stays."),
    ] = None,
    limit: Annotated[int, typer.Option(help="How many to list.", min=1, max=_MOST)] = 20,
    by: Annotated[
        str, typer.Option(help="Who does it, for the audit.", envvar="USER")
    ] = "operator",
    json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """List imports by the command, the console and the API, the newest first."""
    from broadcaster import bootstrap
    from broadcaster.bootstrap.importing import forgotten
    from broadcaster.settings import load

    with bootstrap.running(load()) as runtime:
        if forget is not None:
            forgotten(runtime, forget, by)
            typer.echo(f"Import {forget} is forgotten. What it stored stays.")
            return
        found = runtime.imports.page(None, limit, unfinished=unfinished)
    if json:
        listed = [
            {
                "id": one.id,
                "file": one.file,
                "status": one.status,
                "dry_run": one.dry_run,
                "in_parts": one.in_parts,
                "unfinished": one.unfinished,
                "stored": one.mark.records,
                "row": one.mark.row,
                "rows": one.rows,
                "by": one.made_by,
                "via": one.via,
                "started_at": one.started_at.isoformat(),
            }
            for one in found
        ]
        typer.echo(json_module.dumps(listed, ensure_ascii=False))
        return
    for one in found:
        what = "check" if one.dry_run else one.status
        where = ""
        if one.unfinished:
            what = "ended half way"
            where = f", {one.mark.records:,} stored, to row {one.mark.row:,}"
        typer.echo(
            f"{one.id}  {one.started_at:%Y-%m-%d %H:%M}  {one.file}  {what}  {one.rows:,} rows"
            f"{where}  by {one.made_by} ({one.via})"
        )
