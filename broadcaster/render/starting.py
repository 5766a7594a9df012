"""The text that an operator begins with: the kind's own, written as a wording."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from broadcaster.domain.advisory import Advisory
from broadcaster.ports import Reader
from broadcaster.render import bidi, formats
from broadcaster.render.environment import bare, finish_line, finish_sms, finish_text
from broadcaster.render.facttypes import FactType
from broadcaster.render.kinds import Kind
from broadcaster.render.locales import Locale
from broadcaster.render.orders import show_reader
from broadcaster.render.phrasing import literal
from broadcaster.render.renderer import TemplateRenderer
from broadcaster.render.tracing import TRACE
from broadcaster.render.values import Surface, show_fact
from broadcaster.render.worded import MAIL_TEXT, blocks_of

#: Stands for what is known of the reader alone.
_READER = Reader(
    name="Xqzname",
    number="Xqznumber",
    unsubscribe_url="https://xqz.invalid/u",
    page_url="https://xqz.invalid/p",
)
#: Facts that are the same wherever they stand, and that a part shows in a way of their own.
_WRITTEN = frozenset(
    {
        *(FactType.NAME, FactType.PHONE, FactType.EMAIL, FactType.URL),
        *(FactType.TEXT, FactType.LOCALIZED),
    }
)
#: How a date may be written.
_DATES = (
    formats.date_in_words,
    formats.date_in_figures,
    formats.weekday_in_words,
    formats.day_in_words,
)
#: Shorter texts may stand somewhere by chance.
_SHORTEST = 4
_TAGS = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)


def starting_text(
    renderer: TemplateRenderer, kind: Kind, advisory: Advisory, part: str, tag: str
) -> str:
    """Write the kind's own text of a part so that it can be changed; ConfigurationError.

    Contacts, names, dates, places and numbers are written as the facts that they are, with their
    filters, so that they are linked and isolated as before and change with the facts. `frozen`
    names what is left.
    """
    renderer = renderer.tracing()
    blocks = blocks_of(kind, part)
    locale = renderer.locales[tag]
    names = _names(kind, advisory, part, locale)
    if not blocks:
        return _written(renderer.own_text(advisory, part, tag, _READER), names)
    found = renderer.blocks(replace(advisory, wording={}), part, tag, _READER)
    texts = {name: _written(_finished(found.get(name, ""), part, locale), names) for name in blocks}
    if len(blocks) == 1:
        return texts[blocks[0]]
    return "\n\n".join(
        f"{{% block {name} %}}\n{text}\n{{% endblock %}}" for name, text in texts.items()
    )


def frozen(
    renderer: TemplateRenderer, kind: Kind, advisory: Advisory, tag: str, text: str
) -> Sequence[str]:
    """Name the facts of which a text has the value written out, so that it stays as it is."""
    locale = renderer.locales[tag]
    plain = bidi.strip(_TAGS.sub(" ", text))
    found = []
    for fact in kind.facts.values():
        value = advisory.facts.get(fact.name)
        # The word of a choice stands in no text but by chance.
        if value is None or fact.type is FactType.CHOICE:
            continue
        shown = show_fact(fact, value, Surface.TEXT, locale)
        pieces = shown if fact.type in {FactType.LIST, FactType.PLACES} else (shown,)
        if isinstance(shown, date):
            at = renderer.local(shown)
            pieces = [show(at, Surface.TEXT, locale) for show in _DATES]
            pieces += [formats.clock(at, Surface.TEXT, locale)] if isinstance(at, datetime) else []
        texts = [bidi.strip(str(one)) for one in pieces]  # type: ignore[attr-defined]  # (a tuple)
        if any(len(one) >= _SHORTEST and one in plain for one in texts):
            found.append(fact.name)
    return found


def _names(kind: Kind, advisory: Advisory, part: str, locale: Locale) -> Mapping[str, str]:
    """Give what stands for each fact and field, by the text that shows it."""
    surface = Surface.of(part)
    names: dict[str, str] = {}
    for fact in kind.facts.values():
        value = advisory.facts.get(fact.name)
        if fact.type not in _WRITTEN or value is None:
            continue
        shown = str(show_fact(fact, value, surface, locale))
        if fact.type in {FactType.TEXT, FactType.LOCALIZED} and len(shown) < _SHORTEST:
            continue
        if fact.type is FactType.URL:
            names.setdefault(bare(str(value)), f"{{{{ facts.{fact.name}|bare_url }}}}")
        names[shown] = f"{{{{ facts.{fact.name} }}}}"
    for field, text in show_reader(_READER, surface, locale).items():
        names[str(text)] = f"{{{{ reader.{field} }}}}"
    return names


def _finished(text: str, part: str, locale: Locale) -> str:
    if part == "sms/body.txt":
        return finish_sms(text, locale)
    return finish_text(text).strip() if part == MAIL_TEXT else finish_line(text)


def _written(text: str, names: Mapping[str, str]) -> str:
    """Write names in the place of what they show, the longest first; traces as they are."""
    pieces, read = [], 0
    for match in TRACE.finditer(text):
        pieces += [_named(text[read : match.start()], names), f"{{{{ {match[1]} }}}}"]
        read = match.end()
    return "".join(pieces) + _named(text[read:], names)


def _named(text: str, names: Mapping[str, str]) -> str:
    longest = sorted(names, key=len, reverse=True)
    known = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest))})(?!\w)")
    pieces, read = [], 0
    for match in known.finditer(text):
        pieces += [literal(text[read : match.start()]), names[match.group()]]
        read = match.end()
    return "".join(pieces) + literal(text[read:])
