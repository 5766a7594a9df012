"""Reading the XML of workbooks in pieces, without what makes XML dangerous.

No workbook has a document type declaration, and entities are declared nowhere else: a file with one
is refused before anything is expanded or fetched.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Protocol
from xml.parsers import expat

from broadcaster.domain.saying import said
from broadcaster.errors import BroadcasterError

_BLOCK = 2**18
#: The largest part that is read whole: names of sheets, formats, relations. Octets.
_LARGEST_PART = 64 * 2**20
#: The most elements within each other, and the longest single tag or text, octets.
DEEPEST = 256
_LONGEST_PIECE = 4 * 2**20


class MarkupError(BroadcasterError):
    """XML is broken, or has what no workbook has; the message says what."""


def parser() -> expat.XMLParserType:
    """Make a parser that refuses declarations and gives texts whole."""
    made = expat.ParserCreate()
    made.buffer_text = True
    made.StartDoctypeDeclHandler = _refuse
    made.EntityDeclHandler = _refuse
    return made


class Feed:
    """Hands pieces to a parser; MarkupError where they are broken, or never come to an end."""

    def __init__(self, made: expat.XMLParserType) -> None:
        """Start at the beginning."""
        self._made = made
        self._given = 0

    def __call__(self, block: bytes) -> None:
        """Hand on a piece."""
        self._given += len(block)
        self._parse(block, last=False)
        # The parser keeps what is not complete until it is: a tag without an end would fill memory.
        if self._given - self._made.CurrentByteIndex > _LONGEST_PIECE:
            raise MarkupError(
                said(
                    "has a tag that is longer than %(most)s MiB",
                    most=_LONGEST_PIECE // 2**20,
                )
            )

    def end(self) -> None:
        """Say that there are no more."""
        self._parse(b"", last=True)

    def _parse(self, block: bytes, *, last: bool) -> None:
        try:
            self._made.Parse(block, last)
        except expat.ExpatError as error:
            message = said(
                "its XML is broken (%(expat)s)",
                expat=expat.errors.messages.get(error.code, error.code),
            )
            raise MarkupError(message) from error


def too_deep() -> MarkupError:
    """Make the error about elements within elements without end."""
    return MarkupError(said("its XML is nested too deeply"))


class Readable(Protocol):
    """What is read in blocks."""

    def read(self, octets: int, /) -> bytes:
        """Give the next octets, none at the end."""
        ...


def elements(stream: Readable) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Give the elements of a small part in order: local name and attributes as written.

    MarkupError when it is not small, or is broken.
    """
    found: list[tuple[str, Mapping[str, str]]] = []
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST:
            raise too_deep()
        found.append((name.rpartition(":")[2], attributes))

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1

    made = parser()
    made.StartElementHandler = start
    made.EndElementHandler = end
    feed = Feed(made)
    read = 0
    while block := stream.read(_BLOCK):
        read += len(block)
        if read > _LARGEST_PART:
            raise MarkupError(
                said(
                    "has a part that is larger than %(most)s MiB",
                    most=_LARGEST_PART // 2**20,
                )
            )
        feed(block)
        yield from found
        found.clear()
    feed.end()
    yield from found


def has_text(stream: Readable, names: Collection[str]) -> bool:
    """Tell whether any element of these local names holds more than blanks; MarkupError."""
    inside = found = False
    depth = 0

    def start(name: str, _: object) -> None:
        nonlocal inside, depth
        depth += 1
        if depth > DEEPEST:
            raise too_deep()
        inside = name.rpartition(":")[2] in names

    def end(_: str) -> None:
        nonlocal inside, depth
        inside = False
        depth -= 1

    def text(piece: str) -> None:
        nonlocal found
        found = found or (inside and not piece.isspace())

    made = parser()
    made.StartElementHandler = start
    made.EndElementHandler = end
    made.CharacterDataHandler = text
    feed = Feed(made)
    while not found and (block := stream.read(_BLOCK)):
        feed(block)
    return found


def attribute(attributes: Mapping[str, str], name: str) -> str:
    """Give an attribute by its local name, whatever its prefix."""
    if name in attributes:
        return attributes[name]
    ending = f":{name}"
    return next((value for key, value in attributes.items() if key.endswith(ending)), "")


def _refuse(*_: object) -> None:
    raise MarkupError(said("has a document type declaration or entities, which no workbook has"))
