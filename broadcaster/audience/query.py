"""Reading a segment's expression.

    expression = or
    or         = and { "or" and }
    and        = term { "and" term }
    term       = "not" term | "(" expression ")" | "all" | NAME asked | other
    asked      = ("=" | "!=" | "<" | "<=" | ">" | ">=") value | "in" "(" value { "," value } ")"
               | "has" TEXT | "has" ("any" | "all") "of" "(" TEXT { "," TEXT } ")"
               | ("starts" | "ends") "with" TEXT | "contains" TEXT
               | "is" [ "not" ] ("missing" | "present")
               | "in" "area" TEXT | "within" NUMBER ("m" | "km") "of" NUMBER "," NUMBER
               | (nothing, after the name of what is true or false)
    other      = "in" "segment" TEXT
               | "may" "receive" CLASS "by" CHANNEL | "opted" "out" "of" CLASS "by" CHANNEL
               | ("received" | "targeted" "by" | "unconfirmed" "in" | "failed" "in")
                 "campaign" TEXT
    value      = TEXT | NUMBER | DATE | "true" | "false"
               | "today" [ ("+" | "-") NUMBER ("days" | "weeks" | "months" | "years") ]

Texts stand in double quotes; dates are 2020-03-20, with or without quotes. Keywords may be in
capitals, digits in any script.
"""

from collections.abc import Callable
from decimal import Decimal

from broadcaster.audience.attributes import Attribute, Catalogue, Kind
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
    MayReceive,
    Missing,
    Near,
    Not,
    OneOf,
    Operator,
    OptedOut,
    Or,
    Outcome,
    Place,
    Present,
)
from broadcaster.audience.faults import ExpressionError
from broadcaster.audience.reading import Names, Reader
from broadcaster.audience.tokens import Token, tokens
from broadcaster.audience.words import EXAMPLES, KEYWORDS, suggestion
from broadcaster.domain.message import DELIVERY_CHANNELS, Channel, MessageClass
from broadcaster.domain.saying import said
from broadcaster.errors import InvalidInputError

#: How deep brackets and `not` may be nested, and how many tokens there may be.
DEEPEST = 50
MOST_TOKENS = 4000
#: The furthest that somebody can be from a point, metres: half way round the earth.
_FURTHEST = Decimal(20_040_000)

_ORDERED = frozenset({Kind.TEXT, Kind.NUMBER, Kind.DATE})
_CLASSES = {one.value: one for one in MessageClass}
_CHANNELS = {one.value: one for one in DELIVERY_CHANNELS}
#: How a condition on a campaign begins, and the word that follows.
_OUTCOMES = {
    "targeted": (Outcome.TARGETED, "by"),
    "received": (Outcome.RECEIVED, ""),
    "unconfirmed": (Outcome.UNCONFIRMED, "in"),
    "failed": (Outcome.FAILED, "in"),
}
_METRES = {"m": Decimal(1), "km": Decimal(1000)}
_PEOPLE = "Write as in: may receive promotional by email"
_NONE = Names()


def parse(text: str, catalogue: Catalogue, names: Names = _NONE) -> Expression:
    """Read an expression; InvalidInputError names the position, the problem and the remedy.

    Segments and campaigns must be among the `names`, where there are any.
    """
    if not text.strip():
        remedy = said('Write "all", or as in: services has "water" and meter_day < 15')
        raise InvalidInputError("expression", said("is empty"), remedy)
    listed = []
    for token in tokens(text):
        listed.append(token)
        if len(listed) > MOST_TOKENS:
            problem = said("more than %(most_tokens)s words", most_tokens=MOST_TOKENS)
            raise ExpressionError(text, token.position, problem, said("Divide the segment."))
    parser = _Parser(Reader(text, listed), catalogue, names)
    expression = parser.any_of(0)
    parser.reader.expect_end()
    return expression


