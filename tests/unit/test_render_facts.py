"""Facts: what is accepted from outside, in which form it is kept, and what is refused."""

import re
from collections.abc import Mapping
from zoneinfo import ZoneInfo

import pytest

from broadcaster.domain.advisory import FactValue
from broadcaster.errors import InvalidInputError
from broadcaster.render.facts import Fact
from broadcaster.render.facttypes import FactType
from broadcaster.web.console.followups import typed


def fact(kind: FactType, **changes: object) -> Fact:
    """Make a fact of a type."""
    values: dict[str, object] = {
        "name": "it",
        "type": kind,
        "labels": {"en": "It"},
        "contact": False,
        "required": True,
        "default": None,
        "sample": None,
        "max_length": 50,
        "minimum": -10,
        "maximum": 10,
        "choices": ("water", "power"),
        **changes,
    }
    return Fact(**values)  # type: ignore[arg-type]  # (the test gives what the fields hold)


_PHONE = {"e164": "+212522312020", "display": "0522312020"}


@pytest.mark.parametrize(
    ("kind", "given", "kept"),
    [
        (FactType.TEXT, "  e\u0301tat  ", "\u00e9tat"),
        (FactType.TEXT, "Bd Zerktouni — 12", "Bd Zerktouni — 12"),
        (FactType.PHONE, _PHONE, _PHONE),
        (FactType.PHONE, "+212522312020", {"e164": "+212522312020", "display": "+212522312020"}),
        (FactType.EMAIL, "contact@lydec.co.ma", "contact@lydec.co.ma"),
        (FactType.URL, "https://client.lydec.ma", "https://client.lydec.ma"),
        (FactType.DATETIME, "2026-05-01T08:00:00+01:00", "2026-05-01T08:00:00+01:00"),
        (FactType.DATE, "2026-05-01", "2026-05-01"),
        (FactType.NUMBER, 2.5, 2.5),
        (FactType.CHOICE, "water", "water"),
        (FactType.LIST, ["a", "b"], ["a", "b"]),
        (FactType.NAME, "Lydec", {"und": "Lydec"}),
        (FactType.NAME, {"ar": "ليدك", "und": "Lydec"}, {"ar": "ليدك", "und": "Lydec"}),
        (FactType.LOCALIZED, {"ar": "أ", "fr": "f"}, {"ar": "أ", "fr": "f"}),
    ],
)
def test_good_values_are_kept(kind: FactType, given: object, kept: FactValue) -> None:
    """A good value is kept as JSON, normalised and trimmed, else byte for byte."""
    assert fact(kind).check(given, ("ar", "fr")) == kept


@pytest.mark.parametrize(
    ("kind", "given", "problem"),
    [
        (FactType.TEXT, None, "missing"),
        (FactType.TEXT, "  ", "empty"),
        (FactType.TEXT, 5, "not a text"),
        (FactType.TEXT, "x" * 51, "51 characters"),
        (FactType.TEXT, "pay at \u202eevil", "U+202E"),
        (FactType.TEXT, "a\u200bb", "U+200B"),
        (FactType.TEXT, "a\x00b", "U+0000"),
        (FactType.TEXT, "a\nb", "U+000A"),
        (FactType.TEXT, "\u2066a", "isolate"),
        (FactType.PHONE, "0522312020", "E.164"),
        (FactType.PHONE, {"e164": "+212522312020", "display": "0522312021"}, "different"),
        (FactType.PHONE, {"e164": "+212522312020"}, "not a phone"),
        (FactType.PHONE, {"e164": "+212522312020", "display": "call us"}, "display"),
        (FactType.EMAIL, "contact@lydec", "mail address"),
        (FactType.EMAIL, "contact@lydec..ma", "mail address"),
        (FactType.EMAIL, "a@b.ma, c@d.ma", "mail address"),
        (FactType.URL, "http://client.lydec.ma", "https"),
        (FactType.URL, "javascript:alert(1)", "https"),
        (FactType.URL, "https://user@evil.test", "web address"),
        (FactType.URL, 'https://x.test/"onclick=', "web address"),
        (FactType.URL, "https://[", "web address"),
        (FactType.URL, "https://", "web address"),
        (FactType.URL, "https://клиент.ma", "ASCII"),
        (FactType.DATETIME, "2026-05-01T08:00:00", "offset"),
        (FactType.DATETIME, "tomorrow", "date and time"),
        (FactType.DATE, "01/05/2026", "date"),
        (FactType.NUMBER, True, "not a number"),
        (FactType.NUMBER, float("nan"), "out of range"),
        (FactType.NUMBER, 11, "out of range"),
        (FactType.CHOICE, "gas", "no choice"),
        (FactType.LIST, [], "empty"),
        (FactType.LIST, ["a"] * 101, "101 entries"),
        (FactType.LIST, ["a", ""], "empty"),
        (FactType.NAME, {"ar": "ليدك"}, "no name for fr"),
        (FactType.LOCALIZED, {"ar": "أ"}, "no text for fr"),
        (FactType.LOCALIZED, "text", "each language"),
    ],
)
def test_bad_values_are_refused_by_name(kind: FactType, given: object, problem: str) -> None:
    """A bad value is refused with the fact's name, what is wrong, and a remedy."""
    with pytest.raises(InvalidInputError, match=re.escape(problem)) as refused:
        fact(kind).check(given, ("ar", "fr"))
    assert refused.value.field == "facts.it"
    assert refused.value.remedy


def test_an_optional_fact_may_be_left_out() -> None:
    """What is not required may be missing."""
    assert fact(FactType.TEXT, required=False).check(None, ()) is None


def test_mappings_are_bounded() -> None:
    """A text for each of a thousand languages is refused before it is read."""
    many: Mapping[str, str] = {f"x{number}": "t" for number in range(1000)}
    with pytest.raises(InvalidInputError):
        fact(FactType.LOCALIZED).check(many, ())


def test_a_number_that_is_far_too_long_is_no_fault_of_ours() -> None:
    """It is given as it was typed, and refused by the check of the kind."""
    number = fact(FactType.NUMBER)
    assert typed(number, "12", ZoneInfo("UTC")) == 12
    assert typed(number, "9" * 5000, ZoneInfo("UTC")) == "9" * 5000
