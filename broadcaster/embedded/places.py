"""The folders and files of the home folder that servers and services use."""

import hashlib
import os
import re
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from broadcaster.errors import ConfigurationError

#: What a file of logs may grow to, bytes; one older file of that size is kept.
_LOG_LIMIT = 8 * 1024 * 1024
#: What fits into the address of a unix socket on all systems, bytes (macOS 103, Linux 107).
_SOCKET_LIMIT = 103
#: What needs no quoting in any URL and has no meaning of its own to libpq.
_PLAIN = re.compile(rb"[A-Za-z0-9/._-]+")


def refused(path: Path, error: OSError) -> ConfigurationError:
    """Make the error for a file or folder that can't be used."""
    return ConfigurationError(
        f"BROADCASTER_HOME: {path} cannot be used ({error.strerror}). "
        "Free some space there, or name a folder that you may write."
    )


def private(path: Path) -> Path:
    """Make a folder that only its owner may enter; ConfigurationError when that is refused."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise refused(path, error) from error
    return path


def run_file(home: Path, name: str) -> Path:
    """Name a file about what runs now."""
    return private(private(home) / "run") / name


def log_file(home: Path, name: str) -> Path:
    """Name the file of logs of a server or service."""
    return private(private(home) / "logs") / f"{name}.log"


def open_log(path: Path) -> int:
    """Open a file of logs at its end, put aside first when it is full."""
    try:
        if path.exists() and path.stat().st_size > _LOG_LIMIT:
            path.replace(path.with_suffix(".log.1"))
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise refused(path, error) from error


def bound_log(path: Path) -> None:
    """Put the end of a full file of logs aside and empty it, under the hands of its writer.

    The writer appends, so it goes on at the new end. Lines written meanwhile may be lost: that is
    the price of a bound that needs nothing of the writer.
    """
    try:
        size = path.stat().st_size
        if size <= _LOG_LIMIT:
            return
        with path.open("rb+") as file:
            file.seek(-_LOG_LIMIT, os.SEEK_END)
            path.with_suffix(".log.1").write_bytes(file.read(_LOG_LIMIT))
            file.truncate(0)
    except FileNotFoundError:
        return


def last_words(path: Path, since: int) -> str:
    """Give the line of a log, written after `since` bytes, that says best what went wrong."""
    with path.open("rb") as file:
        file.seek(max(since, path.stat().st_size - 8192))
        text = file.read(8192).decode("utf-8", errors="replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    marked = [line for line in lines if re.search(r"FATAL|PANIC|[Ee]rror|\*\*\*", line)]
    best = (marked or lines or ["it says nothing"])[-1]
    return re.sub(r"[^ -~]", "?", best)[:200]


def reach_socket(folder: Path, name: str) -> Path:
    """Give a path of a socket that clients can use, through a link when the real one won't do.

    The address of a unix socket is short (unix(7)), and URLs have their own ideas about spaces
    and percent signs. A link in a private folder below the system's folder for temporary files
    is short and plain; it is made anew when it is missing.
    """
    real = os.fsencode(folder / name)
    if len(real) <= _SOCKET_LIMIT and _PLAIN.fullmatch(real):
        return folder / name
    for link in _links(folder):
        short = os.fsencode(link / name)
        if len(short) <= _SOCKET_LIMIT and _PLAIN.fullmatch(short):
            _link(owned(link.parent) / link.name, folder)
            return link / name
    message = "TMPDIR: is too long for a socket. Name a folder with a short path of plain letters."
    raise ConfigurationError(message)


def remove_links(folder: Path) -> None:
    """Remove the links to a folder whose server is gone."""
    for link in _links(folder):
        with suppress(OSError):
            if link.readlink() == folder:
                link.unlink()


def _links(folder: Path) -> list[Path]:
    key = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    parents = (tempfile.gettempdir(), "/tmp")  # noqa: S108  (a private folder below it)
    return [Path(parent) / f"broadcaster-{os.geteuid()}" / key for parent in parents]


def owned(folder: Path, *, shown: bool = False) -> Path:
    """Make a folder in a place that others may write too, and make sure that it is ours alone.

    `shown` lets others read it. ConfigurationError when somebody else made it before us.
    """
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if found.st_uid != os.geteuid() or not stat.S_ISDIR(found.st_mode):
            message = f"{folder} belongs to somebody else. Remove it, or set TMPDIR."
            raise ConfigurationError(message)
        # Once more, as the process's umask and who was here before had their say.
        folder.chmod(0o755 if shown else 0o700)
    except OSError as error:
        raise refused(folder, error) from error
    return folder


def _link(link: Path, target: Path) -> None:
    try:
        if link.is_symlink() and link.readlink() == target:
            return
        draft = link.with_name(f"{link.name}.{os.getpid()}")
        draft.unlink(missing_ok=True)
        draft.symlink_to(target)
        draft.replace(link)
    except OSError as error:
        raise refused(link, error) from error
