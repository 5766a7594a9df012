"""Conditions on what is known of a customer, as SQL; null where there is no value."""

from collections.abc import Callable
from decimal import Decimal
from typing import LiteralString

from broadcaster.audience.attributes import Attribute, Kind
from broadcaster.audience.expression import (
    Amount,
    Comparison,
    Has,
    HasOf,
    Holds,
    Literal,
    Named,
    OneOf,
    Operator,
    Place,
    Present,
)
from broadcaster.audience.places import FARTHEST, LATITUDE, LONGITUDE
from broadcaster.audience.sql_values import AND, Values, bracketed
from broadcaster.ports import Place as Sealed
from broadcaster.ports import Vault

#: A value as it is stored.
Stored = str | Decimal | bool
_Store = Callable[[Literal], Stored]

_COLUMNS: dict[str, LiteralString] = {
    "number": "customer.number",
    "locale": "customer.locales[1]",
    "time_zone": "customer.time_zone",
}
_SEALED: dict[str, tuple[LiteralString, LiteralString]] = {
    "name": ("customer.name", "customer.name_digest"),
    "name_latin": ("customer.name_latin", "customer.latin_digest"),
}
#: How a number, a list or an object begins, as the database writes it.
_BEGINS = (*"-0123456789[{",)
_SIGNS: dict[Operator, LiteralString] = {
    Operator.EQUAL: "=",
    Operator.DIFFERENT: "<>",
    Operator.LESS: "<",
    Operator.AT_MOST: "<=",
    Operator.MORE: ">",
    Operator.AT_LEAST: ">=",
}
#: What JSON calls the type in which values of a kind are stored.
_TYPES: dict[Kind, LiteralString] = {
    Kind.TEXT: "string",
    Kind.CHOICE: "string",
    Kind.DATE: "string",
    Kind.NUMBER: "number",
    Kind.BOOLEAN: "boolean",
    Kind.SET: "array",
}


def of_column(values: Values, leaf: Named, attribute: Attribute, stored: _Store) -> LiteralString:
    """Write a condition on one of the customer's own columns."""
    if attribute.kind is Kind.LOCATION:
        return "(customer.longitude IS NOT NULL)"
    if attribute.kind is Kind.SET:
        return _of_locales(values, leaf)
    held = _COLUMNS[attribute.column or ""] + ' COLLATE "C"'
    match leaf:
        case Comparison(_, how, value):
            return "(" + held + " " + _SIGNS[how] + " " + values.bind(stored(value)) + "::text)"
        case OneOf(_, several):
            listed = values.bind([stored(value) for value in several])
            return "(" + held + " = ANY (" + listed + "::text[]))"
        case Holds(_, place, text):
            return _holds(values, held, place, text)
        case _:
            return "(" + held + " IS NOT NULL)"


def of_sealed(values: Values, leaf: Named, vault: Vault) -> LiteralString:
    """Write a condition on a personal column: of a row that is sealed, on its digest."""
    plain, digest = _SEALED[leaf.name]
    match leaf:
        case Comparison(_, how, value):
            asked = [str(value)]
            sign: LiteralString = "= ANY (" if how is Operator.EQUAL else "<> ALL ("
        case OneOf(_, several):
            asked, sign = [str(value) for value in several], "= ANY ("
        case _:
            return "(coalesce(" + digest + "::text, " + plain + ") IS NOT NULL)"
    digests = [one for value in asked for one in vault.digests(Sealed(leaf.name), value)]
    text = plain + ' COLLATE "C" ' + sign + values.bind(asked) + "::text[])"
    sealed = digest + " " + sign + values.bind(digests) + "::bytea[])"
    return "(CASE WHEN customer.sealed IS NULL THEN " + text + " ELSE " + sealed + " END)"


def _of_locales(values: Values, leaf: Named) -> LiteralString:
    match leaf:
        case Has(_, member):
            return "(customer.locales @> " + values.bind([member]) + "::text[])"
        case HasOf(_, Amount.ALL, members):
            return "(customer.locales @> " + values.bind(list(members)) + "::text[])"
        case HasOf(_, _, members):
            return "(customer.locales && " + values.bind(list(members)) + "::text[])"
        case _:
            return "(cardinality(customer.locales) > 0)"


