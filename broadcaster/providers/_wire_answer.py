"""Reading one answer after the other off a connection, bounded in every way.

The grammar is llhttp's (through httptools), as strict as it is made; on top of it stand the rules
that keep one request's answer from being taken for another's. What comes whole and has nothing
unusual about it, as nearly all answers do, is read with few calls; anything else, from its first
octet on, by the reader that looks at everything.
"""

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from math import inf

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from broadcaster.providers._http import Answer

#: The longest answer, with everything around its body, and the longest head, octets.
_LONGEST, _LONGEST_HEAD = 2**20, 2**15
#: The most headers, trailers included.
_HEADERS = 100

#: Statuses below this one announce another answer (RFC 9110, section 15.2), except for 101.
_FINAL = 200

#: A second less than the server keeps a connection, so that few requests meet a closed one.
_EARLY = 1.0


class MalformedError(Exception):
    """What came is no answer, or more than may come."""


class AnswerReader:
    """Reads what comes on one connection.

    `keeps` tells after an answer whether the connection may be used again, `keep` for how long the
    server wishes an idle one to live, seconds.
    """

    __slots__ = ("_pieces", "_usual", "_whole", "keeps")

    def __init__(self) -> None:
        """Wait for the first answer."""
        self._whole = _WholeReader()
        self._pieces = _PieceReader()
        self._usual = True
        self.keeps = True

    @property
    def keep(self) -> float:
        """How long the server wishes an idle connection to live, seconds."""
        return self._pieces.keep

    def feed(self, octets: bytes) -> Answer | None:
        """Take what came, and give the answer when it is whole; MalformedError."""
        if self._usual:
            answer = self._whole.read(octets)
            if answer is not None:
                self.keeps = self._whole.lives
                return answer
            self._usual = False
            self._pieces.expect()
        return self._done() if self._pieces.feed(octets) else None

    def ended(self) -> Answer | None:
        """Note that the server says no more, and give the answer if that makes it whole."""
        return None if self._usual or not self._pieces.ended() else self._done()

    def _done(self) -> Answer:
        self._usual = True
        self.keeps = self._pieces.keeps()
        return self._pieces.answer()


class _WholeReader:
    """Reads an answer that comes whole, alone and plain; its callbacks are those of httptools.

    `lives` tells after one whether the connection may be used again.
    """

    __slots__ = ("_begun", "_body", "_ended", "_parser", "_status", "lives")

    def __init__(self) -> None:
        self.lives = False
        self._renew()

    def read(self, octets: bytes) -> Answer | None:
        """Read an answer; None when it is not the usual one."""
        self._begun = self._ended = 0
        self._body = b""
        try:
            self._parser.feed_data(octets)
        except (HttpParserError, HttpParserUpgrade):
            self._ended = -1
        # Or a little more, when the body came in chunks.
        head = octets[: len(octets) - len(self._body)]
        if (
            self._ended == self._begun == 1
            and self._status >= _FINAL
            and len(octets) < _LONGEST_HEAD
            and head.count(b"\n") < _HEADERS
            and b"\nkeep-alive" not in head.lower()
        ):
            return Answer(self._status, partial(_headers, octets), self._body)
        # What the parser has made of it until here must not reach into the next answer.
        self._renew()
        return None

    def on_message_begin(self) -> None:
        """Count: of two, one was not asked for."""
        self._begun += 1

    def on_body(self, data: bytes) -> None:
        """Keep a piece of the body."""
        self._body += data

    def on_message_complete(self) -> None:
        """Ask now what the parser forgets before it returns."""
        self._ended += 1
        self._status = self._parser.get_status_code()
        self.lives = self._parser.should_keep_alive()

    def _renew(self) -> None:
        self._parser = HttpResponseParser(self)
        self._status = 0


def _headers(octets: bytes) -> Mapping[bytes, bytes]:
    """Read the headers of an answer that came whole."""
    reader = _PieceReader()
    reader.feed(octets)
    return reader.headers


