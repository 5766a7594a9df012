"""HTTP servers on loopback that follow a script, octet for octet, and what asks them."""

import asyncio
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from broadcaster.providers import _wire_request
from broadcaster.providers._http import Answer, HttpFaultError
from broadcaster.providers._wire import Wire
from broadcaster.providers._wire_exchange import Exchange
from broadcaster.providers._wire_request import Origin

OK = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok"


class Link:
    """One connection, as the server sees it."""

    def __init__(
        self, server: "Scripted", reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._server = server
        self._reader = reader
        self._writer = writer

    async def read(self, count: int) -> bytes:
        """Read so many octets of what comes; fewer at its end."""
        octets = b""
        while len(octets) < count and (more := await self._reader.read(count - len(octets))):
            octets += more
        self._server.octets += len(octets)
        return octets

    async def request(self) -> bytes:
        """Read a whole request, and keep it; empty when the connection ends instead."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            octet = await self.read(1)
            if not octet:
                return b""
            head += octet
        lengths = [
            int(line.partition(b":")[2])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length:")
        ]
        request = head + await self.read(lengths[0])
        self._server.requests.append(request)
        return request

    async def say(self, octets: bytes) -> None:
        """Say something, if the other end still listens."""
        self._writer.write(octets)
        await self._writer.drain()

    async def answer(self, octets: bytes = OK) -> bytes:
        """Read a request and answer it."""
        request = await self.request()
        if request:
            await self.say(octets)
        return request

    def reset(self) -> None:
        """End with a reset, which throws away what is under way."""
        bound = self._writer.get_extra_info("socket")
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    async def hang(self) -> None:
        """Say nothing, until the other end has had enough."""
        await self._reader.read()

    async def forever(self, octets: bytes) -> None:
        """Say the same until the other end has had enough."""
        while True:
            await self.say(octets)
            # The other end lives on the same loop.
            await asyncio.sleep(0)


Script = Callable[[Link], Awaitable[None]]


async def answers(link: Link) -> None:
    """Answer every request."""
    while await link.answer():
        pass


class Scripted:
    """Serves each connection by its script, in order; the last script serves all further ones."""

    def __init__(self, *scripts: Script, tls: ssl.SSLContext | None = None) -> None:
        self._scripts = scripts or (answers,)
        self._tls = tls
        self._tasks: set[asyncio.Task[None]] = set()
        self.requests: list[bytes] = []
        self.octets = self.connections = self.open = self.most = 0
        self.port = 0
        #: Set whenever a script has ended and its connection is closed.
        self.ended = asyncio.Event()

    @property
    def origin(self) -> Origin:
        """Where it listens."""
        return Origin("http", "127.0.0.1", self.port)

    async def __aenter__(self) -> Self:
        """Listen on a free port of loopback."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self._tls)
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
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        script = self._scripts[min(self.connections, len(self._scripts) - 1)]
        self.connections += 1
        task = asyncio.ensure_future(self._serve(script, Link(self, reader, writer), writer))
        self._tasks.add(task)

    async def _serve(self, script: Script, link: Link, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        self.most = max(self.most, self.open)
        try:
            await script(link)
        except (ConnectionError, TimeoutError):
            pass
        finally:
            self.open -= 1
            if not writer.transport.is_closing():
                writer.close()
            self.ended.set()


class Ask(Exchange):
    """A request whose fate is kept: each method that was called, in order."""

    __slots__ = ("fate", "leaves", "octets")

    def __init__(self, origin: Origin, number: int = 0, *, body: bytes = b"body") -> None:
        super().__init__(origin)
        begun = _wire_request.head("POST", origin, f"/{number}", {})
        self.octets = _wire_request.with_body(begun, body)
        self.leaves = True
        self.fate: list[Answer | HttpFaultError | str] = []

    def request(self) -> bytes | None:
        return self.octets if self.leaves else None

    def answered(self, answer: Answer) -> None:
        self.fate.append(answer)

    def failed(self, fault: HttpFaultError) -> None:
        self.fate.append(fault)

    def broken(self, *, written: bool) -> None:
        self.fate.append(f"broken, written: {written}")

    @property
    def answer(self) -> Answer:
        """The answer, which there must be."""
        (fate,) = self.fate
        assert isinstance(fate, Answer), fate
        return fate

    @property
    def fault(self) -> HttpFaultError:
        """The fault, which there must be."""
        (fate,) = self.fate
        assert isinstance(fate, HttpFaultError), fate
        return fate


async def until(holds: Callable[[], object]) -> None:
    """Let both ends go on until something holds."""
    while not holds():  # noqa: ASYNC110  (many things can hold; none of them is an event)
        await asyncio.sleep(0)


def asked(
    *scripts: Script,
    ask: Callable[[Scripted, Wire], Awaitable[None]],
    timeout: float = 5,
    concurrency: int = 4,
) -> Scripted:
    """Run a scene with a server and a client."""

    async def scene() -> Scripted:
        async with Scripted(*scripts) as server:
            wire = Wire(timeout=timeout, concurrency=concurrency)
            try:
                await ask(server, wire)
            finally:
                await wire.aclose()
            return server

    return asyncio.run(scene())


def one(*scripts: Script, timeout: float = 5, body: bytes = b"body") -> tuple[Ask, Scripted]:
    """Ask once."""
    asks: list[Ask] = []

    async def ask(server: Scripted, wire: Wire) -> None:
        asks.append(Ask(server.origin, body=body))
        await wire.run(asks)

    server = asked(*scripts, ask=ask, timeout=timeout)
    return asks[0], server
