"""The files of archived campaigns: what is in them about a person, and writing them without it."""

import csv
import errno
import glob
import gzip
import hashlib
import io
import os
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from broadcaster.domain.delivery import DeliveryId

#: What stands instead of a customer's number that was taken out.
ERASED = "erased"
_NEEDED = frozenset({"delivery", "customer", "reference"})
_DRAFT = ".erasing"
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
    for row in _rows(file):
        if _is(row, number):
            yield row


def without(file: Path, number: str | None) -> Rewritten | None:
    """Write the file anew without a customer's number and references, or without anybody's.

    The same rows, so that it still adds up. None when nothing had to change. OSError when it can't
    be read or written; nothing is left beside it then. Whoever puts the draft in its place has to
    be `alone`.
    """
    # Most files have nothing of most people, and reading is the cheaper half.
    if number is not None and next(about(file, number), None) is None:
        return None
    descriptor, name = tempfile.mkstemp(_DRAFT, f".{file.name}.", file.parent)
    draft = Path(name)
    try:
        found: list[int] = []
        with os.fdopen(descriptor, "wb") as raw:
            with (
                gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0) as packed,
                io.TextIOWrapper(packed, encoding="utf-8", newline="") as stream,
            ):
                changed = _copy(file, stream, lambda row: number is None or _is(row, number), found)
            raw.flush()
            os.fsync(raw.fileno())
        if changed:
            return Rewritten(draft, sha256(draft), changed, found if number else ())
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    draft.unlink()
    return None


def tidy(file: Path) -> None:
    """Remove the drafts of who was killed while writing the file anew; only who is `alone` may."""
    for draft in file.parent.glob(f".{glob.escape(file.name)}.*{_DRAFT.lstrip('.')}"):
        draft.unlink(missing_ok=True)


def _copy(
    file: Path,
    target: io.TextIOBase,
    chosen: Callable[[Mapping[str, str]], bool],
    found: list[int],
) -> int:
    changed = 0
    writer: csv.DictWriter[str] | None = None
    for row in _rows(file, heading=True):
        if writer is None:
            writer = csv.DictWriter(target, list(row))
            writer.writeheader()
            continue
        if chosen(row) and (row["customer"] != ERASED or row["reference"]):
            row.update(customer=ERASED, reference="")
            changed += 1
            if len(found) < _MOST:
                found.append(DeliveryId.parse(row["delivery"]).number)
        writer.writerow(row)
    return changed


def _rows(file: Path, *, heading: bool = False) -> Iterator[dict[str, str]]:
    """Give the rows, after the heading as a row of itself where it is wanted; OSError.

    A file that was cut off, or of which a part was overwritten, is like one that is not there: its
    reader goes on with the others.
    """
    try:
        with gzip.open(file, "rt", encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            names = reader.fieldnames or ()
            if not _NEEDED.issubset(names):
                raise OSError(errno.EBADMSG, "has other columns", str(file))
            if heading:
                yield {name: name for name in names}
            for row in reader:
                if None in row or None in row.values():
                    raise OSError(errno.EBADMSG, "has a row that is cut off", str(file))
                DeliveryId.parse(row["delivery"])
                yield row
    except (EOFError, zlib.error, csv.Error, ValueError) as error:
        raise OSError(errno.EBADMSG, "is damaged", str(file)) from error


def _is(row: Mapping[str, str], number: str) -> bool:
    # Defused for spreadsheets, a number may have an apostrophe before it.
    return row["customer"] in (number, f"'{number}")


def sha256(file: Path) -> str:
    """Give the SHA-256 of a file; OSError when it is not there."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
