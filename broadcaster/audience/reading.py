"""Going through the tokens of an expression, and reading the values among them."""

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeVar

from broadcaster.audience.attributes import Attribute, Kind
from broadcaster.audience.days import FURTHEST, FromToday, Unit, iso_day
from broadcaster.audience.digits import plain_digits
from broadcaster.audience.expression import Literal
from broadcaster.audience.faults import ExpressionError
from broadcaster.audience.tokens import Token
from broadcaster.domain.nearest import close
from broadcaster.domain.saying import said

_Item = TypeVar("_Item")

_EXAMPLES = {
    Kind.TEXT: 'a text, "like this"',
    Kind.NUMBER: "a number",
    Kind.DATE: "a date, 2020-03-20, or: today - 90 days",
    Kind.CHOICE: 'a text, "like this"',
    Kind.SET: 'a text, "like this"',
    Kind.BOOLEAN: "true or false",
    Kind.LOCATION: "an area",
}
_UNITS = {word: unit for unit in Unit for word in (unit.value, f"{unit.value}s")}


@dataclass(frozen=True, kw_only=True, slots=True)
class Names:
    """The names that an expression may refer to; None where that is not looked at.

    `campaigns` are those whose deliveries are there with their people; of those that are
    `forgotten` the people were parted from them.
    """

    segments: Collection[str] | None = None
    campaigns: Collection[str] | None = None
    forgotten: Collection[str] = ()


