"""The simulated mail host, seen through smtplib, aiosmtplib and a bare socket."""

import asyncio
import base64
import json
import smtplib
import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes
from pathlib import Path

import aiosmtplib
import pytest

from broadcaster.domain.options import Secret
from broadcaster.errors import InvalidInputError
from broadcaster.sandbox.config import SandboxConfig
from broadcaster.sandbox.smtp_login import doors
from tests.authorities import Authority, authority
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
    """A library for event loops, with a mailbox beyond ASCII."""

    async def send() -> None:
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) as client:
            options = ["SMTPUTF8", "BODY=8BITMIME"]
            await client.sendmail(SENDER, ["أمينة@mail.test"], MAIL, mail_options=options)
            await client.sendmail(SENDER, [TO], b"\r\n")

    asyncio.run(send())
    assert [line["to"] for line in lines(config.folder, "email")] == ["أمينة@mail.test", TO]


def _talk(port: int, *groups: tuple[bytes, int]) -> list[str]:
    """Send each group of commands and wait for so many replies; give all up to the host's end."""
    replies: list[str] = []
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as connection,
        connection.makefile("rb") as lines_,
    ):
        for sent, count in ((b"", 1), *groups):
            connection.sendall(sent)
            wanted = len(replies) + count
            while len(replies) < wanted:
                line = lines_.readline().decode()
                assert line, "the host closed"
                if line[3:4] == " ":
                    replies.append(line)
        return [*replies, *lines_.read().decode().splitlines()]


_HELLO = (b"EHLO me\r\n", 1)
_ONE = b"MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\n"


def test_pipelined_commands_are_answered_in_order(port: int, config: SandboxConfig) -> None:
    """RFC 2920: a body that looks like commands, and the next envelope in one packet with it."""
    replies = _talk(
        port,
        _HELLO,
        (_ONE, 3),
        (b"QUIT\r\n..\r\n\n.\n\r\n.\r\n" + _ONE, 4),
        (b".\r\nRSET\r\nNOOP\r\nQUIT\r\n", 4),
    )
    codes = [reply[:3] for reply in replies]
    mail = ["250", "250", "354", "250"]
    assert codes == ["220", "250", *mail, *mail, "250", "250", "221"]
    first, second = (base64.b64decode(line["raw"]) for line in lines(config.folder, "email"))
    assert first == b"QUIT\r\n.\r\n\n.\n\r\n"
    assert second == b""


_TWO = b"MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\n"


def _piece(octets: bytes, *, last: bool = True) -> bytes:
    return b"BDAT %d%b\r\n%b" % (len(octets), b" LAST" if last else b"", octets)


def test_mails_by_their_length_leave_together(port: int, config: SandboxConfig) -> None:
    """RFC 3030: whole mails in one packet, with dots and words that would end or be commands."""
    bodies = [b"one\r\n.\r\nQUIT\r\n", b"", b"..\r\nthree, without an end"]
    mails = b"".join(b"RSET\r\n" + _TWO + _piece(body) for body in bodies)
    replies = _talk(port, _HELLO, (mails, 12), (b"QUIT\r\n", 1))
    assert [reply[:3] for reply in replies] == ["220", *["250"] * 13, "221"]
    recorded = [base64.b64decode(line["raw"]) for line in lines(config.folder, "email")]
    assert recorded == bodies


def test_a_mail_may_come_in_pieces(port: int, config: SandboxConfig) -> None:
    """What is told piece by piece is one mail; DATA can not end it, RSET forgets it."""
    first, second = _piece(b"one\r\n", last=False), _piece(b"two\r\n")
    wrong = (_TWO + first, 3), (b"DATA\r\n", 1), (b"RSET\r\n", 1)
    replies = _talk(port, _HELLO, *wrong, (_TWO + first + second, 4), (b"QUIT\r\n", 1))
    assert [reply[:3] for reply in replies[2:]] == [*["250"] * 3, "503", *["250"] * 5, "221"]
    assert [base64.b64decode(line["raw"]) for line in lines(config.folder, "email")] == [
        b"one\r\ntwo\r\n"
    ]


def test_a_piece_that_is_refused_is_read_all_the_same(port: int, config: SandboxConfig) -> None:
    """And the sender stays, so that without RSET another mail's recipient would be under it."""
    lone = b"MAIL FROM:<a@b.test>\r\n" + _piece(b"RCPT TO:<c@d.test>\r\n")
    replies = _talk(port, _HELLO, (lone + _TWO, 4), (b"RSET\r\n" + lone, 3), (b"QUIT\r\n", 1))
    codes = [reply[:3] for reply in replies[2:]]
    assert codes == ["250", "554", "503", "250", "250", "250", "554", "221"]
    assert lines(config.folder, "email") == []


@pytest.mark.parametrize("word", [b"", b"x", b"-1", b"1 FIRST", b"9" * 21])
def test_a_length_that_is_none_ends_the_session(port: int, word: bytes) -> None:
    """Nobody can know what belongs to the mail then."""
    assert _talk(port, _HELLO, (_TWO + b"BDAT " + word + b"\r\n", 2))[-1].startswith("501 5.5.4")


def test_long_mails_by_their_length_are_refused(port: int, config: SandboxConfig) -> None:
    """Whether they come at once or in pieces; what is behind them is understood."""
    most = b"x\r\n" * 3_000_000
    pieces = _piece(most, last=False) + _piece(most)
    replies = _talk(port, _HELLO, (_TWO + _piece(most * 2), 3), (b"RSET\r\nQUIT\r\n", 2))
    assert [reply[:3] for reply in replies[2:]] == ["250", "250", "552", "250", "221"]
    replies = _talk(port, _HELLO, (_TWO + pieces, 4), (b"QUIT\r\n", 1))
    assert [reply[:3] for reply in replies[2:]] == ["250", "250", "250", "552", "221"]
    assert lines(config.folder, "email") == []


