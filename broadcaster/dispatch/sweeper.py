"""The tick: what is due now, found by queries on the ledger."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from broadcaster.domain.message import Lane
from broadcaster.errors import UnavailableError
from broadcaster.ports import Clock

_log = logging.getLogger(__name__)


class Calendar(Protocol):
    """The ledger's lists of what is due."""

    def due_campaigns(self, now: datetime) -> Sequence[tuple[int, Lane]]:
        """List launched campaigns whose time has come, with their lanes."""
        ...

    def due_escalations(self, now: datetime) -> Sequence[tuple[int, Lane]]:
        """List running campaigns that turn to their next channel now, with their lanes."""
        ...

    def publishable(
        self, now: datetime, stale: Mapping[Lane, timedelta], limit: int
    ) -> Sequence[tuple[int, Lane]]:
        """List and mark runnable batches that no fresh message in their queue stands for."""
        ...

    def unpublish(self, published: Sequence[int]) -> None:
        """Take the mark from batches whose messages could not be put into a queue."""
        ...

    def expire(self, now: datetime) -> int:
        """Expire what waits in campaigns whose advisory has ended; how many."""
        ...

    def rest(self, now: datetime) -> None:
        """Look again at what rests for quiet hours, and at what the rules say now."""
        ...

    def finish(self, now: datetime) -> Sequence[int]:
        """Complete running campaigns that have nothing left to send."""
        ...

    def receipts_waiting(self) -> bool:
        """Tell whether stored receipts wait to be applied."""
        ...

    def doubts_due(self, now: datetime, settle: timedelta, reconcile: timedelta) -> bool:
        """Tell whether a delivery in doubt, or one never reported on, is to be asked about."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """What the tick found: campaigns to plan or to escalate, batches, and two kinds of news."""

    campaigns: Sequence[tuple[int, Lane]]
    escalations: Sequence[tuple[int, Lane]]
    batches: Sequence[tuple[int, Lane]]
    receipts: bool
    doubts: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Sweeper:
    """Looks through the ledger twice a second.

    `ahead` bounds how many batches are in the queues at once; `stale` is after how long a message
    in a queue is taken for lost and sent again, which is harmless. Where the queue is empty it is
    lost (a flushed broker, a worker that died with it) or with a worker that will begin it soon,
    and `lost` is enough.
    """

    calendar: Calendar
    clock: Clock
    settle_after: timedelta
    reconcile_after: timedelta
    ahead: int = 200
    stale: timedelta = timedelta(seconds=15)
    lost: timedelta = timedelta(seconds=2)

    def sweep(self, idle: frozenset[Lane] = frozenset()) -> Due:
        """Expire and finish what has ended, and list what is to be done.

        `idle` are the lanes in whose queues no message waits.
        """
        now = self.clock.now()
        self._keep_house(now)
        return Due(
            campaigns=self.calendar.due_campaigns(now),
            escalations=self.calendar.due_escalations(now),
            batches=self.calendar.publishable(now, self._stale(idle), self.ahead),
            receipts=self.calendar.receipts_waiting(),
            doubts=self.calendar.doubts_due(now, self.settle_after, self.reconcile_after),
        )

    def _stale(self, idle: frozenset[Lane]) -> Mapping[Lane, timedelta]:
        return {lane: self.lost if lane in idle else self.stale for lane in Lane}

    def _keep_house(self, now: datetime) -> None:
        """Expire and finish; rows that somebody holds must not keep all others from their turn."""
        try:
            self.calendar.rest(now)
            expired = self.calendar.expire(now)
            finished = self.calendar.finish(now)
        except UnavailableError:
            _log.warning("swept in part", extra={"action": "sweep_interrupted"})
            return
        if expired or finished:
            _log.info(
                "swept",
                extra={"action": "swept", "expired": expired, "finished": list(finished)},
            )
