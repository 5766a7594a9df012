"""What every provider promises, tried with each of them against a network on loopback."""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from broadcaster.domain.delivery import DeliveryEvent
from broadcaster.domain.message import Address, Content, EmailContent, PushContent, Scheme
from broadcaster.ports import Message, Provider, Submission
from broadcaster.providers import base
from broadcaster.providers.webpush import generate_private_key
from tests import builders
from tests.networks import (
    CUT,
    HANG,
    Handler,
    HttpNetwork,
    SmtpNetwork,
    context,
    cuts,
    hangs,
    options,
    replies,
    unused_port,
)

Network = HttpNetwork | SmtpNetwork

_PUSH = PushContent(title="ليدك", body="قللوا", link="https://client.lydec.ma", direction="rtl")


@dataclass(frozen=True, kw_only=True)
class _Case:
    """A provider with its network: how it accepts, refuses, defers, cuts and hangs."""

    name: str
    networks: Mapping[str, Callable[[], Network]]
    settings: Callable[[str, int, Path], Mapping[str, object]]
    address: Callable[[int, int], Address]
    content: Content | None = None

    def message(self, port: int, number: int = 1) -> Message:
        message = builders.message(number, address=self.address(port, number))
        return message if self.content is None else replace(message, content=self.content)

    def provider(self, port: int, folder: Path, **changes: object) -> Provider:
        url = f"http://127.0.0.1:{port}"
        values = {"TIMEOUT": 5, **self.settings(url, port, folder), **changes}
        return base.build(self.name, options(self.name, **values), context())


def _http(
    accept: Handler, refuse: Handler, defer: Handler, cut: Handler = cuts, hang: Handler = hangs
) -> dict[str, Callable[[], Network]]:
    answers = {"accept": accept, "refuse": refuse, "defer": defer, "cut": cut, "hang": hang}

    def network(answer: Handler) -> Callable[[], Network]:
        return lambda: HttpNetwork(answer)

    return {name: network(answer) for name, answer in answers.items()}


def _twilio(_url: str, _port: int, _folder: Path) -> Mapping[str, object]:
    return {
        "ACCOUNT_SID": "AC" + "0" * 32,
        "AUTH_TOKEN": "x",
        "SENDER": "LYDEC",
        "BASE_URL": _url,
    }


def _smtp(_url: str, port: int, _folder: Path) -> Mapping[str, object]:
    return {"HOST": "127.0.0.1", "PORT": port, "TLS": "none", "FROM": "a@lydec.test"}


def _webpush(url: str, _port: int, _folder: Path) -> Mapping[str, object]:
    return {
        "PRIVATE_KEY": generate_private_key(),
        "SUBJECT": "mailto:a@lydec.test",
        "ALLOWED_HOSTS": url,
    }


def _fcm(url: str, _port: int, folder: Path) -> Mapping[str, object]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    account = {
        "project_id": "lydec-test",
        "client_email": "sender@lydec-test.test",
        "token_uri": f"{url}/token",
        "private_key": key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode(),
    }
    path = folder / "account.json"
    path.write_text(json.dumps(account), encoding="utf-8")
    return {"SERVICE_ACCOUNT": path, "BASE_URL": url}


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _subscription(port: int, number: int) -> Address:
    point = (
        ec.generate_private_key(ec.SECP256R1())
        .public_key()
        .public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    )
    keys = {"p256dh": _base64url(point), "auth": _base64url(b"0" * 16)}
    value = f"http://127.0.0.1:{port}/push/{number}"
    return Address(scheme=Scheme.WEBPUSH, value=value, keys=keys)


def _with_token(answer: Handler) -> Handler:
    async def both(request: web.Request) -> web.StreamResponse:
        if request.path == "/token":
            return web.json_response({"access_token": "t", "expires_in": 3599})
        return await answer(request)

    return both


def _relay(**answers: str) -> Callable[[], Network]:
    return lambda: SmtpNetwork(replies=dict(answers))


_SID = {"sid": "SM" + "0" * 32, "status": "queued"}
_GONE = {"error": {"status": "NOT_FOUND", "details": [{"errorCode": "UNREGISTERED"}]}}

_CASES = [
    _Case(
        name="twilio",
        networks=_http(
            replies(201, _SID), replies(400, {"code": 21614}), replies(429, {"code": 20429})
        ),
        settings=_twilio,
        address=lambda _port, number: builders.address(Scheme.TEL, number),
    ),
    _Case(
        name="smtp",
        networks={
            "accept": _relay(),
            "refuse": _relay(RCPT="550 5.1.1 no"),
            "defer": _relay(RCPT="450 4.2.0 later"),
            "cut": _relay(CONTENT=CUT),
            "hang": _relay(CONTENT=HANG),
        },
        settings=_smtp,
        address=lambda _port, number: builders.address(Scheme.MAILTO, number),
        content=EmailContent(subject="Lydec", text="Bonjour", html="<p>Bonjour</p>"),
    ),
    _Case(
        name="webpush",
        networks=_http(replies(201), replies(410), replies(429)),
        settings=_webpush,
        address=_subscription,
        content=_PUSH,
    ),
    _Case(
        name="fcm",
        networks=_http(
            _with_token(replies(200, {"name": "projects/lydec-test/messages/1"})),
            _with_token(replies(404, _GONE)),
            _with_token(replies(429, {})),
            _with_token(cuts),
            _with_token(hangs),
        ),
        settings=_fcm,
        address=lambda _port, number: builders.address(Scheme.FCM, number),
        content=_PUSH,
    ),
]

