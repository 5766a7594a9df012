"""`broadcaster customers`: make, import and count customers."""

import json as json_module
import random
from pathlib import Path
from typing import Annotated

import typer

from broadcaster.cli import personal

app = typer.Typer(add_completion=False, no_args_is_help=True)
for command in (personal.find, personal.disclose, personal.erase, personal.accesses):
    app.command()(command)

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)


@app.callback()
def _group() -> None:
    """Make, import and count customers."""


@app.command()
def make(
    count: Annotated[int, typer.Argument(metavar="N", help="How many, up to 10 million.")],
    seed: Annotated[
        int | None, typer.Option(help="The same seed makes the same customers; else at random.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print figures as JSON.")] = False,
) -> None:
    """Make N fictional customers of Casablanca and store them.

    Their numbers begin with F and the seed. Made again, they are changed and not doubled. Telephone
    numbers look real: use them with simulated networks only.
    """
    from broadcaster import bootstrap
    from broadcaster.bootstrap.people import maker
    from broadcaster.cli.progress import counted
    from broadcaster.settings import load

    # No secret depends on it: it is shown, so that the run can be repeated.
    chosen = random.randrange(2**31) if seed is None else seed  # noqa: S311  (no secret)
    settings = load()
    records = maker(settings, chosen).make(count)
    with (
        bootstrap.running(settings) as runtime,
        counted(records, count, "Making customers") as shown,
    ):
        saved = runtime.customers.save(shown, source="made")
    figures = {"inserted": saved.inserted, "updated": saved.updated, "seed": chosen}
    sentence = f"{saved.inserted:,} new customers, {saved.updated:,} changed (seed {chosen})."
    typer.echo(json_module.dumps(figures) if json else sentence)


@app.command(name="import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="The file to read.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check the file, store nothing.")
    ] = False,
    report: Annotated[
        Path | None, typer.Option(help="Write every finding to this CSV file.")
    ] = None,
    region: Annotated[
        str, typer.Option(help="Where telephone numbers would be dialled; else the setting.")
    ] = "",
    encoding: Annotated[str, typer.Option(help="auto, utf-8, utf-16, cp1252 or cp1256.")] = "auto",
    as_of: Annotated[
        str, typer.Option(help="When the file was true (ISO 8601), for what it says of consent.")
    ] = "",
    json: Annotated[bool, typer.Option("--json", help="Print figures as JSON.")] = False,
) -> None:
    """Import customers from a CSV file with a header; new numbers are added, others changed.

    Columns: number and name (required), name_latin, locales, time_zone, phone, phone_2, email,
    email_2, push_endpoint, push_p256dh, push_auth, fcm_token, opted_out, consented, and every
    attribute ('broadcaster attributes list'), by its name or a label. Others are left out, and
    said so.

    A row is refused when it can't be told who is meant, what they agreed to, or which segment they
    belong to. An address that can't be used refuses nobody: it is kept with its fault. All good
    rows are stored in one transaction: when the file is broken half way, nothing is stored.
    """
    from broadcaster.cli.consent import moment
    from broadcaster.cli.importing import Wishes, run

    run(
        Wishes(
            file=file,
            dry_run=dry_run,
            report=report,
            region=region,
            encoding=encoding,
            as_of=moment("--as-of", as_of),
            json=json,
        )
    )


@app.command()
def count(
    segment: Annotated[str, typer.Option(help="Count those of a saved segment.")] = "",
    json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Count customers."""
    from broadcaster import bootstrap
    from broadcaster.settings import load

    with bootstrap.running(load()) as runtime:
        expression = runtime.segments.get(segment).expression if segment else None
        found = runtime.customers.count(expression)
    figures = {"segment": segment or None, "customers": found}
    typer.echo(json_module.dumps(figures, ensure_ascii=False) if json else f"{found:,}")
