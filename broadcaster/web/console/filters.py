"""Filters of lists whose value nobody knows: said on the page, with those that there are.

A filter that is not understood must not list everything, as if it had been asked for that.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from broadcaster.web.languages import Language

#: How many are told, and how much of a value.
_MOST, _LONGEST = 10, 60


def _(text: str) -> str:
    return text


#: What filters are called on their pages, by their names in addresses.
LABELS: Mapping[str, str] = {
    "status": _("Status"),
    "reason": _("Reason"),
    "channel": _("Channel"),
    "locale": _("Language"),
    "action": _("What"),
    "since": _("First day"),
    "until": _("Last day"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Unknown:
    """A value that is none of its filter's; `known` are those, called as the page calls them."""

    name: str
    label: str
    value: str
    known: Sequence[tuple[str, str]]


def unknown(
    items: Iterable[tuple[str, str]],
    filters: Mapping[str, Mapping[str, str]],
    language: Language,
    also: Mapping[str, Iterable[str]] | None = None,
) -> Sequence[Unknown]:
    """Find what an address asks for and no filter knows.

    `filters` give by name their values, and what the reader's language calls those; `also` is read,
    and not listed.
    """
    more = {name: frozenset(words) for name, words in (also or {}).items()}
    return [
        Unknown(
            name=name,
            label=language.gettext(LABELS[name]),
            value=value[:_LONGEST],
            known=list(filters[name].items()),
        )
        for name, value in dict.fromkeys(items)
        if value
        and name in filters
        and value not in filters[name]
        and value not in more.get(name, ())
    ][:_MOST]


def told(labels: Mapping[str, str], language: Language) -> Mapping[str, str]:
    """Give labels of our tables in a language, by their words."""
    return {word: language.gettext(text) for word, text in labels.items()}
