"""The claim of a supervisor to be the only one of its home folder, and to end in good order."""

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from broadcaster.embedded import locks
from broadcaster.embedded.places import run_file
from broadcaster.errors import ConflictError

#: What ends a program that has no terminal, or whose terminal is closed.
_ENDINGS = (signal.SIGTERM, signal.SIGHUP)

_Handler = Callable[[int, FrameType | None], object] | int | None


class Claim:
    """Held from `take` to `leave`; the kernel ends it when the process is killed."""

    def __init__(self, home: Path) -> None:
        """Nothing is claimed yet."""
        self._home = home
        self._lock: int | None = None
        self._handlers: dict[signal.Signals, _Handler] = {}

    @property
    def held(self) -> bool:
        """Tell whether this claim is held."""
        return self._lock is not None

    def take(self) -> bool:
        """Claim the home folder; False when this claim is held already.

        ConflictError names the process of another one. While it is held, SIGTERM and SIGHUP
        interrupt as Ctrl+C does, so that services are not left behind.
        """
        if self._lock is not None:
            return False
        path = run_file(self._home, "supervisor.lock")
        lock = locks.open_lock(path)
        if not locks.take(lock):
            holder = os.pread(lock, 20, 0).decode("ascii", errors="replace").strip()
            os.close(lock)
            message = (
                f"Process {holder or 'unknown'} runs the services of {self._home} already. "
                "Stop it, or name another folder in BROADCASTER_HOME."
            )
            raise ConflictError(message)
        os.truncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode("ascii"), 0)
        self._lock = lock
        if threading.current_thread() is threading.main_thread():
            for number in _ENDINGS:
                self._handlers[number] = signal.signal(number, signal.default_int_handler)
        return True

    def leave(self) -> None:
        """Give the home folder free."""
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers.clear()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
