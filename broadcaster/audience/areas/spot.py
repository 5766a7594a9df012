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

_LATITUDES: LiteralString = "{latitude} BETWEEN %({v}_south)s{cast} AND %({v}_north)s{cast}"
_LONGITUDES: LiteralString = "{longitude} BETWEEN %({v}_west)s{cast} AND %({v}_east)s{cast}"
#: Across the antimeridian, or twice the same.
_TOO: LiteralString = "{longitude} BETWEEN %({v}_west_too)s{cast} AND %({v}_east_too)s{cast}"
BOX: LiteralString = _LATITUDES + " AND " + _LONGITUDES
BOXES: LiteralString = _LATITUDES + " AND (" + _LONGITUDES + " OR " + _TOO + ")"


@dataclass(frozen=True, kw_only=True, slots=True)
class Spot:
    """How a place is asked for; `{v}` in texts stands for what begins the names of values.

    `longitude` and `latitude` are degrees, to be asked for where a box holds.
    """

    name: str
    longitude: LiteralString
    latitude: LiteralString

    def boxed(self, box: LiteralString) -> tuple[LiteralString, LiteralString]:
        """Give what is asked first of all, and what must hold before degrees are asked for.

        The first serves indexes and the planner's estimate: an attribute has none. Neither is ever
        null where it is asked in this order.
        """
        if self.name == OWN_PLACE:
            box = box.replace("{cast}", "")
            box = box.replace("{longitude}", self.longitude).replace("{latitude}", self.latitude)
            return "customer.latitude IS NOT NULL AND " + box + " AND ", box
        box = box.replace("{cast}", "::jsonb")
        box = box.replace("{longitude}", _held("_x")).replace("{latitude}", _held("_y"))
        # In an object, a path's figures would be keys.
        kind: LiteralString = "jsonb_typeof(customer.attributes->%({v}_place)s::text) = 'array'"
        return "", box + " AND " + kind + " AND " + _held("_more") + " IS NULL"

    def values(self, degrees: Mapping[str, float]) -> Mapping[str, object]:
        """Give what is bound: the degrees that are compared, and where they are in JSON."""
        if self.name == OWN_PLACE:
            return degrees
        paths = {"_path_x": "0", "_path_y": "1", "_path_more": "2"}
        return {
            **{end: json.dumps(one) for end, one in degrees.items()},
            **{end: [self.name, at] for end, at in paths.items()},
            "_place": self.name,
        }


def _held(which: LiteralString) -> LiteralString:
    return "customer.attributes #> %({v}_path" + which + ")s::text[]"


def spot(name: str) -> Spot:
    """Tell how a place is asked for, the customer's own or an attribute."""
    if name == OWN_PLACE:
        return Spot(name=name, longitude="customer.longitude", latitude="customer.latitude")
    longitude, latitude = ("(" + _held(one) + ")::double precision" for one in ("_x", "_y"))
    return Spot(name=name, longitude=longitude, latitude=latitude)
