"""Web Push: what leaves, what every answer means, and whom we never call."""

import asyncio
import base64
import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from broadcaster.domain.delivery import DeliveryEvent, Reason
from broadcaster.domain.message import Address, Lane, PushContent, Scheme
from broadcaster.domain.public_address import is_public
from broadcaster.errors import InvalidInputError
from broadcaster.ports import Message, Submission
from broadcaster.providers import _endpoints, webpush
from broadcaster.providers.webpush import WebPushProvider, generate_private_key, public_key
from tests import builders
from tests.builders import NOON
from tests.fakes import FakeClock
from tests.networks import (
    Handler,
    HttpNetwork,
    babbles,
    context,
    cuts,
    hangs,
    options,
    replies,
    unused_port,
)
from tests.wire_servers import Scripted

_E = DeliveryEvent
_KEY = generate_private_key()


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _octets(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class _Browser:
    """A subscription, and the decryption that a browser does (RFC 8291, section 3)."""

    key: ec.EllipticCurvePrivateKey
    secret: bytes

    @property
    def point(self) -> bytes:
        return self.key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )

    def address(self, endpoint: str) -> Address:
        keys = {"p256dh": _base64url(self.point), "auth": _base64url(self.secret)}
        return Address(scheme=Scheme.WEBPUSH, value=endpoint, keys=keys)

    def decrypt(self, body: bytes) -> bytes:
        salt, size, sender = body[:16], body[20], body[21 : 21 + body[20]]
        curve = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
        shared = self.key.exchange(ec.ECDH(), curve)
        info = b"WebPush: info\x00" + self.point + sender
        secret = HKDF(hashes.SHA256(), 32, self.secret, info).derive(shared)
        key = HKDF(hashes.SHA256(), 16, salt, b"Content-Encoding: aes128gcm\x00").derive(secret)
        nonce = HKDF(hashes.SHA256(), 12, salt, b"Content-Encoding: nonce\x00").derive(secret)
        plain = AESGCM(key).decrypt(nonce, body[21 + size :], None)
        return plain.rstrip(b"\x00").removesuffix(b"\x02")


_BROWSER = _Browser(ec.generate_private_key(ec.SECP256R1()), b"0123456789abcdef")


def _provider(
    url: str,
    clock: FakeClock | None = None,
    **changes: Any,  # noqa: ANN401  # any option
) -> WebPushProvider:
    values = {
        "PRIVATE_KEY": _KEY,
        "SUBJECT": "mailto:operations@lydec.test",
        "ALLOWED_HOSTS": url,
        "TIMEOUT": 5,
        **changes,
    }
    return webpush.build(options("webpush", **values), context(clock))


def _message(url: str, **changes: object) -> Message:
    content = PushContent(
        title="ليدك", body="قللوا من الذهاب", link="https://client.lydec.ma", direction="rtl"
    )
    values = {"content": content, "address": _BROWSER.address(f"{url}/push/1"), **changes}
    return builders.message(1, **values)


def _submit(
    answer: Handler,
    **changes: Any,  # noqa: ANN401  # any option
) -> tuple[Submission, HttpNetwork]:
    async def scenario() -> tuple[Submission, HttpNetwork]:
        async with HttpNetwork(answer) as network:
            provider = _provider(network.url, **changes)
            try:
                (submission,) = await provider.submit([_message(network.url)])
            finally:
                await provider.aclose()
            return submission, network

    return asyncio.run(scenario())


def test_browser_reads_what_was_pushed() -> None:
    """The payload is encrypted for the browser, with the headers of RFC 8030."""
    submission, network = _submit(replies(201, "", {"Location": "https://push.test/m/1"}))
    assert (submission.event, submission.reference) == (_E.ACCEPT, "https://push.test/m/1")
    (call,) = network.calls
    payload = json.loads(_BROWSER.decrypt(call.body))
    assert (payload["title"], payload["dir"]) == ("ليدك", "rtl")
    assert payload["confirm"] == "https://broadcaster.test/confirm/1"
    assert (call.method, call.path) == ("POST", "/push/1")
    assert call.headers["TTL"] == "86400"
    assert call.headers["Urgency"] == "normal"
    assert call.headers["Topic"] == "advisory-1"
    assert call.headers["Content-Encoding"] == "aes128gcm"


