"""The shapes of an alert's areas: polygons and circles as CAP 1.2 writes them (3.2.4)."""

import math
import re
from collections.abc import Iterator

from broadcaster.publication.capspot import Finding, Spot

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)", re.ASCII)
_RING = 4


def polygon(spot: Spot) -> Iterator[Finding]:
    """Find what is wrong with a polygon."""
    pairs = spot.text.split()
    if not pairs:
        return
    points = [_pair(pair) for pair in pairs]
    if None in points:
        wrong = pairs[points.index(None)]
        remedy = "Write latitude,longitude in degrees, with blanks between pairs."
        yield spot.error(f"{wrong[:40]!r} is no point", remedy)
    elif len(points) < _RING:
        yield spot.error("has fewer than four points", "Give three corners and the first again.")
    elif points[0] != points[-1]:
        yield spot.error("is not closed", "End with the first point.")
    elif len(set(points)) < _RING - 1:
        yield spot.error("has fewer than three corners", "Give three different points.")


def circle(spot: Spot) -> Iterator[Finding]:
    """Find what is wrong with a circle."""
    parts = spot.text.split()
    if not parts:
        return
    radius = figure(parts[1]) if len(parts) == 2 else None  # noqa: PLR2004  (middle, radius)
    if radius is None or radius < 0 or _pair(parts[0]) is None:
        remedy = "Write latitude,longitude, a blank, and the radius in kilometres."
        yield spot.error(f"{spot.text[:40]!r} is no circle", remedy)


def _pair(text: str) -> tuple[float, float] | None:
    latitude, comma, longitude = text.partition(",")
    y, x = figure(latitude), figure(longitude)
    if not comma or y is None or x is None:
        return None
    return (y, x) if abs(y) <= 90 and abs(x) <= 180 else None  # noqa: PLR2004  (degrees)


def figure(text: str) -> float | None:
    """Read a plain number; None for anything else."""
    if not _NUMBER.fullmatch(text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None
