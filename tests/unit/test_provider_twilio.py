"""Twilio: what is asked, what every answer means, and what comes back later."""

import asyncio
import logging
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import parse_qs

import pytest
from aiohttp import web

from broadcaster.domain.delivery import DeliveryEvent, DeliveryId, Reason, Receipt
from broadcaster.domain.message import SmsContent
from broadcaster.errors import ForbiddenError, InvalidInputError
from broadcaster.ports import Callback, Message, Submission
from broadcaster.providers import twilio
from broadcaster.providers.twilio import TwilioProvider
from tests import builders
from tests.builders import NOON
from tests.networks import (
    Handler,
    HttpNetwork,
    babbles,
    basic,
    context,
    cuts,
    hangs,
    options,
    replies,
    unused_port,
)

_ACCOUNT = "AC" + "0" * 31 + "1"
_SID = "SM" + "0" * 31 + "1"


def _provider(url: str, **changes: object) -> TwilioProvider:
    values = {
        "ACCOUNT_SID": _ACCOUNT,
        "AUTH_TOKEN": "12345",
        "SENDER": "LYDEC",
        "BASE_URL": url,
        "TIMEOUT": 5,
        **changes,
    }
    return twilio.build(options("twilio", **values), context())


def _created(**changes: object) -> dict[str, object]:
    return {"sid": _SID, "status": "queued", "error_code": None, **changes}


def _submit(answer: Handler, *messages: Message, **changes: object) -> list[Submission]:
    """Submit through both clients, which must say the same."""

    async def scenario(client: str) -> list[Submission]:
        async with HttpNetwork(answer) as network:
            provider = _provider(network.url, CLIENT=client, **changes)
            try:
                return list(await provider.submit(messages or [builders.message()]))
            finally:
                await provider.aclose()

    wire, library = (asyncio.run(scenario(client)) for client in ("wire", "library"))
    assert wire == library
    return wire


_clients = pytest.mark.parametrize("client", ["library", "wire"])


@_clients
def test_request_says_all_that_matters(client: str) -> None:
    """One create, with our delivery id, the remaining life, and no replacing of characters."""

    async def scenario() -> HttpNetwork:
        async with HttpNetwork(replies(201, _created())) as network:
            provider = _provider(network.url, CLIENT=client)
            message = builders.message(
                7,
                content=SmsContent(body="ليدك: 0522312020\nclient.lydec.ma + & é"),
                expires=NOON + timedelta(seconds=90.7),
            )
            (submission,) = await provider.submit([message])
            await provider.aclose()
        assert submission.event is DeliveryEvent.ACCEPT
        assert submission.reference == _SID
        return network

    (call,) = asyncio.run(scenario()).calls
    assert (call.method, call.path) == ("POST", f"/2010-04-01/Accounts/{_ACCOUNT}/Messages.json")
    assert call.headers["Authorization"] == basic(_ACCOUNT, "12345")
    assert parse_qs(call.body.decode(), strict_parsing=True) == {
        "To": ["+212610000007"],
        "From": ["LYDEC"],
        "Body": ["ليدك: 0522312020\nclient.lydec.ma + & é"],
        "StatusCallback": ["https://hooks.example.test/callbacks/twilio/1-7"],
        "ValidityPeriod": ["90"],
        "SmartEncoded": ["false"],
    }


@_clients
@pytest.mark.parametrize(
    ("left", "period"), [(timedelta(days=3), "36000"), (timedelta(seconds=-5), "1")]
)
def test_validity_stays_in_bounds(left: timedelta, period: str, client: str) -> None:
    """The remaining life is held within what Twilio takes."""

    async def scenario() -> bytes:
        async with HttpNetwork(replies(201, _created())) as network:
            provider = _provider(network.url, CLIENT=client)
            await provider.submit([builders.message(expires=NOON + left)])
            await provider.aclose()
            return network.calls[0].body

    assert parse_qs(asyncio.run(scenario()).decode())["ValidityPeriod"] == [period]


