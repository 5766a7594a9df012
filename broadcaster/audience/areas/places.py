"""Saved areas and distances for segments: an implementation of `Places`."""

from functools import lru_cache

from broadcaster.audience.areas import lookup
from broadcaster.audience.areas.circle import checked, distance, position, square, square_within
from broadcaster.audience.areas.shape import contains, steps
from broadcaster.audience.areas.store import Areas
from broadcaster.audience.areas.version import Cells, Circle, Sort, Version
from broadcaster.audience.attributes import OWN_PLACE
from broadcaster.audience.places import whereabouts
from broadcaster.domain.customer import CustomerRecord
from broadcaster.domain.saying import said
from broadcaster.errors import InvalidInputError
from broadcaster.ports import Condition

#: So many versions have their cells kept, some 64 KB each.
_KEPT = 32


class SavedPlaces:
    """Reads areas where they are stored. A version never changes, so its cells are kept."""

    def __init__(self, areas: Areas) -> None:
        """Use areas of a database."""
        self._areas = areas
        self._cells = lru_cache(maxsize=_KEPT)(self._read_cells)

    def _read_cells(self, version: int) -> Cells:
        return self._areas.cells(version)

    def pinned(self, area: str) -> str:
        """Give the name that means the present version of an area, whatever becomes of it.

        For what is approved: an expression with it has another text when the area has changed.
        """
        return self._areas.get(area).reference

    def inside(self, area: str, place: str = OWN_PLACE) -> Condition:
        """Select who is in an area; NotFoundError with the nearest name there is.

        InvalidInputError where the `place` is an attribute and the area a list, of people.
        """
        return self.condition(self._areas.get(area), place)

    def condition(self, version: Version, place: str = OWN_PLACE) -> Condition:
        """Select who is in a version of an area."""
        if version.sort is Sort.CIRCLE:
            return lookup.near(version.circle, place)
        if version.sort is Sort.LIST:
            _refuse_list(version, place)
            return lookup.having(version.id, version.listed)
        return lookup.within(version.id, self._cells(version.id), place)

    def near(
        self, longitude: float, latitude: float, metres: float, place: str = OWN_PLACE
    ) -> Condition:
        """Select who is at most that far from a point; InvalidInputError."""
        x, y = checked(longitude, latitude, metres)
        return lookup.near(Circle(x=x, y=y, metres=metres), place)

    def contains(self, area: str, longitude: float, latitude: float) -> bool:
        """Tell whether a point is in an area; NotFoundError; InvalidInputError for a list."""
        version = self._areas.get(area)
        if version.sort is Sort.LIST:
            problem = said(
                "%(name)s is a list of %(attribute)ss and has no border",
                name=repr(version.name),
                attribute=version.listed.attribute,
            )
            raise InvalidInputError("area", problem, said("Ask about a customer."))
        return holds_place(version, longitude, latitude)

    def holds(self, area: str, record: CustomerRecord, place: str = OWN_PLACE) -> bool:
        """Tell whether a customer is in an area of any sort; NotFoundError. Equal to `inside`."""
        version = self._areas.get(area)
        if version.sort is Sort.LIST:
            _refuse_list(version, place)
            return holds_value(version, record)
        found = whereabouts(record, place)
        return found is not None and holds_place(version, *found)

    def distance(
        self, longitude: float, latitude: float, other_longitude: float, other_latitude: float
    ) -> float:
        """Give the distance of two points, metres."""
        first = steps(longitude), steps(latitude)
        return distance(first, (steps(other_longitude), steps(other_latitude)))


def _refuse_list(version: Version, place: str) -> None:
    """Refuse to look for a place among values: a list says who is meant, and has no border."""
    if place != OWN_PLACE:
        problem = said(
            "%(name)s is a list and has no border, so no %(place)s is in it",
            name=repr(version.name),
            place=place,
        )
        remedy = said(
            'Write: location in area "%(name)s", or name an area that has a border.',
            name=version.name,
        )
        raise InvalidInputError("expression", problem, remedy)


def holds_place(version: Version, longitude: float, latitude: float) -> bool:
    """Tell whether a point is in polygons or in a circle; borders are inside."""
    x, y = steps(longitude), steps(latitude)
    if version.sort is Sort.CIRCLE:
        middle = version.circle
        line = square(position(x, y), position(middle.x, middle.y))
        return line <= square_within(middle.metres)
    return contains(version.shape, x, y)


def holds_value(version: Version, record: CustomerRecord) -> bool:
    """Tell whether a customer has one of the values of a list."""
    listed = version.listed
    if listed.attribute == "number":
        return record.number in listed.values
    value = record.attributes.get(listed.attribute)
    return isinstance(value, str) and value in listed.values
