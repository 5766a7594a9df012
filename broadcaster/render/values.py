"""How a fact looks on each surface: a phone is digits in an SMS and a link in a mail.

A template writes `{{ facts.call_centre }}` everywhere; the value knows the rest, so that no
template can forget to isolate or to escape it.
"""

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from markupsafe import Markup

from broadcaster.domain.advisory import FactValue
from broadcaster.errors import ConfigurationError
from broadcaster.render import bidi
from broadcaster.render.facts import Fact, text_in
from broadcaster.render.facttypes import FactType
from broadcaster.render.locales import Locale

#: What is shown of a name at most, characters.
NAME_LENGTH = 100


class Money(NamedTuple):
    """An amount of money; `currency` is an ISO 4217 code. A filter writes it."""

    amount: Decimal
    currency: str


class Surface(StrEnum):
    """What a part is shown on, which decides what marks a value may carry."""

    #: Nothing but safe shapes: a control costs money and old phones draw it as a box.
    SMS = "sms"
    #: No mark-up possible, modern software: isolates.
    TEXT = "text"
    #: HTML for mail programs: `<span dir>`, which old ones know.
    MAIL = "mail"
    #: HTML for browsers: `<bdi>`.
    PAGE = "page"

    @classmethod
    def of(cls, part: str) -> "Surface":
        """Give the surface of a part by its path."""
        if "sms/" in part:
            return cls.SMS
        if part.endswith(".mjml"):
            return cls.MAIL
        return cls.PAGE if part.endswith(".html") else cls.TEXT


@dataclass(frozen=True, slots=True)
class Shown:
    """A value ready to be shown: as plain text, as mark-up, and where it leads.

    `raw` is the value byte for byte, `href` what a link to it points at.
    """

    raw: str
    text: str
    html: Markup
    href: str = ""

    def __str__(self) -> str:
        """Give what text shows."""
        return self.text

    def __html__(self) -> str:
        """Give what mark-up shows."""
        return str(self.html)

    def __bool__(self) -> bool:
        """Tell whether there is anything to show."""
        return bool(self.raw)


def show_ltr(raw: str, surface: Surface, locale: Locale, href: str = "") -> Shown:
    """Show a value that reads from left to right whatever surrounds it.

    A number that an SMS would show wrongly is left as it is: the check asks for another shape.
    """
    tag = "bdi" if surface is Surface.PAGE else "span"
    html = Markup('<{0} dir="ltr">{1}</{0}>').format(Markup(tag), raw)  # noqa: S704  (our own tag)
    if href:
        html = Markup('<a href="{}">{}</a>').format(href, html)
    text = raw
    if locale.direction == "rtl" and surface is Surface.TEXT and raw:
        text = bidi.isolate_ltr(raw)
    elif locale.direction == "rtl" and surface is Surface.SMS and bidi.is_foreign(raw, "rtl"):
        text = raw if bidi.steady(raw) else bidi.mark_ltr(raw)
    return Shown(raw, text, html, href)


def show_url(raw: str, surface: Surface, locale: Locale, href: str = "") -> Shown:
    """Show a web address; `href` is the whole of it where `raw` is shorter.

    In text it stays bare where its shape is safe: many programs that make addresses clickable
    would take a closing isolate for a part of it. In an SMS it stays bare always: the check asks
    for another shape.
    """
    shown = show_ltr(raw, surface, locale, href or raw)
    bare = bidi.steady(raw) or surface is not Surface.TEXT
    return Shown(raw, raw, shown.html, shown.href) if bare else shown


def show_free(raw: str, surface: Surface, *, always: bool, locale: Locale) -> Shown:
    """Show free text; isolated when its script is unknown or it would lose its order.

    `always` is for what is known only when it is filled in: there is one shape for all values.
    """
    alone = locale.direction == "rtl" and not bidi.has_rtl(raw) and not bidi.steady(raw)
    isolated = bool(raw) and (always or alone or bidi.is_foreign(raw, locale.direction))
    if not isolated:
        return Shown(raw, raw, Markup.escape(raw))
    if surface is Surface.SMS:
        return Shown(raw, bidi.mark_ltr(raw) if alone and not always else raw, Markup.escape(raw))
    tag = "bdi" if surface is Surface.PAGE else 'span dir="auto"'
    end = tag.partition(" ")[0]
    html = Markup("<{}>{}</{}>").format(Markup(tag), raw, Markup(end))  # noqa: S704  (our own tags)
    return Shown(raw, bidi.isolate(raw) if surface is Surface.TEXT else raw, html)


