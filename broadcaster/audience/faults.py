"""What is wrong with an expression, and where."""

import unicodedata

from broadcaster.domain.saying import said
from broadcaster.errors import InvalidInputError

#: How much of an expression is shown around a fault, columns of a terminal.
_AROUND = 30


class ExpressionError(InvalidInputError):
    """An expression is wrong at one place.

    `text` is the expression and `position` counts its characters from 1.
    """

    def __init__(self, text: str, position: int, problem: str, remedy: str) -> None:
        """Keep the place, so that an interface can show it."""
        where = said("at character %(position)s: %(problem)s", position=position, problem=problem)
        super().__init__("expression", where, remedy)
        self.text = text
        self.position = position

    def picture(self) -> str:
        """Show the place in two lines for a terminal: the text around it, and a caret below.

        Where letters run from right to left a caret would point elsewhere: there the place is
        marked in the line itself.
        """
        before = _last(self.text[: self.position - 1])
        after = _last(self.text[self.position - 1 :][::-1])[::-1]
        line = before + after
        if any(unicodedata.bidirectional(one) in ("R", "AL", "AN") for one in line):
            return f"  {before}▶{after}"
        return f"  {line}\n  {' ' * _columns(before)}^"


def _last(text: str) -> str:
    """Give the end of a text, on one line."""
    plain = "".join(one if one.isprintable() else " " for one in text[-_AROUND:])
    return f"…{plain}" if len(text) > _AROUND else plain


def _columns(text: str) -> int:
    """Count the columns that a text takes on a terminal."""
    return sum(
        0 if unicodedata.combining(one) else 1 + (unicodedata.east_asian_width(one) in ("W", "F"))
        for one in text
    )
