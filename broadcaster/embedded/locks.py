"""Advisory locks on files (flock(2)): they end with the last process that holds them open."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from broadcaster.embedded.places import refused


def open_lock(path: Path) -> int:
    """Open a file to lock, made when missing; ConfigurationError when that is refused."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise refused(path, error) from error


@contextmanager
def opened(path: Path) -> Iterator[int]:
    """Open a file to lock for as long as the block lasts."""
    descriptor = open_lock(path)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def take(descriptor: int) -> bool:
    """Lock for oneself; False when somebody else has a lock, and then none is held any more."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def share(descriptor: int) -> None:
    """Lock together with others, waiting for whoever has it for themselves."""
    fcntl.flock(descriptor, fcntl.LOCK_SH)


def held(path: Path) -> bool:
    """Tell whether somebody has the lock for themselves."""
    if not path.exists():
        return False
    with opened(path) as descriptor:
        try:
            # Shared, so that two who ask at once don't take each other for the holder.
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
