"""The simulated carrier, seen through Twilio's own library."""

import base64
import http.client
import json
import re
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
import requests
from twilio.base.exceptions import TwilioRestException  # type: ignore[import-untyped]  # no stubs
from twilio.http.http_client import TwilioHttpClient  # type: ignore[import-untyped]  # no stubs
from twilio.request_validator import (  # type: ignore[import-untyped]  # no stubs
    RequestValidator,
)
from twilio.rest import Client  # type: ignore[import-untyped]  # no stubs

from broadcaster.sandbox.config import DEFAULT_ACCOUNT, DEFAULT_TOKEN, SandboxConfig
from tests.sandboxes import lines, receiving, running, until

NUMBER = "+212661234567"
PATH = f"/2010-04-01/Accounts/{DEFAULT_ACCOUNT}/Messages.json"


class _Redirected(TwilioHttpClient):  # type: ignore[misc]  # no stubs
    """Twilio's client, pointed at the sandbox."""

    def __init__(self, port: int) -> None:
        super().__init__(timeout=10, pool_connections=True)
        self._port = port

    def request(self, method: str, url: str, *args: Any, **named: Any) -> Any:  # noqa: ANN401  (the library's own)
        local = url.replace("https://api.twilio.com", f"http://127.0.0.1:{self._port}")
        return super().request(method, local, *args, **named)

    def close(self) -> None:
        self.session.close()


def _client(port: int, token: str = DEFAULT_TOKEN) -> Any:  # noqa: ANN401  (untyped library)
    return Client(DEFAULT_ACCOUNT, token, http_client=_Redirected(port))


@pytest.fixture
def config(tmp_path: Path) -> SandboxConfig:
    """Networks without trouble, on free ports, at once."""
    return SandboxConfig(
        folder=tmp_path / "sandbox", carrier_port=0, smtp_port=0, push_port=0, pace=0
    )


@pytest.fixture
def port(config: SandboxConfig) -> Iterator[int]:
    """Give the port of a carrier without trouble."""
    with running(config) as ports:
        yield ports.carrier


def test_a_message_is_taken_recorded_and_found_again(port: int, config: SandboxConfig) -> None:
    """The plain way, through the real library."""
    client = _client(port)
    sent = client.messages.create(to=NUMBER, from_="LYDEC", body="ليدك: سلام", validity_period=60)
    assert re.fullmatch(r"SM[0-9a-f]{32}", sent.sid)
    assert (sent.status, sent.num_segments, sent.error_code) == ("queued", "1", None)
    assert sent.date_created.tzinfo is not None
    found = client.messages(sent.sid).fetch()
    assert (found.status, found.body, found.to) == ("delivered", "ليدك: سلام", NUMBER)
    (line,) = lines(config.folder, "sms")
    assert (line["to"], line["from"], line["body"]) == (NUMBER, "LYDEC", "ليدك: سلام")
    assert (line["fate"], line["sid"]) == ("delivered", sent.sid)
    client.http_client.close()


def test_the_list_gives_the_newest_first_and_pages(port: int) -> None:
    """Only the recipient asked for, all of it, in order."""
    client = _client(port)
    for number in range(7):
        client.messages.create(to=NUMBER, from_="LYDEC", body=f"text {number}")
        client.messages.create(to="+212770000001", messaging_service_sid="MG" + "0" * 32, body="x")
    listed = [message.body for message in client.messages.stream(to=NUMBER, page_size=3)]
    assert listed == [f"text {number}" for number in reversed(range(7))]
    assert len(client.messages.list(page_size=5)) == 14
    assert len(client.messages.list(to=NUMBER, from_="OTHER")) == 0
    (other,) = client.messages.list(to="+212770000001", limit=1)
    assert (other.from_, other.messaging_service_sid) == (None, "MG" + "0" * 32)
    client.http_client.close()


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"to": "+212522312020"}, 400, 21614),
        ({"to": "0661234567"}, 400, 21211),
        ({"to": "+21266123456"}, 400, 21211),
        ({"to": "+2126612345678"}, 400, 21211),
        ({"to": "+٢١٢٦٦١٢٣٤٥٦٧"}, 400, 21211),
        ({"body": "a" * 1601}, 400, 21617),
        ({"body": ""}, 400, 21602),
        ({"from_": "MUCHTOOLONGNAME"}, 400, 21212),
        ({"from_": ""}, 400, 21603),
        ({"to": ""}, 400, 21604),
        ({"validity_period": 0}, 400, 21624),
        ({"validity_period": 36001}, 400, 21624),
        ({"status_callback": "ftp://x"}, 400, 21609),
    ],
)
def test_wrong_parameters_get_twilios_error(
    port: int, config: SandboxConfig, changes: dict[str, object], status: int, code: int
) -> None:
    """The code and the status that the real service answers; nothing is recorded."""
    client = _client(port)
    with pytest.raises(TwilioRestException) as caught:
        client.messages.create(**{"to": NUMBER, "from_": "LYDEC", "body": "hi", **changes})
    assert (caught.value.status, caught.value.code) == (status, code)
    assert lines(config.folder, "sms") == []
    client.http_client.close()


