"""The rules for texts and their translations; pure."""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from broadcaster.domain.saying import said
from broadcaster.render import bidi
from broadcaster.render.catalogues import PLACEHOLDER, Key
from broadcaster.render.hidden import hidden
from broadcaster.render.locales import Locale


class Fault(NamedTuple):
    """What is wrong with a text, and what to do."""

    problem: str
    remedy: str


_LITERALS = (
    (said("mail address"), re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")),
    (
        said("web address"),
        re.compile(
            r"https?:|www\.|\b[\w-]+(?:\.[\w-]+)*\.(?:com|fr|info|io|ma|net|org)\b", re.IGNORECASE
        ),
    ),
    (said("phone number"), re.compile(r"\+?\d(?:[ .\u00a0\u202f/-]?\d){6,}")),
)
_MARKUP = re.compile(r"<\s*[a-zA-Z/!]|&(?:#\w+|[a-zA-Z]+);")
#: Placeholders that count something; words such as "none", "one" and "two" may stand for them.
_COUNTS = frozenset({"count", "num"})
_FEW = 2
#: How Unicode names the letters of a script (ISO 15924).
_SCRIPTS = {"Arab": "ARABIC", "Latn": "LATIN", "Tfng": "TIFINAGH"}
#: So many letters are no brand and no abbreviation.
_LETTERS = 5


def source_faults(key: Key) -> Iterator[Fault]:
    """Find what must not stand in a text of a template."""
    for text in _forms(key):
        yield from literal_faults(text)
        yield from _hidden(text, "")
        if _MARKUP.search(text):
            yield Fault(
                said("has mark-up"), said("Keep the mark-up outside of the text to translate.")
            )


def translation_faults(
    key: Key,
    forms: Collection[str],
    locale: Locale,
    *,
    plural: Callable[[int], int],
    optional: frozenset[str],
) -> Iterator[Fault]:
    """Find what is wrong with a translation; `optional` are placeholders that it may drop."""
    wanted = frozenset(name for text in _forms(key) for name in PLACEHOLDER.findall(text))
    for number, text in enumerate(forms):
        place = said(" in plural form %(number)s", number=number) if key.plural is not None else ""
        allowed = optional | (_COUNTS if _is_for_few(number, plural) else frozenset())
        yield from _placeholders(text, wanted, allowed, place)
        yield from literal_faults(text)
        yield from _script(text, locale, place)
        if _MARKUP.search(text):
            yield Fault(
                said("has mark-up%(place)s", place=place),
                said("Take it out: the template has the mark-up."),
            )
        if not bidi.balanced(text) or any(control in text for control in bidi.EMBEDDINGS):
            yield Fault(
                said("has stray direction marks%(place)s", place=place), said("Type the text anew.")
            )
        else:
            yield from _hidden(text, place)
        if locale.direction == "rtl":
            yield from _right_to_left(text, place)


def _forms(key: Key) -> tuple[str, ...]:
    return (key.singular,) if key.plural is None else (key.singular, key.plural)


def _is_for_few(form: int, plural: Callable[[int], int]) -> bool:
    """Tell whether a plural form is used for nothing but none, one or two."""
    return all(count <= _FEW for count in range(200) if plural(count) == form)


def _placeholders(
    text: str, wanted: frozenset[str], allowed: frozenset[str], place: str
) -> Iterator[Fault]:
    found = frozenset(PLACEHOLDER.findall(text))
    for name in sorted(wanted - found - allowed):
        yield Fault(
            said("drops the placeholder %%(%(name)s)s%(place)s", name=name, place=place),
            said("Write it into the translation."),
        )
    for name in sorted(found - wanted):
        yield Fault(
            said("has the unknown placeholder %%(%(name)s)s%(place)s", name=name, place=place),
            said("Use those of the source."),
        )
    rest = PLACEHOLDER.sub("", text).replace("%%", "")
    if "%" in rest:
        yield Fault(
            said("has a lone percent sign%(place)s", place=place),
            said("Write %% for a percent sign."),
        )


def literal_faults(text: str) -> Iterator[Fault]:
    """Find contacts that are written out where they cannot be changed in one place."""
    bare = PLACEHOLDER.sub(" ", text)
    for name, shape in _LITERALS:
        if shape.search(bare):
            yield Fault(
                said("has a %(name)s written out", name=name),
                said("Make it a fact, so that it is written in one place."),
            )


def _hidden(text: str, place: str) -> Iterator[Fault]:
    found = hidden(text, allowed="\n")
    if found:
        problem = said(
            "has the hidden character %(found)s at position %(found_2)s%(place)s",
            found=found[1],
            found_2=found[0],
            place=place,
        )
        yield Fault(problem, said("Remove it; text copied from elsewhere may carry it."))


def _script(text: str, locale: Locale, place: str) -> Iterator[Fault]:
    """Find what was left in another script, as when the source was pasted."""
    letters = [letter for letter in PLACEHOLDER.sub("", text) if letter.isalpha()]
    named = _SCRIPTS.get(locale.script)
    if named is None or len(letters) < _LETTERS:
        return
    if not any(unicodedata.name(letter, "").startswith(named) for letter in letters):
        problem = said(
            "has no letter of the script of %(locale)s%(place)s", locale=locale.tag, place=place
        )
        yield Fault(problem, said("Translate it: the source was left there."))


def _right_to_left(text: str, place: str) -> Iterator[Fault]:
    for piece, reason in bidi.dangers(PLACEHOLDER.sub("\ufffc", text)):
        yield Fault(
            said("has %(piece)s, which is shown wrongly%(place)s", piece=repr(piece), place=place),
            said("There %(reason)s.", reason=reason),
        )
    bracket = bidi.bracket_fault(text)
    if bracket:
        yield Fault(
            said(
                "has a %(bracket)s without its partner%(place)s", bracket=repr(bracket), place=place
            ),
            said("Opening brackets come first in what is stored, whatever a screen shows."),
        )
