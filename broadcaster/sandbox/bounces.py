"""Brings DSNs to where the sender receives them, by SMTP over a kept connection."""

import asyncio

from broadcaster.sandbox import dsn
from broadcaster.sandbox.record import Line

_TIMEOUT = 15.0
_FIRST_WAIT, _LONGEST_WAIT = 0.2, 5.0
_MOST_DEFERRALS = 10
#: Replies from here on are transient, and permanent, failures (RFC 5321, 4.2.1).
_DEFERRED, _REFUSED = 400, 500
#: The host closes the connection (RFC 5321, 3.8).
_CLOSING = 421
_LONGEST_REPLY = 100

_Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Bounces:
    """One connection; while nobody listens, reports wait, as in any mail host's queue."""

    def __init__(self, host: str, port: int) -> None:
        """Connect when there is something to bring."""
        self._host, self._port = host, port
        self._streams: _Streams | None = None

    async def bring(self, line: Line, step: int) -> str:
        """Bring one report; `sent`, `refused` or, after many deferrals, `given up`.

        The return path is empty (RFC 5321, 4.5.5): a report about a report must never arise.
        """
        message = dsn.build(line, step)
        wait, deferrals = _FIRST_WAIT, 0
        while deferrals < _MOST_DEFERRALS:
            try:
                async with asyncio.timeout(_TIMEOUT):
                    reply = await self._transact(line["sender"], message)
            except (OSError, TimeoutError, EOFError, ValueError, asyncio.LimitOverrunError):
                self._drop()
            else:
                if reply < _DEFERRED:
                    return "sent"
                if reply >= _REFUSED:
                    return "refused"
                deferrals += 1
            await asyncio.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT)
        return "given up"

    async def _transact(self, recipient: str, message: bytes) -> int:
        """Give the reply that decides: of the first command refused, else of the final dot."""
        streams = self._streams or await self._connect()
        utf8 = "" if recipient.isascii() else " SMTPUTF8"
        for command in (f"MAIL FROM:<>{utf8}", f"RCPT TO:<{recipient}>", "DATA"):
            code = await _command(streams, command.encode())
            if code >= _DEFERRED:
                await _command(streams, b"RSET")
                return code
        stuffed = (b"\r\n" + message).replace(b"\r\n.", b"\r\n..")[2:]
        return await _command(streams, stuffed + b".")

    async def _connect(self) -> _Streams:
        streams = await asyncio.open_connection(self._host, self._port)
        self._streams = streams
        await _reply(streams)
        if await _command(streams, f"EHLO {dsn.HOST}".encode()) >= _DEFERRED:
            raise ConnectionRefusedError
        return streams

    def _drop(self) -> None:
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None

    def close(self) -> None:
        """Close the connection."""
        self._drop()


async def _command(streams: _Streams, command: bytes) -> int:
    streams[1].write(command + b"\r\n")
    await streams[1].drain()
    return await _reply(streams)


async def _reply(streams: _Streams) -> int:
    for _ in range(_LONGEST_REPLY):
        text = await streams[0].readuntil(b"\r\n")
        if text[3:4] != b"-":
            code = int(text[:3])
            if code == _CLOSING:
                raise ConnectionResetError
            return code
    raise ConnectionAbortedError
