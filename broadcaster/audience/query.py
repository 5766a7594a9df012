"""Reading a segment's expression.

    expression = all | or
    or         = and { "or" and }
    and        = term { "and" term }
    term       = "not" term | "(" expression ")" | "all" | comparison
    comparison = NAME ("=" | "!=" | "<" | "<=" | ">" | ">=") value
               | NAME "in" "(" value { "," value } ")"
               | NAME "has" TEXT

`==` and `<>` are read as `=` and `!=`. Texts stand in double quotes; dates are 2020-03-20, with or
without quotes. Keywords may be in capitals.
"""

import difflib
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal

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
from broadcaster.audience.tokens import Token, fault, tokens
from broadcaster.errors import InvalidInputError

#: How deep brackets and `not` may be nested, and how many tokens there may be.
DEEPEST = 50
_MOST_TOKENS = 4000

_SPELLINGS = {"==": "=", "<>": "!="}
_ORDERED = frozenset({Kind.TEXT, Kind.NUMBER, Kind.DATE})
_KEYWORDS = frozenset({"and", "or", "not", "in", "has", "all", "true", "false"})
_EXAMPLES = {
    Kind.TEXT: 'a text, "like this"',
    Kind.NUMBER: "a number",
    Kind.DATE: "a date, 2020-03-20",
    Kind.CHOICE: 'a text, "like this"',
    Kind.SET: 'a text, "like this"',
    Kind.BOOLEAN: "true or false",
    Kind.LOCATION: "an area",
}


def parse(text: str, catalogue: Catalogue) -> Expression:
    """Read an expression; InvalidInputError names the position, the problem and the remedy."""
    if not text.strip():
        remedy = 'Write "all", or as in: services has "water" and meter_day < 15'
        raise InvalidInputError("expression", "is empty", remedy)
    listed = []
    for token in tokens(text):
        listed.append(token)
        if len(listed) > _MOST_TOKENS:
            raise fault(token.position, f"more than {_MOST_TOKENS} words", "Divide the segment.")
    parser = _Parser(listed, catalogue)
    expression = parser.any_of(0)
    parser.expect_end()
    return expression


class _Parser:
    """Reads tokens from left to right; never deeper than `DEEPEST`."""

    def __init__(self, listed: Sequence[Token], catalogue: Catalogue) -> None:
        self._known = catalogue.known
        self._tokens = listed
        self._next = 0

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        token = self._token
        self._next += token.kind != "end"
        return token

    def expect_end(self) -> None:
        token = self._token
        if token.kind != "end":
            remedy = "Join conditions with 'and' or 'or'."
            raise fault(token.position, f"{token.shown} comes unexpectedly", remedy)

    def any_of(self, depth: int) -> Expression:
        parts = self._joined("or", lambda: self._all_of(depth))
        return parts[0] if len(parts) == 1 else Or(parts)

    def _all_of(self, depth: int) -> Expression:
        parts = self._joined("and", lambda: self._term(depth))
        return parts[0] if len(parts) == 1 else And(parts)

    def _joined(self, word: str, read: Callable[[], Expression]) -> tuple[Expression, ...]:
        parts = [read()]
        while self._token.keyword() == word:
            self._take()
            parts.append(read())
        return tuple(parts)

    def _term(self, depth: int) -> Expression:
        token = self._take()
        if depth >= DEEPEST:
            problem = f"is nested more than {DEEPEST} deep"
            raise fault(token.position, problem, "Write it with fewer brackets.")
        if token.keyword() == "not":
            return Not(self._term(depth + 1))
        if token.text == "(" and token.kind == "mark":
            inner = self.any_of(depth + 1)
            self._expect(")", f"Close the bracket of character {token.position}.")
            return inner
        if token.keyword() == "all":
            return Everyone()
        return self._comparison(token)

    def _expect(self, mark: str, remedy: str) -> None:
        token = self._take()
        if token.text != mark or token.kind != "mark":
            raise fault(token.position, f"{token.shown} where {mark!r} belongs", remedy)

    def _comparison(self, named: Token) -> Expression:
        name, attribute = _attribute(named, self._known)
        token = self._take()
        sign = _SPELLINGS.get(token.text, token.text)
        if token.keyword() == "has":
            return self._has(name, attribute, token)
        if token.keyword() == "not":
            remedy = f"Write: not {name} in (...)"
            raise fault(token.position, "'not' can't stand here", remedy)
        if token.keyword() != "in" and (token.kind != "mark" or sign not in list(Operator)):
            remedy = "Write =, !=, <, <=, >, >=, in (...) or has."
            raise fault(token.position, f"{token.shown} where a comparison belongs", remedy)
        if attribute.kind is Kind.LOCATION:
            raise fault(token.position, f"{name} has no value to compare", "Ask for an area.")
        if attribute.kind is Kind.SET:
            raise fault(token.position, f"{name} is a set", f'Write: {name} has "..."')
        if token.keyword() == "in":
            return OneOf(name, self._values(name, attribute))
        how = Operator(sign)
        exact = how in (Operator.EQUAL, Operator.DIFFERENT)
        if attribute.sealed and not exact:
            problem = f"{name} is kept encrypted and is found by its exact value alone"
            raise fault(token.position, problem, f'Write {name} = "..." or {name} in (...).')
        if attribute.kind not in _ORDERED and not exact:
            raise fault(token.position, f"{name} has no order", "Write = or !=.")
        return Comparison(name, how, _value(self._take(), name, attribute))

    def _has(self, name: str, attribute: Attribute, token: Token) -> Expression:
        if attribute.kind is not Kind.SET:
            raise fault(token.position, f"{name} is no set", f"Write: {name} = ...")
        return Has(name, str(_value(self._take(), name, attribute)))

    def _values(self, name: str, attribute: Attribute) -> tuple[Literal, ...]:
        self._expect("(", f'Write: {name} in ("one", "two")')
        values = [_value(self._take(), name, attribute)]
        while self._token.text == "," and self._token.kind == "mark":
            self._take()
            values.append(_value(self._take(), name, attribute))
        self._expect(")", "Separate values by commas, and close the bracket.")
        return tuple(values)


