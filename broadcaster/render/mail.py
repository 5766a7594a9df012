"""From MJML to the HTML that mail programs understand."""

import re
from collections.abc import Iterator

import mrml

from broadcaster.errors import ConfigurationError
from broadcaster.render.locales import Locale

#: No web fonts: a mail fetches nothing from anywhere.
_OPTIONS = mrml.RenderOptions(fonts={})
_PARSER = mrml.ParserOptions(include_loader=mrml.noop_loader())

#: The compiler writes attributes as literals of its own language: `\\u{301}`, `\\n`, `\\\\`.
_CODED = re.compile(r'(?<==")[^"<>]*\\[^"<>]*(?=")')
_CODE = re.compile(r"\\(?:u\{([0-9a-f]{1,6})\}|(.))", re.DOTALL)
_SHORT_CODES = {"n": "\n", "r": "\r", "t": "\t", "0": "\0"}

_PIECE = re.compile(
    r"(?P<other><!--.*?-->|<!\[CDATA\[.*?\]\]>|<![^>\[-]*>|<\?.*?\?>)"
    r"|<(?P<end>/?)(?P<name>[\w-]+)(?P<attributes>(?:\s+[\w:-]+\s*=\s*(?:\"[^\"<]*\"|'[^'<]*'))*)"
    r"\s*(?P<empty>/?)>"
    r"|(?P<text>[^<]+)",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(r"([\w:-]+)\s*=\s*(?:\"([^\"]*)\"|'[^']*')")
#: Where the compiler copies what it finds: below these elements,
_COPIED_BELOW = frozenset({"mj-text", "mj-button", "mj-table", "mj-title", "mj-preview"})
#: and in these attributes of its own elements.
_COPIED = frozenset({("mj-button", "href"), ("mj-image", "href"), ("mj-image", "alt")})
_CODE_BELOW = frozenset({"style", "script"})
#: Attributes of HTML within: none that styles hang on.
_PLAIN = frozenset({"href", "src", "title", "alt", "name", "aria-label"})


def to_html(source: str, name: str, locale: Locale) -> str:
    """Turn rendered MJML into HTML; ConfigurationError naming the template.

    The direction is repeated on every table: mail programs drop the attributes of `html` and
    `body`, where MJML's compiler writes it.
    """
    try:
        html = mrml.to_html(source, _PARSER, _OPTIONS).content
    except OSError as error:
        # The compiler has no error class of its own.
        message = f"{name}: is not MJML ({error}). Close every element."
        raise ConfigurationError(message) from error
    html = _CODED.sub(lambda found: _CODE.sub(_decode, found.group()), html)
    return html.replace("<table ", f'<table dir="{locale.direction}" ')


def _decode(code: re.Match[str]) -> str:
    if code[1]:
        return chr(int(code[1], 16))
    return _SHORT_CODES.get(code[2], code[2])


def copied(source: str) -> Iterator[str]:
    """List the pieces of MJML that go into the HTML as they are, or escaped as attributes are.

    Everything else means something to the compiler: a width, a style, an element's name.
    """
    open_: list[str] = []
    read = 0
    for piece in _PIECE.finditer(source):
        if piece.start() != read:
            return
        read = piece.end()
        name = piece["name"]
        below = next((one for one in reversed(open_) if one.startswith("mj")), "")
        free = below in _COPIED_BELOW and not _CODE_BELOW.intersection(open_)
        if piece["text"] and free:
            yield piece["text"]
        elif name and not piece["end"]:
            yield from _attributes(name, piece["attributes"], free=free)
            if not piece["empty"]:
                open_.append(name)
        elif name and name in open_:
            while open_.pop() != name:
                pass


def _attributes(element: str, text: str, *, free: bool) -> Iterator[str]:
    for name, value in _ATTRIBUTE.findall(text):
        if (element, name) in _COPIED or (free and name in _PLAIN and element[:2] != "mj"):
            yield value
