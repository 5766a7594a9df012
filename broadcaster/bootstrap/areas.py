"""Areas from files, and what is told of them: for commands and pages alike."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from broadcaster.domain.saying import said
from broadcaster.errors import InvalidInputError

# Adapters are imported where they are built: a command loads only what it uses, and starts fast.
# ruff: noqa: PLC0415
if TYPE_CHECKING:
    from broadcaster.audience.areas.asking import Extent
    from broadcaster.audience.areas.preparing import Ready
    from broadcaster.audience.areas.version import Version
    from broadcaster.audience.areas.writing import Saved
    from broadcaster.bootstrap.runtime import Runtime
    from broadcaster.settings import Settings

#: Of how many strange values of a list the likely ones are looked for.
_LIKELY = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class ListTold:
    """What became of a list; `strange` are values that no customer has, with the likely ones."""

    area: str
    outcome: str
    values: int
    customers: int
    strange: Mapping[str, str | None]


def read_shapes(
    settings: "Settings",
    file: Path,
    *,
    source: Path | None = None,
    name: str = "",
    name_property: str = "",
    repair: bool = False,
) -> Sequence["Ready"]:
    """Read and check the areas of a GeoJSON file, all or none; InvalidInputError.

    `source` is what the file is called, where that is not its own name.
    """
    from broadcaster.audience.areas.geojson import read_file
    from broadcaster.audience.areas.preparing import prepared

    return prepared(
        read_file(file, close=repair),
        source or file,
        name=name,
        name_property=name_property,
        repair=repair,
        region=settings.region,
    )


def import_lists(
    runtime: "Runtime", file: Path, *, name: str = "", source: str = "", encoding: str, by: str = ""
) -> tuple[str, Sequence[ListTold]]:
    """Read and store lists; the attribute, and what became of each. InvalidInputError."""
    from broadcaster.audience.areas.lists import AREA, read_lists
    from broadcaster.audience.areas.rows import name_of
    from broadcaster.audience.areas.version import Listed

    called = source or file.name
    attribute, lists = read_lists(file, runtime.definitions.catalogue(), encoding)
    if name and "" not in lists:
        problem = said("can't stand beside the file's column %(area)s", area=repr(AREA))
        raise InvalidInputError("--name", problem, said("Leave it out."))
    named: dict[str, Listed] = {}
    for area, values in lists.items():
        title = name_of(area or name or Path(called).stem)
        before = named[title].values if title in named else []
        named[title] = Listed(attribute=attribute, values=[*before, *values])
    saved = runtime.areas.save_lists(named, called, by)
    return attribute, [_list_told(runtime, one) for one in saved]


def _list_told(runtime: "Runtime", saved: "Saved") -> ListTold:
    listed = saved.version.listed
    strange, known = runtime.area_questions.strangers(listed)
    likely = {}
    for place, value in enumerate(strange):
        # Looking for what was meant takes its time; the first ones show what is wrong.
        close = difflib.get_close_matches(value, known, n=1) if place < _LIKELY else []
        likely[value] = close[0] if close else None
    return ListTold(
        area=saved.version.name,
        outcome=saved.became,
        values=len(listed.values),
        customers=runtime.area_questions.count(saved.version)["inside"],
        strange=likely,
    )


def extent(runtime: "Runtime", version: "Version") -> "Extent | None":
    """Give what a map of an area shows; None for a list of whose customers no place is known."""
    from broadcaster.audience.areas.picture import extent_of, with_room

    found = extent_of(version)
    if found is not None:
        return found
    people = runtime.area_questions.extent(version)
    return None if people is None else with_room(people)
