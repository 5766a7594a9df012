"""Writing XML: an element with text, and nothing in it that XML 1.0 has no place for."""

import re
from xml.etree.ElementTree import Element, SubElement, indent, tostring

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
#: What no document may hold, not even escaped (XML 1.0, 2.2).
_IMPOSSIBLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def clean(text: str) -> str:
    """Take out what XML cannot carry."""
    return _IMPOSSIBLE.sub("", text)


def put(parent: Element, name: str, text: str, **attributes: str) -> Element:
    """Add an element; escaping is the writer's."""
    child = SubElement(parent, name, {key: clean(value) for key, value in attributes.items()})
    child.text = clean(text)
    return child


def written(root: Element) -> str:
    """Write a document, with a line for each element."""
    indent(root)
    return f"{_DECLARATION}{tostring(root, encoding='unicode')}\n"
