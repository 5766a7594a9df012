"""Dates, times, numbers, money and lists as a region writes them (CLDR), fit for each channel.

Babel's texts have marks that steer direction, in Arabic dates and money, and spaces that do not
break, in French numbers. One of either makes a French SMS three times as dear, and in a mail the
value is isolated anyway: marks never leave here, and an SMS has blanks alone.
"""

import re
from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache

from babel import Locale as BabelLocale
from babel.dates import format_date, format_time, get_date_format, match_skeleton
from babel.lists import format_list
from babel.numbers import (
    format_currency,
    format_decimal,
    get_currency_name,
    get_currency_precision,
)
from markupsafe import Markup

from broadcaster.render import bidi
from broadcaster.render.locales import Locale
from broadcaster.render.values import Money, Shown, Surface, show_ltr

#: Letters beyond ASCII that GSM-7 has; any other makes an SMS in Latin script UCS-2.
GSM_LETTERS = frozenset("àåäæèéìñòöøùüßÅÄÆÇÉÑÖØÜ")
_SPACES = re.compile("[\u00a0\u2009\u202f]")
_MARKUP = frozenset({Surface.MAIL, Surface.PAGE})
#: What mark-up sets apart, as `values` writes it.
_APART = re.compile(
    r'<(?P<tag>span|bdi)(?:(?P<ltr> dir="ltr")| dir="auto")?>(?P<text>.*?)</(?P=tag)>', re.DOTALL
)
#: Before these Spanish says "e" for "y" (the rule of ICU).
_E_FOR_Y = re.compile(r"[ií]|h[ií](?![ae])", re.IGNORECASE)
#: CLDR has a space between a code and the amount, which Babel leaves out.
_JOINT = re.compile(r"(?<=[A-Za-z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])")


def date_in_words(day: date, surface: Surface, locale: Locale) -> Shown:
    """Write a date with its year: `1 May 2026`."""
    pattern = get_date_format("long", locale=locale.formats).pattern
    return _words(pattern, day, surface, locale, "yMd")


def day_in_words(day: date, surface: Surface, locale: Locale) -> Shown:
    """Write day and month: `1 May`."""
    return _words(_pattern("MMMMd", locale), day, surface, locale, "Md")


def weekday_in_words(day: date, surface: Surface, locale: Locale) -> Shown:
    """Write weekday, day and month: `Friday 1 May`."""
    return _words(_pattern("MMMMEEEEd", locale), day, surface, locale, "Md")


def date_in_figures(day: date, surface: Surface, locale: Locale) -> Shown:
    """Write a date in figures, its year with four: `01/05/2026`."""
    return _figures("yMd", day, surface, locale)


def clock(moment: datetime, surface: Surface, locale: Locale) -> Shown:
    """Write a time of day, of 24 hours: `08:00`."""
    text = format_time(moment, "HH:mm", tzinfo=moment.tzinfo, locale=locale.formats)
    return show_ltr(_clean(text, surface), surface, locale)


def number(value: float, surface: Surface, locale: Locale) -> Shown:
    """Write a number: `1,234.5`."""
    return _amount(format_decimal(value, locale=locale.formats), surface, locale)


def money(value: Money, surface: Surface, locale: Locale) -> Shown:
    """Write an amount of money: `1 234,50 MAD`; in right-to-left text the currency in words.

    There the sign of a currency needs marks to keep its place, and words need none.
    """
    if locale.direction != "rtl":
        # Not every sign of a currency is in GSM-7; every code is.
        pattern = BabelLocale.parse(locale.formats).currency_formats["standard"].pattern
        if surface is Surface.SMS:
            pattern = pattern.replace("¤", "¤¤")
        text = format_currency(value.amount, value.currency, format=pattern, locale=locale.formats)
        return _amount(_JOINT.sub("\u00a0", text), surface, locale)
    places = "0" * get_currency_precision(value.currency)
    pattern = f"#,##0.{places}".rstrip(".")
    amount = _amount(
        format_decimal(value.amount, format=pattern, locale=locale.formats), surface, locale
    )
    # As one counts it: after figures with decimals the other forms are not usual.
    name = get_currency_name(value.currency, locale=locale.formats)
    return Shown(
        f"{amount.raw} {name}", f"{amount.text} {name}", Markup("{} {}").format(amount.html, name)
    )


