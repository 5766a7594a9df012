"""Distances on the WGS 84 ellipsoid, in a form that SQL can reckon for a million customers.

The straight line between two points of the ellipsoid is exact; the arc above it is taken from a
circle of the Earth's mean radius. Against the geodesic that is wrong by less than a millimetre at
10 km and less than two centimetres at 100 km, which is the greatest radius; a plain sphere would
be wrong by about 0.5 %.
"""

import math

from broadcaster.audience.areas.shape import degrees, steps
from broadcaster.domain.saying import said
from broadcaster.errors import InvalidInputError

#: The ellipsoid of WGS 84: the radius of the equator, metres, and the square of the eccentricity.
EQUATOR = 6_378_137.0
_FLATTENING = 1 / 298.257223563
ECCENTRICITY = _FLATTENING * (2 - _FLATTENING)
_MEAN = 6_371_008.8
#: No circle of curvature is smaller: that of a meridian at the equator, metres.
_LEAST = EQUATOR * (1 - ECCENTRICITY)

#: The smallest and the greatest radius of a circle, metres.
SMALLEST, GREATEST = 1.0, 100_000.0

Vector = tuple[float, float, float]


def checked(longitude: float, latitude: float, metres: float) -> tuple[int, int]:
    """Give the middle on the grid; InvalidInputError when it or the radius is impossible."""
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):  # noqa: PLR2004  (degrees)
        problem = said(
            "%(latitude)s, %(longitude)s is no place on Earth",
            latitude=format(latitude, "g"),
            longitude=format(longitude, "g"),
        )
        raise InvalidInputError("place", problem, said("Write latitude, longitude: 33.59,-7.62."))
    if not SMALLEST <= metres <= GREATEST:
        problem = said("%(metres)s m is out of range", metres=format(metres, "g"))
        remedy = said(
            "Give %(smallest)s to %(greatest)s metres.",
            smallest=format(SMALLEST, "g"),
            greatest=format(GREATEST, ",.0f"),
        )
        raise InvalidInputError("radius", problem, remedy)
    return steps(longitude), steps(latitude)


def position(x: int, y: int) -> Vector:
    """Give a place of the grid in metres from the middle of the Earth."""
    longitude, latitude = math.radians(degrees(x)), math.radians(degrees(y))
    sine, cosine = math.sin(latitude), math.cos(latitude)
    radius = EQUATOR / math.sqrt(1 - ECCENTRICITY * sine * sine)
    return (
        radius * cosine * math.cos(longitude),
        radius * cosine * math.sin(longitude),
        radius * (1 - ECCENTRICITY) * sine,
    )


def square(first: Vector, second: Vector) -> float:
    """Give the square of the straight line between two places, square metres.

    In the order of SQL, so that both round alike.
    """
    dx, dy, dz = first[0] - second[0], first[1] - second[1], first[2] - second[2]
    return dx * dx + dy * dy + dz * dz


def square_within(metres: float) -> float:
    """Give the square of the straight line below an arc of so many metres."""
    line = 2 * _MEAN * math.sin(metres / (2 * _MEAN))
    return line * line


def distance(first: tuple[int, int], second: tuple[int, int]) -> float:
    """Give the distance between two places of the grid, metres."""
    line = math.sqrt(square(position(*first), position(*second)))
    return 2 * _MEAN * math.asin(min(1.0, line / (2 * _MEAN)))


def span(x: int, y: int, metres: float) -> tuple[float, float, tuple[tuple[float, float], ...]]:
    """Give what surely encloses a circle: south and north, and one or two runs of longitudes.

    Degrees. A circle around a pole has all longitudes, one across the antimeridian two runs.
    """
    reach = math.degrees(metres * 1.0001 / _LEAST) + 1e-6
    latitude, longitude = degrees(y), degrees(x)
    south, north = max(-90.0, latitude - reach), min(90.0, latitude + reach)
    if south <= -90 or north >= 90:  # noqa: PLR2004  (degrees)
        return south, north, ((-180.0, 180.0),)
    # The meridian that touches the circle does so nearer to the pole than its middle is.
    width = math.sin(math.radians(reach)) / math.cos(math.radians(max(abs(south), abs(north))))
    if width >= 1:
        return south, north, ((-180.0, 180.0),)
    half = math.degrees(math.asin(width)) * 1.01 + 1e-6
    west, east = longitude - half, longitude + half
    if west < -180:  # noqa: PLR2004  (degrees)
        return south, north, ((west + 360, 180.0), (-180.0, east))
    if east > 180:  # noqa: PLR2004  (degrees)
        return south, north, ((west, 180.0), (-180.0, east - 360))
    return south, north, ((west, east),)


def outline(x: int, y: int, metres: float, corners: int = 64) -> list[tuple[float, float]]:
    """Give places on a circle, for pictures: longitude and latitude, degrees."""
    stretch = max(0.01, math.cos(math.radians(degrees(y))))
    reach = math.degrees(metres / _MEAN)
    return [
        (
            degrees(x) + reach / stretch * math.sin(2 * math.pi * corner / corners),
            degrees(y) + reach * math.cos(2 * math.pi * corner / corners),
        )
        for corner in range(corners)
    ]