class _PieceReader:
    """Reads an answer as it comes, looking at everything; its callbacks are those of httptools.

    `keep` is how long the server wishes an idle connection to live, seconds. `surplus` says that
    more came than the answer that was waited for: whatever it is, it answers no question of ours.
    """

    __slots__ = (
        "_body",
        "_count",
        "_ends",
        "_fault",
        "_head",
        "_headed",
        "_lives",
        "_octets",
        "_parser",
        "_whole",
        "headers",
        "keep",
        "status",
        "surplus",
    )

    def __init__(self) -> None:
        self._parser = HttpResponseParser(self)
        self.keep = inf
        self.surplus = False
        self.expect()

    def expect(self) -> None:
        """Begin to wait for the answer to the next request."""
        self._octets = self._head = self._count = 0
        self._whole = self._lives = False
        self._fault = ""
        self._begin()

    def feed(self, data: bytes) -> bool:
        """Take what came, and tell whether the answer is whole; MalformedError."""
        self._octets += len(data)
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            # After a whole answer it is surplus that can't be read; the answer stands.
            if not self._whole:
                raise MalformedError(type(error).__name__) from None
            self.surplus = True
        if self._fault:
            raise MalformedError(self._fault)
        if self._octets > (_LONGEST if self._headed else _LONGEST_HEAD):
            raise MalformedError("TooLong")
        return self._whole

    def ended(self) -> bool:
        """Note that the server says no more, and tell whether that makes the answer whole."""
        self._whole = self._whole or (self._headed and self._ends)
        return self._whole

    def answer(self) -> Answer:
        """Give the answer that is whole."""
        body, headers = self._body, self.headers
        return Answer(self.status, lambda: headers, body[0] if len(body) == 1 else b"".join(body))

    def keeps(self) -> bool:
        """Tell whether the connection may be used again."""
        return self._lives and not self.surplus and self.keep > 0

    def on_message_begin(self) -> None:
        """Notice an answer that nobody asked for."""
        if self._whole:
            self.surplus = True
        else:
            self._begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header, up to a number and a size."""
        if self._whole:
            return
        self._count += 1
        self._head += len(name) + len(value)
        if self._count > _HEADERS or self._head > _LONGEST_HEAD:
            self._fault = "TooManyHeaders"
        elif not self._headed:
            # What comes after the body (a trailer) must not change what was said before it.
            self.headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        """See how the body is framed; two ways at once, the parser has refused."""
        if self._whole:
            return
        self._headed = True
        self.status = self._parser.get_status_code()
        if self.status < 100 or self.status == 101:  # noqa: PLR2004  (no status; switched over)
            self._fault = "BadStatus"
        coding = self.headers.get(b"transfer-encoding")
        if coding is None:
            self._ends = b"content-length" not in self.headers
        else:
            self._ends = not coding.lower().endswith(b"chunked")
        if b"keep-alive" in self.headers:
            self._read_keep(self.headers[b"keep-alive"])

    def on_body(self, data: bytes) -> None:
        """Keep a piece of the body."""
        if not self._whole:
            self._body.append(data)

    def on_message_complete(self) -> None:
        """Be done, unless this only announced the answer."""
        if self._whole:
            return
        if self.status >= _FINAL:
            self._whole = True
            # Asked now: the parser forgets it before it returns.
            self._lives = self._parser.should_keep_alive()
        else:
            self._headed = False

    def _begin(self) -> None:
        self._headed = self._ends = False
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self._body: list[bytes] = []

    def _read_keep(self, value: bytes) -> None:
        for part in value.split(b",")[:5]:
            name, _, number = part.partition(b"=")
            with suppress(ValueError):
                seconds = int(number[:6])
                if name.strip().lower() == b"timeout":
                    self.keep = max(seconds - _EARLY, seconds / 2)
                elif name.strip().lower() == b"max" and seconds == 0:
                    self.keep = 0.0
