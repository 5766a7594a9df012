"""A small mail relay on loopback that does at each step what a test tells it, well or badly."""

import asyncio
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

#: Instead of a reply: close, reset, close one direction, say nothing any more.
CUT, RESET, HALF, HANG = "CUT", "RESET", "HALF", "HANG"
#: Take the mail and then not say so.
TAKEN_CUT = "TAKEN CUT"
#: Before what else is said: write it octet by octet; twice; without the end of its last line.
SLOWLY, TWICE, RAGGED = "SLOWLY ", "TWICE ", "RAGGED "

GROUP = ("PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES")
CHUNKS = (*GROUP, "CHUNKING")

_SENDER = re.compile(rb"MAIL FROM:<([^>]*)>", re.IGNORECASE)
_RECIPIENT = re.compile(rb"RCPT TO:<([^>]*)>", re.IGNORECASE)
_CHUNK = re.compile(rb"BDAT (\d+) LAST\r\n", re.IGNORECASE)

_NOBODY = "554 5.5.1 No valid recipients"

#: What a client must wait for the answer to (RFC 2920, section 3.1; RFC 3207; RFC 4954).
_WAITED_FOR = {"EHLO", "HELO", "DATA", "STARTTLS", "AUTH"}

#: `act(step, at)` says what to do at a step: GREETING, EHLO, ..., BDAT (before its octets are
#: read), END (the final dot, or the last octet of BDAT). `at` counts how often that step has come,
#: from 1. None: as a good relay would.
Act = Callable[[str, int], str | None]


class _OverError(Exception):
    """The connection is over."""