def test_urgent_lane_and_little_life() -> None:
    """The lane is the urgency; what has expired is not kept."""

    async def scenario() -> Mapping[str, str]:
        async with HttpNetwork(replies(201)) as network:
            provider = _provider(network.url)
            message = _message(network.url, lane=Lane.URGENT, expires=NOON - timedelta(seconds=9))
            await provider.submit([message])
            await provider.aclose()
            return network.calls[0].headers

    headers = asyncio.run(scenario())
    assert (headers["Urgency"], headers["TTL"]) == ("high", "0")


def test_token_is_signed_for_the_service_and_kept() -> None:
    """One token for each service, for half a day; it is signed by our key for its origin."""
    clock = FakeClock()

    async def scenario() -> tuple[list[str], str]:
        async with HttpNetwork(replies(201)) as network:
            provider = _provider(network.url, clock)
            for hours in (0, 1, 10):
                clock.moment = NOON + timedelta(hours=hours)
                await provider.submit([_message(network.url)])
            clock.moment = NOON + timedelta(hours=11.5)
            await provider.submit([_message(network.url)])
            await provider.aclose()
            return [call.headers["Authorization"] for call in network.calls], network.url

    tokens, url = asyncio.run(scenario())
    assert tokens[0] == tokens[1] == tokens[2] != tokens[3]
    scheme, _, rest = tokens[0].partition(" ")
    parts = dict(part.split("=", 1) for part in rest.split(","))
    assert (scheme, parts["k"]) == ("vapid", public_key(_KEY))
    head, claims, signature = parts["t"].split(".")
    assert json.loads(_octets(head))["alg"] == "ES256"
    expires = int((NOON + timedelta(hours=12)).timestamp())
    assert json.loads(_octets(claims)) == {
        "aud": url,
        "exp": expires,
        "sub": "mailto:operations@lydec.test",
    }
    raw = _octets(signature)
    signed = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _octets(parts["k"]))
    key.verify(signed, f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))


@pytest.mark.parametrize(
    ("answer", "event", "reason", "halt"),
    [
        (replies(200), _E.ACCEPT, None, False),
        (replies(400), _E.DEFER, Reason.CONFIGURATION, False),
        (replies(401), _E.DEFER, Reason.CONFIGURATION, False),
        (replies(403), _E.DEFER, Reason.CONFIGURATION, False),
        (replies(404), _E.REFUSE, Reason.GONE, False),
        (replies(410), _E.REFUSE, Reason.GONE, False),
        (replies(413), _E.REFUSE, Reason.TOO_LONG, False),
        (replies(429), _E.DEFER, Reason.RATE_LIMITED, False),
        (replies(500), _E.LOSE, Reason.PROVIDER_FAULT, False),
        (replies(503), _E.DEFER, Reason.PROVIDER_FAULT, False),
        (replies(503, "", {"Retry-After": "3"}), _E.DEFER, Reason.RATE_LIMITED, False),
        (replies(408), _E.LOSE, Reason.NO_ANSWER, False),
        (replies(418), _E.REFUSE, Reason.OTHER, False),
        (replies(307, "", {"Location": "/elsewhere"}), _E.REFUSE, Reason.OTHER, False),
        (cuts, _E.LOSE, Reason.NO_ANSWER, False),
        (babbles, _E.LOSE, Reason.NO_ANSWER, False),
    ],
)
def test_answers_mean_what_the_table_says(
    answer: Handler, event: DeliveryEvent, reason: Reason | None, *, halt: bool
) -> None:
    """Every status has one meaning, and a redirect is never followed."""
    submission, network = _submit(answer)
    assert (submission.event, submission.reason, submission.halt) == (event, reason, halt)
    assert len(network.calls) == 1


def test_wish_for_patience_is_read() -> None:
    """Retry-After is handed on."""
    submission, _ = _submit(replies(429, "", {"Retry-After": "30"}))
    assert submission.retry_after == timedelta(seconds=30)


