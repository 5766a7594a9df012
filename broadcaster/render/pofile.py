"""PO files, read and written so that every tool of translators leaves them as they are.

Nothing is wrapped, which is the one layout on which GNU gettext, Poedit and Weblate agree to the
byte: how they break lines differs, and each would write the others' files anew. What the header
says and the translators' comments are kept, no date is written, and what is no longer used stays at
the end.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

FUZZY = "fuzzy"
UNTRANSLATED = "is not translated"
#: The longest line of places, in characters.
_PLACES = 79


class Key(NamedTuple):
    """Which text: its context, its singular and, where it counts something, its plural."""

    context: str | None
    singular: str
    plural: str | None

    def __str__(self) -> str:
        """Give the beginning of the text, for people."""
        text = " ".join(self.singular.split())
        return text if len(text) <= 60 else f"{text[:59]}…"  # noqa: PLR2004  (fits a table)

    @property
    def identity(self) -> tuple[str | None, str]:
        """What gettext tells texts apart by."""
        return self.context, self.singular


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One text of a file, and its translations.

    `comments` are the translators' own, each line as it stands after the `#`. `notes` and `places`
    come from the templates. `previous` is the text that a fuzzy translation was made for. `line`
    is where the text stands in the file it was read from, 0 where it was not.
    """

    key: Key
    strings: tuple[str, ...]
    comments: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    previous: Key | None = None
    obsolete: bool = False
    line: int = 0

    @property
    def fuzzy(self) -> bool:
        """Whether nobody has checked the translation."""
        return FUZZY in self.flags


@dataclass(frozen=True, kw_only=True, slots=True)
class PoFile:
    """A file: its header as it stands, and its texts in order, the obsolete ones last."""

    header: str
    entries: tuple[Entry, ...]
    fields: dict[str, str] = field(default_factory=dict)

    @property
    def plural_forms(self) -> str:
        """The plural header; empty where there is none."""
        return self.fields.get("plural-forms", "")

    @property
    def plurals(self) -> int:
        """How many plural forms the header announces."""
        found = re.search(r"nplurals\s*=\s*([1-9])", self.plural_forms)
        return int(found[1]) if found else 2

    def used(self) -> Iterator[Entry]:
        """List the entries that are in use."""
        return (entry for entry in self.entries if not entry.obsolete)


#: How GNU gettext writes what cannot stand in quotes.
ESCAPES = {
    "\\": "\\\\",
    '"': '\\"',
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
}
_ESCAPED = str.maketrans(ESCAPES)


def write(po: PoFile) -> str:
    """Write a file: the same bytes for the same texts."""
    last = [entry for entry in po.entries if entry.obsolete]
    pieces = [po.header.rstrip("\n"), *map(_entry, po.used()), *map(_entry, last)]
    return "\n\n".join(piece for piece in pieces if piece) + "\n"


def _entry(entry: Entry) -> str:
    mark = "#~ " if entry.obsolete else ""
    lines = [f"#{comment}" for comment in entry.comments]
    if not entry.obsolete:
        lines += [f"#. {note}" for note in entry.notes]
        lines += _places(entry.places)
    if entry.flags:
        lines.append(f"#, {', '.join(entry.flags)}")
    if entry.previous is not None:
        lines += [f"{'#~|' if entry.obsolete else '#|'} {line}" for line in _key(entry.previous)]
    lines += [mark + line for line in _key(entry.key)]
    if entry.key.plural is None:
        lines += [mark + line for line in field_lines("msgstr", "".join(entry.strings[:1]))]
    else:
        for number, text in enumerate(entry.strings):
            lines += [mark + line for line in field_lines(f"msgstr[{number}]", text)]
    return "\n".join(lines)


def _places(places: Sequence[str]) -> list[str]:
    """Break a list of places as GNU gettext does, which breaks nothing else here."""
    lines: list[str] = []
    for place in places:
        if lines and len(lines[-1]) + 1 + len(place) <= _PLACES:
            lines[-1] += f" {place}"
        else:
            lines.append(f"#: {place}")
    return lines


def _key(key: Key) -> list[str]:
    lines = [] if key.context is None else field_lines("msgctxt", key.context)
    lines += field_lines("msgid", key.singular)
    return lines if key.plural is None else lines + field_lines("msgid_plural", key.plural)


def field_lines(name: str, text: str) -> list[str]:
    """Write a field: in one line, or a line for each of several below its name."""
    lines = text.split("\n")
    pieces = [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
    if len(pieces) <= 1:
        return [f'{name} "{_escaped(text)}"']
    return [f'{name} ""', *(f'"{_escaped(piece)}"' for piece in pieces)]


def _escaped(text: str) -> str:
    return text.translate(_ESCAPED)


def translated(entry: Entry, expected: int) -> str:
    """Tell why a translation is not to be used; empty when it may be."""
    if not any(entry.strings):
        return UNTRANSLATED
    if entry.fuzzy:
        return "is marked fuzzy: nobody has checked it"
    forms = expected if entry.key.plural else 1
    empty = [str(number) for number in range(forms) if not _at(entry.strings, number)]
    return f"has no plural form {', '.join(empty)}" if empty else ""


def _at(strings: Sequence[str], number: int) -> str:
    return "".join(strings[number : number + 1])


def flagged(flags: Iterable[str], *, fuzzy: bool) -> tuple[str, ...]:
    """Give flags as gettext orders them: fuzzy first, the others as they were."""
    others = [flag for flag in dict.fromkeys(flags) if flag != FUZZY]
    return (FUZZY, *others) if fuzzy else tuple(others)
