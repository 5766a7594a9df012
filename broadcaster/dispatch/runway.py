"""Where the messages of one share come down: what is told, recorded and learned of each."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from broadcaster.dispatch.charges import Charges
from broadcaster.dispatch.flight import Flight, Landing
from broadcaster.dispatch.holding import Holding
from broadcaster.dispatch.lines import Line
from broadcaster.dispatch.records import Records
from broadcaster.domain import held
from broadcaster.domain.campaign import Campaign
from broadcaster.domain.course import Befallen, Happening
from broadcaster.domain.delivery import DeliveryEvent, Reason
from broadcaster.ports import Message, Pending, Recorded, Submission

if TYPE_CHECKING:
    from broadcaster.dispatch.dispatcher import Dispatcher

#: How often to look at what is in the air at least, seconds.
LOOK = 0.1
#: So often in a row, minutes apart in the end, without an answer or refused because of us.
_STREAK = 12

#: Longer than any provider's own patience: how long answers are waited for at all.
_ENDLESS = timedelta(minutes=15)

#: What says that we are too fast.
_TOO_FAST = frozenset({Reason.RATE_LIMITED, Reason.QUEUE_FULL})


class Runway:
    """The messages of one share in the air, and what becomes of them."""

    def __init__(
        self, parts: "Dispatcher", holding: Holding, campaign: Campaign, line: Line
    ) -> None:
        """Nothing is in the air yet."""
        self._parts = parts
        self._holding = holding
        self._campaign = campaign.id
        self._channel = holding.lease.channel
        self._line = line
        self.flight = Flight(line.provider, parts.clock, holding.lets)
        self.charges = Charges(parts.throttle, parts.clock, campaign.lane, line.roundtrips)
        self.records = Records(parts.ledger, parts.clock, most=parts.pace.slice, probe=parts.probe)
        #: Whether the campaign was put on hold for what came of its messages.
        self.held = False
        #: How many came down.
        self.count = 0

    def never_left(self, messages: Sequence[Message | Pending]) -> None:
        """Write down that claimed messages did not leave; nothing happens to unclaimed ones."""
        now = self._parts.clock.now()
        self.records.add([self._recorded(_deferred(message), 0, now) for message in messages])

    async def bring_down(self) -> None:
        """Wait for what is in the air; what then is not known is in doubt, and said so."""
        try:
            await self._wait_for_answers()
        except BaseException:
            self.flight.recall()
            await self.flight.end()
            self.records.add([self._settled(one) for one in await self.flight.landed(0)])
            raise
        finally:
            await self.records.keep()
            await self._parts.telling.keep()

    async def _wait_for_answers(self) -> None:
        """Wait; when we are to stop, or a network never answers, only for a while."""
        until = self._parts.clock.now() + _ENDLESS
        while self.flight.busy:
            if not await self._holding.look():
                self.flight.recall()
            if self._parts.stopping():
                self.flight.recall()
                until = min(until, self._parts.clock.now() + self._parts.pace.grace)
            if self._parts.clock.now() >= until:
                await self.flight.end()
            await self.land()

    async def land(self, within: float = LOOK) -> None:
        """Wait for messages to come down, and write down what became of them."""
        landings = await self.flight.landed(min(within, LOOK))
        if landings:
            self.count += len(landings)
            self.records.add([self._settled(landing) for landing in landings])
        self.charges.landed(landings)
        self.charges.renew(self.flight)
        if landings:
            self._learn([landing for landing in landings if not landing.recalled])
        await self.records.keep_due()
        await self._parts.telling.keep_due(self._parts.clock.now())
        if not await self._holding.look():
            self.flight.recall()

    def _learn(self, landings: Sequence[Landing]) -> None:
        """Slow down when we are too fast; hold the campaign when everything comes to nothing.

        Else the rest would all be in doubt, or burnt on a network that refuses us.
        """
        if not landings:
            return
        line, now = self._line, self._parts.clock.now()
        before = line.breaker.until
        line.note(landings, now)
        self._tell(landings, before, now)
        self._parts.probe.landed(line.name, self._holding.lease.channel, landings)
        if line.breaker.until != before:
            self._parts.probe.turned(line.name, well=line.breaker.until is None)
        answers = [landing.submission for landing in landings]
        fast = [answer for answer in answers if answer.reason in _TOO_FAST]
        part = line.complaints.note(len(answers), len(fast), now)
        if fast:
            wishes = (answer.retry_after or timedelta(0) for answer in fast)
            self._parts.throttle.slow(line.name, max(wishes).total_seconds(), part)
            self._befell(Befallen.SLOWED, now)
            self._parts.probe.slowed(line.name)
        halts = [answer.code for answer in answers if answer.halt]
        if halts:
            line.streak = 0
            self._hold(held.refusing(line.name, str(halts[0])))
        elif line.streak >= _STREAK:
            line.streak = 0
            code = answers[-1].code or answers[-1].reason or "no answer"
            self._hold(held.in_vain(line.name, _STREAK, code))

    def _tell(self, landings: Sequence[Landing], resting: datetime | None, now: datetime) -> None:
        """Tell how many were answered, and whether the network is left alone since, or no more."""
        units = sum(landing.aloft.message.units for landing in landings)
        self._parts.telling.handed_over(self._campaign, self._channel, len(landings), units, now)
        until = self._line.breaker.until
        if until is not None and until != resting:
            self._befell(Befallen.OPENED, now, until)
        elif until is None and resting is not None:
            self._befell(Befallen.CLOSED, now)

    def _befell(self, what: Befallen, now: datetime, until: datetime | None = None) -> None:
        self._parts.telling.happened(
            Happening(
                campaign=self._campaign,
                provider=self._line.name,
                what=what,
                at=now,
                until=until,
            )
        )

    def _hold(self, why: str) -> None:
        if not self.held:
            self.held = True
            self.flight.recall()
            self._parts.hold(self._campaign, why)

    def _settled(self, landing: Landing) -> Recorded:
        parts, submission = self._parts, landing.submission
        due = None
        if landing.recalled:
            due = parts.clock.now()
        elif submission.event is DeliveryEvent.DEFER:
            due = parts.retry.due(submission, parts.clock.now(), parts.random)
            if due is None:
                submission = parts.retry.given_up(submission)
        return self._recorded(submission, landing.aloft.message.units, due)

    def _recorded(self, submission: Submission, units: int, due: datetime | None) -> Recorded:
        return Recorded(submission=submission, provider=self._line.name, units=units, due=due)


def _deferred(message: Message | Pending) -> Submission:
    return Submission(delivery=message.delivery, attempt=message.attempt, event=DeliveryEvent.DEFER)
