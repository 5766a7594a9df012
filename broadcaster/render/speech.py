"""One language as the console speaks it, where there is no page: for what is told in sentences."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from babel.dates import format_date
from babel.numbers import format_decimal

from broadcaster.errors import NotFoundError
from broadcaster.render.catalogues import Key, SourceTexts, Texts, read_catalogue
from broadcaster.render.locales import Locale, Locales
from broadcaster.render.sources import read_text

_DOMAIN = "console.po"


@dataclass(frozen=True, kw_only=True, slots=True)
class ConsoleSpeech:
    """How one language says things; UntranslatedError for what it has no text of."""

    locale: Locale
    texts: Texts

    @property
    def language(self) -> str:
        """The language of labels, without script and region."""
        return self.locale.language

    @property
    def right_to_left(self) -> bool:
        """Whether it is written from right to left."""
        return self.locale.direction == "rtl"

    def gettext(self, text: str) -> str:
        """Give a text."""
        return self.texts.text(Key(None, text, None))

    def ngettext(self, singular: str, plural: str, count: int) -> str:
        """Give the form of a text that a count wants."""
        return self.texts.text(Key(None, singular, plural), count)

    def number(self, value: Decimal) -> str:
        """Write a number as the language does, with all its digits."""
        places = max(0, -int(value.as_tuple().exponent))
        pattern = "#,##0" + ("." + "#" * places if places else "")
        return format_decimal(value, format=pattern, locale=self.locale.formats)

    def day(self, value: date) -> str:
        """Write a date in words."""
        return format_date(value, "long", locale=self.locale.formats)


def speech(tag: str, locales: Locales, folders: Sequence[Path]) -> ConsoleSpeech:
    """Give the language of a locale, fallbacks followed, earlier folders first; NotFoundError."""
    offered = [locale.tag for locale in locales.values() if _speaks(locale, folders)]
    chosen = locales.choose([tag], offered) if locales.find(tag) else None
    if chosen is None:
        remedy = f"Use one of {', '.join(sorted(offered))}, or a region of theirs, as fr-MA."
        raise NotFoundError("--locale", f"{tag!r} is no locale here", remedy)
    locale = locales[chosen]
    if locale.source:
        return ConsoleSpeech(locale=locale, texts=SourceTexts())
    files = [read_text(path) for path in _files(locale, folders)]
    return ConsoleSpeech(locale=locale, texts=read_catalogue(locale, files))


def _speaks(locale: Locale, folders: Sequence[Path]) -> bool:
    return locale.source or (locale.translatable and bool(_files(locale, folders)))


def _files(locale: Locale, folders: Sequence[Path]) -> list[Path]:
    paths = [folder / locale.tag / "LC_MESSAGES" / _DOMAIN for folder in folders]
    return [path for path in paths if path.is_file()]