_E = DeliveryEvent
_OUTCOMES = [
    (400, 21211, _E.REFUSE, Reason.UNKNOWN_ADDRESS, False),
    (400, 21408, _E.EXHAUST, Reason.CONFIGURATION, False),
    (400, 21606, _E.DEFER, Reason.CONFIGURATION, True),
    (400, 21610, _E.REFUSE, Reason.RECIPIENT_OPTED_OUT, False),
    (400, 21611, _E.DEFER, Reason.QUEUE_FULL, False),
    (400, 21612, _E.EXHAUST, Reason.CONFIGURATION, False),
    (400, 21614, _E.REFUSE, Reason.NOT_CAPABLE, False),
    (400, 21617, _E.EXHAUST, Reason.TOO_LONG, False),
    (400, 21635, _E.REFUSE, Reason.NOT_CAPABLE, False),
    (401, 20003, _E.DEFER, Reason.CONFIGURATION, True),
    (403, None, _E.DEFER, Reason.CONFIGURATION, True),
    (404, 20404, _E.DEFER, Reason.CONFIGURATION, True),
    (429, 20429, _E.DEFER, Reason.RATE_LIMITED, False),
    (429, None, _E.DEFER, Reason.RATE_LIMITED, False),
    (400, 14107, _E.DEFER, Reason.RATE_LIMITED, False),
    (400, 63017, _E.DEFER, Reason.RATE_LIMITED, False),
    (400, 63018, _E.DEFER, Reason.RATE_LIMITED, False),
    (400, 63038, _E.DEFER, Reason.RATE_LIMITED, False),
    (400, 60728, _E.DEFER, Reason.RATE_LIMITED, False),
    (400, 30022, _E.DEFER, Reason.RATE_LIMITED, False),
    (400, 30001, _E.DEFER, Reason.QUEUE_FULL, False),
    # A code of a rate limit says more than the status that it comes with.
    (429, 29999, _E.DEFER, Reason.RATE_LIMITED, False),
    (500, 20500, _E.LOSE, Reason.PROVIDER_FAULT, False),
    (503, None, _E.LOSE, Reason.PROVIDER_FAULT, False),
    # A fault of theirs decides nothing, whatever code comes with it.
    (500, 21211, _E.LOSE, Reason.PROVIDER_FAULT, False),
    (400, 29999, _E.REFUSE, Reason.OTHER, False),
    (302, None, _E.LOSE, Reason.NO_ANSWER, False),
]


@pytest.mark.parametrize(("status", "code", "event", "reason", "halt"), _OUTCOMES)
def test_refusals_mean_what_the_table_says(
    status: int, code: int | None, event: DeliveryEvent, reason: Reason, *, halt: bool
) -> None:
    """Every status and code has one meaning."""
    body = {"code": code, "message": "no +212610000001"} if code else "<html>no</html>"
    (submission,) = _submit(replies(status, body))
    assert (submission.event, submission.reason, submission.halt) == (event, reason, halt)
    assert submission.code == str(code or status)


def test_unknown_code_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    """A code that the table lacks is logged, without the text that came with it."""
    _submit(replies(400, {"code": 29999, "message": "secret +212610000001"}))
    records = [each for each in caplog.records if each.__dict__.get("action") == "unknown_word"]
    # Once for each client.
    assert [record.__dict__["word"] for record in records] == ["29999", "29999"]
    assert "212610000001" not in caplog.text


@pytest.mark.parametrize(
    ("header", "wait"), [("7", 7), ("Fri, 20 Mar 2020 12:01:00 GMT", 60), ("soon", None)]
)
def test_wish_for_patience_is_read(header: str, wait: int | None) -> None:
    """Retry-After is read as seconds or a date; nonsense is no wish."""
    answer = replies(429, {"code": 20429}, {"Retry-After": header})
    (submission,) = _submit(answer)
    assert submission.retry_after == (None if wait is None else timedelta(seconds=wait))


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (429, 20429, Reason.RATE_LIMITED),
        (400, 21611, Reason.QUEUE_FULL),
        (503, None, Reason.QUEUE_FULL),
        (503, 20503, Reason.QUEUE_FULL),
    ],
)
def test_wish_for_patience_slows_us_down(status: int, code: int | None, reason: Reason) -> None:
    """Too much for them, with a time named: to be tried again then, and a reason to slow down."""
    body = {"code": code} if code else "<html>"
    (submission,) = _submit(replies(status, body, {"Retry-After": "7"}))
    assert (submission.event, submission.reason) == (_E.DEFER, reason)
    assert submission.retry_after == timedelta(seconds=7)


