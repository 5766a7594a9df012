"""Zip archives of workbooks, with bounds on what unpacking may cost.

An archive tells how large its parts are, and may lie: what is unpacked is counted as it comes.
"""

import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, BinaryIO

from broadcaster.audience.sheets.markup import MarkupError
from broadcaster.domain.saying import said

_BLOCK = 2**18
#: The most parts, and the largest list of them, octets.
_MOST_PARTS = 10_000
_LARGEST_LIST = 16 * 2**20
#: The largest part, octets, and how many times larger than packed it may be once it is large.
LARGEST_PART = 16 * 2**30
_LARGE = 32 * 2**20
MOST_RATIO = 400
_ENDING = b"PK\x05\x06"
_ENDING_SIZE = 22
#: Of archives beyond 4 GiB, or of more than 65,535 parts: what says where their ending is, and it.
_LOCATOR, _LOCATOR_SIZE = b"PK\x06\x07", 20
_WIDE, _WIDE_SIZE = b"PK\x06\x06", 56
_LONGEST_ENDING = 65_535 + _ENDING_SIZE + _LOCATOR_SIZE + _WIDE_SIZE
_UNPACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class Archive:
    """An archive that is open for reading; faults are MarkupError, with what is wrong."""

    def __init__(self, file: BinaryIO) -> None:
        """Read the list of parts, when it is not too large."""
        _check_list(file)
        try:
            self._zip = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
            raise _damaged() from error
        self.names = {one.filename: one for one in self._zip.infolist()}

    def size(self, name: str) -> int:
        """Give the size of a part as it is told, octets; 0 for none."""
        return self.names[name].file_size if name in self.names else 0

    def stream(self, name: str) -> "Part":
        """Open a part."""
        if name not in self.names:
            raise MarkupError(said("lacks its part %(name)s", name=repr(name[:80])))
        info = self.names[name]
        if info.flag_bits & 1:
            raise MarkupError(said("is encrypted"))
        if info.compress_type not in _UNPACKED:
            raise MarkupError(said("is packed in a way that workbooks are not"))
        if info.file_size > LARGEST_PART or _bombed(info.file_size, info.compress_size):
            raise bomb()
        try:
            return Part(self._zip.open(info), info)
        except (zipfile.BadZipFile, OSError, RuntimeError, ValueError) as error:
            raise _damaged() from error


class Part:
    """A part that is being unpacked."""

    def __init__(self, stream: IO[bytes], info: zipfile.ZipInfo) -> None:
        """Start at its beginning."""
        self._stream = stream
        self._packed = info.compress_size
        self.done = 0

    def read(self, octets: int = _BLOCK) -> bytes:
        """Give the next octets, none at the end; MarkupError when damaged or too large."""
        try:
            block = self._stream.read(octets)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
            raise MarkupError(said("is damaged: a part of it can't be unpacked")) from error
        self.done += len(block)
        if self.done > LARGEST_PART or _bombed(self.done, self._packed):
            raise bomb()
        return block

    def blocks(self) -> Iterator[bytes]:
        """Give the rest in blocks."""
        while block := self.read():
            yield block

    def close(self) -> None:
        """Close it."""
        self._stream.close()


def bomb() -> MarkupError:
    """Make the error about what grows beyond reason."""
    return MarkupError(
        said(
            "unpacks to more than %(times)s times its size, or %(most)s GiB",
            times=MOST_RATIO,
            most=LARGEST_PART // 2**30,
        )
    )


def _damaged() -> MarkupError:
    return MarkupError(said("is a damaged or shortened archive"))


def _bombed(size: int, packed: int) -> bool:
    return size > _LARGE and size > MOST_RATIO * max(1, packed)


def _check_list(file: BinaryIO) -> None:
    """Look at the end, where an archive says how long its list of parts is (APPNOTE 4.3.16)."""
    file.seek(0, 2)
    size = file.tell()
    file.seek(max(0, size - _LONGEST_ENDING))
    tail = file.read(_LONGEST_ENDING)
    file.seek(0)
    # The last octets are the ending where no comment follows it, whatever else they look like.
    plain = tail[-_ENDING_SIZE:]
    bare = plain.startswith(_ENDING) and plain.endswith(b"\0\0")
    at = len(tail) - _ENDING_SIZE if bare else tail.rfind(_ENDING)
    if at < 0 or at + _ENDING_SIZE > len(tail):
        raise _damaged()
    parts = int.from_bytes(tail[at + 10 : at + 12], "little")
    length = int.from_bytes(tail[at + 12 : at + 16], "little")
    if at >= _LOCATOR_SIZE and tail.startswith(_LOCATOR, at - _LOCATOR_SIZE):
        # A larger ending stands in front, and counts in place of this one (4.3.14).
        wide = tail[at - _LOCATOR_SIZE - _WIDE_SIZE : at - _LOCATOR_SIZE]
        if not wide.startswith(_WIDE):
            raise _damaged()
        parts = int.from_bytes(wide[32:40], "little")
        length = int.from_bytes(wide[40:48], "little")
    if parts > _MOST_PARTS or length > _LARGEST_LIST:
        raise MarkupError(said("has more than %(most)s parts", most=_MOST_PARTS))
