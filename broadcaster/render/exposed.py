"""What the pseudo-locale exposes: words that stand where nobody can translate them.

In the pseudo-locale every translated text comes out accented and in brackets. What is left, once
these and what may stand as it is are taken out, was written outside of a text.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from html.parser import HTMLParser
from typing import NamedTuple

from babel import Locale as BabelLocale
from babel.numbers import get_currency_name

from broadcaster.domain.advisory import FactValue
from broadcaster.errors import ConfigurationError
from broadcaster.ports import Reader
from broadcaster.render import bidi
from broadcaster.render.check import parts_of, sample_advisory, sample_reader
from broadcaster.render.facttypes import FactType
from broadcaster.render.kinds import Kind
from broadcaster.render.locales import PSEUDO, Locale, Locales
from broadcaster.render.renderer import TemplateRenderer
from broadcaster.render.values import Surface

_BRACKETED = re.compile(r"\[[^\[\]]*\]")
_WORD = re.compile(r"[^\W\d_]{2,}")
_SPOKEN = frozenset({"alt", "aria-label", "aria-description", "placeholder", "title"})
_SILENT = frozenset({"style", "script"})


class Reason(StrEnum):
    """Why something may stand in a text as it is, and is not for translators."""

    FACT = "the value of a fact, given by the team for each language where it needs that"
    READER = "the reader's own name, number or address"
    CLDR = "a month, a weekday, a currency or an 'and', as CLDR writes it"
    AUTONYM = "a language's name in itself"


class Exposed(NamedTuple):
    """Words of a part that cannot be translated."""

    part: str
    words: str


def exposed(
    renderer: TemplateRenderer,
    kind: Kind,
    given: Iterable[Mapping[str, FactValue]] | None = None,
) -> Iterator[Exposed]:
    """Find the words of a kind's parts that cannot be translated.

    With the facts that are given; without, in all scenes: the samples, and every choice.
    """
    locale = renderer.locales[PSEUDO]
    reader = sample_reader(locale)
    fixed = {*of_reader(reader), *of_cldr(locale), *of_languages(renderer.locales)}
    seen: set[Exposed] = set()
    for facts in (one for _, one in kind.scenes()) if given is None else given:
        allowed = fixed | of_facts(kind, facts)
        for part, text in _parts(renderer, kind, facts, reader):
            markup = Surface.of(part) in {Surface.MAIL, Surface.PAGE}
            found = Exposed(part, left_over(spoken_of(text) if markup else text, allowed))
            if found.words and found not in seen:
                seen.add(found)
                yield found


def _parts(
    renderer: TemplateRenderer, kind: Kind, facts: Mapping[str, FactValue], reader: Reader
) -> Iterator[tuple[str, str]]:
    advisory = sample_advisory(kind, facts)
    for channel in kind.channels:
        try:
            content = renderer.preview(advisory, channel, PSEUDO, reader)
        except ConfigurationError:
            # A part that does not run is for the check of kinds to tell.
            continue
        yield from parts_of(content).items()


def left_over(text: str, allowed: Iterable[str]) -> str:
    """Give the words of a text that are neither translated nor allowed to stand."""
    rest = bidi.strip(text)
    for value in sorted(filter(None, allowed), key=len, reverse=True):
        rest = re.sub(rf"(?<!\w){re.escape(bidi.strip(value))}(?!\w)", " ", rest)
    while (shorter := _BRACKETED.sub(" ", rest)) != rest:
        rest = shorter
    return " ".join(_WORD.findall(rest))


def of_facts(kind: Kind, facts: Mapping[str, FactValue]) -> set[str]:
    """List what facts may show (Reason.FACT); a choice is a word of ours and is to be said."""
    return {
        text
        for name, value in facts.items()
        if kind.facts[name].type is not FactType.CHOICE
        for text in _texts(value)
    }


def of_reader(reader: Reader) -> set[str]:
    """List what a reader's fields may show (Reason.READER)."""
    return {reader.name, reader.number, reader.unsubscribe_url, reader.page_url}


def of_cldr(locale: Locale) -> set[str]:
    """List the words that CLDR writes (Reason.CLDR)."""
    babel = BabelLocale.parse(locale.formats)
    names = {
        str(name)
        for table in (babel.months, babel.days)
        for width in ("wide", "abbreviated")
        for name in table["format"][width].values()
    }
    joints = {part.strip("{}01, ") for part in babel.list_patterns["standard"].values()}
    money = {get_currency_name("MAD", count, locale=locale.formats) for count in (None, 1, 2)}
    return names | joints | money


def of_languages(locales: Locales) -> set[str]:
    """List what languages call themselves (Reason.AUTONYM)."""
    return {locale.autonym for locale in locales.values()}


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        # Where there is no room, an address stands without its scheme.
        yield from (value, value.removeprefix("https://").removesuffix("/"))
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)


class _Listener(HTMLParser):
    """Collects what a page says, to the eye and to who listens."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in _SILENT
        given = dict(attrs)
        self.said += [text for name in _SPOKEN if (text := given.get(name))]
        if tag == "meta" and given.get("name") == "description":
            self.said.append(given.get("content") or "")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in _SILENT

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.said.append(data)


def spoken_of(page: str) -> str:
    """Give what a page says, its titles and labels included, without mark-up."""
    listener = _Listener()
    listener.feed(page)
    listener.close()
    return " ".join(listener.said)
