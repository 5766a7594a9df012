"""The connections to one origin, and the requests that wait for one."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from math import inf
from typing import Protocol

from broadcaster.providers._http import NotSentError
from broadcaster.providers._wire_connection import Connection
from broadcaster.providers._wire_exchange import Exchange
from broadcaster.providers._wire_request import Origin

#: After a connection was refused, no more are tried beside others for so long, seconds.
_HOLD = 1.0

Open = Callable[[Origin, Connection], Awaitable[None]]


class Bound(Protocol):
    """Who bounds the connections of all origins together."""

    def allows(self, pool: "Pool") -> bool:
        """Take the place of one more connection; else note who lacks one."""
        ...

    def returned(self, pool: "Pool") -> None:
        """Hear that a place is free again."""
        ...

    def cedes(self, pool: "Pool") -> bool:
        """Tell whether a connection of this origin is to make room for one of another."""
        ...


class Pool:
    """The connections to one origin; `open_` connects, or raises OSError or TimeoutError."""

    def __init__(self, origin: Origin, bound: Bound, timeout: float, open_: Open) -> None:
        """Nothing is connected yet."""
        self.origin = origin
        self.queue: deque[Exchange] = deque()
        self.idle: list[Connection] = []
        self.connections: set[Connection] = set()
        self.openings: set[asyncio.Task[Connection]] = set()
        self._bound = bound
        self._timeout = timeout
        self._open = open_
        self._hold = -inf

    @property
    def size(self) -> int:
        """How many connections there are, or soon will be."""
        return len(self.connections) + len(self.openings)

    def put(self, exchange: Exchange) -> None:
        """Send at once over an idle connection, or as soon as one is free.

        After the last of several, `grow` opens what they lack.
        """
        while self.idle:
            connection = self.idle.pop()
            if not connection.is_fresh():
                connection.drop("Stale")
            elif connection.carry(exchange):
                return
            else:
                self._rest(connection)
                return
        self.queue.append(exchange)

    def grow(self) -> None:
        """Open connections for those that wait, as many as are allowed."""
        if self.size and asyncio.get_running_loop().time() < self._hold:
            return
        while len(self.openings) < len(self.queue) and self._bound.allows(self):
            task = asyncio.ensure_future(self._connect())
            self.openings.add(task)
            task.add_done_callback(self._connected)

    def shrink(self) -> bool:
        """Close an idle connection; False when there is none."""
        if not self.idle:
            return False
        self.idle.pop().close()
        return True

    def free(self, connection: Connection) -> None:
        """Give a connection the next request, or let it rest."""
        while self.queue:
            if self._bound.cedes(self):
                connection.close()
                return
            if not connection.is_fresh():
                connection.drop("Stale")
                return
            exchange = self.queue.popleft()
            if not exchange.ended and connection.carry(exchange):
                return
        if self._bound.cedes(self):
            connection.close()
        else:
            self._rest(connection)

    def gone(self, connection: Connection) -> None:
        """Forget a closed connection."""
        if connection in self.idle:
            self.idle.remove(connection)
        if connection in self.connections:
            self.connections.remove(connection)
            self._bound.returned(self)
            self.grow()

    def forget(self) -> None:
        """Drop those that have ended while they waited."""
        self.queue = deque(exchange for exchange in self.queue if not exchange.ended)

    def fail(self, fault: str) -> None:
        """End all that wait: nothing of them left."""
        waiting, self.queue = self.queue, deque()
        for exchange in waiting:
            exchange.settle(NotSentError(fault))

    def _rest(self, connection: Connection) -> None:
        self.idle.append(connection)
        connection.rest()

    async def _connect(self) -> Connection:
        connection = Connection(self, self._timeout, asyncio.get_running_loop())
        async with asyncio.timeout(self._timeout):
            await self._open(self.origin, connection)
        return connection

    def _connected(self, task: asyncio.Task[Connection]) -> None:
        self.openings.discard(task)
        fault = "Disconnected"
        if task.cancelled():
            fault = "Closed"
        elif (error := task.exception()) is not None:
            fault = type(error).__name__
        elif (connection := task.result()).is_fresh():
            self.connections.add(connection)
            self.free(connection)
            return
        else:
            connection.drop(fault)
        # Those that are open serve on; trying for more at once would be refused at once.
        self._hold = task.get_loop().time() + _HOLD
        if not self.size:
            # The last hope of all that wait: each trying by itself would only take longer.
            self.fail(fault)
        self._bound.returned(self)
