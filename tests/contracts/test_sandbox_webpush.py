"""The simulated Web Push service, seen through pywebpush."""

import base64
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import http_ece  # type: ignore[import-untyped]  # no stubs
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02  # type: ignore[import-untyped]  # no stubs
from pywebpush import WebPushException, webpush  # type: ignore[import-untyped]  # no stubs

from broadcaster.sandbox.config import SandboxConfig
from broadcaster.sandbox.subscriptions import keys, unbase64url
from tests.sandboxes import lines, receiving, running, until

CLAIMS = {"sub": "mailto:operations@lydec.test"}


@pytest.fixture
def config(tmp_path: Path) -> SandboxConfig:
    """Networks without trouble, on free ports, at once."""
    return SandboxConfig(
        folder=tmp_path / "sandbox", carrier_port=0, smtp_port=0, push_port=0, pace=0
    )


@pytest.fixture
def port(config: SandboxConfig) -> Iterator[int]:
    """Give the port of push services without trouble."""
    with running(config) as ports:
        yield ports.push


@pytest.fixture(scope="module")
def vapid() -> Any:  # noqa: ANN401  (untyped library)
    """Give a key of an application server."""
    key = Vapid02()
    key.generate_keys()
    return key


def _push(port: int, vapid: Any, payload: object, **headers: str) -> Any:  # noqa: ANN401  (untyped library)
    endpoint = f"http://127.0.0.1:{port}/wp/browser-1"
    subscription = {"endpoint": endpoint, "keys": dict(keys(endpoint))}
    return webpush(
        subscription,
        json.dumps(payload),
        vapid_private_key=vapid,
        vapid_claims=dict(CLAIMS),
        ttl=60,
        headers=headers,
        timeout=10,
    )


def test_a_push_is_opened_recorded_and_confirmed(config: SandboxConfig, vapid: Any) -> None:  # noqa: ANN401  (untyped library)
    """The whole way: encrypted by pywebpush, shown by the device, confirmed to us."""
    with receiving() as receiver, running(config) as ports:
        payload = {"title": "ليدك", "confirm": f"{receiver.url}/shown/1-2"}
        answer = _push(ports.push, vapid, payload, Topic="advisory-1", Urgency="high")
        until(lambda: receiver.posts)
    assert (answer.status_code, answer.headers["TTL"]) == (201, "60")
    assert answer.headers["Location"]
    (line,) = lines(config.folder, "push")
    assert line["address"] == f"http://127.0.0.1:{ports.push}/wp/browser-1"
    assert (line["payload"], line["fate"]) == (payload, "shown")
    assert line["headers"]["Topic"] == "advisory-1"
    assert "Authorization" not in line["headers"]
    assert [post.url for post in receiver.posts] == [f"{receiver.url}/shown/1-2"]


@pytest.mark.parametrize(
    ("rates", "posts"),
    [({"device.never": 1.0}, 0), ({"device.repeated": 1.0}, 2), ({"device.late": 1.0}, 1)],
)
def test_devices_confirm_twice_late_or_never(
    config: SandboxConfig,
    vapid: Any,  # noqa: ANN401  (untyped library)
    rates: dict[str, float],
    posts: int,
) -> None:
    """What the record says is what comes."""
    with receiving() as receiver, running(replace(config, rates=rates)) as ports:
        _push(ports.push, vapid, {"confirm": receiver.url})
        until(lambda: len(lines(config.folder, "push-done")) == posts)
    assert len(receiver.posts) == posts
    (line,) = lines(config.folder, "push")
    assert line["fate"] == ("shown" if posts else "never shown")


def test_a_newer_message_of_a_topic_takes_the_place_of_one_not_shown(
    config: SandboxConfig,
    vapid: Any,  # noqa: ANN401  (untyped library)
) -> None:
    """Both were received; only the newer is shown and confirmed."""
    with receiving() as receiver, running(replace(config, pace=0.3)) as ports:
        for number in (1, 2):
            payload = {"confirm": f"{receiver.url}/{number}"}
            _push(ports.push, vapid, payload, Topic="advisory-1")
        until(lambda: len(lines(config.folder, "push-done")) == 2)
    assert [post.url for post in receiver.posts] == [f"{receiver.url}/2"]
    assert len(lines(config.folder, "push")) == 2
    outcomes = {line["line"]: line["outcome"] for line in lines(config.folder, "push-done")}
    assert outcomes == {0: "replaced", 1: "204"}


