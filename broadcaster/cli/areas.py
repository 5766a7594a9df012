"""`broadcaster areas`: import, draw, count and show areas."""

import json as json_module
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False, no_args_is_help=True)

# ruff: noqa: PLC0415  (nothing heavy is loaded before it is needed)

_By = Annotated[str, typer.Option(help="Who does it, for the audit.", envvar="USER")]
_Json = Annotated[bool, typer.Option("--json", help="Print as JSON.")]
_Name = Annotated[str, typer.Argument(help="The area's name.")]


@app.callback()
def _group() -> None:
    """Import, draw, count and show areas.

    An area is polygons of a GeoJSON file, a circle, or a list of values such as feeders. Segments
    ask about it: location in area "Old town". Whoever lives on a border is inside.
    """


@app.command(name="import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE.geojson", help="The file to read.")],
    name: Annotated[str, typer.Option(help="Join all that is in the file to one area.")] = "",
    name_property: Annotated[
        str, typer.Option(help="Make an area of each feature, named by this property.")
    ] = "",
    repair: Annotated[
        bool, typer.Option("--repair", help="Mend borders that cross themselves, and say how.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check the file, store nothing, need no server.")
    ] = False,
    json: _Json = False,
) -> None:
    """Import areas from GeoJSON (RFC 7946), in WGS 84; all areas of the file or none.

    An area of a known name is changed; campaigns that were approved keep the one they have.
    """
    from broadcaster.cli.area_import import run_geojson

    run_geojson(
        file, name=name, name_property=name_property, repair=repair, dry_run=dry_run, json=json
    )


@app.command()
def import_list(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="The file to read.")],
    name: Annotated[
        str, typer.Option(help="The area's name; where the file has no column 'area'.")
    ] = "",
    encoding: Annotated[str, typer.Option(help="auto, utf-8, utf-16, cp1252 or cp1256.")] = "auto",
    json: _Json = False,
) -> None:
    """Import areas that are lists: every feeder, network zone, district or street in a CSV file.

    The first row names the attribute; a column 'area' beside it says which area each value is of.
    Values that no customer has are told.
    """
    from broadcaster.cli.area_import import run_list

    run_list(file, name=name, encoding=encoding, json=json)


@app.command()
def circle(
    name: _Name,
    at: Annotated[str, typer.Option(metavar="LATITUDE,LONGITUDE", help="The middle: 33.59,-7.62.")],
    radius: Annotated[float, typer.Option(help="Metres, from 1 to 100,000.")],
    json: _Json = False,
) -> None:
    """Make an area of everything within a distance of a place, on the WGS 84 ellipsoid."""
    from broadcaster.cli.area_import import run_circle

    run_circle(name, at, radius, json=json)


@app.command(name="list")
def list_(json: _Json = False) -> None:
    """List the areas."""
    from broadcaster import bootstrap
    from broadcaster.cli.area_tables import figures_of, show_areas
    from broadcaster.settings import load

    with bootstrap.running(load()) as runtime:
        versions = runtime.areas.list()
    if json:
        typer.echo(_dump([figures_of(one) for one in versions]))
    else:
        show_areas(versions)


@app.command()
def offer(
    name: _Name,
    no: Annotated[
        bool, typer.Option("--no", help="Offer it no more; who follows goes on.")
    ] = False,
    by: _By = "operator",
) -> None:
    """Let the public follow an area on your pages, under its name as it is."""
    from broadcaster import bootstrap
    from broadcaster.settings import load

    with bootstrap.running(load()) as runtime:
        found = runtime.areas.get(name)
        runtime.own_page.offer(found.name, by, offered=not no)
    typer.echo(f"{found.name}: {'not offered any more' if no else 'may be followed'}.")


@app.command()
def show(
    name: _Name,
    cap: Annotated[bool, typer.Option("--cap", help="Print it as an <area> of CAP 1.2.")] = False,
    geojson: Annotated[
        bool, typer.Option("--geojson", help="Print its polygons as GeoJSON.")
    ] = False,
    json: _Json = False,
) -> None:
    """Show what an area is; of a name with its hash, that version."""
    from broadcaster import bootstrap
    from broadcaster.audience.areas.cap import cap_area, cap_xml
    from broadcaster.cli.area_tables import figures_of, geometry_of, show_area
    from broadcaster.settings import load

    with bootstrap.running(load()) as runtime:
        version = runtime.areas.get(name)
    said = cap_area(version)
    if geojson:
        typer.echo(geometry_of(version))
    elif json:
        parts = {
            "areaDesc": said.description,
            "polygon": said.polygons,
            "circle": said.circles,
            "notes": said.notes,
        }
        typer.echo(_dump({**figures_of(version), **({"cap": parts} if cap else {})}))
    elif cap:
        typer.echo(cap_xml(said))
        for note in said.notes:
            typer.echo(f"note: {note}", err=True)
    else:
        show_area(version)


@app.command()
def delete(name: _Name, json: _Json = False) -> None:
    """Delete an area that no saved segment asks about; campaigns keep theirs."""
    from broadcaster import bootstrap
    from broadcaster.settings import load

    with bootstrap.running(load()) as runtime:
        runtime.areas.delete(name)
    typer.echo(_dump({"deleted": name}) if json else f"{name} is deleted.")


@app.command()
def count(name: _Name, json: _Json = False) -> None:
    """Count the customers in an area."""
    from broadcaster import bootstrap
    from broadcaster.audience.areas.version import Sort
    from broadcaster.settings import load

    with bootstrap.running(load()) as runtime:
        version = runtime.areas.get(name)
        found = runtime.area_questions.count(version)
    if json:
        typer.echo(_dump({"area": version.name, **found}))
        return
    unknown = f"; the place of {found['without_place']:,} is not known"
    placed = "" if version.sort is Sort.LIST else unknown
    typer.echo(f"{found['inside']:,} of {found['customers']:,} customers{placed}")


@app.command()
def explain(name: _Name, json: _Json = False) -> None:
    """Count the customers in an area and show how the database finds them."""
    from broadcaster import bootstrap
    from broadcaster.audience.areas.version import Sort
    from broadcaster.settings import load

    with bootstrap.running(load()) as runtime:
        version = runtime.areas.get(name)
        polygons = version.sort is Sort.POLYGON
        pieces = runtime.areas.pieces(version.id) if polygons else 0
        cells = runtime.areas.cells(version.id) if polygons else None
        plan = runtime.area_questions.explain(version)
    kinds = [cells.cells.count(state) for state in range(3)] if cells else [0, 0, 0]
    figures = {"outside": kinds[0], "inside": kinds[1], "on_border": kinds[2], "pieces": pieces}
    if json:
        typer.echo(_dump({"area": version.reference, "cells": figures, "plan": list(plan)}))
        return
    if cells:
        typer.echo(
            f"{version.reference}: {kinds[1]:,} cells inside, {kinds[2]:,} on the border with"
            f" {pieces:,} pieces, {kinds[0]:,} outside."
        )
    typer.echo("\n".join(plan))


@app.command()
def picture(
    name: _Name,
    out: Annotated[Path, typer.Option(metavar="FILE.svg", help="Where to write the picture.")],
    json: _Json = False,
) -> None:
    """Draw an area and where customers live, in it and around it, as SVG; without names."""
    from broadcaster.cli.area_import import run_picture

    run_picture(name, out, json=json)


def _dump(figures: object) -> bytes:
    return json_module.dumps(figures, ensure_ascii=False).encode()