@dataclass
class Relay:
    """Keeps what it was told; `taken` has the recipients of the mails that it answers for.

    `senders` has their senders. `mails` are as they were written, with what DATA adds.
    `grouped`: commands came together. `stalled`: set after DATA or BDAT, and then nothing is read.
    `spoken_early` has what came before its turn (RFC 2920, section 3.1).
    """

    act: Act = lambda _step, _at: None
    offers: tuple[str, ...] = GROUP
    tls: ssl.SSLContext | None = None
    direct: bool = False
    commands: list[str] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    mails: list[bytes] = field(default_factory=list)
    spoken_early: list[str] = field(default_factory=list)
    grouped: bool = False
    stalled: asyncio.Event | None = None
    counts: dict[str, int] = field(default_factory=dict)
    connections: int = 0
    busy: int = 0
    busiest: int = 0
    port: int = 0

    async def __aenter__(self) -> Self:
        """Listen on a free port of loopback."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._server = await asyncio.start_server(
            self._accept, "127.0.0.1", 0, limit=1 << 17, ssl=self.tls if self.direct else None
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop at once."""
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.ensure_future(self._serve(_Line(self, reader, writer)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, line: "_Line") -> None:
        self.busy += 1
        self.busiest = max(self.busiest, self.busy)
        try:
            await line.serve()
        except (_OverError, OSError, asyncio.IncompleteReadError):
            # Failed encryption is an OSError too.
            pass
        finally:
            self.busy -= 1
            line.writer.close()

    def ask(self, step: str) -> str | None:
        """Count a step and ask what to do at it."""
        self.counts[step] = self.counts.get(step, 0) + 1
        return self.act(step, self.counts[step])


@dataclass
class _Line:
    """One connection, and the transaction that is open on it.

    It stands open until a mail was taken, the final dot was said, or RSET.
    """

    relay: Relay
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    sender: str | None = None
    recipients: list[str] = field(default_factory=list)
    code: str = ""

    async def serve(self) -> None:
        await self.say("GREETING", "220 relay.test ESMTP")
        while line := await self.reader.readline():
            text = line.decode("utf-8", "replace").strip()
            verb = text.split(" ")[0].upper()
            self.relay.commands.append(text)
            await self.obey(verb, line)
            if verb == "QUIT":
                return

    async def obey(self, verb: str, line: bytes) -> None:
        if verb == "BDAT":
            await self.chunk(line)
            return
        self.listen(verb)
        if verb in {"MAIL", "RCPT"}:
            await self.name(verb, line)
        elif verb == "DATA":
            await self.say(verb, "354 Go ahead" if self.recipients else _NOBODY)
            if self.code.startswith("354"):
                await self.stall()
                await self.end(await self.body(), clears=True)
        elif verb == "EHLO":
            lines = ("relay.test", *self.relay.offers)
            marks = "-" * (len(lines) - 1) + " "
            pairs = zip(marks, lines, strict=True)
            await self.say(verb, "\r\n".join(f"250{mark}{text}" for mark, text in pairs))
        elif verb == "STARTTLS":
            await self.encrypt()
        else:
            if verb == "RSET":
                # Whatever is said to it: it must not be refused (RFC 5321, section 4.1.1.5).
                self.clear()
            good = {"QUIT": "221 2.0.0 Bye", "AUTH": "235 2.7.0 Ok"}.get(verb, "250 2.0.0 Ok")
            await self.say(verb, good)

    async def name(self, verb: str, line: bytes) -> None:
        """Take a sender, or a recipient for it; refused, they change nothing."""
        sender = verb == "MAIL"
        match = (_SENDER if sender else _RECIPIENT).match(line)
        assert match is not None
        mailbox = match[1].decode()
        if sender:
            self.relay.grouped = self.relay.grouped or b"RCPT" in self.waiting
            await self.say(verb, "503 5.5.1 Nested MAIL" if self.sender else "250 2.1.0 Ok")
        else:
            await self.say(verb, "250 2.1.5 Ok" if self.sender else "503 5.5.1 MAIL first")
        if not self.code.startswith("2"):
            return
        if sender:
            self.sender, self.recipients = mailbox, []
        elif self.sender or "\n" not in self.code:
            # Whose sender it refused it takes by a clear yes alone: no word belies that otherwise.
            self.recipients.append(mailbox)

    def listen(self, verb: str) -> None:
        """Note what came behind a command that has to be waited for."""
        chunk = verb == "BDAT" and "PIPELINING" not in self.relay.offers
        if (chunk or verb in _WAITED_FOR) and self.waiting:
            self.relay.spoken_early.append(verb)

    async def stall(self) -> None:
        if self.relay.stalled is not None:
            self.relay.stalled.set()
            await asyncio.Event().wait()

    async def chunk(self, line: bytes) -> None:
        """Read as many octets as were announced, whatever is said to them (RFC 3030, section 2)."""
        match = _CHUNK.fullmatch(line)
        assert match is not None
        told = self.relay.ask("BDAT")
        if told is not None:
            await self.do(told)
        await self.stall()
        content = await self.reader.readexactly(int(match[1]))
        self.listen("BDAT")
        await self.end(content, clears=False)

    async def end(self, content: bytes, *, clears: bool) -> None:
        """Answer for a mail; `clears`: its transaction is over though it be refused."""
        told = self.relay.ask("END")
        good = "250 2.0.0 Taken" if self.recipients else _NOBODY
        reply = (told or "") + good if told in {None, SLOWLY, TWICE} else str(told)
        yes = reply == TAKEN_CUT or reply.removeprefix(SLOWLY).removeprefix(TWICE).startswith("2")
        if yes and self.recipients:
            self.relay.taken += self.recipients
            self.relay.senders += [self.sender or ""] * len(self.recipients)
            self.relay.mails.append(content)
        if yes or clears:
            self.clear()
        await self.do(CUT if reply == TAKEN_CUT else reply)

    def clear(self) -> None:
        """Forget the transaction."""
        self.sender, self.recipients = None, []

    async def body(self) -> bytes:
        """Read up to the final dot, and leave what comes behind it."""
        content, seen = bytearray(await self.reader.readuntil(b"\r\n")), 0
        if content == b".\r\n":
            return b""
        while (end := content.find(b"\r\n.\r\n", seen)) < 0:
            seen = max(len(content) - 4, 0)
            chunk = await self.reader.read(1 << 17)
            if not chunk:
                raise _OverError
            content += chunk
        self.reader._buffer[:0] = content[end + 5 :]  # type: ignore[attr-defined]
        return bytes(content[: end + 2])

    async def encrypt(self) -> None:
        await self.say("STARTTLS", "220 2.0.0 Ready" if self.relay.tls else "454 4.7.0 No TLS")
        if self.relay.tls and self.code.startswith("220"):
            await self.writer.start_tls(self.relay.tls)

    @property
    def waiting(self) -> bytes:
        """What has come and was not read yet."""
        return bytes(self.reader._buffer)  # type: ignore[attr-defined]

    async def say(self, step: str, good: str) -> None:
        told = self.relay.ask(step)
        if told in {SLOWLY, TWICE}:
            told += good
        await self.do(told or good)

    async def do(self, told: str) -> None:
        self.code = told.removeprefix(SLOWLY).removeprefix(TWICE).removeprefix(RAGGED)
        if told == HANG:
            await asyncio.Event().wait()
        if told == RESET:
            self.writer.transport.abort()
        if told in {CUT, RESET}:
            raise _OverError
        if told == HALF:
            self.writer.write_eof()
            while await self.reader.read(65536):
                pass
            raise _OverError
        octets = self.code.encode() + b"\r\n"
        if told.startswith(RAGGED):
            octets = octets.removesuffix(b"\r\n")
        if told.startswith(SLOWLY):
            for octet in octets:
                self.writer.write(bytes([octet]))
                await self.writer.drain()
                await asyncio.sleep(0)
            return
        self.writer.write(octets * (2 if told.startswith(TWICE) else 1))
        await self.writer.drain()
        if self.code.startswith("421") and "CHUNKING" in self.relay.offers:
            # Whoever says so closes (RFC 5321, section 4.2.1), and takes no mail that came along.
            raise _OverError


def always(**told: str) -> Act:
    """Do the same each time at the steps that are named."""
    return lambda step, _at: told.get(step)


def once(step: str, told: str, at: int = 1) -> Act:
    """Do something at one step, once."""
    return lambda seen, count: told if (seen, count) == (step, at) else None
