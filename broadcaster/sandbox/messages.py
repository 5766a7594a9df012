"""The carrier's memory of messages: found by sid, and listed by recipient, newest first."""

import hashlib
import os
import re
from array import array
from collections.abc import Iterator
from pathlib import Path

from broadcaster.sandbox.record import Journal, Line

_SID = re.compile(r"SM([0-9a-f]{16})([0-9a-f]{16})\Z")
_NONE = -1


class Messages:
    """An index over the record: a few bytes a message, so that a million fit.

    A sid hides the line's number, mixed with what is peculiar to the folder: two folders never
    give the same sid, and none has to be remembered.
    """

    def __init__(self, record: Journal, folder: Path) -> None:
        """Index what is there already."""
        self._record = record
        self._nonce = _nonce(folder / "nonce")
        self._latest: dict[str, int] = {}
        self._previous = array("q")
        for line in record:
            self._index(line["to"])

    def _index(self, to: str) -> None:
        self._previous.append(self._latest.get(to, _NONE))
        self._latest[to] = len(self._previous) - 1

    def add(self, line: Line) -> int:
        """Record a message, giving it its sid; the number of its line."""
        line["sid"] = self._sid(len(self._record))
        number = self._record.append(line)
        self._index(line["to"])
        return number

    def _sid(self, number: int) -> str:
        digest = hashlib.blake2b(b"%d" % number, digest_size=16, key=self._nonce).digest()
        mask = int.from_bytes(hashlib.blake2b(digest[:8], digest_size=8, key=self._nonce).digest())
        return f"SM{digest[:8].hex()}{number ^ mask:016x}"

    def find(self, sid: str) -> Line | None:
        """Find by sid."""
        match = _SID.match(sid)
        if match is None:
            return None
        head, tail = bytes.fromhex(match[1]), int(match[2], 16)
        mask = int.from_bytes(hashlib.blake2b(head, digest_size=8, key=self._nonce).digest())
        number = tail ^ mask
        known = number < len(self._record) and self._sid(number) == sid
        return self._record.read(number) if known else None

    def numbers(self, to: str | None, before: int | None) -> Iterator[int]:
        """Walk the numbers of messages, newest first: all, or those to one recipient.

        `before` starts below a number. The walk is lazy.
        """
        limit = len(self._record) if before is None else min(before, len(self._record))
        if to is None:
            yield from range(limit - 1, -1, -1)
            return
        number = self._latest.get(to, _NONE)
        while number != _NONE:
            if number < limit:
                yield number
            number = self._previous[number]

    def read(self, number: int) -> Line:
        """Read a message."""
        return self._record.read(number)


def _nonce(path: Path) -> bytes:
    """Read what is peculiar to this folder, or make it up."""
    if not path.exists():
        draft = path.with_suffix(".draft")
        draft.write_bytes(os.urandom(16))
        draft.replace(path)
    return path.read_bytes()[:16].ljust(16, b"\0")
