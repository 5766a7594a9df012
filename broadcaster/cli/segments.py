"""`broadcaster segments`: save, list, check, explain, count and sample segments."""

import json as json_module
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from broadcaster.errors import InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from broadcaster.audience.expression import Expression
    from broadcaster.audience.knowledge import Knowledge
    from broadcaster.audience.store import Seen
    from broadcaster.bootstrap import Runtime

app = typer.Typer(add_completion=False, no_args_is_help=True)

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)

_By = Annotated[str, typer.Option(help="Who does it, for the audit.", envvar="USER")]
_Json = Annotated[bool, typer.Option("--json", help="Print as JSON.")]
_EXAMPLE = 'An expression, as: services has "water" and not district in ("Anfa", "Maârif")'
_Name = Annotated[str, typer.Argument(help="The segment's name.")]
_Segment = Annotated[
    str, typer.Argument(metavar="NAME|EXPRESSION", help="A saved segment, or an expression.")
]
#: The most customers of a sample, and the longest form that is read, octets.
_MOST, _LONGEST_FORM = 1000, 1_000_000


@app.callback()
def _group() -> None:
    """Save, list, check, explain, count and sample segments.

    A segment is an expression over what is known of customers: attribute = value, with !=, <, <=,
    >, >=, in (...), starts with, contains, is missing; set has value; today - 90 days; may receive
    promotional by email; received campaign "..."; location in area "..."; in segment "...";
    joined by and, or, not and brackets; or all. docs/segments.md has them all.
    """


@app.command()
def save(
    name: _Name,
    expression: Annotated[str, typer.Argument(help=_EXAMPLE)] = "",
    form: Annotated[
        Path | None, typer.Option(help="Read it as JSON from a file, - for standard input.")
    ] = None,
    json: _Json = False,
) -> None:
    """Save a segment, or change the one of that name; campaigns made before keep theirs."""
    if bool(expression) == bool(form):
        problem = "is needed, or --form; and not both"
        raise InvalidInputError("EXPRESSION", problem, f"Write {_EXAMPLE.lower()}")
    text = _read(form) if form else expression
    with _runtime() as runtime:
        segment = runtime.segments.save(name, text, form=form is not None)
        found = runtime.customers.count(segment.expression)
    figures = {"name": segment.name, "expression": segment.expression, "customers": found}
    sentence = f"{segment.name}: {segment.expression} ({found:,} customers now)"
    typer.echo(_dump(figures) if json else sentence)


@app.command(name="list")
def list_(json: _Json = False) -> None:
    """List the saved segments."""
    with _runtime() as runtime:
        segments = runtime.segments.list()
    if json:
        typer.echo(_dump([{"name": one.name, "expression": one.expression} for one in segments]))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("name", "expression", box=None, pad_edge=False)
    for segment in segments:
        table.add_row(Text(segment.name), Text(segment.expression))
    empty = "No segments yet. 'segments save NAME EXPRESSION' makes one."
    Console().print(table if segments else empty)


@app.command()
def show(segment: _Segment, json: _Json = False) -> None:
    """Show an expression; with --json also as the tree that forms build."""
    from broadcaster.audience.expression import canonical
    from broadcaster.audience.form import to_form

    with _runtime() as runtime:
        tree = _tree(runtime, runtime.audience.knowledge(), segment)
    text = canonical(tree)
    figures = {"segment": segment, "expression": text, "form": to_form(tree)}
    typer.echo(_dump(figures) if json else text)


@app.command()
def check(expression: Annotated[str, typer.Argument(help=_EXAMPLE)], json: _Json = False) -> None:
    """Check an expression and print it in its canonical form; nothing is saved."""
    from broadcaster.audience.expression import canonical

    with _runtime() as runtime:
        known = runtime.audience.knowledge()
        tree = known.parse(expression)
        known.condition(tree)
    text = canonical(tree)
    typer.echo(_dump({"valid": True, "expression": text}) if json else text)


@app.command()
def count(segment: _Segment, json: _Json = False) -> None:
    """Count whom a segment or an expression selects."""
    with _runtime() as runtime:
        expression = _expression(runtime, segment)
        found = runtime.customers.count(expression)
    figures = {"segment": segment, "expression": expression, "customers": found}
    typer.echo(_dump(figures) if json else f"{found:,}")


