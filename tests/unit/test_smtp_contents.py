"""What is written after DATA or BDAT: mails that need not be looked at, and those that do."""

import email
import re
from email.message import Message as Part

import pytest

from broadcaster.domain.delivery import DeliveryEvent
from broadcaster.domain.message import FilledEmail
from broadcaster.errors import InvalidInputError
from broadcaster.ports import Mail
from broadcaster.providers._relay import draft_of, written
from broadcaster.providers.smtp import SmtpProvider
from tests.relays import CHUNKS, GROUP, Relay
from tests.smtp_scene import composing, filled, mail, mails, run, submit

_E = DeliveryEvent

_NAMES = ("b+1-1-00@b.test", "1-1.00@b.test")


@pytest.mark.parametrize("raw", [b"a: b\r\n\r\nc\r\n", b"a: b\r\n\r\n--\r\n", b"a\r\n\r\nb.\r\n"])
def test_a_clean_mail_is_written_as_one_that_was_looked_at(raw: bytes) -> None:
    """The same octets, the same size; nothing is looked for again."""
    clean, other = (
        draft_of(mail(), "c@x.test", _NAMES, Mail(raw, clean)) for clean in (True, False)
    )
    assert b"".join(clean.content) == b"".join(other.content) == written(raw)
    assert clean.size == other.size == len(raw)
    assert clean.seven_bit
    assert other.seven_bit


@pytest.mark.parametrize("raw", [b"a\n.\r\n", b"a\r.\r\n", b"a\r\n\r.\r\n", b"a\n", b"a\r"])
def test_only_what_is_clean_is_not_looked_at(raw: bytes) -> None:
    """A mail of which nothing is known is searched for bare line ends."""
    with pytest.raises(InvalidInputError):
        draft_of(mail(), "c@x.test", _NAMES, Mail(raw))


def test_drafts_hide_what_they_hold() -> None:
    """What is logged of a draft or a mail names the delivery alone."""
    composed = Mail(b"secret: b\r\n")
    draft = draft_of(mail(), "customer@x.test", _NAMES, composed)
    assert repr(draft) == "Draft(1-1)"
    assert repr(composed) == "Mail(clean=False)"


_offers = pytest.mark.parametrize("offers", [GROUP, CHUNKS], ids=["group", "chunks"])


@_offers
@pytest.mark.parametrize("lines", [1, 20_000])
def test_clean_mails_leave_as_they_are(lines: int, offers: tuple[str, ...]) -> None:
    """What need not be looked at arrives whole, with the final dot, also in several writes."""
    raw = b"Subject: clean\r\n\r\n" + b"0123456789abcdef\r\n" * lines
    relay = Relay(offers=offers)

    async def work(sender: SmtpProvider) -> None:
        answers = await sender.submit(mails(3))
        assert {answer.event for answer in answers} == {_E.ACCEPT}

    run(relay, work, composing(raw, clean=True), CONNECTIONS=1)
    assert relay.mails == [raw] * 3


@_offers
def test_filled_mails_arrive_as_whole_ones_do(offers: tuple[str, ...]) -> None:
    """Dots everywhere, filled in or (for a line end in a value) built whole: the text arrives."""
    values = [("a", "b"), (".", ""), ("..", "."), ("x\n.", "y"), ("é.", "\r\n.\r\n"), ("", "...")]
    messages = [filled(number, *pair) for number, pair in enumerate(values, start=1)]
    relay = Relay(offers=offers)
    answers = submit(relay, messages, CONNECTIONS=1)
    assert {answer.event for answer in answers} == {_E.ACCEPT}
    for message, raw in zip(messages, relay.mails, strict=True):
        assert isinstance(message.content, FilledEmail)
        whole = re.sub("\r\n|\r|\n", "\r\n", message.content.text).rstrip("\r\n") + "\r\n"
        arrived = raw if offers is CHUNKS else raw.replace(b"\r\n..", b"\r\n.")
        parsed = email.message_from_bytes(arrived)
        for part in parsed.get_payload():
            assert isinstance(part, Part)
            assert part.get_payload(decode=True) == whole.encode()
