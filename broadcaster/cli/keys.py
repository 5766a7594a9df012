"""`broadcaster keys`: the keys of personal data."""

import json as json_
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from broadcaster.errors import ConflictError

if TYPE_CHECKING:
    from broadcaster.privacy.rotation import KeyStanding

app = typer.Typer(add_completion=False, no_args_is_help=True)

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
By = Annotated[str, typer.Option(help="Who does it, for the audit.", envvar="USER")]

#: How often rows that others hold are looked at again.
_PASSES = 3


@app.callback()
def _group() -> None:
    """Make keys of personal data, seal anew with the newest, and show what needs which."""


@app.command()
def make() -> None:
    """Make a new key and add it to the file of keys; 'keys rotate' begins to use it.

    Give the file to every machine first. Keep a copy where the database is not: without its keys
    personal data is lost.
    """
    from broadcaster.privacy import keyring
    from broadcaster.settings import load

    settings = load()
    if settings.data_keys:
        message = (
            "BROADCASTER_DATA_KEYS is set and counts instead of the file. Add a key there, or "
            "take the setting away."
        )
        raise ConflictError(message)
    number = keyring.add(settings.data_key_file)
    typer.echo(f"Key {number} is in {settings.data_key_file}. Keep a copy of the file elsewhere.")


@app.command()
def status(json: Json = False) -> None:
    """Show which keys the database knows, how many rows need each, and how many are plain."""
    with _runtime() as runtime:
        keys, plain = runtime.rotation.status()
        newest = runtime.vault.newest
    if json:
        listed = [asdict(key) for key in keys]
        figures = {"keys": listed, "plain": plain, "newest_here": newest}
        typer.echo(json_.dumps(figures, default=str))
        return
    for key in keys:
        typer.echo(_line(key))
    if not keys:
        typer.echo("The database is not sealed. Type 'broadcaster keys rotate'.")
    typer.echo(f"{plain:,} rows are plain.")
    if newest is not None and newest not in [key.number for key in keys]:
        typer.echo(f"Key {newest} is here and not used yet; 'broadcaster keys rotate' begins.")


@app.command()
def rotate(by: By = "operator", json: Json = False) -> None:
    """Seal what is plain or sealed with an older key, while everybody works on.

    Interrupted, it goes on where it was when it is called again. Call it when every worker is of
    this version and has the newest key.
    """
    from broadcaster.cli.progress import bar

    with _runtime() as runtime:
        newest = runtime.rotation.begin(by)
        total = runtime.rotation.stale()
        done = 0
        with bar(total, "Sealing") as shown:
            for _ in range(_PASSES):
                for count in runtime.rotation.run():
                    done += count
                    shown.move(done)
                left = runtime.rotation.stale()
                if not left:
                    break
        if left:
            message = f"{done:,} rows are sealed, and {left:,} are in use. Call it again later."
            raise ConflictError(message)
        retired = runtime.rotation.retire(by)
    if json:
        typer.echo(json_.dumps({"key": newest, "sealed": done, "retired": list(retired)}))
        return
    typer.echo(f"{done:,} rows are sealed with key {newest}; none is left.")
    for number in retired:
        typer.echo(f"Nothing here needs key {number} any more; backups of before do.")


def _line(key: "KeyStanding") -> str:
    rows = f"key {key.number}: {key.rows:,} rows"
    erased = f", {key.erased:,} of them of erased people" if key.erased else ""
    state = f", retired {key.retired:%Y-%m-%d}" if key.retired else ""
    return rows + erased + state + ("" if key.here else ", not here")


def _runtime() -> Any:  # noqa: ANN401  (a context manager of Runtime; typing it would load it)
    from broadcaster import bootstrap
    from broadcaster.settings import load

    return bootstrap.running(load())
