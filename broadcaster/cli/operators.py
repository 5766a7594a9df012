"""`broadcaster operators`: who may enter the console, and as what."""

import json as json_
from typing import TYPE_CHECKING, Annotated, Any

import typer

from broadcaster.cli import grids
from broadcaster.domain.access import Role, roles_of
from broadcaster.errors import NotFoundError

if TYPE_CHECKING:
    from broadcaster.access.operators import Standing

app = typer.Typer(add_completion=False, no_args_is_help=True)

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
By = Annotated[str, typer.Option(help="Who does it, for the audit.", envvar="USER")]
Name = Annotated[str, typer.Argument(help="The operator's name.")]
Roles = Annotated[
    list[str],
    typer.Option("--role", help=f"What they are: {', '.join(Role)}; several times for several."),
]


@app.callback()
def _group() -> None:
    """Add operators, invite them, say what they are, and let them in no more."""


@app.command()
def add(name: Name, roles: Roles, by: By = "operator", json: Json = False) -> None:
    """Add somebody, and print the link by which they set a password: good once, for 24 hours.

    The first administrator is made so.
    """
    mine = roles_of(roles)
    with _runtime() as runtime:
        now = runtime.clock.now()
        added = runtime.operators.add(name, mine, by, now)
        link = runtime.invitation(added.name, by)
    _tell_link(added.name, link, json=json)


@app.command()
def invite(
    name: Name,
    *,
    reset_factors: Annotated[
        bool,
        typer.Option(
            "--reset-factors",
            help="Take authenticator, passkeys and written codes away from who lost them.",
        ),
    ] = False,
    by: By = "operator",
    json: Json = False,
) -> None:
    """Print a new link by which somebody sets a password; the link before it ends."""
    with _runtime() as runtime:
        found = runtime.operators.get(name)
        link = runtime.invitation(found.name, by, reset=reset_factors)
    _tell_link(found.name, link, json=json)


@app.command("list")
def list_(json: Json = False) -> None:
    """List operators, what they are, and how they enter."""
    with _runtime() as runtime:
        rows = runtime.operators.list()
    if json:
        _print([_plain(row) for row in rows])
        return
    if not rows:
        typer.echo("Nobody may enter yet. 'broadcaster operators add' makes the first one.")
        return
    grids.show(
        ("name", "roles", "enters by", "last seen", "state"),
        [
            (
                row.operator.name,
                ", ".join(sorted(row.operator.roles)),
                ", ".join(_ways(row)) or "nothing yet",
                f"{row.seen_at:%Y-%m-%d %H:%M} UTC" if row.seen_at else "",
                "disabled" if row.disabled_at else "",
            )
            for row in rows
        ],
        whole=(0,),
    )


@app.command()
def roles(name: Name, roles: Roles, by: By = "operator", json: Json = False) -> None:
    """Say what somebody is from now on; they sign in again."""
    mine = roles_of(roles)
    with _runtime() as runtime:
        found = runtime.operators.get(name)
        changed = runtime.operators.give_roles(found.id, mine, by)
    if json:
        _print({"operator": found.name, "roles": sorted(mine), "changed": changed})
    else:
        word = "is now" if changed else "is already"
        typer.echo(f"{found.name} {word}: {', '.join(sorted(mine))}.")


@app.command()
def disable(name: Name, by: By = "operator", json: Json = False) -> None:
    """Let somebody in no more, and end their sessions; what they did stays in the audit."""
    with _runtime() as runtime:
        found = runtime.operators.get(name)
        runtime.operators.disable(found.id, by, runtime.clock.now())
    _tell(f"{found.name} is let in no more.", {"operator": found.name, "disabled": True}, json=json)


@app.command()
def enable(name: Name, by: By = "operator", json: Json = False) -> None:
    """Let somebody in again, with the password and roles of before."""
    with _runtime() as runtime:
        found = runtime.operators.get(name)
        runtime.operators.enable(found.id, by)
    _tell(f"{found.name} is let in again.", {"operator": found.name, "disabled": False}, json=json)


@app.command()
def sessions(name: Name, json: Json = False) -> None:
    """List where somebody is signed in."""
    with _runtime() as runtime:
        found = runtime.operators.get(name)
        rows = runtime.sessions.list(found.id, runtime.clock.now())
    if json:
        _print(
            [
                {
                    "session": row.id,
                    "since": row.created_at.isoformat(),
                    "seen": row.seen_at.isoformat(),
                    "by": row.factor.value,
                    "browser": row.browser,
                }
                for row in rows
            ]
        )
        return
    if not rows:
        typer.echo(f"{found.name} is signed in nowhere.")
        return
    grids.show(
        ("session", "since", "last used", "by", "browser"),
        [
            (
                str(row.id),
                f"{row.created_at:%Y-%m-%d %H:%M} UTC",
                f"{row.seen_at:%Y-%m-%d %H:%M} UTC",
                row.factor.value,
                row.browser,
            )
            for row in rows
        ],
    )


@app.command("end-sessions")
def end_sessions(
    name: Name,
    *,
    session: Annotated[int | None, typer.Option(help="One alone; all without.")] = None,
    by: By = "operator",
    json: Json = False,
) -> None:
    """Sign somebody out, everywhere or in one place."""
    with _runtime() as runtime:
        found = runtime.operators.get(name)
        if session is None:
            count = runtime.sessions.end_all(found.id, by)
        elif runtime.sessions.end_one(found.id, session, by):
            count = 1
        else:
            remedy = "'broadcaster operators sessions' lists them."
            raise NotFoundError("--session", f"there is no {session} of {found.name}", remedy)
    _tell(f"Ended: {count}.", {"operator": found.name, "ended": count}, json=json)


def _ways(row: "Standing") -> list[str]:
    ways = {
        "password": row.password,
        "authenticator": row.totp,
        "passkey": row.passkeys > 0,
        "identity provider": row.provider,
    }
    return [word for word, there in ways.items() if there]


def _plain(row: "Standing") -> dict[str, object]:
    return {
        "operator": row.operator.name,
        "roles": sorted(row.operator.roles),
        "created": row.created_at.isoformat(),
        "disabled": row.disabled_at.isoformat() if row.disabled_at else None,
        "seen": row.seen_at.isoformat() if row.seen_at else None,
        "enters_by": _ways(row),
    }


def _tell_link(name: str, link: str, *, json: bool) -> None:
    said = f"{name} sets a password here, once, within 24 hours:\n{link}"
    _tell(said, {"operator": name, "link": link}, json=json)


def _tell(words: str, figures: dict[str, object], *, json: bool) -> None:
    if json:
        _print(figures)
    else:
        typer.echo(words)


def _print(figures: object) -> None:
    typer.echo(json_.dumps(figures, ensure_ascii=False))


def _runtime() -> Any:  # noqa: ANN401  (a context manager of Runtime; typing it would load it)
    from broadcaster import bootstrap
    from broadcaster.settings import load

    return bootstrap.running(load())