@pytest.mark.parametrize(
    "groups",
    [
        [(b"EHLO me\r\nMAIL FROM:<a@b.test>\r\n", 1)],
        [(b"HELO me\r\nQUIT\r\n", 1)],
        [_HELLO, (_ONE + b"body\r\n.\r\n", 3)],
        [_HELLO, (_ONE + b"b", 3)],
    ],
)
def test_who_does_not_wait_is_sent_away(
    port: int, config: SandboxConfig, groups: list[tuple[bytes, int]]
) -> None:
    """RFC 2920, section 3.1: after EHLO and DATA a client waits for the reply."""
    assert _talk(port, *groups)[-1].startswith("554 5.5.0")
    assert lines(config.folder, "email") == []


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        (b"NONSENSE", "500"),
        (b"\xff\xfe\x00", "500"),
        (b"A" * 5000, "500"),
        (b"A" * 300_000, "500"),
        (b"EHLO", "501"),
        (b"STARTTLS", "503"),
        (b"AUTH PLAIN AGEAYg==", "503"),
        (b"AUTH MAGIC", "504"),
        (b"MAIL FROM:<a@b.test>", "503"),
        (b"RCPT TO:<a@b.test>", "503"),
        (b"DATA", "503"),
    ],
)
def test_wrong_commands_get_a_reply_of_the_protocol(port: int, command: bytes, reply: str) -> None:
    """Whatever comes, the host answers with a number and goes on."""
    replies = _talk(port, (command + b"\r\n", 1), (b"NOOP\r\nQUIT\r\n", 2))
    assert [line[:3] for line in replies] == ["220", reply, "250", "221"]


def test_who_only_errs_is_sent_away(port: int) -> None:
    """After so many faults the host says goodbye; what is no fault does not count."""
    replies = _talk(port, (b"NOOP\r\n" * 60 + b"BAD\r\n" * 60, 0))
    assert replies[-1].startswith("421")
    assert len(replies) == 1 + 60 + 51


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        (b"RCPT TO:<a@b.test>", "503"),
        (b"DATA", "503"),
        (b"MAIL FROM:<a@b.test>\r\nDATA", "554"),
        (b"MAIL FROM:<a@b.test>\r\nMAIL FROM:<a@b.test>", "503"),
        (b"MAIL FROM:<a@b.test> SIZE=99999999999", "552"),
        (b"MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test> NOTIFY=SOMETIMES", "501"),
        (b"MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test> X=Y", "555"),
        ("MAIL FROM:<a@b.test>\r\nRCPT TO:<é@d.test>".encode(), "553"),
    ],
)
def test_wrong_envelopes_get_a_reply_of_the_protocol(port: int, command: bytes, reply: str) -> None:
    """What a greeted client says wrongly is refused, and the session goes on."""
    count = command.count(b"\r\n") + 1
    replies = _talk(port, _HELLO, (command + b"\r\n", count), (b"QUIT\r\n", 1))
    assert replies[-2].startswith(reply)


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Make one authority for all tests here."""
    return authority(tmp_path_factory.mktemp("authority"))


def test_encryption_and_login(config: SandboxConfig, trusted: Authority) -> None:
    """Both are offered in turn where they are set up, and mail is taken after them alone."""
    trusted.server("127.0.0.1")
    chosen = replace(
        config,
        smtp_certificate=trusted.folder / "127.0.0.1.pem",
        smtp_username="lydec",
        smtp_password=Secret("geheim"),
    )
    context = ssl.create_default_context(cafile=trusted.file)
    with running(chosen) as ports, smtplib.SMTP("127.0.0.1", ports.smtp, timeout=10) as client:
        client.ehlo("test")
        assert client.has_extn("starttls")
        assert not client.has_extn("auth")
        assert client.docmd("MAIL FROM:<a@b.test>")[0] == 530
        client.starttls(context=context)
        assert client.docmd("MAIL FROM:<a@b.test>")[0] == 503
        client.ehlo("test")
        assert not client.has_extn("starttls")
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login("lydec", "wrong")
        client.user, client.password = "lydec", "geheim"
        assert client.docmd("AUTH", "PLAIN ?")[0] == 535
        client.auth("LOGIN", client.auth_login, initial_response_ok=False)
        assert client.sendmail(SENDER, [TO], MAIL) == {}
    assert [line["to"] for line in lines(config.folder, "email")] == [TO]


def test_words_behind_starttls_are_not_obeyed(config: SandboxConfig, trusted: Authority) -> None:
    """What is said in the clear with STARTTLS ends the session (RFC 3207, section 6)."""
    trusted.server("127.0.0.1")
    chosen = replace(config, smtp_certificate=trusted.folder / "127.0.0.1.pem")
    with running(chosen) as ports:
        replies = _talk(ports.smtp, _HELLO, (b"STARTTLS\r\nNOOP\r\n", 1))
    assert replies[-1].startswith("554 5.5.0")


def test_a_certificate_has_to_be_one(tmp_path: Path) -> None:
    """What is no PEM file is refused by the setting's name."""
    file = tmp_path / "x.pem"
    file.write_text("nothing", encoding="ascii")
    with pytest.raises(InvalidInputError, match="smtp_certificate"):
        doors(file, "", Secret(""))


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
