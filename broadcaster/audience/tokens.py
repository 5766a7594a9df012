"""Cutting the text of a segment's expression into tokens."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from broadcaster.errors import InvalidInputError

#: The longest expression, characters.
LONGEST = 10_000

_TOKEN = re.compile(
    r"""
      (?P<space>[ \t\r\n]+)
    | (?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})(?![\w.-])
    | (?P<number>-?[0-9]{1,15}(?:\.[0-9]{1,10})?)(?![\w.])
    | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<string>"(?:[^"\\\x00-\x1f\x7f]|\\["\\])*")
    | (?P<mark>==|!=|<>|<=|>=|[=<>(),])
    """,
    re.VERBOSE,
)
#: What people write, and what to write instead.
_REMEDIES = {
    "'": 'Write texts in double quotes, "like this".',
    "“": 'Write texts in straight double quotes, "like this".',
    "”": 'Write texts in straight double quotes, "like this".',
    "«": 'Write texts in straight double quotes, "like this".',
    '"': "Close the text with a double quote, and put a backslash before one inside it.",
    "&": "Write 'and'.",
    "|": "Write 'or'.",
    "!": "Write 'not', or '!='.",
}
_KINDS = {"date": "a date", "number": "a number", "string": "a text"}


class Token(NamedTuple):
    """A piece of an expression; `position` counts characters from 1. The last one is `end`."""

    kind: str
    text: str
    position: int

    @property
    def shown(self) -> str:
        """Say what it is."""
        if self.kind == "end":
            return "the end"
        return f"{_KINDS.get(self.kind, '')} {self.text}".strip()

    def keyword(self) -> str:
        """Give the word in lower case; empty for any other token."""
        return self.text.lower() if self.kind == "word" else ""


def fault(position: int, problem: str, remedy: str) -> InvalidInputError:
    """Make the error that says where the expression is wrong."""
    return InvalidInputError("expression", f"at character {position}: {problem}", remedy)


def tokens(text: str) -> Iterator[Token]:
    """Cut the text; InvalidInputError for what is no token, with its position."""
    if len(text) > LONGEST:
        problem = f"is longer than {LONGEST} characters"
        raise InvalidInputError("expression", problem, "Divide it into several segments.")
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            sign = text[position]
            remedy = _REMEDIES.get(sign, 'Write as in: services has "water" and meter_day < 15')
            raise fault(position + 1, f"{sign!a} can't be read", remedy)
        if match.lastgroup != "space":
            yield Token(str(match.lastgroup), match.group(), position + 1)
        position = match.end()
    yield Token("end", "", len(text) + 1)