@pytest.mark.parametrize(
    ("kind", "status", "recorded"),
    [
        ("gone", 410, 0),
        ("not_found", 404, 0),
        ("busy", 429, 0),
        ("unavailable", 503, 0),
        ("cut_before", 0, 0),
        ("cut_after", 0, 1),
    ],
)
def test_every_kind_of_trouble_happens(
    config: SandboxConfig,
    vapid: Any,  # noqa: ANN401  (untyped library)
    kind: str,
    status: int,
    recorded: int,
) -> None:
    """Each answers as RFC 8030 says."""
    with (
        running(replace(config, rates={f"webpush.{kind}": 1})) as ports,
        pytest.raises((WebPushException, requests.ConnectionError)) as caught,
    ):
        _push(ports.push, vapid, {})
    answer = getattr(caught.value, "response", None)
    assert (0 if answer is None else answer.status_code) == status
    assert (answer is not None and "Retry-After" in answer.headers) == (status in {429, 503})
    assert len(lines(config.folder, "push")) == recorded
    assert [line["status"] for line in lines(config.folder, "requests")] == [status]


def _sealed(endpoint: str, plain: bytes = b"{}") -> bytes:
    published = keys(endpoint)
    sealed: bytes = http_ece.encrypt(
        plain,
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=unbase64url(published["p256dh"]),
        auth_secret=unbase64url(published["auth"]),
        version="aes128gcm",
    )
    return sealed


def _token(vapid: Any, **claims: object) -> str:  # noqa: ANN401  (untyped library)
    header: str = vapid.sign({**CLAIMS, **claims})["Authorization"]
    return header


def _point(vapid: Any) -> str:  # noqa: ANN401  (untyped library)
    raw = vapid.public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, 201),
        ({"TTL": None}, 400),
        ({"TTL": "soon"}, 400),
        ({"TTL": "9" * 30}, 400),
        ({"Topic": "a" * 33}, 400),
        ({"Topic": "ü"}, 400),
        ({"Urgency": "asap"}, 400),
        ({"Content-Encoding": "aesgcm"}, 400),
        ({"Authorization": None}, 401),
        ({"Authorization": "Bearer x"}, 403),
        ({"Authorization": "vapid t=a.b.c, k=d"}, 403),
        ({"Authorization": "vapid t=" + "[" * 7000}, 403),
        ({"body": b"rubbish"}, 400),
        ({"body": b"x" * 4097}, 413),
        ({"body": b"x" * 400_000}, 413),
        ({"name": "other"}, 400),
        ({"name": "b" * 129}, 404),
        ({"aud": "https://elsewhere.test"}, 403),
        ({"exp": 1}, 403),
        ({"exp": 90_000}, 403),
        ({"forged": True}, 403),
    ],
)
def test_what_is_asked_of_a_request_is_checked(
    port: int,
    config: SandboxConfig,
    vapid: Any,  # noqa: ANN401  (untyped library)
    changes: dict[str, Any],
    status: int,
) -> None:
    """RFC 8030, 8188, 8291 and 8292; nothing that is refused is recorded."""
    origin = f"http://127.0.0.1:{port}"
    expires = changes.get("exp", 3600)
    exp = expires if expires == 1 else int(time.time()) + expires
    token = _token(vapid, aud=changes.get("aud", origin), exp=exp)
    if changes.get("forged"):
        other = Vapid02()
        other.generate_keys()
        token = token.replace(_point(vapid), _point(other))
    wanted = {
        "TTL": "60",
        "Content-Encoding": "aes128gcm",
        "Authorization": token,
        **{name: value for name, value in changes.items() if name[0].isupper()},
    }
    headers = {name: value for name, value in wanted.items() if value is not None}
    body = changes.get("body", _sealed(f"{origin}/wp/a"))
    url = f"{origin}/wp/{changes.get('name', 'a')}"
    encoded = {name: value.encode() for name, value in headers.items()}
    answer = requests.post(url, data=body, headers=encoded, timeout=10)
    assert answer.status_code == status
    assert len(lines(config.folder, "push")) == (status == 201)


def test_a_text_that_is_no_json_is_recorded_as_it_is(
    port: int,
    config: SandboxConfig,
    vapid: Any,  # noqa: ANN401  (untyped library)
) -> None:
    """A service worker would get it too; deep nesting does no harm."""
    endpoint = f"http://127.0.0.1:{port}/wp/a"
    token = _token(vapid, aud=f"http://127.0.0.1:{port}", exp=int(time.time()) + 60)
    headers = {"TTL": "0", "Content-Encoding": "aes128gcm", "Authorization": token}
    for plain in (b"hello", b"[" * 3900):
        body = _sealed(endpoint, plain)
        answer = requests.post(endpoint, data=body, headers=headers, timeout=10)
        assert answer.status_code == 201
    assert [line["payload"] for line in lines(config.folder, "push")] == ["hello", "[" * 3900]
