"""Running simulated networks, and receivers for what they send back, inside tests."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from broadcaster.sandbox.config import SandboxConfig
from broadcaster.sandbox.process import Ports, open_sandbox
from broadcaster.sandbox.service_account import service_account_file

Line = dict[str, Any]


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Wait for a condition; AssertionError when it does not come about in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.01)


def lines(folder: Path, name: str) -> list[Line]:
    """Read a file of the record."""
    text = (folder / f"{name}.jsonl").read_text("ascii")
    return [json.loads(line) for line in text.splitlines()]


def blocks(message: Message) -> list[Message]:
    """Give the parts of a message, or the blocks of fields of a delivery status."""
    parts = message.get_payload()
    assert isinstance(parts, list)
    return [part for part in parts if isinstance(part, Message)]


@lru_cache
def _account() -> str:
    """Make one account for all tests: its key takes a while."""
    with TemporaryDirectory() as folder:
        return service_account_file(Path(folder), "http://127.0.0.1").read_text("ascii")


@contextmanager
def running(config: SandboxConfig) -> Iterator[Ports]:
    """Run the networks in a thread of their own."""
    config.folder.mkdir(parents=True, exist_ok=True)
    account = config.folder / "service-account.json"
    if not account.exists():
        account.write_text(_account(), encoding="ascii")
    loop = asyncio.new_event_loop()
    ready: list[Ports] = []
    faults: list[BaseException] = []
    started = threading.Event()
    stop = asyncio.Event()

    async def serve() -> None:
        try:
            async with open_sandbox(config) as ports:
                ready.append(ports)
                started.set()
                await stop.wait()
        except BaseException as fault:
            faults.append(fault)
            raise
        finally:
            started.set()

    thread = threading.Thread(target=loop.run_until_complete, args=[serve()])
    thread.start()
    started.wait(30)
    if faults:
        thread.join()
        loop.close()
        raise faults[0]
    try:
        yield ready[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(30)
        loop.close()


@dataclass(frozen=True, kw_only=True, slots=True)
class Post:
    """A request that a receiver got."""

    url: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Receiver:
    """An HTTP server that keeps what is posted to it."""

    url: str
    posts: list[Post] = field(default_factory=list)


@contextmanager
def receiving(port: int = 0) -> Iterator[Receiver]:
    """Run an HTTP receiver."""
    posts: list[Post] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            url = f"http://{self.headers['Host']}{self.path}"
            posts.append(Post(url=url, headers=dict(self.headers.items()), body=body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

    with Server(("127.0.0.1", port), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        try:
            yield Receiver(url=f"http://127.0.0.1:{server.server_port}", posts=posts)
        finally:
            server.shutdown()
            thread.join()


@dataclass(frozen=True, kw_only=True, slots=True)
class Mailbox:
    """An SMTP server that keeps what it is brought."""

    port: int
    mails: list[Envelope]


class _Keeper:
    def __init__(self) -> None:
        self.mails: list[Envelope] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  (the name that the library calls)
        self.mails.append(envelope)
        return "250 2.0.0 Ok"


@contextmanager
def mailbox(port: int) -> Iterator[Mailbox]:
    """Run an SMTP receiver at a port."""
    keeper = _Keeper()
    controller = Controller(keeper, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield Mailbox(port=port, mails=keeper.mails)
    finally:
        controller.stop()
