"""Pictures of a campaign: its rate as a line, and the districts that it reached; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

#: The paper, in units of its own; it is stretched to where it stands.
WIDTH, HEIGHT = 600, 100
#: How many shades a map has: each is a fifth of all.
SHADES = 5
#: The most corners that a map has; of more, each so many is drawn.
_CORNERS = 12_000


class Paced(Protocol):
    """Messages a second in `seconds` from a moment on."""

    @property
    def at(self) -> datetime:
        """Its beginning."""
        ...

    @property
    def seconds(self) -> int:
        """How long it is."""
        ...

    @property
    def rate(self) -> float:
        """Messages a second."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Curve:
    """A line of rates: as corners of an SVG path, its highest rate, and when it begins and ends."""

    line: str
    ground: str
    top: float
    begin: datetime
    end: datetime


def curve(points: Sequence[Paced]) -> Curve | None:
    """Draw rates as steps, from left to right; None where there are none."""
    if not points:
        return None
    top = max(point.rate for point in points) or 1.0
    step = WIDTH / len(points)
    corners = []
    for index, point in enumerate(points):
        y = HEIGHT - (HEIGHT - 4) * point.rate / top
        corners += [f"{index * step:.1f} {y:.1f}", f"{(index + 1) * step:.1f} {y:.1f}"]
    line = "M" + "L".join(corners)
    last = points[-1]
    return Curve(
        line=line,
        ground=f"{line}L{WIDTH} {HEIGHT}L0 {HEIGHT}Z",
        top=top,
        begin=points[0].at,
        end=last.at + timedelta(seconds=last.seconds),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Patch:
    """A district on a map: its path, and how much of it was reached, in `SHADES` steps."""

    name: str
    path: str
    shade: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Drawn:
    """A map: its size, and the districts on it."""

    width: int
    height: int
    patches: Sequence[Patch]


Ring = Sequence[tuple[float, float]]


def drawn(shapes: Mapping[str, Sequence[Ring]], shares: Mapping[str, float]) -> Drawn | None:
    """Draw districts, given as rings of longitude and latitude; None where there are none.

    `shares` says how much of each was reached, 0 to 1.
    """
    named = {name: rings for name, rings in shapes.items() if name in shares and rings}
    places = [place for rings in named.values() for ring in rings for place in ring]
    if not places:
        return None
    west, east = min(x for x, _ in places), max(x for x, _ in places)
    south, north = min(y for _, y in places), max(y for _, y in places)
    # As wide as it is in the middle latitudes of a town: nobody measures on it.
    wide, tall = max((east - west) * 0.83, 1e-6), max(north - south, 1e-6)
    height = round(min(1.2, max(0.4, tall / wide)) * WIDTH)
    every = max(1, len(places) // _CORNERS)

    def path(ring: Ring) -> str:
        kept = ring[::every] if len(ring) > 4 * every else ring
        corners = [
            f"{(x - west) / (east - west or 1) * WIDTH:.1f} "
            f"{(north - y) / (north - south or 1) * height:.1f}"
            for x, y in kept
        ]
        return f"M{'L'.join(corners)}Z"

    patches = [
        Patch(name=name, path="".join(path(ring) for ring in rings), shade=shade(shares[name]))
        for name, rings in sorted(named.items())
    ]
    return Drawn(width=WIDTH, height=height, patches=patches)


def shade(share: float) -> int:
    """Give the step of a share: 0 for nothing to a fifth, `SHADES` - 1 for four fifths to all."""
    return min(SHADES - 1, max(0, int(share * SHADES)))
