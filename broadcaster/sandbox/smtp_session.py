"""One SMTP session (RFC 5321), with pipelining (RFC 2920) and the extensions that it names.

A mail may also come by its length (RFC 3030); a piece that is refused is read all the same, and
what it belongs to stays open until RSET.

STARTTLS (RFC 3207) and AUTH (RFC 4954) are offered where they are set up. A client that does not
wait where it has to (RFC 2920, section 3.1) is sent away, as strict servers do.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, Protocol, TypeVar

from broadcaster.sandbox.dsn import HOST
from broadcaster.sandbox.envelope import (
    EnvelopeError,
    Recipient,
    Sender,
    read_recipient,
    read_sender,
)
from broadcaster.sandbox.smtp_login import MECHANISMS, OPEN, Doors
from broadcaster.sandbox.smtp_reader import SmtpReader, TooLongError

#: Octets of a command (RFC 3461, 4.3 and 5 lengthen them), of a message and of a line in it
#: (RFC 5321, 4.5.3.1.6, without its end); recipients of a message; faults and seconds of silence
#: before we hang up.
_COMMAND, _MESSAGE, _TEXT_LINE = 2048, 10 * 1024 * 1024, 998
_RECIPIENTS, _FAULTS, _SILENCE = 100, 50, 300.0

#: Digits of a length (RFC 3030, section 2).
_DIGITS = 20

_EXTENSIONS = (
    "PIPELINING",
    "CHUNKING",
    f"SIZE {_MESSAGE}",
    "8BITMIME",
    "SMTPUTF8",
    "ENHANCEDSTATUSCODES",
    "DSN",
)

#: Commands after which a client waits for the reply (RFC 2920, section 3.1).
_LAST = frozenset({"EHLO", "HELO", "DATA", "STARTTLS", "AUTH"})

Place = TypeVar("Place")


class Host(Protocol[Place]):
    """Whoever decides about recipients and messages; a place is what it remembers of one."""

    def ask(self, recipient: Recipient) -> tuple[str, Place | None]:
        """Decide about a recipient; a place when it is accepted."""
        ...

    async def take(self, sender: Sender, awaited: Sequence[Place], raw: bytes) -> str | None:
        """Take a message; the reply, or None to drop the connection without one."""
        ...


class Session(Generic[Place]):
    """Reads commands in order and answers in order; answers leave when no command is waiting."""

    def __init__(
        self,
        host: Host[Place],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        doors: Doors = OPEN,
    ) -> None:
        """Talk to one client."""
        self._doors = doors
        self._secure = False
        self._known = not doors.username
        self._host = host
        self._reader = SmtpReader(reader)
        self._writer = writer
        self._replies: list[str] = []
        self._greeted = False
        self._open = True
        self._faults = 0
        self._sender: Sender | None = None
        self._places: list[Place] = []
        #: What has come of a mail by its length.
        self._pieces = bytearray()
        self._verbs: dict[str, Callable[[bytes], Awaitable[None] | None]] = {
            "EHLO": self._ehlo,
            "HELO": self._helo,
            "MAIL": self._mail,
            "RCPT": self._rcpt,
            "DATA": self._data,
            "BDAT": self._bdat,
            "STARTTLS": self._starttls,
            "AUTH": self._auth,
            "RSET": self._rset,
            "NOOP": lambda _: self._say("250 2.0.0 Ok"),
            "VRFY": lambda _: self._say("252 2.5.2 Send it and see"),
            "HELP": lambda _: self._say("214 2.0.0 See RFC 5321"),
            "QUIT": self._quit,
        }

    async def run(self) -> None:
        """Serve the client until it goes, is sent away, or says nothing for too long."""
        self._say(f"220 {HOST} ESMTP simulated mail host")
        while self._open:
            await self._flush()
            try:
                line = await self._line()
            except TooLongError:
                self._fault("500 5.5.2 Line is too long")
                continue
            except TimeoutError:
                self._end("421 4.4.2 Too long a silence")
                break
            if line is None:
                return
            await self._obey(line)
        await self._flush(always=True)

    async def _line(self) -> bytes | None:
        """Read a command, but not for ever; one that is here already needs no clock."""
        if self._reader.ready:
            return await self._reader.line(_COMMAND)
        async with asyncio.timeout(_SILENCE):
            return await self._reader.line(_COMMAND)

    async def _obey(self, line: bytes) -> None:
        word, _, argument = line.partition(b" ")
        verb = word.decode("ascii", "replace").upper()
        step = self._verbs.get(verb)
        if step is None:
            self._fault("500 5.5.2 Unknown command")
            return
        if verb in _LAST and self._reader.waiting:
            self._end("554 5.5.0 Commands out of step")
            return
        try:
            waiting = step(argument)
            if waiting is not None:
                await waiting
        except EnvelopeError as refusal:
            self._fault(str(refusal))

    def _say(self, reply: str) -> None:
        self._replies.append(reply)

    def _fault(self, reply: str) -> None:
        self._faults += 1
        if self._faults > _FAULTS:
            self._end("421 4.7.0 Too many faults")
        else:
            self._say(reply)

    def _end(self, reply: str) -> None:
        self._say(reply)
        self._open = False

    async def _flush(self, *, always: bool = False) -> None:
        if self._replies and (always or not self._reader.ready):
            self._writer.write(("\r\n".join(self._replies) + "\r\n").encode())
            self._replies.clear()
            await self._writer.drain()

    def _forget(self) -> None:
        self._sender, self._places = None, []
        self._pieces.clear()

    def _ehlo(self, argument: bytes) -> None:
        if not argument.strip():
            raise EnvelopeError("501 5.5.4 EHLO needs a name")
        self._greeted = True
        self._forget()
        *first, last = (HOST, *self._doors.words(secure=self._secure), *_EXTENSIONS)
        self._say("\r\n".join([*(f"250-{word}" for word in first), f"250 {last}"]))

    def _helo(self, argument: bytes) -> None:
        if not argument.strip():
            raise EnvelopeError("501 5.5.4 HELO needs a name")
        self._greeted = True
        self._forget()
        self._say(f"250 {HOST}")

    def _mail(self, argument: bytes) -> None:
        if not self._greeted:
            raise EnvelopeError("503 5.5.1 Say EHLO first")
        if self._sender is not None:
            raise EnvelopeError("503 5.5.1 One sender a message")
        if not self._known:
            raise EnvelopeError("530 5.7.0 Log in first")
        sender = read_sender(argument)
        if sender.size > _MESSAGE:
            raise EnvelopeError("552 5.3.4 Message is too big")
        self._sender = sender
        self._say("250 2.1.0 Sender ok")

    def _rcpt(self, argument: bytes) -> None:
        if self._sender is None:
            raise EnvelopeError("503 5.5.1 Say MAIL first")
        if len(self._places) >= _RECIPIENTS:
            self._say("452 4.5.3 Too many recipients")
            return
        reply, place = self._host.ask(read_recipient(argument, utf8=self._sender.utf8))
        if place is not None:
            self._places.append(place)
        if reply.startswith("421"):
            self._end(reply)
        else:
            self._say(reply)

    async def _data(self, argument: bytes) -> None:
        if argument.strip():
            raise EnvelopeError("501 5.5.4 DATA has no argument")
        sender, places = self._envelope()
        if self._pieces:
            raise EnvelopeError("503 5.5.1 Part of it came by BDAT")
        self._say("354 End with a dot")
        await self._flush(always=True)
        self._forget()
        try:
            raw = await self._octets(self._reader.body(_MESSAGE))
        except TooLongError:
            self._say("552 5.3.4 Message is too big")
            return
        if raw is not None:
            await self._whole(sender, places, raw)

    async def _bdat(self, argument: bytes) -> None:
        length, _, last = argument.strip().partition(b" ")
        if not (length.isdigit() and len(length) <= _DIGITS and last.upper() in {b"", b"LAST"}):
            # How much of what comes belongs to it, nobody can know.
            self._end("501 5.5.4 BDAT has a length, and perhaps LAST")
            return
        room = _MESSAGE - len(self._pieces)
        raw = await self._octets(self._reader.octets(int(length), room))
        if raw is None:
            return
        sender, places = self._envelope()
        if len(raw) < int(length):
            raise EnvelopeError("552 5.3.4 Message is too big")
        self._pieces += raw
        if not last:
            self._say(f"250 2.0.0 {len(raw)} octets")
            return
        raw = bytes(self._pieces)
        self._forget()
        # What was decided before leaves before the host is asked, which may take its time.
        await self._flush(always=True)
        await self._whole(sender, places, raw)

    def _envelope(self) -> tuple[Sender, list[Place]]:
        """Give who sends and who is to get it; EnvelopeError while that is not said."""
        if self._sender is None:
            raise EnvelopeError("503 5.5.1 Say MAIL first")
        if not self._places:
            raise EnvelopeError("554 5.5.1 No recipients")
        return self._sender, self._places

    async def _octets(self, reading: Awaitable[bytes | None]) -> bytes | None:
        """Read a mail or a part of it, not for ever; None when the session is over."""
        try:
            async with asyncio.timeout(_SILENCE):
                raw = await reading
        except TimeoutError:
            self._end("421 4.4.2 Too long a silence")
            return None
        self._open = raw is not None
        return raw

    async def _whole(self, sender: Sender, places: list[Place], raw: bytes) -> None:
        """Have the host take a whole message."""
        if any(len(line) > _TEXT_LINE for line in raw.split(b"\r\n")):
            self._say("554 5.6.0 A line is longer than 998 octets")
            return
        reply = await self._host.take(sender, places, raw)
        if reply is None:
            self._drop()
        else:
            self._say(reply)

    async def _starttls(self, argument: bytes) -> None:
        if argument.strip():
            raise EnvelopeError("501 5.5.4 STARTTLS has no argument")
        if self._doors.tls is None or self._secure:
            raise EnvelopeError("503 5.5.1 Not offered")
        self._say("220 2.0.0 Ready")
        await self._flush(always=True)
        async with asyncio.timeout(_SILENCE):
            await self._writer.start_tls(self._doors.tls)
        # The client has to begin again (RFC 3207, section 4.2).
        self._secure, self._greeted = True, False
        self._forget()

    async def _auth(self, argument: bytes) -> None:
        mechanism, _, initial = argument.partition(b" ")
        questions = MECHANISMS.get(mechanism.decode("ascii", "replace").upper())
        if questions is None:
            raise EnvelopeError("504 5.5.4 Unknown mechanism")
        if not self._doors.may_log_in(secure=self._secure) or self._known:
            raise EnvelopeError("503 5.5.1 Not offered")
        answers = [initial] if initial else []
        for question in questions[len(answers) :]:
            self._say(f"334 {question}")
            await self._flush(always=True)
            answers.append(await self._line() or b"")
        if not self._doors.opens(answers):
            raise EnvelopeError("535 5.7.8 No such user or password")
        self._known = True
        self._say("235 2.7.0 Welcome")

    def _drop(self) -> None:
        self._open = False
        self._replies.clear()
        self._writer.transport.abort()

    def _rset(self, _: bytes) -> None:
        self._forget()
        self._say("250 2.0.0 Ok")

    def _quit(self, _: bytes) -> None:
        self._end("221 2.0.0 Goodbye")