def listing(values: Sequence[Shown], surface: Surface, locale: Locale) -> Markup | str:
    """Join values as the language does: `A, B and C`."""
    marks = [f"\ue000{number}\ue000" for number in range(len(values))]
    pieces = format_list(marks, locale=locale.formats).split("\ue000")
    if locale.language == "es" and len(values) > 1 and _E_FOR_Y.match(values[-1].raw):
        pieces[-3] = pieces[-3].replace(" y ", " e ")
    if surface in _MARKUP:
        shown = (values[int(p)] if n % 2 else p for n, p in enumerate(pieces))
        return Markup().join(shown)
    return "".join(str(values[int(p)]) if n % 2 else p for n, p in enumerate(pieces))


def without_markup(markup: Markup, locale: Locale) -> str:
    """Give the text of mark-up for where none can stand: what it set apart, isolates do now."""

    def apart(found: re.Match[str]) -> str:
        text = str(Markup(found["text"]).striptags())  # noqa: S704  (is mark-up already)
        if locale.direction == "rtl" and not bidi.steady(text):
            return bidi.isolate_ltr(found["text"]) if found["ltr"] else bidi.isolate(found["text"])
        return bidi.isolate(found["text"]) if bidi.is_foreign(text, "ltr") else found["text"]

    return Markup(_APART.sub(apart, markup)).striptags()  # noqa: S704  (is mark-up already)


def _pattern(skeleton: str, locale: Locale) -> str:
    """Give the pattern of some fields in words, in the language's order.

    Where CLDR has none for just these fields, the nearest one with its fields written out, as UTS
    35 says (section "Matching Skeletons"): Babel leaves them short.
    """
    pattern = _nearest(skeleton, locale.formats) or "d MMMM"
    return re.sub(r"(?<!E)E{1,3}(?!E)", "EEEE", re.sub(r"(?<!M)M{3}(?!M)", "MMMM", pattern))


@lru_cache(maxsize=500)
def _nearest(skeleton: str, formats: str) -> str | None:
    """Find CLDR's pattern for some fields; remembered, as Babel compares them with all it has."""
    known = BabelLocale.parse(formats).datetime_skeletons
    nearest = match_skeleton(skeleton, known)
    return str(known[nearest].pattern) if nearest else None


def _words(pattern: str, day: date, surface: Surface, locale: Locale, figures: str) -> Shown:
    """Write a date in words; in an SMS in figures where the words would make it dearer."""
    if locale.language == "fr" and day.day == 1:
        # The first of a month is an ordinal, which CLDR does not say.
        pattern = re.sub(r"(?<!d)d(?!d)", "d'er'", pattern, count=1)
    text = _clean(format_date(day, pattern, locale=locale.formats), surface)
    if surface is Surface.SMS and locale.script == "Latn" and _is_dear(text):
        return _figures(figures, day, surface, locale)
    return Shown(text, text, Markup.escape(text))


def _is_dear(text: str) -> bool:
    return any(
        letter.isalpha() and not letter.isascii() and letter not in GSM_LETTERS for letter in text
    )


def _figures(skeleton: str, day: date, surface: Surface, locale: Locale) -> Shown:
    pattern = _nearest(skeleton, locale.formats)
    if pattern is None:
        pattern = str(BabelLocale.parse(locale.formats).date_formats["short"].pattern)
    text = format_date(day, pattern, locale=locale.formats)
    return show_ltr(_clean(text, surface), surface, locale)


def _amount(text: str, surface: Surface, locale: Locale) -> Shown:
    """Show an amount; in a right-to-left SMS with marks if it would not keep its shape."""
    clean = _clean(text, surface)
    shown = show_ltr(clean, surface, locale)
    if surface is Surface.SMS and locale.direction == "rtl" and not bidi.steady(clean):
        return Shown(clean, bidi.mark_ltr(clean), shown.html)
    return shown


def _clean(text: str, surface: Surface) -> str:
    bare = bidi.strip(text)
    return _SPACES.sub(" ", bare) if surface is Surface.SMS else bare
