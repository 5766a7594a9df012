"""The files of archived campaigns: what is in them about a person, and writing them without it."""

import csv
import gzip
import hashlib
import io
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

#: What stands instead of a customer's number that was taken out.
ERASED = "erased"
_CHUNK = 1 << 20
#: The most deliveries of one person that are listed: one a channel, and a few more.
_MOST = 1000


class Rewritten(NamedTuple):
    """A file written anew beside the old one: where, its SHA-256, which deliveries are changed."""

    draft: Path
    sha256: str
    changed: int
    deliveries: Sequence[int]


def about(file: Path, number: str) -> Iterator[Mapping[str, str]]:
    """Give the rows about a customer; OSError when the file is not there or can't be read."""
    with gzip.open(file, "rt", encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            if _is(row, number):
                yield row


def without(file: Path, number: str | None) -> Rewritten | None:
    """Write the file anew without a customer's number and references, or without anybody's.

    The same rows, so that it still adds up. None when nothing had to change. OSError when it can't
    be read or written.
    """
    # Most files have nothing of most people, and reading is the cheaper half.
    if number is not None and next(about(file, number), None) is None:
        return None
    draft = file.with_name(f".{file.name}.erasing")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as raw:
        with (
            gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0) as packed,
            io.TextIOWrapper(packed, encoding="utf-8", newline="") as stream,
        ):
            found: list[int] = []
            changed = _copy(file, stream, lambda row: number is None or _is(row, number), found)
        raw.flush()
        os.fsync(raw.fileno())
    if not changed:
        draft.unlink()
        return None
    return Rewritten(draft, sha256(draft), changed, found if number else ())


def _copy(
    file: Path,
    target: io.TextIOBase,
    chosen: Callable[[Mapping[str, str]], bool],
    found: list[int],
) -> int:
    changed = 0
    with gzip.open(file, "rt", encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        writer = csv.DictWriter(target, reader.fieldnames or ())
        writer.writeheader()
        for row in reader:
            if chosen(row) and (row["customer"] != ERASED or row["reference"]):
                row.update(customer=ERASED, reference="")
                changed += 1
                if len(found) < _MOST:
                    found.append(int(row["delivery"].rpartition("-")[2]))
            writer.writerow(row)
    return changed


def _is(row: Mapping[str, str], number: str) -> bool:
    # Defused for spreadsheets, a number may have an apostrophe before it.
    return row["customer"] in (number, f"'{number}")


def sha256(file: Path) -> str:
    """Give the SHA-256 of a file; OSError when it is not there."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
