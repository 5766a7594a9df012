"""From an expression to a condition that PostgreSQL runs; equal to the pure rule `matches`.

SQL knows a third truth value. A condition may be null where the rule says false: that selects
nobody, and lets indexes be used. `NOT` would spread it, so a negation is never written around a
whole: it is carried down to the conditions, and there asks what `IS NOT TRUE`.

Values are compared as JSON where that is exact, as it tells types apart in one look; what has an
order is compared first and its type looked at last, as hardly any value has another. Texts are
ordered in the collation "C", which orders UTF-8 as code points.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import LiteralString

from broadcaster.audience.attributes import Catalogue
from broadcaster.audience.days import FromToday
from broadcaster.audience.expression import (
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
    OptedOut,
    Or,
    Other,
    Present,
)
from broadcaster.audience.places import Places
from broadcaster.audience.sql_attributes import Stored, of_attribute, of_column, of_sealed
from broadcaster.audience.sql_people import may_receive, opted_out, outcome
from broadcaster.audience.sql_values import AND, OR, Values, bracketed
from broadcaster.errors import InvalidInputError
from broadcaster.ports import NO_KEYS, Condition, Vault


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What a translation depends on beside the expression.

    `today` is the day in the utility's time zone; `campaigns` gives the ids of campaigns by name;
    `places` is None where no areas are kept; `vault` knows the digests of what is sealed.
    """

    catalogue: Catalogue
    today: date
    campaigns: Mapping[str, int] = field(default_factory=dict)
    places: Places | None = None
    vault: Vault = NO_KEYS


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

    def write(self, expression: Expression, *, so: bool = True) -> LiteralString:
        """Write what is true where the expression is (`so`), or where it is not."""
        match expression:
            case Not(part):
                return self.write(part, so=not so)
            case And(parts):
                return bracketed(AND if so else OR, [self.write(part, so=so) for part in parts])
            case Or(parts):
                return bracketed(OR if so else AND, [self.write(part, so=so) for part in parts])
            case Comparison() | OneOf() | Holds() | Has() | HasOf() | Present() | Missing():
                leaf = self._named(expression)
            case _:
                leaf = self._other(expression)
        return leaf if so else "(" + leaf + " IS NOT TRUE)"

    def _named(self, leaf: Named) -> LiteralString:
        known = self._setting.catalogue.known
        attribute = known[leaf.name]
        if isinstance(leaf, Missing):
            return "(" + self._named(Present(leaf.name)) + " IS NOT TRUE)"
        if attribute.sealed:
            return of_sealed(self.values, leaf, self._setting.vault)
        if attribute.column:
            return of_column(self.values, leaf, attribute, self._stored)
        return of_attribute(self.values, leaf, attribute, self._stored)

    def _stored(self, value: Literal) -> Stored:
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
            problem = "no areas are kept here"
            raise InvalidInputError("expression", problem, "Ask for something else.")
        if isinstance(leaf, InArea):
            found = places.inside(leaf.area, leaf.name)
        else:
            point = float(leaf.longitude), float(leaf.latitude)
            found = places.near(*point, float(leaf.metres), leaf.name)
        return "(" + self.values.adopt(found) + ")"
