"""Small real servers on loopback that behave as networks do, well or badly, for provider tests."""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from aiohttp import web

from broadcaster.channels.base import MessageComposer
from broadcaster.domain.options import Options
from broadcaster.ports import Context
from tests.fakes import FakeClock

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def context(clock: FakeClock | None = None) -> Context:
    """Build what a provider's file is given."""
    return Context(
        composer=MessageComposer(),
        clock=clock or FakeClock(),
        public_url="https://hooks.example.test",
        signing_key=b"k" * 32,
        user_agent="Broadcaster/test",
    )


def options(name: str, **values: object) -> Options:
    """Build a provider's options."""
    prefix = f"BROADCASTER_{name.upper()}_"
    return Options(prefix, {prefix + key: str(value) for key, value in values.items()})


@dataclass
class HttpCall:
    """A request as it was received."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


class HttpNetwork:
    """A web service whose answer can be changed; it keeps what it received."""

    def __init__(self, answer: Handler | None = None) -> None:
        """Answer as told, or with 204."""
        self.answer: Handler = answer or replies(204)
        self.calls: list[HttpCall] = []
        self.busy = self.busiest = 0
        self.port = 0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        """Listen on a free port of loopback."""
        application = web.Application()
        application.router.add_route("*", "/{tail:.*}", self._handle)
        self._runner = web.AppRunner(application, handler_cancellation=True, shutdown_timeout=0.05)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop at once."""
        await self._runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.busy += 1
        self.busiest = max(self.busiest, self.busy)
        try:
            self.calls.append(
                HttpCall(
                    method=request.method,
                    path=request.path,
                    query=dict(request.query),
                    headers=dict(request.headers),
                    body=await request.read(),
                )
            )
            return await self.answer(request)
        finally:
            self.busy -= 1


def replies(status: int, value: object = None, headers: Mapping[str, str] | None = None) -> Handler:
    """Answer always with this; a text or bytes as they are, all else as JSON."""

    async def answer(_request: web.Request) -> web.StreamResponse:
        if isinstance(value, bytes):
            return web.Response(status=status, body=value, headers=headers)
        text = value if isinstance(value, str) else json.dumps(value)
        return web.Response(status=status, text=text, headers=headers)

    return answer


async def hangs(_request: web.Request) -> web.StreamResponse:
    """Never answer."""
    await asyncio.Event().wait()
    raise AssertionError


async def cuts(request: web.Request) -> web.StreamResponse:
    """Cut the connection after the request was read."""
    assert request.transport is not None
    request.transport.abort()
    raise ConnectionError


async def babbles(request: web.Request) -> web.StreamResponse:
    """Answer with what is no HTTP."""
    transport = request.transport
    assert isinstance(transport, asyncio.Transport)
    transport.write(b"\x00\xff what?\r\n\r\n")
    transport.close()
    raise ConnectionError


#: Instead of a reply line: close the connection, say nothing.
CUT, HANG = "CUT", "HANG"


@dataclass
class SmtpNetwork:
    """A mail relay whose every reply can be changed; it keeps what it received.

    `replies` maps GREETING, EHLO, MAIL, RCPT, DATA, CONTENT (after the final dot), AUTH or RSET to
    a reply, or to a list of replies for one time each, of which the last stays.
    """

    replies: dict[str, str | list[str]] = field(default_factory=dict)
    extensions: tuple[str, ...] = ("SIZE 1000000", "8BITMIME", "ENHANCEDSTATUSCODES")
    commands: list[str] = field(default_factory=list)
    mails: list[bytes] = field(default_factory=list)
    connections: int = 0
    busy: int = 0
    busiest: int = 0
    port: int = 0

    _PLAIN = (
        ("GREETING", "220 relay.test ESMTP"),
        ("MAIL", "250 2.1.0 Ok"),
        ("RCPT", "250 2.1.5 Ok"),
        ("DATA", "354 go ahead"),
        ("CONTENT", "250 2.0.0 Ok: queued"),
        ("AUTH", "235 2.7.0 Ok"),
        ("RSET", "250 2.0.0 Ok"),
        ("QUIT", "221 2.0.0 Bye"),
    )

    async def __aenter__(self) -> Self:
        """Listen on a free port of loopback."""
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop at once."""
        self._server.close()
        self.drop()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def drop(self) -> None:
        """Close all open connections."""
        for writer in self._writers:
            writer.close()
        for task in self._tasks:
            task.cancel()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.busy += 1
        self.busiest = max(self.busiest, self.busy)
        try:
            await self._say(writer, "GREETING")
            while line := (await reader.readline()).decode("utf-8"):
                self.commands.append(line.strip())
                verb = line.split()[0].upper()
                await self._say(writer, verb)
                if verb == "DATA" and self._last.startswith("354"):
                    self.mails.append(await _content(reader))
                    await self._say(writer, "CONTENT")
                if verb == "QUIT":
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.busy -= 1
            self._writers.discard(writer)
            writer.close()

    async def _say(self, writer: asyncio.StreamWriter, what: str) -> None:
        reply = self._reply(what)
        self._last = reply
        if reply == HANG:
            await asyncio.Event().wait()
        if reply == CUT:
            raise ConnectionError
        writer.write(reply.encode() + b"\r\n")
        await writer.drain()

    def _reply(self, what: str) -> str:
        given = self.replies.get(what)
        if isinstance(given, list):
            return given.pop(0) if len(given) > 1 else given[0]
        if given is not None:
            return given
        if what in {"EHLO", "HELO"}:
            lines = ("relay.test", *self.extensions)
            return "\r\n".join(
                f"250{' ' if index == len(lines) - 1 else '-'}{line}"
                for index, line in enumerate(lines)
            )
        return dict(self._PLAIN).get(what, "502 5.5.2 what?")


async def _content(reader: asyncio.StreamReader) -> bytes:
    """Read a mail up to the final dot, and take the doubled dots away."""
    lines = []
    while (line := await reader.readuntil(b"\r\n")) != b".\r\n":
        lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
    return b"".join(lines)


def basic(user: str, password: str) -> str:
    """Give the header of HTTP's basic authentication."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


async def unused_port() -> int:
    """Give a port of loopback on which nobody listens."""
    server = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port
