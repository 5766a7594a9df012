"""Where letters of a text come from: the facts that have them, or the kind's own words."""

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date

from broadcaster.domain.advisory import FactValue
from broadcaster.domain.saying import Term, said
from broadcaster.errors import ConfigurationError
from broadcaster.render.kinds import Kind
from broadcaster.render.locales import Locale
from broadcaster.render.values import Surface, show_fact


def origins(
    kind: Kind, facts: Mapping[str, FactValue], locale: Locale, character: str
) -> Mapping[str, int]:
    """Count a character in the facts that have it in a locale, by their names."""
    found = {}
    for name in kind.facts:
        count = sum(one.count(character) for one in _texts(kind, name, facts.get(name), locale))
        if count:
            found[name] = count
    return found


def whence(
    kind: Kind, facts: Mapping[str, FactValue], locale: Locale, character: str, count: int
) -> str:
    """Say where a character comes from that stands `count` times in a text."""
    found = origins(kind, facts, locale, character)
    names = [Term("fact", f"facts.{name}", kind.facts[name].labels) for name in found]
    own = (
        []
        if names and sum(found.values()) >= count
        else [said("the %(locale)s text", locale=Term("locale", locale.tag))]
    )
    pieces: list[str] = [*own, *names]
    told = pieces[0] if pieces else ""
    for one in pieces[1:]:
        told = said("%(one)s and %(other)s", one=told, other=one)
    return told


def _texts(kind: Kind, name: str, value: FactValue, locale: Locale) -> Sequence[str]:
    """Give what a text shows of a fact; nothing of dates and numbers, which filters write."""
    try:
        shown = show_fact(kind.facts[name], value, Surface.SMS, locale)
    except ConfigurationError:
        return ()
    if shown is None or isinstance(shown, date | int | float):
        return ()
    pieces = shown if isinstance(shown, tuple) else (shown,)
    return [unicodedata.normalize("NFC", str(one)) for one in pieces]
