"""Runs services on one machine: in order, started again when they die, ended in good order."""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from broadcaster.embedded import groups, process
from broadcaster.embedded.claim import Claim
from broadcaster.embedded.places import bound_log, run_file
from broadcaster.embedded.restart import Restart, plan
from broadcaster.embedded.server import Server
from broadcaster.embedded.servers import all_servers
from broadcaster.embedded.service import Running, Service
from broadcaster.errors import BroadcasterError

__all__ = ["Service", "Supervisor"]

#: How long a service may take to end when asked, seconds.
_PATIENCE = 15.0
#: How long processes may go on whose service died: a worker's child ends its slice. Seconds.
_ORPHAN = 10.0

#: So many bad starts in a row are no accident.
_HOPELESS = 4

_log = logging.getLogger(__name__)


class Supervisor:
    """Runs the services of a home folder; one supervisor at a time.

    The embedded servers that somebody uses in this home folder are watched as well.
    """

    def __init__(
        self,
        home: Path,
        services: Sequence[Service],
        *,
        patience: float = _PATIENCE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`patience` is how long a service may take to end when asked, seconds."""
        self._home = home.absolute()
        self._running = [Running(self._home, service) for service in services]
        self._patience = patience
        self._clock = clock
        self._claim = Claim(self._home)
        self._servers = all_servers(self._home)
        self._revived: dict[str, tuple[float, Restart]] = {}
        #: Groups whose service died, and when the rest of them is ended.
        self._orphans: dict[int, float] = {}

    def __enter__(self) -> Self:
        """Become the one supervisor of the home folder, and end what a killed one left there.

        ConflictError naming the process of another one.
        """
        self._enter()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the services."""
        self.stop()

    def start(self) -> None:
        """Start the services in order, each once the one before is ready.

        ConfigurationError when something else answers in a service's place, UnavailableError with
        the log's path when one ends at once or does not get ready; then none is left running.
        """
        self._enter()
        try:
            for running in self._running:
                running.start(self._clock(), self._record)
        except BaseException:
            self.stop()
            raise

    def watch(self) -> None:
        """Look after everything once: start again what died and is due, and bound the logs."""
        for server in self._servers:
            bound_log(server.log_file)
            self._revive(server)
        for running in self._running:
            bound_log(running.log)
            self._look_after(running)
        for group, deadline in list(self._orphans.items()):
            if self._clock() >= deadline or not process.members(group):
                groups.kill([group])
                del self._orphans[group]

    def failing(self) -> list[tuple[str, Path]]:
        """List services that ended again and again right after they were started, with their logs.

        They are still started again, ever later; somebody should look.
        """
        return [
            (running.service.name, running.log)
            for running in self._running
            if running.restart is not None and running.restart.failures >= _HOPELESS
        ]

    def stop(self) -> None:
        """End the services: first those that use others, then those that others use.

        A second Ctrl+C meanwhile kills them.
        """
        if not self._claim.held:
            return
        try:
            for serves in (False, True):
                wave = [r for r in self._running if (r.service.ready is not None) is serves]
                groups.end(_groups(wave), self._patience, self._bury)
        finally:
            groups.end([*_groups(self._running), *self._orphans], 0, self._bury)
            for running in self._running:
                running.forget()
            self._orphans.clear()
            # What it lists is gone, so it does no harm if the disk is too full to write that.
            with suppress(BroadcasterError):
                self._record()
            self._claim.leave()

    def _enter(self) -> None:
        if self._claim.take():
            left = groups.leftovers(self._record_file)
            if left:
                _log.warning("services of a killed supervisor end", extra={"action": "end"})
                groups.end(left, self._patience, self._bury)

    def _look_after(self, running: Running) -> None:
        now = self._clock()
        child = running.child
        if child is not None and running.ended():
            _log.warning(
                "service died",
                extra={"action": "die", "service": running.service.name, "exit": child.returncode},
            )
            self._orphans[child.pid] = now + _ORPHAN
            running.restart = plan(running.restart, lived=now - running.begun, now=now)
            running.forget()
        elif child is None and running.restart is not None and now >= running.restart.due:
            try:
                running.spawn(now)
                self._record()
            except BroadcasterError:
                _log.exception("service not started", extra={"action": "restart"})
                running.restart = plan(running.restart, lived=0, now=now)

    def _revive(self, server: Server) -> None:
        """Start a server again that died in use: at once, and later when that doesn't help."""
        now = self._clock()
        since, before = self._revived.get(server.name, (now, None))
        if before is not None and now < before.due:
            return
        try:
            if not server.revive():
                return
            _log.warning("server died", extra={"action": "restart", "server": server.name})
        except BroadcasterError:
            _log.exception("server not started", extra={"action": "restart"})
        self._revived[server.name] = now, plan(before, lived=now - since, now=now)

    def _bury(self) -> None:
        for running in self._running:
            running.ended()

    @property
    def _record_file(self) -> Path:
        return run_file(self._home, "services.json")

    def _record(self) -> None:
        alive = {r.service.name: r.process for r in self._running if r.process is not None}
        groups.write(self._record_file, alive)


def _groups(services: Sequence[Running]) -> list[int]:
    return [running.child.pid for running in reversed(services) if running.child is not None]
