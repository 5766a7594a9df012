"""From an expression to a condition that PostgreSQL runs; equal to the pure rule `matches`.

SQL knows a third truth value, which `NOT` would spread; so every comparison is made two-valued
where it stands. Texts are compared in the collation "C", which orders UTF-8 as code points.
"""

from datetime import date
from decimal import Decimal
from typing import LiteralString

from broadcaster.audience.attributes import Attribute, Catalogue, Kind
from broadcaster.audience.expression import (
    And,
    Comparison,
    Everyone,
    Expression,
    Has,
    Literal,
    Not,
    OneOf,
    Operator,
    Or,
)
from broadcaster.ports import NO_KEYS, Condition, Place, Vault

#: What begins the names of our values, so that they never meet those of a surrounding query.
_PREFIX: LiteralString = "segment_"

_COLUMNS: dict[str, LiteralString] = {
    "number": "customer.number",
    "locale": "customer.locales[1]",
    "time_zone": "customer.time_zone",
}
_SEALED: dict[str, tuple[LiteralString, LiteralString]] = {
    "name": ("customer.name", "customer.name_digest"),
    "name_latin": ("customer.name_latin", "customer.latin_digest"),
}
_SIGNS: dict[Operator, LiteralString] = {
    Operator.EQUAL: "=",
    Operator.DIFFERENT: "<>",
    Operator.LESS: "<",
    Operator.AT_MOST: "<=",
    Operator.MORE: ">",
    Operator.AT_LEAST: ">=",
}


def condition(expression: Expression, catalogue: Catalogue, vault: Vault = NO_KEYS) -> Condition:
    """Translate; every name and value from outside is bound, what is sealed as its digests."""
    writer = _Writer(catalogue, vault)
    return Condition(text=writer.write(expression), values=writer.values)


class _Writer:
    """Writes conditions and collects their values."""

    def __init__(self, catalogue: Catalogue, vault: Vault) -> None:
        self._known = catalogue.known
        self.values: dict[str, object] = {}
        self._vault = vault

    def write(  # noqa: PLR0911  (one arm for each shape of the tree)
        self, expression: Expression
    ) -> LiteralString:
        match expression:
            case Everyone():
                return "true"
            case Not(part):
                return "(NOT " + self.write(part) + ")"
            case And(parts):
                return "(" + " AND ".join([self.write(part) for part in parts]) + ")"
            case Or(parts):
                return "(" + " OR ".join([self.write(part) for part in parts]) + ")"
            case Has(name, member):
                return self._has(name, member)
            case OneOf(name, values) if self._known[name].sealed:
                return (
                    "coalesce(" + self._sealed(name, [str(value) for value in values]) + ", false)"
                )
            case Comparison(name, how, value) if self._known[name].sealed:
                same = self._sealed(name, [str(value)])
                different = how is Operator.DIFFERENT
                return "coalesce(" + ("NOT " if different else "") + same + ", false)"
            case OneOf(name, values):
                return self._any_of(name, values)
            case Comparison(name, how, value):
                return self._compared(name, _SIGNS[how], self._bind(_stored(value)))

    def _bind(self, value: object) -> LiteralString:
        """Keep a value and give its placeholder; names are ours, so they are safe in the text."""
        name: LiteralString = _PREFIX + _counted(len(self.values))
        self.values[name] = value
        return "%(" + name + ")s"

    def _has(self, name: str, member: str) -> LiteralString:
        value = self._bind(member)
        if self._known[name].column:
            return "(" + value + "::text = ANY (customer.locales))"
        held = "customer.attributes->" + self._bind(name) + "::text"
        # A scalar text would also "have" itself.
        array = "jsonb_typeof(" + held + ") = 'array'"
        return "coalesce(" + array + " AND (" + held + ") ? " + value + "::text, false)"

    def _sealed(self, name: str, values: list[str]) -> LiteralString:
        """Ask for exact values: of a row that is not sealed itself, else of its digest."""
        plain, digest = _SEALED[name]
        place = Place(name)
        digests = [one for value in values for one in self._vault.digests(place, value)]
        return (
            "(CASE WHEN customer.sealed IS NULL"
            " THEN " + plain + ' COLLATE "C" = ANY (' + self._bind(values) + "::text[])"
            " ELSE " + digest + " = ANY (" + self._bind(digests) + "::bytea[]) END)"
        )

    def _any_of(self, name: str, values: tuple[Literal, ...]) -> LiteralString:
        listed: list[object] = [_stored(value) for value in values]
        cast: LiteralString = "::text[]"
        if isinstance(values[0], Decimal):
            cast = "::numeric[]"
        elif isinstance(values[0], bool):
            cast = "::boolean[]"
        return self._compared(name, "=", "ANY (" + self._bind(listed) + cast + ")", cast="")

    def _compared(
        self,
        name: str,
        sign: LiteralString,
        value: LiteralString,
        cast: LiteralString | None = None,
    ) -> LiteralString:
        attribute = self._known[name]
        held, kind = self._held(name, attribute)
        end = kind if cast is None else cast
        return "coalesce(" + held + " " + sign + " " + value + end + ", false)"

    def _held(self, name: str, attribute: Attribute) -> tuple[LiteralString, LiteralString]:
        """Give the customer's value (null unless of the right type) and the cast to its type."""
        if attribute.column:
            return _COLUMNS[attribute.column] + ' COLLATE "C"', "::text"
        key = self._bind(name)
        held = "customer.attributes->" + key + "::text"
        text = "customer.attributes->>" + key + "::text"
        if attribute.kind is Kind.NUMBER:
            return _typed(held, "number", "(" + text + ")::numeric"), "::numeric"
        if attribute.kind is Kind.BOOLEAN:
            return _typed(held, "boolean", "(" + text + ")::boolean"), "::boolean"
        if attribute.kind is Kind.DATE:
            text = "substring(" + text + " FROM '^[0-9]{4}-[0-9]{2}-[0-9]{2}$')"
        return _typed(held, "string", text) + ' COLLATE "C"', "::text"


def _stored(value: Literal) -> object:
    """Give the value as it is stored: dates are texts, which ISO 8601 orders as days."""
    return value.isoformat() if isinstance(value, date) else value


def _typed(held: LiteralString, kind: LiteralString, value: LiteralString) -> LiteralString:
    """Read the value only where it has the type: CASE alone promises that order."""
    return "(CASE jsonb_typeof(" + held + ") WHEN '" + kind + "' THEN " + value + " END)"


_DIGITS: tuple[LiteralString, ...] = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")


def _counted(number: int) -> LiteralString:
    """Write a number as text that is known to be ours."""
    ending = _DIGITS[number % 10]
    return ending if number < len(_DIGITS) else _counted(number // 10) + ending