@app.command()
def sample(
    segment: _Segment,
    limit: Annotated[int, typer.Option(help="How many, at most 1000.")] = 10,
    names: Annotated[
        bool, typer.Option("--names", help="Show whole names; of each it is noted who saw it.")
    ] = False,
    purpose: Annotated[str, typer.Option(help="Why, for the audit.")] = "not given",
    by: _By = "operator",
    json: _Json = False,
) -> None:
    """Show some of those whom a segment or an expression selects: the first by number."""
    if not 1 <= limit <= _MOST:
        raise InvalidInputError("--limit", f"{limit} is out of range", f"Give 1 to {_MOST}.")
    with _runtime() as runtime:
        people = runtime.customers.people(_expression(runtime, segment), limit)
        if names:
            runtime.accesses.seen([one.number for one in people], by, "sample", purpose)
    rows = [_shown(one, whole=names) for one in people]
    if json:
        typer.echo(_dump(rows))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("number", "name", "locales", "attributes", box=None, pad_edge=False)
    for row in rows:
        held = ", ".join(f"{name}: {_plain(value)}" for name, value in row["attributes"].items())
        table.add_row(
            Text(row["number"]), Text(row["name"]), Text(" ".join(row["locales"])), Text(held)
        )
    Console().print(table if rows else "Nobody.")


@app.command()
def explain(
    segment: _Segment,
    locale: Annotated[str, typer.Option(help="In which language, as ar-MA, fr-MA or en.")] = "en",
    plan: Annotated[
        bool, typer.Option("--plan", help="Also tell how it is looked for, and by which indexes.")
    ] = False,
    json: _Json = False,
) -> None:
    """Say in words whom a segment or an expression selects, and how many they are."""
    from broadcaster.audience.explained import counted
    from broadcaster.audience.explained import explain as told
    from broadcaster.audience.expression import canonical
    from broadcaster.bootstrap import speech
    from broadcaster.settings import load

    spoken = speech(load(), locale)
    with _runtime() as runtime:
        known = runtime.audience.knowledge()
        tree = _tree(runtime, known, segment)
        expression = canonical(tree)
        found = runtime.customers.count(expression)
        course = runtime.customers.plan(expression) if plan else None
    words = told(tree, known.catalogue, spoken)
    figures: dict[str, object] = {
        "segment": segment,
        "expression": expression,
        "locale": spoken.locale.tag,
        "words": words,
        "customers": found,
    }
    if course:
        figures["plan"] = {"steps": course.steps, "indexes": course.indexes}
    if json:
        typer.echo(_dump(figures))
        return
    typer.echo(f"{words}\n{counted(found, spoken)}")
    if course:
        typer.echo("\n".join(["", *course.steps, "", course.account]))


@app.command()
def delete(name: _Name, json: _Json = False) -> None:
    """Delete a segment that stands in no other; campaigns made before keep theirs."""
    with _runtime() as runtime:
        runtime.segments.delete(name)
    typer.echo(_dump({"deleted": name}) if json else f"{name} is deleted.")


def _runtime() -> Any:  # noqa: ANN401  (a context manager of Runtime; typing it would load it)
    from broadcaster import bootstrap
    from broadcaster.settings import load

    return bootstrap.running(load())


def _read(path: Path) -> str:
    """Read a form; InvalidInputError when there is none, or it is no text."""
    try:
        if str(path) == "-":
            octets = sys.stdin.buffer.read(_LONGEST_FORM + 1)
        else:
            with path.open("rb") as stream:
                octets = stream.read(_LONGEST_FORM + 1)
        if len(octets) > _LONGEST_FORM:
            problem = f"is longer than {_LONGEST_FORM:,} octets"
            raise InvalidInputError("--form", problem, "Divide the segment.")
        return octets.decode("utf-8-sig")
    except OSError as error:
        problem = f"{path} can't be read: {error.strerror}"
        raise InvalidInputError("--form", problem, "Name a file of JSON.") from error
    except UnicodeDecodeError as error:
        raise InvalidInputError("--form", "is not UTF-8", "Save it as UTF-8.") from error


def _expression(runtime: "Runtime", text: str) -> str:
    from broadcaster.audience.expression import canonical

    return canonical(_tree(runtime, runtime.audience.knowledge(), text))


def _tree(runtime: "Runtime", known: "Knowledge", text: str) -> "Expression":
    """Take a saved name, or else an expression; the fault of what was more likely meant."""
    try:
        return known.parse(runtime.segments.get(text).expression)
    except NotFoundError as missing:
        try:
            return known.parse(text)
        except InvalidInputError as wrong:
            # One word is a name; anything with an operator or a quote is an expression.
            meant = wrong if any(sign in text for sign in '=<>"()') else missing
            raise meant from None


def _shown(one: "Seen", *, whole: bool) -> dict[str, Any]:
    """Give a customer for people; of a name only its beginning unless it is to be whole."""
    name = one.name if whole else f"{one.name[:1]}…"
    shown: dict[str, Any] = {"number": one.number, "name": name, "locales": list(one.locales)}
    if whole:
        shown["name_latin"] = one.name_latin
    return {**shown, "attributes": dict(one.attributes)}


def _plain(value: object) -> str:
    from broadcaster.audience.places import as_place, written_place

    if place := as_place(value):
        return written_place(place)
    if isinstance(value, list):
        return " ".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _dump(figures: object) -> bytes:
    return json_module.dumps(figures, ensure_ascii=False).encode()
