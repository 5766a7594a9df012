"""The web application over hand-written fakes, served by the real server on a free port."""

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

import uvicorn

from broadcaster.domain.access import Factor, Operator, Role, Session
from broadcaster.domain.advisory import Advisory
from broadcaster.domain.delivery import DeliveryId, Receipt
from broadcaster.domain.message import Channel, MessageClass
from broadcaster.errors import (
    ForbiddenError,
    GoneError,
    InvalidInputError,
    NotFoundError,
    UnavailableError,
)
from broadcaster.ledger.optouts import Subscription
from broadcaster.ledger.preferences import Preferences
from broadcaster.ports import Callback
from broadcaster.publication.publisher import Publisher
from broadcaster.publication.serving import Files
from broadcaster.render.renderer import TemplateRenderer
from broadcaster.settings import Settings, load
from broadcaster.web.app import create_app, front
from broadcaster.web.console.confirming import Given
from broadcaster.web.inside import Inside
from tests import builders
from tests.fakes import FakeClock
from tests.public_scene import PublicScene, scene, shipped_renderer

#: How long a test waits for the server to come up, seconds.
_PATIENCE = 30.0


@dataclass
class FakeLedger:
    """Holds one advisory, and keeps receipts unless it is down."""

    held: Advisory
    receipts: list[Receipt] = field(default_factory=list)
    down: bool = False

    def advisory(self, advisory: int) -> Advisory:
        if advisory != self.held.id:
            raise NotFoundError("advisory", f"there is no {advisory}", "Look again.")
        return self.held

    def receive(self, receipts: Sequence[Receipt], now: datetime) -> int:
        del now
        if self.down:
            raise UnavailableError("The database does not answer.")
        known = {(one.provider, one.dedupe) for one in self.receipts}
        new = [one for one in receipts if (one.provider, one.dedupe) not in known]
        self.receipts += new
        return len(new)


@dataclass
class FakeOptOuts:
    """Knows the first two deliveries of the first campaign."""

    locale: str = "fr"
    message_class: MessageClass = MessageClass.SERVICE
    ends: tuple[MessageClass, ...] = (MessageClass.SERVICE, MessageClass.PROMOTIONAL)
    ended: list[DeliveryId] = field(default_factory=list)
    undone: list[DeliveryId] = field(default_factory=list)
    wanted: Mapping[Channel, frozenset[MessageClass]] = field(
        default_factory=lambda: {
            Channel.SMS: frozenset({MessageClass.SERVICE, MessageClass.SAFETY}),
            Channel.EMAIL: frozenset(MessageClass),
        }
    )

    def ask(self, delivery: DeliveryId) -> Subscription:
        if delivery == (1, 3):
            raise GoneError("link", "is not kept any more", "Use a later one.")
        if delivery not in {(1, 1), (1, 2)}:
            raise NotFoundError("link", "belongs to no message", "Look again.")
        return Subscription(
            channel=Channel.EMAIL,
            message_class=self.message_class,
            ends=self.ends,
            locale=self.locale,
        )

    def undo(self, delivery: DeliveryId, now: datetime) -> bool:
        del now
        self.ask(delivery)
        self.undone.append(delivery)
        return True

    def opt_out(self, delivery: DeliveryId, now: datetime) -> MessageClass:
        del now
        self.ask(delivery)
        self.ended.append(delivery)
        return self.ends[0]

    def preferences(self, delivery: DeliveryId) -> Preferences:
        self.ask(delivery)
        return Preferences(
            channel=Channel.EMAIL,
            locale=self.locale,
            wanted=self.wanted,
            blocked=frozenset({Channel.SMS}),
        )

    def choose(
        self,
        delivery: DeliveryId,
        wanted: Mapping[Channel, frozenset[MessageClass]],
        now: datetime,
    ) -> Preferences:
        del now
        self.ask(delivery)
        self.wanted = {**self.wanted, **wanted}
        return self.preferences(delivery)


@dataclass
class FakeSessions:
    """Whoever shows a cookie, or nobody has to while it is `open`, is the operator."""

    operator: Operator = field(default_factory=lambda: builders.operator(Role.VIEWER))
    open: bool = True

    def find(self, token: str, now: datetime, *, used: bool = True) -> Session | None:
        del used
        if not (self.open or token == "session"):
            return None
        return Session(id=1, operator=self.operator, confirmed_at=now)

    def renew(self, token: str, now: datetime, factor: Factor | None = None) -> str | None:
        del now, factor
        return token


