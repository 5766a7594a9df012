"""A service: a command that runs beside others on this machine, and writes a log."""

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from broadcaster.embedded import process
from broadcaster.embedded.places import last_words, log_file, open_log, refused
from broadcaster.embedded.process import Process
from broadcaster.embedded.restart import Restart
from broadcaster.errors import ConfigurationError, UnavailableError

#: How long a service may take until it is ready, seconds.
_READY = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """A command, what it finds in its environment beside ours, and how to see that it is ready."""

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    #: Tells whether it answers others; None for one that serves nobody.
    ready: Callable[[], bool] | None = field(default=None, repr=False)
    #: Where it listens and which setting says so, for people.
    place: str = "its port"


class Running:
    """A service and its process, if it has one now."""

    def __init__(self, home: Path, service: Service) -> None:
        """Nothing is started yet."""
        self.service = service
        self.log = log_file(home, service.name)
        self.child: subprocess.Popen[bytes] | None = None
        self.process: Process | None = None
        self.begun = 0.0
        self.restart: Restart | None = None
        self._since = 0

    def spawn(self, now: float) -> None:
        """Start it in a process group of its own, which the terminal's Ctrl+C doesn't reach."""
        log = open_log(self.log)
        try:
            self._since = os.fstat(log).st_size
            self.child = subprocess.Popen(  # noqa: S603  (a command of our own)
                self.service.argv,
                env={**os.environ, **self.service.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        except OSError as error:
            raise refused(Path(self.service.argv[0]), error) from error
        finally:
            os.close(log)
        self.begun = now
        self.process = process.identify(self.child.pid)

    def start(self, now: float, spawned: Callable[[], None]) -> None:
        """Start it and wait until it is ready; `spawned` is called once it has a process.

        ConfigurationError when something answers in its place already; UnavailableError when it
        ends, or isn't ready after a minute.
        """
        name, ready = self.service.name, self.service.ready
        if ready is not None and ready():
            message = (
                f"{name}: another program answers at {self.service.place}. "
                "Stop that program, or set another port."
            )
            raise ConfigurationError(message)
        self.spawn(now)
        spawned()
        if ready is None:
            return
        process.wait_until(lambda: self.ended() or ready(), _READY)
        if self.ended() or not ready():
            why = last_words(self.log, self._since).rstrip(".")
            message = f"{name} does not start: {why}. See {self.log}; mend it and start again."
            raise UnavailableError(message)

    def ended(self) -> bool:
        """Tell whether its process has died; a dead one is buried."""
        return self.child is not None and self.child.poll() is not None

    def forget(self) -> None:
        """Have no process any more."""
        self.child = self.process = None
