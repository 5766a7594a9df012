"""Rendering that remembers which fact and filter each piece comes from.

A text that an operator changes has to name its dates and places, not to repeat them: when a fact
changes, so does the text. Comparing shown values would not do, as two times may read alike.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from broadcaster.render.environment import Sandbox
from broadcaster.render.orders import Order
from broadcaster.render.parts import Parts
from broadcaster.render.values import Money, Shown, Surface

_OPEN, _SHOWN, _CLOSE = "\ue0f4", "\ue0f5", "\ue0f6"
#: A piece of a text that a filter made of a fact: `facts.<name>|<filter>`, and how it reads.
TRACE = re.compile(f"{_OPEN}([^{_SHOWN}]*){_SHOWN}([^{_CLOSE}]*){_CLOSE}")
#: Filters whose pieces are traced.
_FILTERS = ("date", "short_date", "weekday_date", "day", "time", "number", "money", "listing")


class _Moment(datetime):
    fact: str


class _Day(date):
    fact: str


class _Whole(int):
    fact: str


class _Fraction(float):
    fact: str


class _Listed(tuple[Shown, ...]):  # noqa: SLOT001  (it needs room for the name)
    fact: str


class _Amount(Money):
    fact: str


_Known = _Moment | _Day | _Whole | _Fraction | _Listed | _Amount


@dataclass(frozen=True, eq=False)
class _Traced(Shown):
    """A piece with its origin; templates compare pieces by what they say."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Shown) and self.raw == other.raw

    def __hash__(self) -> int:
        return hash(self.raw)


class TracingParts(Parts):
    """Renders parts of text with the origin of dates, numbers, money and lists in them."""

    def _environment(self, order: Order, part: str) -> Sandbox:
        environment = super()._environment(order, part)
        if not getattr(environment, "traces", False):
            filters = environment.filters
            filters |= {name: _tracing(name, filters[name]) for name in _FILTERS}
            environment.traces = True  # type: ignore[attr-defined]  # (so that it is done once)
        return environment

    def _facts(self, order: Order, surface: Surface) -> Mapping[str, object]:
        facts = super()._facts(order, surface)
        return {name: _known(name, value) for name, value in facts.items()}


def _known(name: str, value: object) -> object:
    """Give a value that knows the name of its fact, and is the same in all else."""
    made: _Known
    if isinstance(value, datetime):
        made = _Moment.fromisoformat(value.isoformat())
    elif isinstance(value, date):
        made = _Day.fromisoformat(value.isoformat())
    elif isinstance(value, Money):
        made = _Amount(*value)
    elif isinstance(value, tuple):
        made = _Listed(value)
    elif isinstance(value, bool) or not isinstance(value, int | float):
        return value
    else:
        made = _Whole(value) if isinstance(value, int) else _Fraction(value)
    made.fact = name
    return made


def _tracing(name: str, inner: Callable[..., object]) -> Callable[..., object]:
    def call(value: object) -> object:
        shown = inner(value)
        fact = getattr(value, "fact", None)
        if fact is None:
            return shown
        text = f"{_OPEN}facts.{fact}|{name}{_SHOWN}{shown}{_CLOSE}"
        if isinstance(shown, Shown):
            return _Traced(shown.raw, text, shown.html, shown.href)
        return text

    return call
