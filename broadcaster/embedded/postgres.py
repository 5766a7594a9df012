"""PostgreSQL in the home folder, reached by a unix socket that is inside its data folder."""

import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

from broadcaster.embedded.account import Account, make_folder, spawn
from broadcaster.embedded.places import (
    last_words,
    log_file,
    open_log,
    reach_socket,
    refused,
)
from broadcaster.embedded.programs import POSTGRES, Program
from broadcaster.embedded.server import Server
from broadcaster.errors import UnavailableError

_DATABASE = _OWNER = "broadcaster"
_SOCKET = ".s.PGSQL.5432"
#: How long making a database folder may take, seconds.
_INITDB = 120.0
#: Lines of postmaster.pid, see PostgreSQL's src/include/utils/pidfile.h: the pid, the state.
_PID, _STATE = 0, 7

_SETTINGS = {
    # Only the socket in our private folder; hence no passwords.
    "listen_addresses": "",
    "unix_socket_directories": ".",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    # Nobody copies this server's journal.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # No statement and no value gets into the logs: they may hold addresses.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_checkpoints": "off",
}

#: What a server may leave out whose data nobody will miss.
_FORGETFUL = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


class EmbeddedPostgres(Server):
    """The PostgreSQL of a home folder, with a database `broadcaster` and its owner's name."""

    name: ClassVar[str] = "postgres"
    title: ClassVar[str] = "PostgreSQL"
    program: ClassVar[Program] = POSTGRES
    # "Fast shutdown": open transactions are undone, nothing committed is lost.
    stop_signal: ClassVar[signal.Signals] = signal.SIGINT

    def __init__(self, home: Path, *, durable: bool = True) -> None:
        """`durable=False` is for tests: quicker, and not safe against a crash of the machine."""
        super().__init__(home)
        self._durable = durable

    def pid(self) -> int | None:
        """Read the pid of postmaster.pid."""
        lines = self._pid_file()
        return int(lines[_PID]) if lines and lines[_PID].strip().isdecimal() else None

    def _ready(self) -> bool:
        lines = self._pid_file()
        return len(lines) > _STATE and lines[_STATE].strip() == "ready"

    def _pid_file(self) -> list[str]:
        try:
            return (self.folder / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except (FileNotFoundError, UnicodeDecodeError):
            return []

    def _url(self) -> str:
        folder = reach_socket(self.folder, _SOCKET).parent
        return f"postgresql://{_OWNER}@/{_DATABASE}?host={quote(str(folder), safe='')}"

    def _arguments(self, account: Account) -> Sequence[str]:
        settings = _SETTINGS if self._durable else {**_SETTINGS, **_FORGETFUL}
        options = [f"--{name}={value}" for name, value in settings.items()]
        return ["-D", _place(account, self.folder), *options]

    def _prepare(self, program: Path, account: Account) -> None:
        # Left by a server that was killed. Its pid may have gone to another program of the same
        # account, or still be that of a dead process that nobody buried: PostgreSQL would take
        # either for a server at work. That none is, the lock has told.
        for name in ("postmaster.pid", f"{_SOCKET}.lock"):
            (self.folder / name).unlink(missing_ok=True)
        if (self.folder / "PG_VERSION").exists():
            return
        # Made aside and put into place whole, so that one interrupted is begun anew.
        draft = self.folder.with_suffix(".draft")
        try:
            shutil.rmtree(draft, ignore_errors=True)
            make_folder(draft, account)
            self._initialise(draft, program, account)
            draft.rename(self.folder)
        except OSError as error:
            raise refused(self.folder, error) from error

    def _initialise(self, folder: Path, program: Path, account: Account) -> None:
        place = _place(account, folder)
        arguments = [
            *("-D", place, "--username", _OWNER, "--auth=trust", "--encoding=UTF8"),
            *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            *("--no-instructions", *([] if self._durable else ["--no-sync"])),
        ]
        self._run([str(program.with_name("initdb")), *arguments], folder, account)
        command = f"CREATE DATABASE {_DATABASE};\n"
        # Without `exit_on_error` a server on its own ends well whatever happened (disk full).
        single = [str(program), "--single", "--exit_on_error=on", "-D", place, "postgres"]
        self._run(single, folder, account, command)

    def _run(self, argv: Sequence[str], folder: Path, account: Account, text: str = "") -> None:
        path = log_file(self.home, self.name)
        log = open_log(path)
        try:
            since = os.fstat(log).st_size
            with spawn(argv, account, folder=folder, log=log, stdin=subprocess.PIPE) as child:
                try:
                    child.communicate(text.encode("ascii"), timeout=_INITDB)
                except subprocess.TimeoutExpired:
                    child.kill()
        finally:
            os.close(log)
        if child.returncode:
            message = (
                f"PostgreSQL cannot make its folder {self.folder}: {last_words(path, since)}. "
                f"See {path}; free some space if the disk is full."
            )
            raise UnavailableError(message)


def _place(account: Account, folder: Path) -> str:
    """Name the data folder to a server that starts in it.

    As another account it may be unable to walk the path; proc(5) takes it there directly.
    """
    shortcut = Path("/proc/self/cwd")
    return str(shortcut) if account.lent and shortcut.exists() else str(folder)
