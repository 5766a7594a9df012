"""The course of `areas import`, `import-list`, `circle` and `picture`."""

import json as json_module
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import typer

from broadcaster import bootstrap
from broadcaster.audience.areas.circle import checked
from broadcaster.audience.areas.countries import outside, swapped
from broadcaster.audience.areas.picture import BINS, svg
from broadcaster.audience.areas.preparing import Ready
from broadcaster.audience.areas.rows import name_of
from broadcaster.audience.areas.shape import square_km, vertices
from broadcaster.bootstrap.areas import extent, import_lists, read_shapes
from broadcaster.cli.area_tables import many
from broadcaster.cli.progress import counted
from broadcaster.errors import InvalidInputError
from broadcaster.settings import load

#: How many strange values of a list, and how many notes on an area, are shown.
_SHOWN = 10
_DEGREES = re.compile(
    r"\s*(-?\d{1,3}(?:\.\d{1,17})?)\s*[,; ]\s*(-?\d{1,3}(?:\.\d{1,17})?)\s*", re.ASCII
)


def run_geojson(
    file: Path, *, name: str, name_property: str, repair: bool, dry_run: bool, json: bool
) -> None:
    """Read, check and store areas; nothing is stored unless all of them can be."""
    settings = load()
    ready = read_shapes(settings, file, name=name, name_property=name_property, repair=repair)
    if dry_run:
        _tell([_Told(one, "good", None) for one in ready], json=json)
        return
    with bootstrap.running(settings) as runtime:
        shapes = ((one.name, one.shape) for one in ready)
        with counted(shapes, len(ready), "Storing areas") as shown:
            saved = runtime.areas.save_shapes(shown, file.name)
        told = []
        for one, stored in zip(ready, saved, strict=True):
            inside = runtime.area_questions.count(stored.version)["inside"]
            told.append(_Told(one, stored.became, inside))
    _tell(told, json=json)


@dataclass(frozen=True, slots=True)
class _Told:
    """What became of an area, for people and as figures; `inside` is None in a dry run."""

    ready: Ready
    became: str
    inside: int | None

    @property
    def holes(self) -> int:
        return sum(len(polygon.holes) for polygon in self.ready.shape)

    def figures(self) -> Mapping[str, object]:
        shape = self.ready.shape
        return {
            "area": self.ready.name,
            "outcome": self.became,
            "polygons": len(shape),
            "holes": self.holes,
            "vertices": vertices(shape),
            "square_km": round(square_km(shape), 4),
            "customers": self.inside,
            "notes": list(self.ready.notes),
        }

    def lines(self) -> Iterator[str]:
        shape, notes = self.ready.shape, self.ready.notes
        words = [self.became, many(len(shape), "polygon")]
        words += [many(self.holes, "hole")] if self.holes else []
        words += [many(vertices(shape), "vertex"), f"{square_km(shape):,.4g} km²"]
        words += [] if self.inside is None else [many(self.inside, "customer")]
        yield f"{self.ready.name}: {', '.join(words)}"
        yield from (f"  note: {note}" for note in notes[:_SHOWN])
        if len(notes) > _SHOWN:
            yield f"  and {len(notes) - _SHOWN:,} more notes; --json prints them all"


def _tell(told: Sequence[_Told], *, json: bool) -> None:
    if json:
        figures = [one.figures() for one in told]
        typer.echo(json_module.dumps(figures, ensure_ascii=False).encode())
        return
    for one in told:
        for line in one.lines():
            typer.echo(line)


def run_list(file: Path, *, name: str, encoding: str, json: bool) -> None:
    """Read and store lists, and tell which of their values no customer has."""
    if name:
        name_of(name)  # Before a server is started for nothing.
    with bootstrap.running(load()) as runtime:
        attribute, told = import_lists(runtime, file, name=name, encoding=encoding)
    if json:
        figures = [{"attribute": attribute, **asdict(one)} for one in told]
        typer.echo(json_module.dumps(figures, ensure_ascii=False).encode())
        return
    for one in told:
        typer.echo(
            f"{one.area}: {one.outcome}, {many(one.values, 'value')} of {attribute},"
            f" {many(one.customers, 'customer')}"
        )
        for value, near in list(one.strange.items())[:_SHOWN]:
            meant = f'; did you mean "{near}"?' if near else ""
            typer.echo(f'  note: no customer has "{value}"{meant}')
        if len(one.strange) > _SHOWN:
            typer.echo(f"  and {len(one.strange) - _SHOWN:,} more; --json prints them all")


def run_circle(name: str, at: str, radius: float, *, json: bool) -> None:
    """Store a circle."""
    written = _DEGREES.fullmatch(at)
    if written is None:
        problem = f"{at[:40]!r} is no place"
        raise InvalidInputError("--at", problem, "Write latitude,longitude as in 33.59,-7.62.")
    latitude, longitude = float(written[1]), float(written[2])
    checked(longitude, latitude, radius)  # Before a server is started for nothing.
    name_of(name)
    settings = load()
    with bootstrap.running(settings) as runtime:
        saved = runtime.areas.save_circle(name, longitude, latitude, radius)
        inside = runtime.area_questions.count(saved.version)["inside"]
    notes = list(_about(settings.region, longitude, latitude))
    figures: dict[str, object] = {
        "area": saved.version.name,
        "outcome": saved.became,
        "customers": inside,
        "notes": notes,
    }
    sentence = (
        f"{saved.version.name}: {saved.became}, {radius:,.0f} m around {latitude}, {longitude},"
        f" {many(inside, 'customer')}"
    )
    sentence = "\n  ".join([sentence, *notes])
    typer.echo(json_module.dumps(figures, ensure_ascii=False).encode() if json else sentence)


def _about(region: str, longitude: float, latitude: float) -> Iterator[str]:
    """Say what is strange about the middle of a circle."""
    if swapped(region, longitude, latitude):
        yield f"lies outside of {region}: latitude and longitude seem to be swapped"
    elif outside(region, longitude, latitude):
        yield f"lies outside of {region}"


def run_picture(name: str, out: Path, *, json: bool) -> None:
    """Draw an area."""
    if out.suffix.lower() != ".svg":
        raise InvalidInputError(
            "--out", f"{out} is no name of an SVG picture", "Let it end in .svg."
        )
    with bootstrap.running(load()) as runtime:
        version = runtime.areas.get(name)
        shown = extent(runtime, version)
        if shown is None:
            problem = f"of nobody in {version.name!r} the place is known"
            remedy = "Import latitude and longitude of customers first."
            raise InvalidInputError("area", problem, remedy)
        bins = runtime.area_questions.density(version, shown, BINS)
    try:
        out.write_text(svg(version, shown, bins), encoding="utf-8")
    except (OSError, ValueError) as error:
        problem = f"can't be written ({getattr(error, 'strerror', None) or 'no file name'})"
        raise InvalidInputError("--out", problem, "Name a place that can be written.") from error
    inside = sum(one.inside for one in bins)
    figures = {"area": version.name, "picture": str(out), "customers": inside}
    sentence = f"{out}: {version.name} with {many(inside, 'customer')} whose place is known"
    typer.echo(json_module.dumps(figures, ensure_ascii=False).encode() if json else sentence)
