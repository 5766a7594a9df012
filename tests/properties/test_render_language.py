"""Rules of dates, amounts, lists and direction that hold for every value, on every channel."""

import html
import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from markupsafe import Markup

from broadcaster.channels import gsm7
from broadcaster.channels.sms import measure
from broadcaster.render import bidi, formats
from broadcaster.render.environment import finish_sms
from broadcaster.render.locales import Locale, load_locales
from broadcaster.render.values import Money, Shown, Surface, show_free, show_ltr, show_url
from tests.bidi_order import displayed, stays_whole

_LOCALES, _ = load_locales([Path(__file__).parents[2] / "locales"], "ar")
_AR = _LOCALES["ar"]
_LATIN = st.sampled_from([_LOCALES[tag] for tag in ("fr", "en", "es")])
_ANY = st.sampled_from([_LOCALES[tag] for tag in ("ar", "fr", "en", "es", "zgh")])
_PLAIN = st.sampled_from([Surface.SMS, Surface.TEXT])
_MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001  (hypothesis adds the zone)
_CURRENCIES = st.sampled_from(["MAD", "EUR", "USD", "GBP", "JPY", "XOF", "INR", "TND", "KWD"])
_MONEY = st.builds(Money, st.decimals(-(10**7), 10**7, places=2, allow_nan=False), _CURRENCIES)
_NUMBERS = st.integers(-(10**9), 10**9) | st.floats(-1e9, 1e9).map(lambda value: round(value, 2))

_DATES: tuple[Callable[[datetime, Surface, Locale], Shown], ...] = (
    formats.date_in_words,
    formats.date_in_figures,
    formats.weekday_in_words,
    formats.day_in_words,
    formats.clock,
)
#: What a date or an amount may cost beyond GSM-7 on the page and in mail, and never in an SMS.
_SPACES = frozenset("\u00a0\u202f")


def _written(
    moment: datetime, money: Money, number: float, surface: Surface, locale: Locale
) -> list[Shown]:
    return [
        *(write(moment, surface, locale) for write in _DATES),
        formats.money(money, surface, locale),
        formats.number(number, surface, locale),
    ]


@given(_MOMENTS, _MONEY, _NUMBERS, _LATIN)
@example(datetime(2026, 8, 1, tzinfo=UTC), Money(Decimal("1234.50"), "MAD"), 1e6, _LOCALES["fr"])
def test_nothing_that_is_formatted_flips_an_sms(
    moment: datetime, money: Money, number: float, locale: Locale
) -> None:
    """In Latin script dates, times, numbers and money are GSM-7, so that their SMS is too."""
    for shown in _written(moment, money, number, Surface.SMS, locale):
        assert not gsm7.FOREIGN.search(shown.text), shown
        assert finish_sms(shown.text, locale) == shown.text
        assert measure(shown.text).encoding == "GSM-7"


@given(_MOMENTS, _MONEY, _NUMBERS, _ANY, _PLAIN)
def test_formats_bring_no_marks_of_their_own(
    moment: datetime, money: Money, number: float, locale: Locale, surface: Surface
) -> None:
    """The marks of CLDR's Arabic patterns are gone; ours stand in pairs around a value."""
    for shown in _written(moment, money, number, surface, locale):
        assert not bidi.CONTROLS.intersection(shown.raw)
        assert bidi.strip(shown.text) == shown.raw
        assert bidi.balanced(shown.text)
        assert shown.text.count(bidi.LRM) in {0, 2}
        assert "\u2013" not in shown.text
        assert surface is not Surface.SMS or not _SPACES.intersection(shown.text)


@given(_MOMENTS, _ANY)
def test_dates_say_the_day_of_the_moment(moment: datetime, locale: Locale) -> None:
    """The figures of a date are its day, month and whole year in every language."""
    shown = formats.date_in_figures(moment, Surface.TEXT, locale).raw
    assert sorted(map(int, re.findall(r"\d+", shown))) == sorted(
        (moment.day, moment.month, moment.year)
    )
    words = formats.date_in_words(moment, Surface.TEXT, locale).raw
    assert [int(found) for found in re.findall(r"\d+", words)] == [moment.day, moment.year]
    assert formats.clock(moment, Surface.TEXT, locale).raw == f"{moment:%H:%M}"


