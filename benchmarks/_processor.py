"""How much processor time processes use: on a shared machine it says more than the clock."""

import os
import resource
from collections.abc import Iterable
from pathlib import Path

_PROC = Path("/proc")
_TICK = os.sysconf("SC_CLK_TCK")


def seconds(pids: Iterable[int]) -> float:
    """Give what processes have used so far, with those of their children that have ended."""
    total = 0.0
    for pid in pids:
        try:
            text = (_PROC / str(pid) / "stat").read_text("ascii", "replace")
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += used(text) / _TICK
    return total


def used(text: str) -> int:
    """Read `/proc/<pid>/stat`: ticks of the process and of its children that were waited for."""
    # After the name, which may have spaces: utime, stime, cutime and cstime (proc(5), 14 to 17).
    fields = text.rpartition(")")[2].split()
    return sum(map(int, fields[11:15]))


def of_ended_children() -> float:
    """Give what this process's children have used that ended and were waited for."""
    found = resource.getrusage(resource.RUSAGE_CHILDREN)
    return found.ru_utime + found.ru_stime
