"""`broadcaster customers`: make, preview, import and count customers."""

import json as json_module
import random
from pathlib import Path
from typing import Annotated

import typer

from broadcaster.cli import import_list as listing
from broadcaster.cli import personal
from broadcaster.cli.consent import ISO, moment

app = typer.Typer(add_completion=False, no_args_is_help=True)
for command in (personal.find, personal.disclose, personal.erase, personal.accesses):
    app.command()(command)
app.command()(listing.imports)

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)

_File = Annotated[
    Path, typer.Argument(metavar="FILE", help="CSV, TSV, XLSX or ODS; - for standard input.")
]
_Report = Annotated[Path | None, typer.Option(help="Write every finding to this CSV file.")]
_Mapping = Annotated[str, typer.Option(metavar="NAME", help="A saved column mapping.")]
_Region = Annotated[
    str, typer.Option(help="Where telephone numbers would be dialled; else the setting.")
]
_Encoding = Annotated[
    str, typer.Option(help="auto, utf-8, utf-16, utf-16-le, utf-16-be, cp1252 or cp1256.")
]
_Separator = Annotated[str, typer.Option(help="auto, comma, semicolon, tab or bar.")]
_Sheet = Annotated[
    str, typer.Option(metavar="NAME", help="The sheet of a workbook; else the first.")
]
_Hidden = Annotated[
    bool, typer.Option("--hidden", help="Take hidden sheets, rows and columns too.")
]
_Json = Annotated[bool, typer.Option("--json", help="Print figures as JSON.")]
_By = Annotated[str, typer.Option(help="Who does it, for the audit.", envvar="USER")]


@app.callback()
def _group() -> None:
    """Make, preview, import and count customers."""


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
    figures = {
        "inserted": saved.inserted,
        "updated": saved.updated,
        "unchanged": saved.unchanged,
        "seed": chosen,
    }
    sentence = (
        f"{saved.inserted:,} new customers, {saved.updated:,} changed, "
        f"{saved.unchanged:,} as they were (seed {chosen})."
    )
    typer.echo(json_module.dumps(figures) if json else sentence)


@app.command(name="import")
def import_(  # noqa: PLR0913, PLR0917  (Typer makes options of arguments)
    file: _File,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be stored, and store nothing.")
    ] = False,
    report: _Report = None,
    mapping: _Mapping = "",
    snapshot: Annotated[
        bool,
        typer.Option("--snapshot", help="The file has all customers: mark others as left."),
    ] = False,
    allow_leaving: Annotated[
        float | None,
        typer.Option(metavar="PERCENT", help="How many may leave with a snapshot; else 5."),
    ] = None,
    region: _Region = "",
    encoding: _Encoding = "auto",
    separator: _Separator = "auto",
    sheet: _Sheet = "",
    hidden: _Hidden = False,
    as_of: Annotated[
        str,
        typer.Option(help=f"When the file was true, {ISO}; for what it says of consent."),
    ] = "",
    in_parts: Annotated[
        bool,
        typer.Option("--in-parts", help="Keep what is stored when it is ended, and go on there."),
    ] = False,
    anew: Annotated[
        bool, typer.Option("--anew", help="Begin one in parts anew that was ended half way.")
    ] = False,
    by: _By = "operator",
    json: _Json = False,
) -> None:
    """Import customers from CSV, TSV, XLSX or ODS; new numbers are added, others changed.

    Columns: number and name (required), name_latin, locales, time_zone, phone, phone_2, email,
    email_2, push_endpoint, push_p256dh, push_auth, fcm_token, latitude, longitude, opted_out,
    consented, and every attribute ('broadcaster attributes list'), by its name or a label. Others
    are left out, and said so. 'broadcaster mappings suggest FILE' helps with files that are headed
    otherwise.

    A row is refused when it can't be told who is meant, what they agreed to, or which segment they
    belong to. An address that can't be used refuses nobody: it is kept with its fault. All good
    rows are stored in one transaction: when the file is broken half way, or the command is ended,
    nothing is stored, and it can be started again. Who is as before is left alone, and of others
    only what the file has a column for is changed.

    With --in-parts rows are stored by the ten thousand. The same command again goes on after the
    last part, and ends as if it had never been ended; 'broadcaster customers imports' lists those
    that were.
    """
    from broadcaster.audience.sheets.sheet import Wanted
    from broadcaster.cli.importing import Wishes, run
    from broadcaster.settings import load

    run(
        Wishes(
            file=file,
            mapping=mapping,
            wanted=Wanted(encoding=encoding, separator=separator, sheet=sheet, hidden=hidden),
            region=region,
            report=report,
            dry_run=dry_run,
            snapshot=snapshot,
            allow_leaving=allow_leaving,
            as_of=moment("--as-of", as_of, load()),
            in_parts=in_parts,
            anew=anew,
            by=by,
            json=json,
        )
    )


@app.command()
def preview(  # noqa: PLR0913, PLR0917  (as above)
    file: _File,
    mapping: _Mapping = "",
    rows: Annotated[int, typer.Option(help="How many rows to show.", min=1, max=100)] = 5,
    all_: Annotated[
        bool, typer.Option("--all", help="Read the whole file too, as 'import --dry-run' does.")
    ] = False,
    report: _Report = None,
    region: _Region = "",
    encoding: _Encoding = "auto",
    separator: _Separator = "auto",
    sheet: _Sheet = "",
    hidden: _Hidden = False,
    json: _Json = False,
) -> None:
    """Show how a file is written, which columns are used, and its first rows as they would be."""
    from broadcaster.audience.sheets.sheet import Wanted
    from broadcaster.cli.importing import Wishes
    from broadcaster.cli.previewing import show

    wishes = Wishes(
        file=file,
        mapping=mapping,
        wanted=Wanted(encoding=encoding, separator=separator, sheet=sheet, hidden=hidden),
        region=region,
        report=report,
        dry_run=True,
        json=json,
    )
    show(wishes, rows, whole=all_)


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
