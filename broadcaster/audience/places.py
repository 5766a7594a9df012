"""Where customers are: what the segment language needs of areas."""

from typing import Protocol

from broadcaster.audience.attributes import OWN_PLACE
from broadcaster.domain.customer import CustomerRecord
from broadcaster.ports import Condition

LATITUDE, LONGITUDE = "latitude", "longitude"
#: How many degrees there are of each.
FARTHEST = {LATITUDE: 90, LONGITUDE: 180}


class Places(Protocol):
    """Saved areas and distances: as SQL over the row alias `customer`, and as a pure rule.

    Degrees are of WGS 84. `place` names which of a customer's places is meant: their own, or an
    attribute of the kind location. Nobody whose place is not known is inside or near.
    """

    def inside(self, area: str, place: str = OWN_PLACE) -> Condition:
        """Select who is in an area; NotFoundError with the nearest name there is."""
        ...

    def near(
        self, longitude: float, latitude: float, metres: float, place: str = OWN_PLACE
    ) -> Condition:
        """Select who is at most that far from a point."""
        ...

    def pinned(self, area: str) -> str:
        """Give the name that means an area as it is now, whatever becomes of it; NotFoundError."""
        ...

    def holds(self, area: str, record: CustomerRecord, place: str = OWN_PLACE) -> bool:
        """Tell whether a customer is in an area, by place or by value; NotFoundError."""
        ...

    def contains(self, area: str, longitude: float, latitude: float) -> bool:
        """Tell whether a point is in an area; NotFoundError."""
        ...

    def distance(
        self, longitude: float, latitude: float, other_longitude: float, other_latitude: float
    ) -> float:
        """Give the distance of two points, metres."""
        ...


def whereabouts(record: CustomerRecord, place: str) -> tuple[float, float] | None:
    """Give the longitude and latitude of a place of a customer's; None where there is none."""
    if place == OWN_PLACE:
        return record.location
    return as_place(record.attributes.get(place))


def as_place(value: object) -> tuple[float, float] | None:
    """Take a value for a place, longitude and latitude in degrees; None for what is none."""
    match value:
        case [bool(), _] | [_, bool()]:
            return None
        case [int() | float() as longitude, int() | float() as latitude] if (
            abs(longitude) <= FARTHEST[LONGITUDE] and abs(latitude) <= FARTHEST[LATITUDE]
        ):
            return longitude, latitude
        case _:
            return None


def written_place(place: tuple[float, float]) -> str:
    """Write a place as people do: latitude first, degrees to about a centimetre."""
    longitude, latitude = place
    return ", ".join(f"{one:.7f}".rstrip("0").rstrip(".") for one in (latitude, longitude))
