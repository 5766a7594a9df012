"""The slices whose requests are in the air, so that waiting for one does not hold up the next."""

import asyncio
import logging
from collections.abc import Sequence

from broadcaster.domain.delivery import DeliveryEvent, Reason
from broadcaster.ports import Message, Provider, Submission

_log = logging.getLogger(__name__)

Landed = list[tuple[Message, Submission]]


class Flight:
    """Up to `room` messages on their way to one provider."""

    def __init__(self, provider: Provider, *, room: int) -> None:
        """Nothing is in the air yet."""
        self._provider = provider
        self._room = room
        self._count = 0
        self._tasks: set[asyncio.Task[Landed]] = set()
        #: Set once the provider said that it refuses everything from us.
        self.halted = False

    @property
    def busy(self) -> bool:
        """Whether anything is in the air."""
        return bool(self._tasks)

    @property
    def free(self) -> int:
        """How many more messages may leave."""
        return self._room - self._count

    @property
    def full(self) -> bool:
        """Whether something must land before more may leave."""
        return self.free <= 0

    def start(self, messages: Sequence[Message]) -> None:
        """Let claimed messages leave."""
        self._count += len(messages)
        self._tasks.add(asyncio.ensure_future(self._submit(messages)))

    async def landed(self, within: float | None = None) -> Landed:
        """Wait for at least one slice, at most `within` seconds; give all that came back."""
        done, self._tasks = await asyncio.wait(
            self._tasks, timeout=within, return_when=asyncio.FIRST_COMPLETED
        )
        rows = [row for task in done for row in task.result()]
        self._count -= len(rows)
        self.halted = self.halted or any(submission.halt for _, submission in rows)
        return rows

    async def _submit(self, messages: Sequence[Message]) -> Landed:
        try:
            answers = {answer.delivery: answer for answer in await self._provider.submit(messages)}
        except Exception as error:  # noqa: BLE001  (whatever happens, each message gets an end)
            _log.error(
                "provider failed",
                extra={
                    "action": "submit_failed",
                    "provider": self._provider.name,
                    "fault": type(error).__name__,
                },
            )
            answers = {}
        return [(message, answers.get(message.delivery) or lost(message)) for message in messages]


def lost(message: Message) -> Submission:
    """Say that nothing is known of a message that was handed over."""
    return Submission(
        delivery=message.delivery,
        attempt=message.attempt,
        event=DeliveryEvent.LOSE,
        reason=Reason.NO_ANSWER,
    )
