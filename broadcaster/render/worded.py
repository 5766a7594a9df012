"""From the wording of a campaign to the templates of its parts.

What is worded stands in the place of blocks of the kind's own part; what the kind puts around them,
a greeting, a link that ends messages, stays. A mail's HTML part and the public page are made of
what was written for the mail's text and subject: they can not say something else.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from itertools import groupby

from jinja2 import Environment, nodes
from markupsafe import escape

from broadcaster.domain.advisory import Advisory
from broadcaster.domain.saying import Figure, said
from broadcaster.domain.wording import LONGEST, key
from broadcaster.errors import InvalidInputError
from broadcaster.render.environment import EXTENSIONS
from broadcaster.render.grammar import Vocabulary
from broadcaster.render.kinds import Kind
from broadcaster.render.phrasing import Phrased, literal, read, tags

MAIL_TEXT, SUBJECT, MAIL, PAGE = (
    "email/body.txt",
    "email/subject.txt",
    "email/body.mjml",
    "web/page.html",
)
#: What each part that is HTML is made of.
MADE_OF: Mapping[str, tuple[str, ...]] = {MAIL: (MAIL_TEXT,), PAGE: (MAIL_TEXT, SUBJECT)}
#: Blocks in which a kind may repeat what it says; when that is worded they show the subject.
_REPEATED: Mapping[str, str] = {"preview": MAIL_TEXT, "description": MAIL_TEXT, "title": SUBJECT}
#: The block that holds everything, of kinds that name none.
_CONTENT = "content"

_BULLET = re.compile(r"[-•–][ \t]+")


class Room(Enum):
    """What may stand where a block of HTML stands."""

    #: Elements of MJML alone.
    COLUMN = "C"
    #: Paragraphs and lists.
    FLOW = "F"
    #: Lines, but no paragraphs.
    LINES = "L"
    #: One line.
    LINE = "1"
    #: Entries of a list.
    ENTRIES = "E"


#: What stands around a text that was worded until it is set as HTML. Where mark-up is stripped, in
#: a title or an attribute, the empty element is gone and the text becomes a line.
_OPEN, _CLOSE, _SHOWN = "\ue0f0", "\ue0f1", "<i></i>"
_REGION = re.compile(f"{_OPEN}(.)({_SHOWN})?([^{_OPEN}{_CLOSE}]*){_CLOSE}", re.DOTALL)
_COLUMN = (
    (
        '<mj-text><div dir="{{ locale.direction }}" style="direction:{{ locale.direction }};'
        "text-align:{{ 'right' if locale.direction == 'rtl' else 'left' }}\">"
    ),
    "</div></mj-text>",
)
#: How paragraphs, lists and entries look in a mail. A page has its styles in one place.
_STYLES: Mapping[str, str] = {
    "p": "margin:0 0 10px 0;",
    "ul": "margin:0 0 10px 0;padding:0 22px;",
    "li": "margin:0 0 6px 0;",
}
_ROOMS: Mapping[str, Room] = {
    **dict.fromkeys(("ul", "ol"), Room.ENTRIES),
    **dict.fromkeys(("p", "span", "strong", "em", "b", "i", "dt", "label"), Room.LINES),
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6", "title", "mj-title", "a"), Room.LINE),
}
_ELEMENT = re.compile(r"<!--.*?-->|<(/?)([a-zA-Z][\w-]*)[^<>]*?(/?)>", re.DOTALL)
_VOID = frozenset({"meta", "link", "br", "hr", "img", "input", "col", "source", "wbr"})


def wordings(advisory: Advisory, part: str, locale: str) -> Mapping[str, str]:
    """Give the wordings that a part is made of, by the part that each was written for."""
    sources = MADE_OF.get(part, (part,))
    found = {one: advisory.wording.get(key(one, locale)) for one in sources}
    return {one: text for one, text in found.items() if text is not None}


def phrased(advisory: Advisory, kind: Kind, part: str, locale: str, text: str) -> Phrased:
    """Read a wording of a part; InvalidInputError names part, locale and line."""
    require_part(kind, part)
    name = key(part, locale)
    if len(text) > LONGEST[part]:
        problem = said("has %(count)s characters", count=Figure(len(text)))
        raise InvalidInputError(
            name, problem, said("Write %(longest)s at most.", longest=Figure(LONGEST[part]))
        )
    if not text.strip():
        raise InvalidInputError(
            name, said("is empty"), said("Write something, or clear the wording.")
        )
    vocabulary = Vocabulary(facts=kind.facts, values=advisory.facts, blocks=blocks_of(kind, part))
    return read(text, vocabulary, name)


def require_part(kind: Kind, part: str) -> None:
    """Refuse a part that can not be worded; InvalidInputError names those that can."""
    if part not in LONGEST or part not in kind.parts:
        own = [one for one in LONGEST if one in kind.parts]
        problem = (
            "is made of email/body.txt and email/subject.txt"
            if part in MADE_OF
            else (f"is no part of {kind.name} that can be worded")
        )
        raise InvalidInputError(
            "part",
            said("%(part)s %(problem)s", part=part[:60], problem=problem),
            said("Use one of %(names)s.", names=", ".join(own)),
        )


def blocks_of(kind: Kind, part: str) -> Sequence[str]:
    """Name the blocks of a part that a wording may change."""
    named = kind.rule(part).blocks
    return named or ((_CONTENT,) if part == MAIL_TEXT else ())


def plain_source(kind: Kind, part: str, wording: Phrased) -> str:
    """Write the template of a text part with its wording."""
    if wording.blocks:
        return f'{{% extends "{kind.name}/{part}" %}}{wording.text}'
    blocks = blocks_of(kind, part)
    if not blocks:
        return wording.text
    # A brace at its end must not open a tag together with what follows.
    text = wording.text
    text = text[:-1] + literal("{") if text.endswith("{") else text
    stands = f"{{% block {blocks[0]} %}}{text}{{% endblock %}}"
    return f'{{% extends "{kind.name}/{part}" %}}{stands}'


def probe_source(kind: Kind, part: str, blocks: Sequence[str]) -> str:
    """Write a template that shows where the blocks of a part stand."""
    marked = "".join(f"{{% block {one} %}}{_mark(one)}{{% endblock %}}" for one in blocks)
    return f'{{% extends "{kind.name}/{part}" %}}{marked}'


def rooms(probed: str, blocks: Sequence[str]) -> Mapping[str, Room]:
    """Find what may stand where each block stands; those that stand nowhere are not there.

    The last place counts: before it a head may have the same text once more.
    """
    found = {}
    for block in blocks:
        at = probed.rfind(_mark(block))
        if at >= 0:
            around = _innermost(probed[:at])
            container = around.startswith("mj-") and around not in {"mj-text", "mj-title"}
            found[block] = Room.COLUMN if container else _ROOMS.get(around, Room.FLOW)
    return found


def made_source(
    kind: Kind, part: str, written: Mapping[str, Phrased], places: Mapping[str, Room]
) -> str:
    """Write the template of an HTML part from the wordings of the mail's text and subject."""
    own = own_blocks(kind, part)
    said = [block for block in _said(kind, written) if block[0] in places]
    names = {name for name, _ in said}
    stands = [
        f"{{% block {name} %}}{_converted(pieces, places[name])}{{% endblock %}}"
        for name, pieces in said
    ]
    stands += [
        f"{{% block {name} %}}{{{{ subject }}}}{{% endblock %}}"
        for name, source in _REPEATED.items()
        if name in own and name not in names and source in written
    ]
    return f'{{% extends "{kind.name}/{part}" %}}' + "".join(stands)


