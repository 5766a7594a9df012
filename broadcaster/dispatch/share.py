"""One provider's share of a batch: draft, throttle, claim, submit, record, over and over."""

from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from broadcaster.dispatch.drafting import Desk
from broadcaster.dispatch.holding import Holding
from broadcaster.dispatch.lines import Line
from broadcaster.dispatch.pace import Ending
from broadcaster.dispatch.ready import Ready
from broadcaster.dispatch.runway import Runway
from broadcaster.domain.campaign import Campaign
from broadcaster.domain.delivery import DeliveryEvent, Reason
from broadcaster.errors import UnavailableError
from broadcaster.ports import Message, Pending, Recorded, Step, Submission, Want

if TYPE_CHECKING:
    from broadcaster.dispatch.dispatcher import Dispatcher

#: How old a grant may be when its messages are handed over.
_STALE = timedelta(seconds=1)
#: A network that takes this share of its messages in that time gets so many handed over at once.
_DEPTH = 0.2

#: Endings after which nothing that has not left may leave.
_TAKEN_BACK = frozenset({Ending.HELD, Ending.UNREACHABLE, Ending.STOPPED})


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
        self._limits = partial(parts.throttle.limits, line.name, line.sender)
        self._edition = parts.throttle.edition
        self._begun = parts.clock.now()
        self._runway = Runway(parts, holding, campaign, line)

    async def work(self, rows: Sequence[Pending]) -> Ending:
        """Send the rows in order, as many at once as the throttle and the provider allow."""
        ending = Ending.EMPTY
        try:
            ending = await self._send(deque(rows))
            if ending in _TAKEN_BACK:
                self._runway.flight.recall()
        finally:
            await self._runway.bring_down()
        return Ending.HELD if self._runway.held else ending

    async def _send(self, rows: deque[Pending]) -> Ending:
        while rows or self._ready:
            ending = await self._over()
            if ending is not None:
                return ending
            if rows:
                with self._parts.probe.step(Step.RENDER):
                    await self._draft(rows)
            await self._runway.records.keep_due()
            if self._holding.refused:
                return Ending.STOPPED
            room = self._room()
            if self._runway.flight.count and room < min(len(self._ready), self._most() // 2 or 1):
                await self._runway.land()
            elif self._ready:
                with self._parts.probe.step(Step.SLICE):
                    await self._launch(room)
        return Ending.EMPTY

    async def _over(self) -> Ending | None:
        """Say why nothing more may be launched."""
        if not await self._holding.look():
            return Ending.STOPPED
        if self._runway.held:
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
        quick = self._runway.count / seconds if seconds > 0 else 0.0
        if seconds >= _DEPTH:
            self._line.quick = quick
        # At first what is known from the batch before counts too.
        quick = max(quick, self._line.quick)
        deep = min(int(quick * _DEPTH), 2 * self._parts.pace.slice)
        return max(self._line.provider.room, deep, 1)

    def _room(self) -> int:
        return min(max(self._most() - self._runway.flight.count, 0), self._parts.pace.slice)

    async def _draft(self, rows: deque[Pending]) -> None:
        """Render up to a slice, or more while what is ready waits for slow destinations."""
        most = self._parts.pace.slice if not self._blocked else self._parts.pace.batch
        broken: list[Pending] = []
        for _ in range(self._parts.pace.slice):
            if not rows or len(self._ready) >= most:
                break
            row = rows.popleft()
            message = self._desk.draft(row)
            if message is None:
                broken.append(row)
            else:
                self._ready.add(message, self._wanted(message))
        if broken:
            await self._give_up(broken)

    def _wanted(self, message: Message) -> Want:
        """Say what a message asks for; most ask for the same as the one before."""
        limits, want = self._limits(message.address), self._want
        if want.limits != limits or want.units != message.units:
            self._want = want = Want(limits, message.units)
        return want

    def _look_at_limits(self) -> None:
        """Have what was drafted before a limit was set, or taken away, want what it has to now."""
        edition = self._parts.throttle.edition
        if edition != self._edition:
            self._edition = edition
            self._ready.reconsider(self._wanted)

    async def _give_up(self, broken: Sequence[Pending]) -> None:
        """Claim and end what can't be rendered, which is a fault of ours."""
        attempts = {row.delivery.number: row.attempt for row in broken}
        try:
            claimed = await self._holding.claim(attempts, self._line.name)
        except UnavailableError:
            # It may be committed all the same: they are tried and given up again, not in doubt.
            self._runway.never_left(broken)
            raise
        self._runway.records.add(
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
        self._look_at_limits()
        chosen = self._ready.first(room)
        asked = parts.clock.now()
        with parts.probe.step(Step.THROTTLE, asked=len(chosen)):
            grant = parts.throttle.take([want for _, want in chosen], self._campaign.lane)
        self._blocked = len(grant.granted) < len(chosen)
        slice_ = self._ready.take(chosen, grant.granted)
        if not slice_:
            await self._pass_time(min(grant.wait, parts.pace.patience))
            return
        attempts = {message.delivery.number: message.attempt for message, _ in slice_}
        try:
            with parts.probe.step(Step.CLAIM, messages=len(attempts)):
                claimed = await self._holding.claim(attempts, self._line.name)
        except UnavailableError:
            # It may be committed all the same, and nothing of it has left.
            self._runway.never_left([message for message, _ in slice_])
            raise
        going = [pair for pair in slice_ if pair[0].delivery.number in claimed]
        if going and parts.clock.now() - asked > _STALE:
            # The claim took so long that the grant is about to run out.
            self._runway.charges.unused([want for _, want in going], grant.mark)
            await self._ask_again(going)
        elif going:
            self._start(going, grant.mark, asked)
        # Let the requests begin before the next slice is drafted.
        await parts.clock.sleep(0)

    async def _ask_again(self, going: list[tuple[Message, Want]]) -> None:
        try:
            while going and await self._over() is None:
                asked = self._parts.clock.now()
                again = self._parts.throttle.take([want for _, want in going], self._campaign.lane)
                if not again.granted:
                    await self._pass_time(min(again.wait, self._parts.pace.patience))
                granted = frozenset(again.granted)
                self._start([going[index] for index in again.granted], again.mark, asked)
                going = [pair for index, pair in enumerate(going) if index not in granted]
        finally:
            # They are claimed: also when the ledger or the limits fail meanwhile, they never left.
            self._runway.never_left([message for message, _ in going])

    def _start(self, going: Sequence[tuple[Message, Want]], mark: int, asked: datetime) -> None:
        self._runway.flight.start(
            [message for message, _ in going], [want for _, want in going], mark, asked
        )

    async def _pass_time(self, seconds: float) -> None:
        """Wait for the throttle, recording what comes back meanwhile."""
        if self._runway.flight.busy:
            await self._runway.land(within=seconds)
        else:
            await self._runway.records.keep()
            await self._parts.clock.sleep(seconds)
        if not await self._holding.look():
            self._runway.flight.recall()
