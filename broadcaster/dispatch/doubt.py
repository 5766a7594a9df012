"""Settling what is in doubt: ask the provider, then let the class of the message decide.

A message is in doubt when its request left, or may have left, and no answer was recorded. Receipts
settle most. What they do not is asked about, a bounded number of times; what stays open after that
is sent again when it protects life (a second warning is better than none), and is otherwise listed
for people, because telling somebody twice by our own fault is not ours to risk.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from broadcaster.dispatch.drafting import Drafting, body_sha256
from broadcaster.domain.delivery import DeliveryId, DeliveryStatus, Receipt
from broadcaster.domain.message import MessageClass
from broadcaster.ports import Clock, Findable, Ledger, Open, Provider, Question

_log = logging.getLogger(__name__)

#: How many are asked about in one go.
_SLICE = 100
#: How many questions are under way together.
_AT_ONCE = 20
#: How often it is looked whether this process is to end, seconds.
_LOOK = 0.25


class Doubts(Protocol):
    """The ledger's list of open deliveries."""

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
        """Ask about what is due; how many deliveries were found out about."""
        now = self.clock.now()
        rows = self.doubts.open(now, self.settle_after, self.reconcile_after, _SLICE)
        answers = await self._ask_all(rows)
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
            self.ledger.receive(receipts, now)
            self.ledger.apply_receipts(now, len(receipts) + _SLICE)
        return len(receipts)

    async def _ask_all(self, rows: Sequence[Open]) -> Mapping[DeliveryId, Sequence[Receipt]]:
        """Ask about some at once: a network that hangs must not hold everything else up.

        Who is missing in the answer was not asked to the end, because this process is to end: a
        warning is not sent again for that.
        """
        room = asyncio.Semaphore(_AT_ONCE)

        async def one(row: Open) -> Sequence[Receipt]:
            async with room:
                return await self._ask(row)

        asking = {row.pending.delivery: asyncio.create_task(one(row)) for row in rows}
        left = set(asking.values())
        try:
            while left and not self.stopping():
                _, left = await asyncio.wait(left, timeout=_LOOK)
        finally:
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
        return {
            delivery: task.result() for delivery, task in asking.items() if not task.cancelled()
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
