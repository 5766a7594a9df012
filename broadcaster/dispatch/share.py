"""One provider's share of a batch: draft, throttle, claim, submit, record, over and over."""

from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from broadcaster.dispatch.charges import Charges
from broadcaster.dispatch.drafting import Desk
from broadcaster.dispatch.flight import Flight, Landing
from broadcaster.dispatch.holding import Holding
from broadcaster.dispatch.lines import Line
from broadcaster.dispatch.pace import Ending
from broadcaster.dispatch.ready import Ready
from broadcaster.dispatch.records import Records
from broadcaster.domain.campaign import Campaign
from broadcaster.domain.delivery import DeliveryEvent, Reason
from broadcaster.errors import UnavailableError
from broadcaster.ports import Message, Pending, Recorded, Submission, Want

if TYPE_CHECKING:
    from broadcaster.dispatch.dispatcher import Dispatcher

#: How often to look at what is in the air at least, seconds.
_LOOK = 0.1
#: How old a grant may be when its messages are handed over.
_STALE = timedelta(seconds=1)
#: So often in a row, minutes apart in the end, without an answer or refused because of us.
_STREAK = 12
#: A network that takes this share of its messages in that time gets so many handed over at once.
_DEPTH = 0.2

#: Longer than any provider's own patience: how long answers are waited for at all.
_ENDLESS = timedelta(minutes=15)
#: Endings after which nothing that has not left may leave.
_TAKEN_BACK = frozenset({Ending.HELD, Ending.UNREACHABLE, Ending.STOPPED})

#: What says that we are too fast.
_TOO_FAST = frozenset({Reason.RATE_LIMITED, Reason.QUEUE_FULL})


