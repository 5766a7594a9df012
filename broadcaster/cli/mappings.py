"""`broadcaster mappings`: say once which column of a file is what, and what its words mean."""

import json as json_module
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False, no_args_is_help=True)

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)

_Json = Annotated[bool, typer.Option("--json", help="Print as JSON.")]
_Name = Annotated[str, typer.Argument(metavar="NAME", help="The mapping's name.")]


@app.callback()
def _group() -> None:
    """Say once which column of a file is what, and what its words mean."""


@app.command()
def suggest(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV, TSV, XLSX or ODS; - for standard input.")
    ],
    output: Annotated[
        Path | None, typer.Option(help="Write the mapping to this file, to be changed and saved.")
    ] = None,
    region: Annotated[str, typer.Option(help="Where telephone numbers would be dialled.")] = "",
    encoding: Annotated[str, typer.Option(help="As in 'customers import'.")] = "auto",
    separator: Annotated[str, typer.Option(help="auto, comma, semicolon, tab or bar.")] = "auto",
    sheet: Annotated[str, typer.Option(metavar="NAME", help="The sheet of a workbook.")] = "",
    json: _Json = False,
) -> None:
    """Look at the first rows of a file, and say what its columns probably are."""
    from broadcaster.audience.mapping import write_mapping
    from broadcaster.audience.sheets.sheet import Wanted
    from broadcaster.audience.suggesting import as_mapping
    from broadcaster.cli.suggestions import looked_at, shown, written

    wanted = Wanted(encoding=encoding, separator=separator, sheet=sheet)
    found = looked_at(file, wanted, region)
    text = write_mapping(as_mapping(found, wanted, region))
    if output:
        written(output, text)
    if json:
        typer.echo(text)
        return
    shown(found)
    if output:
        typer.echo(f"Written to {output}. Change it, and: broadcaster mappings save NAME {output}")


@app.command()
def save(
    name: _Name,
    file: Annotated[Path, typer.Argument(metavar="FILE.json", help="As 'suggest' writes it.")],
    json: _Json = False,
) -> None:
    """Save a mapping from a file, or change the one of that name."""
    from broadcaster import bootstrap
    from broadcaster.audience.columns import known_columns
    from broadcaster.audience.mapping import read_mapping
    from broadcaster.cli.suggestions import read_text
    from broadcaster.settings import load

    text = read_text(file)
    with bootstrap.running(load()) as runtime:
        mapping = read_mapping(text, known_columns(runtime.definitions.catalogue()))
        runtime.mappings.save(name, mapping)
    used = [use.column for use in mapping.uses if use.column]
    figures = {"name": name, "columns": used}
    sentence = f"{name}: {len(used)} columns ({', '.join(used)})."
    typer.echo(json_module.dumps(figures, ensure_ascii=False) if json else sentence)


@app.command(name="list")
def list_(json: _Json = False) -> None:
    """List the saved mappings."""
    from broadcaster import bootstrap
    from broadcaster.settings import load

    with bootstrap.running(load()) as runtime:
        names = list(runtime.mappings.list())
    empty = "No mappings yet. 'mappings suggest FILE' begins one."
    typer.echo(json_module.dumps(names, ensure_ascii=False) if json else "\n".join(names) or empty)


@app.command()
def show(name: _Name) -> None:
    """Print a mapping as JSON, as 'save' takes it."""
    from broadcaster import bootstrap
    from broadcaster.audience.mapping import write_mapping
    from broadcaster.settings import load

    with bootstrap.running(load()) as runtime:
        typer.echo(write_mapping(runtime.mappings.get(name)))


@app.command()
def delete(name: _Name) -> None:
    """Delete a mapping; what was imported with it stays."""
    from broadcaster import bootstrap
    from broadcaster.settings import load

    with bootstrap.running(load()) as runtime:
        runtime.mappings.delete(name)
    typer.echo(f"{name} was deleted.")