def _order_in(text: str, value: str) -> bool:
    """Tell whether a value is seen whole and in its order in an Arabic line."""
    start = text.index(value)
    return stays_whole(text, start, start + len(value), "rtl")


def _around(shown: Shown) -> list[str]:
    return [f"هنا {shown} هنا", f"هنا: {shown}", f"و{shown}، {shown} هنا", f"({shown})"]


@given(_MOMENTS, _MONEY, _NUMBERS, _PLAIN)
def test_amounts_and_times_keep_their_order_in_arabic(
    moment: datetime, money: Money, number: float, surface: Surface
) -> None:
    """In Arabic text a time, a date and an amount are seen as they are written."""
    for shown in (
        formats.clock(moment, surface, _AR),
        formats.date_in_figures(moment, surface, _AR),
        formats.number(number, surface, _AR),
    ):
        assert all(_order_in(text, shown.raw) for text in _around(shown))
    amount = formats.money(money, surface, _AR)
    figures = amount.raw.partition(" ")[0]
    assert all(_order_in(text, figures) for text in _around(amount))


_LATIN_TEXT = st.text(st.sampled_from("ABab é0159 ()/,.'-–:+&"), min_size=1, max_size=12).map(
    str.strip
)
_SHAPES = _LATIN_TEXT | st.from_regex(r"[0-9+][0-9 .()/:-]{1,12}", fullmatch=True).map(str.strip)


@given(_SHAPES.filter(bool), _PLAIN)
@example("12 rue A", Surface.SMS)
@example("Hay (B)", Surface.SMS)
@example("08:00-12:00", Surface.SMS)
@example("C. C.", Surface.TEXT)
def test_free_text_keeps_its_order_in_arabic(text: str, surface: Surface) -> None:
    """A street in Latin letters is seen as it is written, and marks are paid for only then.

    A bracket without its partner finds one around it where there are no isolates.
    """
    assume(surface is Surface.TEXT or bidi.bracket_fault(text) is None)
    shown = show_free(text, surface, always=False, locale=_AR)
    assert all(_order_in(line, text) for line in _around(shown))
    assert shown.text == text or not bidi.steady(text) or surface is Surface.TEXT


@given(_SHAPES.filter(bool))
def test_what_is_steady_needs_nothing(text: str) -> None:
    """A value that is said to keep its order does so wherever it stands in Arabic text."""
    if bidi.steady(text):
        shown = Shown(text, text, Markup.escape(text))
        assert all(_order_in(line, text) for line in _around(shown))


@pytest.mark.parametrize(
    "shape", ["05 22 31 20 20", "+212522312020", "8-12", "12%", "a/", "1@h.ma"]
)
def test_what_is_not_steady_falls_apart(shape: str) -> None:
    """The shapes for which we take measures are shown wrongly without them."""
    assert not bidi.steady(shape)
    assert not _order_in(f"هنا {shape} هنا", shape)


@given(st.from_regex(r"[a-z0-9._%+-]{1,8}@[a-z0-9]{1,5}\.ma", fullmatch=True), _PLAIN)
def test_mail_addresses_keep_their_order_in_arabic(address: str, surface: Surface) -> None:
    """A mail address is seen as it is written, also one that begins with a digit."""
    shown = show_ltr(address, surface, _AR)
    assert all(_order_in(line, address) for line in _around(shown))


@given(st.from_regex(r"https://[a-z0-9]{1,5}\.ma(/[a-z0-9?=&.-]{0,6}){0,2}", fullmatch=True))
def test_web_addresses_keep_their_order_in_arabic(url: str) -> None:
    """In a mail an address is seen as it is written, and stays bare wherever it can."""
    shown = show_url(url, Surface.TEXT, _AR)
    assert all(_order_in(line, url) for line in _around(shown))
    assert (shown.text == url) is bidi.steady(url)


