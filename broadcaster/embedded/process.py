"""Processes of this machine, told apart by pid and start, for pids are given out again."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_PROC = Path("/proc")
#: Whether the kernel shows processes as files (proc(5)); elsewhere `ps` is asked.
_FILES = (_PROC / "self" / "stat").exists()
#: Fields of /proc/PID/stat, counted behind the command's closing parenthesis: state, process
#: group, start in ticks since boot.
_STATE, _GROUP, _START = 0, 2, 19


@dataclass(frozen=True, kw_only=True, slots=True)
class Process:
    """A process that was seen alive: its pid, and when it started, as an opaque text."""

    pid: int
    started: str


def identify(pid: int) -> Process | None:
    """Give the process that has the pid now; None when there is none, or only a dead one."""
    found = _stat(pid) if _FILES else _ps(pid)
    return None if found is None else Process(pid=pid, started=found[1])


def members(group: int) -> list[int]:
    """List the living processes of a process group."""
    if not _FILES:
        try:
            os.killpg(group, 0)
        except OSError:
            return []
        return [group]
    return [pid for pid in _pids() if (found := _stat(pid)) is not None and found[0] == group]


def working_in(folder: Path, program: str) -> list[int]:
    """List the living processes of a program whose working folder this is.

    Empty where the kernel does not tell the working folder.
    """
    return [pid for pid in _pids() if _works_in(pid, folder, program)]


def is_server(pid: int, folder: Path, program: str) -> bool:
    """Tell whether a pid is the given program, at work in the given folder.

    Where the kernel does not tell the folder, the program's name must do.
    """
    if _FILES:
        return identify(pid) is not None and _works_in(pid, folder, program)
    listed = _run_ps(pid, "comm=")
    return listed is not None and Path(listed).name == program


def wait_until(condition: Callable[[], bool], seconds: float, pause: float = 0.02) -> bool:
    """Ask again and again until the condition holds or the time is over; tell which."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True


def send(pid: int, number: int) -> None:
    """Send a signal to a process, which may have gone meanwhile."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def send_group(group: int, number: int) -> None:
    """Send a signal to all processes of a group, which may have gone meanwhile."""
    with suppress(ProcessLookupError):
        os.killpg(group, number)


def _pids() -> Iterator[int]:
    if _FILES:
        yield from (int(entry.name) for entry in _PROC.iterdir() if entry.name.isdecimal())


def _works_in(pid: int, folder: Path, program: str) -> bool:
    entry = _PROC / str(pid)
    try:
        # A program that was replaced on disk since is shown with a remark behind its name.
        name = (entry / "exe").readlink().name.removesuffix(" (deleted)")
        return name == program and (entry / "cwd").samefile(folder)
    except OSError:
        return False


def _stat(pid: int) -> tuple[int, str] | None:
    """Give the process group and the start; None for one that is dead, or dead and unburied."""
    try:
        text = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The command's name may hold anything, so the fields are counted from its end.
    fields = text.rpartition(")")[2].split()
    if fields[_STATE] in "ZX":
        return None
    return int(fields[_GROUP]), f"{_boot()}/{fields[_START]}"


def same_boot(process: Process) -> bool:
    """Tell whether the machine was not started anew since, as far as the kernel tells."""
    return not _FILES or process.started.startswith(f"{_boot()}/")


@lru_cache(maxsize=1)
def _boot() -> str:
    # Ticks count from the boot: without its name, a process of the boot before could look alike.
    path = _PROC / "sys" / "kernel" / "random" / "boot_id"
    return path.read_text(encoding="ascii").strip() if path.exists() else ""


def _ps(pid: int) -> tuple[int, str] | None:
    listed = _run_ps(pid, "state=,pgid=,lstart=")
    if listed is None or listed.startswith("Z"):
        return None
    _, group, started = listed.split(maxsplit=2)
    return int(group), started


def _run_ps(pid: int, columns: str) -> str | None:
    result = subprocess.run(  # noqa: S603  (a fixed command and a number)
        ["/bin/ps", "-o", columns, "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
        env={"LC_ALL": "C"},
    )
    return result.stdout.strip() or None
