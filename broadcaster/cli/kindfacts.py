"""`broadcaster kinds facts`: what a kind has to be told, and a file to begin with."""

import json as json_
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from broadcaster.errors import InvalidInputError

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)
if TYPE_CHECKING:
    from broadcaster.render.factsheet import Asked


def facts(
    kind: Annotated[str, typer.Argument(help="The kind; 'kinds list' shows them.")],
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    toml: Annotated[
        bool, typer.Option("--toml", help="Print a file of samples, for campaigns create --facts.")
    ] = False,
) -> None:
    """Show the facts that a kind takes: what each is, whether it is needed, how it is written."""
    from broadcaster import bootstrap
    from broadcaster.render.factsheet import asked, sample_file
    from broadcaster.settings import load

    if json and toml:
        raise InvalidInputError("--toml", "is one form, and --json another", "Say one of them.")
    library = bootstrap.kind_checker(load()).renderer.library
    found = library.kind(kind)
    rows = asked(found, library.shared)
    if toml:
        typer.echo(sample_file(found, rows, datetime.now(UTC)), nl=False)
    elif json:
        typer.echo(json_.dumps([_described(one) for one in rows], ensure_ascii=False, indent=2))
    else:
        _show(rows)
        typer.echo(f"'broadcaster kinds facts {kind} --toml > facts.toml' gives a file to fill in.")


def _described(one: "Asked") -> dict[str, object]:
    fact = one.fact
    return {
        "name": fact.name,
        "label": one.label,
        "labels": dict(fact.labels),
        "type": fact.type.value,
        "needed": one.needed,
        "form": fact.form,
        "example": one.example,
        "choices": list(fact.choices),
        "choice_labels": {one: dict(said) for one, said in fact.choice_labels.items()},
        "lapses": fact.lapses,
        "default": fact.default,
        "shared": one.shared,
        "max_length": fact.max_length,
    }


def _show(rows: "tuple[Asked, ...]") -> None:
    from broadcaster.cli.grids import show

    cells = [(one.fact.name, one.label, _needed(one), _written(one)) for one in rows]
    show(("fact", "what it is", "needed", "how it is written"), cells, whole=(0,))


def _needed(one: "Asked") -> str:
    if one.needed:
        return "yes, must lie ahead" if one.fact.lapses else "yes"
    if one.fact.default is None:
        return "no"
    return "no, shared" if one.shared else "no"


def _written(one: "Asked") -> str:
    fact = one.fact
    if fact.choices:
        said = (f"{one} ({fact.choice_label(one, 'en')})" for one in fact.choices)
        return f"{fact.type.value}: {', '.join(said)}"
    if fact.default is not None:
        return f"{fact.type.value}; without: {one.default}"
    return f"{fact.type.value}, as {one.example}"
