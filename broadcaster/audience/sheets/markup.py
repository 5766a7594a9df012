"""Reading the XML of workbooks in pieces, without what makes XML dangerous.

No workbook has a document type declaration, and entities are declared nowhere else: a file with one
is refused before anything is expanded or fetched.
"""

from collections.abc import Iterator, Mapping
from typing import Protocol
from xml.parsers import expat

from broadcaster.errors import BroadcasterError

_BLOCK = 2**18
#: The largest part that is read whole: names of sheets, formats, relations. Octets.
_LARGEST_PART = 64 * 2**20
_DEEPEST = 256


class MarkupError(BroadcasterError):
    """XML is broken, or has what no workbook has; the message says what."""


def parser() -> expat.XMLParserType:
    """Make a parser that refuses declarations and gives texts whole."""
    made = expat.ParserCreate()
    made.buffer_text = True
    made.StartDoctypeDeclHandler = _refuse
    made.EntityDeclHandler = _refuse
    return made


def feed(made: expat.XMLParserType, block: bytes, *, last: bool = False) -> None:
    """Give it a piece; MarkupError where it is broken."""
    try:
        made.Parse(block, last)
    except expat.ExpatError as error:
        message = f"its XML is broken ({expat.errors.messages.get(error.code, error.code)})"
        raise MarkupError(message) from error


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
        if depth > _DEEPEST:
            raise MarkupError("its XML is nested too deeply")
        found.append((name.rpartition(":")[2], attributes))

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1

    made = parser()
    made.StartElementHandler = start
    made.EndElementHandler = end
    read = 0
    while block := stream.read(_BLOCK):
        read += len(block)
        if read > _LARGEST_PART:
            raise MarkupError(f"has a part that is larger than {_LARGEST_PART // 2**20} MiB")
        feed(made, block)
        yield from found
        found.clear()
    feed(made, b"", last=True)
    yield from found


def attribute(attributes: Mapping[str, str], name: str) -> str:
    """Give an attribute by its local name, whatever its prefix."""
    if name in attributes:
        return attributes[name]
    ending = f":{name}"
    return next((value for key, value in attributes.items() if key.endswith(ending)), "")


def _refuse(*_: object) -> None:
    raise MarkupError("has a document type declaration or entities, which no workbook has")
