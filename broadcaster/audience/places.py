"""Where customers are: what the segment language needs of areas."""

from typing import Protocol

from broadcaster.domain.customer import CustomerRecord
from broadcaster.ports import Condition


class Places(Protocol):
    """Saved areas and distances: as SQL over the row alias `customer`, and as a pure rule.

    Degrees are of WGS 84. Nobody whose location is not known is inside or near.
    """

    def inside(self, area: str) -> Condition:
        """Select who is in an area; NotFoundError with the nearest name there is."""
        ...

    def near(self, longitude: float, latitude: float, metres: float) -> Condition:
        """Select who is at most that far from a point."""
        ...

    def pinned(self, area: str) -> str:
        """Give the name that means an area as it is now, whatever becomes of it; NotFoundError."""
        ...

    def holds(self, area: str, record: CustomerRecord) -> bool:
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
