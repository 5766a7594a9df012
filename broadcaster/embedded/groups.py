"""Process groups: a service with all that it forked, ended together, remembered in a file."""

import json
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

from broadcaster.embedded import process
from broadcaster.embedded.places import refused
from broadcaster.embedded.process import Process

#: How long killed processes may take to be gone, seconds.
_KILLED = 5.0
#: A file of this size was not written by us, bytes.
_LIMIT = 1_000_000


def kill(groups: Sequence[int]) -> None:
    """End groups without asking."""
    for group in groups:
        if process.members(group):
            process.send_group(group, signal.SIGKILL)


def end(groups: Sequence[int], patience: float, bury: Callable[[], None]) -> None:
    """End groups: ask, wait for `patience` seconds, kill. `bury` reaps our own children.

    A service is asked by its first process, which ends what it forked in its own order; what is
    left without a first process is asked itself.
    """
    headless: set[int] = set()

    def gone() -> bool:
        bury()
        left = [group for group in groups if process.members(group)]
        for group in left:
            if group not in headless and process.identify(group) is None:
                headless.add(group)
                process.send_group(group, signal.SIGTERM)
        return not left

    for group in groups:
        process.send(group, signal.SIGTERM)
    if not process.wait_until(gone, patience):
        kill(groups)
        process.wait_until(gone, _KILLED)


def write(path: Path, running: dict[str, Process]) -> None:
    """Remember the first process of each service, by the service's name."""
    rows = [{"name": name, "pid": p.pid, "started": p.started} for name, p in running.items()]
    draft = path.with_suffix(".draft")
    try:
        draft.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        raise refused(path, error) from error


def read(path: Path) -> list[Process]:
    """Read what was remembered; nothing when the file is missing or damaged."""
    try:
        if path.stat().st_size > _LIMIT:
            return []
        rows = json.loads(path.read_text(encoding="utf-8"))
        return [Process(pid=int(row["pid"]), started=str(row["started"])) for row in rows]
    except (OSError, ValueError, TypeError, KeyError):
        return []


def leftovers(path: Path) -> list[int]:
    """List the groups of the remembered services that are still there, and still theirs.

    A pid is not given out again while a group has it for its number. So a group without its first
    process is theirs, if the machine was not started anew since; one whose first process is
    another than the one remembered is not.
    """
    found = []
    for service in read(path):
        now = process.identify(service.pid)
        headless = now is None and process.same_boot(service) and process.members(service.pid)
        if now == service or headless:
            found.append(service.pid)
    return found
