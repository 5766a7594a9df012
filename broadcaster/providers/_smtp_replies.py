"""Replies of a mail relay as they come off the wire (RFC 5321, section 4.2); pure and bounded."""

from collections.abc import Iterator
from typing import NamedTuple

#: Octets of a line: 512 by RFC 5321, section 4.5.3.1.5, and relays that write longer ones.
_LONGEST = 4096

#: Lines of one reply.
_MOST = 128

#: The first digits that a reply may have: to a client, 1 has no meaning.
_FIRST = b"2345"

_CONTINUED, _LAST = (b"-",), (b" ", b"")


class BadReplyError(Exception):
    """What came is no reply, or not one to anything that was said."""


class Reply(NamedTuple):
    """One reply; `lines` without codes and line ends."""

    code: int
    lines: tuple[bytes, ...]

    @property
    def text(self) -> str:
        """All lines, for people and for enhanced codes."""
        return b"\n".join(self.lines).decode("utf-8", "replace")

    @property
    def good(self) -> bool:
        """Whether it says yes: by its first digit, as RFC 5321, section 4.2.1, wants it."""
        return self.code // 100 == 2  # noqa: PLR2004  (positive completion)

    @property
    def bad(self) -> bool:
        """Whether it says no, for now or for good."""
        return self.code // 100 >= 4  # noqa: PLR2004  (negative replies)


class Replies:
    """Cuts what arrives into replies, however it is cut on its way."""

    __slots__ = ("_code", "_lines", "_rest")

    def __init__(self) -> None:
        """Nothing has arrived."""
        self._rest = b""
        self._code = b""
        self._lines: list[bytes] = []

    @property
    def partial(self) -> bool:
        """Whether the beginning of a reply is waiting for its end."""
        return bool(self._rest or self._lines)

    def feed(self, data: bytes) -> Iterator[Reply]:
        """Give the replies that are now whole, and keep the rest; BadReplyError at what is none."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if len(line) > _LONGEST:
                raise BadReplyError("line is too long")
            reply = self._line(line.removesuffix(b"\r"))
            if reply is not None:
                yield reply
        if len(self._rest) > _LONGEST:
            raise BadReplyError("line is too long")

    def _line(self, line: bytes) -> Reply | None:
        code, mark, text = line[:3], line[3:4], line[4:]
        if not (code.isdigit() and len(code) == 3 and code[0] in _FIRST):  # noqa: PLR2004  (digits)
            raise BadReplyError("line has no reply code")
        if self._lines and code != self._code:
            raise BadReplyError("lines of one reply have several codes")
        if mark in _LAST:
            said = (*self._lines, text) if self._lines else (text,)
            self._lines = []
            return Reply(int(code), said)
        if mark not in _CONTINUED or len(self._lines) >= _MOST:
            raise BadReplyError("line has no reply's form, or there are too many")
        self._code = code
        self._lines.append(text)
        return None
