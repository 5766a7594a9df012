"""How much memory processes hold, read from /proc."""

import re
from collections.abc import Iterable
from pathlib import Path

_PROC = Path("/proc")


def rss(pid: int) -> float:
    """Give the resident memory of a process, MiB; 0 when it is gone."""
    try:
        text = (_PROC / str(pid) / "status").read_text("utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return kilobytes(text, "VmRSS") / 1024


def pss(pids: Iterable[int]) -> float:
    """Give the memory of several processes, MiB; what they share is counted once among them."""
    total = 0.0
    for pid in pids:
        try:
            text = (_PROC / str(pid) / "smaps_rollup").read_text("utf-8")
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        total += kilobytes(text, "Pss")
    return total / 1024


def kilobytes(text: str, name: str) -> int:
    """Read a line `name:  123 kB`; 0 without one."""
    found = re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) if found else 0


def children(pid: int) -> list[int]:
    """List the children of a process."""
    try:
        tasks = list((_PROC / str(pid) / "task").iterdir())
        words = [(task / "children").read_text("ascii") for task in tasks]
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [int(word) for line in words for word in line.split()]


def server(home: Path, name: str) -> list[int]:
    """List the processes of an embedded server of a home."""
    file = {"postgres": "postmaster.pid", "valkey": "valkey.pid"}[name]
    for path in home.rglob(file):
        first = path.read_text("ascii").split("\n", 1)[0].strip()
        if first.isdecimal():
            return [int(first), *children(int(first))]
    return []
