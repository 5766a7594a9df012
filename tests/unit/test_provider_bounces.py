"""What comes back by mail: delivery status and complaints, true, false and hostile."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcaster.domain.delivery import DeliveryEvent, DeliveryId, Reason, Receipt
from broadcaster.errors import ForbiddenError
from broadcaster.ports import Callback, Receives
from broadcaster.providers import smtp
from broadcaster.providers._bounces import ReturnPath
from broadcaster.providers._enhanced import reason_of_reply
from broadcaster.providers.smtp import SmtpProvider
from tests.networks import context, options

_PATHS = ReturnPath(key=b"k" * 32, domain="bounces.lydec.test")
_ADDRESS = _PATHS.address(DeliveryId(1, 7))

_DSN = """From: MAILER-DAEMON@relay.test
To: {to}
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="=_x"

This is a MIME-encapsulated message.

--=_x
Content-Type: text/plain; charset=utf-8

Action: delivered
Your mail could not be delivered.

--=_x
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.test
Original-Envelope-Id: 1-7

{groups}

--=_x
Content-Type: text/rfc822-headers

Subject: Lydec
Action: delivered

--=_x--
"""

_FAILED = """Final-Recipient: rfc822; customer1@example.test
Original-Recipient: rfc822; customer1@example.test
Action: failed
Status: 5.1.1 (no such user)
Diagnostic-Code: smtp; 550 5.1.1 no such user"""


def _provider() -> SmtpProvider:
    values = {
        "HOST": "127.0.0.1",
        "TLS": "none",
        "FROM": "advisories@lydec.test",
        "BOUNCE_DOMAIN": "bounces.lydec.test",
    }
    return smtp.build(options("smtp", **values), context())


def _receive(raw: bytes, to: str = _ADDRESS) -> Receipt:
    provider = _provider()
    assert isinstance(provider, Receives)
    (receipt,) = provider.receive(Callback(path=to, url="", headers={}, body=raw))
    return receipt


def _dsn(*groups: str) -> bytes:
    text = _DSN.format(to=_ADDRESS, groups="\n\n".join(groups))
    return text.replace("\n", "\r\n").encode()


def _group(action: str, status: str) -> str:
    return f"Final-Recipient: rfc822; a@b.test\nAction: {action}\nStatus: {status}"


def test_failure_names_delivery_and_reason() -> None:
    """A bounce at our own address is the end of that delivery, with its reason."""
    assert _receive(_dsn(_FAILED)) == Receipt(
        provider="smtp",
        dedupe="1-7:failed 5.1.1",
        delivery=DeliveryId(1, 7),
        reference=None,
        event=DeliveryEvent.FAIL,
        reason=Reason.UNKNOWN_ADDRESS,
        code="failed 5.1.1",
    )


_E = DeliveryEvent


@pytest.mark.parametrize(
    ("action", "status", "event", "reason"),
    [
        ("delivered", "2.0.0", _E.DELIVER, None),
        ("Delivered", "2.1.5", _E.DELIVER, None),
        ("relayed", "2.0.0", _E.ACCEPT, None),
        ("expanded", "2.0.0", _E.ACCEPT, None),
        ("delayed", "4.4.1", None, None),
        ("failed", "5.2.2", _E.FAIL, Reason.MAILBOX_FULL),
        ("failed", "5.7.1", _E.FAIL, Reason.BLOCKED),
        ("failed", "4.4.7", _E.FAIL, Reason.UNREACHABLE),
        ("failed", "5.9.9", _E.FAIL, Reason.OTHER),
        ("failed (really)", "nonsense", _E.FAIL, Reason.OTHER),
    ],
)
def test_actions_mean_what_the_table_says(
    action: str, status: str, event: DeliveryEvent | None, reason: Reason | None
) -> None:
    """Every action of RFC 3464 has one meaning."""
    receipt = _receive(_dsn(_group(action, status)))
    assert (receipt.event, receipt.reason) == (event, reason)


def test_one_that_arrived_counts_before_one_that_did_not() -> None:
    """When a mailbox stands for several, one arrival is an arrival."""
    receipt = _receive(_dsn(_group("failed", "5.1.1"), _group("delivered", "2.0.0")))
    assert receipt.event is _E.DELIVER


def test_line_ends_do_not_matter() -> None:
    """Reports come with line feeds alone as well."""
    assert _receive(_dsn(_FAILED).replace(b"\r\n", b"\n")).event is _E.FAIL


def test_address_in_other_case_is_ours() -> None:
    """Mail systems may change the case of an address."""
    assert _receive(_dsn(_FAILED), to=f"<{_ADDRESS.upper()}>").delivery == DeliveryId(1, 7)


_ARF = b"""Content-Type: multipart/report; report-type=feedback-report; boundary=x

