"""`broadcaster doctor`: checks everything and says how to mend what is wrong."""

import json as json_
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from broadcaster.bootstrap.doctor import Finding

app = typer.Typer(add_completion=False)

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)


@app.command()
def doctor(
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check every setting, server, provider and catalogue; exit code 1 when something is wrong."""
    from broadcaster.bootstrap.doctor import examine

    findings = list(examine())
    if json:
        typer.echo(json_.dumps([asdict(finding) for finding in findings], ensure_ascii=False))
    else:
        _show(findings)
    if any(finding.state == "fault" for finding in findings):
        raise typer.Exit(1)


def _show(findings: "list[Finding]") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False)
    colours = {"ok": "green", "off": "yellow", "fault": "bold red"}
    for finding in findings:
        colour = colours[finding.state]
        table.add_row(f"[{colour}]{finding.state}[/]", finding.what, finding.word)
    Console().print(table)
