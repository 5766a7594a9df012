"""`broadcaster suppressions`: addresses that must not be used."""

import json as json_
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from broadcaster.cli.consent import (
    ISO,
    By,
    Json,
    Region,
    channels,
    known,
    moment,
    read_address,
    runtime,
)
from broadcaster.cli.standing import figures, show_standings
from broadcaster.domain.consent import Ground, Scope

if TYPE_CHECKING:
    from broadcaster.ledger.suppressions import Suppressed

app = typer.Typer(add_completion=False, no_args_is_help=True)

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)

Address = Annotated[
    str, typer.Argument(metavar="ADDRESS", help="A telephone number, mailbox, endpoint or token.")
]
Channel = Annotated[str, typer.Option(help="Only this channel.")]
_Ground = Annotated[str, typer.Option(help="Only on this ground: wish, carrier, order, fitness.")]


@app.callback()
def _group() -> None:
    """Import, list, show, lift and export addresses that must not be used."""


@app.command(name="import")
def import_(  # noqa: PLR0913  (how to read the file, and what holds where it is silent)
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="The list to read.")],
    *,
    scope: Annotated[
        str,
        typer.Option(help="How far silent rows reach: promotional, service, everything."),
    ] = "service",
    as_of: Annotated[str, typer.Option(help=f"The date of rows that have none, {ISO}.")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check the file, store nothing, need no server.")
    ] = False,
    report: Annotated[
        Path | None, typer.Option(help="Write every refused row to this CSV file.")
    ] = None,
    region: Region = "",
    encoding: Annotated[str, typer.Option(help="auto, utf-8, utf-16, cp1252 or cp1256.")] = "auto",
    by: By = "operator",
    json: Json = False,
) -> None:
    """Bar the addresses of a list: plain, or with columns address, scope, reason, date, proof.

    What Twilio and Amazon SES call these columns is understood. A row that can't be read is
    refused and reported, the others are stored. Importing a list again changes nothing.
    """
    from broadcaster.cli.listing import Wishes, run
    from broadcaster.settings import load

    run(
        Wishes(
            file=file,
            scope=Scope(known("--scope", scope, list(Scope))),
            as_of=moment("--as-of", as_of, load()),
            dry_run=dry_run,
            report=report,
            region=region,
            encoding=encoding,
            by=by,
            json=json,
        )
    )


@app.command(name="list")
def list_(
    *,
    channel: Channel = "",
    ground: _Ground = "",
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=10_000)] = 50,
    after: Annotated[int, typer.Option(help="Only those behind this id.", min=0)] = 0,
    json: Json = False,
) -> None:
    """Count barred addresses by ground and reason, and list them, masked."""
    wanted = channels("--channel", [channel] if channel else None)
    on = Ground(known("--ground", ground, list(Ground))) if ground else None
    with runtime() as opened:
        rows = opened.suppressions.list(
            channel=wanted[0] if wanted else None, ground=on, after=after, limit=limit
        )
        counted = opened.suppressions.counts()
    if json:
        names = ("channel", "ground", "reason", "addresses")
        shown = {
            "counts": [dict(zip(names, one, strict=True)) for one in counted],
            "addresses": [_plain(row) for row in rows],
        }
        typer.echo(json_.dumps(shown, ensure_ascii=False))
        return
    from rich.table import Table
    from rich.text import Text

    from broadcaster.cli.live import terminal

    console = terminal(stderr=False)
    if not counted:
        console.print("No address is barred.")
        return
    table = Table("channel", "ground", "reason", box=None, pad_edge=False)
    table.add_column("addresses", justify="right")
    for name, why, reason, count in counted:
        table.add_row(name.value, why.value, reason, f"{count:,}")
    console.print(table)
    console.print()
    listed = Table(
        "id", "address", "channel", "ground", "classes", "reason", "since", box=None, pad_edge=False
    )
    for row in rows:
        listed.add_row(
            str(row.address),
            Text(row.shown),
            row.channel.value,
            row.ground.value,
            ", ".join(row.classes),
            row.reason,
            row.at.isoformat(timespec="seconds"),
        )
    console.print(listed)
    if len(rows) == limit:
        console.print(f"'--after {rows[-1].address}' goes on.")


