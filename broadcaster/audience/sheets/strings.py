"""The texts that the cells of an XLSX workbook share, however many there are.

They are kept on disk in blocks of some tens, and the blocks used last in memory: a workbook of a
million customers has millions of texts, in an order that has little to do with that of its rows.
"""

import re
import tempfile
from array import array
from collections.abc import Callable
from typing import Self

from broadcaster.audience.sheets import markup
from broadcaster.audience.sheets.archive import Part
from broadcaster.domain.saying import said

#: How many texts make a block, and how many blocks are in memory: some 20 MB of usual texts.
_EACH = 64
_HELD = 3000
#: The longest text of a cell, characters (a limit of spreadsheets), and the most on disk, octets.
LONGEST = 32_767
MOST = 4 * 2**30
#: Texts in blocks are parted by what no XML may hold.
_PARTER = "\0"
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


class SharedStrings:
    """Texts by number; a context manager's value."""

    def __init__(self) -> None:
        """Hold none."""
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  (closed by close)
        self._starts = array("Q", [0])
        self._block: list[str] = []
        self._held: dict[int, list[str]] = {}
        self._size = 0

    @classmethod
    def read(cls, part: Part) -> Self:
        """Read the part of a workbook; MarkupError when it is broken or beyond a bound."""
        made = cls()
        try:
            read_items(part, made.add)
        except BaseException:
            made.close()
            raise
        return made

    def add(self, text: str) -> None:
        """Add the next text."""
        self._block.append(text)
        if len(self._block) == _EACH:
            self._write()

    def __getitem__(self, number: int) -> str:
        """Give a text; IndexError when there is none of that number."""
        if number < 0:
            raise IndexError(number)
        place, rest = divmod(number, _EACH)
        block = self._held.get(place)
        if block is None:
            block = self._fetch(place)
        return unescaped(block[rest])

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _write(self) -> None:
        octets = _PARTER.join(self._block).encode("utf-8", "surrogatepass")
        self._size += len(octets)
        if self._size > MOST:
            raise markup.MarkupError(
                said("has more than %(most)s GiB of texts", most=MOST // 2**30)
            )
        self._file.write(octets)
        self._starts.append(self._size)
        self._block = []

    def _fetch(self, place: int) -> list[str]:
        if place == len(self._starts) - 1:
            return self._block
        start, end = self._starts[place], self._starts[place + 1]
        self._file.seek(start)
        block = self._file.read(end - start).decode("utf-8", "surrogatepass").split(_PARTER)
        if len(self._held) >= _HELD:
            # The oldest goes: order of insertion is near enough to that of use.
            del self._held[next(iter(self._held))]
        self._held[place] = block
        return block


def unescaped(text: str) -> str:
    """Undo what XLSX does to signs that XML may not hold: `_x000D_` is a carriage return."""
    if "_x" not in text:
        return text
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


def read_items(  # noqa: C901  (one state: the handlers share it as local variables)
    part: Part, add: Callable[[str], None]
) -> None:
    """Give each text to `add`: the runs of rich text joined, phonetic hints left out."""
    pieces: list[str] = []
    inside = phonetic = False
    length = depth = 0

    def start(name: str, _: object) -> None:
        nonlocal inside, phonetic, depth
        depth += 1
        if depth > markup.DEEPEST:
            raise markup.too_deep()
        local = name.rpartition(":")[2]
        if local == "si":
            pieces.clear()
        elif local == "rPh":
            phonetic = True
        elif local == "t":
            inside = not phonetic

    def end(name: str) -> None:
        nonlocal inside, phonetic, length, depth
        depth -= 1
        local = name.rpartition(":")[2]
        if local == "t":
            inside = False
        elif local == "rPh":
            phonetic = False
        elif local == "si":
            add("".join(pieces))
            pieces.clear()
            length = 0

    def text(piece: str) -> None:
        nonlocal length
        # One that is too long is cut after what makes it so: whoever reads the cell refuses it.
        if inside and length <= LONGEST:
            length += len(piece)
            pieces.append(piece)

    made = markup.parser()
    made.StartElementHandler = start
    made.EndElementHandler = end
    made.CharacterDataHandler = text
    feed = markup.Feed(made)
    for block in part.blocks():
        feed(block)
    feed.end()
