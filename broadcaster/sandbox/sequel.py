"""What is still to happen to messages that were taken: callbacks, bounces, confirmations."""

import asyncio
import contextlib
import heapq
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable

from broadcaster.sandbox.record import Journal, Line

_log = logging.getLogger(__name__)

#: Does one step and tells what came of it, a word for the journal.
Step = Callable[[Line, int], Awaitable[str]]


class Sequel:
    """Does the steps that recorded messages still have before them, each at its time.

    A line of the record names its steps under `then`, each `[due, ...]` with `due` in epoch
    seconds. Steps done are written down after they were done, so that a killed process repeats at
    most those under way; none is forgotten. At most `capacity` steps wait: beyond that, new ones
    are dropped and counted, as an overloaded network would.
    """

    def __init__(
        self,
        record: Journal,
        done: Journal,
        step: Step,
        *,
        now: Callable[[], float],
        concurrency: int,
        capacity: int = 500_000,
    ) -> None:
        """Take up what earlier runs left to do."""
        self._record = record
        self._done = done
        self._step = step
        self._now = now
        self._capacity = capacity
        self._order = 0
        self._heap: list[tuple[float, int, int, int]] = []
        self._wake = asyncio.Event()
        self._free = asyncio.Semaphore(concurrency)
        self._running: set[asyncio.Task[None]] = set()
        self.dropped = 0
        self._restore()

    def _restore(self) -> None:
        finished: defaultdict[int, set[int]] = defaultdict(set)
        for line in self._done:
            finished[line["line"]].add(line["step"])
        for number, line in enumerate(self._record):
            self.add(number, line, finished.get(number, ()))

    def add(self, number: int, line: Line, done: "set[int] | tuple[()]" = ()) -> None:
        """Remember the steps of a line of the record."""
        for step, (due, *_) in enumerate(line["then"]):
            if step in done:
                continue
            if len(self._heap) >= self._capacity:
                self.dropped += 1
                continue
            self._order += 1
            heapq.heappush(self._heap, (due, self._order, number, step))
        self._wake.set()

    @property
    def waiting(self) -> int:
        """How many steps are not done yet."""
        return len(self._heap) + len(self._running)

    async def run(self) -> None:
        """Do steps when they are due, until cancelled; those under way are broken off then."""
        try:
            while True:
                await self._due()
                await self._free.acquire()
                _, _, number, step = heapq.heappop(self._heap)
                task = asyncio.create_task(self._do(number, step))
                self._running.add(task)
                task.add_done_callback(self._ended)
        finally:
            for task in self._running:
                task.cancel()

    async def _due(self) -> None:
        """Wait until the earliest step is due."""
        while True:
            self._wake.clear()
            wait = self._heap[0][0] - self._now() if self._heap else None
            if wait is not None and wait <= 0:
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), wait)

    async def _do(self, number: int, step: int) -> None:
        outcome = await self._step(self._record.read(number), step)
        self._done.append({"line": number, "step": step, "at": self._now(), "outcome": outcome})

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._free.release()
        if not task.cancelled() and (error := task.exception()):
            _log.error("step failed", extra={"action": "sandbox.step"}, exc_info=error)
