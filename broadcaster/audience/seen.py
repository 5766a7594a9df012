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
        held, last = self._held, self._room - 1
        at = key & last
        while (found := held[at]) != 0:
            if found == key:
                return False
            at = (at + 1) & last
        held[at] = key
        return True

    def _grow(self) -> None:
        before = self._held
        self._room *= 2
        self._held = array("Q", bytes(8 * self._room))
        for key in before:
            if key:
                self._put(key)