def test_a_wrong_token_and_an_unknown_message_are_refused(port: int) -> None:
    """401 / 20003 and 404 / 20404."""
    for client, code in ((_client(port, "wrong"), 20003), (_client(port), 20404)):
        with pytest.raises(TwilioRestException) as caught:
            client.messages("SM" + "0" * 32).fetch()
        assert caught.value.code == code
        client.http_client.close()


def test_callbacks_are_signed_as_twilio_signs(config: SandboxConfig) -> None:
    """Twilio's validator accepts each, blank values included; the order is that of the statuses."""
    with receiving() as receiver, running(config) as ports:
        client = _client(ports.carrier)
        url = f"{receiver.url}/callbacks/twilio/1-2?x=a%20b"
        sent = client.messages.create(to=NUMBER, from_="LYDEC", body="hi", status_callback=url)
        until(lambda: len(receiver.posts) == 3)
        client.http_client.close()
    validator = RequestValidator(DEFAULT_TOKEN)
    statuses = set()
    for post in receiver.posts:
        fields = dict(parse_qsl(post.body.decode(), keep_blank_values=True))
        assert post.url == url
        assert validator.validate(url, fields, post.headers["X-Twilio-Signature"])
        assert (fields["MessageSid"], fields["ErrorCode"]) == (sent.sid, "")
        statuses.add(fields["MessageStatus"])
    assert statuses == {"sending", "sent", "delivered"}


def test_callbacks_never_leave_this_machine(config: SandboxConfig) -> None:
    """A public address is reached only through the base; its signature still names it."""
    url = "https://advisories.example.test/callbacks/twilio/1-2?x=1"
    with running(config) as ports:
        client = _client(ports.carrier)
        client.messages.create(to=NUMBER, from_="LYDEC", body="hi", status_callback=url)
        until(lambda: len(lines(config.folder, "sms-done")) == 3)
        client.http_client.close()
    assert {line["outcome"] for line in lines(config.folder, "sms-done")} == {"forbidden"}
    with receiving() as receiver, running(replace(config, callback_base=receiver.url)) as ports:
        client = _client(ports.carrier)
        client.messages.create(to=NUMBER, from_="LYDEC", body="hi", status_callback=url)
        until(lambda: len(receiver.posts) == 3)
        client.http_client.close()
    post = receiver.posts[0]
    fields = dict(parse_qsl(post.body.decode(), keep_blank_values=True))
    assert post.url == f"{receiver.url}/callbacks/twilio/1-2?x=1"
    signature = post.headers["X-Twilio-Signature"]
    assert RequestValidator(DEFAULT_TOKEN).validate(url, fields, signature)


def test_an_undelivered_message_is_in_the_record_with_its_fate(config: SandboxConfig) -> None:
    """The network took it; its status and its callback tell why it did not arrive."""
    with (
        receiving() as receiver,
        running(replace(config, rates={"carrier.undelivered": 1})) as ports,
    ):
        client = _client(ports.carrier)
        sent = client.messages.create(
            to=NUMBER, from_="LYDEC", body="hi", status_callback=receiver.url
        )
        found = client.messages(sent.sid).fetch()
        until(lambda: len(receiver.posts) == 3)
        client.http_client.close()
    (line,) = lines(config.folder, "sms")
    assert (line["fate"], found.status) == ("undelivered", "undelivered")
    assert found.error_code == line["code"]
    fields = [dict(parse_qsl(post.body.decode())) for post in receiver.posts]
    (last,) = [one for one in fields if one["MessageStatus"] == "undelivered"]
    assert last["ErrorCode"] == str(line["code"])


