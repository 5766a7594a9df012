"""Tools in C to compare with: Postfix's `smtp-source`, and `wrk`.

They are taken from the PATH. Where they are not, Debian's packages are fetched with `apt-get
download` and unpacked into a cache folder, which installs nothing and needs no root.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "broadcaster-bench"
_PACKAGES = {
    "smtp-source": ("postfix",),
    "smtp-sink": ("postfix",),
    "wrk": ("wrk", "libluajit-5.1-2"),
}
_PLACES = ("/usr/sbin", "/usr/bin", "/usr/libexec/postfix")
_LIBRARIES = ("usr/lib/postfix", "usr/lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu")


@dataclass(frozen=True, kw_only=True, slots=True)
class Tool:
    """A program and the environment that it needs."""

    path: str
    environment: Mapping[str, str]

    def run(self, arguments: Sequence[str], seconds: float = 300) -> str:
        """Run it to its end, and give what it printed; CalledProcessError when it failed."""
        done = subprocess.run(  # noqa: S603  (our own words)
            [self.path, *arguments],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            timeout=seconds,
            check=True,
        )
        return done.stdout


@cache
def tool(name: str) -> Tool | None:
    """Find a tool, or fetch it; None when it cannot be had on this machine."""
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *_PLACES]))
    if found:
        return Tool(path=found, environment={})
    return _unpacked(name) or (_unpacked(name) if _fetched(name) else None)


def _unpacked(name: str) -> Tool | None:
    for place in _PLACES:
        path = _CACHE / place.lstrip("/") / name
        if path.exists():
            folders = os.pathsep.join(str(_CACHE / folder) for folder in _LIBRARIES)
            return Tool(path=str(path), environment={"LD_LIBRARY_PATH": folders})
    return None


def _fetched(name: str) -> bool:
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        return False
    _CACHE.mkdir(parents=True, exist_ok=True)
    try:
        for package in _PACKAGES[name]:
            _quiet(["apt-get", "download", "-q", package])
        for archive in _CACHE.glob("*.deb"):
            _quiet(["dpkg", "-x", str(archive), str(_CACHE)])
            archive.unlink()
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def _quiet(command: list[str]) -> None:
    subprocess.run(command, cwd=_CACHE, capture_output=True, timeout=180, check=True)  # noqa: S603


def missing(name: str) -> str:
    """Say that a tool could not be had, and what to do."""
    return (
        f"{name} could not be had here, so nothing is compared with it. Install the package "
        f"{_PACKAGES[name][0]} (Debian), or put {name} on the PATH."
    )


def smtp_source(port: int, *, mails: int, sessions: int, octets: int) -> None:
    """Hand mails to a sink with Postfix's tool, over kept connections; FileNotFoundError."""
    found = tool("smtp-source")
    if found is None:
        raise FileNotFoundError(missing("smtp-source"))
    found.run(
        [
            *("-d", "-s", str(sessions), "-m", str(mails), "-l", str(octets)),
            *("-M", "bench.test", "-f", "advisories@lydec.test", "-t", "reader@courrier.test"),
            f"127.0.0.1:{port}",
        ]
    )


def wrk(port: int, *, seconds: float, sessions: int, script: Path) -> float:
    """Post to a sink with wrk; requests a second. FileNotFoundError when it cannot be had."""
    found = tool("wrk")
    if found is None:
        raise FileNotFoundError(missing("wrk"))
    said = found.run(
        [
            *("-t", "1", "-c", str(sessions), "-d", f"{max(1, round(seconds))}s"),
            *("-s", str(script), f"http://127.0.0.1:{port}/2010-04-01/Accounts/AC0/Messages.json"),
        ]
    )
    match = re.search(r"Requests/sec:\s*([\d.]+)", said)
    assert match, said
    return float(match[1])
