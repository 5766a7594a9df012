"""The tree as JSON, for forms that build an expression, and back.

Every condition is an object with `is`, which says what it asks:

    {"is": "all"}
    {"is": "and", "parts": [...]}            also "or"
    {"is": "not", "part": {...}}
    {"is": "compare", "attribute": "meter_day", "operator": "<", "value": "15"}
    {"is": "one_of", "attribute": "district", "values": ["Anfa", "Maârif"]}
    {"is": "text", "attribute": "district", "place": "starts with", "text": "An"}
    {"is": "has", "attribute": "services", "value": "water"}
    {"is": "has_of", "attribute": "services", "amount": "any", "values": ["water"]}
    {"is": "present", "attribute": "district"}                      also "missing"
    {"is": "may_receive", "class": "promotional", "channel": "email"}     also "opted_out"
    {"is": "campaign", "outcome": "received", "campaign": "Water cut"}
    {"is": "area", "area": "Old town"}            of another place: "attribute": "meter_place"
    {"is": "near", "metres": "500", "latitude": "33.59", "longitude": "-7.62"}           likewise
    {"is": "segment", "segment": "water customers"}

Numbers are texts, so that they stay exact; true and false are themselves. Days are 2020-03-20, or
{"today": -90, "unit": "day"}.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from broadcaster.audience.attributes import OWN_PLACE, Catalogue, Kind
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
    Near,
    Not,
    OneOf,
    OptedOut,
    Or,
    Present,
    quoted,
)
from broadcaster.audience.query import DEEPEST, MOST_TOKENS, parse
from broadcaster.audience.reading import Names
from broadcaster.audience.tokens import LONGEST
from broadcaster.domain.saying import Listed, said
from broadcaster.errors import InvalidInputError

#: The longest JSON that is read, characters.
LONGEST_JSON = 20 * LONGEST

Form = dict[str, Any]


def to_form(expression: Expression) -> Form:  # noqa: C901, PLR0911, PLR0912  (one arm a node)
    """Write a tree as JSON values."""
    match expression:
        case Everyone():
            return {"is": "all"}
        case Not(part):
            return {"is": "not", "part": to_form(part)}
        case And(parts):
            return {"is": "and", "parts": [to_form(part) for part in parts]}
        case Or(parts):
            return {"is": "or", "parts": [to_form(part) for part in parts]}
        case Comparison(name, how, value):
            asked = {"operator": how.value, "value": _value(value)}
            return {"is": "compare", "attribute": name, **asked}
        case OneOf(name, values):
            return {"is": "one_of", "attribute": name, "values": [_value(one) for one in values]}
        case Holds(name, place, text):
            return {"is": "text", "attribute": name, "place": place.value, "text": text}
        case Has(name, member):
            return {"is": "has", "attribute": name, "value": member}
        case HasOf(name, amount, members):
            asked_of = {"amount": amount.value, "values": list(members)}
            return {"is": "has_of", "attribute": name, **asked_of}
        case Present(name):
            return {"is": "present", "attribute": name}
        case Missing(name):
            return {"is": "missing", "attribute": name}
        case MayReceive(message_class, channel):
            return {"is": "may_receive", "class": message_class.value, "channel": channel.value}
        case OptedOut(message_class, channel):
            return {"is": "opted_out", "class": message_class.value, "channel": channel.value}
        case Campaign(outcome, name):
            return {"is": "campaign", "outcome": outcome.value, "campaign": name}
        case InArea(area, name):
            return {"is": "area", **_of(name), "area": area}
        case Near(metres, latitude, longitude, name):
            point = {"latitude": _value(latitude), "longitude": _value(longitude)}
            return {"is": "near", **_of(name), "metres": _value(metres), **point}
        case InSegment(segment):
            return {"is": "segment", "segment": segment}


def read_json(text: str, catalogue: Catalogue, names: Names) -> Expression:
    """Read JSON; InvalidInputError for what is no JSON, or as `from_form`."""
    if len(text) > LONGEST_JSON:
        raise _fault(said("is too long"), said("Divide the segment."))
    try:
        form = json.loads(text)
    except (ValueError, RecursionError) as error:
        remedy = said("Write it as 'segments show --json' prints it.")
        raise _fault(said("is no JSON"), remedy) from error
    return from_form(form, catalogue, names)


def from_form(form: object, catalogue: Catalogue, names: Names) -> Expression:
    """Read JSON values; InvalidInputError names what is wrong.

    They are written as text and read as any expression is: one grammar, one set of bounds.
    """
    return parse(_Writer(catalogue).write(form, 0), catalogue, names)


def _of(name: str) -> Form:
    """Name the place that is asked for, where it is not the customer's own."""
    return {} if name == OWN_PLACE else {"attribute": name}


