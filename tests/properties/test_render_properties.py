"""Rules of rendering that hold for every text."""

import html
import re
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from broadcaster.render import bidi
from broadcaster.render.catalogues import PLACEHOLDER, pseudo
from broadcaster.render.environment import finish_line, finish_sms, finish_text
from broadcaster.render.locales import canonical, load_locales
from broadcaster.render.values import Surface, show_ltr, show_name, show_url

_LOCALES, _ = load_locales([Path(__file__).parents[2] / "locales"], "ar")
_TEXT = st.text(max_size=200)
_LINE = st.text(st.characters(exclude_characters="\n" + "".join(bidi.CONTROLS)), max_size=100)
_LOCALE = st.sampled_from([_LOCALES[tag] for tag in ("ar", "fr", "en", "zgh")])
_SURFACE = st.sampled_from(Surface)


@given(_LINE)
def test_isolating_adds_nothing_but_controls(text: str) -> None:
    """Stripping an isolated value gives the value, and isolates are balanced."""
    for isolated in (bidi.isolate(text), bidi.isolate_ltr(text)):
        assert bidi.strip(isolated) == text
        assert bidi.balanced(isolated)


@given(_TEXT, _SURFACE, _LOCALE)
def test_values_survive_byte_for_byte(text: str, surface: Surface, locale: object) -> None:
    """Whatever the surface, a value without mark-up and controls is the value (invariant 8)."""
    shown = show_ltr(text, surface, locale)  # type: ignore[arg-type]  # (sampled from a list)
    plain = html.unescape(re.sub(r"<[^>]*>", "", shown.__html__()))
    assert plain == html.unescape(str(text)) or plain == text
    assert bidi.strip(str(shown)) == bidi.strip(text)
    assert "<script" not in shown.__html__()


@given(_TEXT, _SURFACE, _LOCALE)
def test_names_are_harmless(name: str, surface: Surface, locale: object) -> None:
    """A customer's name has no hidden characters, no breaks, no mark-up, and an end."""
    shown = show_name(name, surface, locale)  # type: ignore[arg-type]  # (sampled from a list)
    assert len(shown.raw) <= 100
    assert not any(ord(c) < 32 or c in bidi.CONTROLS for c in shown.raw)
    assert bidi.balanced(str(shown))
    assert "\n" not in str(shown)
    assert shown.__html__().count("<") <= 2


@given(st.from_regex(r"https://[a-z]{1,9}\.test(/[a-z0-9]{0,5}){0,2}", fullmatch=True))
def test_urls_are_safe_or_isolated_in_arabic(url: str) -> None:
    """In Arabic text an address is isolated exactly when its shape would be shown wrongly."""
    shown = show_url(url, Surface.TEXT, _LOCALES["ar"])
    assert bidi.dangers(f"هنا {shown} هنا") == []
    assert bidi.strip(str(shown)) == url


@given(_TEXT, _LOCALE)
@settings(max_examples=200)
def test_sms_have_no_isolates_and_are_stable(text: str, locale: object) -> None:
    """An SMS never has isolates, and finishing it twice changes nothing."""
    once = finish_sms(text, locale)  # type: ignore[arg-type]  # (sampled from a list)
    assert not set(once) & (bidi.CONTROLS - {bidi.LRM, bidi.RLM})
    assert finish_sms(once, locale) == once  # type: ignore[arg-type]  # (sampled from a list)
    if not bidi.has_rtl(once):
        assert not set(once) & bidi.CONTROLS


@given(_TEXT)
def test_lines_and_texts_are_stable(text: str) -> None:
    """A subject is one line; a text part has one end; both are fixed points."""
    line = finish_line(text)
    assert finish_line(line) == line
    assert "\n" not in line
    assert "\r" not in line
    whole = finish_text(text)
    assert finish_text(whole) == whole
    assert "\n\n\n" not in whole


@given(st.text(st.characters(codec="ascii"), max_size=80))
def test_pseudo_keeps_the_placeholders(text: str) -> None:
    """The made-up language has the placeholders of its source."""
    assert PLACEHOLDER.findall(pseudo(text)) == PLACEHOLDER.findall(text)


@given(_TEXT, st.lists(_TEXT, max_size=5))
def test_any_preference_gives_an_offered_locale(tag: str, others: list[str]) -> None:
    """No preference, however odd, fails or leads to what is not offered."""
    assert _LOCALES.choose([tag, *others], {"ar", "fr"}) in {"ar", "fr"}
    written = canonical(tag)
    assert written is None or canonical(written) == written


@given(_TEXT)
def test_stray_isolates_are_seen(text: str) -> None:
    """A text is balanced when and only when one more or one less isolate breaks it."""
    if bidi.balanced(text):
        assert not bidi.balanced(text + bidi.PDI)
        assert not bidi.balanced(bidi.LRI + text)
