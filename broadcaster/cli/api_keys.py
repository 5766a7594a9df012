"""`broadcaster api-keys`: keys of the API, made, listed and revoked."""

import json as json_
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from broadcaster.domain.api_key import ApiKey

app = typer.Typer(add_completion=False, no_args_is_help=True)

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)

_By = Annotated[str, typer.Option(help="Who does it, for the audit.", envvar="USER")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.callback()
def _group() -> None:
    """Make, list and revoke keys of the API."""


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="What the audit trail calls it.")],
    *,
    owner: Annotated[str, typer.Option(help="The operator for whom it acts.")],
    scopes: Annotated[
        str, typer.Option(help="What it may, with commas: look,write; no more than its owner may.")
    ],
    days: Annotated[int, typer.Option(help="For how many days it holds, 730 at most.")] = 365,
    rate: Annotated[int, typer.Option(help="Requests a minute, 60000 at most.")] = 600,
    by: _By = "operator",
    json: _Json = False,
) -> None:
    """Make a key; it is shown here and never again."""
    with _runtime() as runtime:
        now = runtime.clock.now()
        made, token = runtime.api_keys.add(
            name, owner, scopes.split(","), by, now, days=days, rate=rate
        )
    if json:
        typer.echo(json_.dumps({**_figures(made), "key": token}, ensure_ascii=False))
        return
    typer.echo(token)
    typer.echo(
        f"Key {made.id}, {made.name!r}, acts for {made.owner} until {made.expires_at:%Y-%m-%d}: "
        f"{', '.join(made.scopes)}. It is not shown again.",
        err=True,
    )


@app.command("list")
def list_(json: _Json = False) -> None:
    """List keys, the newest first: whose they are, what they may, and when they were used."""
    with _runtime() as runtime:
        rows = runtime.api_keys.list()
    if json:
        typer.echo(json_.dumps([_figures(one) for one in rows], ensure_ascii=False))
        return
    from rich.table import Table
    from rich.text import Text

    from broadcaster.cli.live import terminal

    names = ("id", "name", "begins", "owner", "scopes", "expires", "used", "state")
    table = Table(*names, box=None, pad_edge=False)
    for one in rows:
        used = f"{one.used_at:%Y-%m-%d %H:%M}" if one.used_at else "never"
        table.add_row(
            str(one.id),
            Text(one.name),
            one.prefix,
            Text(one.owner),
            ", ".join(one.scopes),
            f"{one.expires_at:%Y-%m-%d}",
            used,
            "revoked" if one.revoked_at else "",
        )
    empty = "No keys yet. 'api-keys add NAME --owner OPERATOR --scopes look' makes one."
    terminal(stderr=False).print(table if rows else empty)


@app.command()
def revoke(
    key: Annotated[int, typer.Argument(help="The key's number; 'list' shows it.")],
    by: _By = "operator",
) -> None:
    """End a key for good, now."""
    with _runtime() as runtime:
        ended = runtime.api_keys.revoke(key, by, runtime.clock.now())
    typer.echo(f"Key {ended.id}, {ended.name!r}, is revoked.")


def _runtime() -> Any:  # noqa: ANN401  (a context manager of Runtime; typing it would load it)
    from broadcaster import bootstrap
    from broadcaster.settings import load

    return bootstrap.running(load())


def _figures(one: "ApiKey") -> dict[str, object]:
    return {
        "id": one.id,
        "name": one.name,
        "prefix": one.prefix,
        "owner": one.owner,
        "scopes": list(one.scopes),
        "rate": one.rate,
        "made_by": one.made_by,
        "created_at": one.created_at.isoformat(),
        "expires_at": one.expires_at.isoformat(),
        "used_at": one.used_at and one.used_at.isoformat(),
        "revoked_at": one.revoked_at and one.revoked_at.isoformat(),
    }