@pytest.mark.parametrize(
    "answer",
    [
        cuts,
        babbles,
        replies(201, "<html>"),
        replies(201, {"sid": "nonsense", "status": "queued"}),
        replies(201, []),
        replies(201, b"\xff\xfe"),
        replies(200, {}),
    ],
)
def test_no_clear_answer_leaves_doubt(answer: Handler) -> None:
    """After the request was written, anything but a clear answer is LOSE."""
    (submission,) = _submit(answer)
    assert (submission.event, submission.reason) == (_E.LOSE, Reason.NO_ANSWER)


def test_silence_leaves_doubt() -> None:
    """A time-out after the request was written is LOSE."""
    (submission,) = _submit(hangs, TIMEOUT=0.2)
    assert (submission.event, submission.reason) == (_E.LOSE, Reason.NO_ANSWER)


def test_nothing_written_is_safe_to_repeat() -> None:
    """A refused connection is DEFER: the request never left."""

    async def scenario() -> Submission:
        provider = _provider(f"http://127.0.0.1:{await unused_port()}")
        (submission,) = await provider.submit([builders.message()])
        await provider.aclose()
        return submission

    submission = asyncio.run(scenario())
    assert (submission.event, submission.reason) == (_E.DEFER, Reason.NO_CONNECTION)


def test_failed_at_once_is_refused() -> None:
    """A message resource that is born failed is refused, with its code's reason."""
    answer = replies(201, _created(status="failed", error_code=21614))
    (submission,) = _submit(answer)
    assert (submission.event, submission.reason) == (_E.REFUSE, Reason.NOT_CAPABLE)
    assert submission.reference == _SID


@pytest.mark.parametrize(
    ("code", "event", "reason", "halt"),
    [
        (30001, _E.DEFER, Reason.QUEUE_FULL, False),
        (30022, _E.DEFER, Reason.RATE_LIMITED, False),
        (30002, _E.DEFER, Reason.CONFIGURATION, True),
        (21408, _E.EXHAUST, Reason.CONFIGURATION, False),
        (20500, _E.REFUSE, Reason.PROVIDER_FAULT, False),
        (39999, _E.REFUSE, Reason.OTHER, False),
        (None, _E.REFUSE, Reason.OTHER, False),
    ],
)
def test_failed_at_once_may_be_tried_again(
    code: int | None, event: DeliveryEvent, reason: Reason, *, halt: bool
) -> None:
    """What failed as it was made has not left: what was only too much is not the customer's end."""
    (submission,) = _submit(replies(201, _created(status="failed", error_code=code)))
    assert (submission.event, submission.reason, submission.halt) == (event, reason, halt)


def test_text_that_can_not_be_sent_is_given_up() -> None:
    """A text that is no Unicode never leaves, and is listed as a fault of ours."""
    (submission,) = _submit(
        replies(201, _created()), builders.message(content=SmsContent(body="\ud800"))
    )
    assert (submission.event, submission.reason) == (_E.EXHAUST, Reason.RENDERING)


@_clients
def test_slice_is_bounded_and_in_order(client: str) -> None:
    """No more requests at once than set, and the answers are in the order of the messages."""

    async def answer(request: web.Request) -> web.StreamResponse:
        to = parse_qs((await request.read()).decode())["To"][0]
        # Later ones answer first.
        await asyncio.sleep(0.002 * (20 - int(to[-2:])))
        return web.json_response(_created(sid="SM" + to[-2:].rjust(32, "0")), status=201)

    async def scenario() -> None:
        async with HttpNetwork(answer) as network:
            provider = _provider(network.url, CONCURRENCY=4, CLIENT=client)
            messages = [builders.message(number) for number in range(1, 20)]
            submissions = await provider.submit(messages)
            await provider.aclose()
            assert network.busiest == 4
        assert [each.delivery for each in submissions] == [each.delivery for each in messages]
        assert [int(str(each.reference)[2:]) for each in submissions] == list(range(1, 20))

    asyncio.run(scenario())


