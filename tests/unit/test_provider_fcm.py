"""FCM: what leaves, what every answer means, and the access token."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from broadcaster.domain.delivery import DeliveryEvent, Reason
from broadcaster.domain.message import Address, Lane, PushContent, Scheme
from broadcaster.errors import InvalidInputError
from broadcaster.ports import Message, Submission
from broadcaster.providers import fcm
from broadcaster.providers.fcm import FcmProvider
from tests import builders
from tests.builders import NOON
from tests.fakes import FakeClock
from tests.networks import Handler, HttpNetwork, context, cuts, hangs, options, replies

_E = DeliveryEvent
_NAME = "projects/lydec-test/messages/1"


@cache
def _private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def _key_file(folder: Path, url: str, **changes: object) -> Path:
    path = folder / "account.json"
    values = {
        "type": "service_account",
        "project_id": "lydec-test",
        "private_key_id": "1",
        "private_key": _private_key(),
        "client_email": "sender@lydec-test.iam.gserviceaccount.com",
        "token_uri": f"{url}/token",
        **changes,
    }
    path.write_text(json.dumps(values), encoding="utf-8")
    return path


def _provider(
    folder: Path,
    url: str,
    clock: FakeClock | None = None,
    **changes: Any,  # noqa: ANN401  # any option
) -> FcmProvider:
    account = _key_file(folder, url)
    values = {"SERVICE_ACCOUNT": account, "BASE_URL": url, "TIMEOUT": 5, **changes}
    return fcm.build(options("fcm", **values), context(clock))


def _message(number: int = 1, **changes: Any) -> Message:  # noqa: ANN401  # any field
    content = PushContent(
        title="ليدك", body="قللوا من الذهاب", link="https://client.lydec.ma", direction="rtl"
    )
    address = Address(scheme=Scheme.FCM, value=f"token-{number}", keys={})
    return builders.message(number, **{"content": content, "address": address, **changes})


def _google(answer: Handler, token: Handler | None = None) -> Handler:
    """Answer for tokens and for messages."""
    grant = token or replies(
        200, {"access_token": "ya29.test", "expires_in": 3599, "token_type": "Bearer"}
    )

    async def both(request: web.Request) -> web.StreamResponse:
        return await (grant if request.path == "/token" else answer)(request)

    return both


_Work = Callable[[HttpNetwork, FcmProvider], Awaitable[None]]


def _with(
    folder: Path,
    answer: Handler,
    work: _Work,
    clock: FakeClock | None = None,
    **changes: Any,  # noqa: ANN401  # any option
) -> HttpNetwork:
    async def scenario() -> HttpNetwork:
        async with HttpNetwork(answer) as network:
            provider = _provider(folder, network.url, clock, **changes)
            try:
                await work(network, provider)
            finally:
                await provider.aclose()
            return network

    return asyncio.run(scenario())


def _submit(
    folder: Path,
    answer: Handler,
    **changes: Any,  # noqa: ANN401  # any option
) -> Submission:
    submissions: list[Submission] = []

    async def work(_network: HttpNetwork, provider: FcmProvider) -> None:
        submissions.extend(await provider.submit([_message()]))

    _with(folder, answer, work, **changes)
    return submissions[0]


def test_message_says_all_that_matters(tmp_path: Path) -> None:
    """One message to one token, with what it replaces and how long it lives, on every platform."""

    async def work(_network: HttpNetwork, provider: FcmProvider) -> None:
        (submission,) = await provider.submit([_message(lane=Lane.URGENT)])
        assert (submission.event, submission.reference) == (_E.ACCEPT, _NAME)

    network = _with(tmp_path, _google(replies(200, {"name": _NAME})), work)
    token, call = network.calls
    assert parse_qs(token.body.decode())["grant_type"] == [
        "urn:ietf:params:oauth:grant-type:jwt-bearer"
    ]
    assert (call.method, call.path) == ("POST", "/v1/projects/lydec-test/messages:send")
    assert call.headers["Authorization"] == "Bearer ya29.test"
    message = json.loads(call.body)["message"]
    assert message["token"] == "token-1"
    assert message["notification"] == {"title": "ليدك", "body": "قللوا من الذهاب"}
    assert message["data"] == {
        "link": "https://client.lydec.ma",
        "confirm": "https://broadcaster.test/confirm/1",
        "lang": "fr",
        "dir": "rtl",
    }
    assert message["android"]["collapse_key"] == "advisory-1"
    assert (message["android"]["ttl"], message["android"]["priority"]) == ("86400s", "HIGH")
    expires = int((NOON + timedelta(days=1)).timestamp())
    assert message["apns"]["headers"] == {
        "apns-collapse-id": "advisory-1",
        "apns-expiration": str(expires),
        "apns-priority": "10",
    }
    assert message["webpush"]["headers"]["Topic"] == "advisory-1"


def _error(status: int, general: str, code: str | None = None, field: str | None = None) -> Handler:
    details: list[dict[str, object]] = []
    if code:
        kind = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
        details.append({"@type": kind, "errorCode": code})
    if field:
        kind = "type.googleapis.com/google.rpc.BadRequest"
        details.append({"@type": kind, "fieldViolations": [{"field": field}]})
    error = {"code": status, "status": general, "message": "token-1", "details": details}
    return replies(status, {"error": error})


_BAD = (400, "INVALID_ARGUMENT", "INVALID_ARGUMENT")


@pytest.mark.parametrize(
    ("answer", "event", "reason", "halt"),
    [
        (_error(*_BAD), _E.REFUSE, Reason.INVALID_ADDRESS, False),
        (_error(*_BAD, "message.token"), _E.REFUSE, Reason.INVALID_ADDRESS, False),
        (_error(*_BAD, "message.android.ttl"), _E.EXHAUST, Reason.RENDERING, False),
        (_error(400, "INVALID_ARGUMENT"), _E.EXHAUST, Reason.RENDERING, False),
        (_error(404, "NOT_FOUND", "UNREGISTERED"), _E.REFUSE, Reason.GONE, False),
        (_error(404, "NOT_FOUND"), _E.DEFER, Reason.CONFIGURATION, True),
        (
            _error(403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH"),
            _E.REFUSE,
            Reason.UNKNOWN_ADDRESS,
            False,
        ),
        (_error(403, "PERMISSION_DENIED"), _E.DEFER, Reason.CONFIGURATION, True),
        (
            _error(401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"),
            _E.DEFER,
            Reason.CONFIGURATION,
            True,
        ),
        (_error(401, "UNAUTHENTICATED"), _E.DEFER, Reason.CONFIGURATION, True),
        (
            _error(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"),
            _E.DEFER,
            Reason.RATE_LIMITED,
            False,
        ),
        (_error(503, "UNAVAILABLE", "UNAVAILABLE"), _E.DEFER, Reason.PROVIDER_FAULT, False),
        (_error(500, "INTERNAL", "INTERNAL"), _E.LOSE, Reason.PROVIDER_FAULT, False),
        (replies(502, "<html>"), _E.LOSE, Reason.PROVIDER_FAULT, False),
        (_error(400, "NOVEL", "NOVEL"), _E.REFUSE, Reason.OTHER, False),
        (replies(400, "<html>"), _E.LOSE, Reason.NO_ANSWER, False),
        (replies(400, {"error": {"details": ["x", {"fieldViolations": 7}]}}), _E.LOSE, None, False),
        (replies(200, "<html>"), _E.LOSE, Reason.NO_ANSWER, False),
        (replies(200, {"name": 7}), _E.LOSE, Reason.NO_ANSWER, False),
        (replies(200, "[" * 100_000), _E.LOSE, Reason.NO_ANSWER, False),
        (cuts, _E.LOSE, Reason.NO_ANSWER, False),
    ],
)
def test_answers_mean_what_the_table_says(
    tmp_path: Path, answer: Handler, event: DeliveryEvent, reason: Reason | None, *, halt: bool
) -> None:
    """Every code has one meaning; a fault of ours never costs a customer the address."""
    submission = _submit(tmp_path, _google(answer))
    assert (submission.event, submission.halt) == (event, halt)
    assert submission.reason == (reason or Reason.NO_ANSWER)


@pytest.mark.parametrize(
    ("answer", "wait"),
    [
        (replies(429, {}, {"Retry-After": "5"}), 5),
        (replies(429, {}), 60),
        (replies(503, {}), 10),
        (replies(503, {}, {"Retry-After": "40"}), 40),
    ],
)
def test_patience(tmp_path: Path, answer: Handler, wait: int) -> None:
    """Their wish is followed; without one, the least that the documentation asks."""
    assert _submit(tmp_path, _google(answer)).retry_after == timedelta(seconds=wait)


def test_named_time_is_a_wish_to_slow_down(tmp_path: Path) -> None:
    """Unavailable with a time named is a limit; without one it is a fault of theirs."""
    answer = replies(503, {"error": {"status": "UNAVAILABLE"}}, {"Retry-After": "4"})
    submission = _submit(tmp_path, _google(answer))
    assert (submission.event, submission.reason) == (_E.DEFER, Reason.RATE_LIMITED)


def test_silence_leaves_doubt(tmp_path: Path) -> None:
    """A time-out after the request was written is LOSE."""
    assert _submit(tmp_path, _google(hangs), TIMEOUT=0.3).event is _E.LOSE


def test_token_is_kept_and_renewed(tmp_path: Path) -> None:
    """One token serves all messages until shortly before its end, or until it is refused."""
    clock = FakeClock()
    answers = iter([replies(200, {"name": _NAME})] * 22 + [_error(401, "UNAUTHENTICATED")])

    async def answer(request: web.Request) -> web.StreamResponse:
        return await next(answers, replies(200, {"name": _NAME}))(request)

    async def work(network: HttpNetwork, provider: FcmProvider) -> None:
        def tokens() -> int:
            return sum(call.path == "/token" for call in network.calls)

        await provider.submit([_message(number) for number in range(1, 21)])
        assert tokens() == 1
        clock.moment = NOON + timedelta(minutes=54)
        await provider.submit([_message(21)])
        assert tokens() == 1
        clock.moment = NOON + timedelta(minutes=56)
        await provider.submit([_message(22)])
        assert tokens() == 2
        (refused,) = await provider.submit([_message(23)])
        assert refused.halt
        await provider.submit([_message(24)])
        assert tokens() == 3

    _with(tmp_path, _google(answer), work, clock)


@pytest.mark.parametrize(
    ("token", "reason", "halt"),
    [
        (replies(400, {"error": "invalid_grant"}), Reason.CONFIGURATION, True),
        (cuts, Reason.NO_CONNECTION, False),
    ],
)
def test_no_token_no_message(tmp_path: Path, token: Handler, reason: Reason, *, halt: bool) -> None:
    """Without a token nothing is sent, and it is known whose fault that is."""
    submission = _submit(tmp_path, _google(replies(200, {"name": _NAME}), token))
    given = (submission.event, submission.reason, submission.halt)
    assert given == (_E.DEFER, reason, halt)


def test_renewal_does_not_hold_up_the_loop(tmp_path: Path) -> None:
    """While the token is fetched, other work on the loop goes on."""
    passed = threading.Event()

    async def slow(_request: web.Request) -> web.StreamResponse:
        # The service itself runs on the loop: it could not answer if the loop stood still.
        await asyncio.sleep(0)
        passed.set()
        return web.json_response({"access_token": "t", "expires_in": 3599})

    assert _submit(tmp_path, _google(replies(200, {"name": _NAME}), slow)).event is _E.ACCEPT
    assert passed.is_set()


def test_too_long_is_our_fault(tmp_path: Path) -> None:
    """A payload beyond 4096 octets is given up before it leaves."""
    content = PushContent(title="t", body="ع" * 2048, link="", direction="rtl")

    async def work(network: HttpNetwork, provider: FcmProvider) -> None:
        (submission,) = await provider.submit([_message(content=content)])
        assert (submission.event, submission.reason) == (_E.EXHAUST, Reason.TOO_LONG)
        assert network.calls == []

    _with(tmp_path, replies(200), work)


def test_wrong_settings_are_named(tmp_path: Path) -> None:
    """A key file that cannot be is refused by the setting's name, without its content."""
    nonsense = tmp_path / "nonsense.json"
    nonsense.write_text("private!", encoding="utf-8")
    nobody = tmp_path / "nobody.json"
    nobody.write_text(json.dumps({"project_id": "x", "private_key": "hush"}), encoding="utf-8")
    cases: list[Mapping[str, Any]] = [
        {"SERVICE_ACCOUNT": ""},
        {"SERVICE_ACCOUNT": tmp_path / "absent.json"},
        {"SERVICE_ACCOUNT": tmp_path},
        {"SERVICE_ACCOUNT": nonsense},
        {"SERVICE_ACCOUNT": nobody},
    ]
    for changes in cases:
        with pytest.raises(InvalidInputError, match="BROADCASTER_FCM_SERVICE_ACCOUNT") as caught:
            _provider(tmp_path, "http://127.0.0.1:1", **changes)
        assert "hush" not in str(caught.value)
        assert "private!" not in str(caught.value)
