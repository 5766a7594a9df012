"""What makes a value a fact of its type; each check gives it as it is kept, or refuses it."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from babel.numbers import get_currency_precision, is_currency

from broadcaster.domain.advisory import FactValue
from broadcaster.domain.saying import said
from broadcaster.render import bidi
from broadcaster.render.facttypes import ANY, FactType
from broadcaster.render.hidden import hidden

if TYPE_CHECKING:
    from broadcaster.render.facts import Fact

_E164 = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
_DISPLAY = re.compile(r"[\d+][\d .()-]{1,24}", re.ASCII)
_MAILBOX = re.compile(
    r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)
_AMOUNT = re.compile(r"-?\d{1,12}(?:\.\d{1,4})?", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}")
_HOST = re.compile(r"[A-Za-z0-9.-]+(?::\d+)?")
_MAILBOX_LENGTH, _URL_LENGTH, _LIST_LENGTH, _LOCALES = 254, 500, 100, 50


def _text(fact: "Fact", value: object, locales: Sequence[str] = ()) -> str:
    del locales
    if not isinstance(value, str):
        raise fact.refuse(said("is not a text"), said("Give a text."))
    text = unicodedata.normalize("NFC", value).strip()
    if not text:
        raise fact.refuse(said("is empty"), said("Write something, or leave the fact out."))
    if len(text) > fact.max_length:
        raise fact.refuse(
            said("has %(count)s characters", count=len(text)),
            said("Shorten it to %(max_length)s at most.", max_length=fact.max_length),
        )
    _refuse_hidden(fact, text)
    return text


def _refuse_hidden(fact: "Fact", text: str) -> None:
    """Refuse characters that show nothing and change how the rest is read (spoofed addresses)."""
    found = hidden(text)
    if found:
        raise fact.refuse(
            said(
                "has the hidden character %(found)s at position %(found_2)s",
                found=found[1],
                found_2=found[0],
            ),
            said("Remove it; text copied from elsewhere may carry it."),
        )
    if not bidi.balanced(text):
        raise fact.refuse(
            said("opens or closes a direction isolate without its partner"),
            said("Type the text anew."),
        )


def _plain(fact: "Fact", value: object) -> str:
    text = _text(fact, value)
    if not text.isascii():
        raise fact.refuse(
            said("has a character outside ASCII"), said("Type it anew, in Latin letters.")
        )
    return text


def _texts(fact: "Fact", value: object) -> dict[str, str]:
    if not isinstance(value, Mapping) or not value or len(value) > _LOCALES:
        raise fact.refuse(
            said("is not a text for each language"), said('Write {"ar": "…", "fr": "…"}.')
        )
    return {str(tag)[:35]: _text(fact, text) for tag, text in value.items()}


def _localized(fact: "Fact", value: object, locales: Sequence[str]) -> FactValue:
    texts = _texts(fact, value)
    missing = [tag for tag in locales if tag not in texts]
    if missing:
        raise fact.refuse(
            said("has no text for %(names)s", names=", ".join(missing)),
            said("Write it in these languages."),
        )
    return texts


def _name(fact: "Fact", value: object, locales: Sequence[str]) -> dict[str, str]:
    texts = {ANY: _text(fact, value)} if isinstance(value, str) else _texts(fact, value)
    if ANY not in texts:
        missing = [tag for tag in locales if tag not in texts]
        if missing:
            raise fact.refuse(
                said("has no name for %(names)s", names=", ".join(missing)),
                said("Add it, or '%(any)s' for all other languages.", any=ANY),
            )
    return texts


def _phone(fact: "Fact", value: object, locales: Sequence[str]) -> FactValue:
    del locales
    given = {"e164": value, "display": value} if isinstance(value, str) else value
    if not isinstance(given, Mapping) or set(given) != {"e164", "display"}:
        raise fact.refuse(
            said("is not a phone number"), said('Write {"e164": "+212…", "display": "05…"}.')
        )
    e164, display = _plain(fact, given["e164"]), _plain(fact, given["display"])
    if not _E164.fullmatch(e164):
        raise fact.refuse(
            said("has an e164 that is no E.164 number"), said("Write + and the digits alone.")
        )
    if not _DISPLAY.fullmatch(display):
        raise fact.refuse(said("has a display that is no phone number"), said("Write digits."))
    digits = re.sub(r"\D", "", display).lstrip("0")
    if not digits or not e164.endswith(digits):
        raise fact.refuse(
            said("has two different numbers"), said("Make display the same number as e164.")
        )
    return {"e164": e164, "display": display}


def _email(fact: "Fact", value: object, locales: Sequence[str]) -> FactValue:
    del locales
    text = _plain(fact, value)
    if len(text) > _MAILBOX_LENGTH or not _MAILBOX.fullmatch(text) or ".." in text:
        raise fact.refuse(said("is not a mail address"), said("Write it as name@example.org."))
    return text


def _url(fact: "Fact", value: object, locales: Sequence[str]) -> FactValue:
    del locales
    text = _plain(fact, value)
    remedy = said("Write the whole address, https://…, without spaces.")
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise fact.refuse(said("is not a web address"), remedy) from error
    if parts.scheme != "https" or not text.startswith("https://"):
        raise fact.refuse(said("is not an https address"), remedy)
    bad = len(text) > _URL_LENGTH or not _HOST.fullmatch(parts.netloc)
    if bad or re.search(r"[\s<>\"'\\`{}|^]", text):
        raise fact.refuse(said("is not a web address"), remedy)
    return text


def _datetime(fact: "Fact", value: object, locales: Sequence[str]) -> FactValue:
    del locales
    remedy = said("Write it as 2026-05-01T08:00:00+01:00.")
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError as error:
        raise fact.refuse(said("is not a date and time"), remedy) from error
    if moment.utcoffset() is None:
        raise fact.refuse(said("does not say its offset from UTC"), remedy)
    return moment.isoformat()


def _date(fact: "Fact", value: object, locales: Sequence[str]) -> FactValue:
    del locales
    try:
        day = value if isinstance(value, date) else date.fromisoformat(str(value))
    except ValueError as error:
        raise fact.refuse(said("is not a date"), said("Write it as 2026-05-01.")) from error
    if isinstance(day, datetime):
        raise fact.refuse(said("is a date with a time"), said("Write the date alone."))
    return day.isoformat()


def _number(fact: "Fact", value: object, locales: Sequence[str]) -> FactValue:
    del locales
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise fact.refuse(said("is not a number"), said("Give a number."))
    _refuse_far(fact, value)
    return value


def _refuse_far(fact: "Fact", value: float | Decimal) -> None:
    # Written this way round, so that NaN is refused too.
    if not fact.minimum <= value <= fact.maximum:
        raise fact.refuse(
            said("is out of range"),
            said(
                "Give a number from %(minimum)s to %(maximum)s.",
                minimum=format(fact.minimum, "g"),
                maximum=format(fact.maximum, "g"),
            ),
        )


def _money(fact: "Fact", value: object, locales: Sequence[str]) -> FactValue:
    del locales
    remedy = said('Write {"amount": "120.50", "currency": "MAD"}.')
    if not isinstance(value, Mapping) or set(value) != {"amount", "currency"}:
        raise fact.refuse(said("is no amount of money"), remedy)
    amount, currency = str(value["amount"]), str(value["currency"])
    if isinstance(value["amount"], bool) or not _AMOUNT.fullmatch(amount):
        raise fact.refuse(said("has an amount that is no number of digits and a point"), remedy)
    if not _CURRENCY.fullmatch(currency) or not is_currency(currency):
        raise fact.refuse(
            said("has an unknown currency"), said("Write its code of three letters, as MAD.")
        )
    places = get_currency_precision(currency)
    if len(amount.partition(".")[2]) > places:
        raise fact.refuse(
            said("has more than %(places)s digits after the point", places=places),
            said("Give what can be paid."),
        )
    _refuse_far(fact, Decimal(amount))
    return {"amount": amount, "currency": currency}


def _choice(fact: "Fact", value: object, locales: Sequence[str]) -> FactValue:
    del locales
    if not isinstance(value, str) or value not in fact.choices:
        raise fact.refuse(
            said("is no choice"), said("Use one of %(names)s.", names=", ".join(fact.choices))
        )
    return value


def _list(fact: "Fact", value: object, locales: Sequence[str]) -> FactValue:
    del locales
    return [_text(fact, entry) for entry in _entries(fact, value)]


def _places(fact: "Fact", value: object, locales: Sequence[str]) -> FactValue:
    return [
        _text(fact, entry) if isinstance(entry, str) else _name(fact, entry, locales)
        for entry in _entries(fact, value)
    ]


def _entries(fact: "Fact", value: object) -> Sequence[object]:
    if not isinstance(value, list | tuple):
        raise fact.refuse(said("is not a list of texts"), said("Write %(form)s.", form=fact.form))
    if not value:
        out = "" if fact.required else ", or leave the fact out"
        raise fact.refuse(said("is empty"), said("Write %(form)s%(out)s.", form=fact.form, out=out))
    if len(value) > _LIST_LENGTH:
        raise fact.refuse(
            said("has %(count)s entries", count=len(value)),
            said("Give %(list_length)s at most.", list_length=_LIST_LENGTH),
        )
    return value


#: What checks a value of each type, and gives it as it is kept.
CHECKS: Mapping[FactType, Callable[["Fact", object, Sequence[str]], FactValue]] = {
    FactType.TEXT: _text,
    FactType.LOCALIZED: _localized,
    FactType.NAME: _name,
    FactType.PHONE: _phone,
    FactType.EMAIL: _email,
    FactType.URL: _url,
    FactType.DATETIME: _datetime,
    FactType.DATE: _date,
    FactType.NUMBER: _number,
    FactType.CHOICE: _choice,
    FactType.LIST: _list,
    FactType.MONEY: _money,
    FactType.PLACES: _places,
}
