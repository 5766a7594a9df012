"""Reading markup of ours as a strict reader would."""

from html.parser import HTMLParser

_VOID = {"meta", "link", "img", "input", "br", "hr"}


class _Checker(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        assert "style" not in named
        assert not any(name.startswith("on") for name in named)
        assert named.get("id") not in self.ids or "id" not in named
        self.ids.add(str(named.get("id")))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def check_markup(html: str) -> None:
    """Fail on tags that don't match, ids that repeat, styles and handlers in attributes."""
    checker = _Checker()
    checker.feed(html)
    assert checker.open == []