class Reader:
    """Goes through tokens from left to right."""

    def __init__(self, text: str, listed: Sequence[Token]) -> None:
        """Begin at the first token; `text` is what faults point into."""
        self._text = text
        self._tokens = listed
        self._next = 0

    @property
    def token(self) -> Token:
        """The token that comes next."""
        return self._tokens[self._next]

    def take(self) -> Token:
        """Take the next token; the end is there as often as it is asked for."""
        token = self.token
        self._next += token.kind != "end"
        return token

    def fault(self, token: Token, problem: str, remedy: str) -> ExpressionError:
        """Make the error that says where the expression is wrong."""
        return ExpressionError(self._text, token.position, problem, remedy)

    def expect_end(self) -> None:
        """Refuse whatever follows."""
        token = self.token
        if token.kind != "end":
            remedy = said("Join conditions with 'and' or 'or'.")
            raise self.fault(token, said("%(shown)s comes unexpectedly", shown=token.shown), remedy)

    def expect(self, sign: str, remedy: str) -> None:
        """Take a sign."""
        token = self.take()
        if token.mark() != sign:
            raise self.fault(
                token,
                said("%(shown)s where %(sign)s belongs", shown=token.shown, sign=repr(sign)),
                remedy,
            )

    def word(self, words: Mapping[str, _Item], remedy: str) -> _Item:
        """Take one of some words; what it stands for."""
        token = self.take()
        if token.keyword() not in words:
            listed = " or ".join(repr(word) for word in words)
            near = close(token.keyword(), words) if token.kind == "word" else ""
            raise self.fault(
                token,
                said("%(shown)s where %(listed)s belongs", shown=token.shown, listed=listed),
                near or remedy,
            )
        return words[token.keyword()]

    def skip(self, word: str, remedy: str) -> None:
        """Take a word that must stand here."""
        self.word({word: word}, remedy)

    def text(self, what: str) -> str:
        """Take a text between double quotes."""
        token = self.take()
        if token.kind != "string":
            remedy = said('Write %(what)s in double quotes: "..."', what=what)
            raise self.fault(
                token,
                said("%(shown)s where %(what)s belongs", shown=token.shown, what=what),
                remedy,
            )
        return self._unquoted(token)

    def known(
        self, what: str, names: Collection[str] | None, forgotten: Collection[str] = ()
    ) -> str:
        """Take a name between double quotes that must be among `names`."""
        token = self.token
        name = " ".join(self.text(said("the name of %(what)s", what=what)).split())
        if name in forgotten:
            problem = said(
                "nobody of %(name)s is known any more, as its time of keeping is over",
                name=repr(name),
            )
            raise self.fault(
                token, problem, said("Give the name of %(what)s that ended later.", what=what)
            )
        if names is not None and name not in names:
            listed = said("Give the name of %(what)s that there is.", what=what)
            raise self.fault(
                token, said("there is no %(name)s", name=repr(name)), close(name, names) or listed
            )
        return name

    def number(self, what: str) -> Decimal:
        """Take a number."""
        token = self.take()
        if token.kind != "number":
            raise self.fault(
                token,
                said("%(shown)s where %(what)s belongs", shown=token.shown, what=what),
                said("Write a number."),
            )
        return Decimal(token.text)

    def listed(self, read: Callable[[], _Item], example: str) -> tuple[_Item, ...]:
        """Take a list in brackets."""
        self.expect("(", said("Write: %(example)s", example=example))
        items = [read()]
        while self.token.mark() == ",":
            self.take()
            items.append(read())
        self.expect(")", said("Separate values by commas, and close the bracket."))
        return tuple(items)

    def value(self, name: str, attribute: Attribute) -> Literal:
        """Take a value of the attribute's kind."""
        token = self.take()
        kind = attribute.kind
        if token.kind == "string" and kind not in (Kind.NUMBER, Kind.BOOLEAN, Kind.LOCATION):
            text = self._unquoted(token)
            return (
                self._day(plain_digits(text), token)
                if kind is Kind.DATE
                else self._chosen(text, token, name, attribute)
            )
        if token.kind == "number" and kind is Kind.NUMBER:
            return Decimal(token.text)
        if kind is Kind.DATE and token.kind == "date":
            return self._day(token.text, token)
        if kind is Kind.DATE and token.keyword() == "today":
            return self._from_today()
        if kind is Kind.BOOLEAN and token.keyword() in ("true", "false"):
            return token.keyword() == "true"
        remedy = said("Write %(examples)s.", examples=_EXAMPLES[kind])
        if token.kind == "word" and _EXAMPLES[kind].startswith("a text"):
            remedy = said('Texts stand in double quotes: "%(text)s".', text=token.text)
        raise self.fault(
            token,
            said("%(shown)s where a value of %(name)s belongs", shown=token.shown, name=name),
            remedy,
        )

    def _chosen(self, text: str, token: Token, name: str, attribute: Attribute) -> str:
        """Check a text against the choices; a label is answered with the choice that it means."""
        if not attribute.choices or text in attribute.choices:
            return text
        known = {**attribute.choices, **_labelled(attribute.choices)}
        near = close(text, known, lambda one: _labelled(attribute.choices).get(one, one))
        listed = ", ".join(f'"{choice}"' for choice in attribute.choices)
        raise self.fault(
            token,
            said("%(text)s is no %(name)s", text=token.text, name=name),
            near or f"Use one of {listed}.",
        )

    def _unquoted(self, token: Token) -> str:
        text = re.sub(r"\\(.)", r"\1", token.text[1:-1])
        try:
            text.encode()
        except UnicodeEncodeError as error:
            remedy = said("Use a terminal that speaks UTF-8.")
            raise self.fault(token, said("a text that is not UTF-8"), remedy) from error
        return unicodedata.normalize("NFC", text)

    def _day(self, text: str, token: Token) -> date:
        try:
            if len(text) == len("2020-03-20"):
                return date.fromisoformat(text)
        except ValueError:
            pass
        raise self.fault(token, said("%(text)s is no date", text=text[:40]), _written_as(text))

    def _from_today(self) -> FromToday:
        token = self.token
        if token.mark() in ("+", "-"):
            self.take()
            counted = self.take()
            negative = token.text == "-"
        elif token.kind == "number" and token.text.startswith("-"):
            counted = self.take()._replace(text=token.text[1:])
            negative = True
        else:
            return FromToday()
        remedy = said("Write as in: today - 90 days")
        if counted.kind != "number" or not counted.text.isdigit():
            raise self.fault(
                counted, said("%(shown)s where a whole number belongs", shown=counted.shown), remedy
            )
        unit = self.word(_UNITS, remedy)
        count = int(counted.text)
        if count > FURTHEST[unit]:
            problem = said(
                "%(count)s %(unit)ss are more than %(furthest)s",
                count=count,
                unit=unit,
                furthest=FURTHEST[unit],
            )
            raise self.fault(counted, problem, said("Write a date."))
        return FromToday(-count if negative else count, unit) if count else FromToday()


def _labelled(choices: Mapping[str, Mapping[str, str]]) -> Mapping[str, str]:
    return {label: name for name, labels in choices.items() for label in labels.values()}


def _written_as(text: str) -> str:
    """Show the day that somebody meant who wrote it as spreadsheets do."""
    day = iso_day(text)
    try:
        date.fromisoformat(day)
    except ValueError:
        return "Write 2020-03-20."
    return f"Write {day}."
