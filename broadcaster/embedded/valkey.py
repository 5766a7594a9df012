"""Valkey in the home folder, reached by a unix socket that is inside its data folder."""

import signal
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from broadcaster.embedded.account import Account, make_folder
from broadcaster.embedded.places import reach_socket
from broadcaster.embedded.programs import VALKEY, Program
from broadcaster.embedded.server import Server

_SOCKET = "valkey.sock"
_PID_FILE = "valkey.pid"

_SETTINGS = {
    "dir": ".",
    # No port at all, only the socket in our private folder; hence no password.
    "port": "0",
    "unixsocket": _SOCKET,
    "unixsocketperm": "700",
    "pidfile": _PID_FILE,
    "daemonize": "no",
    # Every change is kept, and on the disk within a second.
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": "",
    # When it is full it says so; it never forgets a limit or a task by itself.
    "maxmemory": "256mb",
    "maxmemory-policy": "noeviction",
}


class EmbeddedValkey(Server):
    """The Valkey of a home folder."""

    name: ClassVar[str] = "valkey"
    title: ClassVar[str] = "Valkey"
    program: ClassVar[Program] = VALKEY
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM

    @property
    def broker_url(self) -> str:
        """The URL for kombu, which names unix sockets in its own way."""
        return f"redis+socket://{reach_socket(self.folder, _SOCKET)}?virtual_host=0"

    def pid(self) -> int | None:
        """Read the pid that the server wrote down."""
        try:
            text = (self.folder / _PID_FILE).read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return None
        return int(text) if text.isdecimal() else None

    def _url(self) -> str:
        return f"unix://{reach_socket(self.folder, _SOCKET)}?db=0"

    def _ready(self) -> bool:
        """Ask it; while it reads its journal it answers that it is loading."""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(5)
            try:
                client.connect(str(reach_socket(self.folder, _SOCKET)))
                client.sendall(b"PING\r\n")
                return client.recv(64).startswith(b"+PONG")
            except OSError:
                return False

    def _arguments(self, account: Account) -> Sequence[str]:
        _ = account
        return [word for name, value in _SETTINGS.items() for word in (f"--{name}", value)]

    def _prepare(self, program: Path, account: Account) -> None:
        _ = program
        make_folder(self.folder, account)
        # Left by a server that was killed, and perhaps by one of another account.
        (self.folder / _PID_FILE).unlink(missing_ok=True)
