"""Catalogues: the texts of one locale, read from `.po` files in memory.

An untranslated text is an error and never the English one: a message is whole or not sent.
"""

import gettext
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from broadcaster.errors import ConfigurationError
from broadcaster.render.locales import Locale
from broadcaster.render.pofile import UNTRANSLATED, Key, PoFile, translated
from broadcaster.render.poreader import read

__all__ = [
    "PLACEHOLDER",
    "Catalogue",
    "DraftTexts",
    "Key",
    "PseudoTexts",
    "SourceTexts",
    "Texts",
    "UntranslatedError",
    "entries",
    "parse",
    "pseudo",
    "read_catalogue",
    "same_header",
]

#: Placeholders as Jinja's newstyle gettext writes them.
PLACEHOLDER = re.compile(r"%\(([a-z_][a-z0-9_]*)\)s")


class UntranslatedError(ConfigurationError):
    """A text has no translation in the locale that was asked for."""


class Texts(Protocol):
    """Gives the text of a key; `count` picks the plural form."""

    def text(self, key: Key, count: int = 1) -> str:
        """Give the text; UntranslatedError."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Catalogue:
    """The whole, certain texts of one locale.

    `forms` holds what may be used; `doubtful` the keys whose entry is marked fuzzy or has an
    empty form, which count as missing. `headers` are the plural headers that the files state.
    """

    locale: Locale
    forms: Mapping[Key, tuple[str, ...]]
    doubtful: Mapping[Key, str]
    headers: tuple[str, ...]
    plural: Callable[[int], int]

    def has(self, key: Key) -> bool:
        """Tell whether a text is there."""
        return key in self.forms

    def text(self, key: Key, count: int = 1) -> str:
        """Give the text; UntranslatedError naming it."""
        if key not in self.forms:
            message = f"{self.locale.tag}: {str(key)!r} is not translated. Add it to its catalogue."
            raise UntranslatedError(message)
        return self.forms[key][self.plural(count) if key.plural is not None else 0]


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceTexts:
    """The language in which the templates are written: each key is its own text."""

    def text(self, key: Key, count: int = 1) -> str:
        """Give the text."""
        return key.singular if key.plural is None or count == 1 else key.plural


@dataclass(frozen=True, kw_only=True, slots=True)
class PseudoTexts:
    """A made-up language: what does not come out accented and in brackets is not translatable.

    The one from right to left has Arabic letters for the Latin ones, to show what layouts do.
    """

    right_to_left: bool = False

    def text(self, key: Key, count: int = 1) -> str:
        """Give the text, changed letter by letter, and a third longer, as real languages are."""
        return pseudo(SourceTexts().text(key, count), right_to_left=self.right_to_left)


@dataclass(frozen=True, kw_only=True, slots=True)
class DraftTexts:
    """What a reviewer sees of an unfinished locale: missing texts in marked English."""

    catalogue: Catalogue

    def text(self, key: Key, count: int = 1) -> str:
        """Give the text, or the source's between double angle brackets."""
        if self.catalogue.has(key):
            return self.catalogue.text(key, count)
        return f"⟪{SourceTexts().text(key, count)}⟫"


_ACCENTS = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "áƀćđéƒǵĥíĵķĺɱńóƥɋŕśťúʋŵẋýźÁƁĆĐÉƑǴĤÍĴĶĹṀŃÓƤɊŔŚŤÚƲŴẊÝŹ",
)
_ARABIC = str.maketrans(
    "abcdefghijklmnopqrstuvwxyz,?;",
    "ابچدىفگهيجكلمنوپقرستعڤوخيز،؟؛",
)


def pseudo(text: str, *, right_to_left: bool = False) -> str:
    """Write a text with accents between square brackets, longer.

    Its placeholders are kept, and so is the mark-up that texts of our own pages have.
    """
    pieces = re.split(r"(%\([a-z0-9_]+\)s|%%|</?\w+>)", text)
    accented = "".join(
        piece
        if number % 2
        else (piece.lower().translate(_ARABIC) if right_to_left else piece.translate(_ACCENTS))
        for number, piece in enumerate(pieces)
    )
    padding = " ~~~~~" * (len(text) // 18 + 1)
    return f"[{accented}{padding}]"


def read_catalogue(locale: Locale, files: Sequence[str]) -> Catalogue:
    """Read a locale's files, the earlier winning text by text; ConfigurationError.

    Where a file's plural header differs from the locale's pinned one, its plurals are doubtful:
    with the wrong header a count of 11 takes the words for 100.
    """
    forms: dict[Key, tuple[str, ...]] = {}
    doubtful: dict[Key, str] = {}
    headers = []
    for text in files:
        po = parse(text, locale.tag)
        headers.append(po.plural_forms)
        trusted = same_header(po.plural_forms, locale.plural_forms)
        for key, strings, doubt in entries(po):
            reason = doubt or ("" if trusted or not key.plural else "has a wrong plural header")
            # An entry that nobody has filled in yet must not hide what is shipped.
            if key in forms or doubtful.get(key, UNTRANSLATED) != UNTRANSLATED:
                continue
            if reason:
                doubtful[key] = reason
            else:
                doubtful.pop(key, None)
                forms[key] = strings
    return Catalogue(
        locale=locale,
        forms=forms,
        doubtful=doubtful,
        headers=tuple(headers),
        plural=_plural(locale),
    )


def same_header(one: str, other: str) -> bool:
    """Compare two plural headers, spaces and outer brackets aside."""
    return _bare(one) == _bare(other)


def _bare(header: str) -> str:
    return re.sub(r"plural=\((.*)\)$", r"plural=\1", re.sub(r"\s", "", header).rstrip(";"))


def _plural(locale: Locale) -> Callable[[int], int]:
    _, _, expression = locale.plural_forms.partition("plural=")
    expression = expression.partition("plural=")[2] or expression
    try:
        return gettext.c2py(expression.rstrip("; ") or "0")
    except ValueError as error:
        message = f"{locale.tag}/locale.toml, plural_forms: {error}. Write what gettext reads."
        raise ConfigurationError(message) from error


def parse(text: str, tag: str) -> PoFile:
    """Read one `.po`; ConfigurationError naming the locale and the line."""
    return read(text, f"{tag}/LC_MESSAGES/advisories.po")


def entries(po: PoFile) -> list[tuple[Key, tuple[str, ...], str]]:
    """List a catalogue's entries with their forms, and why one is not to be used, else empty."""
    return [
        (
            entry.key,
            tuple(unicodedata.normalize("NFC", text) for text in entry.strings),
            translated(entry, po.plurals),
        )
        for entry in po.used()
    ]
