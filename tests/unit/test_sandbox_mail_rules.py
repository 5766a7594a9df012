"""Envelopes and reports of the simulated mail host."""

import base64
import email.policy
from contextlib import suppress
from email import message_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcaster.sandbox import dsn
from broadcaster.sandbox.envelope import EnvelopeError, Recipient, read_recipient, read_sender
from broadcaster.sandbox.mail_course import mail_course
from broadcaster.sandbox.trouble import Dice, rates
from tests.sandboxes import blocks


def test_the_parameters_of_dsn_are_read() -> None:
    """RFC 3461's own shapes."""
    sender = read_sender(b"FROM:<a@b.test> RET=HDRS ENVID=QQ314159+2B SIZE=10 BODY=8BITMIME")
    assert (sender.mailbox, sender.ret, sender.envid) == ("a@b.test", "HDRS", "QQ314159+")
    recipient = read_recipient(
        b"TO:<c@d.test> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;c+2Bx@d.test", utf8=False
    )
    assert recipient.notify == ("SUCCESS", "FAILURE")
    assert recipient.orcpt == "rfc822;c+x@d.test"
    assert read_sender(b"FROM:<>").mailbox == ""


@pytest.mark.parametrize(
    "argument",
    [
        b"",
        b"FROM:a@b.test",
        b"FROM:<a@b.test> RET=SOME",
        b"FROM:<a@b.test> SIZE=-1",
        b"FROM:<a@b.test> SIZE=" + b"9" * 100,
        b"FROM:<a@b.test> ENVID=a+zz",
        b"FROM:<a@b.test> ENVID=a+0Ab",
        b"FROM:<a@b.test> RET=FULL RET=FULL",
        b"FROM:<a@b.test> COLOUR=RED",
        b"FROM:<a b@c.test>",
        b"FROM:<" + b"a" * 65 + b"@b.test>",
        b"FROM:<\xff@b.test>",
        "FROM:<é@b.test>".encode(),
        b"TO:<a@b.test>",
    ],
)
def test_bad_envelopes_are_refused_with_a_reply_of_the_protocol(argument: bytes) -> None:
    """Five hundred and something, with an enhanced status."""
    with pytest.raises(EnvelopeError, match=r"^5\d\d 5\.\d\.\d "):
        read_sender(argument)


@given(st.binary(max_size=200))
def test_no_argument_of_rcpt_leads_to_anything_but_a_reply(argument: bytes) -> None:
    """Whatever a client writes, it gets an answer."""
    with suppress(EnvelopeError):
        assert read_recipient(b"TO:<" + argument, utf8=True).mailbox


def _line(**changes: object) -> dict[str, object]:
    raw = b"Subject: hello\r\nMessage-ID: <1@x.test>\r\n\r\nbody\r\n"
    return {
        "to": "c@d.test",
        "sender": "b+1-2@bounces.test",
        "at": 1000.0,
        "ret": None,
        "envid": "1-2",
        "orcpt": "rfc822;c@d.test",
        "then": [(1001.0, "failed", "5.1.1")],
        "raw": base64.b64encode(raw).decode(),
        **changes,
    }


@pytest.mark.parametrize(
    ("action", "status", "ret"),
    [("failed", "5.1.1", None), ("failed", "5.2.2", "FULL"), ("delivered", "2.0.0", "FULL")],
)
def test_a_report_reads_as_rfc_3464_says(action: str, status: str, ret: str | None) -> None:
    """The standard library's parser sees its parts."""
    written = dsn.build(_line(ret=ret, then=[(1001.0, action, status)]), 0)
    message = message_from_bytes(written, policy=email.policy.default)
    assert message.get_content_type() == "multipart/report"
    assert message["Auto-Submitted"] == "auto-replied"
    text, report, original = message.iter_parts()
    assert text.get_content_type() == "text/plain"
    about, of_recipient = blocks(report)
    assert about["Original-Envelope-Id"] == "1-2"
    assert of_recipient["Final-Recipient"] == "rfc822; c@d.test"
    assert of_recipient["Original-Recipient"] == "rfc822;c@d.test"
    assert (of_recipient["Action"], of_recipient["Status"]) == (action, status)
    whole = ret == "FULL" and action == "failed"
    assert original.get_content_type() == ("message/rfc822" if whole else "text/rfc822-headers")
    assert b"1@x.test" in original.as_bytes()
    assert (b"body" in original.as_bytes()) == whole


def _mail(share: dict[str, float], notify: tuple[str, ...] | None, *, null: bool) -> list[str]:
    recipient = Recipient(mailbox="c@d.test", notify=notify, orcpt=None)
    found = mail_course(Dice(1, rates(0, share)), recipient, 1, at=0, pace=1, null_sender=null)
    return [action for _, action, _ in found.reports]


def test_reports_are_sent_when_asked_for_and_never_about_a_report() -> None:
    """NOTIFY decides; the default is failure and delay; a null sender gets none."""
    bounced, delayed = {"mail.bounced": 1.0}, {"mail.delayed": 1.0}
    assert _mail({}, None, null=False) == []
    assert _mail({}, ("SUCCESS",), null=False) == ["delivered"]
    assert _mail(bounced, None, null=False) == ["failed"]
    assert _mail(bounced, ("NEVER",), null=False) == []
    assert _mail(bounced, ("SUCCESS",), null=False) == []
    assert _mail(delayed, ("SUCCESS", "DELAY"), null=False) == ["delayed", "delivered"]
    assert _mail(bounced, None, null=True) == []
    repeated = {**bounced, "mail.report_repeated": 1.0}
    assert _mail(repeated, None, null=False) == ["failed", "failed"]