class Share:
    """What one provider is to send of a batch, while its holder has time."""

    def __init__(
        self,
        parts: "Dispatcher",
        holding: Holding,
        campaign: Campaign,
        desk: Desk,
        line: Line,
        deadline: datetime,
    ) -> None:
        """Nothing is drafted yet."""
        self._parts = parts
        self._holding = holding
        self._campaign = campaign
        self._desk = desk
        self._line = line
        self._deadline = deadline
        self._ready = Ready()
        self._want = Want((), 0)
        self._blocked = False
        self._held = False
        self._begun = parts.clock.now()
        self._landed = 0
        self._flight = Flight(line.provider, parts.clock, holding.lets)
        self._charges = Charges(parts.throttle, parts.clock, campaign.lane, line.roundtrips)
        self._records = Records(parts.ledger, parts.clock, most=parts.pace.slice)

    async def work(self, rows: Sequence[Pending]) -> Ending:
        """Send the rows in order, as many at once as the throttle and the provider allow."""
        ending = Ending.EMPTY
        try:
            ending = await self._send(deque(rows))
            if ending in _TAKEN_BACK:
                self._flight.recall()
        finally:
            await self._bring_down()
        return Ending.HELD if self._held else ending

    async def _send(self, rows: deque[Pending]) -> Ending:
        while rows or self._ready:
            ending = await self._over()
            if ending is not None:
                return ending
            await self._draft(rows)
            await self._records.keep_due()
            if self._holding.refused:
                return Ending.STOPPED
            room = self._room()
            if self._flight.count and room < min(len(self._ready), self._most() // 2 or 1):
                await self._land()
            elif self._ready:
                await self._launch(room)
        return Ending.EMPTY

    async def _over(self) -> Ending | None:
        """Say why nothing more may be launched."""
        if not await self._holding.look():
            return Ending.STOPPED
        if self._held:
            return Ending.HELD
        if self._parts.stopping():
            return Ending.STOPPING
        now = self._parts.clock.now()
        if now >= self._deadline:
            return Ending.TIME_OVER
        return Ending.UNREACHABLE if self._line.breaker.room(now) == 0 else None

    def _most(self) -> int:
        """Say how many may be claimed and unanswered: more where the network is quick."""
        probes = self._line.breaker.room(self._parts.clock.now())
        if probes is not None:
            return probes
        seconds = (self._parts.clock.now() - self._begun).total_seconds()
        quick = self._landed / seconds if seconds > 0 else 0.0
        if seconds >= _DEPTH:
            self._line.quick = quick
        # At first what is known from the batch before counts too.
        quick = max(quick, self._line.quick)
        deep = min(int(quick * _DEPTH), 2 * self._parts.pace.slice)
        return max(self._line.provider.room, deep, 1)

    def _room(self) -> int:
        return min(max(self._most() - self._flight.count, 0), self._parts.pace.slice)

    async def _draft(self, rows: deque[Pending]) -> None:
        """Render up to a slice, or more while what is ready waits for slow destinations."""
        most = self._parts.pace.slice if not self._blocked else self._parts.pace.batch
        limits, name, sender = self._parts.throttle.limits, self._line.name, self._line.sender
        broken: list[Pending] = []
        for _ in range(self._parts.pace.slice):
            if not rows or len(self._ready) >= most:
                break
            row = rows.popleft()
            message = self._desk.draft(row)
            if message is None:
                broken.append(row)
            else:
                self._ready.add(message, self._wanted(limits(name, sender, row.address), message))
        if broken:
            await self._give_up(broken)

    def _wanted(self, limits: tuple[str, ...], message: Message) -> Want:
        """Say what a message asks for; most ask for the same as the one before."""
        want = self._want
        if want.limits != limits or want.units != message.units:
            self._want = want = Want(limits, message.units)
        return want

    async def _give_up(self, broken: Sequence[Pending]) -> None:
        """Claim and end what can't be rendered, which is a fault of ours."""
        claimed = await self._holding.claim(
            {row.delivery.number: row.attempt for row in broken}, self._line.name
        )
        self._records.add(
            [
                Recorded(
                    submission=Submission(
                        delivery=row.delivery,
                        attempt=row.attempt,
                        event=DeliveryEvent.EXHAUST,
                        reason=Reason.RENDERING,
                    ),
                    provider=self._line.name,
                    units=0,
                    due=None,
                )
                for row in broken
                if row.delivery.number in claimed
            ]
        )

    async def _launch(self, room: int) -> None:
        """Send what the throttle grants of what is ready."""
        parts = self._parts
        chosen = self._ready.first(room)
        asked = parts.clock.now()
        grant = parts.throttle.take([want for _, want in chosen], self._campaign.lane)
        self._blocked = len(grant.granted) < len(chosen)
        slice_ = self._ready.take(chosen, grant.granted)
        if not slice_:
            await self._pass_time(min(grant.wait, parts.pace.patience))
            return
        attempts = {message.delivery.number: message.attempt for message, _ in slice_}
        try:
            claimed = await self._holding.claim(attempts, self._line.name)
        except UnavailableError:
            # It may be committed all the same, and nothing of it has left.
            self._never_left(slice_)
            raise
        going = [pair for pair in slice_ if pair[0].delivery.number in claimed]
        if going and parts.clock.now() - asked > _STALE:
            # The claim took so long that the grant is about to run out.
            self._charges.unused([want for _, want in going], grant.mark)
            await self._ask_again(going)
        elif going:
            self._start(going, grant.mark, asked)
        # Let the requests begin before the next slice is drafted.
        await parts.clock.sleep(0)

    async def _ask_again(self, going: list[tuple[Message, Want]]) -> None:
        while going:
            if await self._over() is not None:
                self._never_left(going)
                return
            asked = self._parts.clock.now()
            again = self._parts.throttle.take([want for _, want in going], self._campaign.lane)
            if not again.granted:
                await self._pass_time(min(again.wait, self._parts.pace.patience))
            granted = frozenset(again.granted)
            self._start([going[index] for index in again.granted], again.mark, asked)
            going = [pair for index, pair in enumerate(going) if index not in granted]

    def _start(self, going: Sequence[tuple[Message, Want]], mark: int, asked: datetime) -> None:
        self._flight.start(
            [message for message, _ in going], [want for _, want in going], mark, asked
        )

    def _never_left(self, pairs: Sequence[tuple[Message, Want]]) -> None:
        """Write down that claimed messages did not leave; nothing happens to unclaimed ones."""
        now = self._parts.clock.now()
        self._records.add(
            [
                Recorded(
                    submission=Submission(
                        delivery=message.delivery,
                        attempt=message.attempt,
                        event=DeliveryEvent.DEFER,
                    ),
                    provider=self._line.name,
                    units=0,
                    due=now,
                )
                for message, _ in pairs
            ]
        )

    async def _pass_time(self, seconds: float) -> None:
        """Wait for the throttle, recording what comes back meanwhile."""
        if self._flight.busy:
            await self._land(within=seconds)
        else:
            await self._records.keep()
            await self._parts.clock.sleep(seconds)
        if not await self._holding.look():
            self._flight.recall()

    async def _bring_down(self) -> None:
        """Wait for what is in the air; what then is not known is in doubt, and said so."""
        try:
            await self._wait_for_answers()
        except BaseException:
            self._flight.recall()
            await self._flight.end()
            self._records.add([self._settled(one) for one in await self._flight.landed(0)])
            raise
        finally:
            await self._records.keep()

    async def _wait_for_answers(self) -> None:
        """Wait; when we are to stop, or a network never answers, only for a while."""
        until = self._parts.clock.now() + _ENDLESS
        while self._flight.busy:
            if not await self._holding.look():
                self._flight.recall()
            if self._parts.stopping():
                self._flight.recall()
                until = min(until, self._parts.clock.now() + self._parts.pace.grace)
            if self._parts.clock.now() >= until:
                await self._flight.end()
            await self._land()

    async def _land(self, within: float = _LOOK) -> None:
        """Wait for messages to come down, and write down what became of them."""
        landings = await self._flight.landed(min(within, _LOOK))
        if landings:
            self._landed += len(landings)
            self._records.add([self._settled(landing) for landing in landings])
        self._charges.landed(landings)
        self._charges.renew(self._flight)
        if landings:
            self._learn([landing for landing in landings if not landing.recalled])
        await self._records.keep_due()
        if not await self._holding.look():
            self._flight.recall()

    def _learn(self, landings: Sequence[Landing]) -> None:
        """Slow down when we are too fast; hold the campaign when everything comes to nothing.

        Else the rest would all be in doubt, or burnt on a network that refuses us.
        """
        if not landings:
            return
        line, now = self._line, self._parts.clock.now()
        line.note(landings, now)
        answers = [landing.submission for landing in landings]
        fast = [answer for answer in answers if answer.reason in _TOO_FAST]
        part = line.complaints.note(len(answers), len(fast), now)
        if fast:
            wishes = (answer.retry_after or timedelta(0) for answer in fast)
            self._parts.throttle.slow(line.name, max(wishes).total_seconds(), part)
        halts = [answer.code for answer in answers if answer.halt]
        if halts:
            line.streak = 0
            self._hold(f"{line.name} refuses us ({halts[0]})")
        elif line.streak >= _STREAK:
            line.streak = 0
            code = answers[-1].code or answers[-1].reason or "no answer"
            self._hold(f"{line.name}: {_STREAK} times in a row messages came to nothing ({code})")

    def _hold(self, why: str) -> None:
        if not self._held:
            self._held = True
            self._flight.recall()
            self._parts.hold(self._campaign.id, why)

    def _settled(self, landing: Landing) -> Recorded:
        parts, submission = self._parts, landing.submission
        due = None
        if landing.recalled:
            due = parts.clock.now()
        elif submission.event is DeliveryEvent.DEFER:
            due = parts.retry.due(submission, parts.clock.now(), parts.random)
            if due is None:
                submission = parts.retry.given_up(submission)
        return Recorded(
            submission=submission,
            provider=self._line.name,
            units=landing.aloft.message.units,
            due=due,
        )
