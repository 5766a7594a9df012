"""Backups: the database and the files that it is worthless without, and the proof that they return.

A backup is a folder: `database.dump`, `home.tar` (settings, own kinds and texts, what is public),
`keys.tar` (what opens personal data and signs links: to be kept apart), and `manifest.json`, which
says what each table held and what each file hashes to.
"""

import hashlib
import json
import os
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from broadcaster.errors import ConflictError, DamagedError, InvalidInputError
from broadcaster.settings import Settings

# Adapters are imported where they are built: a command loads only what it uses, and starts fast.
# ruff: noqa: PLC0415
if TYPE_CHECKING:
    from broadcaster.ledger.dumps import Dumps

_DATABASE, _HOME, _KEYS, _MANIFEST = "database.dump", "home.tar", "keys.tar", "manifest.json"
#: The longest manifest that is read, octets.
_LONGEST = 1024 * 1024
_WHY = "restored from a backup of {}: what left since is not known"


@dataclass(frozen=True, kw_only=True, slots=True)
class Backup:
    """What a backup holds: rows of all tables, octets of the copy, and campaigns put on hold."""

    tables: int
    rows: int
    octets: int
    revision: str
    at: str
    held: Sequence[int] = ()


def backup(settings: Settings, url: str, folder: Path) -> Backup:
    """Write a backup into a new folder, its owner's alone; InvalidInputError when it is there."""
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError as error:
        remedy = "Name a new folder for each backup."
        raise InvalidInputError("folder", f"{folder} is there already", remedy) from error
    at = datetime.now(UTC).isoformat(timespec="seconds")
    before = os.umask(0o077)
    try:
        copied = _dumps().dump(url, folder / _DATABASE)
        _pack(folder / _HOME, _home_files(settings))
        _pack(folder / _KEYS, _key_files(settings))
        manifest = {
            "at": at,
            "revision": copied.revision,
            "tables": copied.contents,
            "files": {name: _digest(folder / name) for name in (_DATABASE, _HOME, _KEYS)},
        }
        (folder / _MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    finally:
        os.umask(before)
    return _told(folder, manifest)


def restore(url: str, folder: Path) -> Backup:
    """Put a backup's database into an empty one, and put on hold what would go on by itself.

    DamagedError when the backup is not what its manifest says, ConflictError when the database is
    not empty, or does not hold afterwards what was copied.
    """
    from broadcaster.ledger.dumps import still

    manifest = _checked(folder)
    found = _dumps().restore(url, folder / _DATABASE)
    wanted = {name: tuple(told) for name, told in manifest["tables"].items()}
    if dict(found) != wanted:
        names = sorted(name for name in {*found, *wanted} if found.get(name) != wanted.get(name))
        message = f"The tables {', '.join(names)} are not what was copied. Take another backup."
        raise ConflictError(message)
    return _told(folder, manifest, still(url, _WHY.format(manifest["at"])))


def rehearse(settings: Settings, url: str, folder: Path | None = None) -> Backup:
    """Restore a backup, or one that is made for it, beside the database, and drop it again.

    The account must be allowed to make databases.
    """
    from broadcaster.ledger.dumps import scratch

    with TemporaryDirectory(prefix="broadcaster-", dir=settings.home) as draft:
        if folder is None:
            folder = Path(draft) / "backup"
            backup(settings, url, folder)
        with scratch(url, f"broadcaster_rehearsal_{os.getpid()}") as target:
            return restore(target, folder)


def unpack(folder: Path, target: Path, *, keys: bool) -> None:
    """Put the files of a backup into a folder that is new; DamagedError, InvalidInputError."""
    _checked(folder)
    try:
        target.mkdir(mode=0o700, parents=True)
    except FileExistsError as error:
        raise InvalidInputError("to", f"{target} is there already", "Name a new one.") from error
    for name in (_HOME, _KEYS) if keys else (_HOME,):
        with tarfile.open(folder / name) as archive:
            archive.extractall(target, filter="data")


def _dumps() -> "Dumps":
    from broadcaster.embedded.account import Account
    from broadcaster.embedded.programs import POSTGRES, runnable
    from broadcaster.ledger.dumps import Dumps

    account = Account(uid=os.geteuid(), gid=os.getegid(), lent=False)
    return Dumps(runnable(POSTGRES, account).parent)


def _home_files(settings: Settings) -> Mapping[str, Path]:
    own = {
        f"{name}-{number}": path
        for name, paths in (("templates", settings.templates), ("locales", settings.locales))
        for number, path in enumerate(paths, 1)
    }
    settings_file = settings.home / "settings.env"
    return {"settings.env": settings_file, "publication": settings.publication.folder, **own}


def _key_files(settings: Settings) -> Mapping[str, Path]:
    return {"secret_key": settings.home / "secret_key", "data_keys": settings.data_key_file}


def _pack(file: Path, found: Mapping[str, Path]) -> None:
    with tarfile.open(file, "w") as archive:
        for name, path in found.items():
            if path.exists():
                archive.add(path, name)


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _checked(folder: Path) -> dict[str, Any]:
    """Read the manifest, and compare what is there with it."""
    with _damage(folder):
        text = (folder / _MANIFEST).read_bytes()
        manifest: dict[str, Any] = json.loads(text) if len(text) <= _LONGEST else {}
        for name, digest in manifest["files"].items():
            # The keys are kept elsewhere, if somebody took that advice.
            if name == _KEYS and not (folder / name).exists():
                continue
            if _digest(folder / Path(name).name) != digest:
                raise ValueError(name)
    return manifest


@contextmanager
def _damage(folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, KeyError, AttributeError) as error:
        message = f"{folder} is no whole backup. Take another one."
        raise DamagedError(message) from error


def _told(folder: Path, manifest: Mapping[str, Any], held: Sequence[int] = ()) -> Backup:
    tables = manifest["tables"]
    return Backup(
        tables=len(tables),
        rows=sum(int(count) for count, _ in tables.values()),
        octets=(folder / _DATABASE).stat().st_size,
        revision=manifest["revision"],
        at=manifest["at"],
        held=held,
    )