def _attribute(token: Token, attributes: Mapping[str, Attribute]) -> tuple[str, Attribute]:
    if token.kind != "word" or token.keyword() in _KEYWORDS:
        remedy = f"Begin with one of {', '.join(attributes)}."
        raise fault(token.position, f"{token.shown} where an attribute belongs", remedy)
    name = token.keyword()
    if name not in attributes:
        close = difflib.get_close_matches(name, attributes, n=1)
        listed = f"Use one of {', '.join(attributes)}."
        remedy = f'Did you mean "{close[0]}"?' if close else listed
        raise fault(token.position, f'"{token.text}" is no attribute', remedy)
    return name, attributes[name]


def _value(token: Token, name: str, attribute: Attribute) -> Literal:
    """Read a value of the attribute's kind."""
    value: Literal | None = None
    if token.kind == "string" and attribute.kind not in (Kind.NUMBER, Kind.BOOLEAN):
        value = _text(token)
    elif token.kind == "number" and attribute.kind is Kind.NUMBER:
        value = Decimal(token.text)
    elif token.kind == "date" and attribute.kind is Kind.DATE:
        value = token.text
    elif token.keyword() in ("true", "false") and attribute.kind is Kind.BOOLEAN:
        value = token.keyword() == "true"
    if value is None:
        remedy = f"Write {_EXAMPLES[attribute.kind]}."
        if token.kind == "word" and _EXAMPLES[attribute.kind].startswith("a text"):
            remedy = f'Texts stand in double quotes: "{token.text}".'
        raise fault(token.position, f"{token.shown} where a value of {name} belongs", remedy)
    if attribute.kind is Kind.DATE:
        return _date(str(value), token)
    if attribute.choices and value not in attribute.choices:
        close = difflib.get_close_matches(str(value), attribute.choices, n=1)
        listed = ", ".join(f'"{choice}"' for choice in attribute.choices)
        remedy = f'Did you mean "{close[0]}"?' if close else f"Use one of {listed}."
        raise fault(token.position, f"{token.text} is no {name}", remedy)
    return value


def _text(token: Token) -> str:
    text = re.sub(r"\\(.)", r"\1", token.text[1:-1])
    try:
        text.encode()
    except UnicodeEncodeError as error:
        problem = "a text that is not UTF-8"
        raise fault(token.position, problem, "Use a terminal that speaks UTF-8.") from error
    return unicodedata.normalize("NFC", text)


def _date(text: str, token: Token) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise fault(token.position, f"{text} is no date", "Write 2020-03-20.") from error
