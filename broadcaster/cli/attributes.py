"""`broadcaster attributes`: what is known of customers, defined by the utility itself."""

import json as json_module
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from broadcaster.errors import InvalidInputError

if TYPE_CHECKING:
    from broadcaster.audience.attributes import Attribute, Kind, Labels

app = typer.Typer(add_completion=False, no_args_is_help=True)

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)

_By = Annotated[str, typer.Option(help="Who does it, for the audit.", envvar="USER")]
_Json = Annotated[bool, typer.Option("--json", help="Print as JSON.")]
_Name = Annotated[str, typer.Argument(help="The name in segments and files, as meter_size.")]
_Label = Annotated[list[str] | None, typer.Option("--label", help="What people read: fr=piscines.")]
_Choice = Annotated[
    list[str] | None,
    typer.Option("--choice", help='A choice and its labels: "gold: ar=ذهبي, fr=or, en=gold".'),
]


@app.callback()
def _group() -> None:
    """List, add, change and remove attributes of customers.

    An attribute is a column of imports, a name in segments and a labelled field for people, from
    the moment it is added. Kinds: text, number, date, choice, set, boolean, location.
    """


@app.command(name="list")
def list_(json: _Json = False) -> None:
    """List the attributes, in the order in which they are shown."""
    with _runtime() as runtime:
        catalogue = runtime.definitions.catalogue()
    if json:
        _print([_figures(name, one) for name, one in catalogue.attributes.items()])
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("name", "kind", "label", "choices", box=None, pad_edge=False)
    for name, one in catalogue.attributes.items():
        kind = f"{one.kind} (retired)" if one.retired else one.kind.value
        table.add_row(name, kind, Text(one.label("en")), Text(", ".join(one.choices)))
    Console().print(table if catalogue.attributes else "No attributes yet.")


@app.command()
def show(name: _Name, json: _Json = False) -> None:
    """Show one with its labels in every language."""
    with _runtime() as runtime:
        one = runtime.definitions.get(name)
    _tell(name, one, json=json)


@app.command()
def add(
    name: _Name,
    kind: Annotated[
        str, typer.Option(help="text, number, date, choice, set, boolean or location.")
    ],
    label: _Label = None,
    choice: _Choice = None,
    by: _By = "operator",
    json: _Json = False,
) -> None:
    """Add one: give it a label in ar, fr and en, and choices where it has some."""
    from broadcaster.audience.attributes import Attribute

    one = Attribute(kind=_kind(kind), labels=_labels(label or []), choices=_choices(choice or []))
    with _runtime() as runtime:
        runtime.definitions.add(name, one, by)
        kept = runtime.definitions.get(name)
    _tell(name, kept, json=json)


@app.command()
def change(
    name: _Name,
    kind: Annotated[str, typer.Option(help="Only while no customer has a value.")] = "",
    label: _Label = None,
    choice: _Choice = None,
    without: Annotated[
        list[str] | None, typer.Option("--without-choice", help="A choice that nobody has.")
    ] = None,
    retired: Annotated[
        bool | None,
        typer.Option("--retire/--revive", help="Offer it no more, and keep its values."),
    ] = None,
    by: _By = "operator",
    json: _Json = False,
) -> None:
    """Change labels, add or change choices, take away what nobody uses, or retire one."""
    gone = set(without or [])
    labels, choices = _labels(label or []), _choices(choice or [])

    def changed(before: "Attribute") -> "Attribute":
        missing = sorted(gone - before.choices.keys())
        if missing:
            remedy = f"It has {', '.join(before.choices) or 'none'}."
            raise InvalidInputError("--without-choice", f"there is no {missing[0]!r}", remedy)
        kept = {one: said for one, said in before.choices.items() if one not in gone}
        return replace(
            before,
            kind=_kind(kind) if kind else before.kind,
            labels={**before.labels, **labels},
            choices={**kept, **choices},
            retired=before.retired if retired is None else retired,
        )

    with _runtime() as runtime:
        after = runtime.definitions.change(name, by, changed)
    _tell(name, after, json=json)


@app.command()
def remove(
    name: _Name,
    with_values: Annotated[
        bool, typer.Option("--with-values", help="Remove it from customers too; no way back.")
    ] = False,
    by: _By = "operator",
    json: _Json = False,
) -> None:
    """Remove one that no segment asks for."""
    with _runtime() as runtime:
        gone = runtime.definitions.remove(name, by, with_values=with_values)
    if json:
        _print({"removed": name, "values": gone})
    else:
        typer.echo(f"{name} is removed, and its value from {gone:,} customers.")


def _runtime() -> Any:  # noqa: ANN401  (a context manager of Runtime; typing it would load it)
    from broadcaster import bootstrap
    from broadcaster.settings import load

    return bootstrap.running(load())


def _kind(word: str) -> "Kind":
    from broadcaster.audience.attributes import Kind

    try:
        return Kind(word.strip().lower())
    except ValueError as error:
        remedy = f"Use one of {', '.join(Kind)}."
        raise InvalidInputError("--kind", f"{word!r} is unknown", remedy) from error


def _labels(words: Sequence[str], field: str = "--label") -> "Labels":
    labels: dict[str, str] = {}
    for word in words:
        language, sign, label = word.partition("=")
        if not sign:
            raise InvalidInputError(field, f"{word!r} has no =", "Write it as in fr=piscines.")
        if labels.setdefault(language.strip(), label.strip()) != label.strip():
            problem = f"the language {language.strip()} is there twice"
            raise InvalidInputError(field, problem, "Keep one of them.")
    return labels


def _choices(words: Sequence[str]) -> Mapping[str, "Labels"]:
    choices: dict[str, Labels] = {}
    for word in words:
        name, _, rest = word.partition(":")
        if name.strip() in choices:
            problem = f"{name.strip()!r} is there twice"
            raise InvalidInputError("--choice", problem, "Keep one of them.")
        parts = [part for part in rest.split(",") if part.strip()]
        choices[name.strip()] = _labels(parts, "--choice")
    return choices


def _figures(name: str, one: "Attribute") -> dict[str, object]:
    return {
        "name": name,
        "kind": one.kind.value,
        "labels": dict(one.labels),
        "choices": [
            {"name": choice, "labels": dict(labels)} for choice, labels in one.choices.items()
        ],
        "retired": one.retired,
    }


def _tell(name: str, one: "Attribute", *, json: bool) -> None:
    if json:
        _print(_figures(name, one))
        return
    typer.echo(f"{name}: {one.kind}{', retired' if one.retired else ''}")
    typer.echo(f"  {_listed(one.labels)}")
    for choice, labels in one.choices.items():
        typer.echo(f"  {choice}: {_listed(labels)}")


def _listed(labels: "Labels") -> str:
    return ", ".join(f"{language}={label}" for language, label in labels.items())


def _print(figures: object) -> None:
    typer.echo(json_module.dumps(figures, ensure_ascii=False))
