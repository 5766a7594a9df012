"""The whole web over a real database, served on a free port, with operators who are signed in."""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

import pytest
import uvicorn
from argon2 import PasswordHasher
from fastapi import FastAPI

from broadcaster.access.passwords import Passwords
from broadcaster.bootstrap import Runtime
from broadcaster.domain.access import Role
from broadcaster.settings import load
from broadcaster.web.app import create_app, front
from broadcaster.web.connections import BoundedProtocol
from broadcaster.web.console.desk import Desk
from broadcaster.web.rooms import rooms
from tests.fakes import FakeClock
from tests.public_scene import shipped_renderer
from tests.web_scene import Answer, wait


def quick_hasher() -> PasswordHasher:
    """Make a hasher of the same sort that is done at once."""
    return PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


@dataclass
class DeskSite:
    """A running server, and how operators of each role see it.

    `runtime` is the inside, over this test's database, with a clock of its own.
    """

    runtime: Runtime
    desk: Desk
    port: int
    woken: list[None]
    app: FastAPI
    _tokens: dict[Role, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def token(self, role: Role) -> str:
        """Give the session's token of an operator of a role, called as the role is."""
        if role not in self._tokens:
            now = self.runtime.clock.now()
            operator = self.runtime.operators.add(f"the {role.value}", [role], "the test", now)
            self._tokens[role] = self.runtime.sessions.open(operator.id, now)
        return self._tokens[role]

    def enter_as(self, role: Role, token: str) -> None:
        """Have whose session this is stand for all of a role."""
        self._tokens[role] = token

    def ask(
        self,
        path: str,
        role: Role | None = None,
        *,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask once, as an operator of a role, or as nobody."""
        cookie = {} if role is None else {"Cookie": f"broadcaster={self.token(role)}"}
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, {**cookie, **(headers or {})})
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, found, response.read().decode(errors="surrogateescape"))
        finally:
            connection.close()

    def post(self, path: str, role: Role | None = None, /, **fields: str | list[str]) -> Answer:
        """Post a form of a page of the session."""
        csrf = {"csrf": self.desk.csrf(self.token(role))} if role else {}
        body = urlencode({**csrf, **fields}, doseq=True).encode()
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.ask(path, role, method="POST", body=body, headers=kind)


@contextmanager
def serving_desk(
    database_url: str, redis_url: str, home: Path, variables: Mapping[str, str] | None = None
) -> Iterator[DeskSite]:
    """Serve in a thread until the block ends; the clock stands at the builders' noon."""
    with (
        socket.create_server(("127.0.0.1", 0)) as web,
        socket.create_server(("127.0.0.1", 0)) as bounces,
    ):
        port = web.getsockname()[1]
        given = {
            "HOME": str(home),
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "PUBLIC_URL": f"http://127.0.0.1:{port}",
            **(variables or {}),
        }
        settings = load({f"BROADCASTER_{name}": value for name, value in given.items()})
        runtime = Runtime(settings, database_url, redis_url)
        runtime.clock = FakeClock()
        runtime.use(shipped_renderer())
        # As the real ones, with less work.
        runtime.passwords = Passwords(quick_hasher())
        woken: list[None] = []
        desk = front(runtime)
        app = create_app(
            runtime,
            desk=desk,
            more=rooms(runtime, desk, stopping=lambda: server.should_exit),
            wake=lambda: woken.append(None),
            checks={},
            bounces=bounces,
        )
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                http=BoundedProtocol,
                log_config=None,
                access_log=False,
                # As it is served: who asks for whom is for the settings to say.
                proxy_headers=False,
                timeout_graceful_shutdown=3,
            )
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [web]}, daemon=True)
        thread.start()
        try:
            wait(lambda: server.started or not thread.is_alive())
            assert server.started
            yield DeskSite(runtime, desk, port, woken, app)
        finally:
            server.should_exit = True
            thread.join(10)
            runtime.close()


@pytest.fixture
def site(database_url: str, redis_url: str, home: Path) -> Iterator[DeskSite]:
    """Serve everything over this test's database and Redis."""
    with serving_desk(database_url, redis_url, home) as opened:
        yield opened


def later(site: DeskSite, **time: float) -> None:
    """Let time go by, such as `minutes=5`."""
    clock = site.runtime.clock
    assert isinstance(clock, FakeClock)
    clock.moment += timedelta(**time)
