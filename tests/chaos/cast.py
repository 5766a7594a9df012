"""The processes of a run by their roles, found by pid, and seen to that they are there."""

import json
import os
import signal
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path

from broadcaster.embedded import process
from broadcaster.errors import BroadcasterError
from tests.chaos.scene import Scene, finish

#: How long to look for a process that is just being started again, seconds.
_PATIENCE = 5.0
#: How long everything may take to be up, seconds.
_START = 120.0


class AbsentError(Exception):
    """Nobody has that role at the moment."""


class Cast:
    """The supervisor with its services, the networks, and the two servers.

    What the run kills is not only started again by the supervisor: the supervisor itself and the
    networks have the run for their supervisor, as they would have systemd or somebody else.
    """

    def __init__(self, scene: Scene) -> None:
        """Nothing is started yet."""
        self._scene = scene
        self._turn = threading.RLock()
        #: Not started again before that moment, by name.
        self._rest: dict[str, float] = {}
        self._own: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Start the networks and the supervisor, and wait until all services run."""
        self.keep()
        self.find("beat", 0.0, _START)

    def keep(self) -> list[str]:
        """Start again what died and has rested; who was started."""
        started = []
        words = {
            "networks": ["tests.chaos.networks", str(self._scene.home), self._push_port],
            "supervisor": ["broadcaster", "up"],
        }
        with self._turn:
            for name, argv in words.items():
                child = self._own.get(name)
                dead = child is None or child.poll() is not None
                if dead and time.monotonic() >= self._rest.get(name, 0.0):
                    if child is not None:
                        finish(child)
                    if name == "supervisor":
                        self._revive()
                    self._own[name] = self._scene.start(name, argv)
                    # If it can't start now, it is tried again, not at once.
                    self._rest[name] = time.monotonic() + 1
                    started.append(name)
        return started

    @property
    def _push_port(self) -> str:
        return str(self._scene.links["push"].port)

    def _revive(self) -> None:
        """Start servers again while there is no supervisor that would."""
        for server in self._scene.servers.values():
            with suppress(BroadcasterError):
                server.revive()

    def kill(self, name: str, rest: float) -> int:
        """Kill the supervisor or the networks, which stay away for some seconds; the pid."""
        with self._turn:
            child = self._own.get(name)
            if child is None or child.poll() is not None:
                raise AbsentError(name)
            self._rest[name] = time.monotonic() + rest
            child.kill()
            return child.pid

    def find(self, role: str, luck: float, patience: float = _PATIENCE) -> int:
        """Find the pid of a service, of a child of one, or of a server; AbsentError."""
        name = role.removeprefix("child of ")
        deadline = time.monotonic() + patience
        while True:
            pid = self._find(name)
            if pid is not None and name != role:
                children = _children(pid)
                pid = children[int(luck * len(children))] if children else None
            if pid is not None:
                return pid
            if time.monotonic() > deadline:
                raise AbsentError(role)
            time.sleep(0.05)

    def _find(self, name: str) -> int | None:
        if name in self._scene.servers:
            return self._scene.servers[name].pid()
        path = self._scene.home / "run" / "services.json"
        try:
            rows = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        for row in rows:
            found = process.identify(int(row["pid"]))
            if row["name"] == name and found is not None and found.started == row["started"]:
                return found.pid
        return None

    def end(self) -> None:
        """End everything, the supervisor first."""
        with self._turn:
            for name in ("supervisor", "networks"):
                if name in self._own:
                    finish(self._own.pop(name))


def _children(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except OSError:
        return []
    return [int(word) for word in text.split()]


def send(pid: int, number: signal.Signals) -> bool:
    """Send a signal; whether there was anybody."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def send_group(pid: int, number: signal.Signals) -> bool:
    """Send a signal to a service with all its children; whether there was anybody."""
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        return False
    return True
