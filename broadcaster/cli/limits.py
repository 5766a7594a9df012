"""`broadcaster limits`: how fast networks may be used, and who waits."""

import json as json_
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from broadcaster.bootstrap import Runtime
    from broadcaster.ports import Change, Standing

app = typer.Typer(add_completion=False, no_args_is_help=True)

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)

_By = Annotated[str, typer.Option(help="Who does it, for the audit.", envvar="USER")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_Name = Annotated[
    str,
    typer.Argument(
        help="A provider, provider/mail.domain, provider/+212, or sender:NAME.", metavar="NAME"
    ),
]
#: How often `--watch` looks, seconds; and how often it prints where nobody sees a screen.
_LOOK, _SPEAK = 0.5, 5.0


@app.callback()
def _group() -> None:
    """Show, set and reset how fast networks may be used, in units a second over all workers."""


@app.command()
def show(
    watch: Annotated[bool, typer.Option(help="Stay and show it live, until Ctrl+C.")] = False,
    json: _Json = False,
) -> None:
    """Show each limit: what is set, allowed and used now, and who waits for it."""
    with _runtime() as runtime:
        if json:
            figures = [_figures(runtime, one) for one in runtime.throttle.standing()]
            typer.echo(json_.dumps(figures, ensure_ascii=False))
        elif watch:
            _follow(runtime)
        else:
            from broadcaster.cli.live import terminal

            terminal(stderr=False).print(_picture(runtime))


@app.command(name="set")
def set_(
    name: _Name,
    rate: Annotated[str, typer.Argument(help="Units a second.", metavar="RATE")],
    by: _By = "operator",
    json: _Json = False,
) -> None:
    """Change a limit for all workers while they run; it holds until it is reset."""
    from broadcaster.bootstrap.limiting import change_limit

    with _runtime() as runtime:
        wanted, at_once = change_limit(runtime, name, rate, by)
        done = f"{name} is limited to {wanted:g} units a second"
        _tell(runtime, name, done, json=json, at_once=at_once)


@app.command()
def reset(name: _Name, by: _By = "operator", json: _Json = False) -> None:
    """Take a change back: what the settings say holds again."""
    from broadcaster.bootstrap.limiting import reset_limit

    with _runtime() as runtime:
        rate, at_once = reset_limit(runtime, name, by)
        now = "no limit any more" if rate is None else f"{rate:g} units a second"
        done = f"{name} is back at what the settings say: {now}"
        _tell(runtime, name, done, json=json, at_once=at_once)


def _runtime() -> Any:  # noqa: ANN401  (a context manager of Runtime; typing it would load it)
    from broadcaster import bootstrap
    from broadcaster.settings import load

    return bootstrap.running(load())


def _tell(runtime: "Runtime", name: str, done: str, *, json: bool, at_once: bool) -> None:
    """Say that it is changed, and since when."""
    when = "now" if at_once else "as soon as the server of the Redis protocol answers"
    if json:
        change = runtime.rate_limits.changes()[name]
        figures = {"name": name, "rate": change.rate, "by": change.changed_by, "effect": when}
        typer.echo(json_.dumps(figures, ensure_ascii=False))
    else:
        typer.echo(f"{done}; for all workers, {when}.")


def _figures(runtime: "Runtime", one: "Standing") -> dict[str, object]:
    """Give one limit as JSON."""
    change = runtime.rate_limits.changes().get(one.name)
    changed = change is not None and change.rate is not None
    return {
        "name": one.name,
        "rate": one.rate,
        "changed_by": change.changed_by if change and changed else None,
        "allowed": one.allowed,
        "used": one.used,
        "urgent_waiting": one.urgent,
        "routine_waiting": one.routine,
        "paused": round(one.paused, 3),
    }


def _follow(runtime: "Runtime") -> None:
    import time

    from rich.live import Live

    from broadcaster.cli.live import terminal

    console = terminal(stderr=False)
    if not console.is_terminal:
        while True:
            console.print(_picture(runtime))
            time.sleep(_SPEAK)
    with Live(console=console, auto_refresh=False) as live:
        while True:
            live.update(_picture(runtime), refresh=True)
            time.sleep(_LOOK)


def _picture(runtime: "Runtime") -> "Table | str":
    """Draw how the limits stand."""
    rows = runtime.throttle.standing()
    if not rows:
        return "Nothing is limited."
    return table(rows, runtime.rate_limits.changes())


def table(rows: "Sequence[Standing]", changes: "Mapping[str, Change]") -> "Table":
    """Draw limits, and by whom they were changed."""
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("limit", "set", "by", "allowed", "used", "share", "who waits"):
        right = heading in {"set", "allowed", "used", "share"}
        drawn.add_column(heading, justify="right" if right else "left", no_wrap=True)
    for one in rows:
        change = changes.get(one.name)
        by = change.changed_by if change and change.rate is not None else "settings"
        drawn.add_row(
            Text(one.name, style="bold"),
            f"{one.rate:g}/s",
            Text(by, style="dim" if by == "settings" else "cyan"),
            _allowed(one),
            f"{one.used:,}",
            f"{one.used / max(1.0, one.allowed):.0%}",
            _waiting(one),
        )
    return drawn


def _allowed(one: "Standing") -> str:
    """Say what may leave now, and why it is less than what is set."""
    words = []
    if one.allowed < one.rate:
        words.append(f"[yellow]slowed to {one.allowed / one.rate:.0%}[/]")
    if one.paused > 0:
        words.append(f"[red]nothing for {one.paused:.0f} s[/]")
    return ", ".join(words) or f"{one.allowed:g}/s"


def _waiting(one: "Standing") -> str:
    lanes = {"urgent": one.urgent, "routine": one.routine}
    return ", ".join(f"{count:,} {lane}" for lane, count in lanes.items() if count) or "nobody"
