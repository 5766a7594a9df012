"""Hand-written stand-ins for the ports, for tests of the inside."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from broadcaster.domain.advisory import Advisory, FactValue
from broadcaster.domain.campaign import Campaign
from broadcaster.domain.delivery import (
    DeliveryEvent,
    DeliveryId,
    DeliveryStatus,
    Receipt,
    transition,
)
from broadcaster.domain.message import (
    Address,
    Channel,
    Content,
    Lane,
    Scheme,
    SmsContent,
)
from broadcaster.ports import (
    Grant,
    Lease,
    Message,
    Pending,
    Reader,
    Recorded,
    Submission,
    Want,
)
from tests import builders
from tests.builders import NOON


class FakeClock:
    """A clock that moves only when somebody sleeps."""

    def __init__(self, start: datetime = NOON) -> None:
        """Start at noon."""
        self.moment = start

    def now(self) -> datetime:
        """Give the moment."""
        return self.moment

    async def sleep(self, seconds: float) -> None:
        """Move on at once."""
        self.moment += timedelta(seconds=seconds)


class FakeRenderer:
    """Renders one word; refuses the locales named in `broken`."""

    def __init__(self, broken: frozenset[str] = frozenset()) -> None:
        """Refuse nothing unless told to."""
        self.broken = broken

    def render(self, advisory: Advisory, channel: Channel, locale: str, reader: Reader) -> Content:
        """Give an SMS."""
        del advisory, channel, reader
        if locale in self.broken:
            message = "a fault of ours"
            raise RuntimeError(message)
        return SmsContent(body=f"text in {locale}")

    def prepare(
        self, advisory: Advisory, channel: Channel, locale: str
    ) -> Callable[[Reader], Content]:
        """Give what renders."""

        def fill(reader: Reader) -> Content:
            return self.render(advisory, channel, locale, reader)

        return fill

    def fields(self, advisory: Advisory, channel: Channel) -> Sequence[str]:
        """Ask for nothing."""
        del advisory, channel
        return ()

    def pieces(
        self, advisory: Advisory, channel: Channel, locale: str
    ) -> Callable[[Reader], Sequence[str] | None]:
        """Give the word in one piece."""
        del advisory, channel
        return lambda _: [f"text in {locale}"]

    def choose(
        self, kind: str, preferred: Sequence[str], facts: Mapping[str, FactValue] | None = None
    ) -> str | None:
        """Take the first."""
        del kind, facts
        return preferred[0] if preferred else None

    def fingerprint(self, kind: str) -> str:
        """Never changes."""
        return kind


class FakeThrottle:
    """Grants at most `most` messages a time, or nothing as long as `closed`."""

    #: Never another.
    edition = 0

    def __init__(self, most: int = 10, closed: int = 0) -> None:
        """Open unless told otherwise."""
        self.most = most
        self.closed = closed
        self.asked: list[Sequence[Want]] = []
        self.down: list[tuple[int, Want]] = []
        self.slowed: list[str] = []
        self.parts: list[float] = []

    def limits(self, provider: str, sender: str, address: Address) -> tuple[str, ...]:
        """Limit by provider alone."""
        del sender, address
        return (provider,)

    def take(self, wants: Sequence[Want], lane: Lane) -> Grant:
        """Grant a prefix."""
        del lane
        self.asked.append(wants)
        if self.closed:
            self.closed -= 1
            return Grant(granted=(), wait=0.25)
        count = min(len(wants), self.most)
        return Grant(granted=tuple(range(count)), wait=0, mark=len(self.asked))

    def landed(
        self, down: Sequence[tuple[int, Want]], lane: Lane, ago: float | Sequence[float] = 0.0
    ) -> int:
        """Keep."""
        del lane, ago
        self.down += down
        return 1000 + len(self.down)

    def slow(self, limit: str, pause: float = 0.0, part: float = 1.0) -> None:
        """Keep."""
        del pause
        self.parts.append(part)
        self.slowed.append(limit)


class FakeProvider:
    """Answers as `answer` says, and keeps what it was handed."""

    name = "fake"
    room = 10

    def __init__(self, answer: Callable[[Message], Submission | None] | None = None) -> None:
        """Accept everything unless told otherwise."""
        self.answer = answer or accepted
        self.seen: list[DeliveryId] = []

    async def submit(self, messages: Sequence[Message]) -> Sequence[Submission]:
        """Answer; None means no answer for that message."""
        self.seen += [message.delivery for message in messages]
        answers = [self.answer(message) for message in messages]
        return [answer for answer in answers if answer is not None]

    async def aclose(self) -> None:
        """Nothing to close."""


def accepted(message: Message) -> Submission:
    """Say that the provider took it."""
    return Submission(
        delivery=message.delivery,
        attempt=message.attempt,
        event=DeliveryEvent.ACCEPT,
        reference=f"ref-{message.delivery.number}",
    )


class FakeLedger:
    """One campaign with one batch of SMS deliveries, in memory."""

    def __init__(self, count: int, locale: str = "fr") -> None:
        """Plan `count` deliveries."""
        self.status = dict.fromkeys(range(1, count + 1), DeliveryStatus.PLANNED)
        self.attempts = dict.fromkeys(self.status, 0)
        self.due: dict[int, datetime] = {}
        self.locale = locale
        self.running = True
        self.leased = False
        self.until = NOON
        self.records: list[Recorded] = []
        self.released = 0
        self.after: datetime | None = None
        self.on_claim: Callable[[], None] = lambda: None

    def lease(self, batch: int, now: datetime, ttl: timedelta) -> Lease | None:
        """Give the lease unless it is held."""
        if self.leased:
            return None
        self.until = now + ttl
        return Lease(
            batch=batch,
            token=1,
            campaign=1,
            channel=Channel.SMS,
            lane=Lane.ROUTINE,
            until=now + ttl,
        )

    def pending(self, lease: Lease, now: datetime, limit: int) -> Sequence[Pending]:
        """List what waits and is due."""
        del lease
        waiting = [
            number
            for number, status in self.status.items()
            if status is DeliveryStatus.PLANNED
            or (status is DeliveryStatus.DEFERRED and self.due[number] <= now)
        ]
        return [self._pending(number) for number in waiting[:limit]]

    def _pending(self, number: int) -> Pending:
        return Pending(
            delivery=DeliveryId(1, number),
            attempt=self.attempts[number] + 1,
            address=Address(scheme=Scheme.TEL, value=f"+2126{number:08d}", keys={}),
            locale=self.locale,
            customer_number=str(number),
            name="A",
        )

    def claim(
        self,
        lease: Lease,
        attempts: Mapping[int, int],
        provider: str,
        now: datetime,
        ttl: timedelta,
    ) -> Sequence[int] | None:
        """Claim while the campaign runs."""
        del provider
        self.on_claim()
        if not self.renew(lease, now, ttl):
            return None
        for number, attempt in attempts.items():
            self.attempts[number] = attempt
            self._apply(number, DeliveryEvent.CLAIM)
        return list(attempts)

    def renew(self, lease: Lease, now: datetime, ttl: timedelta) -> bool:
        """Renew while the campaign runs and the lease is not over."""
        del lease
        held = self.running and now < self.until
        if held:
            self.until = now + ttl
        return held

    def record(self, submissions: Sequence[Recorded], now: datetime) -> None:
        """Apply."""
        del now
        for row in submissions:
            self.records.append(row)
            number = row.submission.delivery.number
            self._apply(number, row.submission.event)
            if row.due:
                self.due[number] = row.due

    def _apply(self, number: int, event: DeliveryEvent) -> None:
        self.status[number] = transition(self.status[number], event).status

    def release(self, lease: Lease, now: datetime, after: datetime | None = None) -> None:
        """Count."""
        del lease, now
        self.released += 1
        self.after = after

    def campaign(self, campaign: int) -> Campaign:
        """Give the one campaign."""
        return builders.campaign(id=campaign)

    def advisory(self, advisory: int) -> Advisory:
        """Give the one advisory."""
        return builders.advisory(id=advisory)

    def receive(self, receipts: Sequence[Receipt], now: datetime) -> int:
        """Keep nothing."""
        del now
        return len(receipts)

    def apply_receipts(self, now: datetime, limit: int) -> int:
        """Nothing to do."""
        del now, limit
        return 0
