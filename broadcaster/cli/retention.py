"""`broadcaster retention`: how long what is kept, and letting go of it."""

import json as json_
from typing import Annotated, Any

import typer

app = typer.Typer(add_completion=False, no_args_is_help=True)

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
By = Annotated[str, typer.Option(help="Who does it, for the audit.", envvar="USER")]

_MEANING = {
    "service": "days after a service campaign's end its people are forgotten",
    "promotional": "days after a promotional campaign's end its people are forgotten",
    "safety": "days after a safety campaign's end its people are forgotten",
    "receipts": "days after a receipt came it is deleted",
    "devices": "days after a browser's push service calls it gone it is told no more",
    "left": "days after a customer left they are forgotten",
    "addresses": "days after its last campaign's end an address that nobody has is forgotten",
}


@app.callback()
def _group() -> None:
    """Show what has been kept for long enough, and let go of it; workers do so every hour."""


@app.command()
def show(json: Json = False) -> None:
    """Show the rules, and what is due to go now; changes nothing."""
    with _runtime() as runtime:
        days = dict(runtime.settings.retention)
        due = runtime.retention.standing(runtime.clock.now())
    campaigns = [
        {
            "campaign": one.campaign,
            "name": one.name,
            "class": one.message_class.value,
            "ended": one.ended.isoformat(),
            "file": one.file,
        }
        for one in due.campaigns
    ]
    figures = {
        "receipts": due.receipts,
        "devices": due.devices,
        "left": due.left,
        "addresses": due.addresses,
    }
    if json:
        rules = {"days": days, "due": {"campaigns": campaigns, **figures}}
        typer.echo(json_.dumps(rules, ensure_ascii=False))
        return
    for name, count in days.items():
        typer.echo(f"{name:<12} {count:>6,} {_MEANING[name]}")
    typer.echo("audit             kept for good: who did what, without names and addresses")
    typer.echo("")
    for one in campaigns:
        typer.echo(f"Due: campaign {one['campaign']} ({one['class']}), ended {one['ended'][:10]}.")
    typer.echo(
        f"Due: {len(campaigns):,} campaigns, {due.receipts:,} receipts, {due.devices:,} browsers "
        f"that are gone, {due.left:,} who left, {due.addresses:,} addresses that nobody has."
    )


@app.command()
def apply(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what is due.")] = False,
    by: By = "operator",
    json: Json = False,
) -> None:
    """Let go of what is due; figures of campaigns stay as they are. There is no way back.

    What can't be read is left, the others go; the exit code is 1 then.
    """
    if dry_run:
        show(json=json)
        return
    done = []
    with _runtime() as runtime:
        for one in runtime.retention.apply(by, runtime.clock.now()):
            done.append({"what": one.what, "rows": one.rows, "missing": one.missing})
            if json:
                continue
            if one.missing:
                typer.echo(f"Left: campaign {one.what!r}; its file {one.missing} can't be read.")
            else:
                typer.echo(f"Gone: {one.what}, {one.rows:,} rows.")
    if json:
        typer.echo(json_.dumps(done, ensure_ascii=False))
    elif not done:
        typer.echo("Nothing is due.")
    if any(one["missing"] for one in done):
        raise typer.Exit(1)


def _runtime() -> Any:  # noqa: ANN401  (a context manager of Runtime; typing it would load it)
    from broadcaster import bootstrap
    from broadcaster.settings import load

    return bootstrap.running(load())
