"""A version of an area: what it is, by content; it never changes.

Only the number of a customer who is erased is taken out of a list of numbers (`privacy.listed`).
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from broadcaster.audience.areas import geojson
from broadcaster.audience.areas.pieces import Grid
from broadcaster.audience.areas.shape import Shape

#: So many digits of the hash tell versions of one name apart.
_SHORT = 12


class Sort(StrEnum):
    """How an area is given."""

    #: Polygons with holes.
    POLYGON = "polygon"
    #: A middle and a radius.
    CIRCLE = "circle"
    #: Values of an attribute: feeders, zones, streets.
    LIST = "list"


@dataclass(frozen=True, kw_only=True, slots=True)
class Circle:
    """A middle, on the grid of 1e-7 degree, and a radius."""

    x: int
    y: int
    metres: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """An attribute and the values of it that are in the area."""

    attribute: str
    values: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Version:
    """An area as it was at a time; `geometry` is GeoJSON, or a circle or list as JSON."""

    id: int
    name: str
    sort: Sort
    hash: str
    geometry: str
    source: str
    vertices: int
    square_km: float
    created_at: str

    @property
    def reference(self) -> str:
        """The name by which this version, and no later one, is meant."""
        return f"{self.name} #{self.hash[:_SHORT]}"

    @cached_property
    def shape(self) -> Shape:
        """The polygons; none unless it is given so."""
        return geojson.kept(self.geometry) if self.sort is Sort.POLYGON else ()

    @cached_property
    def circle(self) -> Circle:
        """The circle; ValueError unless it is one."""
        if self.sort is not Sort.CIRCLE:
            raise ValueError(self.sort)
        return Circle(**json.loads(self.geometry))

    @cached_property
    def listed(self) -> Listed:
        """The list; ValueError unless it is one."""
        if self.sort is not Sort.LIST:
            raise ValueError(self.sort)
        return Listed(**json.loads(self.geometry))


@dataclass(frozen=True, kw_only=True)
class Cells:
    """What the lookup of a version of polygons needs beside its pieces."""

    grid: Grid
    cells: bytes


def digest(sort: Sort, geometry: str) -> str:
    """Hash what an area is: where, and nothing else, so the same file again is the same version."""
    return hashlib.sha256(f"{sort.value}\n{geometry}".encode()).hexdigest()


def circle_text(circle: Circle) -> str:
    """Write a circle in its one form."""
    return json.dumps({"x": circle.x, "y": circle.y, "metres": circle.metres})


def list_text(listed: Listed) -> str:
    """Write a list in its one form."""
    values = sorted(set(listed.values))
    return json.dumps({"attribute": listed.attribute, "values": values}, ensure_ascii=False)


def parted(reference: str) -> tuple[str, str | None]:
    """Part the name of a version into the area's and the beginning of a hash, if it has one."""
    name, mark, digits = reference.rpartition(" #")
    if mark and len(digits) == _SHORT and set(digits) <= set("0123456789abcdef"):
        return name, digits
    return reference, None
