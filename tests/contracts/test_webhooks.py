"""Outgoing webhooks, over a real database and a real endpoint: signed, in order, until taken."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from broadcaster.bootstrap import Runtime
from broadcaster.client import SignatureError, verified
from broadcaster.domain.consent import Scope, Source
from broadcaster.domain.message import Channel
from broadcaster.domain.webhook import EventType, Leaving, Reply, destination, follows
from broadcaster.errors import InvalidInputError
from broadcaster.ledger.consents import Said
from broadcaster.ports import Standing
from broadcaster.webhooks.looking import Looking
from broadcaster.webhooks.sending import Sender
from tests.api_scene import ApiSite, api, campaigns
from tests.fakes import FakeClock

__all__ = ["api"]

_NOON = datetime(2020, 3, 20, 12, tzinfo=UTC)


@dataclass
class Endpoint:
    """A server that is told; it answers with `status`, and keeps what came."""

    port: int = 0
    status: int = 204
    came: list[tuple[Mapping[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}/hook?x=1"


@contextmanager
def listening() -> Iterator[Endpoint]:
    """Serve an endpoint until the block ends."""
    endpoint = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            endpoint.came.append((dict(self.headers.items()), body))
            self.send_response(endpoint.status)
            if 300 <= endpoint.status < 400:
                self.send_header("Location", endpoint.url)
            self.end_headers()

        def log_request(self, code: object = "-", size: object = "-") -> None:
            del code, size

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    endpoint.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def _types(endpoint: Endpoint) -> list[str]:
    return [json.loads(body)["type"] for _, body in endpoint.came]


def _clock(runtime: Runtime) -> FakeClock:
    assert isinstance(runtime.clock, FakeClock)
    return runtime.clock


def test_an_endpoint_is_told_what_happens_signed_and_in_order(api: ApiSite) -> None:
    """Whoever does it, by whichever program; and again what it did not take."""
    runtime = api.desk.runtime
    clock = _clock(runtime)
    with listening() as endpoint:
        every = [one.value for one in EventType if one is not EventType.TEST]
        made, secret = runtime.webhooks.add(endpoint.url, every, "the test", clock.now())
        campaigns(api)
        runtime.campaigns.pause(3, "Youssef", clock.now())
        runtime.campaigns.resume(3, "Youssef", clock.now())
        assert runtime.outbox.waiting(clock.now())
        assert runtime.deliverer.deliver() > 0
        assert _types(endpoint) == [
            "campaign.approved",
            "campaign.approved",
            "campaign.launched",
            "campaign.paused",
            "campaign.resumed",
        ]
        headers, body = endpoint.came[-1]
        now = clock.now().timestamp()
        event = verified(secret, headers, body, now=now)
        assert event["data"]["campaign"] == 3
        assert event["id"] == headers["webhook-id"]
        for changed in (body + b" ", body.replace(b"3", b"4")):
            with pytest.raises(SignatureError):
                verified(secret, headers, changed, now=now)
        with pytest.raises(SignatureError, match="old"):
            verified(secret, headers, body, now=now + 301)
        with pytest.raises(SignatureError):
            verified("whsec_" + "A" * 43 + "=", headers, body, now=now)
        _a_failure_is_tried_again_under_the_same_id(runtime, endpoint, made.id)
        _a_customer_who_refuses_is_told_by_number_alone(runtime, endpoint)
        _progress_and_doubt_are_told_now_and_then(runtime, endpoint)
        _an_end_is_told(runtime, endpoint)
        _a_limit_that_starves_is_told_once(runtime, endpoint)
        _an_endpoint_that_is_gone_is_asked_no_more(runtime, endpoint, made.id)


def _a_failure_is_tried_again_under_the_same_id(
    runtime: Runtime, endpoint: Endpoint, webhook: int
) -> None:
    clock = _clock(runtime)
    endpoint.came.clear()
    endpoint.status = 500
    runtime.campaigns.pause(3, "Youssef", clock.now())
    runtime.campaigns.resume(3, "Youssef", clock.now())
    assert runtime.deliverer.deliver() == 1
    # The next waits behind the first; nothing is due before the delay is over.
    assert not runtime.outbox.waiting(clock.now())
    assert runtime.deliverer.deliver() == 0
    endpoint.status = 200
    clock.moment += timedelta(seconds=7)
    assert runtime.deliverer.deliver() == 2
    assert _types(endpoint) == ["campaign.paused", "campaign.paused", "campaign.resumed"]
    ids = [headers["webhook-id"] for headers, _ in endpoint.came]
    assert ids[0] == ids[1] != ids[2]
    bodies = [body for _, body in endpoint.came]
    assert bodies[0] == bodies[1]
    log = runtime.outbox.log(webhook, None, 3)
    assert [(row.attempt, row.status, row.state) for row in log] == [
        (1, 200, "delivered"),
        (2, 200, "delivered"),
        (1, 500, "delivered"),
    ]


def _a_customer_who_refuses_is_told_by_number_alone(runtime: Runtime, endpoint: Endpoint) -> None:
    endpoint.came.clear()
    said = Said(
        channels=(Channel.SMS,),
        scope=Scope.SERVICE,
        granted=False,
        source=Source.OPERATOR,
        proof="call 4711",
        by="Amina",
    )
    runtime.consents.record_customer("C000002", said, runtime.clock.now())
    runtime.deliverer.deliver()
    (event,) = [json.loads(body) for _, body in endpoint.came]
    assert event["type"] == "customer.opted_out"
    assert event["data"]["customer"] == "C000002"
    assert event["data"]["channel"] == "sms"
    assert "4711" not in json.dumps(event)


def _progress_and_doubt_are_told_now_and_then(runtime: Runtime, endpoint: Endpoint) -> None:
    clock = _clock(runtime)
    endpoint.came.clear()
    runtime.looking.look()
    runtime.looking.look()
    with runtime.pool.connection() as connection:
        connection.execute(
            "UPDATE delivery SET status = 'unknown' WHERE campaign_id = 3 AND number = 1"
        )
    clock.moment += timedelta(seconds=31)
    runtime.looking.look()
    runtime.deliverer.deliver()
    assert _types(endpoint) == ["campaign.progress", "campaign.progress", "campaign.doubt"]
    assert json.loads(endpoint.came[-1][1])["data"] == {"campaign": 3, "in_doubt": 1}


def _an_end_is_told(runtime: Runtime, endpoint: Endpoint) -> None:
    endpoint.came.clear()
    with runtime.pool.connection() as connection:
        # As the sweep does when nothing is left to be done.
        connection.execute("UPDATE campaign SET status = 'completed' WHERE id = 2")
    runtime.deliverer.deliver()
    assert _types(endpoint) == ["campaign.completed"]
    assert json.loads(endpoint.came[0][1])["data"]["campaign"] == 2


def _a_limit_that_starves_is_told_once(runtime: Runtime, endpoint: Endpoint) -> None:
    clock = _clock(runtime)
    endpoint.came.clear()
    slow = Standing(name="twilio", rate=10, allowed=1, used=0, urgent=0, routine=3, paused=0)
    looking = Looking(
        runtime.outbox,
        campaigns=runtime.campaigns.page,
        counts=runtime.reports.funnel,
        standing=lambda: [slow],
        clock=clock,
        every=timedelta(seconds=30),
    )
    told = []
    for _ in range(3):
        clock.moment += timedelta(seconds=31)
        looking.look()
        runtime.deliverer.deliver()
        told.append(_types(endpoint).count("limit.starving"))
    # A moment is no matter; what lasts is told, and not again and again.
    assert told == [0, 1, 1]
    data = next(json.loads(body) for _, body in endpoint.came if b"starving" in body)["data"]
    assert (data["limit"], data["routine_waiting"]) == ("twilio", 3)


def _an_endpoint_that_is_gone_is_asked_no_more(
    runtime: Runtime, endpoint: Endpoint, webhook: int
) -> None:
    clock = _clock(runtime)
    endpoint.came.clear()
    endpoint.status = 410
    runtime.campaigns.pause(3, "Youssef", clock.now())
    runtime.campaigns.cancel(3, "Youssef", clock.now())
    runtime.deliverer.deliver()
    assert len(endpoint.came) == 1
    one = runtime.webhooks.get(webhook)
    assert (one.active, one.waiting) == (False, 0)
    (line,) = runtime.audit_trail.lines(subject=f"webhook {webhook}", action="webhook_disabled")
    assert line.actor == "broadcaster"
    runtime.webhooks.change(webhook, "Amina", clock.now(), active=True)
    endpoint.status = 302
    runtime.webhooks.test(webhook, clock.now())
    runtime.deliverer.deliver()
    # A redirect is no good answer, and is not followed.
    assert _types(endpoint)[1:] == ["webhook.test"]
    assert runtime.webhooks.get(webhook).failing_since is not None


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "https://user:secret@example.com/",
        "https://example.com/#part",
        "https://exa mple.com/",
        "ftp://example.com/",
        "https:///nothing",
        "https://example.com:0/",
        "https://example.com\\@127.0.0.1/",
        "http://127.0.0.1/",
        "https://é.example/",
        "x" * 3000,
        "",
    ],
)
def test_an_address_that_must_not_be_called_is_refused(url: str) -> None:
    """When it is given, before anything is looked up."""
    with pytest.raises(InvalidInputError):
        destination(url, loopback=False)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "192.168.1.1",
        "172.16.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104  (an address that is asked for)
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "fe80::1",
        "fc00::1",
        "ff02::1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
    ],
)
def test_a_name_that_leads_into_the_network_is_not_connected_to(address: str) -> None:
    """Whatever it is called, and however the address is wrapped."""
    sender = Sender("test", loopback=False, resolve=lambda _host, _port: [address])
    reply = sender.send("https://hook.example.com/", {}, b"{}")
    assert (reply.status, reply.fault) == (None, "has no public address")


def test_it_is_connected_to_the_address_that_was_looked_at() -> None:
    """A name that says something else the second time is not asked a second time."""
    asked: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(f"{host}:{port}")
        return ["127.0.0.1"] if len(asked) > 1 else ["127.0.0.1", "::1"]

    with listening() as endpoint:
        sender = Sender("test", loopback=True, resolve=resolve)
        reply = sender.send(f"http://localhost:{endpoint.port}/", {"webhook-id": "evt_1"}, b"{}")
    assert reply.status == 204
    assert len(asked) == 1
    assert endpoint.came[0][0]["webhook-id"] == "evt_1"


def _leaving(attempt: int, since: datetime | None = None) -> Leaving:
    return Leaving(
        event=1,
        webhook=1,
        url="https://example.com/",
        salt=b"",
        attempt=attempt,
        failing_since=since,
        type=EventType.PAUSED,
        at=_NOON,
        data={},
    )


def test_what_fails_is_tried_at_growing_distances_until_it_is_given_up() -> None:
    """A refusal of the event three times, a failing endpoint for three days."""
    down = Reply(status=None, fault="did not answer", seconds=1)
    delays = []
    for attempt in range(1, 12):
        then = follows(_leaving(attempt, _NOON), down, _NOON, 0.5)
        assert then.again is not None
        delays.append((then.again - _NOON).total_seconds())
    assert delays == sorted(delays)
    assert (delays[0], delays[-1]) == (5, 28_800)
    late = follows(_leaving(20, _NOON - timedelta(days=3)), down, _NOON, 0.5)
    assert late.drop
    assert late.disable
    refused = Reply(status=422, fault="", seconds=1)
    assert follows(_leaving(2), refused, _NOON, 0.5).again
    assert follows(_leaving(3), refused, _NOON, 0.5).drop
    busy = Reply(status=429, fault="", seconds=1)
    assert follows(_leaving(9), busy, _NOON, 0.5).again
