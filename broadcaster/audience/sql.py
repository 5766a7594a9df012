"""From an expression to a condition that PostgreSQL runs; equal to the pure rule `matches`.

SQL knows a third truth value, which `NOT` would spread; so every condition is made two-valued
where it stands. Texts are compared in the collation "C", which orders UTF-8 as code points.

What asks whether an attribute equals something is written as containment (`@>`): it is never null,
and one index over all attributes answers it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import LiteralString

from broadcaster.audience.attributes import Attribute, Catalogue, Kind
from broadcaster.audience.days import FromToday
from broadcaster.audience.expression import (
    Amount,
    And,
    Campaign,
    Comparison,
    Everyone,
    Expression,
    Has,
    HasOf,
    Holds,
    InArea,
    InSegment,
    Literal,
    MayReceive,
    Missing,
    Named,
    Near,
    Not,
    OneOf,
    Operator,
    OptedOut,
    Or,
    Other,
    Place,
    Present,
)
from broadcaster.audience.places import Places
from broadcaster.audience.sql_people import may_receive, opted_out, outcome
from broadcaster.audience.sql_values import Values, bracketed
from broadcaster.errors import InvalidInputError
from broadcaster.ports import Condition

_COLUMNS: dict[str, LiteralString] = {
    "number": "customer.number",
    "name": "customer.name",
    "name_latin": "customer.name_latin",
    "locale": "customer.locales[1]",
    "time_zone": "customer.time_zone",
}
_SIGNS: dict[Operator, LiteralString] = {
    Operator.EQUAL: "=",
    Operator.DIFFERENT: "<>",
    Operator.LESS: "<",
    Operator.AT_MOST: "<=",
    Operator.MORE: ">",
    Operator.AT_LEAST: ">=",
}
#: From how many values on a list is looked up in a hash and not one by one in an index.
_MANY = 16


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What a translation depends on beside the expression.

    `today` is the day in the utility's time zone; `campaigns` gives the ids of campaigns by name;
    `places` is None where no areas are kept.
    """

    catalogue: Catalogue
    today: date
    campaigns: Mapping[str, int] = field(default_factory=dict)
    places: Places | None = None


def condition(expression: Expression, setting: Setting) -> Condition:
    """Translate; every name and value from outside is bound.

    Segments in it must have been replaced by what they mean (`including.py`).
    """
    writer = _Writer(setting)
    return Condition(text=writer.write(expression), values=writer.values.bound)


