"""A segment's expression as a tree, and its canonical text.

What each node means is the rule in `rule.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from broadcaster.audience.attributes import OWN_PLACE
from broadcaster.audience.days import FromToday
from broadcaster.domain.message import Channel, MessageClass

#: A value in an expression.
Literal = str | Decimal | bool | date | FromToday


class Operator(StrEnum):
    """How a value is compared."""

    EQUAL = "="
    DIFFERENT = "!="
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="


class Place(StrEnum):
    """Where in a text another text is looked for."""

    START = "starts with"
    ANYWHERE = "contains"
    END = "ends with"


class Amount(StrEnum):
    """How many of some values a set must have."""

    ANY = "any"
    ALL = "all"


class Outcome(StrEnum):
    """What became of somebody in a campaign."""

    #: The campaign was to tell them; also when they were then left out.
    TARGETED = "targeted by"
    #: A delivery arrived.
    RECEIVED = "received"
    #: The campaign was to tell them, and no delivery arrived (so far).
    UNCONFIRMED = "unconfirmed in"
    #: A delivery failed for good, and none arrived.
    FAILED = "failed in"


@dataclass(frozen=True, slots=True)
class Everyone:
    """Selects every customer."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Compares an attribute's value."""

    name: str
    operator: Operator
    value: Literal


@dataclass(frozen=True, slots=True)
class OneOf:
    """Asks whether an attribute's value is among some."""

    name: str
    values: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class Holds:
    """Asks whether a text has another at its start, at its end or anywhere."""

    name: str
    place: Place
    text: str


@dataclass(frozen=True, slots=True)
class Has:
    """Asks whether a set contains a value."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class HasOf:
    """Asks whether a set contains any or all of some values."""

    name: str
    amount: Amount
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Present:
    """Asks whether there is a value of the attribute's type at all; an empty set is none."""

    name: str


@dataclass(frozen=True, slots=True)
class Missing:
    """Asks whether there is none."""

    name: str


@dataclass(frozen=True, slots=True)
class MayReceive:
    """Asks whether consent, an address and no suppression allow a class on a channel."""

    message_class: MessageClass
    channel: Channel


@dataclass(frozen=True, slots=True)
class OptedOut:
    """Asks whether the customer refused a class on a channel."""

    message_class: MessageClass
    channel: Channel


@dataclass(frozen=True, slots=True)
class Campaign:
    """Asks what became of the customer in a campaign."""

    outcome: Outcome
    name: str


@dataclass(frozen=True, slots=True)
class InArea:
    """Asks whether a place of the customer's is in a saved area."""

    area: str
    name: str = OWN_PLACE


@dataclass(frozen=True, slots=True)
class Near:
    """Asks whether a place of the customer's is near a point, degrees of WGS 84."""

    metres: Decimal
    latitude: Decimal
    longitude: Decimal
    name: str = OWN_PLACE


@dataclass(frozen=True, slots=True)
class InSegment:
    """Selects whom a saved segment selects."""

    segment: str


@dataclass(frozen=True, slots=True)
class Not:
    """Selects who is not selected."""

    part: "Expression"


@dataclass(frozen=True, slots=True)
class And:
    """Selects whom all parts select."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Selects whom any part selects."""

    parts: tuple["Expression", ...]


#: What asks for an attribute by its name.
Named = Comparison | OneOf | Holds | Has | HasOf | Present | Missing
#: What asks where an attribute is that is a place.
Located = InArea | Near
#: What asks for no value of an attribute.
Other = Everyone | MayReceive | OptedOut | Campaign | Located | InSegment
Leaf = Named | Other
Expression = Leaf | Not | And | Or


def leaves(expression: Expression) -> Iterator[Leaf]:
    """Give the conditions of a tree, from left to right."""
    match expression:
        case Not(part):
            yield from leaves(part)
        case And(parts) | Or(parts):
            for part in parts:
                yield from leaves(part)
        case _:
            yield expression


def names(expression: Expression) -> set[str]:
    """Give the attributes that an expression asks for."""
    return {leaf.name for leaf in leaves(expression) if isinstance(leaf, Named | Located)}


def canonical(expression: Expression) -> str:
    """Write the expression in the one form that reads back as the same tree."""
    match expression:
        case Not(part):
            return f"not {_nested(part)}"
        case And(parts):
            return " and ".join(map(_nested, parts))
        case Or(parts):
            return " or ".join(map(_nested, parts))
        case Comparison() | OneOf() | Holds() | Has() | HasOf() | Present() | Missing():
            return f"{expression.name} {_asked(expression)}"
        case _:
            return _other(expression)


def _nested(part: Expression) -> str:
    text = canonical(part)
    return f"({text})" if isinstance(part, And | Or) else text


def _asked(leaf: Named) -> str:  # noqa: PLR0911  (one arm a node)
    match leaf:
        case Comparison(_, how, value):
            return f"{how.value} {written(value)}"
        case OneOf(_, values):
            return f"in ({_listed(values)})"
        case Holds(_, place, text):
            return f"{place.value} {quoted(text)}"
        case Has(_, member):
            return f"has {quoted(member)}"
        case HasOf(_, amount, members):
            return f"has {amount.value} of ({_listed(members)})"
        case Present():
            return "is present"
        case Missing():
            return "is missing"


def _other(leaf: Other) -> str:  # noqa: PLR0911  (one arm a node)
    match leaf:
        case Everyone():
            return "all"
        case MayReceive(message_class, channel):
            return f"may receive {message_class.value} by {channel.value}"
        case OptedOut(message_class, channel):
            return f"opted out of {message_class.value} by {channel.value}"
        case Campaign(outcome, name):
            return f"{outcome.value} campaign {quoted(name)}"
        case InArea(area, name):
            return f"{name} in area {quoted(area)}"
        case Near(metres, latitude, longitude, name):
            point = f"{written(latitude)}, {written(longitude)}"
            return f"{name} within {written(metres)} m of {point}"
        case InSegment(segment):
            return f"in segment {quoted(segment)}"


def _listed(values: tuple[Literal, ...] | tuple[str, ...]) -> str:
    return ", ".join(written(value) for value in values)


def written(value: Literal) -> str:
    """Write a value as an expression has it."""
    match value:
        case bool():
            return "true" if value else "false"
        case Decimal():
            return format(value, "f")
        case date():
            return value.isoformat()
        case FromToday(0):
            return "today"
        case FromToday(count, unit):
            ending = "" if abs(count) == 1 else "s"
            return f"today {'-' if count < 0 else '+'} {abs(count)} {unit.value}{ending}"
        case str():
            return quoted(value)


def quoted(text: str) -> str:
    """Write a text between double quotes."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
