"""Settling what is in doubt: ask the provider, then let the class of the message decide.

A message is in doubt when its request left, or may have left, and no answer was recorded. Receipts
settle most. What they do not is asked about, a bounded number of times; what stays open after that
is sent again when it protects life (a second warning is better than none), and is otherwise listed
for people, because telling somebody twice by our own fault is not ours to risk.

One process asks at a time, and for a while only: whoever serves the tick asks too, and a network
that hangs must not have all of them wait for it.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from broadcaster.dispatch.drafting import Drafting, body_sha256
from broadcaster.domain.delivery import DeliveryEvent, DeliveryId, DeliveryStatus, Receipt
from broadcaster.domain.message import MessageClass
from broadcaster.ports import Clock, Findable, Ledger, Open, Provider, Question

_log = logging.getLogger(__name__)

#: How many are asked about in one go, all together: none is marked as asked that was not.
_AT_ONCE = 20
#: How many receipts are applied beside those that were found.
_BESIDE = 100
#: For how long further ones are asked about, and when all is over: each has five seconds at least.
_BEGUN, _WHILE = timedelta(seconds=5), timedelta(seconds=10)
#: How often it is looked whether that is over, or this process is to end, seconds.
_LOOK = 0.25


class Doubts(Protocol):
    """The ledger's list of open deliveries."""

    def turn(self) -> AbstractContextManager[bool]:
        """Take the turn of asking; False while somebody has it."""
        ...

    def open(
        self, now: datetime, settle: timedelta, reconcile: timedelta, limit: int
    ) -> Sequence[Open]:
        """List open deliveries that are due to be asked about, and push their next time on.

        Marked as asked in the same transaction, so that two workers don't ask twice.
        """
        ...

    def contested(self, found: Sequence[Receipt], now: datetime) -> Sequence[int]:
        """List which of these (by index) name a message that is or may be another delivery's."""
        ...

    def resend(self, deliveries: Sequence[DeliveryId], now: datetime) -> int:
        """Apply RESEND to deliveries in doubt and make their batches runnable."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Doubt:
    """Settles open deliveries; `tries` bounds how often a provider is asked about one.

    `stopping` tells whether this process is to end soon: then what was not answered is left.
    """

    ledger: Ledger
    doubts: Doubts
    drafting: Drafting
    providers: Callable[[str], Provider]
    routes: Mapping[str, Sequence[str]]
    clock: Clock
    settle_after: timedelta
    reconcile_after: timedelta
    stopping: Callable[[], bool] = lambda: False
    tries: int = 3

    async def settle(self) -> int:
        """Ask about what is due, if nobody else does; how many deliveries were found out about."""
        count, start = 0, self.clock.now()
        with self.doubts.turn() as mine:
            more = mine
            while more:
                found, more = await self._settle(start + _WHILE)
                count += found
                more = more and self.clock.now() < start + _BEGUN and not self.stopping()
        return count

    async def _settle(self, end: datetime) -> tuple[int, bool]:
        """Ask about some; how many were found out about, and whether there may be more."""
        now = self.clock.now()
        rows = self.doubts.open(now, self.settle_after, self.reconcile_after, _AT_ONCE)
        answers = await self._ask_all(rows, end)
        receipts = self._own(list(answers.values()), now)
        known = {receipt.delivery for receipt in receipts}
        again = [
            row.pending.delivery
            for row in rows
            if row.pending.delivery in answers
            and row.pending.delivery not in known
            and self._resend(row)
        ]
        if again:
            self.doubts.resend(again, now)
        if receipts:
            told = list(_told(receipts, rows))
            self.ledger.receive(told, now)
            self.ledger.apply_receipts(now, len(told) + _BESIDE)
        return len(receipts), len(rows) == _AT_ONCE

    async def _ask_all(
        self, rows: Sequence[Open], end: datetime
    ) -> Mapping[DeliveryId, Sequence[Receipt]]:
        """Ask about some at once: a network that hangs must not hold everything else up.

        What is not answered at the end of the time never is: silence must not keep a warning back.
        Who is missing in the answer was not asked to the end, because this process is to end: a
        warning is not sent again for that.
        """
        asking = {row.pending.delivery: asyncio.create_task(self._ask(row)) for row in rows}
        left = set(asking.values())
        try:
            while left and self.clock.now() < end and not self.stopping():
                _, left = await asyncio.wait(left, timeout=_LOOK)
        finally:
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
        ending = self.stopping()
        return {
            delivery: () if task.cancelled() else task.result()
            for delivery, task in asking.items()
            if not (task.cancelled() and ending)
        }

    def _own(self, answers: Sequence[Sequence[Receipt]], now: datetime) -> list[Receipt]:
        """Leave out what was found and is or may be another delivery's message, or named by two.

        A network is asked by recipient and text, and another campaign may have sent the same words
        to the same number, even just now. What stays in doubt is listed; a wrong answer is not
        noticed.
        """
        found = [receipt for answer in answers for receipt in answer]
        named: dict[tuple[str, str | None], set[DeliveryId | None]] = {}
        for receipt in found:
            named.setdefault((receipt.provider, receipt.reference), set()).add(receipt.delivery)
        unshared = [
            receipt
            for receipt in found
            if receipt.reference is None or len(named[receipt.provider, receipt.reference]) == 1
        ]
        contested = frozenset(self.doubts.contested(unshared, now)) if unshared else frozenset()
        return [receipt for index, receipt in enumerate(unshared) if index not in contested]

    def _resend(self, row: Open) -> bool:
        safety = row.message_class is MessageClass.SAFETY
        return safety and row.status is DeliveryStatus.UNKNOWN and row.asked + 1 >= self.tries

    async def _ask(self, row: Open) -> Sequence[Receipt]:
        # A lost worker left no word of its provider; then the route tells which it was.
        routed = self.routes.get(row.pending.address.scheme.value, ())
        name = row.provider or next(iter(routed), None)
        if name is None:
            return ()
        try:
            provider = self.providers(name)
            if not isinstance(provider, Findable):
                return ()
            return await provider.find(self._question(row))
        except Exception as error:  # noqa: BLE001  (one answer must not take the others along)
            _log.warning(
                "could not ask",
                extra={
                    "action": "ask_failed",
                    "delivery": str(row.pending.delivery),
                    "fault": type(error).__name__,
                },
            )
            return ()

    def _question(self, row: Open) -> Question:
        body = None
        if row.reference is None:
            campaign = self.ledger.campaign(row.pending.delivery.campaign)
            advisory = self.ledger.advisory(campaign.advisory_id)
            message = self.drafting.draft(row.pending, campaign, advisory)
            body = None if message is None else body_sha256(message.content)
        return Question(
            delivery=row.pending.delivery,
            address=row.pending.address,
            reference=row.reference,
            since=row.since,
            body_sha256=body,
        )


def _told(receipts: Sequence[Receipt], rows: Sequence[Open]) -> Iterator[Receipt]:
    """Give what was found, behind word of which message it is where that is not known otherwise.

    The ledger believes a failure of the message that was sent last alone, and of what was sent
    again and is in doubt it does not know which that is. What was asked about was that.
    """
    nameless = {row.pending.delivery for row in rows if row.reference is None}
    for receipt in receipts:
        failed = receipt.event is DeliveryEvent.FAIL and receipt.reference is not None
        if failed and receipt.delivery in nameless:
            taken = f"{receipt.dedupe} taken"
            yield replace(receipt, event=DeliveryEvent.ACCEPT, dedupe=taken, reason=None, code=None)
        yield receipt
