"""Bounces come by SMTP, to the addresses that we made and to no other."""

import smtplib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web_scene import FakeBouncer, FakeInside, Site, make_inside, serving

GOOD = "b+1-1-good@bounces.example.test"
FORGED = "b+1-1-bad0@bounces.example.test"
MAIL = b"Subject: report\r\n\r\nIt did not arrive.\r\n"


@pytest.fixture
def inside(tmp_path: Path) -> FakeInside:
    """Give the fakes."""
    return make_inside(tmp_path)


@pytest.fixture
def client(inside: FakeInside) -> Iterator[smtplib.SMTP]:
    """Give a client that said hello."""
    with serving(inside) as site, _client(site) as client:
        yield client


def _client(site: Site) -> smtplib.SMTP:
    client = smtplib.SMTP("127.0.0.1", site.bounce_port, "mx.example.test", timeout=10)
    client.ehlo()
    return client


def _calls(inside: FakeInside) -> list[bytes]:
    bouncer = inside.providers["smtp"]
    assert isinstance(bouncer, FakeBouncer)
    return [call.body for call in bouncer.calls if call.body]


def test_a_bounce_is_stored_before_it_is_taken(inside: FakeInside, client: smtplib.SMTP) -> None:
    """The provider reads the mail as it came, for the recipient of the envelope."""
    client.sendmail("", [GOOD], MAIL)
    assert _calls(inside) == [MAIL]
    assert len(inside.ledger.receipts) == 1


@pytest.mark.parametrize(
    "recipient", [FORGED, "postmaster@bounces.example.test", "b+1-1-@x", f"{'b' * 300}@x"]
)
def test_other_recipients_are_refused_for_good(
    inside: FakeInside, client: smtplib.SMTP, recipient: str
) -> None:
    """Before a single octet of content is read."""
    client.docmd("MAIL FROM:<>")
    code, _ = client.docmd(f"RCPT TO:<{recipient}>")
    assert 500 <= code < 600
    assert inside.ledger.receipts == []


def test_while_the_database_is_down_it_is_brought_again(
    inside: FakeInside, client: smtplib.SMTP
) -> None:
    """451, and taken once it is up."""
    inside.ledger.down = True
    with pytest.raises(smtplib.SMTPDataError) as refusal:
        client.sendmail("", [GOOD], MAIL)
    assert refusal.value.smtp_code == 451
    inside.ledger.down = False
    client.sendmail("", [GOOD], MAIL)
    assert len(inside.ledger.receipts) == 1


def test_a_second_recipient_waits_its_turn(client: smtplib.SMTP) -> None:
    """A report is about one message."""
    client.docmd("MAIL FROM:<>")
    assert client.docmd(f"RCPT TO:<{GOOD}>")[0] == 250
    assert client.docmd(f"RCPT TO:<{GOOD}>")[0] == 452


def test_a_huge_mail_is_refused(inside: FakeInside, client: smtplib.SMTP) -> None:
    """More than 1 MiB is no report."""
    with pytest.raises(smtplib.SMTPResponseException) as refusal:
        client.sendmail("", [GOOD], b"x" * 70 + b"\r\n" + b"y" * 76 * 14_000)
    assert refusal.value.smtp_code in {500, 552}
    assert inside.ledger.receipts == []


def test_long_lines_are_read(inside: FakeInside, client: smtplib.SMTP) -> None:
    """Some systems fold nothing."""
    client.sendmail("", [GOOD], b"Subject: " + b"x" * 20_000 + b"\r\n\r\n\r\n")
    assert len(inside.ledger.receipts) == 1


def test_without_mail_nothing_is_ours(inside: FakeInside) -> None:
    """A system without the provider `smtp` takes no bounce."""
    inside.providers = {}
    with serving(inside) as site, _client(site) as client:
        client.docmd("MAIL FROM:<>")
        assert client.docmd(f"RCPT TO:<{GOOD}>")[0] == 550
