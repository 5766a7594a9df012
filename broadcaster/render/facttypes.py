"""The types of facts, and how each is written."""

from collections.abc import Mapping
from enum import StrEnum

#: BCP 47 for "undetermined": the name that is used in every locale that has none of its own.
ANY = "und"


class FactType(StrEnum):
    """The types of facts."""

    #: Free text, the same in every language: a street, a reference.
    TEXT = "text"
    #: Prose that the team writes in each language; needed in every locale that is offered.
    LOCALIZED = "localized"
    #: A proper name with its form in some languages, and `und` for all others.
    NAME = "name"
    #: `{"e164": "+212…", "display": "05…"}`.
    PHONE = "phone"
    EMAIL = "email"
    #: An https address.
    URL = "url"
    #: ISO 8601 with its offset from UTC.
    DATETIME = "datetime"
    #: ISO 8601.
    DATE = "date"
    NUMBER = "number"
    #: One of the words in `choices`.
    CHOICE = "choice"
    #: Texts, the same in every language.
    LIST = "list"
    #: `{"amount": "120.50", "currency": "MAD"}`, the currency by its ISO 4217 code.
    MONEY = "money"
    #: Names of places, each a text or, like a name, a text for each language.
    PLACES = "places"


#: How each is written in JSON; a choice has its own words.
FORMS: Mapping[FactType, str] = {
    FactType.TEXT: '"…"',
    FactType.LOCALIZED: '{"ar": "…", "fr": "…"}',
    FactType.NAME: '{"und": "…", "ar": "…"}',
    FactType.PHONE: '{"e164": "+212522312020", "display": "0522312020"}',
    FactType.EMAIL: '"name@example.org"',
    FactType.URL: '"https://…"',
    FactType.DATETIME: '"2026-05-01T08:00:00+01:00"',
    FactType.DATE: '"2026-05-01"',
    FactType.NUMBER: "12",
    FactType.LIST: '["…", "…"]',
    FactType.MONEY: '{"amount": "120.50", "currency": "MAD"}',
    FactType.PLACES: '["…", {"und": "…", "ar": "…"}]',
}
