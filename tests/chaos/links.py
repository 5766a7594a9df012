"""Links between processes that can be cut, stalled, slowed and broken half way, on loopback.

What a client has written and the link still holds is lost when the client dies, as it would be in
the client's own buffers. A network that delivers what a dead machine has sent seconds before is a
fault that no sender can guard a limit against, and is not simulated.
"""

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from types import TracebackType
from typing import Any, Self, TypeVar

_Result = TypeVar("_Result")

_CHUNK = 1 << 16
#: SO_LINGER: on, for no time; closing then resets the connection (socket(7)).
_RESET = struct.pack("ii", 1, 0)
#: How long to wait for the loop of the links, seconds.
_PATIENCE = 10.0

#: Where a link leads: a port on loopback or a path of a unix socket, asked for at each connection.
Upstream = Callable[[], int | str]


class _Pipe:
    """One connection through a link: two streams, joined."""

    def __init__(self, near: asyncio.StreamWriter, far: asyncio.StreamWriter) -> None:
        self._writers = (near, far)

    def reset(self) -> None:
        for writer in self._writers:
            sock = writer.get_extra_info("socket")
            if sock is not None and sock.family != socket.AF_UNIX:
                with suppress(OSError):
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()

    def close(self) -> None:
        for writer in self._writers:
            writer.close()


class Link:
    """A listener on loopback that leads on to a server, and what is done to it now."""

    def __init__(self, name: str, upstream: Upstream) -> None:
        """Nothing is disturbed yet."""
        self.name = name
        self.port = 0
        #: One disturbance at a time.
        self.turn = threading.Lock()
        self._upstream = upstream
        self._pipes: set[_Pipe] = set()
        self._open = asyncio.Event()
        self._open.set()
        self._refusing = False
        self._latency = 0.0
        self._halves = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen at a free port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=_CHUNK)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Listen no more, and reset what is open."""
        if self._server is not None:
            self._server.close()
        await self.cut(refusing=True)

    async def cut(self, *, refusing: bool) -> int:
        """Reset every connection, and refuse new ones from now on or not; how many were open."""
        pipes = list(self._pipes)
        self._refusing = refusing
        for pipe in pipes:
            pipe.reset()
        return len(pipes)

    async def connections(self) -> int:
        """Count the open connections."""
        return len(self._pipes)

    async def stall(self, *, stalled: bool) -> None:
        """Hold whatever comes, or let it go on."""
        if stalled:
            self._open.clear()
        else:
            self._open.set()

    async def slow(self, seconds: float) -> None:
        """Delay every transfer."""
        self._latency = seconds

    async def halve(self, transfers: int) -> None:
        """Pass on half of each of the next transfers, and reset its connection."""
        self._halves = transfers

    async def left_to_halve(self) -> int:
        """Tell how many of the transfers asked for were not met; and ask no more."""
        left, self._halves = self._halves, 0
        return left

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refusing:
            writer.transport.abort()
            return
        place = self._upstream()
        try:
            if isinstance(place, int):
                far_reader, far_writer = await asyncio.open_connection("127.0.0.1", place)
            else:
                far_reader, far_writer = await asyncio.open_unix_connection(place)
        except OSError:
            writer.transport.abort()
            return
        pipe = _Pipe(writer, far_writer)
        self._pipes.add(pipe)
        there = asyncio.create_task(self._pump(pipe, reader, far_writer, held_is_lost=True))
        back = asyncio.create_task(self._pump(pipe, far_reader, writer, held_is_lost=False))
        try:
            await asyncio.wait((there, back), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (there, back):
                task.cancel()
            self._pipes.discard(pipe)
            pipe.close()

    async def _pump(
        self,
        pipe: _Pipe,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        held_is_lost: bool,
    ) -> None:
        """Pass on what comes, until the end of it; then what is held is lost, or passed on too."""
        held: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        passing = asyncio.create_task(self._pass_on(pipe, held, writer))
        loop = asyncio.get_running_loop()
        try:
            with suppress(OSError):
                while data := await reader.read(_CHUNK):
                    held.put_nowait((loop.time() + self._latency, data))
            if not held_is_lost:
                held.put_nowait((loop.time(), b""))
                await passing
        finally:
            passing.cancel()

    async def _pass_on(
        self, pipe: _Pipe, held: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter
    ) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due, data = await held.get()
            if not data:
                return
            if due > loop.time():
                await asyncio.sleep(due - loop.time())
            await self._open.wait()
            try:
                if self._halves:
                    self._halves -= 1
                    writer.write(data[: len(data) // 2])
                    # Not reset: that would take back what was just written.
                    pipe.close()
                    return
                writer.write(data)
                await writer.drain()
            except OSError:
                return


class Links:
    """All links of a run, on an event loop of their own in a thread."""

    def __init__(self, **upstreams: Upstream) -> None:
        """Name each link, and where it leads."""
        self._links = {name: Link(name, upstream) for name, upstream in upstreams.items()}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        """Listen."""
        self._thread.start()
        for link in self._links.values():
            self.do(link.start())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close everything."""
        self.do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_PATIENCE)
        self._loop.close()

    def __getitem__(self, name: str) -> Link:
        """Give a link by its name."""
        return self._links[name]

    def do(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        """Do something on the loop, and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_PATIENCE)

    async def _end(self) -> None:
        for link in self._links.values():
            await link.stop()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # So that transports that were closed close their sockets.
        await asyncio.sleep(0)