def lost(
    kind: Kind, part: str, written: Mapping[str, Phrased], places: Mapping[str, Room]
) -> Sequence[str]:
    """Name the blocks that are worded and would be shown nowhere in an HTML part."""
    own = own_blocks(kind, part)
    return [
        name
        for source, wording in written.items()
        for name, _ in _said(kind, {source: wording})
        if name not in places
        and not any(again in own for again, of in _REPEATED.items() if of == source == SUBJECT)
    ]


def own_blocks(kind: Kind, part: str) -> frozenset[str]:
    """Name the blocks that a kind's own file fills."""
    environment = Environment(extensions=list(EXTENSIONS), autoescape=True)
    tree = environment.parse(kind.texts[part])
    return frozenset(block.name for block in tree.find_all(nodes.Block))


def worded_blocks(kind: Kind, written: Mapping[str, Phrased]) -> Sequence[str]:
    """Name the blocks that wordings fill."""
    return [name for name, _ in _said(kind, written)]


def set_as_html(text: str, part: str) -> str:
    """Set the texts that were worded as the HTML that their places allow.

    Empty lines part paragraphs, other lines stay lines, and lines with a dash are entries.
    """
    styled = part == MAIL
    return _REGION.sub(lambda found: _set(found, styled=styled), text)


def _set(found: re.Match[str], *, styled: bool) -> str:
    room = Room(found[1]) if found[2] else Room.LINE
    lines = [line.strip() for line in found[3].strip().split("\n")]
    if room is Room.LINE:
        return " ".join(filter(None, lines))
    if room is Room.LINES:
        return re.sub(r"(<br />){3,}", "<br /><br />", "<br />".join(lines))
    if room is Room.ENTRIES:
        entries = (
            _BULLET.sub("", line, count=1) if _BULLET.match(line) else line for line in lines
        )
        return "".join(_element("li", one, styled=styled) for one in entries if one)
    return "".join(_blocks(lines, styled=styled))


