"""Every provider with a network on loopback: how that accepts, refuses, defers, cuts and hangs."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from broadcaster.domain.message import Address, Content, EmailContent, PushContent, Scheme
from broadcaster.ports import Message, Provider
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
)

Network = HttpNetwork | SmtpNetwork

_PUSH = PushContent(title="ليدك", body="قللوا", link="https://client.lydec.ma", direction="rtl")


@dataclass(frozen=True, kw_only=True)
class Case:
    """A provider with its network: how it accepts, refuses, defers, cuts and hangs."""

    name: str
    kind: str = ""
    networks: Mapping[str, Callable[[], Network]]
    settings: Callable[[str, int, Path], Mapping[str, object]]
    address: Callable[[int, int], Address]
    content: Content | None = None

    def __str__(self) -> str:
        """Name it, for the names of tests."""
        return f"{self.name} {self.kind}".strip()

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

_TWILIO = Case(
    name="twilio",
    networks=_http(
        replies(201, _SID), replies(400, {"code": 21614}), replies(429, {"code": 20429})
    ),
    settings=_twilio,
    address=lambda _port, number: builders.address(Scheme.TEL, number),
)

CASES = [
    _TWILIO,
    replace(
        _TWILIO,
        kind="wire",
        settings=lambda *given: {**_twilio(*given), "CLIENT": "wire"},
    ),
    Case(
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
    Case(
        name="webpush",
        networks=_http(replies(201), replies(410), replies(429)),
        settings=_webpush,
        address=_subscription,
        content=_PUSH,
    ),
    Case(
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
