"""`broadcaster webhooks`: endpoints that are told what happens, and the log of that."""

import json as json_
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer

app = typer.Typer(add_completion=False, no_args_is_help=True)

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)

_By = Annotated[str, typer.Option(help="Who does it, for the audit.", envvar="USER")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_Which = Annotated[int, typer.Argument(help="The endpoint's number; 'list' shows it.")]


@app.callback()
def _group() -> None:
    """Make, list, change and try endpoints, and read what came of telling them."""


@app.command()
def add(
    url: Annotated[str, typer.Argument(help="Where it is told: https://host/path.")],
    events: Annotated[
        str, typer.Option(help="Of what, with commas: campaign.completed,customer.opted_out.")
    ],
    by: _By = "operator",
    json: _Json = False,
) -> None:
    """Make an endpoint; its secret is shown here and never again."""
    with _runtime() as runtime:
        made, secret = runtime.webhooks.add(url, events.split(","), by, runtime.clock.now())
    if json:
        typer.echo(_dump({**asdict(made), "secret": secret}))
        return
    typer.echo(secret)
    typer.echo(f"Webhook {made.id} is told of {', '.join(made.events)}.", err=True)


@app.command("list")
def list_(json: _Json = False) -> None:
    """List endpoints: of what each is told, and how it stands."""
    with _runtime() as runtime:
        rows = runtime.webhooks.list()
    if json:
        typer.echo(_dump([asdict(one) for one in rows]))
        return
    from rich.table import Table
    from rich.text import Text

    from broadcaster.cli.live import terminal

    table = Table("id", "address", "events", "waiting", "state", box=None, pad_edge=False)
    for one in rows:
        state = "on" if one.active else f"off: {one.disabled_why or 'by an operator'}"
        if one.active and one.failing_since:
            state = f"failing since {one.failing_since:%Y-%m-%d %H:%M}"
        table.add_row(
            str(one.id), Text(one.url), ", ".join(one.events), f"{one.waiting:,}", Text(state)
        )
    empty = "No webhooks yet. 'webhooks add URL --events campaign.completed' makes one."
    terminal(stderr=False).print(table if rows else empty)


@app.command()
def log(
    webhook: _Which,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=500)] = 50,
    json: _Json = False,
) -> None:
    """Show the latest attempts at an endpoint: what it answered, and how long it took."""
    with _runtime() as runtime:
        one = runtime.webhooks.get(webhook)
        rows = runtime.outbox.log(one.id, None, limit)
    if json:
        typer.echo(_dump([asdict(row) for row in rows]))
        return
    for row in rows:
        came = str(row.status) if row.status is not None else row.fault
        typer.echo(
            f"{row.at:%Y-%m-%d %H:%M:%S}  evt_{row.event}  {row.type}  attempt {row.attempt}: "
            f"{came}, {row.seconds:.2f} s; {row.state}"
        )
    if not rows:
        typer.echo("Nothing was told yet.")


@app.command("test")
def test_(webhook: _Which) -> None:
    """Have an event sent that says nothing; a worker sends it, and 'log' tells what came of it."""
    with _runtime() as runtime:
        event = runtime.webhooks.test(webhook, runtime.clock.now())
    typer.echo(f"evt_{event} will be sent.")


@app.command()
def turn(
    webhook: _Which,
    on: Annotated[bool, typer.Option("--on/--off", help="Tell it again, or no more.")],
    by: _By = "operator",
) -> None:
    """Turn an endpoint off, or on again after it failed."""
    with _runtime() as runtime:
        runtime.webhooks.change(webhook, by, runtime.clock.now(), active=on)
    typer.echo(f"Webhook {webhook} is {'on' if on else 'off'}.")


@app.command()
def delete(webhook: _Which, by: _By = "operator") -> None:
    """Take an endpoint away, with its log."""
    with _runtime() as runtime:
        runtime.webhooks.remove(webhook, by)
    typer.echo(f"Webhook {webhook} is gone.")


def _runtime() -> Any:  # noqa: ANN401  (a context manager of Runtime; typing it would load it)
    from broadcaster import bootstrap
    from broadcaster.settings import load

    return bootstrap.running(load())


def _dump(figures: object) -> str:
    return json_.dumps(figures, ensure_ascii=False, default=_text)


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
