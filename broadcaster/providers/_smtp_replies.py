"""Replies of a mail relay as they come off the wire (RFC 5321, section 4.2); pure and bounded."""

from collections.abc import Iterator
from typing import NamedTuple

#: Octets of a line: 512 by RFC 5321, section 4.5.3.1.5, and relays that write longer ones.
_LONGEST = 4096

#: Lines of one reply.
_MOST = 128

#: Octets of a code and of the mark behind it.
_MARK = 4

#: Where codes that say yes end, and where those that say no begin.
POSITIVE_END, _NEGATIVE = 300, 400

#: The codes that a reply may have: to a client, those from 100 have no meaning.
_CODES = {str(code).encode(): code for code in range(200, 600)}


#: How a reply of one line begins.
_WHOLE = {code + b" ": number for code, number in _CODES.items()}


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
        return self.code < POSITIVE_END

    @property
    def bad(self) -> bool:
        """Whether it says no, for now or for good."""
        return self.code >= _NEGATIVE


class Replies:
    """Cuts what arrives into replies, however it is cut on its way."""

    __slots__ = ("_code", "_lines", "_rest")

    def __init__(self) -> None:
        """Nothing has arrived."""
        self._rest = b""
        self._code = 0
        self._lines: list[bytes] = []

    @property
    def partial(self) -> bool:
        """Whether the beginning of a reply is waiting for its end."""
        return bool(self._rest or self._lines)

    def codes(self, data: bytes) -> list[int]:
        """Give the codes alone where all that came are whole replies of one line, the usual case.

        Empty where it is anything else; then, and when more is wanted than codes, `feed` it.
        """
        if self._rest or self._lines or len(data) > _LONGEST:
            return []
        lines = data.split(b"\n")
        try:
            return [] if lines.pop() else [_WHOLE[line[:_MARK]] for line in lines]
        except KeyError:
            return []

    def feed(self, data: bytes) -> Iterator[Reply]:
        """Give the replies that are now whole, and keep the rest; BadReplyError at what is none."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if len(line) > _LONGEST:
                raise BadReplyError("line is too long")
            whole = self._line(line.removesuffix(b"\r"))
            if whole is not None:
                yield whole
        if len(self._rest) > _LONGEST:
            raise BadReplyError("line is too long")

    def _line(self, line: bytes) -> Reply | None:
        code, mark = _CODES.get(line[:3]), line[3:4]
        if code is None:
            raise BadReplyError("line has no reply code")
        if self._lines and code != self._code:
            raise BadReplyError("lines of one reply have several codes")
        if mark in {b" ", b""}:
            lines, self._lines = (*self._lines, line[4:]), []
            return Reply(code, lines)
        if mark != b"-" or len(self._lines) >= _MOST:
            raise BadReplyError("line has no reply's form, or there are too many")
        self._code = code
        self._lines.append(line[4:])
        return None
