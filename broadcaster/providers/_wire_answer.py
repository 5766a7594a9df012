"""Reading one answer after the other off a connection, bounded in every way.

The grammar is llhttp's (through httptools), as strict as it is made; on top of it stand the rules
that keep one request's answer from being taken for another's.
"""

from contextlib import suppress
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
    """Reads what comes on one connection; its callbacks are those of httptools.

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
        "_headers",
        "_lives",
        "_octets",
        "_parser",
        "_whole",
        "keep",
        "status",
        "surplus",
    )

    def __init__(self) -> None:
        """Wait for the first answer."""
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

    def feed(self, data: memoryview) -> bool:
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
        body = self._body
        return Answer(self.status, self._headers, body[0] if len(body) == 1 else b"".join(body))

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
            self._headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        """See how the body is framed; two ways at once, the parser has refused."""
        if self._whole:
            return
        self._headed = True
        self.status = self._parser.get_status_code()
        if self.status < 100 or self.status == 101:  # noqa: PLR2004  (no status; switched over)
            self._fault = "BadStatus"
        coding = self._headers.get(b"transfer-encoding")
        if coding is None:
            self._ends = b"content-length" not in self._headers
        else:
            self._ends = not coding.lower().endswith(b"chunked")
        if b"keep-alive" in self._headers:
            self._read_keep(self._headers[b"keep-alive"])

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
        self._headers: dict[bytes, bytes] = {}
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