def _post(port: int, to: str = NUMBER) -> tuple[int, dict[str, Any]]:
    """Send by the plainest client there is; status 0 when the connection was cut."""
    token = base64.b64encode(f"{DEFAULT_ACCOUNT}:{DEFAULT_TOKEN}".encode()).decode()
    headers = {
        "Authorization": f"Basic {token}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        body = urlencode({"To": to, "From": "LYDEC", "Body": "hi"})
        connection.request("POST", PATH, body, headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    except (http.client.RemoteDisconnected, ConnectionError):
        return 0, {}
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("kind", "status", "code", "recorded"),
    [
        ("opted_out", 400, 21610, 0),
        ("busy", 429, 20429, 0),
        ("error_accepted", 500, 20500, 1),
        ("error_refused", 500, 20500, 0),
        ("cut_before", 0, None, 0),
        ("cut_after", 0, None, 1),
        ("slow", 201, None, 1),
    ],
)
def test_every_kind_of_trouble_happens(
    config: SandboxConfig, kind: str, status: int, code: int | None, recorded: int
) -> None:
    """Each answers as it should, and only what was taken is in the record."""
    with running(replace(config, rates={f"carrier.{kind}": 1})) as ports:
        answered, body = _post(ports.carrier)
    assert answered == status
    if code is not None:
        assert body["code"] == code
        assert body["more_info"].endswith(str(code))
    assert len(lines(config.folder, "sms")) == recorded
    (line,) = lines(config.folder, "requests")
    assert (line["network"], line["status"], line["units"]) == ("carrier", status, 1)
    assert NUMBER not in json.dumps(line)


def test_a_run_is_repeated_whatever_the_order(config: SandboxConfig) -> None:
    """Seed, recipient and attempt decide; the order of arrival does not."""
    numbers = [f"+2126612345{number:02}" for number in range(40)]
    outcomes, fates = [], []
    for name, order in (("one", numbers), ("two", numbers[::-1])):
        chosen = replace(config, folder=config.folder / name, seed=5, trouble=0.6)
        with running(chosen) as ports:
            tried = {(to, go): _post(ports.carrier, to)[0] for go in (1, 2) for to in order}
        outcomes.append(tried)
        kept = lines(chosen.folder, "sms")
        fates.append({(one["to"], one["attempt"]): one["fate"] for one in kept})
    assert outcomes[0] == outcomes[1]
    assert fates[0] == fates[1]
    first = [status for (_, go), status in outcomes[0].items() if go == 1]
    assert len(set(first)) >= 4
    assert 10 < sum(status != 201 for status in first) < 35


@pytest.mark.parametrize(
    "raw",
    [
        b"\x00\xff\r\n\r\n",
        b"GET HTTP/1.1\r\n\r\n",
        b"POST " + PATH.encode() + b" HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n",
        b"GET " + b"/" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
def test_rubbish_gets_an_answer_of_the_protocol_and_does_no_harm(port: int, raw: bytes) -> None:
    """The server goes on."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(raw)
        answer = connection.recv(200)
    assert answer.startswith(b"HTTP/1.")
    assert answer.split()[1].startswith(b"4")
    assert _post(port)[0] == 201


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", PATH, b"\xff\xfe", 400),
        ("POST", PATH, b"&".join(b"a=b" for _ in range(1000)), 400),
        ("POST", PATH, b"a" * 300_000, 400),
        ("DELETE", PATH, b"", 405),
        ("GET", f"{PATH}?PageSize=-1&Page=x&PageToken=PASMx", b"", 200),
        ("GET", f"{PATH}?PageSize=99999999999&DateSent=nonsense", b"", 200),
        ("GET", PATH.replace(".json", "/SM../x.json"), b"", 404),
        ("GET", "/", b"", 404),
    ],
)
def test_odd_requests_are_answered_in_json(
    port: int, method: str, path: str, body: bytes, status: int
) -> None:
    """Twilio's shape, never a traceback."""
    url = f"http://127.0.0.1:{port}{path}"
    credentials = (DEFAULT_ACCOUNT, DEFAULT_TOKEN)
    response = requests.request(method, url, data=body, auth=credentials, timeout=10)
    assert response.status_code == status
    assert isinstance(response.json(), dict)
    assert (status == 200) == ("messages" in response.json())
