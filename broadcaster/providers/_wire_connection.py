"""One kept connection: one request in flight, a limit on the wait, and no doubt about what left."""

import asyncio
import select
from math import inf
from typing import Protocol, cast

from broadcaster.providers._http import Answer, HttpFaultError, NoAnswerError, NotSentError
from broadcaster.providers._wire_answer import AnswerReader, MalformedError
from broadcaster.providers._wire_exchange import Exchange

#: Connections are closed when idle for so long, seconds: before services close theirs.
_KEEP = 10.0

_BUFFER = 16 * 1024

#: What a connection says when its other end is gone, or speaks unasked. Where the system can't
#: tell an end from octets (macOS), octets are taken for an end: nobody should speak unasked.
_GONE = getattr(select, "POLLRDHUP", 0) or select.POLLIN


class Home(Protocol):
    """Where a connection comes from, and finds its next request."""

    def free(self, connection: "Connection") -> None:
        """Hear that a connection may carry another request."""
        ...

    def gone(self, connection: "Connection") -> None:
        """Hear that a connection is closed."""
        ...


class Connection(asyncio.BufferedProtocol):
    """One kept connection to an origin; `timeout` bounds an answer, in seconds."""

    def __init__(self, home: Home, timeout: float, loop: asyncio.AbstractEventLoop) -> None:
        """It is not open yet."""
        self._home = home
        self._timeout = timeout
        self._loop = loop
        self._reader = AnswerReader()
        self._buffer = memoryview(bytearray(_BUFFER))
        self._exchange: Exchange | None = None
        self._deadline = inf
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None
        self._poll = select.poll()
        self.closed: asyncio.Future[None] = loop.create_future()

    @property
    def busy(self) -> bool:
        """Whether a request is under way."""
        return self._exchange is not None

    def carry(self, exchange: Exchange) -> bool:
        """Write a request; False when it ended without."""
        transport = self._transport
        if transport is None:
            exchange.settle(NotSentError("Disconnected"))
            return False
        octets = exchange.begin()
        if octets is None:
            return False
        self._exchange = exchange
        exchange.carrier = self
        self._wait(self._timeout)
        transport.write(octets)
        return True

    def is_fresh(self) -> bool:
        """Tell whether the other end still listens, as far as can be known here.

        Asks the system, which may know more than the loop has had time to tell; so that the only
        requests which meet a closed end are those whose closing is still under way.
        """
        transport = self._transport
        return transport is not None and not transport.is_closing() and not self._poll.poll(0)

    def rest(self) -> None:
        """Wait idle for the next request, for a while."""
        self._wait(min(_KEEP, self._reader.keep))

    def close(self) -> None:
        """Close politely; only when idle."""
        if self._transport is not None:
            self._transport.close()

    def drop(self, fault: str) -> None:
        """Cut at once; what is under way has no answer."""
        self._end(NoAnswerError(fault))
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be open."""
        self._transport = cast("asyncio.Transport", transport)
        self._poll.register(transport.get_extra_info("socket").fileno(), _GONE)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Give room for what comes; of its own, as some loops fill it while others are read."""
        del sizehint
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Read what came."""
        if self._exchange is None:
            # Nobody was asked: whatever it is, it must not be taken for the next answer.
            self.drop("Unasked")
            return
        try:
            answer = self._reader.feed(bytes(self._buffer[:nbytes]))
        except MalformedError as error:
            self.drop(str(error))
            return
        if answer is not None:
            self._finish(answer)

    def eof_received(self) -> bool:
        """Take the end of the connection for that of the answer, where it is framed so."""
        answer = None if self._exchange is None else self._reader.ended()
        if answer is not None:
            self._finish(answer)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Be closed."""
        self._end(NoAnswerError("Disconnected" if exc is None else type(exc).__name__))
        self._transport = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self.closed.done():
            self.closed.set_result(None)
        self._home.gone(self)

    def _finish(self, answer: Answer) -> None:
        exchange, self._exchange = self._exchange, None
        transport = self._transport
        self._deadline = inf
        if exchange is None or transport is None:
            return
        keeps = self._reader.keeps
        if transport.get_write_buffer_size():
            # It answered before it heard all: what it would make of the rest is unknown.
            keeps = False
            transport.abort()
        elif not keeps:
            transport.close()
        exchange.settle(answer)
        if keeps and not transport.is_closing():
            self._home.free(self)

    def _end(self, fault: HttpFaultError) -> None:
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.settle(fault)

    def _wait(self, seconds: float) -> None:
        """Set the limit; one timer serves many requests, as most end long before theirs."""
        self._deadline = self._loop.time() + seconds
        if self._timer is None or self._timer.when() > self._deadline:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_at(self._deadline, self._check)

    def _check(self) -> None:
        self._timer = None
        if self._loop.time() < self._deadline:
            if self._deadline < inf:
                self._timer = self._loop.call_at(self._deadline, self._check)
        elif self._exchange is not None:
            self.drop("TimeoutError")
        else:
            self.close()
