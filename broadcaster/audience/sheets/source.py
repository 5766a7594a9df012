"""Where a table comes from: a file, or a stream that is kept on disk while it is read."""

import tempfile
from pathlib import Path
from typing import BinaryIO

from broadcaster.audience.sheets import sheet
from broadcaster.domain.saying import said
from broadcaster.errors import InvalidInputError

_BLOCK = 2**20


class Source:
    """Octets that can be read more than once, with a name for people; a context manager's value."""

    def __init__(self, name: str, file: BinaryIO, size: int, path: Path | None = None) -> None:
        """Take an open file."""
        self.name = name
        self.file = file
        self.size = size
        self.path = path

    def fault(self, problem: str, remedy: str) -> InvalidInputError:
        """Make an error about it."""
        return InvalidInputError(self.name, problem, remedy)

    def head(self, octets: int) -> bytes:
        """Give the first octets."""
        self.file.seek(0)
        found = self.file.read(octets)
        self.file.seek(0)
        return found

    def close(self) -> None:
        """Close it."""
        self.file.close()


def from_path(path: Path) -> Source:
    """Open a file; InvalidInputError when it is none, is too large or can't be read."""
    try:
        if not path.is_file():
            problem = said("is a folder or device") if path.exists() else said("does not exist")
            raise InvalidInputError(str(path), problem, said("Name a CSV, TSV, XLSX or ODS file."))
        size = path.stat().st_size
        if size > sheet.LARGEST:
            raise _too_large(str(path))
        return Source(str(path), path.open("rb"), size, path)
    except (OSError, ValueError) as error:
        # A name with a NUL is a ValueError.
        problem = said(
            "can't be read (%(strerror)s)",
            strerror=getattr(error, "strerror", None) or "no file name",
        )
        name = ascii(str(path))
        raise InvalidInputError(
            name, problem, said("Name a CSV, TSV, XLSX or ODS file.")
        ) from error


def from_stream(stream: BinaryIO, name: str = "standard input") -> Source:
    """Keep a stream in an unnamed file: what a table is shows only when all of it is there."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  (closed with the source)
    try:
        size = _kept(stream, file, name)
    except BaseException:
        file.close()
        raise
    return Source(name, file, size)


def _kept(stream: BinaryIO, file: BinaryIO, name: str) -> int:
    size = 0
    while block := stream.read(_BLOCK):
        size += len(block)
        if size > sheet.LARGEST:
            raise _too_large(name)
        file.write(block)
    file.seek(0)
    return size


def _too_large(name: str) -> InvalidInputError:
    problem = said("is larger than %(most)s GiB", most=sheet.LARGEST // 2**30)
    return InvalidInputError(name, problem, said("Divide it into several files."))
