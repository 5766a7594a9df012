"""Reading preview sheets back: their elements, and what is seen in them, frames included."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

_EMPTY = frozenset({"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "wbr"})
#: The text part of a mail has golden files of its own.
_SILENT = frozenset({"head", "style", "script", "details"})
_BLANKS = re.compile(" +")
_INLINE = frozenset({"a", "b", "bdi", "code", "em", "i", "small", "span", "strong"})


@dataclass
class Element:
    """An element of HTML; texts and elements in it stand in their order."""

    name: str
    attributes: Mapping[str, str]
    held: list["Element | str"] = field(default_factory=list)

    def all(self, *names: str) -> Iterator["Element"]:
        """List the elements of these names below this one, in their order; all without names."""
        for one in self.held:
            if isinstance(one, Element):
                if not names or one.name in names:
                    yield one
                yield from one.all(*names)

    def one(self, name: str) -> "Element":
        """Give the only element of a name."""
        (found,) = self.all(name)
        return found

    def text(self) -> str:
        """Give all text below, as it stands."""
        return "".join(one if isinstance(one, str) else one.text() for one in self.held)


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open = [Element("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        made = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].held.append(made)
        if tag not in _EMPTY:
            self.open.append(made)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].held.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if tag not in _EMPTY:
            assert self.open[-1].name == tag, f"{self.open[-1].name} is closed by {tag}"
            self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].held.append(data)


def parse(html: str) -> Element:
    """Read HTML in which every element is closed, or fail."""
    builder = _Builder()
    builder.feed(html)
    builder.close()
    assert len(builder.open) == 1
    return builder.open[0]


def seen(element: Element) -> list[str]:
    """List the lines that people see, those in frames too; what only steers is spelt out."""
    lines = [""]
    _gather(element, lines)
    return [_plain(line) for line in lines if line.strip()]


def _gather(element: Element, lines: list[str]) -> None:
    for one in element.held:
        if isinstance(one, str):
            # An SMS keeps its lines; all else flows.
            lines[-1] += one if element.name == "p" else " ".join(one.split("\n"))
            continue
        if one.name in _SILENT or "display:none" in one.attributes.get("style", ""):
            continue
        if one.name not in _INLINE:
            lines.append("")
        if one.name == "iframe":
            _gather(parse(one.attributes["srcdoc"]), lines)
        else:
            _gather(one, lines)
        if one.name not in _INLINE:
            lines.append("")


def _plain(line: str) -> str:
    return "".join(
        f"<U+{ord(one):04X}>" if unicodedata.category(one) == "Cf" else one
        for one in _BLANKS.sub(" ", line).strip()
    )