def of_attribute(  # noqa: PLR0911  (one arm a node)
    values: Values, leaf: Named, attribute: Attribute, stored: _Store
) -> LiteralString:
    """Write a condition on one of the attributes."""
    key = values.bind(leaf.name) + "::text"
    held = "customer.attributes->" + key
    if attribute.kind is Kind.LOCATION:
        return _placed(values, held)
    text = "(customer.attributes->>" + key + ') COLLATE "C"'
    typed = "jsonb_typeof(" + held + ") = '" + _TYPES[attribute.kind] + "'"
    match leaf:
        case Comparison(_, how, value):
            return _compared(values, how, stored(value), attribute.kind, (held, text, typed))
        case OneOf(_, several):
            unique = list(dict.fromkeys(stored(value) for value in several))
            if attribute.kind in (Kind.NUMBER, Kind.BOOLEAN):
                return "(" + held + " = ANY (" + values.bind_json(unique) + "))"
            among = text + " = ANY (" + values.bind(unique) + "::text[])"
            return bracketed(AND, [among] if all(map(_only_text, unique)) else [among, typed])
        case Holds(_, place, wanted):
            return bracketed(AND, [_holds(values, text, place, wanted), typed])
        case Has(_, member):
            return bracketed(AND, [held + " ? " + values.bind(member) + "::text", typed])
        case HasOf(_, amount, members):
            sign: LiteralString = " ?& " if amount is Amount.ALL else " ?| "
            return bracketed(AND, [held + sign + values.bind(list(members)) + "::text[]", typed])
        case Present():
            if attribute.kind is Kind.SET:
                return bracketed(AND, [typed, held + " <> '[]'"])
            return bracketed(AND, [typed, *_shape(text, attribute.kind)])
        case _:
            raise TypeError(leaf)


def _placed(values: Values, held: LiteralString) -> LiteralString:
    """Ask whether an attribute is a place: what lies between two numbers of JSON is a number."""
    between = [
        held + "->" + at + " BETWEEN " + values.bind_json(-most) + " AND " + values.bind_json(most)
        for at, most in (("0", FARTHEST[LONGITUDE]), ("1", FARTHEST[LATITUDE]))
    ]
    return bracketed(AND, [*between, held + "->2 IS NULL"])


def _compared(
    values: Values,
    how: Operator,
    value: Stored,
    kind: Kind,
    held_text_typed: tuple[LiteralString, LiteralString, LiteralString],
) -> LiteralString:
    held, text, typed = held_text_typed
    sign = " " + _SIGNS[how] + " "
    match kind:
        case Kind.BOOLEAN:
            same = how is Operator.EQUAL
            return "(" + held + " = " + values.bind_json(value if same else not value) + ")"
        case Kind.NUMBER if how is Operator.EQUAL:
            return "(" + held + " = " + values.bind_json(value) + ")"
        case Kind.NUMBER:
            return bracketed(AND, [held + sign + values.bind_json(value), typed])
        case Kind.DATE:
            # No other type of JSON is written in the shape of a date.
            typed = _shape(text, kind)[0]
    compared = text + sign + values.bind(value) + "::text"
    alone = how is Operator.EQUAL and _only_text(value)
    return bracketed(AND, [compared] if alone else [compared, typed])


def _only_text(value: Stored) -> bool:
    """Tell whether nothing but a text is written so in JSON: then its type need not be asked.

    The first sign tells enough: asking needlessly for the type selects the same.
    """
    text = str(value)
    return text not in ("true", "false") and not text.startswith(_BEGINS)


def _shape(text: LiteralString, kind: Kind) -> list[LiteralString]:
    """Ask of a date whether it has the shape of one; of another kind nothing."""
    return [text + " LIKE '____-__-__'"] if kind is Kind.DATE else []


def _holds(values: Values, held: LiteralString, place: Place, text: str) -> LiteralString:
    bound = values.bind(text) + "::text"
    if place is Place.START:
        return "(" + held + " ^@ " + bound + ")"
    if place is Place.ANYWHERE:
        return "(strpos(" + held + ", " + bound + ") > 0)"
    return "(right(" + held + ", length(" + bound + ")) = " + bound + ")"
