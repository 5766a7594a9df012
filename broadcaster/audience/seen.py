"""Which customer numbers a file has had, in little memory: 12 to 24 octets for each."""

from array import array

_FIRST = 2**12
#: From this part on a table that is filled is made twice as large.
_FULL = 0.66
_MASK = 2**64 - 1


class Seen:
    """A set of texts that only grows, kept as hashes of 64 bits in one array.

    The hash is keyed anew in each process. That two of three million texts have the same is less
    likely than one in four million; the later would be refused, with a finding that says so.
    """

    def __init__(self) -> None:
        """Nothing was seen."""
        self._count = 0
        self._room = _FIRST
        self._held = array("Q", bytes(8 * _FIRST))

    def __len__(self) -> int:
        """Say how many different ones there were."""
        return self._count

    def add(self, text: str) -> bool:
        """Note a text; whether it is new."""
        if not self._put((hash(text) & _MASK) or 1):
            return False
        self._count += 1
        if self._count > _FULL * self._room:
            self._grow()
        return True

    def _put(self, key: int) -> bool:
        at = _slot(self._held, key)
        if self._held[at]:
            return False
        self._held[at] = key
        return True

    def _grow(self) -> None:
        before = self._held
        self._room *= 2
        self._held = array("Q", bytes(8 * self._room))
        for key in before:
            if key:
                self._put(key)


class Counts:
    """How often each of many texts came: as `Seen`, with 6 to 12 octets more for each."""

    def __init__(self) -> None:
        """Nothing came."""
        self._different = 0
        self._held = array("Q", bytes(8 * _FIRST))
        self._counts = array("I", bytes(4 * _FIRST))

    def add(self, text: str) -> int:
        """Note a text; how often it has come by now."""
        key = (hash(text) & _MASK) or 1
        at = _slot(self._held, key)
        if not self._held[at]:
            self._held[at] = key
            self._different += 1
            if self._different > _FULL * len(self._held):
                self._grow()
                at = _slot(self._held, key)
        self._counts[at] += 1
        return self._counts[at]

    def _grow(self) -> None:
        held, counts = self._held, self._counts
        room = 2 * len(held)
        self._held, self._counts = array("Q", bytes(8 * room)), array("I", bytes(4 * room))
        for key, count in zip(held, counts, strict=True):
            if key:
                at = _slot(self._held, key)
                self._held[at], self._counts[at] = key, count


def _slot(held: "array[int]", key: int) -> int:
    """Find where a key is, or would be."""
    last = len(held) - 1
    at = key & last
    while held[at] not in (0, key):
        at = (at + 1) & last
    return at
