"""One connection to a relay: what it writes when, the patience of each step, and its end."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

from broadcaster.providers._relay import Relay
from broadcaster.providers._smtp_ahead import Ahead
from broadcaster.providers._smtp_chunking import Chunking
from broadcaster.providers._smtp_exchange import Exchange, Step
from broadcaster.providers._smtp_letter import Letter
from broadcaster.providers._smtp_replies import BadReplyError
from broadcaster.providers._smtp_wire import Wire

_log = logging.getLogger(__name__)

#: Octets that are written in one go; more wait until the relay has read these.
_PIECE = 1 << 18

#: Mails that are open on a connection where one may be named behind the content of another.
AHEAD = 2

#: How long a polite goodbye may take, seconds.
GOODBYE = 1.0

#: The patience with each step, in terms of that with a plain command: RFC 5321, section 4.5.3.2,
#: has 5 minutes for those, 2 for DATA, 3 for each block of a mail, 10 for the final dot.
_PATIENCE = {
    Step.RSET: 1.0,
    Step.MAIL: 1.0,
    Step.RCPT: 1.0,
    Step.DATA: 0.4,
    Step.CONTENT: 0.6,
    Step.END: 2.0,
    Step.VOID: 2.0,
}

#: A connection looks at its clock once a second, or so many times within its patience.
_LOOK, _LOOKS = 1.0, 8


class TakenBackError(Exception):
    """A mail was taken back when its content was due already: only hanging up is left."""


class Desk(Protocol):
    """Who hands mails to connections, and hears what became of them."""

    @property
    def ahead(self) -> Ahead:
        """How many mails may run ahead of their answers."""
        ...

    def next(self, connection: "Connection") -> Letter | None:
        """Give another mail, written for what this relay offers; None when there is none."""
        ...

    def leaves(self, letter: Letter) -> bool:
        """Decide whether the content of a mail may leave now."""
        ...

    def share(self) -> int:
        """Say how many mails a connection may take at once."""
        ...

    def finished(self, letters: Sequence[Letter]) -> None:
        """Hear that the relay answered mails."""
        ...

    def rests(self, connection: "Connection") -> None:
        """Hear that a connection has nothing to do."""
        ...

    def ended(self, connection: "Connection", left: list[Letter], cause: Exception) -> None:
        """Hear, once, that an open connection takes no more mails, and which it leaves behind."""
        ...


class Connection(Wire):
    """Speaks to the relay about one mail after the other."""

    def __init__(self, relay: Relay, desk: Desk) -> None:
        """Nothing is connected yet."""
        super().__init__(relay)
        self._desk = desk
        self._exchange: Exchange | Chunking | None = None
        self._paused = False
        #: What is left to be written of a long mail that was begun.
        self._rest: memoryview | None = None
        self._left = relay.per_connection
        self._deadline = float("inf")
        self._timer: asyncio.TimerHandle | None = None
        #: How many mails the relay answered on it.
        self.served = 0
        #: Whether it has said that it rests, and was given nothing since.
        self.resting = False

    async def open(self) -> None:
        """Connect, greet, encrypt, log in; errors as those of `Wire.open`."""
        await super().open()
        depth = self.depth
        if depth > AHEAD:
            self._exchange = Chunking(depth, self._desk.ahead)
        else:
            group = self.offers.pipelining and self._relay.pipeline > 0
            self._exchange = Exchange(group=group, ahead=depth == AHEAD)
        self._look()

    @property
    def depth(self) -> int:
        """How many mails may be open on it, as far as the relay is known."""
        if not self.offers.pipelining:
            return 1
        most = self._relay.pipeline
        return max(most if self.offers.chunking else min(most, AHEAD), 1)

    @property
    def by_data(self) -> bool:
        """Whether a mail's content leaves some time after its envelope."""
        return isinstance(self._exchange, Exchange)

    @property
    def width(self) -> int:
        """How many mails may be open on it, as quick and as steady as the relay is."""
        exchange = self._exchange
        return exchange.width if isinstance(exchange, Chunking) else self.depth

    def left(self) -> list[Letter]:
        """List the mails that are open on it."""
        return self._exchange.open if self._exchange is not None else []

    def pump(self) -> None:
        """Write what may be written now, and take another mail where there is room for one."""
        if self._cause is not None or self._exchange is None:
            return
        if self._paused:
            step = self._exchange.step
            if step is not None:
                self._deadline = self._patience(step)
            return
        try:
            self._write(self._exchange)
        except Exception as error:  # noqa: BLE001  (no fault of ours may leave mails unanswered)
            _log.error(
                "fault in a connection to the relay",
                extra={"action": "connection_failed", "fault": type(error).__name__},
            )
            self.end(error)

    def retire(self) -> None:
        """Take no more mails, and leave when what was written is answered; politely then."""
        self._left = 0
        if self._exchange is not None and self._exchange.idle:
            self._goodbye()
        elif not any(letter.written for letter in self.left()):
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """End with the socket."""
        super().connection_lost(exc)
        if self._timer is not None:
            self._timer.cancel()

    def pause_writing(self) -> None:
        """Write no more: the relay reads too slowly."""
        self._paused = True

    def resume_writing(self) -> None:
        """Go on writing."""
        self._paused = False
        self.pump()

    def hear(self, data: bytes) -> None:
        """Hear what the relay says: while it is opened, and then of mails."""
        exchange = self._exchange
        if exchange is None:
            super().hear(data)
            return
        letters = exchange.agreed(self._replies.codes(data))
        if letters is None:
            self._hear_replies(exchange, data)
            return
        self.served += len(letters)
        self._took(exchange, letters)
        # The next mail is on its way before the last one is talked about.
        self.pump()
        self._desk.finished(letters)

    def _took(self, exchange: Exchange | Chunking, letters: Sequence[Letter]) -> None:
        """Learn how quick the relay is."""
        if letters and isinstance(exchange, Chunking):
            exchange.took(self._loop.time() - letters[0].since)

    def _hear_replies(self, exchange: Exchange | Chunking, data: bytes) -> None:
        heard, fault = 0, None
        try:
            for reply in self._replies.feed(data):
                heard += 1
                exchange.heard(reply)
                if exchange.closing is not None:
                    break
        except BadReplyError as error:
            fault = error
        if exchange.step is Step.CONTENT and self._replies.partial:
            fault = BadReplyError("reply before its turn")
        finished, exchange.finished = exchange.finished, []
        self.served += len(finished)
        self._took(exchange, finished)
        end = fault or exchange.closing
        if heard and end is None:
            self.pump()
        self._desk.finished(finished)
        if end is not None:
            self.end(end)

    def _write(self, exchange: Exchange | Chunking) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            # Nothing that is written from here on would leave.
            self.end(ConnectionResetError())
            return
        if isinstance(exchange, Chunking):
            self._draw(exchange)
            if exchange.going is not None:
                # What names a long mail leaves before its octets.
                transport.write(b"".join(exchange.said()))
        going = exchange.going
        if going is not None and not self._content(transport, exchange, going):
            return
        if isinstance(exchange, Exchange):
            self._name(exchange)
        said = exchange.said()
        if said:
            transport.write(b"".join(said))
        self._wait(exchange)

    def _name(self, exchange: Exchange) -> None:
        """Take another mail where it may be named now."""
        if exchange.free and self._left > 0:
            letter = self._desk.next(self)
            if letter is not None:
                self._left -= 1
                self.resting = False
                exchange.begin(letter)

    def _draw(self, exchange: Chunking) -> None:
        """Take as many mails as may be written now, and are ours to take."""
        desk, octets, now = self._desk, 0, self._loop.time()
        most = min(exchange.room, self._left, desk.share())
        while most > 0 and octets <= _PIECE and exchange.going is None:
            letter = desk.next(self)
            if letter is None:
                break
            draft = letter.draft
            if draft is None or not desk.leaves(letter):
                continue
            exchange.begin(letter, draft)
            letter.since = now
            if draft.size <= _PIECE:
                exchange.gone((draft.octets,))
            most -= 1
            self._left -= 1
            self.resting = False
            octets += draft.size

    def _content(
        self, transport: asyncio.Transport, exchange: Exchange | Chunking, letter: Letter
    ) -> bool:
        """Write the content but for what is left to be said, 256 KiB at most; False to stop."""
        # What is settled has none any more.
        draft = letter.draft
        if draft is None or (self._rest is None and not self._desk.leaves(letter)):
            self.end(TakenBackError())
            return False
        content = draft.content if isinstance(exchange, Exchange) else (draft.octets,)
        if draft.size <= _PIECE:
            exchange.gone(content)
            return True
        if self._rest is None:
            self._rest = memoryview(b"".join(content))
        while len(self._rest) > _PIECE:
            transport.write(self._rest[:_PIECE])
            self._rest = self._rest[_PIECE:]
            self._deadline = self._patience(Step.CONTENT)
            if self._paused or transport.is_closing():
                return False
        exchange.gone([bytes(self._rest)])
        self._rest = None
        return True

    def _wait(self, exchange: Exchange | Chunking) -> None:
        """Be patient with the next step, or rest, or leave when it has served long enough."""
        step = exchange.step
        if step is not None:
            self._deadline = self._patience(step)
        elif self._left <= 0:
            self._goodbye()
        elif not self.resting:
            self._deadline = self._loop.time() + self._relay.idle
            self.resting = True
            self._desk.rests(self)

    def _patience(self, step: Step) -> float:
        return self._loop.time() + self._relay.timeout * _PATIENCE[step]

    def _look(self) -> None:
        """Look at the clock: cheaper than to set an alarm at each step of each mail."""
        if self._loop.time() < self._deadline:
            pause = min(_LOOK, self._relay.timeout / _LOOKS)
            self._timer = self._loop.call_later(pause, self._look)
        elif self._exchange is None or not self._exchange.idle:
            self.end(TimeoutError())
        else:
            self._goodbye()

    def _goodbye(self) -> None:
        """Say QUIT and wait a little for the answer."""
        if self._cause is None and self._transport is not None:
            self._transport.write(b"QUIT\r\n")
            self.end(ConnectionAbortedError(), polite=True)
            self._timer = self._loop.call_later(GOODBYE, self.abort)

    def end(self, cause: Exception, *, polite: bool = False) -> None:
        """Take no more mails, close unless it is done politely, and leave the open ones behind."""
        if self._cause is not None:
            return
        if self._timer is not None:
            self._timer.cancel()
        super().end(cause, polite=polite)
        if self._exchange is not None:
            self._desk.ended(self, self.left(), cause)
