"""The simulated mail host, seen through smtplib, aiosmtplib and a bare socket."""

import asyncio
import base64
import json
import smtplib
import socket
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes
from pathlib import Path

import aiosmtplib
import pytest

from broadcaster.sandbox.config import SandboxConfig
from tests.sandboxes import blocks, lines, mailbox, running, until

SENDER, TO = "b+1-2@bounces.lydec.test", "amina@mail.test"
MAIL = (
    b"Subject: =?utf-8?q?salut?=\r\nMessage-ID: <1-2@lydec.test>\r\n\r\n.hidden\r\n..two\r\nend\r\n"
)


@pytest.fixture
def config(tmp_path: Path) -> SandboxConfig:
    """Networks without trouble, on free ports, at once."""
    return SandboxConfig(
        folder=tmp_path / "sandbox", carrier_port=0, smtp_port=0, push_port=0, pace=0, bounce_port=9
    )


@pytest.fixture
def port(config: SandboxConfig) -> Iterator[int]:
    """Give the port of a mail host without trouble."""
    with running(config) as ports:
        yield ports.smtp


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_a_mail_is_taken_and_recorded_as_it_was_sent(port: int, config: SandboxConfig) -> None:
    """Byte for byte, dots included, for each recipient."""
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
        client.ehlo("test")
        assert {"pipelining", "size", "8bitmime", "smtputf8", "dsn"} <= set(client.esmtp_features)
        assert client.sendmail(SENDER, [TO, "karim@mail.test"], MAIL) == {}
        client.sendmail(SENDER, [TO], MAIL)
    recorded = lines(config.folder, "email")
    assert [line["to"] for line in recorded] == [TO, "karim@mail.test", TO]
    assert {base64.b64decode(line["raw"]) for line in recorded} == {MAIL}
    assert {line["fate"] for line in recorded} == {"delivered"}
    assert [line["status"] for line in lines(config.folder, "requests")] == [250] * 3


def test_an_asynchronous_client_sends_too(port: int, config: SandboxConfig) -> None:
    """The library that the product uses, with a mailbox beyond ASCII."""

    async def send() -> None:
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) as client:
            options = ["SMTPUTF8", "BODY=8BITMIME"]
            await client.sendmail(SENDER, ["أمينة@mail.test"], MAIL, mail_options=options)
            await client.sendmail(SENDER, [TO], b"\r\n")

    asyncio.run(send())
    assert [line["to"] for line in lines(config.folder, "email")] == ["أمينة@mail.test", TO]


