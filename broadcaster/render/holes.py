"""Holes: what a template is given in the place of its reader, so that its text has gaps to fill.

A hole can be put out and asked whether it is empty, and nothing else: a template that runs on holes
goes the same way for every reader, or does not run. What becomes of its text afterwards (spaces
joined, marks taken out, MJML compiled) is tried on two stand-ins for each value: one character, and
the longest and most awkward value that there can be. Where both leave the same text around them,
every value between them does.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import NoReturn

from markupsafe import Markup, escape

from broadcaster.domain.message import Form
from broadcaster.ports import Reader
from broadcaster.render.locales import Locale
from broadcaster.render.usage import FIELDS
from broadcaster.render.values import NAME_LENGTH, Surface, clean_name, show_clean

#: Longer addresses are left to the full render.
_URL_LENGTH = 500
_URL_CHARACTERS = "ABCabcXYZxyz0189-._~:/?#[]@!$&'()*+,;=%"
_URL = re.compile(rf"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]{{0,{_URL_LENGTH}}}")

#: Right-to-left letters, marks that join, mark-up, quotes, placeholders; then, as the longest when
#: escaped, ampersands.
_NAME_SAMPLE = 'ظ\u064b Ze\u0301 %s%(name)s %% {{ a }} {% b %} \\n\\u{41} <b> "&amp;" \' ' + "😀"
_SAMPLES = {
    "name": _NAME_SAMPLE + "&" * NAME_LENGTH,
    "number": _NAME_SAMPLE + "&" * NAME_LENGTH,
    "unsubscribe_url": _URL_CHARACTERS + "&" * _URL_LENGTH,
    "page_url": _URL_CHARACTERS + "&" * _URL_LENGTH,
}

#: The fields that are shown as names are.
NAMES = frozenset({"name", "number"})

Pieces = tuple[str | int, ...]


class HoleError(Exception):
    """A text cannot have a hole where a template or a channel looks at what stands there."""


def cleaner(field: str) -> Callable[[Reader], str | None]:
    """Give what takes a field's value as templates show it; that gives None for one too odd."""
    take = attrgetter(field)
    if field in NAMES:
        return lambda reader: _name(take(reader))
    # The page is the same for most; each way out is its own.
    clean = lru_cache(maxsize=16)(_url) if field == "page_url" else _url
    return lambda reader: clean(take(reader))


def _name(given: str) -> str | None:
    name = clean_name(given)
    # One that was cut at a blank: what joins white space would see it.
    return None if name[-1:] == " " else name


def _url(given: str) -> str | None:
    return given if _URL.fullmatch(given) else None


class Hole:
    """Stands for a value that is not empty; HoleError for whatever depends on which it is."""

    __slots__ = ("_bare", "_html", "_text")

    def __init__(self, text: str, html: str, bare: "Hole | None" = None) -> None:
        """Stand for what text shows, what mark-up shows, and the value itself where it has one."""
        self._text, self._html, self._bare = text, html, bare

    def __str__(self) -> str:
        """Give what text shows."""
        return self._text

    def __html__(self) -> str:
        """Give what mark-up shows."""
        return self._html

    def __bool__(self) -> bool:
        """Tell that there is something."""
        return True

    @property
    def raw(self) -> "Hole":
        """The value itself, where there is one beside what is shown; HoleError."""
        return self._bare or _refuse(self)

    def __getattr__(self, name: str) -> NoReturn:
        """Refuse; HoleError."""
        _refuse(self, name)


class Barred(Hole):
    """Stands for a value of which nothing may be known, because somebody looks at the text."""

    __slots__ = ()

    def __init__(self) -> None:
        """Stand for anything."""
        super().__init__("", "")


def _refuse(*_: object) -> NoReturn:
    raise HoleError


for _what in (
    *("eq", "ne", "lt", "le", "gt", "ge", "hash", "repr", "format", "len", "iter", "contains"),
    *("getitem", "int", "float", "index", "round", "add", "radd", "mul", "rmul", "mod", "rmod"),
):
    setattr(Hole, f"__{_what}__", _refuse)
for _what in ("str", "html", "bool"):
    setattr(Barred, f"__{_what}__", _refuse)


class StandIns:
    """One set of texts that stand for values in a rendered text, and are found there again.

    Value 2n is field n of `FIELDS` as it is; value 2n + 1 the same escaped.
    """

    def __init__(self, first: int, samples: Mapping[str, str]) -> None:
        """Mark with characters from `first` on, on both sides of the samples if there are any."""
        marks = [chr(first + number) for number in range(2 * len(FIELDS))]
        self._given = [
            f"{mark}{samples[field]}{mark}" if field in samples else mark
            for field, mark in zip((f for f in FIELDS for _ in range(2)), marks, strict=True)
        ]
        self._shown = [
            str(escape(text)) if number % 2 else text for number, text in enumerate(self._given)
        ]
        self._any = re.compile("(" + "|".join(map(re.escape, self._shown)) + ")")
        self._broken = re.compile("[" + "".join(marks) + "]")

    def hole(self, field: str, surface: Surface, locale: Locale) -> Hole:
        """Make the hole for a field of the reader."""
        number = 2 * FIELDS.index(field)
        plain, coded = self._given[number], self._given[number + 1]
        bare = Hole(plain, self._shown[number + 1])
        if field not in NAMES:
            return bare
        text = show_clean(plain, surface, locale).text
        return Hole(text, str(show_clean(coded, surface, locale).html), bare)

    def split(self, text: str) -> Pieces:
        """Part a text at its holes, literals and numbers of values by turns.

        HoleError when something was done to a stand-in.
        """
        found: Sequence[str] = self._any.split(text)
        pieces = tuple(self._shown.index(p) if n % 2 else p for n, p in enumerate(found))
        if any(self._broken.search(piece) for piece in pieces if isinstance(piece, str)):
            raise HoleError
        return pieces

    def count(self, text: str) -> int:
        """Count the holes of a text; HoleError as `split`."""
        return len(self.split(text)) // 2

    def carry(self, text: str) -> "str | Hole":
        """Make a rendered text such as the subject fit to be put into another template."""
        pieces = self.split(text)
        if len(pieces) == 1:
            return text
        html = Markup().join(
            piece if isinstance(piece, str) else Markup(self._escaped(piece))  # noqa: S704  (is escaped)
            for piece in pieces
        )
        return Hole(text, str(html))

    def _escaped(self, value: int) -> str:
        if value % 2:
            # It would be escaped twice, which no value here stands for.
            raise HoleError
        return self._shown[value + 1]


#: Letters that nobody writes to customers with, and that every step treats as letters (those for
#: private use are written as codes by the compiler of MJML, and an isolate is no mark to split at).
SHORT = StandIns(0x13000, {})
LONG = StandIns(0x13100, _SAMPLES)


def form(short: str, long: str) -> Form:
    """Make the form of a text from its two renderings; HoleError when they differ otherwise."""
    pieces = SHORT.split(short)
    if pieces != LONG.split(long):
        raise HoleError
    return Form(pieces)
