"""The renderer: the founding notice on every channel, whole in one locale, escaped and isolated."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from broadcaster.domain.advisory import Advisory
from broadcaster.domain.message import (
    Channel,
    EmailContent,
    PushContent,
    SmsContent,
    WebContent,
)
from broadcaster.errors import ConfigurationError, InvalidInputError, NotFoundError
from broadcaster.ports import Reader
from broadcaster.render.locales import PSEUDO
from broadcaster.render.renderer import TemplateRenderer

_ROOT = Path(__file__).parents[2]
_READER = Reader(
    name="Salma",
    number="0001",
    unsubscribe_url="https://example.test/unsubscribe/1-2.abc?a=1&b=2",
    page_url="https://example.test/advisories/1/ar",
)


_SHIPPED = TemplateRenderer(
    [_ROOT / "templates"], [_ROOT / "locales"], default_locale="ar", time_zone="Africa/Casablanca"
)
_KIND = _SHIPPED.kinds["remote_services"]


def advise(facts: Mapping[str, object] | None = None) -> Advisory:
    """Make an advisory with some facts of its own."""
    start = datetime(2026, 3, 20, 18, tzinfo=UTC)
    return Advisory(
        id=1,
        kind=_KIND.name,
        version=1,
        facts=_KIND.resolve(facts or {}),
        message_class=_KIND.message_class,
        severity=_KIND.severity,
        urgency=_KIND.urgency,
        certainty=_KIND.certainty,
        effective=start,
        expires=start + timedelta(days=7),
    )


def _email(facts: Mapping[str, object] | None = None, locale: str = "ar") -> EmailContent:
    content = _SHIPPED.render(advise(facts), Channel.EMAIL, locale, _READER)
    assert isinstance(content, EmailContent)
    return content


def _web(locale: str, reader: Reader = _READER) -> str:
    content = _SHIPPED.render(advise(), Channel.WEB, locale, reader)
    assert isinstance(content, WebContent)
    return content.html


@pytest.mark.parametrize(
    ("locale", "body", "units"),
    [
        ("ar", "ليدك: قلصوا تنقلكم للوكالات. الهاتف:\n0522312020\nclient.lydec.ma", 63),
        (
            "fr",
            (
                "Lydec: limitez vos déplacements en agence. Centre de relation clientèle 24h/24 et "
                "7j/7: 0522312020, contact@lydec.co.ma ou https://client.lydec.ma"
            ),
            146,
        ),
        (
            "en",
            (
                "Lydec: please keep branch visits to a minimum. Reach us 24/7 on 0522312020, "
                "contact@lydec.co.ma or https://client.lydec.ma. Connections: your area branch."
            ),
            154,
        ),
    ],
)
def test_sms_read_exactly_as_agreed(locale: str, body: str, units: int) -> None:
    """The SMS are those of the agreed copy, unit by unit."""
    content = _SHIPPED.render(advise(), Channel.SMS, locale, _READER)
    assert content == SmsContent(body=body)
    assert len(body.encode("utf-16-le")) // 2 == units


def test_push_is_short_and_opens_the_online_agency() -> None:
    """A push message has one line of title and body, and leads to the kind's link."""
    content = _SHIPPED.render(advise(), Channel.PUSH, "ar", _READER)
    assert content == PushContent(
        title="ليدك: خدماتنا عن بعد",
        body=(
            "قللوا من الذهاب إلى الوكالات ما أمكن، وتواصلوا معنا بالهاتف أو التطبيق أو "
            "الوكالة على الإنترنت."
        ),
        link="https://client.lydec.ma",
        direction="rtl",
    )


def test_arabic_mail_keeps_its_direction_where_programs_drop_it() -> None:
    """Direction stands on html, on the wrapper tables and inline, and contacts are set apart."""
    html = _email().html
    assert re.search(r'<html lang="ar" dir="rtl"', html)
    assert "<table dir=" in html
    assert all(table.startswith('<table dir="rtl"') for table in re.findall(r"<table [^>]*", html))
    assert "direction:rtl;text-align:right" in html
    assert '<a href="tel:+212522312020"><span dir="ltr">0522312020</span></a>' in html
    assert '<a href="mailto:contact@lydec.co.ma">' in html


