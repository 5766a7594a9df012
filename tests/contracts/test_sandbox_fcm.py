"""The simulated FCM, with tokens had through google-auth."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import google.auth.exceptions
import google.auth.transport.requests
import pytest
import requests
from google.oauth2 import service_account

from broadcaster.errors import ConfigurationError
from broadcaster.sandbox.config import SandboxConfig
from broadcaster.sandbox.service_account import PROJECT, service_account_file
from tests.sandboxes import lines, receiving, running, until

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
TOKEN = "device-token:abc_123"


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


def _bearer(folder: Path, scope: str = SCOPE) -> str:
    """Have a token from the sandbox through Google's library."""
    file = str(folder / "service-account.json")
    credentials = service_account.Credentials.from_service_account_file(file, scopes=[scope])  # type: ignore[no-untyped-call]  # half typed library
    with requests.Session() as session:
        request = google.auth.transport.requests.Request(session)
        credentials.refresh(request)
    token: str = credentials.token
    return token


def _send(port: int, bearer: str, body: object, project: str = PROJECT) -> requests.Response:
    url = f"http://127.0.0.1:{port}/v1/projects/{project}/messages:send"
    headers = {"Authorization": f"Bearer {bearer}", "Content-Type": "application/json"}
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return requests.post(url, data=data, headers=headers, timeout=10)


def _message(**fields: Any) -> dict[str, Any]:  # noqa: ANN401  (JSON)
    return {"message": {"token": TOKEN, "notification": {"title": "سلام"}, **fields}}


def test_a_message_is_taken_recorded_and_confirmed(config: SandboxConfig) -> None:
    """The whole way, with a bearer token from the token service."""
    with receiving() as receiver, running(config) as ports:
        data = {"confirm": f"{receiver.url}/shown/1-2", "link": "https://client.lydec.ma"}
        message = _message(data=data, android={"collapse_key": "advisory-1"})
        answer = _send(ports.push, _bearer(config.folder), message)
        until(lambda: receiver.posts)
    assert answer.status_code == 200
    assert answer.json()["name"].startswith(f"projects/{PROJECT}/messages/")
    (line,) = lines(config.folder, "push")
    assert (line["address"], line["network"]) == (TOKEN, "fcm")
    assert line["payload"]["notification"] == {"title": "سلام"}
    assert line["payload"]["data"] == data
    assert line["topic"] == "advisory-1"
    assert receiver.posts[0].url.endswith("/shown/1-2")


@pytest.mark.parametrize(
    ("kind", "status", "word", "code"),
    [
        ("unregistered", 404, "NOT_FOUND", "UNREGISTERED"),
        ("invalid", 400, "INVALID_ARGUMENT", "INVALID_ARGUMENT"),
        ("quota", 429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"),
        ("unavailable", 503, "UNAVAILABLE", "UNAVAILABLE"),
    ],
)
def test_errors_have_googles_shape(
    config: SandboxConfig, kind: str, status: int, word: str, code: str
) -> None:
    """Status, word and FcmError agree; nothing is recorded."""
    with running(replace(config, rates={f"fcm.{kind}": 1})) as ports:
        answer = _send(ports.push, _bearer(config.folder), _message())
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["status"]) == (status, status, word)
    assert error["details"][0]["@type"].endswith("FcmError")
    assert error["details"][0]["errorCode"] == code
    assert ("Retry-After" in answer.headers) == (status in {429, 503})
    assert lines(config.folder, "push") == []


