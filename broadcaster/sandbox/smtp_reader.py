"""Reading SMTP off a connection: command lines and message bodies, both bounded (RFC 5321)."""

import asyncio

_CHUNK = 65536
_END = b"\r\n.\r\n"


class TooLongError(Exception):
    """A line or a message was longer than allowed; it has been read over."""


class SmtpReader:
    """Keeps what a pipelining client sent ahead."""

    def __init__(self, stream: asyncio.StreamReader) -> None:
        """Read from a stream."""
        self._stream = stream
        self._buffer = bytearray()

    @property
    def ready(self) -> bool:
        """Whether another whole line is there already."""
        return b"\n" in self._buffer

    @property
    def waiting(self) -> bool:
        """Whether anything at all is there already."""
        return bool(self._buffer)

    async def line(self, limit: int) -> bytes | None:
        """Read a line without its end; None when the client has gone; TooLongError."""
        seen, long = 0, False
        while (end := self._buffer.find(b"\n", seen)) < 0:
            seen = len(self._buffer)
            if seen > limit:
                self._buffer.clear()
                seen, long = 0, True
            if not await self._more():
                return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        if long or end > limit:
            raise TooLongError
        return line.removesuffix(b"\r")

    async def body(self, limit: int) -> bytes | None:
        """Read a message up to its final dot, unstuffed; None when the client has gone.

        Only CR LF . CR LF ends a message: lax ends let mail be smuggled in. TooLongError.
        """
        while len(self._buffer) < len(b".\r\n"):
            if not await self._more():
                return None
        if self._buffer.startswith(b".\r\n"):
            del self._buffer[:3]
            return b""
        seen, long = 0, False
        while (end := self._buffer.find(_END, seen)) < 0:
            seen = max(len(self._buffer) - len(_END) + 1, 0)
            if long or seen > limit:
                del self._buffer[:seen]
                seen, long = 0, True
            if not await self._more():
                return None
        data = bytes(self._buffer[: end + 2])
        del self._buffer[: end + len(_END)]
        if long or len(data) > limit:
            raise TooLongError
        return data.removeprefix(b".").replace(b"\r\n.", b"\r\n")

    async def octets(self, length: int, limit: int) -> bytes | None:
        """Read so many octets, and keep `limit` of them at most; None when the client has gone."""
        kept = bytearray()
        while length:
            taken = bytes(self._buffer[:length])
            del self._buffer[: len(taken)]
            length -= len(taken)
            kept += taken[: max(limit - len(kept), 0)]
            if length and not await self._more():
                return None
        return bytes(kept)

    async def _more(self) -> bool:
        chunk = await self._stream.read(_CHUNK)
        self._buffer += chunk
        return bool(chunk)