def test_text_part_is_its_own_and_isolates_values() -> None:
    """The Arabic text part isolates number and mailbox; links stand bare, to stay clickable."""
    text = _email().text
    assert "\u20660522312020\u2069" in text
    assert "\u2066contact@lydec.co.ma\u2069" in text
    assert "مرحبا \u2068Salma\u2069،" in text
    assert f"\n{_READER.page_url}\n" in text
    assert text.endswith(f"\n{_READER.unsubscribe_url}\n")
    assert "<" not in text


def test_left_to_right_text_needs_no_isolates_around_contacts() -> None:
    """French text has its contacts bare."""
    text = _email(locale="fr").text
    assert "téléphone 0522312020, e-mail contact@lydec.co.ma\n" in text


def test_links_survive_escaping() -> None:
    """An ampersand in a link is escaped once."""
    assert 'href="https://example.test/unsubscribe/1-2.abc?a=1&amp;b=2"' in _email().html


def test_mark_up_in_facts_and_names_is_escaped() -> None:
    """A script tag comes out as text, in subject, heading and greeting of the HTML part."""
    content = _email({"sender": '<script>alert("1")</script>'}, locale="fr")
    assert "<script" not in content.html
    assert "&lt;script&gt;alert(&#34;1&#34;)&lt;/script&gt;" in content.html
    assert "<script>" in content.text
    reader = Reader(name='"><img src=x>', number="", unsubscribe_url="", page_url="https://x.test")
    mail = _SHIPPED.render(advise(), Channel.EMAIL, "ar", reader)
    assert isinstance(mail, EmailContent)
    assert "<img" not in mail.html


def test_quotes_in_facts_leave_attributes_whole() -> None:
    """The subject also becomes an attribute of the mail's wrapper; quotes must not end it."""
    html = _email({"sender": 'A" onclick="x'}, locale="fr").html
    assert 'onclick="x' not in html


def test_names_cannot_steer_direction_or_break_lines() -> None:
    """What a customer's name hides is taken out, and it stays on one line."""
    reader = Reader(
        name="Sal\u202ema\u2069\nBcc: x", number="", unsubscribe_url="", page_url="https://x.test"
    )
    mail = _SHIPPED.render(advise(), Channel.EMAIL, "fr", reader)
    assert isinstance(mail, EmailContent)
    assert "Bonjour \u2068Salma Bcc: x\u2069," in mail.text


def test_without_name_or_way_out_the_mail_still_reads_well() -> None:
    """A nameless reader is greeted plainly; a mail without unsubscribing has no empty link."""
    reader = Reader(name="", number="", unsubscribe_url="", page_url="https://x.test/1/fr")
    mail = _SHIPPED.render(advise(), Channel.EMAIL, "fr", reader)
    assert isinstance(mail, EmailContent)
    assert mail.text.startswith("Bonjour,\n")
    assert 'href=""' not in mail.html
    assert mail.text.endswith("https://x.test/1/fr\n")


def test_page_is_a_whole_document_in_its_language() -> None:
    """The page names language and direction, and links to itself in the other languages."""
    html = _web("ar")
    assert html.startswith("<!doctype html>\n")
    assert '<html lang="ar" dir="rtl">' in html
    assert (
        '<link rel="alternate" hreflang="fr" href="https://example.test/advisories/1/fr">' in html
    )
    assert '<a href="tel:+212522312020"><bdi dir="ltr">0522312020</bdi></a>' in html
    assert "نشر بتاريخ 20 مارس 2020" not in html
    assert "نشر بتاريخ 20 مارس 2026" in html
    assert "<script" not in html


def test_page_with_another_address_has_no_language_links() -> None:
    """Where the address does not end with the locale there is nothing to guess."""
    reader = Reader(name="", number="", unsubscribe_url="", page_url="https://x.test/p")
    assert "hreflang" not in _web("fr", reader)


