"""Messages as exchanges: how providers hand them over without a task for each."""

from collections.abc import Awaitable, Callable, Sequence

from broadcaster.domain.delivery import DeliveryEvent, DeliveryId, Reason
from broadcaster.ports import Message, Submission, Watch
from broadcaster.providers._http import Answer, HttpFaultError, NotSentError
from broadcaster.providers._wire_exchange import Exchange
from broadcaster.providers._wire_request import Origin
from broadcaster.providers.base import result

#: Gives a message's request, or what came of it without one.
Write = Callable[[Message], bytes | Submission]
#: Says what an answer means for a message.
Read = Callable[[Message, Answer], Submission]


class Sending(Exchange):
    """A message on its way."""

    __slots__ = ("_message", "_read", "_watch", "_write")

    def __init__(
        self, origin: Origin, message: Message, watch: Watch, write: Write, read: Read
    ) -> None:
        """It has not left."""
        super().__init__(origin)
        self._message = message
        self._watch = watch
        self._write = write
        self._read = read

    def request(self) -> bytes | None:
        """Write the request, then ask whether it may leave: nothing comes between."""
        octets = self._write(self._message)
        if isinstance(octets, bytes):
            return octets if self._watch.leaving(self._message) else None
        self._watch.answered(octets)
        return None

    def answered(self, answer: Answer) -> None:
        """Tell what the answer means."""
        self._watch.answered(self._read(self._message, answer))

    def failed(self, fault: HttpFaultError) -> None:
        """Tell what no answer means."""
        self._watch.answered(no_answer(self._message, fault))

    def broken(self, *, written: bool) -> None:
        """Leave the message in doubt if it left, else give it up: the fault is ours."""
        event = DeliveryEvent.LOSE if written else DeliveryEvent.EXHAUST
        reason = Reason.NO_ANSWER if written else Reason.RENDERING
        self._watch.answered(result(self._message, event, reason))


def no_answer(message: Message, fault: HttpFaultError) -> Submission:
    """Say what a fault means: what never left may be sent again, anything else is in doubt."""
    if isinstance(fault, NotSentError):
        return result(message, DeliveryEvent.DEFER, Reason.NO_CONNECTION, code=str(fault))
    return result(message, DeliveryEvent.LOSE, Reason.NO_ANSWER, code=str(fault))


class _Collected:
    """A watch that lets everything leave and keeps the answers."""

    def __init__(self) -> None:
        self.found: dict[DeliveryId, Submission] = {}

    def leaving(self, _message: Message) -> bool:
        return True

    def answered(self, submission: Submission) -> None:
        self.found[submission.delivery] = submission


async def collected(
    messages: Sequence[Message],
    stream: Callable[[Sequence[Message], Watch], Awaitable[None]],
) -> list[Submission]:
    """Stream messages and give the answers in their order."""
    watch = _Collected()
    await stream(messages, watch)
    return [watch.found[message.delivery] for message in messages]
