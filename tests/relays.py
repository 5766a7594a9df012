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

_RECIPIENT = re.compile(rb"RCPT TO:<([^>]*)>", re.IGNORECASE)

#: `act(step, at)` says what to do at a step: GREETING, EHLO, ..., END (the final dot). `at` counts
#: how often that step has come, from 1. None: as a good relay would.
Act = Callable[[str, int], str | None]


class _OverError(Exception):
    """The connection is over."""


@dataclass
class Relay:
    """Keeps what it was told; `taken` has the recipients of the mails that it answers for.

    `grouped`: commands came together. `stalled`: set after DATA, and then nothing is read.
    `spoken_early` has what came before its turn (RFC 2920, section 3.1).
    """

    act: Act = lambda _step, _at: None
    offers: tuple[str, ...] = GROUP
    tls: ssl.SSLContext | None = None
    direct: bool = False
    commands: list[str] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
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
    """One connection."""

    relay: Relay
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    sender: bool = False
    recipient: str | None = None
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
        if verb in {"EHLO", "HELO", "DATA", "STARTTLS", "AUTH"} and self.waiting:
            self.relay.spoken_early.append(verb)
        if verb == "EHLO":
            lines = ("relay.test", *self.relay.offers)
            marks = "-" * (len(lines) - 1) + " "
            pairs = zip(marks, lines, strict=True)
            await self.say(verb, "\r\n".join(f"250{mark}{text}" for mark, text in pairs))
        elif verb == "RCPT":
            match = _RECIPIENT.match(line)
            assert match is not None
            await self.say(verb, "250 2.1.5 Ok" if self.sender else "503 5.5.1 MAIL first")
            self.recipient = match[1].decode() if self.code.startswith("2") else None
        elif verb == "DATA":
            good = "354 Go ahead" if self.recipient else "554 5.5.1 No valid recipients"
            await self.say(verb, good)
            if self.code.startswith("354"):
                await self.content()
        elif verb == "MAIL":
            self.relay.grouped = self.relay.grouped or b"RCPT" in self.waiting
            await self.say(verb, "250 2.1.0 Ok")
            self.sender, self.recipient = self.code.startswith("2"), None
        elif verb == "STARTTLS":
            await self.encrypt()
        else:
            good = {"QUIT": "221 2.0.0 Bye", "AUTH": "235 2.7.0 Ok"}.get(verb, "250 2.0.0 Ok")
            await self.say(verb, good)

    async def content(self) -> None:
        if self.relay.stalled is not None:
            self.relay.stalled.set()
            await asyncio.Event().wait()
        content = await self.body()
        recipient, self.recipient = self.recipient, None
        told = self.relay.ask("END")
        good = "250 2.0.0 Taken" if recipient else "554 5.5.1 No valid recipients"
        reply = (told or "") + good if told in {None, SLOWLY} else str(told)
        if recipient and (reply == TAKEN_CUT or reply.removeprefix(SLOWLY).startswith("2")):
            self.relay.taken.append(recipient)
            self.relay.mails.append(content)
        await self.do(CUT if reply == TAKEN_CUT else reply)

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


def always(**told: str) -> Act:
    """Do the same each time at the steps that are named."""
    return lambda step, _at: told.get(step)


def once(step: str, told: str, at: int = 1) -> Act:
    """Do something at one step, once."""
    return lambda seen, count: told if (seen, count) == (step, at) else None
