"""MJML: attributes come out as they went in, and where a piece of text is copied."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import escape

from broadcaster.render.locales import Locale, Review
from broadcaster.render.mail import copied, to_html

_LOCALE = Locale(
    tag="ar",
    autonym="",
    direction="rtl",
    script="Arab",
    formats="ar_MA",
    review=Review.APPROVED,
    source=False,
    plural_forms="",
    lang="ar",
)
_MAIL = (
    "<mjml><mj-head><mj-title>@</mj-title><mj-preview>@</mj-preview></mj-head><mj-body>"
    '<mj-section><mj-column><mj-text><p title="@">@</p> @ x</mj-text>'
    '<mj-button href="@">@</mj-button><mj-image src="x" alt="@" href="@" />'
    "<mj-table><tr><td>@</td></tr></mj-table></mj-column></mj-section></mj-body></mjml>"
)
#: Text with single blanks inside, as names are.
_TEXTS = st.text(
    st.characters(exclude_categories=["C", "Z"]) | st.sampled_from(" \\\"'&<>{}%-;u\u0301\u064b"),
    max_size=20,
).map(lambda text: " ".join(text.split()) or "x")


def _html(text: str) -> str:
    return to_html(_MAIL.replace("@", str(escape(text))), "x", _LOCALE)


@given(_TEXTS)
@settings(deadline=None)
def test_texts_are_copied_into_the_html(text: str) -> None:
    """What is put into text and plain attributes comes out as it is, whatever it is."""
    assert _html(text) == _html("Aa").replace("Aa", str(escape(text)))


def test_attributes_keep_breaks_and_joining_marks() -> None:
    r"""The compiler would write a break as `\n` and a vowel sign as its code."""
    source = _MAIL.replace("@", "x").replace('title="x"', 'title="a\n\tb\\c" style="m:0;\np:0"')
    html = to_html(source.replace(">x</p>", ">\\n \\u{41}</p>"), "x", _LOCALE)
    assert '<p title="a\n\tb\\c" style="m:0;\np:0">\\n \\u{41}</p>' in html
    assert 'aria-label="\u0645\u064e"' in to_html(_MAIL.replace("@", "\u0645\u064e"), "x", _LOCALE)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("<mj-text>a<b title='n' href=\"c\">d</b>e</mj-text>f", ["a", "", "c", "d", "e"]),
        ('<mj-button href="a" width="b">c</mj-button>', ["a", "c"]),
        ('<mj-text color="a">b<style>c</style><!-- <i title="d">e</i> -->f</mj-text>', ["b", "f"]),
        ('<mj-text><i style="a" class="b" title="c">d</i></mj-text>', ["c", "d"]),
        ("<mj-text>a<mj-raw>b</mj-raw><![CDATA[c]]>d</mj-text>", ["a", "d"]),
        ("<mj-text>a<br>b</mj-text><mj-raw>c</mj-raw>", ["a", "b"]),
        ("<mj-text>a <i title=b>c</i></mj-text>", ["a "]),
        ("<mj-style>a</mj-style><mj-attributes>b</mj-attributes>", []),
        ("</p></mj-text>a", []),
    ],
)
def test_copied_pieces_are_told_from_meaning(source: str, found: list[str]) -> None:
    """Text of text elements and plain attributes is copied; the rest is read by the compiler."""
    assert list(copied(source)) == found
