"""A campaign's deliveries in a compressed file that proves by its hash what is in it."""

import csv
import gzip
import hashlib
import io
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from broadcaster.errors import InvalidInputError


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """A file that is whole and on disk: its name, SHA-256 and rows, the heading not counted."""

    file: str
    sha256: str
    rows: int

    def as_dict(self) -> dict[str, object]:
        """Give it as JSON values."""
        return asdict(self)


def write_evidence(write: Callable[[IO[str]], int], target: Path) -> Evidence:
    """Write what `write` gives (how many rows) into a new file, gzip of CSV, and read it again.

    Nothing is at `target` before it is whole, on disk and verified. InvalidInputError when there
    is a file already, or it can not be written.
    """
    draft = target.with_name(f".{target.name}.draft")
    try:
        _require_new(target)
        rows = _write(write, draft)
        evidence = Evidence(file=str(target.absolute()), sha256=_sha256(draft), rows=_count(draft))
        _require_same(evidence.rows, rows)
        # Unlike a renaming, this never takes the place of what came there meanwhile.
        target.hardlink_to(draft)
        _sync_folder(target.parent)
    except OSError as error:
        remedy = "Name a new file in a folder that can be written."
        raise InvalidInputError("--to", f"{target}: {error.strerror}", remedy) from error
    finally:
        draft.unlink(missing_ok=True)
    return evidence


def _require_new(target: Path) -> None:
    if target.exists():
        raise FileExistsError(0, "is there already")


def _require_same(read: int, written: int) -> None:
    if read != written:
        raise OSError(0, "reads otherwise than it was written")


def _write(write: Callable[[IO[str]], int], draft: Path) -> int:
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as raw:
        # Without a name and a time the same rows give the same file.
        with (
            gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0) as packed,
            io.TextIOWrapper(packed, encoding="utf-8", newline="") as stream,
        ):
            rows = write(stream)
        raw.flush()
        os.fsync(raw.fileno())
    return rows


def _count(file: Path) -> int:
    with gzip.open(file, "rt", encoding="utf-8", newline="") as stream:
        return sum(1 for _ in csv.reader(stream)) - 1


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
