"""An audience as pages show it: in words, counted, some of it, and where it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from babel.dates import format_date
from babel.numbers import format_decimal

from broadcaster.audience.explained import explain
from broadcaster.audience.expression import InArea, canonical, leaves
from broadcaster.bootstrap.aiming import save_audience
from broadcaster.domain.saying import Figure, said
from broadcaster.errors import InvalidInputError
from broadcaster.web.console.area_maps import AreaMap, AreaMaps
from broadcaster.web.languages import Language

if TYPE_CHECKING:
    from broadcaster.bootstrap import Runtime

#: How many customers are shown, and maps.
_SAMPLE, _MAPS = 5, 4
#: The longest expression that is read while it is being typed.
LONGEST = 10_000


class Shown(NamedTuple):
    """A customer of a sample, by number and the first letter of the name."""

    number: str
    name: str
    locales: Sequence[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Audience:
    """Whom an expression selects: in words, how many, some of them, and its areas."""

    expression: str
    words: str
    count: int
    sample: Sequence[Shown]
    areas: Sequence[AreaMap]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Speech:
    """A language of the pages, as sentences about audiences are told in it."""

    spoken: Language

    @property
    def language(self) -> str:
        return self.spoken.locale.language

    @property
    def right_to_left(self) -> bool:
        return self.spoken.locale.direction == "rtl"

    def gettext(self, text: str) -> str:
        return self.spoken.gettext(text)

    def ngettext(self, singular: str, plural: str, count: int) -> str:
        return self.spoken.ngettext(singular, plural, count)

    def number(self, value: Decimal) -> str:
        places = max(0, -int(value.as_tuple().exponent))
        pattern = "#,##0" + ("." + "#" * places if places else "")
        return format_decimal(value, format=pattern, locale=self.spoken.locale.formats)

    def day(self, value: date) -> str:
        return format_date(value, "long", locale=self.spoken.locale.formats)


class Audiences:
    """Tells of audiences."""

    def __init__(self, runtime: "Runtime", maps: AreaMaps) -> None:
        """`maps` are those of the areas' own pages."""
        self._runtime = runtime
        self._maps = maps

    def saved(self) -> Mapping[str, str]:
        """Give the expressions of all saved segments by name."""
        return {one.name: one.expression for one in self._runtime.segments.list()}

    def of_segment(self, name: str, language: Language, *, people: bool) -> Audience:
        """Tell of a saved segment; `people` says whether a sample may be seen. NotFoundError."""
        return self.of(self._runtime.segments.get(name).expression, language, people=people)

    def of(self, expression: str, language: Language, *, people: bool) -> Audience:
        """Tell of an expression; InvalidInputError with position and remedy."""
        if len(expression) > LONGEST:
            problem = said("has %(count)s characters", count=Figure(len(expression)))
            raise InvalidInputError(
                "expression", problem, said("Write %(longest)s at most.", longest=Figure(LONGEST))
            )
        known = self._runtime.audience.knowledge(expression)
        tree = known.parse(expression)
        seen = self._runtime.customers.people(expression, _SAMPLE) if people else ()
        areas = [leaf.area for leaf in leaves(known.resolve(tree)) if isinstance(leaf, InArea)]
        return Audience(
            expression=canonical(tree),
            words=explain(tree, known.catalogue, _Speech(spoken=language)),
            count=self._runtime.customers.count(expression),
            sample=[
                Shown(one.number, f"{one.name[:1]}…" if one.name else "", one.locales)
                for one in seen
            ],
            areas=[self._maps.named(one) for one in list(dict.fromkeys(areas))[:_MAPS]],
        )

    def words(self, expression: str, language: Language) -> str:
        """Say in words whom an expression selects; empty where it can't be read any more."""
        try:
            known = self._runtime.audience.knowledge(expression)
            return explain(known.parse(expression), known.catalogue, _Speech(spoken=language))
        except InvalidInputError:
            return ""

    def save(self, name: str, expression: str, by: str) -> str:
        """Save an expression as a new segment; its name. InvalidInputError, also for one taken."""
        if not name.strip():
            raise InvalidInputError(
                "segment_name", said("is missing"), said("Give the segment a name.")
            )
        return save_audience(self._runtime, name, expression, by)
