"""What is seen of HTML: its text, block by block, and about how much room it takes; pure."""

from html.parser import HTMLParser
from typing import Final

#: Elements that end a line; all others go on in it.
_BLOCKS: Final = frozenset(
    {
        *("address", "article", "aside", "blockquote", "body", "br", "dd", "div", "dl", "dt"),
        *("fieldset", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header"),
        *("hr", "li", "main", "nav", "ol", "p", "pre", "section", "table", "tbody", "td", "tfoot"),
        *("th", "thead", "tr", "ul"),
    }
)
#: Elements that hold nothing and are never closed.
_EMPTY: Final = frozenset(
    {
        *("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source"),
        *("track", "wbr"),
    }
)
_SILENT: Final = frozenset({"head", "script", "style", "template", "title"})

#: What a list of mails shows of a mail's beginning, characters.
_PREVIEW: Final = 110
#: Pixels: the margins at both sides, about how wide a letter is, how high a line, what is around a
#: block, and what is around all.
_SIDES, _LETTER, _LINE, _BLOCK, _AROUND = 64, 7.4, 27, 13, 235
_LOWEST, _HIGHEST = 320, 3000


class _Seen(HTMLParser):
    """Gathers the text of each block; `hidden` counts what is there and not shown."""

    def __init__(self, *, hidden: bool) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[str] = [""]
        self._hidden = hidden
        self._silent = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        style = (dict(attrs).get("style") or "").replace(" ", "")
        unseen = not self._hidden and "display:none" in style and tag not in _EMPTY
        if not self._silent and (tag in _SILENT or unseen):
            self._silent = tag
        if tag in _BLOCKS:
            self.blocks.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == self._silent:
            self._silent = ""
        if tag in _BLOCKS:
            self.blocks.append("")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.blocks[-1] += data


def blocks(html: str, *, hidden: bool = False) -> list[str]:
    """List the texts of a page in their order, a line for each block; marks of direction stay.

    `hidden` lists what is there and not shown too, as the beginning that a mail says of itself.
    """
    seen = _Seen(hidden=hidden)
    seen.feed(html)
    seen.close()
    lines = (" ".join(block.split()) for block in seen.blocks)
    return [line for line in lines if line]


def beginning(html: str) -> str:
    """Give what a list of mails shows beside the subject: how the text of the mail begins."""
    text = " ".join(blocks(html, hidden=True))
    return text if len(text) <= _PREVIEW else f"{text[:_PREVIEW].rstrip()}…"


def height(html: str, width: int) -> int:
    """Guess how high a page is when it is `width` wide, pixels; rather too much than too little.

    A frame without scripts can't tell, and one that scrolls would be cut off in print.
    """
    letters = max(1.0, (width - _SIDES) / _LETTER)
    lines = [1 + int(len(block) / letters) for block in blocks(html)]
    guess = _AROUND + sum(count * _LINE + _BLOCK for count in lines)
    return min(max(guess, _LOWEST), _HIGHEST)