class _Writer:
    """Writes conditions and collects their values."""

    def __init__(self, setting: Setting) -> None:
        self.values = Values()
        self._setting = setting

    def write(self, expression: Expression) -> LiteralString:
        match expression:
            case Not(part):
                return "(NOT " + self.write(part) + ")"
            case And(parts):
                return "(" + " AND ".join([self.write(part) for part in parts]) + ")"
            case Or(parts):
                return "(" + " OR ".join([self.write(part) for part in parts]) + ")"
            case Comparison() | OneOf() | Holds() | Has() | HasOf() | Present() | Missing():
                attribute = self._setting.catalogue.known[expression.name]
                if attribute.column:
                    return self._of_column(expression, attribute)
                return self._of_attribute(expression, attribute)
            case _:
                return self._other(expression)

    def _stored(self, value: Literal) -> str | Decimal | bool:
        """Give the value as it is stored: dates are texts, which ISO 8601 orders as days."""
        if isinstance(value, FromToday):
            return value.on(self._setting.today).isoformat()
        return value.isoformat() if isinstance(value, date) else value

    def _other(self, leaf: Other) -> LiteralString:
        match leaf:
            case Everyone():
                return "true"
            case MayReceive(message_class, channel):
                return may_receive(self.values, message_class, channel)
            case OptedOut(message_class, channel):
                return opted_out(self.values, message_class, channel)
            case Campaign(what, name):
                if name not in self._setting.campaigns:
                    problem = f"the deliveries of campaign {name!r} are not there (any more)"
                    raise InvalidInputError("expression", problem, "Ask for another campaign.")
                return outcome(self.values, what, self._setting.campaigns[name])
            case InArea() | Near():
                return self._located(leaf)
            case InSegment():
                raise TypeError(leaf)

    def _located(self, leaf: InArea | Near) -> LiteralString:
        places = self._setting.places
        if places is None:
            raise InvalidInputError(
                "expression", "no areas are kept here", "Ask for something else."
            )
        if isinstance(leaf, InArea):
            found = places.inside(leaf.area)
        else:
            point = float(leaf.longitude), float(leaf.latitude)
            found = places.near(*point, float(leaf.metres))
        return "coalesce((" + self.values.adopt(found) + "), false)"

    def _of_column(self, leaf: Named, attribute: Attribute) -> LiteralString:
        if attribute.kind is Kind.LOCATION:
            known: LiteralString = "(customer.longitude IS NOT NULL)"
            return known if isinstance(leaf, Present) else "(NOT " + known + ")"
        if attribute.kind is Kind.SET:
            return self._of_locales(leaf)
        held = _COLUMNS[attribute.column or ""] + ' COLLATE "C"'
        if isinstance(leaf, OneOf):
            listed = self.values.bind([self._stored(value) for value in leaf.values])
            return "coalesce(" + held + " = ANY (" + listed + "::text[]), false)"
        return self._ordered(leaf, held, "::text")

    def _of_locales(self, leaf: Named) -> LiteralString:
        bind = self.values.bind
        match leaf:
            case Has(_, member):
                return "(customer.locales @> " + bind([member]) + "::text[])"
            case HasOf(_, Amount.ALL, members):
                return "(customer.locales @> " + bind(list(members)) + "::text[])"
            case HasOf(_, _, members):
                return "(customer.locales && " + bind(list(members)) + "::text[])"
            case Present():
                return "(cardinality(customer.locales) > 0)"
            case _:
                return "(cardinality(customer.locales) = 0)"

    def _contained(self, leaf: Named) -> LiteralString | None:
        """Write what asks for certain values as containment; None for what asks otherwise."""
        name = leaf.name
        match leaf:
            case Comparison(_, Operator.EQUAL, value):
                return self.values.contains({name: self._stored(value)})
            case OneOf(_, values) if len(values) < _MANY:
                stored = dict.fromkeys(self._stored(value) for value in values)
                return bracketed(" OR ", [self.values.contains({name: value}) for value in stored])
            case Has(_, member):
                return self.values.contains({name: [member]})
            case HasOf(_, Amount.ALL, members):
                return self.values.contains({name: list(members)})
            case HasOf(_, _, members):
                unique = dict.fromkeys(members)
                return bracketed(
                    " OR ", [self.values.contains({name: [member]}) for member in unique]
                )
        return None

    def _of_attribute(self, leaf: Named, attribute: Attribute) -> LiteralString:
        contained = self._contained(leaf)
        if contained is not None:
            return contained
        name = leaf.name
        if attribute.kind is Kind.SET:
            held = "customer.attributes->" + self.values.bind(name) + "::text"
            filled = "jsonb_typeof(" + held + ") = 'array' AND " + held + " <> '[]'"
            present: LiteralString = "coalesce(" + filled + ", false)"
            return present if isinstance(leaf, Present) else "(NOT " + present + ")"
        held, cast = self._typed(name, attribute)
        if isinstance(leaf, OneOf):
            listed = self.values.bind([self._stored(value) for value in leaf.values])
            return "coalesce(" + held + " = ANY (" + listed + cast + "[]), false)"
        return self._ordered(leaf, held, cast)

    def _ordered(self, leaf: Named, held: LiteralString, cast: LiteralString) -> LiteralString:
        """Write what asks for a single value, given what that is or null."""
        match leaf:
            case Present():
                return "(" + held + " IS NOT NULL)"
            case Comparison(_, how, value):
                bound = self.values.bind(self._stored(value)) + cast
                return "coalesce(" + held + " " + _SIGNS[how] + " " + bound + ", false)"
            case Holds(_, place, text):
                return self._holds(held, place, text)
            case _:
                return "(" + held + " IS NULL)"

    def _holds(self, held: LiteralString, place: Place, text: str) -> LiteralString:
        bound = self.values.bind(text) + "::text"
        if place is Place.START:
            return "coalesce(starts_with(" + held + ", " + bound + "), false)"
        if place is Place.ANYWHERE:
            return "coalesce(strpos(" + held + ", " + bound + ") > 0, false)"
        ending = "right(" + held + ", length(" + bound + '))  COLLATE "C"'
        return "coalesce(" + ending + " = " + bound + ", false)"

    def _typed(self, name: str, attribute: Attribute) -> tuple[LiteralString, LiteralString]:
        """Give the value (null unless of the right type) and the cast to its type.

        It is read only where it has the type: CASE alone promises that order.
        """
        key = self.values.bind(name) + "::text"
        held = "customer.attributes->" + key
        text = "customer.attributes->>" + key
        if attribute.kind is Kind.NUMBER:
            return _when(held, "number", "(" + held + ")::numeric"), "::numeric"
        if attribute.kind is Kind.BOOLEAN:
            return _when(held, "boolean", "(" + held + ")::boolean"), "::boolean"
        if attribute.kind is Kind.DATE:
            day = _when(held, "string", text)
            shaped = text + " ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'"
            return "(CASE WHEN " + shaped + " THEN " + day + ' END) COLLATE "C"', "::text"
        return _when(held, "string", text) + ' COLLATE "C"', "::text"


def _when(held: LiteralString, kind: LiteralString, value: LiteralString) -> LiteralString:
    return "(CASE jsonb_typeof(" + held + ") WHEN '" + kind + "' THEN " + value + " END)"