def test_silence_leaves_doubt() -> None:
    """A time-out after the request was written is LOSE."""
    submission, _ = _submit(hangs, TIMEOUT=0.2)
    assert submission.event is _E.LOSE


def _refused_unseen(address: Address) -> Submission:
    """Submit where every call would be seen; gives the answer after checking that none was."""

    async def scenario() -> Submission:
        async with HttpNetwork() as network:
            value = address.value.replace("{port}", str(network.port))
            here = Address(scheme=address.scheme, value=value, keys=address.keys)
            provider = _provider(network.url)
            (submission,) = await provider.submit([_message(network.url, address=here)])
            await provider.aclose()
            assert network.calls == []
            return submission

    return asyncio.run(scenario())


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://evil.test/push/1",
        "http://localhost:{port}/push/1",
        "http://127.0.0.2:{port}/push/1",
        "http://[::1]:{port}/push/1",
        "http://127.0.0.1:1/push/1",
        "http://2130706433:{port}/push/1",
        "http://127.0.0.1:{port}@evil.test/push/1",
        "http://evil.test@127.0.0.1:{port}/push/1",
        "https://127.0.0.1:{port}/push/1",
        "ftp://127.0.0.1:{port}/push/1",
        "http://127.0.0.1:{port}x/push/1",
        "http://127.0.0.1:{port}\\@evil.test/",
        "http://127.0.0.1:{port}/\r\nHost: evil.test",
        "//127.0.0.1:{port}/push/1",
        "http://127.0.0.1:{port}/" + "x" * 3000,
        "",
    ],
)
def test_services_off_the_list_are_never_called(endpoint: str) -> None:
    """An endpoint that is not on the list is refused without a request."""
    submission = _refused_unseen(_BROWSER.address(endpoint))
    assert (submission.event, submission.reason) == (_E.REFUSE, Reason.INVALID_ADDRESS)


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"p256dh": "", "auth": ""},
        {"p256dh": _base64url(b"\x04" + b"1" * 64), "auth": _base64url(b"1" * 16)},
        {"p256dh": _base64url(_BROWSER.point), "auth": "!!!"},
        {"p256dh": _base64url(_BROWSER.point), "auth": _base64url(b"1" * 15)},
        {"p256dh": _base64url(b"\x05" + _BROWSER.point[1:]), "auth": _base64url(b"1" * 16)},
    ],
)
def test_keys_that_are_none_are_refused(keys: Mapping[str, str]) -> None:
    """A subscription whose keys cannot be is refused without a request."""
    address = Address(scheme=Scheme.WEBPUSH, value="http://127.0.0.1:{port}/1", keys=keys)
    submission = _refused_unseen(address)
    assert (submission.event, submission.reason) == (_E.REFUSE, Reason.INVALID_ADDRESS)