def _value(value: Literal) -> object:
    match value:
        case FromToday(count, unit):
            return {"today": count, "unit": unit.value}
        case bool():
            return value
        case Decimal():
            return format(value, "f")
        case date():
            return value.isoformat()
        case str():
            return value


class _Writer:
    """Writes a form as the text of an expression."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._known = catalogue.known
        self._count = 0

    def write(self, form: object, depth: int) -> str:
        self._count += 1
        if depth > DEEPEST or self._count > MOST_TOKENS:
            problem = said("is nested too deep or has too many parts")
            raise _fault(problem, said("Divide the segment."))
        if not isinstance(form, Mapping):
            problem = said("%(shown)s where a condition belongs", shown=_shown(form))
            raise _fault(problem, said('Write {"is": ...}.'))
        kind = form.get("is")
        if kind in ("and", "or"):
            return self._joined(form, f" {kind} ", depth)
        if kind == "not":
            return f"not ({self.write(_field(form, 'part', Mapping), depth + 1)})"
        if not isinstance(kind, str) or kind not in _LEAVES:
            problem = said('%(shown)s is no value of "is"', shown=_shown(kind))
            known = Listed(("and", "or", "not", *_LEAVES))
            raise _fault(problem, said("Use one of %(known)s.", known=known))
        return _LEAVES[kind](self, form)

    def _joined(self, form: Mapping[str, object], sign: str, depth: int) -> str:
        parts = _list(form, "parts")
        if len(parts) < 2:  # noqa: PLR2004  (one alone is joined with nothing)
            problem = said('"parts" has fewer than two conditions')
            raise _fault(problem, said("Give it two, or the one alone."))
        return sign.join(f"({self.write(part, depth + 1)})" for part in parts)

    def everyone(self, form: Mapping[str, object]) -> str:
        del form
        return "all"

    def compare(self, form: Mapping[str, object]) -> str:
        name = _word(form, "attribute")
        how, value = _sign(form, "operator"), self._literal(name, form.get("value"))
        return f"{name} {how} {value}"

    def one_of(self, form: Mapping[str, object]) -> str:
        name = _word(form, "attribute")
        values = ", ".join(self._literal(name, one) for one in _list(form, "values"))
        return f"{name} in ({values})"

    def text(self, form: Mapping[str, object]) -> str:
        return f"{_word(form, 'attribute')} {_phrase(form, 'place')} {_text(form, 'text')}"

    def has(self, form: Mapping[str, object]) -> str:
        return f"{_word(form, 'attribute')} has {_text(form, 'value')}"

    def has_of(self, form: Mapping[str, object]) -> str:
        values = ", ".join(_quoted(one, "values") for one in _list(form, "values"))
        return f"{_word(form, 'attribute')} has {_phrase(form, 'amount')} of ({values})"

    def present(self, form: Mapping[str, object]) -> str:
        return f"{_word(form, 'attribute')} is {_word(form, 'is')}"

    def may_receive(self, form: Mapping[str, object]) -> str:
        return f"may receive {_word(form, 'class')} by {_word(form, 'channel')}"

    def opted_out(self, form: Mapping[str, object]) -> str:
        return f"opted out of {_word(form, 'class')} by {_word(form, 'channel')}"

    def campaign(self, form: Mapping[str, object]) -> str:
        return f"{_phrase(form, 'outcome')} campaign {_text(form, 'campaign')}"

    def area(self, form: Mapping[str, object]) -> str:
        return f"{_place(form)} in area {_text(form, 'area')}"

    def near(self, form: Mapping[str, object]) -> str:
        metres, latitude, longitude = (
            _number(form.get(field), field) for field in ("metres", "latitude", "longitude")
        )
        return f"{_place(form)} within {metres} m of {latitude}, {longitude}"

    def segment(self, form: Mapping[str, object]) -> str:
        return f"in segment {_text(form, 'segment')}"

    def _literal(self, name: str, value: object) -> str:
        """Write a value as the attribute's kind has it; what fits none is found by the parser."""
        attribute = self._known.get(name)
        if isinstance(value, bool):
            return "true" if value else "false"
        if attribute is not None and attribute.kind is Kind.NUMBER:
            return _number(value, "value")
        if isinstance(value, Mapping):
            count, unit = value.get("today"), value.get("unit", "day")
            if type(count) is not int or not isinstance(unit, str) or not unit.isalpha():
                problem = said("%(shown)s is no day", shown=_shown(value))
                raise _fault(problem, said('Write {"today": -90, "unit": "day"}.'))
            return f"today {'-' if count < 0 else '+'} {abs(count)} {unit}"
        return _quoted(value, "value")


