"""Keeping receipts before they are acknowledged, and waking who applies them."""

import asyncio
import logging
from collections.abc import Callable, Sequence

from starlette.concurrency import run_in_threadpool

from broadcaster.domain.delivery import Receipt
from broadcaster.web.inside import Inside

_log = logging.getLogger(__name__)

#: Wakes are not sent more often than this, seconds; the tick finds what comes in between.
_PAUSE = 0.2


class Store:
    """Stores receipts; what it has stored is safe, whatever happens to the wake."""

    def __init__(self, inside: Inside, wake: Callable[[], None]) -> None:
        """Use the ledger, and `wake` now and then."""
        self._inside = inside
        self._wake = wake
        self._waking: asyncio.Task[None] | None = None

    async def keep(self, receipts: Sequence[Receipt]) -> None:
        """Store, then wake; UnavailableError when the ledger cannot be written."""
        if not receipts:
            return
        now = self._inside.clock.now()
        new = await run_in_threadpool(self._inside.ledger.receive, receipts, now)
        if new and (self._waking is None or self._waking.done()):
            self._waking = asyncio.create_task(self._wake_soon())

    async def settled(self) -> None:
        """Wait until nobody is being woken."""
        if self._waking is not None:
            await self._waking

    async def _wake_soon(self) -> None:
        """Wake once for all receipts that come within a moment."""
        await asyncio.sleep(_PAUSE)
        try:
            await run_in_threadpool(self._wake)
        except Exception as error:  # noqa: BLE001  (best effort: the tick finds what is stored)
            details = {"action": "wake_failed", "fault": type(error).__name__}
            _log.warning("could not wake a worker", extra=details)
