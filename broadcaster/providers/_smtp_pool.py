"""The connections to one relay: how many, which mail goes over which, and what is left over."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import timedelta

from broadcaster.ports import Message, Submission, Watch
from broadcaster.providers._relay import Draft, RefusedError, Relay, envelope
from broadcaster.providers._smtp_ahead import Ahead
from broadcaster.providers._smtp_allowance import Allowance
from broadcaster.providers._smtp_connection import AHEAD, GOODBYE, Connection, TakenBackError
from broadcaster.providers._smtp_letter import Letter, Round

_log = logging.getLogger(__name__)

#: The first refusal that is for good (RFC 5321, section 4.2.1).
_PERMANENT = 500


class Pool:
    """Opens connections as mails wait for them, keeps them, and answers for every mail once."""

    def __init__(
        self,
        relay: Relay,
        draft: Callable[[Message], Draft | Submission],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`draft` composes a mail, or says what becomes of one that can't be; it never raises."""
        self._relay = relay
        self._draft = draft
        self._clock = clock
        self._allowance = Allowance(relay.connections)
        self.ahead = Ahead(max(relay.pipeline, 1))
        self._waiting: deque[Letter] = deque()
        self._opening: dict[Connection, asyncio.Task[None]] = {}
        self._open: set[Connection] = set()
        self._closing: set[Connection] = set()
        self._resting: list[Connection] = []
        self._depth = min(relay.pipeline, AHEAD) or 1
        self._fault: Exception = ConnectionError()
        self._later: asyncio.TimerHandle | None = None
        #: Whether the last mail that was asked about was taken back.
        self._doubtful = False
        self._down = False

    @property
    def room(self) -> int:
        """How many mails can be open at once, as far as the relay is known."""
        width = max((connection.width for connection in self._open), default=self._depth)
        return self._allowance.connections(self._clock()) * width

    async def stream(self, messages: Sequence[Message], watch: Watch) -> None:
        """Hand messages over; what is written and not answered when it is cancelled is in doubt."""
        if not messages:
            return
        together = Round(watch, len(messages), asyncio.get_running_loop().create_future())
        letters = [Letter(message, together) for message in messages]
        self._waiting.extend(letters)
        self._fill()
        try:
            await together.done
        except asyncio.CancelledError:
            for letter in letters:
                letter.drop(InterruptedError())
            raise

    async def aclose(self) -> None:
        """Close all connections; what was written has a moment to be answered, the rest stays."""
        self._down = True
        try:
            self._drop_waiting()
            openings = list(self._opening.values())
            for opening in openings:
                opening.cancel()
            for connection in list(self._open):
                for letter in connection.left():
                    if not letter.written:
                        letter.drop(ConnectionAbortedError())
                connection.retire()
            await asyncio.gather(*openings, return_exceptions=True)
            for patience in (GOODBYE, None):
                closing = {connection.closed for connection in self._open | self._closing}
                if closing:
                    await asyncio.wait(closing, timeout=patience)
                for connection in self._open | self._closing:
                    connection.abort()
        finally:
            self._down = False

    def next(self, connection: Connection) -> Letter | None:
        """Give the next mail that may still go."""
        while self._waiting:
            letter = self._waiting.popleft()
            ahead = self._doubtful and connection.by_data
            if not self._drafted(letter) or (ahead and not self._stays(letter)):
                continue
            draft = letter.draft
            if draft is None:
                continue
            try:
                letter.envelope = envelope(draft, connection.offers)
            except RefusedError as error:
                letter.drop(error)
                continue
            return letter
        return None

    def leaves(self, letter: Letter) -> bool:
        """Ask a mail's watch whether it may leave.

        Once one was taken back, the next are asked before their envelope, too: what is taken back
        after the relay's go-ahead costs a connection.
        """
        leaves = not letter.settled and letter.ask()
        self._doubtful = not leaves
        return leaves

    def _stays(self, letter: Letter) -> bool:
        """Ask ahead; it is asked again when it leaves, as that may be a minute later."""
        stays = self.leaves(letter)
        letter.asked = False
        return stays

    def share(self) -> int:
        """Say how many mails a connection may take at once, so that those that rest get theirs."""
        return -(-len(self._waiting) // (len(self._resting) + 1))

    def finished(self, letters: Sequence[Letter]) -> None:
        """Answer as the relay did."""
        if letters:
            self._allowance.worked()
            self.ahead.answered(len(letters))
        for letter in letters:
            letter.answer()

    def rests(self, connection: Connection) -> None:
        """Remember who is free; the last used is the likeliest to be still there."""
        self._resting.append(connection)

    def ended(self, connection: Connection, left: list[Letter], cause: Exception) -> None:
        """Answer for what a connection leaves behind.

        What was not written goes over another connection, once, when this one had served: that it
        was closed says nothing about the relay.
        """
        self._open.discard(connection)
        if connection.resting:
            self._resting.remove(connection)
        self._track(connection)
        again = []
        for letter in left:
            movable = connection.served and not (letter.moved or letter.settled or self._down)
            if movable and not letter.written and letter.refusal is None:
                letter.move()
                again.append(letter)
            else:
                if letter.written and letter.refusal is None and not letter.settled:
                    self.ahead.cut()
                letter.drop(cause)
        self._waiting.extendleft(reversed(again))
        if left and not connection.served and not isinstance(cause, TakenBackError):
            self._failed(connection, cause)
        self._fill()

    def _track(self, connection: Connection) -> None:
        """Keep an eye on a socket until it is closed."""
        if not connection.closed.done():
            self._closing.add(connection)
            connection.closed.add_done_callback(lambda _: self._closing.discard(connection))

    def _drafted(self, letter: Letter) -> bool:
        """Compose a mail where that is not done; False when it has come to its end."""
        if not letter.settled and letter.draft is None:
            draft = self._draft(letter.message)
            if isinstance(draft, Submission):
                letter.settle(draft)
            else:
                letter.draft = draft
        return not letter.settled

    def _fill(self) -> None:
        """Bring waiting mails to resting connections, and to new ones as there may be more."""
        while self._waiting and self._resting:
            connection = self._resting.pop()
            connection.resting = False
            connection.pump()
        now = self._clock()
        wait = self._allowance.not_before - now
        if self._down:
            self._drop_waiting()
        elif wait > 0:
            self._hold(wait)
        else:
            while len(self._opening) + len(self._open) < self._allowance.connections(now):
                if not self._begin():
                    break

    def _begin(self) -> bool:
        """Open a connection for the first mail that has none coming; composed meanwhile."""
        at = len(self._opening)
        while len(self._waiting) > at:
            if self._drafted(self._waiting[at]):
                connection = Connection(self._relay, self)
                self._opening[connection] = asyncio.ensure_future(self._connect(connection))
                return True
            del self._waiting[at]
        return False

    def _hold(self, wait: float) -> None:
        """Make no attempt for a while; without any connection, nothing waits for that."""
        if not self._open and not self._opening:
            self._drop_waiting(timedelta(seconds=wait))
        elif self._waiting and self._later is None:
            self._later = asyncio.get_running_loop().call_later(wait, self._try_again)

    def _try_again(self) -> None:
        self._later = None
        self._fill()

    def _drop_waiting(self, retry_after: timedelta | None = None) -> None:
        waiting, self._waiting = self._waiting, deque()
        cause = ConnectionAbortedError() if self._down else self._fault
        for letter in waiting:
            letter.drop(cause, retry_after)

    async def _connect(self, connection: Connection) -> None:
        try:
            await connection.open()
        except Exception as error:  # noqa: BLE001  (whatever it is, there is no connection)
            del self._opening[connection]
            self._failed(connection, error)
            self._fill()
        except asyncio.CancelledError:
            del self._opening[connection]
            raise
        else:
            del self._opening[connection]
            self._open.add(connection)
            self._depth = min(connection.depth, AHEAD)
            connection.pump()
        finally:
            self._track(connection)

    def _failed(self, connection: Connection, cause: Exception) -> None:
        """Note trouble with the relay, and whether fewer connections may be the remedy."""
        refused = isinstance(cause, RefusedError) and cause.code < _PERMANENT
        self._fault = cause
        self._allowance.failed(connection.since, self._clock(), crowded=refused or bool(self._open))
