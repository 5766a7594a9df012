"""Telling the processes of a worker that it is to end.

Celery waits for running tasks when it is asked to stop, and tells them nothing. A batch may go on
for ten seconds, and longer when a network is slow; so the worker says it through memory that it
shares with its children, and they give back what has not left.
"""

import mmap

from celery.signals import worker_shutting_down


class Stopping:
    """One octet of memory that is shared with forked processes; set once, never cleared."""

    def __init__(self) -> None:
        """Not set; to be made before the children are."""
        self._memory = mmap.mmap(-1, 1)

    def set(self) -> None:
        """Say that the worker is to end; safe in a handler of signals."""
        self._memory[0] = 1

    def is_set(self) -> bool:
        """Tell whether it was said."""
        return self._memory[0] != 0


stopping = Stopping()


@worker_shutting_down.connect
def _stop(**_: object) -> None:
    stopping.set()
