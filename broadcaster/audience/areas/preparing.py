"""From what a GeoJSON file holds to named shapes that can be stored, or the reason why not."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from broadcaster.audience.areas.countries import box_outside, box_swapped
from broadcaster.audience.areas.geojson import MOST_RINGS, Found
from broadcaster.audience.areas.mending import mended
from broadcaster.audience.areas.rows import name_of
from broadcaster.audience.areas.shape import Shape, box, square_km, vertices
from broadcaster.audience.areas.validity import faults
from broadcaster.domain.saying import Figure, said
from broadcaster.errors import InvalidInputError

#: How many properties and faults are named in a message.
_NAMED = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class Ready:
    """A named shape without faults, and what people should know about it."""

    name: str
    shape: Shape
    notes: Sequence[str]


def prepared(
    found: Sequence[Found],
    source: Path,
    *,
    name: str = "",
    name_property: str = "",
    repair: bool = False,
    region: str = "",
) -> list[Ready]:
    """Name and check what was read; InvalidInputError with the place of the first fault.

    One area under `name`, or one for each feature under the value of `name_property`; without both
    a file with one feature is named by its `name`, or by the file. With `repair` faults are mended
    and told. A shape outside of `region` is told, and taken all the same.
    """
    named = _named(found, source, name, name_property)
    return [
        _checked(one, shape, notes, repair=repair, region=region) for one, shape, notes in named
    ]


def _named(
    found: Sequence[Found], source: Path, name: str, name_property: str
) -> list[tuple[str, Shape, list[str]]]:
    if name and name_property:
        problem = said("can't stand beside --name-property")
        raise InvalidInputError("--name", problem, said("Give one of them."))
    if name_property:
        return _by_property(found, source, name_property)
    if len(found) > 1 and not name:
        listed = ", ".join(_properties(found)[:_NAMED]) or "none"
        problem = said("has %(found)s features", found=Figure(len(found)))
        remedy = said(
            "Say which property names them with --name-property (there are: %(listed)s), or join "
            "them to one area with --name.",
            listed=listed,
        )
        raise InvalidInputError(str(source), problem, remedy)
    own = found[0].properties.get("name")
    called = name or (own if isinstance(own, str) and own.strip() else source.stem)
    shape = tuple(polygon for one in found for polygon in one.shape)
    if sum(len(one.rings) for one in shape) > MOST_RINGS:
        problem = said("has more than %(most)s rings together", most=Figure(MOST_RINGS))
        raise InvalidInputError(str(source), problem, said("Import them as several areas."))
    return [(name_of(called), shape, [note for one in found for note in one.notes])]


def _by_property(
    found: Sequence[Found], source: Path, name_property: str
) -> list[tuple[str, Shape, list[str]]]:
    places: dict[str, str] = {}
    named = []
    for one in found:
        value = one.properties.get(name_property)
        where = one.where or "the feature"
        if isinstance(value, bool) or not isinstance(value, str | int):
            listed = ", ".join(_properties([one])[:_NAMED]) or "none"
            problem = said(
                "%(where)s: has no property %(name_property)s with a name",
                where=where,
                name_property=repr(name_property),
            )
            raise InvalidInputError(
                str(source), problem, said("Its properties are: %(listed)s.", listed=listed)
            )
        try:
            called = name_of(str(value))
        except InvalidInputError as error:
            problem = said(
                "%(where)s: its %(name_property)s %(problem)s",
                where=where,
                name_property=name_property,
                problem=error.problem,
            )
            raise InvalidInputError(str(source), problem, error.remedy) from error
        if called in places:
            problem = said(
                "%(where)s: is called %(called)s, as is %(places)s",
                where=where,
                called=repr(called),
                places=places[called],
            )
            remedy = said("Give them different names, or join them to one MultiPolygon.")
            raise InvalidInputError(str(source), problem, remedy)
        places[called] = where
        named.append((called, one.shape, list(one.notes)))
    return named


def _properties(found: Sequence[Found]) -> list[str]:
    """List properties that could be names, in their order."""
    names = (
        key
        for one in found
        for key, value in one.properties.items()
        if isinstance(value, str | int)
    )
    return list(dict.fromkeys(names))


def _checked(name: str, shape: Shape, notes: list[str], *, repair: bool, region: str) -> Ready:
    wrong = list(faults(shape))
    if wrong and not repair:
        problem = wrong[0]
        if len(wrong) > 1:
            problem = said("%(first)s, and %(count)s more", first=problem, count=len(wrong) - 1)
        remedy = said("Mend it in your map program, or let --repair do it and look at the change.")
        raise InvalidInputError(name, problem, remedy)
    if wrong:
        after = mended(shape)
        notes += wrong[:_NAMED]
        notes.append(_change(shape, after))
        shape = after
    if box_swapped(region, box(shape)):
        notes.append(
            said(
                "lies outside of %(region)s: latitude and longitude seem to be swapped",
                region=region,
            )
        )
    elif box_outside(region, box(shape)):
        notes.append(said("lies outside of %(region)s, or reaches beyond it", region=region))
    return Ready(name=name, shape=shape, notes=notes)


def _change(before: Shape, after: Shape) -> str:
    """Say how much mending changed, by surface as it was drawn."""
    drawn, left = square_km(before), square_km(after)
    # Turns of a ring in opposite directions cancel: then there is nothing to compare with.
    share = f", {(left - drawn) / drawn:+.2%}" if drawn > left / 100 else ""
    return (
        f"repaired: from {vertices(before):,} to {vertices(after):,} corners; now {left:,.4f}"
        f" square kilometres, by the rings as drawn {drawn:,.4f}{share}"
    )
