"""What differs between two texts, word by word; pure.

Words are told apart by the white space between them, so the same rule serves texts that are read
from the left and from the right: the pieces stand in the order of the characters, and whoever shows
them leaves their order on the line to the direction of the text.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

#: What stands between marks of direction is one word: half of it would turn the rest around.
_WORDS = re.compile(
    "[\u2066-\u2068][^\u2066-\u2069]*\u2069\\S*|\\s+|[^\\s\u2066-\u2068]+|.", re.DOTALL
)
#: More words than these are not compared one by one: that takes the product of both counts.
_MOST = 4000


class Change(StrEnum):
    """What became of a piece of text."""

    SAME = "same"
    REMOVED = "removed"
    ADDED = "added"


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """Some words, and whether they stayed, went or came."""

    change: Change
    text: str


def words(text: str) -> Sequence[str]:
    """Divide a text into words and the white space between them; together they are the text."""
    return _WORDS.findall(text)


def differences(old: str, new: str) -> Sequence[Piece]:
    """Compare two texts.

    The pieces that stayed or went make the old text, those that stayed or came the new one; of two
    neighbours none is of the same sort. Texts of more than 4,000 words are replaced as a whole.
    """
    return tuple(_joined(_pieces(old, new)))


def _pieces(old: str, new: str) -> Iterator[Piece]:
    former, present = words(old), words(new)
    if old == new:
        yield Piece(change=Change.SAME, text=old)
        return
    if max(len(former), len(present)) > _MOST:
        yield Piece(change=Change.REMOVED, text=old)
        yield Piece(change=Change.ADDED, text=new)
        return
    matcher = SequenceMatcher(None, former, present, autojunk=False)
    for tag, first, last, begin, end in matcher.get_opcodes():
        if tag == "equal":
            yield Piece(change=Change.SAME, text="".join(former[first:last]))
            continue
        yield Piece(change=Change.REMOVED, text="".join(former[first:last]))
        yield Piece(change=Change.ADDED, text="".join(present[begin:end]))


def _joined(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """Leave out what is empty, and join neighbours of one sort."""
    last: Piece | None = None
    for piece in pieces:
        if not piece.text:
            continue
        if last is not None and last.change is piece.change:
            last = Piece(change=last.change, text=last.text + piece.text)
            continue
        if last is not None:
            yield last
        last = piece
    if last is not None:
        yield last
