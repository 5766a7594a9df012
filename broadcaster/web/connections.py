"""What a connection may cost before anybody has read a request: octets of a head, and time for it.

The server's own protocol reads heads of any length, and waits for them for ever.
"""

import asyncio
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

#: The most octets of a request's head, and how long one may take to come, seconds.
HEAD, PATIENCE = 16 * 1024, 10.0


class BoundedProtocol(HttpToolsProtocol):
    """The server's protocol with bounds: 400 for a head that is too long, the end for a slow one.

    To be given to `uvicorn.Config(http=…)`; `most` and `patience` are for all connections.
    """

    most, patience = HEAD, PATIENCE

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  (as the server gives)
        """Nothing has come yet."""
        super().__init__(*args, **kwargs)
        self._known = self._fed = 0
        self._waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request, and not for long."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._end_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on; 400 when what has come of a head is too long, and still no end of it."""
        super().data_received(data)
        if self._waiting is not None and self.parser is not None:
            self._fed += len(data)
            # What one piece holds before a head begins may belong to the body before it.
            if self._fed > self.most + len(data) and not self.transport.is_closing():
                self.send_400_response("The head of the request is too long.")

    def on_message_begin(self) -> None:
        """Begin to count."""
        super().on_message_begin()
        self._known = self._fed = 0
        if self._waiting is None:
            self._wait()

    def on_url(self, url: bytes) -> None:
        """Count, and refuse what is too long."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count, and refuse what is too long."""
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is whole: what comes now is waited for by who reads it."""
        self._end_waiting()
        super().on_headers_complete()

    def _count(self, octets: int) -> None:
        self._known += octets
        if self._known > self.most:
            raise httptools.HttpParserError

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(self.patience, self._give_up)

    def _end_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _give_up(self) -> None:
        self._waiting = None
        if not self.transport.is_closing():
            self.transport.close()
