"""What the two servers have in common: how they are started, found again and stopped.

A server's folder is its working folder, and it inherits a locked file. The lock lasts exactly as
long as the server or any process that it forked: whoever launched it may be killed, and the next
one still knows whether it runs. The working folder is entered before privileges are dropped, so
no permission of a parent folder matters to it, nor the length of its path.
"""

import logging
import os
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from broadcaster.embedded import locks, process
from broadcaster.embedded.account import Account, choose, spawn
from broadcaster.embedded.places import (
    last_words,
    log_file,
    open_log,
    private,
    refused,
    remove_links,
    run_file,
)
from broadcaster.embedded.programs import Program, runnable
from broadcaster.errors import ConflictError, UnavailableError

#: How long a start may take, seconds: after a crash PostgreSQL first repeats its journal.
_START = 120.0
#: How long what a killed server left behind may live on before it is ended, seconds.
_LEFTOVER = 3.0
#: How long an orderly stop may take, seconds.
_STOP = 30.0

_log = logging.getLogger(__name__)
#: The servers that this process launched, kept so that they are buried when they are dead.
_launched: dict[int, subprocess.Popen[bytes]] = {}


class Server(ABC):
    """One embedded server of a home folder."""

    #: The name of its folder and files, and the one for people.
    name: ClassVar[str]
    title: ClassVar[str]
    program: ClassVar[Program]
    #: The signal that stops it in good order.
    stop_signal: ClassVar[signal.Signals]

    def __init__(self, home: Path) -> None:
        """Nothing is started or made yet."""
        self.home = home.absolute()
        self.folder = self.home / self.name

    @abstractmethod
    def pid(self) -> int | None:
        """Give the pid that the server wrote down, if it did; it may be out of date."""

    @abstractmethod
    def _url(self) -> str: ...

    @abstractmethod
    def _ready(self) -> bool: ...

    @abstractmethod
    def _prepare(self, program: Path, account: Account) -> None: ...

    @abstractmethod
    def _arguments(self, account: Account) -> Sequence[str]: ...

    def start(self) -> str:
        """Start it, unless it runs; give its URL once it answers.

        ConfigurationError when its folder, program or account is unfit, ConflictError when somebody
        else runs a server in the folder, UnavailableError with the log's path when it fails.
        """
        account = choose()
        private(self.home)
        begun = time.monotonic()
        with locks.opened(self._lock_file) as lock:
            while not locks.take(lock):
                # Somebody runs it, or starts it at this moment.
                url = self.running()
                if url is not None:
                    return url
                waited = time.monotonic() - begun
                if waited > _START:
                    message = f"{self.title} does not answer. See {self.log_file}; then stop it."
                    raise UnavailableError(message)
                if waited > _LEFTOVER and self._alive() is None:
                    self._end_leftovers()
                time.sleep(0.02)
            return self._launch(lock, account)

    def running(self) -> str | None:
        """Give the URL if it runs and is ready."""
        if self._alive() is None or not locks.held(self._lock_file) or not self._ready():
            return None
        return self._url()

    def stop(self) -> None:
        """Stop it in good order, and by force when that takes too long; no matter if it runs."""
        if not self._held():
            return
        pid = self._alive()
        if pid is not None:
            process.send(pid, self.stop_signal)
            if not process.wait_until(lambda: not self._held(), _STOP):
                _log.warning(
                    "server stopped by force", extra={"action": "kill", "name_": self.name}
                )
                process.send(pid, signal.SIGKILL)
            self._bury(pid)
        process.wait_until(lambda: not self._held(), _LEFTOVER)
        if self._held():
            self._end_leftovers()
        self._temporary.unlink(missing_ok=True)
        remove_links(self.folder)

    @contextmanager
    def used(self) -> Iterator[str]:
        """Use it together with others, of this and other processes; started if need be.

        The last one who leaves stops it, if one of them had started it.
        """
        with locks.opened(run_file(self.home, f"{self.name}.users")) as users:
            locks.share(users)
            if not self._held():
                self._mark_temporary()
            url = self.start()
            try:
                yield url
            finally:
                if locks.take(users) and self._temporary.exists():
                    self.stop()

    def revive(self) -> bool:
        """Start it again if somebody uses it and it died; tell whether it was started."""
        if self._alive() is not None:
            return False
        with locks.opened(run_file(self.home, f"{self.name}.users")) as users:
            # Asked only while it is dead: a user who leaves at this moment has nothing to stop.
            if locks.take(users):
                return False
        self.start()
        return True

    @property
    def _lock_file(self) -> Path:
        return run_file(self.home, f"{self.name}.lock")

    @property
    def log_file(self) -> Path:
        """The file of its log."""
        return log_file(self.home, self.name)

    @property
    def _temporary(self) -> Path:
        return run_file(self.home, f"{self.name}.temporary")

    def _mark_temporary(self) -> None:
        try:
            self._temporary.touch(mode=0o600)
        except OSError as error:
            raise refused(self._temporary, error) from error

    def _held(self) -> bool:
        # A folder that was never used has no lock, and asking makes none.
        return self.home.is_dir() and locks.held(self.home / "run" / f"{self.name}.lock")

    def _alive(self) -> int | None:
        pid = self.pid() if self.folder.is_dir() else None
        if pid is None or not process.is_server(pid, self.folder, self._program_name):
            return None
        return pid

    @property
    def _program_name(self) -> str:
        return Path(self.program.place).name

    def _launch(self, lock: int, account: Account) -> str:
        """Run the program with the lock in its hands, and wait until it is ready."""
        if (stranger := self._alive()) is not None:
            message = (
                f"{self.title} runs in {self.folder} as process {stranger}, and Broadcaster did "
                "not start it. Stop it first."
            )
            raise ConflictError(message)
        program = runnable(self.program, account)
        self._prepare(program, account)
        log = open_log(self.log_file)
        try:
            since = os.fstat(log).st_size
            argv = [str(program), *self._arguments(account)]
            child = spawn(argv, account, folder=self.folder, log=log, keep=lock)
        finally:
            os.close(log)
        _launched[child.pid] = child
        _log.info("server started", extra={"action": "start", "pid": child.pid})
        process.wait_until(lambda: child.poll() is not None or self._is(child.pid), _START)
        if child.poll() is None and self._is(child.pid):
            return self._url()
        child.kill()
        self._bury(child.pid)
        self._kill_leftovers()
        why = last_words(self.log_file, since)
        message = f"{self.title} does not start: {why}. See {self.log_file}; then try again."
        raise UnavailableError(message)

    def _is(self, pid: int) -> bool:
        return self.pid() == pid and self._ready()

    def _bury(self, pid: int) -> None:
        child = _launched.pop(pid, None)
        if child is not None:
            child.wait(_STOP)
        for dead in [pid for pid, other in _launched.items() if other.poll() is not None]:
            del _launched[dead]

    def _end_leftovers(self) -> None:
        self._kill_leftovers()
        process.wait_until(lambda: not self._held(), _LEFTOVER)

    def _kill_leftovers(self) -> None:
        """Kill what a dead server forked and left behind, for it holds the lock."""
        for pid in process.working_in(self.folder, self._program_name):
            process.send(pid, signal.SIGKILL)
