"""How areas look on a terminal and as JSON."""

import json
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from broadcaster.audience.areas.circle import outline
from broadcaster.audience.areas.shape import box, degrees
from broadcaster.audience.areas.version import Sort, Version
from broadcaster.errors import InvalidInputError

#: How many values of a list are shown.
_SHOWN = 12


def many(count: int, word: str) -> str:
    """Write a number with its word: 1 polygon, 2 polygons, 1 vertex, 2 vertices."""
    several = f"{word[:-2]}ices" if word.endswith("ex") else f"{word}s"
    return f"{count:,} {word if count == 1 else several}"


def figures_of(version: Version) -> Mapping[str, object]:
    """Give what is known of an area, for JSON."""
    figures: dict[str, object] = {
        "area": version.name,
        "kind": version.sort.value,
        "version": version.reference,
        "source": version.source,
        "stored": version.created_at,
    }
    if version.sort is Sort.LIST:
        listed = version.listed
        return {**figures, "attribute": listed.attribute, "values": list(listed.values)}
    figures["square_km"] = round(version.square_km, 4)
    if version.sort is Sort.CIRCLE:
        circle = version.circle
        middle = {"latitude": degrees(circle.y), "longitude": degrees(circle.x)}
        return {**figures, **middle, "metres": circle.metres}
    west, south, east, north = (degrees(coordinate) for coordinate in box(version.shape))
    return {
        **figures,
        "polygons": len(version.shape),
        "holes": sum(len(one.holes) for one in version.shape),
        "vertices": version.vertices,
        "box": [west, south, east, north],
    }


def geometry_of(version: Version) -> str:
    """Give GeoJSON; a circle becomes a polygon of 64 corners, a list is refused."""
    if version.sort is Sort.LIST:
        problem = f"{version.name!r} is a list and has no polygons"
        raise InvalidInputError("--geojson", problem, "Use --json for its values.")
    if version.sort is Sort.POLYGON:
        return version.geometry
    circle = version.circle
    ring = [[x, y] for x, y in reversed(outline(circle.x, circle.y, circle.metres))]
    return json.dumps({"type": "Polygon", "coordinates": [[*ring, ring[0]]]})


def show_areas(versions: Sequence[Version], console: Console | None = None) -> None:
    """List areas."""
    table = Table("name", "kind", "what", "km²", "source", "stored", box=None, pad_edge=False)
    for one in versions:
        table.add_row(
            Text(one.name),
            one.sort.value,
            Text(_what(one)),
            "" if one.sort is Sort.LIST else f"{one.square_km:,.2f}",
            Text(one.source),
            one.created_at[:16].replace("T", " "),
        )
    empty = "No areas yet. 'areas import FILE.geojson' makes some."
    (console or Console()).print(table if versions else empty)


def show_area(version: Version, console: Console | None = None) -> None:
    """Show an area, a line for each thing."""
    table = Table(show_header=False, box=None, pad_edge=False)
    for name, value in figures_of(version).items():
        shown = value
        if name == "values" and isinstance(value, list):
            more = f" and {len(value) - _SHOWN:,} more" if len(value) > _SHOWN else ""
            shown = ", ".join(map(str, value[:_SHOWN])) + more
        elif name == "box" and isinstance(value, list):
            west, south, east, north = value
            shown = f"{south}, {west} to {north}, {east} (latitude, longitude)"
        table.add_row(name.replace("_", " "), Text(str(shown)))
    (console or Console()).print(table)


def _what(version: Version) -> str:
    if version.sort is Sort.LIST:
        return f"{many(len(version.listed.values), 'value')} of {version.listed.attribute}"
    if version.sort is Sort.CIRCLE:
        circle = version.circle
        return f"{circle.metres:,.0f} m around {degrees(circle.y):.4f}, {degrees(circle.x):.4f}"
    holes = sum(len(one.holes) for one in version.shape)
    holed = f", {many(holes, 'hole')}" if holes else ""
    return f"{many(len(version.shape), 'polygon')}{holed}, {many(version.vertices, 'vertex')}"