def _talk(port: int, sent: bytes) -> list[str]:
    """Send everything at once and read until the host closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(sent)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    return answer.decode().splitlines()


def test_pipelined_commands_are_answered_in_order(port: int, config: SandboxConfig) -> None:
    """RFC 2920: one packet, two messages, the second after a body that looks like commands."""
    one = b"MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\n"
    sent = (
        b"EHLO me\r\n"
        + one
        + b"QUIT\r\n..\r\n\n.\n\r\n.\r\n"
        + one
        + b".\r\nRSET\r\nNOOP\r\nQUIT\r\n"
    )
    replies = [line[:3] for line in _talk(port, sent) if line[3:4] != "-"]
    first_mail, second_mail = ["250", "250", "354", "250"], ["250", "250", "354", "250"]
    end = ["250", "250", "221"]
    assert replies == ["220", "250", *first_mail, *second_mail, *end]
    first, second = (base64.b64decode(line["raw"]) for line in lines(config.folder, "email"))
    assert first == b"QUIT\r\n.\r\n\n.\n\r\n"
    assert second == b""


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        (b"NONSENSE", "500"),
        (b"\xff\xfe\x00", "500"),
        (b"A" * 5000, "500"),
        (b"A" * 300_000, "500"),
        (b"EHLO", "501"),
        (b"MAIL FROM:<a@b.test>", "503"),
        (b"EHLO x\r\nRCPT TO:<a@b.test>", "503"),
        (b"EHLO x\r\nDATA", "503"),
        (b"EHLO x\r\nMAIL FROM:<a@b.test>\r\nDATA", "554"),
        (b"EHLO x\r\nMAIL FROM:<a@b.test>\r\nMAIL FROM:<a@b.test>", "503"),
        (b"EHLO x\r\nMAIL FROM:<a@b.test> SIZE=99999999999", "552"),
        (b"EHLO x\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test> NOTIFY=SOMETIMES", "501"),
        (b"EHLO x\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test> X=Y", "555"),
        ("EHLO x\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<é@d.test>".encode(), "553"),
        (b"NOOP\r\n" * 60 + b"BAD\r\n" * 60, "421"),
    ],
)
def test_wrong_commands_get_a_reply_of_the_protocol(port: int, command: bytes, reply: str) -> None:
    """Whatever comes, the host answers with a number and goes on."""
    replies = _talk(port, command + b"\r\nQUIT\r\n")
    wanted = replies[-1] if reply == "421" else replies[-2]
    assert wanted.startswith(reply)


def test_sizes_are_bounded(port: int, config: SandboxConfig) -> None:
    """A huge message, a huge line and a crowd of recipients are refused; the session goes on."""
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
        client.ehlo("test")
        client.docmd("MAIL FROM:<a@b.test>")
        codes = [client.docmd(f"RCPT TO:<c{number}@d.test>")[0] for number in range(102)]
        assert codes == [250] * 100 + [452] * 2
        assert client.data(b"x\r\n" * 4_000_000)[0] == 552
        client.docmd("MAIL FROM:<a@b.test>")
        client.docmd("RCPT TO:<c@d.test>")
        assert client.data(b"x" * 999 + b"\r\n")[0] == 554
        assert client.noop()[0] == 250
    assert lines(config.folder, "email") == []


@pytest.mark.parametrize(
    ("kind", "code", "recorded"),
    [
        ("no_mailbox", 550, 0),
        ("full", 552, 0),
        ("deferred", 450, 0),
        ("closing", 421, 0),
        ("cut_before", 0, 0),
        ("cut_after", 0, 1),
        ("slow", 250, 1),
    ],
)
def test_every_kind_of_trouble_happens(
    config: SandboxConfig, kind: str, code: int, recorded: int
) -> None:
    """Only what the host took is in the record."""
    with running(replace(config, rates={f"mail.{kind}": 1})) as ports:
        client = smtplib.SMTP("127.0.0.1", ports.smtp, timeout=10)
        try:
            client.sendmail(SENDER, [TO], MAIL)
            answered = 250
        except smtplib.SMTPRecipientsRefused as refused:
            answered = refused.recipients[TO][0]
        except smtplib.SMTPServerDisconnected:
            answered = 0
        finally:
            client.close()
    assert answered == code
    assert len(lines(config.folder, "email")) == recorded
    (line,) = lines(config.folder, "requests")
    assert (line["network"], line["status"]) == ("mail", code)
    assert "amina" not in json.dumps(line)


@pytest.mark.parametrize(
    ("rates", "options", "actions"),
    [
        ({"mail.bounced": 1.0}, [], ["failed"]),
        ({"mail.bounced": 1.0, "mail.report_repeated": 1.0}, [], ["failed", "failed"]),
        ({"mail.delayed": 1.0}, ["NOTIFY=SUCCESS,DELAY"], ["delayed", "delivered"]),
        ({}, ["NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;amina@mail.test"], ["delivered"]),
    ],
)
def test_reports_come_by_mail_to_the_envelope_sender(
    config: SandboxConfig, rates: dict[str, float], options: list[str], actions: list[str]
) -> None:
    """Null return path, VERP recipient, as many as were asked for."""
    chosen = replace(config, rates=rates, bounce_port=_free_port())
    with mailbox(chosen.bounce_port) as inbound, running(chosen) as ports:
        with smtplib.SMTP("127.0.0.1", ports.smtp, timeout=10) as client:
            client.sendmail(SENDER, [TO], MAIL, ["ENVID=1-2", "RET=HDRS"], options)
        until(lambda: len(inbound.mails) == len(actions))
    found = []
    for mail in inbound.mails:
        assert mail.mail_from in {"", "<>"}
        assert mail.rcpt_tos == [SENDER]
        assert isinstance(mail.content, bytes)
        report = message_from_bytes(mail.content)
        assert report["To"] == f"<{SENDER}>"
        _, status, original = blocks(report)
        about, recipient = blocks(status)
        assert about["Original-Envelope-Id"] == "1-2"
        assert "1-2@lydec.test" in original.as_string()
        found.append(recipient["Action"])
    assert found == actions


def test_reports_wait_for_their_receiver(config: SandboxConfig) -> None:
    """A report is not lost because nobody listens yet."""
    chosen = replace(config, rates={"mail.bounced": 1.0}, bounce_port=_free_port())
    with running(chosen) as ports:
        with smtplib.SMTP("127.0.0.1", ports.smtp, timeout=10) as client:
            client.sendmail(SENDER, [TO], MAIL)
        with mailbox(chosen.bounce_port) as inbound:
            until(lambda: len(inbound.mails) == 1)
    assert [line["outcome"] for line in lines(config.folder, "email-done")] == ["sent"]
