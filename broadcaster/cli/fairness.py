"""`broadcaster fairness`: when and how often customers may be told."""

import json as json_
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from broadcaster.domain.fairness import Rules

app = typer.Typer(add_completion=False, no_args_is_help=True)

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)

_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

#: A file to begin with: nights for what rings, more for what advertises.
_EXAMPLE = """\
# When nothing is sent, by the clock of each customer's time zone. What is left out means all:
# classes are service, promotional, safety; channels sms, email, push; days mon to sun and holiday.
# A range that ends before it begins ends the next day. Urgent safety passes everything here.
holidays = []

[[quiet]]
classes = ["service", "safety"]
channels = ["sms", "push"]
from = "21:00"
to = "08:00"

[[quiet]]
classes = ["promotional"]
from = "20:00"
to = "09:00"

[[quiet]]
classes = ["promotional"]
days = ["sun", "holiday"]
from = "00:00"
to = "24:00"

# At most so many messages of a class to a customer in any so many days.
[[cap]]
class = "service"
channel = "sms"
most = 3
days = 7

[[cap]]
class = "promotional"
most = 1
days = 7
"""


@app.callback()
def _group() -> None:
    """Show and set quiet hours and frequency caps; 'fairness example' prints a file to begin with.

    A change holds at once, for what is being sent too.
    """


@app.command()
def show(
    toml: Annotated[bool, typer.Option(help="Print a file that 'set' reads.")] = False,
    json: _Json = False,
) -> None:
    """Show the rules in force, and who set them."""
    from broadcaster.domain.rulebook import written

    with _runtime() as runtime:
        rules, history = runtime.fairness.rules(), runtime.fairness.history()
    if toml:
        typer.echo(_toml(rules), nl=False)
        return
    if json:
        changes = [
            {"version": one.version, "by": one.by, "at": one.at.isoformat()} for one in history
        ]
        figures = {"version": rules.version, **written(rules), "changes": changes}
        typer.echo(json_.dumps(figures, ensure_ascii=False))
        return
    for line in _lines(rules):
        typer.echo(line)
    if history:
        latest = history[0]
        typer.echo(
            f"Version {latest.version}, set by {latest.by} at {latest.at:%Y-%m-%d %H:%M %Z}."
        )


@app.command(name="set")
def set_(
    file: Annotated[Path, typer.Argument(help="The rules, a TOML or JSON file.", metavar="FILE")],
    dry_run: Annotated[bool, typer.Option(help="Check the file and change nothing.")] = False,
    by: Annotated[
        str, typer.Option(help="Who does it, for the audit.", envvar="USER")
    ] = "operator",
    json: _Json = False,
) -> None:
    """Replace the rules in force by those of a file, at once; what is not in it holds no more."""
    from broadcaster.domain.rulebook import read, require_kept, written
    from broadcaster.errors import InvalidInputError
    from broadcaster.render.factfile import read_facts
    from broadcaster.settings import load

    try:
        raw = read_facts(file)
    except InvalidInputError as error:
        remedy = "Begin with what 'broadcaster fairness example' prints."
        raise InvalidInputError("rules", error.problem, remedy) from error
    rules = read(raw)  # Before a server is started for nothing.
    require_kept(rules, load().retention)
    if not dry_run:
        with _runtime() as runtime:
            rules = runtime.fairness.change(raw, by, runtime.clock.now())
    if json:
        figures = {"version": rules.version, **written(rules), "dry_run": dry_run}
        typer.echo(json_.dumps(figures, ensure_ascii=False))
        return
    for line in _lines(rules):
        typer.echo(line)
    in_force = f"These rules are in force, as version {rules.version}."
    done = "The file is good; nothing was changed." if dry_run else in_force
    typer.echo(done)


@app.command()
def example() -> None:
    """Print a file of rules to begin with."""
    typer.echo(_EXAMPLE, nl=False)


@app.command()
def check(
    zone: Annotated[str, typer.Option(help="A time zone; none: the utility's own.")] = "",
    at: Annotated[str, typer.Option(help="When; ISO 8601 with offset, or now, +3h.")] = "now",
    json: _Json = False,
) -> None:
    """Say for each class and channel whether it is quiet at a moment, and until or from when."""
    from broadcaster.audience import cells
    from broadcaster.bootstrap.drafting import moment
    from broadcaster.bootstrap.quiet_times import quiet_times

    with _runtime() as runtime:
        when = moment("--at", at, runtime.clock.now())
        place = _zone(cells, zone) if zone else runtime.settings.time_zone
        rules = runtime.fairness.rules()
    rows = quiet_times(rules, place, when)
    if json:
        typer.echo(json_.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        typer.echo(_sentence(row))


def _zone(cells: Any, name: str) -> str:  # noqa: ANN401  (a module, loaded when it is needed)
    from broadcaster.errors import InvalidInputError

    try:
        return str(cells.time_zone(name))
    except cells.CellError as error:
        raise InvalidInputError("--zone", error.problem, error.remedy) from error


def _sentence(row: dict[str, Any]) -> str:
    head = f"{row['class']} by {row['channel']}: "
    if row["from"] is None:
        return head + "never quiet within a week."
    until = row["until"][:16].replace("T", " ")
    if row["quiet"]:
        return f"{head}quiet until {until}."
    return f"{head}free; quiet from {row['from'][:16].replace('T', ' ')} until {until}."


def _lines(rules: "Rules") -> list[str]:
    """Say what the rules are, a line each."""
    from broadcaster.domain.rulebook import written

    plain: dict[str, Any] = written(rules)
    lines = [
        f"Quiet: {', '.join(one['classes'])} by {', '.join(one['channels'])}, "
        f"{one['from']} to {one['to']}, {_days(one['days'])}."
        for one in plain["quiet"]
    ]
    if plain["holidays"]:
        lines.append(f"Holidays: {', '.join(plain['holidays'])}.")
    lines += [
        f"Cap: {one['class']}, at most {one['most']} "
        f"{'by ' + one['channel'] if 'channel' in one else 'over all channels'} "
        f"in {one['days']} days."
        for one in plain["cap"]
    ]
    return lines or ["Nothing is quiet, and nothing is capped."]


def _days(days: list[str]) -> str:
    from broadcaster.domain.hours import WEEK

    return "every day" if days[: len(WEEK)] == list(WEEK) else " ".join(days)


def _toml(rules: "Rules") -> str:
    """Write rules as TOML; JSON's texts, lists and numbers are TOML's too."""
    from broadcaster.domain.rulebook import written

    plain: dict[str, Any] = written(rules)
    text = f"holidays = {json_.dumps(plain['holidays'])}\n"
    for name in ("quiet", "cap"):
        for one in plain[name]:
            text += f"\n[[{name}]]\n"
            text += "".join(f"{key} = {json_.dumps(value)}\n" for key, value in one.items())
    return text


def _runtime() -> Any:  # noqa: ANN401  (a context manager of Runtime; typing it would load it)
    from broadcaster import bootstrap
    from broadcaster.settings import load

    return bootstrap.running(load())
