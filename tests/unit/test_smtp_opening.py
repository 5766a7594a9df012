"""The opening of a connection: greeting, EHLO, STARTTLS and AUTH, without a wire."""

import base64

import pytest

from broadcaster.domain.options import Secret
from broadcaster.providers._relay import RefusedError, Relay
from broadcaster.providers._smtp_offers import Offers, read_offers
from broadcaster.providers._smtp_opening import Say, Wait, opening
from broadcaster.providers._smtp_replies import BadReplyError, Reply

_HELLO = (250, "relay.test", "PIPELINING", "AUTH PLAIN LOGIN", "STARTTLS", "SIZE 1000")


def _relay(tls: str = "none", username: str = "") -> Relay:
    return Relay(
        host="127.0.0.1",
        port=25,
        tls=tls,
        context=None,
        username=username,
        password=Secret("geheim"),
        hello="me.test",
        timeout=5,
        connections=1,
        per_connection=1,
        pipeline=2,
        idle=1,
    )


def _reply(code: int, *lines: str) -> Reply:
    return Reply(code, tuple(line.encode() for line in lines) or (b"",))


def _talk(relay: Relay, *replies: tuple[int, *tuple[str, ...]] | None) -> tuple[list[str], Offers]:
    """Lead a conversation with these replies; None stands for encryption that was begun."""
    steps = opening(relay)
    said = []
    try:
        step = next(steps)
        for reply in replies:
            said.append(step.line.decode().strip() if isinstance(step, Say) else step.name)
            step = steps.send(None if reply is None else _reply(*reply))
    except StopIteration as end:
        return said, end.value
    raise AssertionError(said)


def test_plain_opening() -> None:
    """Greeting and EHLO suffice; what is offered is known then."""
    said, offers = _talk(_relay(), (220, "hi"), _HELLO)
    assert said == ["GREETING", "EHLO me.test"]
    assert offers.pipelining
    assert offers.size == 1000
    assert not offers.dsn


def test_old_relays_are_greeted_the_old_way() -> None:
    """Who does not know EHLO hears HELO and offers nothing."""
    said, offers = _talk(_relay(), (220, "hi"), (502, "what"), (250, "PIPELINING"))
    assert said[2] == "HELO me.test"
    assert offers == Offers()


def test_what_was_offered_in_the_clear_is_forgotten() -> None:
    """After STARTTLS only what the relay says under encryption counts (RFC 3207, section 4.2)."""
    said, offers = _talk(_relay("starttls"), (220, "hi"), _HELLO, (220, "go"), None, (250, "r"))
    assert said == ["GREETING", "EHLO me.test", "STARTTLS", "ENCRYPTION", "EHLO me.test"]
    assert offers == Offers()


def test_login_in_one_line() -> None:
    """PLAIN is taken where it is offered."""
    said, _ = _talk(_relay(username="lydec"), (220, "hi"), _HELLO, (235, "ok"))
    mechanism, secret = said[2].rsplit(" ", 1)
    assert mechanism == "AUTH PLAIN"
    assert base64.b64decode(secret) == b"\0lydec\0geheim"


@pytest.mark.parametrize("word", ["AUTH LOGIN", "AUTH=LOGIN", "auth login cram-md5"])
def test_login_in_three_lines(word: str) -> None:
    """LOGIN is taken where there is nothing better, however it is written."""
    questions = ((334, "VXNlcm5hbWU6"), (334, "UGFzc3dvcmQ6"))
    said, _ = _talk(
        _relay(username="lydec"), (220, "hi"), (250, "r", word), *questions, (235, "ok")
    )
    assert said[2] == "AUTH LOGIN"
    assert [base64.b64decode(line) for line in said[3:]] == [b"lydec", b"geheim"]


def test_second_way_to_log_in_when_the_first_is_not_known() -> None:
    """A mechanism that is offered and then unknown (504) is no refusal of the password."""
    said, _ = _talk(
        _relay(username="u"), (220, "hi"), _HELLO, (504, "no"), (334, ""), (334, ""), (235, "ok")
    )
    assert said[3] == "AUTH LOGIN"


@pytest.mark.parametrize(
    ("relay", "replies", "code"),
    [
        (_relay(), [(421, "busy")], 421),
        (_relay(), [(554, "no")], 554),
        (_relay(), [(220, "hi"), (421, "closing")], 421),
        (_relay(), [(220, "hi"), (502, "what"), (502, "what")], 502),
        (_relay("starttls"), [(220, "hi"), (250, "r", "PIPELINING")], 530),
        (_relay("starttls"), [(220, "hi"), _HELLO, (454, "4.7.0 TLS not available")], 454),
        (_relay(username="u"), [(220, "hi"), (250, "r")], 530),
        (_relay(username="u"), [(220, "hi"), (250, "r", "AUTH CRAM-MD5")], 530),
        (_relay(username="u"), [(220, "hi"), _HELLO, (535, "5.7.8 no")], 535),
        (_relay(username="u"), [(220, "hi"), (250, "r", "AUTH LOGIN"), (334, ""), (535, "")], 535),
    ],
)
def test_refusals_are_of_us(relay: Relay, replies: list[tuple[int, str]], code: int) -> None:
    """Whatever is refused here, it is no mail."""
    with pytest.raises(RefusedError) as refusal:
        _talk(relay, *replies)
    assert (refusal.value.code, refusal.value.sender) == (code, True)


@pytest.mark.parametrize(
    "replies",
    [
        [(250, "hi")],
        [(354, "hi")],
        [(220, "hi"), (354, "go")],
        [(220, "hi"), _HELLO, (250, "go")],
        [None],
    ],
)
def test_replies_that_fit_nothing_are_faults(replies: list[tuple[int, str]]) -> None:
    """A good reply of the wrong sort is none."""
    with pytest.raises(BadReplyError):
        _talk(_relay("starttls"), *replies)


def test_encryption_is_waited_for() -> None:
    """Nothing is said between the go-ahead and encryption."""
    steps = opening(_relay("starttls"))
    assert next(steps) is Wait.GREETING
    steps.send(_reply(220))
    steps.send(_reply(*_HELLO))
    assert steps.send(_reply(220)) is Wait.ENCRYPTION


def test_secrets_are_not_shown() -> None:
    """A step's repr hides what is said."""
    assert "secret" not in repr(Say(b"AUTH PLAIN secret"))


@pytest.mark.parametrize(
    ("line", "size"), [(b"SIZE", 0), (b"SIZE 0", 0), (b"size 52428800", 52428800), (b"SIZE x", 0)]
)
def test_size_may_be_without_a_number(line: bytes, size: int) -> None:
    """RFC 1870, section 4: no number, or 0, is no limit."""
    offers = read_offers([line, b"", b"\xff\xfe", b"X-UNKNOWN a b"])
    assert (offers.sized, offers.size) == (True, size)