def test_name_that_leads_inside_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A listed name that resolves to an address of our own network is not connected to."""
    real = socket.getaddrinfo

    def inside(host: str, port: int, *more: Any, **named: Any) -> Any:  # noqa: ANN401  # as it is
        return real("127.0.0.1" if host == "push.example.test" else host, port, *more, **named)

    # The system's resolver cannot be made to lie in a test.
    monkeypatch.setattr("socket.getaddrinfo", inside)
    address = _BROWSER.address("https://push.example.test:{port}/push/1")

    async def scenario() -> Submission:
        async with Scripted() as server:
            provider = _provider(f"push.example.test:{server.port}")
            here = _BROWSER.address(address.value.replace("{port}", str(server.port)))
            (submission,) = await provider.submit([_message("", address=here)])
            await provider.aclose()
            assert server.connections == 0
            return submission

    submission = asyncio.run(scenario())
    assert (submission.event, submission.reason) == (_E.DEFER, Reason.NO_CONNECTION)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),  # noqa: S104  # looked at, not bound to
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fc00::1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::a00:1", False),
        ("64:ff9b::808:808", True),
        ("2002:7f00:1::", False),
        ("64:ff9b:1::7f00:1", False),
        ("::7f00:1", False),
        ("::ffff:0:127.0.0.1", False),
        ("fec0::1", False),
        ("3fff::1", False),
        ("nonsense", False),
    ],
)
def test_private_addresses_are_known_in_any_dress(address: str, *, public: bool) -> None:
    """Private addresses are recognised, also wrapped in IPv6."""
    assert is_public(address) is public


@pytest.mark.parametrize(
    ("entries", "endpoint", "origin"),
    [
        ("push.test", "https://push.test/1", "https://push.test"),
        ("push.test", "https://PUSH.test:443/1", "https://push.test"),
        ("push.test:8443", "https://push.test:8443/1", "https://push.test:8443"),
        ("push.test", "https://push.test:8443/1", None),
        ("push.test", "http://push.test/1", None),
        ("*.push.test", "https://a.b.push.test/1", "https://a.b.push.test"),
        ("*.push.test", "https://push.test/1", None),
        ("*.push.test", "https://evilpush.test/1", None),
        ("http://localhost:80", "http://localhost/1", "http://localhost"),
    ],
)
def test_list_of_services(entries: str, endpoint: str, origin: str | None) -> None:
    """Entries are hosts, wildcards and ports; the origin is what the token is for."""
    allowed = _endpoints.allowed(options("webpush", ALLOWED_HOSTS=entries))
    assert _endpoints.origin(endpoint, allowed) == origin


def test_known_services_are_allowed_by_default() -> None:
    """The services of the usual browsers need no setting."""
    allowed = _endpoints.allowed(options("webpush"))
    for host in (
        "fcm.googleapis.com",
        "updates.push.services.mozilla.com",
        "web.push.apple.com",
        "wns2-par02p.notify.windows.com",
    ):
        assert _endpoints.origin(f"https://{host}/x", allowed) == f"https://{host}"


def test_nobody_listens() -> None:
    """A refused connection is DEFER."""

    async def scenario() -> Submission:
        url = f"http://127.0.0.1:{await unused_port()}"
        provider = _provider(url)
        (submission,) = await provider.submit([_message(url)])
        await provider.aclose()
        return submission

    submission = asyncio.run(scenario())
    assert (submission.event, submission.reason) == (_E.DEFER, Reason.NO_CONNECTION)


def test_too_long_is_our_fault() -> None:
    """A payload that services need not take is given up before it leaves."""

    async def scenario() -> Submission:
        async with HttpNetwork() as network:
            provider = _provider(network.url)
            content = PushContent(title="t", body="x" * 4000, link="", direction="ltr")
            (submission,) = await provider.submit([_message(network.url, content=content)])
            await provider.aclose()
            assert network.calls == []
            return submission

    submission = asyncio.run(scenario())
    assert (submission.event, submission.reason) == (_E.EXHAUST, Reason.TOO_LONG)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"PRIVATE_KEY": ""}, "WEBPUSH_PRIVATE_KEY"),
        ({"PRIVATE_KEY": "short"}, "WEBPUSH_PRIVATE_KEY"),
        ({"PRIVATE_KEY": "!" * 43}, "WEBPUSH_PRIVATE_KEY"),
        ({"PRIVATE_KEY": _base64url(b"\x00" * 32)}, "WEBPUSH_PRIVATE_KEY"),
        ({"SUBJECT": ""}, "WEBPUSH_SUBJECT"),
        ({"SUBJECT": "operations"}, "WEBPUSH_SUBJECT"),
        ({"ALLOWED_HOSTS": "http://push.test"}, "WEBPUSH_ALLOWED_HOSTS"),
        ({"ALLOWED_HOSTS": "push.test/path"}, "WEBPUSH_ALLOWED_HOSTS"),
        ({"ALLOWED_HOSTS": "push.test:x"}, "WEBPUSH_ALLOWED_HOSTS"),
    ],
)
def test_wrong_settings_are_named(changes: Mapping[str, Any], named: str) -> None:
    """A setting that cannot be is refused by its whole name, and keys are not repeated."""
    with pytest.raises(InvalidInputError, match=named):
        _provider("https://push.test", **changes)
