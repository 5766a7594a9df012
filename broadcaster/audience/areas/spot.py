"""A place of customers as SQL: their own, in columns, or an attribute, in JSON.

An attribute is `[longitude, latitude]`. JSON is compared as it is, which tells numbers from
everything else and is exact; degrees are taken out of it only where the comparison said so, as what
is no number would be an error.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import LiteralString

from broadcaster.audience.attributes import OWN_PLACE

_HELD: LiteralString = "customer.attributes->%({v}_name)s::text"


@dataclass(frozen=True, kw_only=True, slots=True)
class Spot:
    """How a place is asked for; `{v}` in the texts stands for what begins the names of values.

    `known` is true where there is a place, and never null. `longitude` and `latitude` are degrees,
    to be asked for where `wide` or `tall` holds, which say that they are between two values.
    """

    name: str
    known: LiteralString
    longitude: LiteralString
    latitude: LiteralString
    compared: tuple[LiteralString, LiteralString]
    cast: LiteralString

    def wide(self, west: LiteralString, east: LiteralString) -> LiteralString:
        """Ask whether the longitude is between two values, by what their names end in."""
        return self._between(self.compared[0], west, east)

    def tall(self) -> LiteralString:
        """Ask whether the latitude is between the south and the north."""
        return self._between(self.compared[1], "_south", "_north")

    def _between(
        self, what: LiteralString, low: LiteralString, high: LiteralString
    ) -> LiteralString:
        least, most = ("%({v}" + end + ")s" + self.cast for end in (low, high))
        return what + " BETWEEN " + least + " AND " + most

    def values(self, degrees: Mapping[str, float]) -> Mapping[str, object]:
        """Give what is bound: the degrees that are compared, and the attribute's name."""
        if not self.cast:
            return degrees
        return {**{end: json.dumps(one) for end, one in degrees.items()}, "_name": self.name}


_COLUMNS = Spot(
    name=OWN_PLACE,
    known="customer.latitude IS NOT NULL",
    longitude="customer.longitude",
    latitude="customer.latitude",
    compared=("customer.longitude", "customer.latitude"),
    cast="",
)


def spot(name: str) -> Spot:
    """Tell how a place is asked for, the customer's own or an attribute."""
    if name == OWN_PLACE:
        return _COLUMNS
    first, second, third = (_HELD + "->" + at for at in ("0", "1", "2"))
    known = first + " IS NOT NULL AND " + second + " IS NOT NULL AND " + third + " IS NULL"
    return Spot(
        name=name,
        known="(" + known + ")",
        longitude="(" + _HELD + "->>0)::double precision",
        latitude="(" + _HELD + "->>1)::double precision",
        compared=(first, second),
        cast="::jsonb",
    )