@pytest.mark.parametrize(("kind", "recorded"), [("cut_before", 0), ("cut_after", 1)])
def test_connections_are_cut(config: SandboxConfig, kind: str, recorded: int) -> None:
    """Before the message was taken, and after it."""
    with running(replace(config, rates={f"fcm.{kind}": 1})) as ports:
        bearer = _bearer(config.folder)
        with pytest.raises(requests.ConnectionError):
            _send(ports.push, bearer, _message())
    assert len(lines(config.folder, "push")) == recorded


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "message"),
        (b"\xff", "message"),
        (b"[" * 100_000, "message"),
        ({"message": []}, "message"),
        ({"message": {"token": TOKEN, "colour": "red"}}, "message.colour"),
        ({"message": {"notification": {}}}, "message"),
        ({"message": {"token": TOKEN, "topic": "news"}}, "message"),
        ({"message": {"topic": "news"}}, "message.token"),
        ({"message": {"token": TOKEN, "data": {"number": 1}}}, "message.data"),
        ({"message": {"token": TOKEN, "notification": "x"}}, "message.notification"),
        ({"message": {"token": TOKEN, "data": {"x": "é" * 2100}}}, "message"),
    ],
)
def test_a_malformed_message_names_its_field(
    port: int, config: SandboxConfig, body: object, field: str
) -> None:
    """BadRequest with the violated field: a fault of ours, not of the token."""
    answer = _send(port, _bearer(config.folder), body)
    detail = answer.json()["error"]["details"][0]
    assert answer.status_code == 400
    assert detail["@type"].endswith("BadRequest")
    assert detail["fieldViolations"][0]["field"] == field
    assert lines(config.folder, "push") == []


def test_strangers_and_other_projects_are_refused_and_a_dry_run_sends_nothing(
    port: int, config: SandboxConfig
) -> None:
    """401 without a token in force, 403 for another project."""
    bearer = _bearer(config.folder)
    for wrong in ("", "x", "sandbox.9999999999.x", bearer + "x", "sandbox.²."):
        assert _send(port, wrong.encode("utf-8").decode("latin-1"), _message()).status_code == 401
    answer = _send(port, bearer, _message(), project="another")
    assert answer.status_code == 403
    assert answer.json()["error"]["details"][0]["errorCode"] == "SENDER_ID_MISMATCH"
    dry = _send(port, bearer, {**_message(), "validate_only": True})
    assert dry.status_code == 200
    assert lines(config.folder, "push") == []


def test_only_the_accounts_own_assertions_are_taken(port: int, config: SandboxConfig) -> None:
    """Another key, another scope or rubbish get Google's error."""
    url = f"http://127.0.0.1:{port}/token"
    with pytest.raises(google.auth.exceptions.RefreshError, match="invalid_grant"):
        _bearer(config.folder, scope="https://www.googleapis.com/auth/drive")
    own = json.loads((config.folder / "service-account.json").read_text("ascii"))
    stranger = service_account_file(config.folder / "other", f"http://127.0.0.1:{port}")
    account = json.loads(stranger.read_text("ascii"))
    stranger.write_text(json.dumps({**account, "client_email": own["client_email"]}), "ascii")
    with pytest.raises(google.auth.exceptions.RefreshError, match="Signature"):
        _bearer(stranger.parent)
    grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    for form in ({}, {"grant_type": grant}, {"grant_type": grant, "assertion": "a.b.ü"}):
        answer = requests.post(url, data=form, timeout=10)
        assert (answer.status_code, "error" in answer.json()) == (400, True)


def test_the_account_is_made_once_and_follows_the_address(tmp_path: Path) -> None:
    """The key stays; the token's address is that of the running sandbox; rubbish is named."""
    first = service_account_file(tmp_path, "http://127.0.0.1:1")
    before = json.loads(first.read_text("ascii"))
    assert first.stat().st_mode & 0o077 == 0
    assert json.loads(service_account_file(tmp_path, "http://127.0.0.1:1").read_text()) == before
    after = json.loads(service_account_file(tmp_path, "http://127.0.0.1:2").read_text("ascii"))
    assert after == {**before, "token_uri": "http://127.0.0.1:2/token"}
    assert first.stat().st_mode & 0o077 == 0
    first.write_text("{}", encoding="ascii")
    with pytest.raises(ConfigurationError, match="Remove it"):
        service_account_file(tmp_path, "http://127.0.0.1:1")
