"""A segment's expression as a tree, its canonical text, and the pure rule of whom it selects.

A comparison with an attribute that the customer has not, or that has a value of another type, is
false, whatever the operator; so `not (district = "Anfa")` selects those without a district, and
`district != "Anfa"` does not. Everything else is plain two-valued logic.
"""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from broadcaster.audience.attributes import Attribute, Catalogue, Kind
from broadcaster.domain.customer import CustomerRecord

#: A value in an expression.
Literal = str | Decimal | bool | date


class Operator(StrEnum):
    """How a value is compared."""

    EQUAL = "="
    DIFFERENT = "!="
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="


#: A date as it is stored; a text of another shape counts as missing.
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_RULES: Mapping[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQUAL: operator.eq,
    Operator.DIFFERENT: operator.ne,
    Operator.LESS: operator.lt,
    Operator.AT_MOST: operator.le,
    Operator.MORE: operator.gt,
    Operator.AT_LEAST: operator.ge,
}


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
class Has:
    """Asks whether a set contains a value."""

    name: str
    value: str


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


Expression = Everyone | Comparison | OneOf | Has | Not | And | Or


def matches(  # noqa: PLR0911  (one arm for each shape of the tree)
    expression: Expression, record: CustomerRecord, catalogue: Catalogue
) -> bool:
    """Tell whether the expression selects the customer."""
    match expression:
        case Everyone():
            return True
        case Not(part):
            return not matches(part, record, catalogue)
        case And(parts):
            return all(matches(part, record, catalogue) for part in parts)
        case Or(parts):
            return any(matches(part, record, catalogue) for part in parts)
        case Has(name, member):
            held = _held(name, catalogue.known[name], record)
            return isinstance(held, tuple) and member in held
        case OneOf(name, values):
            return _scalar(name, record, catalogue) in [_plain(value) for value in values]
        case Comparison(name, how, wanted):
            value = _scalar(name, record, catalogue)
            return value is not None and _RULES[how](value, _plain(wanted))


def _held(name: str, attribute: Attribute, record: CustomerRecord) -> object:
    if attribute.column == "locale":
        return record.locales[0] if record.locales else None
    if attribute.column == "locales":
        return tuple(record.locales)
    if attribute.column:
        return getattr(record, attribute.column)
    return record.attributes.get(name)


def _scalar(name: str, record: CustomerRecord, catalogue: Catalogue) -> str | Decimal | bool | None:
    """Give the customer's value in the form that literals have; None when there is none."""
    attribute = catalogue.known[name]
    value = _held(name, attribute, record)
    if attribute.kind is Kind.BOOLEAN:
        return value if isinstance(value, bool) else None
    if attribute.kind is Kind.NUMBER:
        plain = isinstance(value, int | float) and not isinstance(value, bool)
        return Decimal(repr(value)) if plain else None
    if attribute.kind is Kind.DATE:
        return value if isinstance(value, str) and _DAY.fullmatch(value) else None
    return value if isinstance(value, str) else None


def _plain(value: Literal) -> str | Decimal | bool:
    """Give the literal as values are stored: dates are texts, which ISO 8601 orders as days."""
    return value.isoformat() if isinstance(value, date) else value


def canonical(  # noqa: PLR0911  (one arm for each shape of the tree)
    expression: Expression,
) -> str:
    """Write the expression in the one form that reads back as the same tree."""
    match expression:
        case Everyone():
            return "all"
        case Comparison(name, how, value):
            return f"{name} {how.value} {_written(value)}"
        case OneOf(name, values):
            return f"{name} in ({', '.join(_written(value) for value in values)})"
        case Has(name, member):
            return f"{name} has {_quoted(member)}"
        case Not(part):
            return f"not {_nested(part)}"
        case And(parts):
            return " and ".join(map(_nested, parts))
        case Or(parts):
            return " or ".join(map(_nested, parts))


def _nested(part: Expression) -> str:
    text = canonical(part)
    return f"({text})" if isinstance(part, And | Or) else text


def _written(value: Literal) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return value.isoformat()
    return _quoted(value)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
