"""The rule of whom an expression selects, without a database; the SQL must agree with it.

A condition on an attribute that the customer has not, or that has a value of another type, is
false, whatever it asks (`is missing` aside); so `not (district = "Anfa")` selects those without a
district, and `district != "Anfa"` does not. Everything else is plain two-valued logic.
"""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from broadcaster.audience.attributes import Catalogue, Kind
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
    Outcome,
    Place,
    Present,
)
from broadcaster.audience.places import Places, as_place, whereabouts
from broadcaster.domain.customer import CustomerRecord
from broadcaster.domain.delivery import DeliveryStatus
from broadcaster.domain.message import Address, Channel, MessageClass

#: What arrived, and what failed for good: of a delivery that nobody works on any more.
ARRIVED = frozenset({DeliveryStatus.DELIVERED})
FAILED = frozenset({DeliveryStatus.UNDELIVERED, DeliveryStatus.REJECTED, DeliveryStatus.DEAD})
#: The classes that need no consent: they are part of the contract.
UNASKED = frozenset({MessageClass.SERVICE, MessageClass.SAFETY})

#: A date as it is stored; a text of another shape counts as missing.
_DAY = re.compile(r".{4}-.{2}-.{2}", re.DOTALL)
_RULES: Mapping[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQUAL: operator.eq,
    Operator.DIFFERENT: operator.ne,
    Operator.LESS: operator.lt,
    Operator.AT_MOST: operator.le,
    Operator.MORE: operator.gt,
    Operator.AT_LEAST: operator.ge,
}
_PLACES: Mapping[Place, Callable[[str, str], bool]] = {
    Place.START: str.startswith,
    Place.ANYWHERE: str.__contains__,
    Place.END: str.endswith,
}


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """What the rule needs to know beside the customer.

    `today` is the day in the utility's time zone. `suppressed` are addresses that must not be used
    for a class, `ordered` customers who must not be told of one on a channel. `statuses` are those
    of a customer's deliveries, by campaign and customer number; who is not there was not targeted.
    `segments` are the saved ones.
    """

    catalogue: Catalogue
    today: date
    suppressed: frozenset[tuple[str, str, MessageClass]] = frozenset()
    ordered: frozenset[tuple[str, Channel, MessageClass]] = frozenset()
    statuses: Mapping[str, Mapping[str, frozenset[DeliveryStatus]]] = field(default_factory=dict)
    segments: Mapping[str, Expression] = field(default_factory=dict)
    places: Places | None = None


def matches(expression: Expression, record: CustomerRecord, known: Circumstances) -> bool:
    """Tell whether the expression selects the customer."""
    match expression:
        case Not(part):
            return not matches(part, record, known)
        case And(parts):
            return all(matches(part, record, known) for part in parts)
        case Or(parts):
            return any(matches(part, record, known) for part in parts)
        case InSegment(segment):
            return matches(known.segments[segment], record, known)
        case Comparison() | OneOf() | Holds() | Has() | HasOf() | Present() | Missing():
            return _named(expression, record, known)
        case _:
            return _other(expression, record, known)


def _named(  # noqa: PLR0911  (one arm a node)
    leaf: Named, record: CustomerRecord, known: Circumstances
) -> bool:
    value = _value(leaf.name, record, known.catalogue)
    if value is None:
        return isinstance(leaf, Missing)
    match leaf:
        case Missing():
            return False
        case Present():
            return True
        case Comparison(_, how, wanted):
            return _RULES[how](value, _stored(wanted, known.today))
        case OneOf(_, values):
            return value in [_stored(one, known.today) for one in values]
        case Holds(_, place, text):
            return isinstance(value, str) and _PLACES[place](value, text)
        case Has(_, member):
            return isinstance(value, tuple) and member in value
        case HasOf(_, amount, members):
            asked = any if amount is Amount.ANY else all
            return isinstance(value, tuple) and asked(one in value for one in members)


def _value(
    name: str, record: CustomerRecord, catalogue: Catalogue
) -> str | Decimal | bool | tuple[Any, ...] | None:
    """Give the customer's value; None when there is none of the attribute's type."""
    attribute = catalogue.known[name]
    value: object = record.attributes.get(name)
    if attribute.column == "locale":
        value = record.locales[0] if record.locales else None
    elif attribute.column == "locales":
        value = tuple(record.locales)
    elif attribute.column:
        value = getattr(record, attribute.column, None)
    match attribute.kind:
        case Kind.BOOLEAN:
            return value if isinstance(value, bool) else None
        case Kind.NUMBER:
            plain = isinstance(value, int | float) and not isinstance(value, bool)
            return Decimal(repr(value)) if plain else None
        case Kind.DATE:
            return value if isinstance(value, str) and _DAY.fullmatch(value) else None
        case Kind.SET:
            return value if isinstance(value, tuple) and value else None
        case Kind.LOCATION:
            return as_place(value)
        case Kind.TEXT | Kind.CHOICE:
            return value if isinstance(value, str) else None


def _stored(value: Literal, today: date) -> str | Decimal | bool:
    """Give a literal as values are stored: dates are texts, which ISO 8601 orders as days."""
    if isinstance(value, FromToday):
        return value.on(today).isoformat()
    return value.isoformat() if isinstance(value, date) else value


def _other(leaf: Other, record: CustomerRecord, known: Circumstances) -> bool:
    match leaf:
        case Everyone():
            return True
        case OptedOut(message_class, channel):
            return (channel, message_class) in record.opted_out
        case MayReceive(message_class, channel):
            return _may_receive(message_class, channel, record, known)
        case Campaign(outcome, campaign):
            statuses = known.statuses.get(campaign, {}).get(record.number)
            return statuses is not None and _became(outcome, statuses)
        case InArea() | Near():
            return _located(leaf, record, known.places)
        case InSegment():
            raise TypeError(leaf)


def _may_receive(
    message_class: MessageClass, channel: Channel, record: CustomerRecord, known: Circumstances
) -> bool:
    first = _first(channel, record)
    said = (channel, message_class)
    agreed = said in record.consented or message_class in UNASKED
    return (
        first is not None
        and agreed
        and said not in record.opted_out
        and (record.number, channel, message_class) not in known.ordered
        and (first.scheme.value, first.value, message_class) not in known.suppressed
    )


def _first(channel: Channel, record: CustomerRecord) -> Address | None:
    """Give the address that is preferred on a channel: the one that campaigns use."""
    return next((one for one in record.addresses if one.scheme.channel is channel), None)


def _became(outcome: Outcome, statuses: frozenset[DeliveryStatus]) -> bool:
    arrived = bool(statuses & ARRIVED)
    match outcome:
        case Outcome.TARGETED:
            return True
        case Outcome.RECEIVED:
            return arrived
        case Outcome.UNCONFIRMED:
            return not arrived
        case Outcome.FAILED:
            return bool(statuses & FAILED) and not arrived


def _located(leaf: InArea | Near, record: CustomerRecord, places: Places | None) -> bool:
    if places is None:
        return False
    if isinstance(leaf, InArea):
        return places.holds(leaf.area, record, leaf.name)
    location = whereabouts(record, leaf.name)
    if location is None:
        return False
    point = float(leaf.longitude), float(leaf.latitude)
    return places.distance(*location, *point) <= float(leaf.metres)
