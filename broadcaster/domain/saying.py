"""What the inside says to people: English text that keeps what it was made of.

A `Saying` is the English sentence wherever a `str` is wanted: in JSON, in a terminal, in logs.
A page finds the template and the values in it, and says the same in the reader's language.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple, Self


class Figure(int):
    """A count, `1,200` in English; a bare int is a number of something, and is never grouped."""

    def __str__(self) -> str:
        """Write it in English."""
        return f"{int(self):,}"


class Part(float):
    """A part of a whole, `1` being all of it; `42%` in English."""

    def __str__(self) -> str:
        """Write it in English."""
        return f"{float(self):.0%}"


class Instant(NamedTuple):
    """A moment on the clock on which it is to be written."""

    at: datetime

    def __str__(self) -> str:
        """Write it in English, with its offset."""
        return self.at.isoformat(sep=" ", timespec="minutes")


class Listed(tuple[object, ...]):
    """Several values, put apart by commas."""

    __slots__ = ()

    def __str__(self) -> str:
        """Write them in English."""
        return ", ".join(map(str, self))


class Term(str):
    """A word of ours for a channel, a reason, a locale or a fact: a page says what it calls that.

    In English, where no page does, it is the word itself.
    """

    __slots__ = ("labels", "sort", "word")

    sort: str
    word: str
    labels: Mapping[str, str]

    def __new__(cls, sort: str, word: str, labels: Mapping[str, str] | None = None) -> Self:
        """Take `channel`, `reason`, `locale` or `fact`, the word, and its names by language."""
        made = super().__new__(cls, word.replace("_", " ") if sort == "reason" else word)
        made.sort, made.word, made.labels = sort, word, labels or {}
        return made

    def __reduce__(self) -> tuple[type[Self], tuple[str, str, Mapping[str, str]]]:
        """Be made again of the same parts."""
        return type(self), (self.sort, self.word, self.labels)


class Saying(str):
    """An English text, with its template, the plural of that where it counts, and its values.

    A value is a text that stays as it is, such as a name; another `Saying`; a `Term`, `Figure`,
    `Part`, `Instant` or `Listed`; or a number.
    """

    __slots__ = ("plural", "template", "values")

    template: str
    plural: str | None
    values: Mapping[str, object]

    def __new__(
        cls, template: str, plural: str | None = None, values: Mapping[str, object] | None = None
    ) -> Self:
        """Put the values in place; a template without any is the text itself."""
        given = dict(values or {})
        chosen = template if plural is None or given["count"] == 1 else plural
        made = super().__new__(cls, chosen % given if given else chosen)
        made.template, made.plural, made.values = template, plural, given
        return made

    def __copy__(self) -> Self:
        """Give itself: it never changes."""
        return self

    def __deepcopy__(self, memo: object) -> Self:
        """Give itself: it never changes."""
        return self

    def __reduce__(self) -> tuple[type[Self], tuple[str, str | None, Mapping[str, object]]]:
        """Be made again of the same parts."""
        return type(self), (self.template, self.plural, self.values)


def said(template: str, /, **values: object) -> Saying:
    """Say something: `said("the kind %(kind)s has no %(channel)s", kind=…, channel=…)`.

    The template is found in the code, and translated with the texts of the console.
    """
    return Saying(template, None, values)


def said_n(singular: str, plural: str, count: int, /, **values: object) -> Saying:
    """Say how many of something: `said_n("%(count)s text", "%(count)s texts", 3)`."""
    return Saying(singular, plural, {**values, "count": Figure(count)})


def packed(text: str, hidden: frozenset[str] = frozenset()) -> object:
    """Write a text as JSON holds it; values of the names in `hidden` are left out, as `…`."""
    match text:
        case Saying():
            values = {
                name: "…" if name in hidden else _packed(value, hidden)
                for name, value in text.values.items()
            }
            return {"say": text.template, "plural": text.plural, "values": values}
        case _:
            return str(text)


def _packed(value: object, hidden: frozenset[str]) -> object:
    match value:
        case Figure():
            return {"figure": int(value)}
        case Part():
            return {"part": float(value)}
        case Instant():
            return {"at": value.at.isoformat()}
        case Listed():
            return [_packed(one, hidden) for one in value]
        case Term():
            return {"term": value.sort, "word": value.word, "labels": dict(value.labels)}
        case _:
            return packed(value, hidden) if isinstance(value, str) else value


def unpacked(kept: object) -> str:
    """Give back what `packed` wrote."""
    found = _unpacked(kept)
    return found if isinstance(found, str) else str(found)


def _unpacked(kept: object) -> object:
    found = kept
    match kept:
        case {"say": str(template), "plural": plural, "values": dict(values)}:
            given = {name: _unpacked(value) for name, value in values.items()}
            found = Saying(template, plural if isinstance(plural, str) else None, given)
        case {"figure": int(count)}:
            found = Figure(count)
        case {"part": float(part)}:
            found = Part(part)
        case {"at": str(moment)}:
            found = Instant(datetime.fromisoformat(moment))
        case list(several):
            found = Listed(map(_unpacked, several))
        case {"term": str(sort), "word": str(word), "labels": dict(labels)}:
            found = Term(sort, word, labels)
    return found
