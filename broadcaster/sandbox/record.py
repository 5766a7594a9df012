"""Append-only files: what the networks received, what they answered, what they did afterwards.

A line is on its way to the disk, by one write of the whole line, before the answer that it stands
for. Killing the process therefore never leaves an answer without its line; it can leave a line
whose answer never arrived, as happens with real networks too.
"""

import fcntl
import json
import os
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from broadcaster.errors import ConfigurationError

#: A line as it stands in a file. The files are our own, so their values are trusted to be as they
#: were written.
Line = dict[str, Any]

_CHUNK = 1 << 20
_encode = json.JSONEncoder(separators=(",", ":")).encode


class Journal:
    """A file of JSON lines that is only ever added to, by one process at a time."""

    def __init__(self, path: Path) -> None:
        """Open the file, made readable to its owner only; a torn last line is taken off."""
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._file = os.open(path, flags, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._starts = array("Q")
            self._end = 0
            self._index()
        except BlockingIOError as error:
            os.close(self._file)
            message = f"{path} is in use by another sandbox. Stop it, or name another folder."
            raise ConfigurationError(message) from error

    def _index(self) -> None:
        position = 0
        while chunk := os.pread(self._file, _CHUNK, position):
            found = -1
            while (found := chunk.find(b"\n", found + 1)) >= 0:
                self._starts.append(self._end)
                self._end = position + found + 1
            position += len(chunk)
        if position > self._end:
            os.ftruncate(self._file, self._end)

    def __len__(self) -> int:
        """Count the lines."""
        return len(self._starts)

    def append(self, line: Line) -> int:
        """Add a line and give its number, from 0; OSError when it can't be kept, e.g. no space."""
        data = _encode(line).encode("ascii") + b"\n"
        written = os.write(self._file, data)
        if written != len(data):
            os.ftruncate(self._file, self._end)
            message = "no space for the record"
            raise OSError(message)
        self._starts.append(self._end)
        self._end += written
        return len(self._starts) - 1

    def read(self, number: int) -> Line:
        """Read one line; IndexError when there is none."""
        start = self._starts[number]
        following = number + 1
        end = self._starts[following] if following < len(self._starts) else self._end
        line: Line = json.loads(os.pread(self._file, end - start, start))
        return line

    def __iter__(self) -> Iterator[Line]:
        """Read all lines that were there at the start of the walk."""
        for number in range(len(self)):
            yield self.read(number)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)
