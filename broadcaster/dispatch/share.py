"""One provider's share of a batch: draft, throttle, claim, submit, record, over and over."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from broadcaster.dispatch.flight import Flight, Held, Landing
from broadcaster.dispatch.pace import Ending
from broadcaster.domain.advisory import Advisory
from broadcaster.domain.campaign import Campaign
from broadcaster.domain.delivery import DeliveryEvent, Reason
from broadcaster.errors import UnavailableError
from broadcaster.ports import Lease, Message, Pending, Recorded, Submission, Want

if TYPE_CHECKING:
    from broadcaster.dispatch.dispatcher import Dispatcher

#: How long to wait between attempts to write down what came of messages, seconds.
_OUTAGE = (0.2, 0.5, 1, 2, 4, 8)
#: How often to look at what is in the air at least, seconds, and how long a charge is good for.
_LOOK = 0.25
_ALOFT = timedelta(seconds=0.5)
#: How old a grant may be when its messages leave.
_STALE = timedelta(milliseconds=100)
#: So many messages in a row without an answer, or refused because of us, are no accident.
_STREAK = 25


class Share:
    """What one provider is to send of a batch, while its holder has time."""

    def __init__(
        self,
        parts: "Dispatcher",
        lease: Lease,
        campaign: Campaign,
        advisory: Advisory,
        provider: str,
        deadline: datetime,
    ) -> None:
        """Nothing is drafted yet; ConfigurationError when the provider can't be built."""
        self._parts = parts
        self._lease = lease
        self._campaign = campaign
        self._advisory = advisory
        self._name = provider
        self._deadline = deadline
        self._streak = 0
        self._flight = Flight(parts.providers(provider), most=parts.pace.slice)

    async def work(self, rows: Sequence[Pending]) -> Ending:
        """Send the rows in order, as many at once as the throttle and the provider allow."""
        ending = Ending.EMPTY
        try:
            ending = await self._send(deque(rows))
        finally:
            while self._flight.busy:
                await self._land()
        return Ending.HELD if self._flight.halted else ending

    async def _send(self, rows: deque[Pending]) -> Ending:
        ready: deque[Message] = deque()
        while rows or ready:
            if self._parts.clock.now() >= self._deadline:
                return Ending.TIME_OVER
            if self._flight.halted:
                return Ending.HELD
            if self._flight.full:
                await self._land()
                continue
            if not await self._draft(rows, ready):
                return Ending.STOPPED
            if ready and not await self._launch(ready):
                return Ending.STOPPED
        return Ending.EMPTY

    async def _draft(self, rows: deque[Pending], ready: deque[Message]) -> bool:
        """Render up to a slice; what can't be made is claimed and given up."""
        broken: list[Pending] = []
        while rows and len(ready) < self._parts.pace.slice:
            row = rows.popleft()
            message = self._parts.drafting.draft(row, self._campaign, self._advisory)
            if message is None:
                broken.append(row)
            else:
                ready.append(message)
        if not broken:
            return True
        claimed = self._claim({row.delivery.number: row.attempt for row in broken})
        await self._keep(
            [
                Recorded(
                    submission=Submission(
                        delivery=row.delivery,
                        attempt=row.attempt,
                        event=DeliveryEvent.EXHAUST,
                        reason=Reason.RENDERING,
                    ),
                    provider=self._name,
                    units=0,
                    due=None,
                )
                for row in broken
                if row.delivery.number in claimed
            ]
        )
        return bool(claimed)

    async def _launch(self, ready: deque[Message]) -> bool:
        """Send what the throttle grants; False when a claim was refused."""
        parts = self._parts
        room = min(len(ready), self._flight.free)
        wants = [self._want(ready[index]) for index in range(room)]
        asked = parts.clock.now()
        grant = parts.throttle.take(wants, self._campaign.lane)
        if not grant.granted:
            await self._pass_time(min(grant.wait, parts.pace.patience))
            return True
        slice_ = [ready.popleft() for _ in grant.granted]
        claimed = self._claim({message.delivery.number: message.attempt for message in slice_})
        going = deque(message for message in slice_ if message.delivery.number in claimed)
        count, mark = len(going), grant.mark
        if parts.clock.now() - asked > _STALE:
            # The claim took so long that the grant says nothing any more about this moment.
            count = 0
        while going:
            if not count:
                again = parts.throttle.take(
                    [self._want(message) for message in going], self._campaign.lane
                )
                count, mark = len(again.granted), again.mark
                if not count:
                    await self._pass_time(min(again.wait, parts.pace.patience))
                    continue
            leaving = [going.popleft() for _ in range(count)]
            self._flight.start(leaving, mark, parts.clock.now())
            count = 0
            # Let the requests begin before the next slice is drafted.
            await parts.clock.sleep(0)
        return bool(claimed)

    def _want(self, message: Message) -> Want:
        return self._units(message.units)

    def _units(self, units: int) -> Want:
        return Want((self._name,), units)

    async def _pass_time(self, seconds: float) -> None:
        """Wait for the throttle, recording what comes back meanwhile."""
        if self._flight.busy:
            await self._land(within=seconds)
        else:
            await self._parts.clock.sleep(seconds)

    def _claim(self, attempts: Mapping[int, int]) -> frozenset[int]:
        parts = self._parts
        now = parts.clock.now()
        return frozenset(parts.ledger.claim(self._lease, attempts, now, parts.pace.lease))

    async def _land(self, within: float = _LOOK) -> None:
        """Wait for messages to come down, and write down what became of them."""
        landings = await self._flight.landed(min(within, _LOOK))
        self._charge(self._flight.release(landings))
        if not landings:
            return
        await self._keep([self._settled(landing) for landing in landings])
        self._count_streak(landings)
        if self._flight.halted:
            codes = [row.submission.code for row in landings if row.submission.halt]
            if codes:
                self._parts.hold(self._lease.campaign, f"{self._name} refuses us ({codes[0]})")

    def _count_streak(self, landings: Sequence[Landing]) -> None:
        """Hold the campaign when a network answers nothing: the rest would all be in doubt."""
        for landing in landings:
            submission = landing.submission
            ours = submission.reason is Reason.CONFIGURATION
            bad = submission.event is DeliveryEvent.LOSE or ours
            self._streak = self._streak + 1 if bad else 0
            if self._streak == _STREAK:
                self._flight.halted = True
                code = submission.code or submission.reason or "no answer"
                why = f"{self._name}: {_STREAK} messages in a row came to nothing ({code})"
                self._parts.hold(self._lease.campaign, why)

    def _charge(self, down: Sequence[Held]) -> None:
        """Tell the limit what came down just now, and what has been in the air for long.

        The latter is charged anew before its first charge runs out, as it may still arrive.
        """
        now = self._parts.clock.now()
        aloft = self._flight.held_since(now - _ALOFT)
        marks = [(held.mark, self._units(held.units)) for held in (*down, *aloft)]
        if not marks:
            return
        mark = self._parts.throttle.landed(marks, self._campaign.lane)
        for held in aloft:
            held.mark, held.since = mark, now

    async def _keep(self, rows: Sequence[Recorded]) -> None:
        """Write down what came of messages, for as long as a short outage of the ledger lasts.

        What is never written down is in doubt, although we know it; so this is worth the wait.
        """
        parts = self._parts
        for wait in _OUTAGE:
            try:
                parts.ledger.record(rows, parts.clock.now())
            except UnavailableError:
                await parts.clock.sleep(wait)
            else:
                return
        parts.ledger.record(rows, parts.clock.now())

    def _settled(self, landing: Landing) -> Recorded:
        parts, submission, due = self._parts, landing.submission, None
        if submission.event is DeliveryEvent.DEFER:
            due = parts.retry.due(submission, parts.clock.now(), parts.random)
            if due is None:
                submission = given_up(submission)
        return Recorded(
            submission=submission, provider=self._name, units=landing.message.units, due=due
        )


def given_up(submission: Submission) -> Submission:
    """Turn a refusal for now, after the last attempt, into the end."""
    return replace(submission, event=DeliveryEvent.EXHAUST)
