"""What came of messages, on its way into the ledger."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from broadcaster.errors import UnavailableError
from broadcaster.ports import QUIET, Clock, Ledger, Probe, Recorded, Step

#: How long to wait between attempts to write down what came of messages, seconds.
_OUTAGE = (0.2, 0.5, 1, 2, 4, 8)

#: How long an answer may wait to be written down together with others: what is not written when a
#: process dies is in doubt.
_TOGETHER = timedelta(milliseconds=60)


class Records:
    """Collects answers for a moment, so that one transaction writes many."""

    def __init__(self, ledger: Ledger, clock: Clock, *, most: int, probe: Probe = QUIET) -> None:
        """Nothing waits; `most` is how many are written together at least."""
        self._ledger = ledger
        self._clock = clock
        self._probe = probe
        self._most = most
        self._rows: list[Recorded] = []
        self._since: datetime | None = None

    def add(self, rows: Sequence[Recorded]) -> None:
        """Take answers to be written down soon."""
        if rows and self._since is None:
            self._since = self._clock.now()
        self._rows += rows

    async def keep_due(self) -> None:
        """Write when there are many, or when the first has waited."""
        if self._since is None:
            return
        if len(self._rows) >= self._most or self._clock.now() - self._since >= _TOGETHER:
            await self.keep()

    async def keep(self) -> None:
        """Write down what waits, for as long as a short outage of the ledger lasts.

        What is never written down is in doubt, although we know it; so this is worth the wait.
        UnavailableError when the outage is longer.
        """
        rows, self._rows, self._since = self._rows, [], None
        if rows:
            with self._probe.step(Step.RECORD, messages=len(rows)):
                await self._write(rows)

    async def _write(self, rows: list[Recorded]) -> None:
        for wait in _OUTAGE:
            try:
                await asyncio.to_thread(self._ledger.record, rows, self._clock.now())
            except UnavailableError:
                await self._clock.sleep(wait)
            else:
                return
        try:
            await asyncio.to_thread(self._ledger.record, rows, self._clock.now())
        except UnavailableError:
            self._rows = [*rows, *self._rows]
            raise
