"""`broadcaster tariffs`: what networks ask for messages."""

import json as json_
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(add_completion=False, no_args_is_help=True)

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)

_By = Annotated[str, typer.Option(help="Who does it, for the audit.", envvar="USER")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.callback()
def _group() -> None:
    """Import, list and set what networks ask: for a segment, a mail or a push message."""


@app.command("import")
def import_(
    file: Annotated[
        Path,
        typer.Argument(
            help="A table; its columns: provider, prefix, price, per, currency, valid_from."
        ),
    ],
    by: _By = "operator",
    json: _Json = False,
) -> None:
    """Read tariffs from CSV, TSV, XLSX or ODS; all or none, and again as often as wanted.

    A prefix is + and the first digits of numbers, or a country in two letters; empty for all.
    """
    from broadcaster.bootstrap.tariffing import keep_tariffs, tariff_file

    entries = tariff_file(file)
    with _runtime() as runtime:
        changed = keep_tariffs(runtime, entries, by)
    if json:
        typer.echo(json_.dumps({"read": len(entries), "changed": changed}))
    else:
        typer.echo(f"{len(entries):,} tariffs are read; {changed:,} are new or changed.")


@app.command("set")
def set_(
    provider: Annotated[str, typer.Argument(help="twilio, smtp, fcm, webpush …")],
    prefix: Annotated[str, typer.Argument(help="+212, a country as MA, or all.")],
    price: Annotated[str, typer.Argument(help="With a point, such as 0.1234.")],
    currency: Annotated[str, typer.Argument(help="Three capitals, such as MAD.")],
    *,
    per: Annotated[str, typer.Option(help="The price is for 1 unit, or for 1000.")] = "1",
    valid_from: Annotated[str, typer.Option(help="A day, as 2020-03-20; none: always.")] = "",
    by: _By = "operator",
) -> None:
    """Write down one tariff: what a provider asks for messages to numbers that begin alike."""
    from broadcaster.bootstrap.tariffing import keep_tariffs, written_tariff

    place = "" if prefix == "all" else prefix
    entry = written_tariff([provider, place, price, per, currency, valid_from])
    with _runtime() as runtime:
        keep_tariffs(runtime, [entry], by)
    from broadcaster.domain.tariff import written

    typer.echo(
        f"{entry.provider} to {entry.prefix or 'all'}: {written(entry.price)} {entry.currency} "
        f"for {entry.per:,}, from {entry.valid_from} on."
    )


@app.command("list")
def list_(json: _Json = False) -> None:
    """List the tariffs that are known, those that no longer hold too."""
    from broadcaster.bootstrap.tariffing import COLUMNS
    from broadcaster.domain.tariff import written

    with _runtime() as runtime:
        entries = runtime.tariffs.list()
    rows = [
        {
            "provider": one.provider,
            "prefix": one.prefix,
            "price": written(one.price),
            "per": one.per,
            "currency": one.currency,
            "valid_from": one.valid_from.isoformat(),
        }
        for one in entries
    ]
    if json:
        typer.echo(json_.dumps(rows))
        return
    from rich.table import Table

    from broadcaster.cli.live import terminal

    table = Table(*COLUMNS, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(str(row[name]) for name in COLUMNS))
    empty = "No tariffs yet. 'tariffs set twilio MA 0.35 MAD' writes one down."
    terminal(stderr=False).print(table if rows else empty)


def _runtime() -> Any:  # noqa: ANN401  (a context manager of Runtime; typing it would load it)
    from broadcaster import bootstrap
    from broadcaster.settings import load

    return bootstrap.running(load())
