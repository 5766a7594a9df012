"""The messages whose requests are in the air, so that waiting for one does not hold up the next."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from broadcaster.domain.delivery import DeliveryEvent, DeliveryId, Reason
from broadcaster.domain.light import light
from broadcaster.ports import Clock, Message, Provider, Streams, Submission, Want

_log = logging.getLogger(__name__)

#: How long a provider may take to end when it is told to, seconds.
_LAST = 2.0

#: How long landings are collected before they are looked at, seconds.
_TOGETHER = 0.004

#: How old the grant of a message may be when it leaves, or a later charge of it to its limits. They
#: are renewed while it waits, so older ones mean that this process, or the machine, stood still,
#: and others may have been granted the same units since.
_GRANTED, _CHARGED = timedelta(seconds=1.5), timedelta(seconds=0.6)


@dataclass(kw_only=True, slots=True)
class Aloft:
    """A message on its way: what it holds of its limits since when, and when it left.

    `charged` tells that it was charged again since its grant.
    """

    message: Message
    want: Want
    mark: int
    since: datetime
    charged: bool = False
    left: datetime | None = None


@light
@dataclass(frozen=True, kw_only=True, slots=True)
class Landing:
    """A message that came down, and what became of it; `recalled` when it was taken back."""

    aloft: Aloft
    submission: Submission
    at: datetime
    recalled: bool = False

    @property
    def event(self) -> DeliveryEvent:
        """What became of it."""
        return self.submission.event

    @property
    def attempt(self) -> int:
        """The how-manieth attempt it was."""
        return self.submission.attempt

    @property
    def left(self) -> datetime | None:
        """When it left."""
        return self.aloft.left


class Flight:
    """Messages on their way to one provider; implements `ports.Watch`."""

    def __init__(
        self, provider: Provider, clock: Clock, lets: Callable[[Message, datetime], bool]
    ) -> None:
        """Nothing is in the air yet; `lets` is asked when a message is about to leave."""
        self._provider = provider
        self._streams = provider if isinstance(provider, Streams) else None
        self._clock = clock
        self._lets = lets
        self._tasks: set[asyncio.Task[None]] = set()
        self._air: dict[DeliveryId, Aloft] = {}
        self._down: list[Landing] = []
        self._waiter: asyncio.Future[None] | None = None

    @property
    def busy(self) -> bool:
        """Whether anything is in the air, or came down and was not looked at."""
        return bool(self._air or self._down)

    @property
    def count(self) -> int:
        """How many are in the air."""
        return len(self._air)

    def start(
        self, messages: Sequence[Message], wants: Sequence[Want], mark: int, since: datetime
    ) -> None:
        """Let claimed messages leave, granted `since`; a slow one holds up no other's record."""
        for message, want in zip(messages, wants, strict=True):
            self._air[message.delivery] = Aloft(message=message, want=want, mark=mark, since=since)
        if self._streams is not None:
            self._run(messages)
            return
        for message in messages:
            self._run([message])

    def leaving(self, message: Message) -> bool:
        """Tell whether a message may leave now; what may not is taken back."""
        aloft = self._air.get(message.delivery)
        if aloft is None or aloft.message is not message:
            return False
        now = self._clock.now()
        stale = now - aloft.since > (_CHARGED if aloft.charged else _GRANTED)
        if stale or not self._lets(message, now):
            self._take_back(aloft, now)
            return False
        aloft.left = now
        return True

    def answered(self, submission: Submission) -> None:
        """Note what came of a message; a second answer for one is not heard."""
        aloft = self._air.pop(submission.delivery, None)
        if aloft is not None:
            self._land(Landing(aloft=aloft, submission=submission, at=self._clock.now()))

    def recall(self) -> None:
        """Take back what has not left yet."""
        now = self._clock.now()
        for aloft in [aloft for aloft in self._air.values() if aloft.left is None]:
            self._take_back(aloft, now)

    async def end(self) -> None:
        """Wait for nothing any more: what has left and was not answered is in doubt."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_LAST)
        # Also what a provider keeps that does not hear of its end.
        for aloft in list(self._air.values()):
            self._end(aloft.message)

    def held_since(self, granted: datetime, charged: datetime) -> list[Aloft]:
        """List what was granted, or charged again, before these moments."""
        return [
            aloft
            for aloft in self._air.values()
            if aloft.since < (charged if aloft.charged else granted)
        ]

    async def landed(self, within: float) -> list[Landing]:
        """Wait for messages to come down, at most `within` seconds; give all that did."""
        if not self._down and self._air:
            await self._wait(within)
            if self._down and self._air:
                await asyncio.sleep(_TOGETHER)
        landings, self._down = self._down, []
        return landings

    def _take_back(self, aloft: Aloft, now: datetime) -> None:
        del self._air[aloft.message.delivery]
        submission = _answer(aloft.message, DeliveryEvent.DEFER, None)
        self._land(Landing(aloft=aloft, submission=submission, at=now, recalled=True))

    def _land(self, landing: Landing) -> None:
        self._down.append(landing)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _wait(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        self._waiter = waiter = loop.create_future()
        timer = loop.call_later(seconds, _wake, waiter)
        try:
            await waiter
        finally:
            timer.cancel()
            self._waiter = None

    def _run(self, messages: Sequence[Message]) -> None:
        task = asyncio.ensure_future(self._submit(messages))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _submit(self, messages: Sequence[Message]) -> None:
        """Hand messages over; whatever happens, each gets an end."""
        try:
            if self._streams is not None:
                await self._streams.stream(messages, self)
            else:
                for message in messages:
                    if self.leaving(message):
                        for submission in await self._provider.submit([message]):
                            self.answered(submission)
        except Exception as error:  # noqa: BLE001  (whatever happens, each message gets an end)
            _log.error(
                "provider failed",
                extra={
                    "action": "submit_failed",
                    "provider": self._provider.name,
                    "delivery": str(messages[0].delivery),
                    "fault": type(error).__name__,
                },
            )
        finally:
            for message in messages:
                self._end(message)

    def _end(self, message: Message) -> None:
        """Give an end to what its provider forgot: in doubt when it may have left."""
        aloft = self._air.get(message.delivery)
        # The same delivery may be in the air anew by now.
        if aloft is None or aloft.message is not message:
            return
        if aloft.left is None:
            reason = Reason.NO_CONNECTION
            self.answered(_answer(message, DeliveryEvent.DEFER, reason))
        else:
            self.answered(_answer(message, DeliveryEvent.LOSE, Reason.NO_ANSWER))


def _wake(waiter: "asyncio.Future[None]") -> None:
    if not waiter.done():
        waiter.set_result(None)


def _answer(message: Message, event: DeliveryEvent, reason: Reason | None) -> Submission:
    return Submission(
        delivery=message.delivery, attempt=message.attempt, event=event, reason=reason
    )