_all = pytest.mark.parametrize("case", _CASES, ids=[case.name for case in _CASES])

_Work = Callable[[Network, Provider], Awaitable[list[Submission]]]


def _run(case: _Case, how: str, folder: Path, work: _Work, **changes: object) -> list[Submission]:
    async def scenario() -> list[Submission]:
        network = case.networks[how]()
        assert isinstance(network, AbstractAsyncContextManager)
        async with network:
            provider = case.provider(network.port, folder, **changes)
            try:
                return await work(network, provider)
            finally:
                await provider.aclose()

    return asyncio.run(scenario())


def _submit(case: _Case, how: str, folder: Path, **changes: object) -> Submission:
    async def work(network: Network, provider: Provider) -> list[Submission]:
        return list(await provider.submit([case.message(network.port)]))

    (submission,) = _run(case, how, folder, work, **changes)
    assert submission.delivery == case.message(1).delivery
    assert submission.attempt == 1
    return submission


def test_every_provider_is_here() -> None:
    """The suite knows each provider that there is."""
    assert {case.name for case in _CASES} == set(base.discover())


@_all
def test_accepts(case: _Case, tmp_path: Path) -> None:
    """What the network takes is ACCEPT."""
    assert _submit(case, "accept", tmp_path).event is DeliveryEvent.ACCEPT


@_all
def test_refuses_with_a_reason(case: _Case, tmp_path: Path) -> None:
    """What the network refuses for good is REFUSE, with our reason and its own word."""
    submission = _submit(case, "refuse", tmp_path)
    assert submission.event is DeliveryEvent.REFUSE
    assert submission.reason is not None
    assert submission.code
    assert not submission.halt


@_all
def test_defers(case: _Case, tmp_path: Path) -> None:
    """What the network refuses for now is DEFER."""
    assert _submit(case, "defer", tmp_path).event is DeliveryEvent.DEFER


@_all
@pytest.mark.parametrize("how", ["cut", "hang"])
def test_doubt_after_the_message_was_written(case: _Case, how: str, tmp_path: Path) -> None:
    """When the message was written and nothing came back, it is LOSE."""
    changes = {"TIMEOUT": 0.4} if how == "hang" else {}
    assert _submit(case, how, tmp_path, **changes).event is DeliveryEvent.LOSE


@_all
def test_no_doubt_before(case: _Case, tmp_path: Path) -> None:
    """When nobody listens, it is DEFER: nothing left."""

    async def scenario() -> list[Submission]:
        port = await unused_port()
        provider = case.provider(port, tmp_path, TIMEOUT=1)
        try:
            return list(await provider.submit([case.message(port)]))
        finally:
            await provider.aclose()

    (submission,) = asyncio.run(scenario())
    assert submission.event is DeliveryEvent.DEFER
    assert not submission.halt


@_all
def test_answers_keep_the_order_and_connections_are_kept(case: _Case, tmp_path: Path) -> None:
    """A slice gives one answer for each message, in order, also when slices overlap."""

    async def work(network: Network, provider: Provider) -> list[Submission]:
        first = [case.message(network.port, number) for number in range(1, 26)]
        second = [case.message(network.port, number) for number in range(26, 51)]
        done = await asyncio.gather(provider.submit(first), provider.submit(second))
        assert await provider.submit([]) == []
        return [submission for answers in done for submission in answers]

    submissions = _run(case, "accept", tmp_path, work)
    assert [submission.delivery.number for submission in submissions] == list(range(1, 51))
    assert {submission.event for submission in submissions} == {DeliveryEvent.ACCEPT}


@_all
def test_closed_provider_can_be_closed_again(case: _Case, tmp_path: Path) -> None:
    """Closing twice, or without having sent, does no harm."""

    async def work(network: Network, provider: Provider) -> list[Submission]:
        await provider.aclose()
        await provider.submit([case.message(network.port)])
        await provider.aclose()
        return []

    _run(case, "accept", tmp_path, work)


@_all
def test_nothing_secret_is_shown(case: _Case, tmp_path: Path) -> None:
    """A provider's repr shows none of its settings."""
    provider = case.provider(1, tmp_path)
    assert "lydec" not in repr(provider).lower()
