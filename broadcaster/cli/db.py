"""`broadcaster db`: the schema of the database, its size, and its backups."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from broadcaster.bootstrap.backups import Backup

app = typer.Typer(add_completion=False, no_args_is_help=True)

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)


@app.callback()
def _group() -> None:
    """Look after the schema of the database, its size, and its backups."""


@app.command()
def upgrade() -> None:
    """Bring the database to the present schema; safe to repeat, and while workers run."""
    from broadcaster import bootstrap
    from broadcaster.settings import load

    with bootstrap.servers(load()) as runtime:
        from broadcaster.ledger import schema

        bootstrap.upgrade(runtime)
        typer.echo(f"The database has schema {schema.current(runtime.database_url)}.")


_Folder = Annotated[Path, typer.Argument(help="The backup's folder.", metavar="FOLDER")]


@app.command()
def backup(folder: _Folder) -> None:
    """Write a backup into a new folder: the database, settings, own kinds, and keys apart."""
    from broadcaster import bootstrap
    from broadcaster.bootstrap.backups import backup as write
    from broadcaster.settings import load

    settings = load()
    with bootstrap.running(settings) as runtime:
        made = write(settings, runtime.database_url, folder)
    typer.echo(
        f"{made.rows:,} rows of {made.tables} tables with schema {made.revision} are in {folder}, "
        f"{made.octets / 1e6:,.1f} MB. Keep keys.tar apart from the rest, and both elsewhere."
    )


@app.command()
def restore(
    folder: _Folder,
    to: Annotated[
        Path | None, typer.Option(help="A new folder for settings, own kinds and keys.")
    ] = None,
) -> None:
    """Put a backup into an empty database; what would go on by itself is put on hold."""
    from broadcaster import bootstrap
    from broadcaster.bootstrap.backups import restore as put_back
    from broadcaster.bootstrap.backups import unpack
    from broadcaster.settings import load

    with bootstrap.servers(load()) as runtime:
        made = put_back(runtime.database_url, folder)
    if to is not None:
        unpack(folder, to, keys=(folder / "keys.tar").exists())
    typer.echo(_restored(made))
    typer.echo("Type 'broadcaster db upgrade', look at the campaigns, and resume what may go on.")


@app.command()
def rehearse(
    folder: Annotated[
        Path | None, typer.Argument(help="A backup; one is made when left out.", metavar="FOLDER")
    ] = None,
) -> None:
    """Restore a backup beside the database, compare every table, and drop it again."""
    from broadcaster import bootstrap
    from broadcaster.bootstrap.backups import rehearse as try_
    from broadcaster.settings import load

    settings = load()
    with bootstrap.running(settings) as runtime:
        made = try_(settings, runtime.database_url, folder)
    typer.echo(_restored(made))


def _restored(made: "Backup") -> str:
    held = ", ".join(map(str, made.held)) or "none"
    return (
        f"{made.rows:,} rows of {made.tables} tables came back as they were at {made.at}. "
        f"Campaigns put on hold: {held}."
    )


@app.command()
def size() -> None:
    """Say how large the database is, and how many octets a delivery takes."""
    from broadcaster import bootstrap
    from broadcaster.settings import load

    with bootstrap.running(load()) as runtime:
        whole, deliveries, octets = runtime.state.sizes()
    each = f"{octets / deliveries:,.0f} octets each" if deliveries else "none yet"
    typer.echo(f"{whole / 1e6:,.1f} MB, of which {octets / 1e6:,.1f} MB are deliveries: {each}.")
