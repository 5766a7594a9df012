"""A small HTTP/1.1 client for handing over messages at the speed of the wire.

Connections are kept per origin and bounded over all; each has one request in flight (after a cut,
several would all be in doubt). No redirects, cookies, proxies or repeats: one request is one
request, and of every one that fails it is known whether any of it was handed to the network.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence

from aiohappyeyeballs import start_connection

from broadcaster.providers._http import Answer, HttpFaultError, NoAnswerError, NotSentError
from broadcaster.providers._wire_connection import Connection
from broadcaster.providers._wire_exchange import Ends, Exchange
from broadcaster.providers._wire_pool import Pool
from broadcaster.providers._wire_request import Origin

#: As `socket.getaddrinfo` gives it.
Place = tuple[int, int, int, str, tuple[str, int] | tuple[str, int, int, int]]
Resolve = Callable[[str, int], Awaitable[Sequence[Place]]]

#: After so long the next address of a name is tried beside the first (RFC 8305), seconds.
_NEXT_ADDRESS = 0.25
#: How long closing politely may take, seconds.
_FAREWELL = 1.0


class TakenBackError(Exception):
    """The request was taken back just before it would have left."""


async def resolve(host: str, port: int) -> Sequence[Place]:
    """Look a name up, or read an address; OSError."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return await asyncio.get_running_loop().getaddrinfo(  # type: ignore[return-value]  # (the stub allows more families)
            host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
        )
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET  # noqa: PLR2004  (IPv6)
    return [(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port))]


class Wire:
    """A client for one provider; connections are kept until `aclose`."""

    def __init__(self, *, timeout: float, concurrency: int, resolve: Resolve = resolve) -> None:
        """Connect to nothing yet.

        `timeout` bounds connecting, and each answer, in seconds; `concurrency` the connections.
        `resolve` looks names up, and may refuse what it finds.
        """
        self._timeout = timeout
        self._most = concurrency
        self._resolve = resolve
        self._pools: dict[Origin, Pool] = {}
        self._lacking: dict[Pool, None] = {}
        self._places = 0
        self._tls: ssl.SSLContext | None = None

    async def run(self, exchanges: Sequence[Exchange]) -> None:
        """Carry out exchanges, as many at once as there are connections; ends with the last.

        When it is cancelled, what was written fails with NoAnswerError and the rest, which never
        left, with NotSentError.
        """
        if not exchanges:
            return
        ends = Ends(len(exchanges))
        count_down = ends.count_down
        for exchange in exchanges:
            exchange.on_end = count_down
        try:
            self._put(exchanges)
            await ends.done
        finally:
            left = [exchange for exchange in exchanges if not exchange.ended]
            for exchange in left:
                exchange.give_up("CancelledError")
            if left:
                for pool in self._pools.values():
                    pool.forget()

    async def ask(
        self, origin: Origin, octets: bytes, leaving: Callable[[], bool] = lambda: True
    ) -> Answer:
        """Ask once; NotSentError, NoAnswerError, or TakenBackError when `leaving` says no."""
        call = _Call(origin, octets, leaving)
        await self.run([call])
        if isinstance(call.outcome, Answer):
            return call.outcome
        raise call.outcome

    async def aclose(self) -> None:
        """Close kept connections; what is under way gets no answer."""
        pools, self._pools, self._lacking = list(self._pools.values()), {}, {}
        closing: list[Connection] = []
        for pool in pools:
            pool.fail("Closed")
            for task in pool.openings:
                task.cancel()
            for connection in list(pool.connections):
                closing.append(connection)
                if connection.busy:
                    connection.drop("Closed")
                else:
                    connection.close()
        openings = [task for pool in pools for task in pool.openings]
        await asyncio.gather(*openings, return_exceptions=True)
        if closing:
            await asyncio.wait([one.closed for one in closing], timeout=_FAREWELL)
        for connection in closing:
            connection.drop("Closed")
            await connection.closed

    def allows(self, pool: Pool) -> bool:
        """Take the place of one more connection; else note who lacks one."""
        if self._places < self._most:
            self._places += 1
            return True
        others = [other for other in self._pools.values() if other is not pool]
        if others:
            # Its place is free when the idle one of another origin has closed.
            self._lacking[pool] = None
            any(other.shrink() for other in others)
        return False

    def returned(self, pool: Pool) -> None:
        """Hear that a place is free again."""
        self._places -= 1
        if not pool.size and not pool.queue and self._pools.get(pool.origin) is pool:
            del self._pools[pool.origin]
        while self._lacking and self._places < self._most:
            lacking = next(iter(self._lacking))
            del self._lacking[lacking]
            lacking.grow()

    def cedes(self, pool: Pool) -> bool:
        """Tell whether a connection of this origin is to make room for one of another."""
        if not self._lacking:
            return False
        for lacking in list(self._lacking):
            if not lacking.queue:
                del self._lacking[lacking]
            elif lacking is not pool and (not pool.queue or pool.size > lacking.size + 1):
                return True
        return False

    def _put(self, exchanges: Sequence[Exchange]) -> None:
        # One look for all that go to the same origin, one after the other.
        pool: Pool | None = None
        for exchange in exchanges:
            if pool is None or exchange.origin is not pool.origin:
                former, pool = pool, self._pool(exchange.origin)
                if former is not None and former is not pool:
                    former.grow()
            pool.put(exchange)
        if pool is not None:
            pool.grow()

    def _pool(self, origin: Origin) -> Pool:
        pool = self._pools.get(origin)
        if pool is None:
            pool = self._pools[origin] = Pool(origin, self, self._timeout, self._open)
        return pool

    async def _open(self, origin: Origin, connection: Connection) -> None:
        """Connect; OSError (also of TLS)."""
        loop = asyncio.get_running_loop()
        places = await self._resolve(origin.host, origin.port)
        bound = await start_connection(places, happy_eyeballs_delay=_NEXT_ADDRESS, loop=loop)
        if origin.scheme == "https":
            await loop.create_connection(
                lambda: connection,
                sock=bound,
                ssl=self._context(),
                server_hostname=origin.host,
                ssl_shutdown_timeout=_FAREWELL,
            )
        else:
            await loop.create_connection(lambda: connection, sock=bound)

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            # Verifies names and chains against the system's authorities, or SSL_CERT_FILE.
            self._tls = ssl.create_default_context()
            self._tls.set_alpn_protocols(["http/1.1"])
        return self._tls


class _Call(Exchange):
    """A request whose octets are known, for one who waits."""

    __slots__ = ("_leaving", "_octets", "outcome")

    def __init__(self, origin: Origin, octets: bytes, leaving: Callable[[], bool]) -> None:
        super().__init__(origin)
        self._octets = octets
        self._leaving = leaving
        self.outcome: Answer | Exception = TakenBackError()

    def request(self) -> bytes | None:
        return self._octets if self._leaving() else None

    def answered(self, answer: Answer) -> None:
        self.outcome = answer

    def failed(self, fault: HttpFaultError) -> None:
        self.outcome = fault

    def broken(self, *, written: bool) -> None:
        self.outcome = NoAnswerError("Fault") if written else NotSentError("Fault")