@dataclass
class FakeEntrance:
    """Takes the password `right`."""

    password: bool = True
    second: bool = False
    passkeys: int = 0
    provider: bool = False
    lost: bool = False

    def proof(self, operator: int, given: Given, now: datetime) -> bool | None:
        del operator, now
        return given.password == "right" if given.password else None

    def ways(self, operator: int) -> "FakeEntrance":
        del operator
        return self


@dataclass
class FakeReceiver:
    """A provider that wants `x-token: right`, and takes what is not `junk` as news of 1-1."""

    calls: list[Callback] = field(default_factory=list)

    def receive(self, callback: Callback) -> Sequence[Receipt]:
        self.calls.append(callback)
        if callback.headers.get("x-token") != "right":
            raise ForbiddenError("The token does not fit.")
        if callback.body == b"junk":
            raise InvalidInputError("body", "is junk", "Send something else.")
        return [builders.receipt(DeliveryId(1, 1), dedupe=callback.body.decode())]


@dataclass
class FakeBouncer:
    """Stands for mail: it made `b+1-1-good@…` and no other address."""

    calls: list[Callback] = field(default_factory=list)

    def receive(self, callback: Callback) -> Sequence[Receipt]:
        if not callback.path.lower().startswith("b+1-1-good@"):
            raise ForbiddenError("Not of our making.")
        self.calls.append(callback)
        return [builders.receipt(DeliveryId(1, 1), provider="smtp")]


@dataclass
class FakeInside:
    """Everything together."""

    settings: Settings
    clock: FakeClock
    ledger: FakeLedger
    optouts: FakeOptOuts
    renderer: TemplateRenderer
    providers: Mapping[str, object]
    public: PublicScene
    sessions: FakeSessions = field(default_factory=FakeSessions)
    entrance: FakeEntrance = field(default_factory=FakeEntrance)

    @property
    def public_files(self) -> Files:
        return self.public.files

    @property
    def publisher(self) -> Publisher:
        return self.public.publisher


def make_inside(home: Path, **variables: str) -> FakeInside:
    """Make the fakes, with settings of the home folder and these variables."""
    settings = load(
        {
            "BROADCASTER_HOME": str(home),
            "BROADCASTER_PUBLIC_URL": "https://avis.example.test",
            **{f"BROADCASTER_{name}": value for name, value in variables.items()},
        }
    )
    renderer = shipped_renderer()
    facts = renderer.kinds["remote_services"].sample()
    public = scene(home)
    public.add(builders.advisory(facts=facts))
    return FakeInside(
        settings=settings,
        clock=FakeClock(),
        ledger=FakeLedger(builders.advisory(facts=facts)),
        optouts=FakeOptOuts(),
        renderer=renderer,
        providers={"fake": FakeReceiver(), "smtp": FakeBouncer(), "mute": object()},
        public=public,
    )


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    text: str


@dataclass
class Site:
    """A running server."""

    port: int
    bounce_port: int
    woken: list[None]

    def ask(
        self,
        path: str,
        *,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> Answer:
        """Ask once."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body, dict(headers))
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, found, response.read().decode())
        finally:
            connection.close()

    def post(
        self, path: str, body: bytes = b"", headers: Mapping[str, str] = MappingProxyType({})
    ) -> Answer:
        """Post once."""
        return self.ask(path, method="POST", body=body, headers=headers)


@contextmanager
def serving(
    inside: Inside, checks: Mapping[str, Callable[[], None]] | None = None
) -> Iterator[Site]:
    """Serve in a thread until the block ends."""
    woken: list[None] = []
    with (
        socket.create_server(("127.0.0.1", 0)) as web,
        socket.create_server(("127.0.0.1", 0)) as bounces,
    ):
        app = create_app(
            inside,
            desk=front(inside),
            wake=lambda: woken.append(None),
            checks=checks or {},
            bounces=bounces,
        )
        server = uvicorn.Server(
            uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=3)
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [web]}, daemon=True)
        site = Site(web.getsockname()[1], bounces.getsockname()[1], woken)
        thread.start()
        try:
            wait(lambda: server.started or not thread.is_alive())
            assert server.started
            yield site
        finally:
            server.should_exit = True
            thread.join(_PATIENCE)
            assert not thread.is_alive()


def wait(done: Callable[[], bool]) -> None:
    """Wait until something has happened in another thread; a failure after some seconds."""
    deadline = time.monotonic() + _PATIENCE
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.005)