def test_nothing_personal_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Neither addresses nor bodies nor tokens are logged, even when everything is."""
    caplog.set_level(logging.DEBUG)
    for answer in (replies(201, _created()), replies(400, {"code": 1}), cuts):
        _submit(answer)
    for secret in ("212610000001", "Bonjour", "12345"):
        assert secret not in caplog.text


# Settings ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"ACCOUNT_SID": ""}, "BROADCASTER_TWILIO_ACCOUNT_SID"),
        ({"AUTH_TOKEN": ""}, "BROADCASTER_TWILIO_AUTH_TOKEN"),
        ({"SENDER": ""}, "BROADCASTER_TWILIO_SENDER"),
        ({"SENDER": "TWELVELETTER"}, "BROADCASTER_TWILIO_SENDER"),
        ({"SENDER": "12345678901"}, "BROADCASTER_TWILIO_SENDER"),
        ({"SENDER": "ليدك"}, "BROADCASTER_TWILIO_SENDER"),
        ({"MESSAGING_SERVICE_SID": "MG1"}, "BROADCASTER_TWILIO_MESSAGING_SERVICE_SID"),
        ({"BASE_URL": "http://api.example"}, "BROADCASTER_TWILIO_BASE_URL"),
        ({"BASE_URL": "ftp://127.0.0.1"}, "BROADCASTER_TWILIO_BASE_URL"),
        ({"BASE_URL": "https://api.example/?x=1"}, "BROADCASTER_TWILIO_BASE_URL"),
        ({"BASE_URL": "https://a:b@api.example"}, "BROADCASTER_TWILIO_BASE_URL"),
        ({"ACCOUNT_SID": "AC1/../x"}, "BROADCASTER_TWILIO_ACCOUNT_SID"),
        ({"CLIENT": "telnet"}, "BROADCASTER_TWILIO_CLIENT"),
        ({"CONCURRENCY": "0"}, "BROADCASTER_TWILIO_CONCURRENCY"),
        ({"TIMEOUT": "none"}, "BROADCASTER_TWILIO_TIMEOUT"),
    ],
)
def test_wrong_settings_are_named(changes: Mapping[str, str], named: str) -> None:
    """A setting that cannot be is refused by its whole name."""
    with pytest.raises(InvalidInputError, match=named):
        _provider("https://api.example", **changes)


@pytest.mark.parametrize("sender", ["+212522000000", "12345", "LYDEC 24-7", "A"])
def test_senders_that_can_be(sender: str) -> None:
    """Numbers, short codes and alphanumeric names are senders, which limits may name."""
    assert _provider("https://api.example", SENDER=sender).sender == sender


def test_a_service_is_the_sender() -> None:
    """It takes the place of a number or name."""
    service = "MG" + "0" * 32
    provider = _provider("https://api.example", MESSAGING_SERVICE_SID=service)
    assert provider.sender == service


# Callbacks --------------------------------------------------------------------------------------

_URL = "https://hooks.example.test/twilio/status"
_BODY = (
    f"AccountSid=AC{'0' * 31}1&ErrorCode=&From=LYDEC&MessageSid={_SID}"
    "&MessageStatus=delivered&To=%2B212661234567"
)
#: Made with Twilio's library 9.13.0 and by hand.
_SIGNATURE = "uR4avwtaJ6sPl+UJqUb0IBEsiWA="


def _receive(
    *,
    body: str = _BODY,
    url: str = _URL,
    signature: str = _SIGNATURE,
    path: str = "/1-7",
    **changes: object,
) -> list[Receipt]:
    callback = Callback(
        path=path, url=url, headers={"x-twilio-signature": signature}, body=body.encode()
    )
    return list(_provider("https://api.example", **changes).receive(callback))


def test_signed_callback_becomes_a_receipt() -> None:
    """A signature that fits, blank parameter included, gives the receipt of our delivery."""
    (receipt,) = _receive()
    assert receipt == Receipt(
        provider="twilio",
        dedupe=f"{_SID}:delivered:",
        delivery=DeliveryId(1, 7),
        reference=_SID,
        event=DeliveryEvent.DELIVER,
        reason=None,
        code="delivered",
    )


def test_default_port_makes_no_difference() -> None:
    """The signature holds whether the address names the default port or not."""
    assert _receive(url="https://hooks.example.test:443/twilio/status")


def test_two_tokens_while_they_are_exchanged() -> None:
    """Signatures of the next token are accepted beside those of the present one."""
    assert _receive(AUTH_TOKEN="other", AUTH_TOKEN_NEXT="12345")


@pytest.mark.parametrize(
    "changes",
    [
        {"signature": ""},
        {"signature": "été"},
        {"signature": _SIGNATURE[:-2] + "B="},
        {"url": _URL + "?x=1"},
        {"url": _URL.replace("https", "http")},
        {"body": _BODY.replace("ErrorCode=&", "")},
        {"body": _BODY.replace("delivered", "failed")},
        {"body": "x=" + "y" * 100_000},
        {"body": "&".join(f"p{number}=1" for number in range(300))},
    ],
)
def test_wrong_signatures_are_refused(changes: dict[str, str]) -> None:
    """Whatever is changed on the way, the callback is refused."""
    with pytest.raises(ForbiddenError):
        _receive(**changes)


def _signed(status: str, code: str = "", sid: str = _SID) -> list[Receipt]:
    """Sign as Twilio does, by its own library."""
    from twilio.request_validator import (  # type: ignore[import-untyped]  # noqa: PLC0415  # oracle
        RequestValidator,
    )

    values = {"MessageSid": sid, "MessageStatus": status, "ErrorCode": code}
    signature = RequestValidator("12345").compute_signature(_URL, values)
    body = "&".join(f"{name}={value}" for name, value in values.items())
    return _receive(body=body, signature=signature)


@pytest.mark.parametrize(
    ("status", "code", "event", "reason"),
    [
        ("queued", "", _E.ACCEPT, None),
        ("sent", "", _E.ACCEPT, None),
        ("delivered", "", _E.DELIVER, None),
        ("read", "", _E.DELIVER, None),
        ("undelivered", "30003", _E.FAIL, Reason.UNREACHABLE),
        ("undelivered", "30005", _E.FAIL, Reason.UNKNOWN_ADDRESS),
        ("undelivered", "30006", _E.FAIL, Reason.NOT_CAPABLE),
        ("undelivered", "30007", _E.FAIL, Reason.BLOCKED),
        ("failed", "30036", _E.FAIL, Reason.EXPIRED),
        ("failed", "39999", _E.FAIL, Reason.OTHER),
        ("canceled", "", _E.FAIL, Reason.CANCELLED),
        ("received", "", None, None),
        ("novel", "", None, None),
    ],
)
def test_statuses_mean_what_the_table_says(
    status: str, code: str, event: DeliveryEvent | None, reason: Reason | None
) -> None:
    """Every status and code of a callback has one meaning."""
    (receipt,) = _signed(status, code)
    assert (receipt.event, receipt.reason) == (event, reason)
    assert receipt.dedupe == f"{_SID}:{status}:{code}"


def test_callback_without_our_id_keeps_their_reference() -> None:
    """A path that names no delivery leaves the provider's reference to match by."""
    (receipt,) = _receive(path="/nonsense")
    assert (receipt.delivery, receipt.reference) == (None, _SID)


def test_callback_without_message_says_nothing() -> None:
    """A signed callback about something else gives no receipt."""
    assert _signed("delivered", sid="CA1") == []