def show_name(name: str, surface: Surface, locale: Locale) -> Shown:
    """Show the name of a customer, of unknown script and so isolated."""
    return show_clean(clean_name(name), surface, locale)


def show_clean(name: str, surface: Surface, locale: Locale) -> Shown:
    """Show a name that is clean already."""
    return show_free(name, surface, always=True, locale=locale)


def clean_name(name: str) -> str:
    """Clean a name: hidden characters out, white space single, length bounded."""
    text = unicodedata.normalize("NFC", name[: 4 * NAME_LENGTH])
    # What can be printed has no hidden characters, and no white space but the blank.
    if not text.isprintable():
        text = "".join(
            " " if character.isspace() else character
            for character in text
            if character.isspace() or unicodedata.category(character)[0] != "C"
        )
    return " ".join(text.split())[:NAME_LENGTH]


def show_fact(fact: Fact, value: FactValue, surface: Surface, locale: Locale) -> object:
    """Make what a template sees of a fact; None for one that was left out.

    Dates, numbers and money stay what they are: a filter writes them. ConfigurationError for prose
    that is missing in the locale.
    """
    if value is None:
        return None
    return _SHOWS[fact.type](fact, value, surface, locale)


_Show = Callable[[Fact, FactValue, Surface, Locale], object]


def _phone(_: Fact, value: FactValue, surface: Surface, locale: Locale) -> Shown:
    numbers = value if isinstance(value, dict) else {}
    return show_ltr(numbers["display"], surface, locale, f"tel:{numbers['e164']}")


def _email(_: Fact, value: FactValue, surface: Surface, locale: Locale) -> Shown:
    return show_ltr(str(value), surface, locale, f"mailto:{value}")


def _url(_: Fact, value: FactValue, surface: Surface, locale: Locale) -> Shown:
    return show_url(str(value), surface, locale)


def _free(_: Fact, value: FactValue, surface: Surface, locale: Locale) -> Shown:
    return show_free(str(value), surface, always=False, locale=locale)


def _list(_: Fact, value: FactValue, surface: Surface, locale: Locale) -> tuple[Shown, ...]:
    entries = value if isinstance(value, list) else []
    return tuple(show_free(str(entry), surface, always=False, locale=locale) for entry in entries)


def _places(fact: Fact, value: FactValue, surface: Surface, locale: Locale) -> tuple[Shown, ...]:
    entries = value if isinstance(value, list) else []
    names = (entry if isinstance(entry, str) else spoken(fact, entry, locale) for entry in entries)
    return tuple(show_free(name, surface, always=False, locale=locale) for name in names)


def _localized(fact: Fact, value: FactValue, surface: Surface, locale: Locale) -> Shown:
    return show_free(spoken(fact, value, locale), surface, always=False, locale=locale)


def spoken(fact: Fact, value: FactValue, locale: Locale) -> str:
    """Give the text of a fact that has one for each language."""
    texts: Mapping[str, str] = value if isinstance(value, dict) else {}
    text = text_in(texts, locale.tag)
    if text is not None:
        return text
    message = f"facts.{fact.name}: has no text for {locale.tag}. Write it in that language."
    raise ConfigurationError(message)


def _datetime(_: Fact, value: FactValue, surface: Surface, locale: Locale) -> datetime:
    del surface, locale
    return datetime.fromisoformat(str(value))


def _date(_: Fact, value: FactValue, surface: Surface, locale: Locale) -> date:
    del surface, locale
    return date.fromisoformat(str(value))


def _money(_: Fact, value: FactValue, surface: Surface, locale: Locale) -> Money:
    del surface, locale
    given = value if isinstance(value, dict) else {}
    return Money(Decimal(given["amount"]), given["currency"])


def _as_is(_: Fact, value: FactValue, surface: Surface, locale: Locale) -> object:
    del surface, locale
    return value


_SHOWS: Mapping[FactType, _Show] = {
    FactType.TEXT: _free,
    FactType.LOCALIZED: _localized,
    FactType.NAME: _localized,
    FactType.PHONE: _phone,
    FactType.EMAIL: _email,
    FactType.URL: _url,
    FactType.DATETIME: _datetime,
    FactType.DATE: _date,
    FactType.NUMBER: _as_is,
    FactType.CHOICE: _as_is,
    FactType.LIST: _list,
    FactType.MONEY: _money,
    FactType.PLACES: _places,
}