class _Parser:
    """Reads conditions from left to right; never deeper than `DEEPEST`."""

    def __init__(self, reader: Reader, catalogue: Catalogue, names: Names) -> None:
        self.reader = reader
        self._known = catalogue.known
        self._names = names

    def any_of(self, depth: int) -> Expression:
        parts = self._joined("or", lambda: self._all_of(depth))
        return parts[0] if len(parts) == 1 else Or(parts)

    def _all_of(self, depth: int) -> Expression:
        parts = self._joined("and", lambda: self._term(depth))
        return parts[0] if len(parts) == 1 else And(parts)

    def _joined(self, word: str, read: Callable[[], Expression]) -> tuple[Expression, ...]:
        parts = [read()]
        while self.reader.token.keyword() == word:
            self.reader.take()
            parts.append(read())
        return tuple(parts)

    def _term(self, depth: int) -> Expression:
        token = self.reader.take()
        if depth >= DEEPEST:
            problem = said("is nested more than %(deepest)s deep", deepest=DEEPEST)
            raise self.reader.fault(token, problem, said("Write it with fewer brackets."))
        if token.keyword() == "not":
            return Not(self._term(depth + 1))
        if token.mark() == "(":
            inner = self.any_of(depth + 1)
            self.reader.expect(
                ")", said("Close the bracket of character %(position)s.", position=token.position)
            )
            return inner
        return self._other(token) or self._asked(token)

    def _other(self, token: Token) -> Expression | None:
        """Read what asks for no attribute; None when it begins like nothing of these."""
        read = self.reader
        word = token.keyword()
        if word == "all":
            return Everyone()
        if word == "in":
            read.skip("segment", 'Write: in segment "...", or begin with an attribute.')
            return InSegment(read.known(said("a segment"), self._names.segments))
        if word in _OUTCOMES:
            outcome, then = _OUTCOMES[word]
            remedy = f'Write: {outcome.value} campaign "..."'
            if then:
                read.skip(then, remedy)
            read.skip("campaign", remedy)
            names = self._names
            return Campaign(
                outcome, read.known(said("a campaign"), names.campaigns, names.forgotten)
            )
        if word == "may":
            read.skip("receive", _PEOPLE)
            return MayReceive(*self._consent())
        if word == "opted":
            read.skip("out", "Write as in: opted out of service by sms")
            read.skip("of", "Write as in: opted out of service by sms")
            return OptedOut(*self._consent())
        return None

    def _consent(self) -> tuple[MessageClass, Channel]:
        message_class = self.reader.word(_CLASSES, f"Use one of {', '.join(_CLASSES)}.")
        self.reader.skip("by", _PEOPLE)
        return message_class, self.reader.word(_CHANNELS, f"Use one of {', '.join(_CHANNELS)}.")

    def _asked(self, named: Token) -> Expression:
        name, attribute = self._attribute(named)
        token = self.reader.token
        match token.keyword():
            case "is":
                return self._presence(name)
            case "in" | "within" if attribute.kind is Kind.LOCATION:
                return self._located(token, name)
            case "has":
                return self._has(name, attribute)
            case "starts" | "ends" | "contains":
                return self._holds(name, attribute)
            case "not":
                remedy = said("Write: not %(name)s in (...)", name=name)
                raise self.reader.fault(token, said("'not' can't stand here"), remedy)
        return self._compared(name, attribute)

    def _compared(self, name: str, attribute: Attribute) -> Expression:
        read = self.reader
        token = read.token
        compares = token.mark() in list(Operator)
        if attribute.kind is Kind.BOOLEAN and not compares and token.keyword() != "in":
            return Comparison(name, Operator.EQUAL, value=True)
        read.take()
        if token.keyword() != "in" and not compares:
            remedy = said("Write =, !=, <, <=, >, >=, in (...), has, starts with or is missing.")
            raise read.fault(
                token, said("%(shown)s where a comparison belongs", shown=token.shown), remedy
            )
        if attribute.kind is Kind.SET:
            raise read.fault(
                token,
                said("%(name)s is a set", name=name),
                said('Write: %(name)s has "..."', name=name),
            )
        if attribute.kind is Kind.LOCATION:
            remedy = said(
                'Write: %(name)s in area "...", or: %(name)s within 500 m of 33.59, -7.62',
                name=name,
            )
            raise read.fault(token, said("%(name)s is a place", name=name), remedy)
        if token.keyword() == "in":
            example = f'{name} in ("one", "two")'
            return OneOf(name, read.listed(lambda: read.value(name, attribute), example))
        how = Operator(token.text)
        if attribute.sealed and how not in (Operator.EQUAL, Operator.DIFFERENT):
            raise self._sealed(token, name)
        if attribute.kind not in _ORDERED and how not in (Operator.EQUAL, Operator.DIFFERENT):
            raise read.fault(
                token, said("%(name)s has no order", name=name), said("Write = or !=.")
            )
        return Comparison(name, how, read.value(name, attribute))

    def _presence(self, name: str) -> Expression:
        read = self.reader
        read.take()
        negated = read.token.keyword() == "not"
        if negated:
            read.take()
        remedy = f"Write: {name} is missing, or: {name} is present"
        present = read.word({"present": True, "missing": False}, remedy)
        return Present(name) if present is not negated else Missing(name)

    def _has(self, name: str, attribute: Attribute) -> Expression:
        read = self.reader
        token = read.take()
        if attribute.kind is not Kind.SET:
            raise read.fault(
                token,
                said("%(name)s is no set", name=name),
                said("Write: %(name)s = ...", name=name),
            )

        def member() -> str:
            return str(read.value(name, attribute))

        if read.token.keyword() not in ("any", "all"):
            return Has(name, member())
        amount = Amount(read.take().keyword())
        example = f'{name} has {amount.value} of ("one", "two")'
        read.skip("of", f"Write: {example}")
        return HasOf(name, amount, read.listed(member, example))

    def _holds(self, name: str, attribute: Attribute) -> Expression:
        read = self.reader
        token = read.take()
        if attribute.sealed:
            raise self._sealed(token, name)
        if attribute.kind is not Kind.TEXT:
            other = f'{name} has "..."' if attribute.kind is Kind.SET else f"{name} = ..."
            raise read.fault(
                token, said("%(name)s is no text", name=name), said("Write: %(other)s", other=other)
            )
        if token.keyword() == "contains":
            return Holds(name, Place.ANYWHERE, read.text(said("a text")))
        place = Place(f"{token.keyword()} with")
        read.skip("with", f'Write: {name} {place.value} "..."')
        return Holds(name, place, read.text(said("a text")))

    def _sealed(self, token: Token, name: str) -> ExpressionError:
        problem = said(
            "%(name)s is kept encrypted and is found by its exact value alone", name=name
        )
        return self.reader.fault(
            token, problem, said('Write %(name)s = "..." or %(name)s in (...).', name=name)
        )

    def _located(self, token: Token, name: str) -> Expression:
        read = self.reader
        if read.take().keyword() == "in":
            read.skip("area", said('Write: %(name)s in area "..."', name=name))
            return InArea(read.known(said("an area"), None), name)
        remedy = said("Write as in: %(name)s within 500 m of 33.59, -7.62", name=name)
        distance = read.number(said("a distance"))
        metres = distance * read.word(_METRES, remedy)
        if not 0 < metres <= _FURTHEST:
            raise read.fault(
                token, said("%(metres)s m is no distance on earth", metres=metres), remedy
            )
        read.skip("of", remedy)
        latitude = self._degrees(said("latitude"), 90)
        read.expect(",", remedy)
        longitude = self._degrees(said("longitude"), 180)
        return Near(metres.normalize() + 0, latitude, longitude, name)

    def _degrees(self, what: str, most: int) -> Decimal:
        token = self.reader.token
        degrees = self.reader.number(said("a %(what)s", what=what))
        if abs(degrees) > most:
            remedy = said("Write latitude, longitude in degrees: 33.59, -7.62")
            raise self.reader.fault(
                token, said("%(degrees)s is no %(what)s", degrees=degrees, what=what), remedy
            )
        return degrees

    def _attribute(self, token: Token) -> tuple[str, Attribute]:
        known = self._known
        example = EXAMPLES.get(token.keyword()) if token.kind == "word" else None
        written = said("Write: %(example)s", example=example) if example else None
        if token.kind != "word" or token.keyword() in KEYWORDS:
            remedy = written or said("Begin with one of %(names)s.", names=", ".join(known))
            raise self.reader.fault(
                token, said("%(shown)s where an attribute belongs", shown=token.shown), remedy
            )
        name = token.keyword()
        if name not in known:
            near = suggestion(name, known)
            listed = f"Use one of {', '.join(known)}."
            raise self.reader.fault(
                token,
                said('"%(text)s" is no attribute', text=token.text),
                near or written or listed,
            )
        return name, known[name]
