"""`broadcaster db`: the schema of the database."""

import typer

app = typer.Typer(add_completion=False, no_args_is_help=True)

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)


@app.callback()
def _group() -> None:
    """Look after the schema of the database."""


@app.command()
def upgrade() -> None:
    """Bring the database to the present schema; safe to repeat, and while workers run."""
    from broadcaster import bootstrap
    from broadcaster.settings import load

    with bootstrap.servers(load()) as runtime:
        from broadcaster.ledger import schema

        bootstrap.upgrade(runtime)
        typer.echo(f"The database has schema {schema.current(runtime.database_url)}.")
