"""Cutting the text of a segment's expression into tokens."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from broadcaster.audience.days import DAY_FIRST, iso_day
from broadcaster.audience.digits import plain_number
from broadcaster.audience.faults import ExpressionError
from broadcaster.domain.saying import said
from broadcaster.errors import InvalidInputError

#: The longest expression, characters.
LONGEST = 10_000

#: Digits are those of any script; outside of texts they are read as 0 to 9. No name has letters of
#: another script: words of them are whole, so that a label can be answered with what it stands for.
_TOKEN = re.compile(
    r"""
      (?P<space>[ \t\r\n\u00a0\u200e\u200f\u061c]+)
    | (?P<date>\d{4}-\d{2}-\d{2})(?![\w.-])
    | (?P<number>[-\u2212]?\d{1,15}(?:[.\u066b]\d{1,10})?)(?![\w.\u066b])
    | (?P<word>[^\W\d]\w*)
    | (?P<string>"(?:[^"\\\x00-\x1f\x7f]|\\["\\])*")
    | (?P<mark>==|!=|<>|<=|>=|[=<>(),\u060c\u2260\u2264\u2265+\-\u2212])
    """,
    re.VERBOSE,
)
#: How signs are read that people or programs write for ours.
_SIGNS = {
    "==": "=", "<>": "!=", "\u2260": "!=", "\u2264": "<=", "\u2265": ">=", "\u060c": ",",
    "\u2212": "-",
}  # fmt: skip
#: What people write, and what to write instead.
_REMEDIES = {
    "'": said('Write texts in double quotes, "like this".'),
    "“": said('Write texts in straight double quotes, "like this".'),
    "”": said('Write texts in straight double quotes, "like this".'),
    "«": said('Write texts in straight double quotes, "like this".'),
    '"': said("Close the text with a double quote, and put a backslash before one inside it."),
    "&": said("Write 'and'."),
    "|": said("Write 'or'."),
    "!": said("Write 'not', or '!='."),
}
_KINDS = {
    "date": said("a date"),
    "number": said("a number"),
    "string": said("a text"),
}


class Token(NamedTuple):
    """A piece of an expression; `position` counts characters from 1. The last one is `end`."""

    kind: str
    text: str
    position: int

    @property
    def shown(self) -> str:
        """Say what it is."""
        if self.kind == "end":
            return said("the end")
        if self.kind in _KINDS:
            return said("%(kind)s %(text)s", kind=_KINDS[self.kind], text=self.text)
        return self.text

    def keyword(self) -> str:
        """Give the word in lower case; empty for any other token."""
        return self.text.lower() if self.kind == "word" else ""

    def mark(self) -> str:
        """Give the sign; empty for any other token."""
        return self.text if self.kind == "mark" else ""


def tokens(text: str) -> Iterator[Token]:
    """Cut the text; ExpressionError for what is no token, with its position."""
    if len(text) > LONGEST:
        problem = said("is longer than %(longest)s characters", longest=LONGEST)
        raise InvalidInputError("expression", problem, said("Divide it into several segments."))
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            sign = text[position]
            raise ExpressionError(
                text,
                position + 1,
                said("%(sign)s can't be read", sign=sign),
                _remedy(text, position),
            )
        kind = str(match.lastgroup)
        if kind != "space":
            yield Token(kind, _plain(kind, match.group()), position + 1)
        position = match.end()
    yield Token("end", "", len(text) + 1)


def _remedy(text: str, position: int) -> str:
    """Say what to write instead of the sign at a position; of a day, what day that is."""
    day = next(filter(None, (DAY_FIRST.match(text, max(position - n, 0)) for n in (2, 1))), None)
    if day and text[position] == "/":
        return said("Write days as %(day)s.", day=iso_day(day.group()))
    usual = said('Write as in: services has "water" and meter_day < 15')
    return _REMEDIES.get(text[position], usual)


def _plain(kind: str, text: str) -> str:
    if kind == "mark":
        return _SIGNS.get(text, text)
    if kind in ("date", "number"):
        return plain_number(text)
    return text
