"""Reading the XML of an alert into a tree that knows its lines; no declarations, in bounds."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from broadcaster.errors import InvalidInputError

#: An alert of many languages and thousands of points is smaller.
LARGEST = 2_000_000
_DEEPEST, _MOST = 20, 100_000


@dataclass(kw_only=True, slots=True)
class Node:
    """An element; `name` is without its namespace, which is kept apart."""

    name: str
    namespace: str
    line: int
    text: str = ""
    attributes: tuple[str, ...] = ()
    children: list["Node"] = field(default_factory=list)

    def all(self, name: str) -> list["Node"]:
        """List the children of a name in the same namespace."""
        same = self.namespace
        return [one for one in self.children if one.name == name and one.namespace == same]

    def value(self, name: str) -> str | None:
        """Give the text of the first child of a name; None when there is none."""
        found = self.all(name)
        return found[0].text.strip() if found else None

    def walk(self) -> Iterator["Node"]:
        """Give it and all below it."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting += reversed(node.children)


def read(content: bytes) -> Node:
    """Read a document; InvalidInputError naming the line.

    A document type is refused: it can name files and grow without bound, and CAP has none.
    """
    if len(content) > LARGEST:
        raise _refuse(0, f"is larger than {LARGEST:,} octets", "Split it.")
    builder = _Builder()
    parser = builder.parser
    try:
        parser.Parse(content, True)  # noqa: FBT003  (the parser's own way to say that this is all)
    except expat.ExpatError as error:
        said = expat.ErrorString(error.code) or "unreadable"
        raise _refuse(error.lineno, f"is no XML ({said})", "Mend the line.") from error
    return builder.stack[0].children[0]


def _refuse(line: int, problem: str, remedy: str) -> InvalidInputError:
    return InvalidInputError(f"line {line}" if line else "the file", problem, remedy)


class _Builder:
    def __init__(self) -> None:
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.stack = [Node(name="", namespace="", line=0)]
        self._count = 0
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.buffer_text = True

    def _doctype(self, *_: object) -> None:
        line = self.parser.CurrentLineNumber
        raise _refuse(line, "has a document type, which CAP has not", "Take it out.")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        line = self.parser.CurrentLineNumber
        if len(self.stack) > _DEEPEST or self._count > _MOST:
            raise _refuse(line, "has too many elements, or too deep ones", "Write a plain alert.")
        namespace, _, local = name.rpartition(" ")
        node = Node(name=local, namespace=namespace, line=line, attributes=tuple(attributes))
        self.stack[-1].children.append(node)
        self.stack.append(node)

    def _end(self, name: str) -> None:
        del name
        self.stack.pop()

    def _text(self, text: str) -> None:
        self.stack[-1].text += text
