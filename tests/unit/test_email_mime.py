"""The bytes of a mail, read back with the standard library's parser."""

import email
import email.policy
from dataclasses import replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcaster.channels.email import mime
from broadcaster.domain.message import EmailContent
from broadcaster.errors import InvalidInputError
from broadcaster.ports import MailHeaders
from tests.builders import NOON

_ARABIC = "المرجو تقليل الذهاب إلى الوكالات قدر الإمكان.\nالهاتف: 0522312020\n"
_URL = "https://broadcaster.test/unsubscribe/" + "0123456789abcdef" * 12


def _headers(**changes: str) -> MailHeaders:
    values: dict[str, Any] = {
        "sender": "advisories@lydec.test",
        "sender_name": "ليدك",
        "recipient": "customer1@example.test",
        "message_id": "1-7.0123456789abcdef@bounces.lydec.test",
        "locale": "ar_MA",
        "unsubscribe_url": _URL,
        **changes,
    }
    return MailHeaders(date=NOON, **values)


def _content(**changes: str) -> EmailContent:
    values = {"subject": "Lydec", "text": "Bonjour\n", "html": "<p>Bonjour</p>\n", **changes}
    return EmailContent(**values)


def _read(raw: bytes) -> EmailMessage:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert message.defects == []
    return message


def test_mail_is_whole() -> None:
    """All headers of automatic mail are there, and the text stands before the HTML."""
    content = _content(
        subject="ليدك: خدماتنا متاحة عن بعد", text=_ARABIC, html=f"<p dir=rtl>{_ARABIC}"
    )
    raw = mime(content, _headers(feedback_id="1:remote_services:ar:lydec"))
    message = _read(raw)
    assert message["Subject"] == "ليدك: خدماتنا متاحة عن بعد"
    assert message["From"] == "ليدك <advisories@lydec.test>"
    assert message["To"] == "customer1@example.test"
    assert message["Date"].datetime == NOON
    assert message["Message-ID"] == "<1-7.0123456789abcdef@bounces.lydec.test>"
    assert message["Content-Language"] == "ar-MA"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["List-Unsubscribe"] == f"<{_URL}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Feedback-ID"] == "1:remote_services:ar:lydec"
    assert message.get_content_type() == "multipart/alternative"
    text, html = message.iter_parts()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert text.get_content().replace("\r\n", "\n") == _ARABIC
    assert html.get_content().replace("\r\n", "\n") == f"<p dir=rtl>{_ARABIC}"
    assert raw.isascii()


def test_a_mail_names_those_that_it_follows() -> None:
    """All of them in their order, and the last one as what it answers; without any, neither."""
    former = tuple(f"{number}-7.0123456789abcdef@bounces.lydec.test" for number in range(1, 21))
    raw = mime(_content(), replace(_headers(), references=former))
    message = _read(raw)
    assert message["References"].split() == [f"<{one}>" for one in former]
    assert message["In-Reply-To"] == f"<{former[-1]}>"
    assert max(map(len, raw.split(b"\r\n"))) < 300
    assert not {"References", "In-Reply-To"} & set(_read(mime(_content(), _headers())).keys())


def test_every_line_can_travel() -> None:
    """Lines end in CRLF and are at most 998 octets; body lines at most 76."""
    raw = mime(
        _content(text="é" * 3000 + "\n.\n..\n\tfin  \n", html="<p>" + "a" * 5000), _headers()
    )
    lines = raw.split(b"\r\n")
    assert all(b"\n" not in line and b"\r" not in line for line in lines)
    assert max(map(len, lines)) <= 998
    body = raw.partition(b"\r\n\r\n")[2].split(b"\r\n")
    assert max(map(len, body)) <= 76


def test_long_link_is_one_word() -> None:
    """The unsubscribe link is never folded or encoded: mail services would not follow it."""
    assert f"\r\nList-Unsubscribe: <{_URL}>\r\n".encode() in mime(_content(), _headers())


def test_same_delivery_gives_the_same_bytes() -> None:
    """Nothing in a mail is random, so that a repeat is recognised as one."""
    assert mime(_content(), _headers()) == mime(_content(), _headers())


_PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    "moments",
    [
        [NOON, NOON + timedelta(milliseconds=999), NOON + timedelta(seconds=1), NOON],
        # The clock is set back: the same hour comes twice, and the same moment in two zones.
        [datetime(2026, 10, 25, 2, 30, tzinfo=_PARIS, fold=fold) for fold in (0, 1, 0)],
        [NOON, NOON.astimezone(_PARIS), NOON.replace(tzinfo=_PARIS), NOON],
    ],
)
def test_dates_are_those_of_each_mail(moments: list[datetime]) -> None:
    """What is kept of one mail's date is right for the next."""
    for moment in moments:
        raw = mime(_content(), replace(_headers(), date=moment))
        assert _read(raw)["Date"] == format_datetime(moment)


_TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t=._-"))


@given(text=_TEXTS, html=_TEXTS, subject=st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_comes_back(text: str, html: str, subject: str) -> None:
    """Whatever is written is read again; a subject's controls become spaces."""
    message = _read(mime(_content(text=text, html=html, subject=subject), _headers()))
    parts = [part.get_payload(decode=True) for part in message.iter_parts()]
    expected = [each.rstrip("\n") + "\n" for each in (text, html)]
    assert [bytes(part).decode().replace("\r\n", "\n") for part in parts] == expected
    assert set(message.keys()) == {
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Content-Language",
        "Auto-Submitted",
        "List-Unsubscribe",
        "List-Unsubscribe-Post",
        "MIME-Version",
        "Content-Type",
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("recipient", "a@b.test\r\nBcc: all@b.test"),
        ("recipient", "a@b.test, c@b.test"),
        ("recipient", "a@b.test\u2028X: 1"),
        ("recipient", "<a@b.test>"),
        ("recipient", "nobody"),
        ("recipient", ""),
        ("sender", "x\n@b.test"),
        ("message_id", "1-7@b.test>\r\nX: 1"),
        ("unsubscribe_url", "https://b.test/\r\nX: 1"),
        ("unsubscribe_url", "https://b.test/ x"),
        ("unsubscribe_url", "https://b.test/é"),
        ("feedback_id", "a\nb"),
        ("locale", "ar\nX: 1"),
    ],
)
def test_headers_cannot_be_injected(field: str, value: str) -> None:
    """A value that would end its header or begin another is refused."""
    with pytest.raises(InvalidInputError):
        mime(_content(), _headers(**{field: value}))


def test_controls_in_shown_words_are_spaces() -> None:
    """Line ends in a name or a subject become spaces."""
    raw = mime(_content(subject="a\r\nBcc: x@y.test"), _headers(sender_name='L"y\r\ndec\\'))
    message = _read(raw)
    assert message["Subject"] == "a Bcc: x@y.test"
    assert message["Bcc"] is None
    assert message["From"].addresses[0].display_name == 'L"y dec\\'


def test_mailbox_outside_ascii_is_written_in_utf8() -> None:
    """Only a mail to such a mailbox has UTF-8 in its headers (RFC 6532)."""
    raw = mime(_content(), _headers(recipient="بريد@example.test"))
    assert "To: بريد@example.test\r\n".encode() in raw


def test_headers_hide_mailboxes() -> None:
    """What is logged of headers names nobody."""
    assert "example" not in repr(_headers())
