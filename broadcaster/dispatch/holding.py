"""The lease on a batch while it is worked on.

The ledger is asked in another thread: requests go on leaving and answers coming in meanwhile.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta

from broadcaster.errors import UnavailableError
from broadcaster.ports import Clock, Lease, Ledger, Message

#: How often to look whether the batch is still ours and its campaign still runs: what a pause may
#: have to wait for, beside the message that is just being written.
LOOK = timedelta(seconds=0.8)


class Holding:
    """A batch that is ours; it is renewed by claims, and by looking after it.

    Between looks its own clock decides: a process that was stopped for longer than its lease finds
    that out before it writes another message, whatever others have done meanwhile.
    """

    def __init__(self, ledger: Ledger, clock: Clock, lease: Lease, ttl: timedelta) -> None:
        """It was leased just now."""
        self.lease = lease
        self.refused = False
        self._ledger = ledger
        self._clock = clock
        self._ttl = ttl
        self._until = self._ends(lease.until)
        self._looked = clock.now()

    async def claim(self, attempts: Mapping[int, int], provider: str) -> frozenset[int]:
        """Claim deliveries for a provider; none, and `refused`, when it is no longer ours."""
        now = self._clock.now()
        claimed = await asyncio.to_thread(
            self._ledger.claim, self.lease, attempts, provider, now, self._ttl
        )
        self._noted(now, held=claimed is not None)
        return frozenset(claimed or ())

    async def look(self) -> bool:
        """Renew the lease when it is time to; False once it was refused or quiet hours began."""
        now = self._clock.now()
        self.refused = self.refused or self._rests(now)
        if not self.refused and now - self._looked >= LOOK:
            # While the ledger does not answer, the lease alone decides.
            with suppress(UnavailableError):
                held = await asyncio.to_thread(self._ledger.renew, self.lease, now, self._ttl)
                self._noted(now, held=held)
        return not self.refused

    def lets(self, message: Message, now: datetime) -> bool:
        """Tell whether a claimed message may still leave at this moment."""
        return not self.refused and now < self._until and now < message.expires

    def _noted(self, now: datetime, *, held: bool) -> None:
        self._looked = now
        self.refused = self.refused or not held
        if held:
            self._until = self._ends(now + self._ttl)

    def _rests(self, now: datetime) -> bool:
        return self.lease.rests is not None and now >= self.lease.rests

    def _ends(self, until: datetime) -> datetime:
        """Say until when messages may leave: no longer than before quiet hours begin."""
        rests = self.lease.rests
        return until if rests is None else min(until, rests)
