"""One mail on its way to a relay, and what can be said of it in the end."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta

from broadcaster.domain.delivery import DeliveryEvent, DeliveryId, Reason
from broadcaster.ports import Message, Submission, Watch
from broadcaster.providers._relay import Draft, RefusedError, refused
from broadcaster.providers.base import result

_log = logging.getLogger(__name__)


class Round:
    """The messages of one call, and who watches them."""

    __slots__ = ("_complained", "done", "open", "watch")

    def __init__(self, watch: Watch, count: int, done: asyncio.Future[None]) -> None:
        """Tell `watch`; `done` is set when nothing is open any more."""
        self.watch = watch
        self.open = count
        self.done = done
        self._complained = False

    def close_one(self) -> None:
        """Count one message less."""
        self.open -= 1
        if not self.open and not self.done.done():
            self.done.set_result(None)

    def complain(self, error: Exception) -> None:
        """Log that who watches failed; once, as it may do so for each message."""
        if not self._complained:
            self._complained = True
            _log.error(
                "fault of who watches mails",
                extra={"action": "watch_failed", "fault": type(error).__name__},
            )


class Letter:
    """A message, its composed mail, and how far it got.

    `envelope` is MAIL and RCPT as they are written. `named`: the relay took its recipient.
    `asked`: its watch let it leave. `written`: its last octet was handed to the system, so that
    the relay may have taken it. `moved`: it was on a connection before. `settled`: nothing more is
    told of it.
    """

    __slots__ = (
        "asked",
        "draft",
        "envelope",
        "message",
        "moved",
        "named",
        "refusal",
        "round",
        "settled",
        "since",
        "written",
    )

    def __init__(
        self, message: Message, round_: Round, envelope: tuple[bytes, bytes] = (b"", b"")
    ) -> None:
        """Nothing was done about it yet."""
        self.message = message
        self.round = round_
        self.draft: Draft | None = None
        self.envelope = envelope
        self.refusal: RefusedError | None = None
        #: When it was begun on a connection, on the event loop's clock.
        self.since = 0.0
        self.named = self.asked = self.written = self.moved = self.settled = False

    def move(self) -> None:
        """Have it go over another connection; whether it may leave is another question then."""
        self.moved, self.asked = True, False

    def ask(self) -> bool:
        """Ask whether it may leave, if that is not known yet; when it may not, it is settled."""
        if self.asked:
            return True
        try:
            self.asked = self.round.watch.leaving(self.message)
        except Exception as error:  # noqa: BLE001  (as below)
            self.round.complain(error)
            self.drop(error)
            return False
        if not self.asked:
            self._close()
        return self.asked

    def settle(self, submission: Submission) -> None:
        """Tell what came of it, the first time."""
        if self.settled:
            return
        self.settled = True
        try:
            self.round.watch.answered(submission)
        except Exception as error:  # noqa: BLE001  (who watches must not take other mails along)
            self.round.complain(error)
        self._close()

    def answer(self) -> None:
        """Settle by the relay's own words: refused where it has a refusal, else accepted."""
        if self.refusal is not None:
            self.settle(refused(self.message, self.refusal))
        else:
            message = self.message
            # As `result` would, which costs more for each mail.
            submission = Submission(
                delivery=message.delivery,
                attempt=message.attempt,
                event=DeliveryEvent.ACCEPT,
                reference=self._reference(),
            )
            self.settle(submission)

    def drop(self, cause: Exception, retry_after: timedelta | None = None) -> None:
        """Settle when there is nothing more to hear: in doubt when all of it was written."""
        if self.refusal is not None:
            self.answer()
        elif self.written:
            self.settle(
                result(
                    self.message,
                    DeliveryEvent.LOSE,
                    Reason.NO_ANSWER,
                    reference=self._reference(),
                    code=type(cause).__name__,
                )
            )
        elif isinstance(cause, RefusedError):
            self.settle(refused(self.message, cause))
        else:
            self.settle(
                result(
                    self.message,
                    DeliveryEvent.DEFER,
                    Reason.NO_CONNECTION,
                    code=type(cause).__name__,
                    retry_after=retry_after,
                )
            )

    def _close(self) -> None:
        """Let go of the mail: nothing more is told of it."""
        self.settled = True
        self.draft = None
        self.round.close_one()

    def _reference(self) -> str | None:
        return self.draft.reference if self.draft else None


class Answers:
    """Watches for who wants the answers of a whole slice at its end, in order."""

    def __init__(self) -> None:
        """Nothing is answered."""
        self._answers: dict[tuple[DeliveryId, int], Submission] = {}

    def leaving(self, _message: Message) -> bool:
        """Let every message leave."""
        return True

    def answered(self, submission: Submission) -> None:
        """Keep an answer."""
        self._answers[submission.delivery, submission.attempt] = submission

    def of(self, messages: Sequence[Message]) -> list[Submission]:
        """Give the answers of these messages."""
        return [self._answers[message.delivery, message.attempt] for message in messages]
