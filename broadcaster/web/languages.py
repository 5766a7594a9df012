"""The languages in which our own pages speak, and which one a reader gets.

A language is offered when its `console.po` has every text that the pages ask for (`console.pot`);
a page is whole in one language, as messages are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request

from broadcaster.errors import ConfigurationError, DamagedError
from broadcaster.render.catalogues import Key, SourceTexts, Texts, entries, parse, read_catalogue
from broadcaster.render.locales import Locale, Locales
from broadcaster.render.sources import read_text

_DOMAIN = "console"
#: The longest Accept-Language header that is read, and how many of its languages.
_LONGEST, _TAGS = 500, 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Language:
    """One language of our pages."""

    locale: Locale
    texts: Texts

    def gettext(self, text: str) -> str:
        """Give a text."""
        return self.texts.text(Key(None, text, None))

    def ngettext(self, singular: str, plural: str, count: int) -> str:
        """Give the form of a text that a count wants."""
        return self.texts.text(Key(None, singular, plural), count)

    def pgettext(self, context: str, text: str) -> str:
        """Give a text that is said otherwise in another context."""
        return self.texts.text(Key(context, text, None))

    def npgettext(self, context: str, singular: str, plural: str, count: int) -> str:
        """Give the form that a count wants, in a context."""
        return self.texts.text(Key(context, singular, plural), count)


class Languages:
    """All languages in which the pages are whole."""

    def __init__(self, folders: Sequence[Path], locales: Locales) -> None:
        """Read the catalogues, earlier folders first; ConfigurationError naming a broken one."""
        self._locales = locales
        wanted = _wanted(folders)
        self._languages = {
            locale.tag: language
            for locale in locales.values()
            if (language := _load(folders, locale, wanted)) is not None
        }

    def offered(self) -> list[Language]:
        """List them, the source language last."""
        return sorted(self._languages.values(), key=lambda one: (one.locale.source, one.locale.tag))

    def get(self, tag: str | None) -> Language | None:
        """Give the language of a locale, fallbacks followed; None when it has none here."""
        chosen = self._locales.choose([tag], self._languages) if tag else None
        return self._languages[chosen] if chosen else None

    def of(self, request: Request, best: str | None = None) -> Language:
        """Choose: what the address asks for (`?lang=`), else what the browser prefers.

        The language of the locale `best`, such as that of a message, comes before the browser's.
        """
        asked = request.query_params.get("lang", "")[:40]
        if asked in self._languages:
            return self._languages[asked]
        found = None if "lang" in request.query_params else self.get(best)
        if found:
            return found
        tags = accepted(request.headers.get("accept-language", ""))
        chosen = self._locales.choose(tags, self._languages)
        return self._languages[chosen] if chosen else self.offered()[-1]


def accepted(header: str) -> list[str]:
    """List the tags of an Accept-Language header, the most wanted first (RFC 9110, 12.5.4)."""
    weighed: list[tuple[float, str]] = []
    for item in header[:_LONGEST].split(",")[:_TAGS]:
        tag, _, weight = item.partition(";")
        name, _, value = weight.partition("=")
        quality = 1.0
        if name.strip() == "q":
            try:
                quality = float(value)
            except ValueError:
                continue
        if tag.strip() and 0 < quality <= 1:
            weighed.append((quality, tag.strip()))
    return [tag for _, tag in sorted(weighed, key=lambda pair: -pair[0])]


def _wanted(folders: Sequence[Path]) -> set[Key]:
    for folder in folders:
        path = folder / f"{_DOMAIN}.pot"
        if path.is_file():
            return {key for key, _, _ in entries(parse(path.read_text("utf-8"), path.name))}
    message = f"{_DOMAIN}.pot is missing from the installation. Install it again."
    raise ConfigurationError(message)


def _load(folders: Sequence[Path], locale: Locale, wanted: set[Key]) -> Language | None:
    if locale.source:
        return Language(locale=locale, texts=SourceTexts())
    paths = [folder / locale.tag / "LC_MESSAGES" / f"{_DOMAIN}.po" for folder in folders]
    try:
        files = [read_text(path) for path in paths if path.is_file()]
        if not files or not locale.translatable:
            return None
        catalogue = read_catalogue(locale, files)
    except DamagedError:
        # No page is offered in it; 'i18n check' names the file.
        return None
    whole = all(catalogue.has(key) for key in wanted)
    return Language(locale=locale, texts=catalogue) if whole else None


def by_locale(labels: Mapping[str, str], language: Language) -> str:
    """Give the label in a language, else in English, else the first there is."""
    for tag in (language.locale.tag, "en"):
        if tag in labels:
            return labels[tag]
    return next(iter(labels.values()), "")
