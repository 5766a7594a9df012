"""One request and what comes of it; and the end of many."""

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from broadcaster.providers._http import Answer, HttpFaultError, NoAnswerError, NotSentError
from broadcaster.providers._wire_request import Origin

_log = logging.getLogger(__name__)


class Carrying(Protocol):
    """The connection that carries an exchange."""

    def drop(self, fault: str) -> None:
        """Cut it: nobody waits for the answer any more."""
        ...


class Exchange:
    """One request and what comes of it; ends exactly once.

    A subclass says what is sent (`request`), and hears of the answer (`answered`) or of the fault
    (`failed`). None of them may block, and `request` is asked just before its octets leave.
    """

    __slots__ = ("carrier", "ended", "on_end", "origin")

    def __init__(self, origin: Origin) -> None:
        """Nothing was sent yet."""
        self.origin = origin
        self.carrier: Carrying | None = None
        self.ended = False
        self.on_end: Callable[[], None] | None = None

    def request(self) -> bytes | None:
        """Give the octets, which leave at once; None when there is nothing to be sent after all."""
        raise NotImplementedError

    def answered(self, answer: Answer) -> None:
        """Hear the answer."""
        raise NotImplementedError

    def failed(self, fault: HttpFaultError) -> None:
        """Hear that there is no answer."""
        raise NotImplementedError

    def broken(self, *, written: bool) -> None:
        """Hear of a fault of ours, in one of the other methods."""
        raise NotImplementedError

    def begin(self) -> bytes | None:
        """Ask for the octets; without any, this has ended."""
        try:
            octets = self.request()
        except Exception as error:  # noqa: BLE001  (one message must not take the others along)
            self._report(error)
            self._end(lambda: self.broken(written=False))
            return None
        if octets is None:
            self._end(None)
        return octets

    def settle(self, what: Answer | HttpFaultError) -> None:
        """End with an answer or a fault; what comes after the end is not heard."""
        self.carrier = None
        if self.ended:
            return
        try:
            if isinstance(what, Answer):
                self.answered(what)
            else:
                self.failed(what)
        except Exception as error:  # noqa: BLE001  (as above)
            self._report(error)
            written = not isinstance(what, NotSentError)
            self._end(lambda: self.broken(written=written))
            return
        # As `_end` does, which who was told may have come to already.
        if not self.ended:
            self.ended = True
            if self.on_end is not None:
                self.on_end()

    def give_up(self, fault: str) -> None:
        """Wait no longer: what was written stays in doubt, anything else never left."""
        if self.carrier is not None:
            carrier = self.carrier
            self.settle(NoAnswerError(fault))
            carrier.drop(fault)
        else:
            self.settle(NotSentError(fault))

    def _end(self, last: Callable[[], None] | None) -> None:
        if self.ended:
            return
        self.ended = True
        try:
            if last is not None:
                last()
        except Exception as error:  # noqa: BLE001  (whoever waits for the end must hear of it)
            self._report(error)
        if self.on_end is not None:
            self.on_end()

    def _report(self, error: Exception) -> None:
        # The text of the error may hold an address.
        fault = type(error).__name__
        _log.error("fault while sending", extra={"action": "send_failed", "fault": fault})


class Ends:
    """Counts exchanges down, and wakes who waits for the last."""

    def __init__(self, count: int) -> None:
        """Wait for so many."""
        self._left = count
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def count_down(self) -> None:
        """Note the end of one."""
        self._left -= 1
        if self._left == 0 and not self.done.done():
            self.done.set_result(None)
