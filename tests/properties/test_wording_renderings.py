"""Worded messages: filled ones equal rendered ones, and HTML says what the text says."""

from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcaster.domain.advisory import Advisory
from broadcaster.domain.message import Channel, EmailContent
from broadcaster.ports import Reader
from broadcaster.render import bidi, suspicion
from broadcaster.render.heard import heard
from broadcaster.render.renderer import TemplateRenderer
from tests import skeleton_sources, wordings
from tests.skeletons import outcome

_PIECES = st.sampled_from(
    [
        *("{{ reader.name }}", "{{ reader.number }}", "{{ reader.page_url }}"),
        *("{{ facts.sender }}", "{{ facts.call_centre }}", "{{ facts.starts|date }}"),
        *("{{ facts.streets|listing }}", "{{ facts.online|bare_url }}", "{{ '<i>' }}", "{#x#}"),
        "{% if reader.name %}Cher {{ reader.name }},{% else %}Bonjour,{% endif %}",
        "{% if reader.unsubscribe_url and facts.sender %}\n\n- {{ reader.page_url }}{% endif %}",
        "{{ reader.unsubscribe_url }}",
        "{% for street in facts.streets %}\n- {{ street }}{% endfor %}",
        "{% if facts.service == 'power' %}\n\n{{ facts.sender }}\n{% endif %}",
        *(
            "eau & <b>gaz</b>",
            " - ",
            "\n",
            "\n\n",
            "\n- ",
            " ",
            "مرحبا (ماء)",
            "100 %",
            "{ ",
            "{% raw %}{{% endraw %}",
            "{% raw %}{% if %}{% endraw %}",
            "‘’…",
        ),
    ]
)
_TEXTS = st.lists(_PIECES, min_size=1, max_size=8).map("".join).filter(str.strip)
_READERS = st.lists(skeleton_sources.READERS, min_size=1, max_size=3)
_LOCALES = st.sampled_from(["ar", "fr"])


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> TemplateRenderer:
    """Render the made-up kind, in locales that need no texts of its own."""
    return wordings.renderer(wordings.write_kind(tmp_path_factory.mktemp("kinds")))


def _mail(advised: Advisory, subject: str, what: str, todo: str, locale: str) -> Advisory:
    text = f"{{% block what %}}{what}{{% endblock %}}\n{{% block todo %}}{todo}{{% endblock %}}"
    advised = wordings.worded(advised, "email/subject.txt", subject, locale)
    return wordings.worded(advised, "email/body.txt", text, locale)


@given(_TEXTS, _TEXTS, _TEXTS, _LOCALES, _READERS)
@settings(max_examples=25, deadline=None)
def test_worded_messages_are_filled_as_rendered(
    texts: TemplateRenderer, one: str, two: str, three: str, locale: str, readers: list[Reader]
) -> None:
    """SMS, push and mail are the same for any reader, and every wording has its skeleton."""
    advised = _mail(wordings.advisory(texts), one, two, three, locale)
    for part, text in (("sms/body.txt", one), ("push/title.txt", two), ("push/body.txt", three)):
        advised = wordings.worded(advised, part, text, locale)
    for channel in (Channel.SMS, Channel.PUSH, Channel.EMAIL):
        fill = texts.prepare(advised, channel, locale)
        for reader in readers:
            full = partial(texts.render, advised, channel, locale, reader)
            assert outcome(partial(fill, reader)) == outcome(full)
    plain = Reader(name="Ali", number="1", unsubscribe_url="https://x.test/u", page_url="/p")
    content = outcome(partial(texts.render, advised, Channel.SMS, locale, plain)).content
    pieces = texts.pieces(advised, Channel.SMS, locale)(plain)
    if content:
        assert pieces is not None
        assert "".join(pieces) == content["body"]


@given(_TEXTS, _TEXTS, _LOCALES)
@settings(max_examples=25, deadline=None)
def test_html_says_what_the_text_says(
    texts: TemplateRenderer, what: str, todo: str, locale: str
) -> None:
    """The words of a worded mail are the same in text, in HTML and on the page, in their order."""
    plain = Reader(name="Ali", number="1", unsubscribe_url="https://x.test/u", page_url="/p")
    advised = _mail(wordings.advisory(texts), "Sujet", f"@@{what}@@", f"@@{todo}@@", locale)
    mail = texts.render(advised, Channel.EMAIL, locale, plain)
    assert isinstance(mail, EmailContent)
    written = mail.text.split("@@")[1::2]
    for html in (
        mail.html,
        outcome(partial(texts.render, advised, Channel.WEB, locale, plain)).content["html"],
    ):
        seen = heard(suspicion.lines(html), "web/page.html").split("@@")[1::2]
        assert [_words(one) for one in seen] == [_words(one) for one in written]


def _words(text: str) -> list[str]:
    """Give the words of a text, without what makes entries of a list."""
    return [word for word in bidi.strip(text).split() if word not in "-•–"]