def _blocks(lines: Sequence[str], *, styled: bool) -> Iterator[str]:
    """Give the paragraphs and lists of lines."""
    for entry, group in groupby(lines, key=lambda line: bool(_BULLET.match(line))):
        if entry:
            entries = [_BULLET.sub("", one, count=1) for one in group]
            listed = "".join(_element("li", one, styled=styled) for one in entries)
            yield _element("ul", listed, styled=styled)
            continue
        for there, some in groupby(group, key=bool):
            if there:
                yield _element("p", "<br />".join(some), styled=styled)


def _element(name: str, content: str, *, styled: bool) -> str:
    style = f' style="{_STYLES[name]}"' if styled else ""
    return f"<{name}{style}>{content}</{name}>"


def _mark(block: str) -> str:
    return f"\ue0f2{block}\ue0f3"


def _said(
    kind: Kind, written: Mapping[str, Phrased]
) -> Iterator[tuple[str, list[tuple[str, Sequence[str]]]]]:
    """Give each block that is worded, with its texts and tags."""
    for part, wording in written.items():
        if not wording.blocks:
            for block in blocks_of(kind, part)[:1]:
                yield block, list(tags(wording.text))
            continue
        name = ""
        pieces: list[tuple[str, Sequence[str]]] = []
        for text, words in tags(wording.text):
            if words[:1] == ["block"]:
                name, pieces = words[1], []
            elif words[:1] == ["endblock"]:
                yield name, pieces
            else:
                pieces.append((text, words))


def _converted(pieces: Sequence[tuple[str, Sequence[str]]], room: Room) -> str:
    """Write a text for HTML, to be set when it is rendered: only then its lines are known."""
    written = "".join(text if words else literal(str(escape(text))) for text, words in pieces)
    before, after = _COLUMN if room is Room.COLUMN else ("", "")
    inner = Room.FLOW if room is Room.COLUMN else room
    return f"{before}{_OPEN}{inner.value}{_SHOWN}{written}{_CLOSE}{after}"


def _innermost(text: str) -> str:
    """Give the name of the element that is open at the end of a text; empty for none."""
    open_: list[str] = []
    for found in _ELEMENT.finditer(text):
        name = (found[2] or "").lower()
        if not name or found[3] or name in _VOID:
            continue
        if not found[1]:
            open_.append(name)
        elif name in open_:
            while open_.pop() != name:
                pass
    return open_[-1] if open_ else ""