@app.command()
def show(address: Address, *, region: Region = "", json: Json = False) -> None:
    """Show what may go to an address, whoever has it, why, and the history."""
    from broadcaster import bootstrap
    from broadcaster.settings import load

    settings = load()
    wanted = read_address(settings, address, region)
    with bootstrap.running(settings) as opened:
        found = opened.consents.of_address(wanted)
    if json:
        typer.echo(json_.dumps(figures(found), ensure_ascii=False))
    else:
        show_standings([found])


@app.command()
def lift(
    address: Address,
    *,
    reason: Annotated[str, typer.Option(help="Why it may be used again.")],
    proof: Annotated[str, typer.Option(help="What proves it: a letter, a call, a test message.")],
    ground: _Ground = "",
    order: Annotated[
        str | None, typer.Option(help="The order that lifts an order: who, when, number.")
    ] = None,
    by: By = "operator",
    region: Region = "",
    json: Json = False,
) -> None:
    """Free an address, on one ground or on all. An order is lifted by an order alone.

    A customer's own refusal stays: what they want now is recorded with 'consent record'.
    """
    from broadcaster import bootstrap
    from broadcaster.settings import load

    settings = load()
    wanted = read_address(settings, address, region)
    on = Ground(known("--ground", ground, list(Ground))) if ground else None
    with bootstrap.running(settings) as opened:
        lifted = opened.suppressions.lift(
            wanted,
            reason=reason,
            proof=proof,
            ground=on,
            order=order,
            by=by,
            now=opened.clock.now(),
        )
        found = opened.consents.of_address(wanted)
    plain = {one.value: [each.value for each in classes] for one, classes in lifted.items()}
    if json:
        shown = {"lifted": plain, "standing": figures(found)}
        typer.echo(json_.dumps(shown, ensure_ascii=False))
    else:
        typer.echo("Lifted: " + "; ".join(f"{one} ({', '.join(plain[one])})" for one in plain))
        show_standings([found])


@app.command()
def export(
    to: Annotated[Path, typer.Option(help="The CSV file to write; it must not be there yet.")],
    *,
    channel: Channel = "",
    purpose: Annotated[str, typer.Option(help="Why, for the audit.")] = "not given",
    by: By = "operator",
    json: Json = False,
) -> None:
    """Write all barred addresses, unmasked, as a list for 'import'; safe in a spreadsheet.

    Those that were erased are counted: what is left of them bars here, and can't be read.
    """
    from broadcaster.audience.report import new_file

    wanted = channels("--channel", [channel] if channel else None)
    count, erased = 0, set()
    with runtime() as opened, new_file(to) as write:
        only = wanted[0] if wanted else None
        listed = opened.suppressions.export(by, channel=only, purpose=purpose)
        write(("address", "scope", "reason", "date", "proof", "channel", "ground", "by"))
        for one in listed:
            if not one.value:
                erased.add(one.address)
                continue
            cells = (one.value, " ".join(one.classes), one.reason, one.at.isoformat(), one.proof)
            write((*cells, one.channel.value, one.ground.value, one.source))
            count += 1
    figure = {"file": str(to), "addresses": count, "erased": len(erased)}
    typer.echo(json_.dumps(figure) if json else f"{count:,} rows in {to}.")
    if erased and not json:
        typer.echo(f"{len(erased):,} erased addresses stay barred here and can't be written out.")


def _plain(row: "Suppressed") -> dict[str, object]:
    return {
        "address": row.address,
        "shown": row.shown,
        "channel": row.channel.value,
        "ground": row.ground.value,
        "classes": [one.value for one in row.classes],
        "reason": row.reason,
        "by": row.source,
        "at": row.at.isoformat(),
        "proof": row.proof,
    }
