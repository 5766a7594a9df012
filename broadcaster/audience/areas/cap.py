"""An area as CAP 1.2 says it (OASIS, section 3.2.4): areaDesc, polygon and circle.

CAP has no holes: a polygon stands for its outer ring, so those in a hole are in CAP's area and not
among our customers; that is said in a note. It writes latitude first, and kilometres. A list has
neither: its areaDesc is all that can be said.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from broadcaster.audience.areas.shape import Point, Ring, degrees
from broadcaster.audience.areas.version import Sort, Version

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"


@dataclass(frozen=True, kw_only=True, slots=True)
class CapArea:
    """What an `<area>` holds, and what it leaves out."""

    description: str
    polygons: Sequence[str]
    circles: Sequence[str]
    notes: Sequence[str]


def cap_area(version: Version) -> CapArea:
    """Say an area in words of CAP."""
    notes = []
    if version.sort is Sort.LIST:
        notes.append(
            f"{version.name} is a list of values of {version.listed.attribute}; CAP has no way"
            " to say that but its description."
        )
    holes = sum(len(one.holes) for one in version.shape)
    if holes:
        notes.append(
            "CAP knows no holes: its polygons are the outer rings, and customers in the"
            f" {'hole' if holes == 1 else f'{holes:,} holes'} are not in the area."
        )
    circles = []
    if version.sort is Sort.CIRCLE:
        circle = version.circle
        circles.append(f"{_pair((circle.x, circle.y))} {_number(circle.metres / 1000)}")
    return CapArea(
        description=version.name,
        polygons=[_polygon(one.shell) for one in version.shape],
        circles=circles,
        notes=notes,
    )


def cap_xml(area: CapArea) -> str:
    """Write the element, in CAP's order and namespace."""
    element = Element("area", {"xmlns": NAMESPACE})
    SubElement(element, "areaDesc").text = area.description
    for name, texts in (("polygon", area.polygons), ("circle", area.circles)):
        for text in texts:
            SubElement(element, name).text = text
    indent(element)
    return tostring(element, encoding="unicode")


def _polygon(shell: Ring) -> str:
    return " ".join(_pair(point) for point in (*shell, shell[0]))


def _pair(point: Point) -> str:
    x, y = point
    return f"{_number(degrees(y))},{_number(degrees(x))}"


def _number(value: float) -> str:
    """Write without an exponent, which CAP's readers need not know."""
    return f"{value:.7f}".rstrip("0").rstrip(".")