_ITEMS = st.lists(
    st.sampled_from(["المعاريف", "Bd Zerktouni", "12 rue A", "Hay (B)", "حي 3", "24/7", "5-7"]),
    min_size=1,
    max_size=5,
)


@given(_ITEMS, _PLAIN)
def test_lists_run_from_right_to_left_in_arabic(items: list[str], surface: Surface) -> None:
    """Each item of a list is seen whole, the first one furthest to the right."""
    shown = [show_free(item, surface, always=False, locale=_AR) for item in items]
    line = f"في {formats.listing(shown, surface, _AR)} فقط"
    seen = displayed(line, "rtl")
    places: list[int] = []
    start = 0
    for item in items:
        start = line.index(item, start)
        if not bidi.has_rtl(item):
            assert stays_whole(line, start, start + len(item), "rtl")
            places.append(seen.rindex(item, 0, places[-1] if places else None))
        start += len(item)
    assert places == sorted(places, reverse=True)


@given(_MOMENTS, _MOMENTS, _PLAIN)
def test_ranges_run_from_right_to_left_in_arabic(
    starts: datetime, ends: datetime, surface: Surface
) -> None:
    """Of a range in words the beginning is seen to the right of the end, each as it is written."""
    first, last = (formats.clock(moment, surface, _AR) for moment in (starts, ends))
    line = f"يوم {formats.day_in_words(starts, surface, _AR)} من {first} إلى {last}"
    seen = displayed(line, "rtl")
    assert seen.startswith(f"{last.raw} ")
    assert seen.index(first.raw, len(last.raw)) > len(last.raw)


@given(_LATIN_TEXT.filter(bool), st.sampled_from([Surface.MAIL, Surface.PAGE]))
def test_mark_up_isolates_what_text_does(text: str, surface: Surface) -> None:
    """Where mark-up can say it, a value has its own direction, and is the value."""
    shown = show_free(text, surface, always=False, locale=_AR)
    plain = html.unescape(re.sub(r"<[^>]*>", "", str(shown.html)))
    assert plain == text
    marked = str(shown.html).startswith(("<bdi>", '<span dir="auto">'))
    assert marked or bidi.steady(text) or bidi.has_rtl(text)


@given(_LATIN_TEXT.filter(bool), st.sampled_from([Surface.MAIL, Surface.PAGE]))
@example("12 rue A & B", Surface.PAGE)
def test_a_title_made_of_mark_up_keeps_values_whole(text: str, surface: Surface) -> None:
    """Where a value of the page stands in its title, isolates do what its mark-up did."""
    shown = show_free(text, surface, always=False, locale=_AR)
    title = formats.without_markup(Markup("<p>هنا {} هنا</p>").format(shown.html), _AR)
    kept = " ".join(text.split())
    assert bidi.strip(title) == f"هنا {kept} هنا"
    assert _order_in(title, kept)


def test_the_letters_of_gsm7_are_those_of_the_channel() -> None:
    """What the formats hold for cheap letters is what the channel's alphabet has."""
    letters = {chr(code) for code in range(0x80, 0x250) if chr(code).isalpha()}
    assert {letter for letter in letters if not gsm7.FOREIGN.search(letter)} == formats.GSM_LETTERS


@given(st.lists(st.sampled_from(["ar", "fr", "en", "es", "zgh", "ary", "de"]), max_size=4))
def test_a_reader_gets_the_first_language_that_is_offered(preferred: list[str]) -> None:
    """Those named come first, in order, then the fallback of each, then the default."""
    chain = {"ar": ["fr"], "fr": ["ar"], "en": ["fr", "ar"], "es": ["fr"], "zgh": ["ar", "fr"]}
    named = ["ar" if tag == "ary" else tag for tag in preferred if tag != "de"]
    for offered in ({"ar", "fr", "en"}, {"fr"}, {"en", "ar"}, set()):
        fallbacks = [tag for one in named for tag in chain[one]]
        wanted = next((tag for tag in (*named, *fallbacks, "ar") if tag in offered), None)
        assert _LOCALES.choose(preferred, offered) == wanted