--x
Content-Type: message/feedback-report

Feedback-Type: %s
User-Agent: test/1

--x--
"""


@pytest.mark.parametrize(
    ("kind", "reason", "code"),
    [
        (b"abuse", Reason.RECIPIENT_OPTED_OUT, "complaint"),
        (b"not-spam", None, "feedback"),
    ],
)
def test_complaints(kind: bytes, reason: Reason | None, code: str) -> None:
    """A complaint changes no status; it says that the recipient wants no more."""
    receipt = _receive(_ARF % kind)
    assert (receipt.event, receipt.reason, receipt.code) == (None, reason, code)


@pytest.mark.parametrize(
    "to",
    [
        "",
        "b+1-7@bounces.lydec.test",
        _ADDRESS.replace("1-7", "1-8"),
        _ADDRESS.replace("bounces", "other"),
        _ADDRESS[:-1],
        "b+99999999999-1-" + "0" * 16 + "@bounces.lydec.test",
        "b+1-7-" + "é" * 16 + "@bounces.lydec.test",
    ],
)
def test_addresses_that_we_did_not_make_are_refused(to: str) -> None:
    """Without a signature that fits, nobody can report about a delivery."""
    with pytest.raises(ForbiddenError):
        _receive(_dsn(_FAILED), to=to)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"Subject: out of office\r\n\r\nI am away.",
        b"Content-Type: multipart/report; boundary=x\r\n\r\nno parts",
        b"Content-Type: multipart/report; report-type=delivery-status\r\n\r\n--\r\n",
        _dsn("Action: unheard-of"),
        b"\xff" * 1000,
    ],
)
def test_what_is_no_report_says_nothing(raw: bytes) -> None:
    """Anything else is kept as unreadable and changes nothing."""
    receipt = _receive(raw)
    assert (receipt.event, receipt.code) == (None, "unreadable")


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.binary(max_size=2000), st.binary(max_size=300).map(_ARF.__mod__)))
def test_no_mail_can_break_the_reader(raw: bytes) -> None:
    """Whatever comes is read or unreadable, never a fault."""
    assert _receive(raw).delivery == DeliveryId(1, 7)


def test_hostile_mails_cost_little() -> None:
    """Deep nesting, endless headers and endless parts are read in bounded time."""
    nested = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (number, number)
        for number in range(20_000)
    )
    header = b"Content-Type: multipart/report; boundary=x\r\n" + b"X: y\r\n" * 500_000
    parts = b"Content-Type: multipart/report; boundary=x\r\n\r\n" + b"--x\r\n\r\n" * 500_000
    wide = _dsn(*[_group("failed", "5.1.1")] * 20_000)
    began = time.process_time()
    for raw in (nested, header, parts, wide):
        _receive(raw)
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("code", "text", "reason"),
    [
        (550, "5.1.1 no", Reason.UNKNOWN_ADDRESS),
        (550, "no", Reason.UNKNOWN_ADDRESS),
        (535, "5.7.8 bad password", Reason.CONFIGURATION),
        (550, "5.0.0 undefined", Reason.UNKNOWN_ADDRESS),
        (550, "at 10.5.1.1 no", Reason.UNKNOWN_ADDRESS),
        (599, "", Reason.OTHER),
    ],
)
def test_replies_without_help_have_a_reason_too(code: int, text: str, reason: Reason) -> None:
    """The enhanced code decides; where it is absent or says nothing, the basic one."""
    assert reason_of_reply(code, text) is reason


def test_a_message_id_does_not_make_an_address() -> None:
    """Both are always the same for a delivery; the token of one is worth nothing in the other."""
    sender, reference = _PATHS.names(DeliveryId(1, 7))
    assert (sender, reference) == _PATHS.names(DeliveryId(1, 7))
    assert sender == _ADDRESS
    token = reference.removeprefix("1-7.").removesuffix("@bounces.lydec.test")
    assert len(token) == 16
    with pytest.raises(ForbiddenError):
        _receive(_dsn(_FAILED), to=f"b+1-7-{token}@bounces.lydec.test")


@pytest.mark.parametrize("key", [b"", b"j" * 32, b"k" * 31, b"k" * 100])
def test_another_key_makes_other_tokens(key: bytes) -> None:
    """Keys of any length make tokens, and only the same key makes the same."""
    sender, reference = ReturnPath(key=key, domain="bounces.lydec.test").names(DeliveryId(1, 7))
    assert sender != _ADDRESS
    assert reference != _PATHS.names(DeliveryId(1, 7))[1]


def test_key_is_hidden() -> None:
    """What is logged of a return path shows no key."""
    assert "kkk" not in repr(_PATHS)
