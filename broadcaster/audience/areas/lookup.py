"""Areas and circles as SQL over `customer`, equal to the pure rules; every value is bound.

No condition is ever null: a customer without a place is in no area, and `NOT` selects them. Names
of values hold the version or the circle, so that several stand in one statement.
"""

from collections.abc import Mapping
from typing import LiteralString

from broadcaster.audience.areas.circle import ECCENTRICITY, EQUATOR, position, span, square_within
from broadcaster.audience.areas.shape import UNIT
from broadcaster.audience.areas.spot import BOX, BOXES, Spot, spot
from broadcaster.audience.areas.version import Cells, Circle, Listed
from broadcaster.audience.attributes import OWN_PLACE
from broadcaster.ports import Condition

_X: LiteralString = "round({longitude} * 1e7::double precision)::bigint"
_Y: LiteralString = "round({latitude} * 1e7::double precision)::bigint"

# Octets of cells are a value of the statement, so most customers are told apart with no further
# look; for those near the border a function looks at the pieces of their cell. (As EXISTS, the same
# would keep the statement from being run in parallel, and be reckoned as dear as a lookup for each
# customer.) The box stands twice: once for indexes and the planner's estimate, and once because an
# octet beyond the last one would be an error, as degrees of what is no number, and AND promises no
# order.
_CELLS: LiteralString = """
({first}CASE
    WHEN {box}
    THEN CASE get_byte(%({v}_cells)s::bytea, ({cell})::integer)
        WHEN 0 THEN false
        WHEN 1 THEN true
        ELSE area_piece_holds(%({v}_id)s::integer, ({cell})::integer, {x}, {y})
        END
    ELSE false END)
"""
_CELL: LiteralString = (
    "(({y} - %({v}_y)s::bigint) / %({v}_height)s::bigint * %({v}_columns)s::bigint"
    " + ({x} - %({v}_x)s::bigint) / %({v}_width)s::bigint)"
)

_NEAR: LiteralString = """
({first}CASE WHEN {box} THEN {near} ELSE false END)
"""
_BY_FORMULA: LiteralString = """
({rx} - %({v}_x)s) * ({rx} - %({v}_x)s) + ({ry} - %({v}_y)s) * ({ry} - %({v}_y)s)
    + ({rz} - %({v}_z)s) * ({rz} - %({v}_z)s) <= %({v}_square)s
"""
# Degrees are dear to take out of JSON, and stand in the formula some twenty times.
_BY_FUNCTION: LiteralString = """
place_is_near({longitude}, {latitude}, %({v}_x)s, %({v}_y)s, %({v}_z)s, %({v}_square)s,
    %({v}_equator)s, %({v}_eccentricity)s)
"""
_PHI: LiteralString = "radians(round({latitude} * 1e7::double precision) / 1e7)"
_LAMBDA: LiteralString = "radians(round({longitude} * 1e7::double precision) / 1e7)"
_RADIUS: LiteralString = (
    "(%({v}_equator)s / sqrt(1 - %({v}_eccentricity)s * sin({phi}) * sin({phi})))"
)
_RX: LiteralString = "({radius} * cos({phi}) * cos({lambda}))"
_RY: LiteralString = "({radius} * cos({phi}) * sin({lambda}))"
_RZ: LiteralString = "({radius} * (1 - %({v}_eccentricity)s) * sin({phi}))"

# A text in place of the attribute; anything else has no value to compare.
_LISTED: LiteralString = (
    "coalesce(jsonb_typeof(customer.attributes->%({v}_name)s::text) = 'string'"
    " AND customer.attributes->>%({v}_name)s::text = ANY (%({v}_values)s::text[]), false)"
)
_NUMBERED: LiteralString = "(customer.number = ANY (%({v}_values)s::text[]))"


def within(version: int, cells: Cells, place: str = OWN_PLACE) -> Condition:
    """Ask whether a place of customers is in polygons that are stored under a version's id."""
    grid, asked = cells.grid, spot(place)
    prefix = "area_" + digits(version)
    text = _CELLS.replace("{cell}", _CELL).replace("{x}", _X).replace("{y}", _Y)
    values = {
        "_id": version,
        "_cells": cells.cells,
        "_x": grid.west,
        "_y": grid.south,
        "_width": grid.width,
        "_height": grid.height,
        "_columns": grid.columns,
    }
    box = {
        "_west": grid.west / UNIT,
        "_south": grid.south / UNIT,
        "_east": (grid.west + grid.width * grid.columns - 1) / UNIT,
        "_north": (grid.south + grid.height * grid.rows - 1) / UNIT,
    }
    return _named(_asking(text, asked, BOX), prefix, {**values, **asked.values(box)})


def near(circle: Circle, place: str = OWN_PLACE) -> Condition:
    """Ask whether a place of customers is in a circle, its border included."""
    asked = spot(place)
    prefix = "near_" + "_".join(
        [
            digits(circle.x + 180 * UNIT),
            digits(circle.y + 90 * UNIT),
            digits(round(circle.metres * 1000)),
        ]
    )
    how = _BY_FORMULA if place == OWN_PLACE else _BY_FUNCTION
    text = (
        _NEAR.replace("{near}", how).replace("{rx}", _RX).replace("{ry}", _RY).replace("{rz}", _RZ)
    )
    text = text.replace("{radius}", _RADIUS).replace("{phi}", _PHI).replace("{lambda}", _LAMBDA)
    south, north, runs = span(circle.x, circle.y, circle.metres)
    x, y, z = position(circle.x, circle.y)
    box = {
        "_south": south,
        "_north": north,
        "_west": runs[0][0],
        "_east": runs[0][1],
        "_west_too": runs[-1][0],
        "_east_too": runs[-1][1],
    }
    values = {
        "_x": x,
        "_y": y,
        "_z": z,
        "_equator": EQUATOR,
        "_eccentricity": ECCENTRICITY,
        "_square": square_within(circle.metres),
    }
    return _named(_asking(text, asked, BOXES), prefix, {**values, **asked.values(box)})


def having(version: int, listed: Listed) -> Condition:
    """Ask whether a customer has one of the values of a list."""
    text = _NUMBERED if listed.attribute == "number" else _LISTED
    values = {"_name": listed.attribute, "_values": list(listed.values)}
    return _named(text, "area_" + digits(version), values)


def _asking(text: LiteralString, asked: Spot, box: LiteralString) -> LiteralString:
    """Write for which place it is asked."""
    first, within_box = asked.boxed(box)
    text = text.replace("{first}", first).replace("{box}", within_box)
    return text.replace("{longitude}", asked.longitude).replace("{latitude}", asked.latitude)


def _named(text: LiteralString, prefix: LiteralString, values: Mapping[str, object]) -> Condition:
    return Condition(
        text=text.replace("{v}", prefix),
        values={prefix + name: value for name, value in values.items()},
    )


_DIGITS: tuple[LiteralString, ...] = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")


def digits(number: int) -> LiteralString:
    """Write a number as text that is known to be ours."""
    ending = _DIGITS[number % 10]
    return ending if number < len(_DIGITS) else digits(number // 10) + ending
