"""The wire to a relay: opened, greeted, encrypted and logged in over, and closed."""

import asyncio
from typing import cast

from broadcaster.providers._relay import Relay
from broadcaster.providers._smtp_offers import Offers
from broadcaster.providers._smtp_opening import Say, Wait, opening
from broadcaster.providers._smtp_replies import BadReplyError, Replies, Reply

#: Octets that are read in one go.
_BUFFER = 1 << 13


class Wire(asyncio.BufferedProtocol):
    """A connection up to its first mail."""

    def __init__(self, relay: Relay) -> None:
        """Nothing is connected yet."""
        self._relay = relay
        self._loop = asyncio.get_running_loop()
        self._replies = Replies()
        self._buffer = memoryview(bytearray(_BUFFER))
        self._transport: asyncio.Transport | None = None
        # The greeting may come before anybody can wait for it.
        self._awaited: asyncio.Future[Reply | None] = self._loop.create_future()
        #: Why it ended; None while it has not.
        self._cause: Exception | None = None
        self.offers = Offers()
        #: When it was begun, on the event loop's clock.
        self.since = self._loop.time()
        #: Set when its socket is closed.
        self.closed: asyncio.Future[None] = self._loop.create_future()

    async def open(self) -> None:
        """Connect, greet, encrypt, log in; then `offers` is known.

        OSError, TimeoutError and BadReplyError when that fails, RefusedError when the relay does
        not want us; the connection is closed then.
        """
        relay, direct = self._relay, self._relay.tls == "tls"
        try:
            async with asyncio.timeout(relay.timeout):
                await self._loop.create_connection(
                    lambda: self,
                    relay.host,
                    relay.port,
                    ssl=relay.context if direct else None,
                    server_hostname=relay.host if direct else None,
                )
            self.offers = await self._greet()
        except BaseException:
            self.abort()
            raise

    def abort(self) -> None:
        """Close at once."""
        self.end(ConnectionAbortedError())
        if self._transport is not None:
            self._transport.abort()
        elif not self.closed.done():
            self.closed.set_result(None)

    def end(self, cause: Exception, *, polite: bool = False) -> None:
        """Say and hear nothing more; close at once unless that is done politely."""
        if self._cause is not None:
            return
        self._cause = cause
        if not self._awaited.done():
            self._awaited.set_result(None)
        if self._transport is not None and not polite:
            self._transport.abort()

    def hear(self, data: bytes) -> None:
        """Hear the reply to the one thing that was said; what comes with it was not asked for.

        A reply in the clear behind the one to STARTTLS is an attempt to speak as the relay
        (CVE-2011-0411 and its like).
        """
        try:
            for reply in self._replies.feed(data):
                self._answer(reply)
        except BadReplyError as error:
            self.end(error)
        else:
            if self._awaited.done() and self._replies.partial:
                self.end(BadReplyError("reply before its turn"))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what we write to."""
        # That of uvloop is none by its class, only by what it does.
        self._transport = cast("asyncio.Transport", transport)
        if self._cause is not None:
            self._transport.abort()

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002  (asyncio's own signature)
        """Give the same small buffer each time: a large new one costs more than what it is for."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Hear what came, or close at the answer to QUIT."""
        if self._cause is None:
            self.hear(bytes(self._buffer[:nbytes]))
        elif self._transport is not None:
            self._transport.close()

    def eof_received(self) -> None:
        """End with the relay: one that says no more can't answer, even if it still reads."""
        self.end(ConnectionResetError())

    def connection_lost(self, exc: Exception | None) -> None:
        """End with the socket."""
        self.end(exc or ConnectionResetError())
        if not self.closed.done():
            self.closed.set_result(None)

    async def _greet(self) -> Offers:
        conversation = opening(self._relay)
        try:
            step = next(conversation)
            while True:
                async with asyncio.timeout(self._relay.timeout):
                    reply = await self._take(step)
                if self._cause is not None:
                    raise self._cause
                step = conversation.send(reply)
        except StopIteration as end:
            offers: Offers = end.value
            return offers

    async def _take(self, step: Say | Wait) -> Reply | None:
        """Take one step of the opening."""
        if self._transport is None:
            raise ConnectionResetError
        if step is Wait.ENCRYPTION:
            if self._relay.context is None:
                raise BadReplyError("no TLS is set up")
            self._transport = await self._loop.start_tls(
                self._transport, self, self._relay.context, server_hostname=self._relay.host
            )
            return None
        if isinstance(step, Say):
            if self._cause is None:
                self._awaited = self._loop.create_future()
            self._transport.write(step.line)
        return await self._awaited

    def _answer(self, reply: Reply) -> None:
        if self._awaited.done():
            raise BadReplyError("reply before its turn")
        self._awaited.set_result(reply)
