"""`broadcaster segments`: save, list, check and count segments."""

import json as json_module
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from broadcaster.bootstrap import Runtime

app = typer.Typer(add_completion=False, no_args_is_help=True)

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)

_Json = Annotated[bool, typer.Option("--json", help="Print as JSON.")]
_EXAMPLE = 'An expression, as: services has "water" and not district in ("Anfa", "Maârif")'


@app.callback()
def _group() -> None:
    """Save, list, check and count segments.

    A segment is an expression over what is known of customers: attribute = value, with !=, <, <=,
    >, >=; attribute in (value, value); set has value; joined by and, or, not and brackets; or all.
    Texts stand in double quotes, dates are 2020-03-20. Who has no value is selected by no
    comparison.
    """


@app.command()
def save(
    name: Annotated[str, typer.Argument(help="The segment's name.")],
    expression: Annotated[str, typer.Argument(help=_EXAMPLE)],
    json: _Json = False,
) -> None:
    """Save a segment, or change the one of that name; campaigns made before keep theirs."""
    from broadcaster import bootstrap
    from broadcaster.settings import load

    with bootstrap.running(load()) as runtime:
        segment = runtime.segments.save(name, expression)
        found = runtime.customers.count(segment.expression)
    figures = {"name": segment.name, "expression": segment.expression, "customers": found}
    sentence = f"{segment.name}: {segment.expression} ({found:,} customers now)"
    typer.echo(_dump(figures) if json else sentence)


@app.command(name="list")
def list_(json: _Json = False) -> None:
    """List the saved segments."""
    from broadcaster import bootstrap
    from broadcaster.settings import load

    with bootstrap.running(load()) as runtime:
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
def check(expression: Annotated[str, typer.Argument(help=_EXAMPLE)], json: _Json = False) -> None:
    """Check an expression and print it in its canonical form; nothing is saved."""
    from broadcaster import bootstrap
    from broadcaster.audience.expression import canonical
    from broadcaster.audience.query import parse
    from broadcaster.settings import load

    with bootstrap.running(load()) as runtime:
        text = canonical(parse(expression, runtime.definitions.catalogue()))
    typer.echo(_dump({"valid": True, "expression": text}) if json else text)


@app.command()
def count(
    segment: Annotated[
        str, typer.Argument(metavar="NAME|EXPRESSION", help="A saved segment, or an expression.")
    ],
    json: _Json = False,
) -> None:
    """Count whom a segment or an expression selects."""
    from broadcaster import bootstrap
    from broadcaster.settings import load

    with bootstrap.running(load()) as runtime:
        expression = _expression(runtime, segment)
        found = runtime.customers.count(expression)
    figures = {"segment": segment, "expression": expression, "customers": found}
    typer.echo(_dump(figures) if json else f"{found:,}")


def _expression(runtime: "Runtime", text: str) -> str:
    """Take a saved name, or else an expression; the fault of what was more likely meant."""
    from broadcaster.audience.expression import canonical
    from broadcaster.audience.query import parse
    from broadcaster.errors import InvalidInputError, NotFoundError

    try:
        return runtime.segments.get(text).expression
    except NotFoundError as missing:
        try:
            return canonical(parse(text, runtime.definitions.catalogue()))
        except InvalidInputError as wrong:
            # One word is a name; anything with an operator or a quote is an expression.
            meant = wrong if any(sign in text for sign in '=<>"()') else missing
            raise meant from None


def _dump(figures: object) -> bytes:
    return json_module.dumps(figures, ensure_ascii=False).encode()
