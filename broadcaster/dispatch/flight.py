"""The messages whose requests are in the air, so that waiting for one does not hold up the next."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from broadcaster.domain.delivery import DeliveryEvent, DeliveryId, Reason
from broadcaster.ports import Message, Provider, Submission

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Landing:
    """A message that came down, and what became of it."""

    message: Message
    submission: Submission


@dataclass(kw_only=True, slots=True)
class Held:
    """Units of a limit that a message in the air holds, by the mark of when they were charged."""

    units: int
    mark: int
    since: datetime


class Flight:
    """Messages on their way to one provider, as many as it sends at once and `most`."""

    def __init__(self, provider: Provider, *, most: int) -> None:
        """Nothing is in the air yet."""
        self._provider = provider
        self._room = min(most, provider.room)
        self._tasks: set[asyncio.Task[Landing]] = set()
        self._held: dict[DeliveryId, Held] = {}
        #: Set once the provider said that it refuses everything from us.
        self.halted = False

    @property
    def busy(self) -> bool:
        """Whether anything is in the air."""
        return bool(self._tasks)

    @property
    def free(self) -> int:
        """How many more messages may leave."""
        return self._room - len(self._tasks)

    @property
    def full(self) -> bool:
        """Whether something must land before more may leave."""
        return self.free <= 0

    def start(self, messages: Sequence[Message], mark: int, now: datetime) -> None:
        """Let claimed messages leave, each by itself: a slow one holds up no other's record."""
        for message in messages:
            self._held[message.delivery] = Held(units=message.units, mark=mark, since=now)
            self._tasks.add(asyncio.ensure_future(self._submit(message)))

    def release(self, landings: Sequence[Landing]) -> list[Held]:
        """Give what messages that came down held."""
        return [self._held.pop(landing.message.delivery) for landing in landings]

    def held_since(self, before: datetime) -> list[Held]:
        """List what messages in the air have held since before that moment."""
        return [held for held in self._held.values() if held.since < before]

    async def landed(self, within: float | None = None) -> list[Landing]:
        """Wait for at least one message, at most `within` seconds; give all that came down."""
        done, self._tasks = await asyncio.wait(
            self._tasks, timeout=within, return_when=asyncio.FIRST_COMPLETED
        )
        landings = [task.result() for task in done]
        self.halted = self.halted or any(landing.submission.halt for landing in landings)
        return landings

    async def _submit(self, message: Message) -> Landing:
        answer = None
        try:
            for submission in await self._provider.submit([message]):
                if submission.delivery == message.delivery:
                    answer = submission
        except Exception as error:  # noqa: BLE001  (whatever happens, each message gets an end)
            _log.error(
                "provider failed",
                extra={
                    "action": "submit_failed",
                    "provider": self._provider.name,
                    "delivery": str(message.delivery),
                    "fault": type(error).__name__,
                },
            )
        return Landing(message=message, submission=answer or lost(message))


def lost(message: Message) -> Submission:
    """Say that nothing is known of a message that was handed over."""
    return Submission(
        delivery=message.delivery,
        attempt=message.attempt,
        event=DeliveryEvent.LOSE,
        reason=Reason.NO_ANSWER,
    )
