"""Segments within segments: each name replaced by what it means, cycles refused."""

from collections.abc import Callable
from datetime import date

from broadcaster.audience.days import FromToday
from broadcaster.audience.expression import (
    And,
    Comparison,
    Expression,
    InArea,
    InSegment,
    Literal,
    Not,
    OneOf,
    Or,
    leaves,
)
from broadcaster.errors import InvalidInputError

#: How many segments may stand in one another, and how many conditions may come of them all.
DEEPEST = 10
MOST_CONDITIONS = 2000


def resolved(
    expression: Expression, meaning: Callable[[str], Expression], within: tuple[str, ...] = ()
) -> Expression:
    """Replace every segment in an expression by what it means.

    `meaning` gives a segment's own expression, and raises for one that is not there; `within` names
    those that are being resolved. InvalidInputError names a cycle, or says what is too large.
    """
    return _Resolver(meaning).resolved(expression, within)


def renamed(expression: Expression, before: str, after: str) -> Expression:
    """Let an expression ask for a segment by its new name."""
    match expression:
        case Not(part):
            return Not(renamed(part, before, after))
        case And(parts):
            return And(tuple(renamed(part, before, after) for part in parts))
        case Or(parts):
            return Or(tuple(renamed(part, before, after) for part in parts))
        case InSegment(name) if name == before:
            return InSegment(after)
        case _:
            return expression


def pinned(  # noqa: PLR0911  (one arm for each shape of the tree)
    expression: Expression, today: date, area: Callable[[str], str]
) -> Expression:
    """Replace days told from today by days of the calendar, and areas by what `area` names."""

    def day(value: Literal) -> Literal:
        return value.on(today) if isinstance(value, FromToday) else value

    match expression:
        case Not(part):
            return Not(pinned(part, today, area))
        case And(parts):
            return And(tuple(pinned(part, today, area) for part in parts))
        case Or(parts):
            return Or(tuple(pinned(part, today, area) for part in parts))
        case Comparison(name, how, value):
            return Comparison(name, how, day(value))
        case OneOf(name, values):
            return OneOf(name, tuple(day(value) for value in values))
        case InArea(name, where):
            return InArea(area(name), where)
        case _:
            return expression


class _Resolver:
    """Resolves each segment once, and counts what comes of it."""

    def __init__(self, meaning: Callable[[str], Expression]) -> None:
        self._meaning = meaning
        self._known: dict[str, Expression] = {}
        self._count = 0

    def resolved(self, expression: Expression, within: tuple[str, ...]) -> Expression:
        match expression:
            case InSegment(name):
                return self._segment(name, within)
            case Not(part):
                return Not(self.resolved(part, within))
            case And(parts):
                return And(tuple(self.resolved(part, within) for part in parts))
            case Or(parts):
                return Or(tuple(self.resolved(part, within) for part in parts))
            case _:
                self._add(1)
                return expression

    def _segment(self, name: str, within: tuple[str, ...]) -> Expression:
        if name in within:
            cycle = " → ".join(f'"{one}"' for one in (*within[within.index(name) :], name))
            problem = f"segments stand in one another in a circle: {cycle}"
            raise InvalidInputError("expression", problem, "Take one of them out.")
        if len(within) >= DEEPEST:
            problem = f"segments stand in one another more than {DEEPEST} deep"
            raise InvalidInputError("expression", problem, "Write the innermost out.")
        if name in self._known:
            self._add(sum(1 for _ in leaves(self._known[name])))
        else:
            self._known[name] = self.resolved(self._meaning(name), (*within, name))
        return self._known[name]

    def _add(self, count: int) -> None:
        self._count += count
        if self._count > MOST_CONDITIONS:
            problem = f"with the segments in it there are more than {MOST_CONDITIONS} conditions"
            raise InvalidInputError("expression", problem, "Use smaller segments.")