_LEAVES: Mapping[str, Callable[[_Writer, Mapping[str, object]], str]] = {
    "all": _Writer.everyone,
    "compare": _Writer.compare,
    "one_of": _Writer.one_of,
    "text": _Writer.text,
    "has": _Writer.has,
    "has_of": _Writer.has_of,
    "present": _Writer.present,
    "missing": _Writer.present,
    "may_receive": _Writer.may_receive,
    "opted_out": _Writer.opted_out,
    "campaign": _Writer.campaign,
    "area": _Writer.area,
    "near": _Writer.near,
    "segment": _Writer.segment,
}


def _field(form: Mapping[str, object], name: str, kind: type) -> object:
    if not isinstance(form.get(name), kind):
        problem = said(
            'in %(condition)s: "%(name)s" is missing or %(shown)s',
            condition=_shown(form.get("is")),
            name=name,
            shown=_shown(form.get(name)),
        )
        raise _fault(problem, said('Give "%(name)s".', name=name))
    return form[name]


def _list(form: Mapping[str, object], name: str) -> Sequence[object]:
    found = form.get(name)
    if not isinstance(found, list):
        problem = said('"%(name)s" is missing or no list', name=name)
        raise _fault(problem, said('Give "%(name)s".', name=name))
    if not found or len(found) > MOST_TOKENS:
        problem = said('"%(name)s" is empty or too long', name=name)
        raise _fault(problem, said("Give it some values."))
    return found


def _word(form: Mapping[str, object], name: str) -> str:
    """Take one word; nothing else can get into the text of the expression by it."""
    word = str(_field(form, name, str))
    if not word.replace("_", "a").isalnum() or not word.isascii():
        raise _other(name, word, said("Give one word."))
    return word


def _place(form: Mapping[str, object]) -> str:
    return _word(form, "attribute") if "attribute" in form else OWN_PLACE


def _phrase(form: Mapping[str, object], name: str) -> str:
    phrase = str(_field(form, name, str))
    if not phrase.replace(" ", "a").isalpha() or not phrase.isascii():
        raise _other(name, phrase, said("Give words."))
    return phrase


def _sign(form: Mapping[str, object], name: str) -> str:
    sign = str(_field(form, name, str))
    if sign not in ("=", "!=", "<", "<=", ">", ">="):
        raise _other(name, sign, said("Use =, !=, <, <=, > or >=."))
    return sign


def _text(form: Mapping[str, object], name: str) -> str:
    return quoted(str(_field(form, name, str)))


def _quoted(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise _other(name, value, said("Give a text."))
    return quoted(value)


def _number(value: object, name: str) -> str:
    """Take a number, or its text; the parser bounds it."""
    text = str(value) if isinstance(value, int | float | str) else ""
    if isinstance(value, bool) or not text.lstrip("-").replace(".", "0").isdigit():
        raise _other(name, value, said("Give a number."))
    return text


def _shown(value: object) -> str:
    return repr(value)[:60]


def _other(name: str, value: object, remedy: str) -> InvalidInputError:
    """Say that a field is something else than it should be."""
    return _fault(said('"%(name)s" is %(shown)s', name=name, shown=_shown(value)), remedy)


def _fault(problem: str, remedy: str) -> InvalidInputError:
    return InvalidInputError("expression", problem, remedy)