def test_nothing_is_remembered_across_advisories_or_readers() -> None:
    """What is kept for speed belongs to one advisory, and never to one reader."""
    first = _SHIPPED.render(advise(), Channel.SMS, "fr", _READER)
    other = advise({"sender": "Amendis"})
    second = _SHIPPED.render(other, Channel.SMS, "fr", _READER)
    assert isinstance(second, SmsContent)
    assert second.body.startswith("Amendis: ")
    assert first != second
    mail = _SHIPPED.render(other, Channel.EMAIL, "fr", _READER)
    another = Reader(name="Driss", number="", unsubscribe_url="", page_url="https://x.test")
    second_mail = _SHIPPED.render(other, Channel.EMAIL, "fr", another)
    assert isinstance(mail, EmailContent)
    assert isinstance(second_mail, EmailContent)
    assert "Salma" in mail.text
    assert "Salma" not in second_mail.text + second_mail.html


def test_unreviewed_locale_is_refused_and_never_chosen() -> None:
    """Tamazight awaits a native reader: refused for customers, shown to reviewers."""
    with pytest.raises(ConfigurationError, match="native speaker"):
        _SHIPPED.render(advise(), Channel.SMS, "zgh", _READER)
    assert _SHIPPED.choose("remote_services", ["zgh"]) == "ar"
    shown = _SHIPPED.preview(advise(), Channel.SMS, "zgh", _READER)
    assert shown == SmsContent(body="ⵍⵉⴷⵉⴽ: 0522312020 – client.lydec.ma")
    push = _SHIPPED.preview(advise(), Channel.PUSH, "zgh", _READER)
    assert isinstance(push, PushContent)
    assert push.body.startswith("⟪")


def test_pseudo_locale_shows_that_every_text_can_be_translated() -> None:
    """Everything that a reader sees is accented, apart from facts, dates and links."""
    web = _SHIPPED.render(advise(), Channel.WEB, PSEUDO, _READER)
    mail = _SHIPPED.render(advise(), Channel.EMAIL, PSEUDO, _READER)
    push = _SHIPPED.render(advise(), Channel.PUSH, PSEUDO, _READER)
    sms = _SHIPPED.render(advise(), Channel.SMS, PSEUDO, _READER)
    assert isinstance(web, WebContent)
    assert isinstance(mail, EmailContent)
    assert isinstance(push, PushContent)
    assert isinstance(sms, SmsContent)
    texts = [mail.subject, mail.text, mail.html, push.title, push.body, sms.body, web.html]
    known = (
        "Lydec 24/7|Lydec|0522312020|contact@lydec.co.ma|Tasshilat|M-Post|Fawatir|Salma"
        "|https?://\\S+|20 March 2026|العربية|English|Français"
    )
    for text in texts:
        seen = re.sub(r"(?s)<(style)\b.*?</\1>|<!--.*?-->|<[^>]*>|&#\w+;", " ", text)
        left = re.sub(known, "", seen)
        assert not re.findall(r"[A-Za-z]{2,}", left)


def test_unknown_things_are_named() -> None:
    """An unknown kind or locale is refused with what there is."""
    with pytest.raises(NotFoundError, match="remote_services"):
        _SHIPPED.choose("nothing", ["ar"])
    for tag in ("tlh", "de", "", "../ar", "x" * 1000):
        with pytest.raises(NotFoundError, match="locale"):
            _SHIPPED.render(advise(), Channel.SMS, tag, _READER)


def test_unknown_fact_is_refused() -> None:
    """A misspelt fact must not pass unseen."""
    with pytest.raises(InvalidInputError, match=r"facts\.senders"):
        advise({"senders": "x"})


def test_alias_renders_in_the_locale_it_stands_for() -> None:
    """Moroccan Arabic is written as Arabic."""
    assert _SHIPPED.render(advise(), Channel.SMS, "ary", _READER) == _SHIPPED.render(
        advise(), Channel.SMS, "ar", _READER
    )


@pytest.mark.parametrize(
    "name",
    ["{{ 7 * 7 }}", "{% for a in b %}", "((other))", "[click](https://x.test)", "**b**", "^a"],
)
def test_values_are_shown_as_they_are(name: str) -> None:
    """Neither braces nor the mark-up of other systems mean anything within a value."""
    reader = Reader(name=name, number="", unsubscribe_url="", page_url="https://x.test")
    mail = _SHIPPED.render(advise(), Channel.EMAIL, "fr", reader)
    assert isinstance(mail, EmailContent)
    assert f"Bonjour \u2068{name}\u2069," in mail.text
    assert name in mail.html
