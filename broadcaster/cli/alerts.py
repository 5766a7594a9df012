"""`broadcaster alerts`: what the team is alerted to, and whether it would hear of it."""

import json as json_
from collections.abc import Mapping
from typing import Annotated, Any

import typer

app = typer.Typer(add_completion=False, no_args_is_help=True)

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)


@app.callback()
def _group() -> None:
    """Show what the team is alerted to, and try its destinations."""


@app.command(name="list")
def list_(
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List what stands now, and what was told lately."""
    from broadcaster import bootstrap
    from broadcaster.settings import load

    with bootstrap.running(load()) as runtime:
        standing = [
            {
                "alert": one.watched.value,
                "subject": one.subject,
                "since": one.since,
                "told": one.told,
            }
            for one in runtime.alerts.standing()
        ]
        told = [dict(one) for one in runtime.alerts.told()]
    if json:
        typer.echo(json_.dumps({"standing": standing, "told": told}, default=str))
        return
    for one in standing:
        word = "told" if one["told"] else "not told yet"
        typer.echo(f"{one['alert']} {one['subject']} since {one['since']:%Y-%m-%d %H:%M}, {word}")
    if not standing:
        typer.echo("Nothing is wrong that anybody could see.")
    for row in told[:20]:
        typer.echo(_told(row))


def _told(row: Mapping[str, Any]) -> str:
    why = f" ({row['reason']})" if row["reason"] else ""
    what = f"{row['news']} {row['name']} {row['subject']}".rstrip()
    return f"  {row['at']:%Y-%m-%d %H:%M} {what} -> {row['sink']}: {row['status']}{why}"


@app.command(name="test")
def try_(
    name: Annotated[str, typer.Argument(help="One destination; all when left out.")] = "",
) -> None:
    """Tell the team's destinations that this is a test; exit code 1 when one did not take it."""
    from broadcaster.bootstrap.watching import team
    from broadcaster.domain.announcement import Outcome
    from broadcaster.errors import InvalidInputError
    from broadcaster.settings import load
    from broadcaster.web.alerting import speaker

    settings = load()
    sinks = team(settings)
    chosen = {name: sinks[name]} if name in sinks else sinks
    if not chosen or (name and name not in sinks):
        remedy = f"Name one of {', '.join(sinks)}." if sinks else "Set BROADCASTER_ALERTS."
        raise InvalidInputError(
            "destination", f"there is no {name!r}" if name else "none is set", remedy
        )
    announcement = speaker(settings).test()
    bad = False
    for each, sink in chosen.items():
        answer = sink.send(announcement)
        bad |= answer.outcome is not Outcome.SENT
        typer.echo(
            f"{each}: {answer.outcome.value}{f' ({answer.reason})' if answer.reason else ''}"
        )
    if bad:
        raise typer.Exit(1)
