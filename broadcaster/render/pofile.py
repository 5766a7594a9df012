"""PO files, read and written so that every tool of translators leaves them as they are.

Nothing is wrapped, which is the one layout on which GNU gettext, Poedit and Weblate agree to the
byte: how they break lines differs, and each would write the others' files anew. The header and
the translators' comments are kept as they stand, no date is written, and what is no longer used
stays at the end.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from broadcaster.errors import ConfigurationError

FUZZY = "fuzzy"
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


_ESCAPES = {
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
_UNESCAPES = {shown[1]: raw for raw, shown in _ESCAPES.items()}
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{1,2}|[0-7]{1,3}|.)")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_KEYWORD = re.compile(r"(msgctxt|msgid_plural|msgid|msgstr(?:\[([0-9])\])?)\s*(\".*)")


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
        lines += [mark + line for line in _field("msgstr", "".join(entry.strings[:1]))]
    else:
        for number, text in enumerate(entry.strings):
            lines += [mark + line for line in _field(f"msgstr[{number}]", text)]
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
    lines = [] if key.context is None else _field("msgctxt", key.context)
    lines += _field("msgid", key.singular)
    return lines if key.plural is None else lines + _field("msgid_plural", key.plural)


def _field(name: str, text: str) -> list[str]:
    lines = text.split("\n")
    pieces = [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
    if len(pieces) <= 1:
        return [f'{name} "{_escaped(text)}"']
    return [f'{name} ""', *(f'"{_escaped(piece)}"' for piece in pieces)]


def _escaped(text: str) -> str:
    return "".join(_ESCAPES.get(character, character) for character in text)


def fields_of(text: str) -> dict[str, str]:
    """Read the fields of a header, their names in small letters."""
    pairs = (line.partition(":") for line in text.split("\n") if ":" in line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def read(text: str, where: str) -> PoFile:
    """Read a file; ConfigurationError naming `where`, the line and what is wrong with it."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    header, fields, entries = "", {}, []
    seen: dict[tuple[bool, str | None, str], int] = {}
    for draft in _Reading(where).drafts(lines):
        entry = draft.entry()
        if entry.key.identity == (None, "") and not entry.obsolete:
            fields = fields_of("".join(entry.strings[:1]))
            header = "\n".join(line.rstrip() for line in lines[draft.first : draft.last])
            continue
        identity = (entry.obsolete, *entry.key.identity)
        if identity in seen:
            raise refused(where, entry.line, f"stands already in line {seen[identity]}")
        seen[identity] = entry.line
        entries.append(entry)
    return PoFile(header=header, entries=tuple(entries), fields=fields)


def refused(where: str, line: int, problem: str) -> ConfigurationError:
    """Make the error for a file that cannot be read."""
    return ConfigurationError(f"{where}, line {line}: {problem}. Mend the line.")


@dataclass(slots=True)
class _Draft:
    """An entry while its lines are read; `first` and `last` bound them, from 0."""

    where: str
    first: int
    last: int = 0
    line: int = 0
    obsolete: bool = False
    comments: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    previous: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        return any(name.startswith("msgstr") for name in self.texts)

    def entry(self) -> Entry:
        if not self.whole or "msgid" not in self.texts:
            raise refused(self.where, self.line or self.first + 1, "is not a whole entry")
        key = _key_of(self.texts)
        numbered = sorted(name for name in self.texts if name.startswith("msgstr["))
        wanted = ["msgstr"] if key.plural is None else [f"msgstr[{n}]" for n in range(len(numbered))]
        found = [name for name in self.texts if name.startswith("msgstr")]
        if sorted(found) != sorted(wanted):
            raise refused(self.where, self.line, "has other plural forms than its text")
        return Entry(
            key=key,
            strings=tuple(self.texts[name] for name in wanted),
            comments=tuple(self.comments),
            notes=tuple(self.notes),
            places=tuple(self.places),
            flags=tuple(dict.fromkeys(self.flags)),
            previous=_key_of(self.previous) if "msgid" in self.previous else None,
            obsolete=self.obsolete,
            line=self.line,
        )


def _key_of(texts: dict[str, str]) -> Key:
    return Key(texts.get("msgctxt"), texts["msgid"], texts.get("msgid_plural"))


class _Reading:
    """Reads line by line; an entry ends where the next begins."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._name = ""

    def drafts(self, lines: Sequence[str]) -> Iterator[_Draft]:
        draft = _Draft(self._where, 0)
        for number, raw in enumerate(lines):
            line = raw.strip()
            if not line:
                continue
            if draft.whole and self._opens(line):
                yield draft
                draft = _Draft(self._where, number)
            self._take(draft, line, number + 1)
            draft.last = number + 1
        if draft.texts:
            yield draft

    def _opens(self, line: str) -> bool:
        """Tell whether a line after a whole entry belongs to the next."""
        bare = line.removeprefix("#~").lstrip() if line.startswith("#~") else line
        return bare.startswith(("#", "|", "msgctxt", "msgid ")) or bare.startswith('msgid"')

    def _take(self, draft: _Draft, line: str, number: int) -> None:
        if line.startswith("#~"):
            draft.obsolete = True
            rest = line[2:].lstrip()
            target = draft.previous if rest.startswith("|") else draft.texts
            self._text(draft, target, rest.removeprefix("|").lstrip(), number)
        elif line.startswith("#|"):
            self._text(draft, draft.previous, line[2:].lstrip(), number)
        elif line.startswith("#,"):
            draft.flags += [flag for part in line[2:].split(",") if (flag := part.strip())]
        elif line.startswith("#:"):
            draft.places += line[2:].split()
        elif line.startswith("#."):
            draft.notes += [note] if (note := line[2:].strip()) else []
        elif line.startswith("#"):
            draft.comments.append(line[1:])
        else:
            self._text(draft, draft.texts, line, number)

    def _text(self, draft: _Draft, texts: dict[str, str], line: str, number: int) -> None:
        found = _KEYWORD.fullmatch(line)
        if found:
            self._name, line = found[1], found[3]
            if self._name in texts:
                raise refused(self._where, number, f"has {self._name} twice in one entry")
            texts[self._name] = ""
            if self._name == "msgid" and texts is draft.texts:
                draft.line = number
        quoted = _QUOTED.fullmatch(line)
        if quoted is None or self._name not in texts:
            raise refused(self._where, number, "is neither a comment, nor a text in quotes")
        texts[self._name] += _ESCAPE.sub(_unescaped, quoted[1])


def _unescaped(found: re.Match[str]) -> str:
    shown = found[1]
    if shown[0] == "x" and len(shown) > 1:
        return chr(int(shown[1:], 16))
    return chr(int(shown, 8)) if shown[0].isdigit() else _UNESCAPES.get(shown, shown)


def translated(entry: Entry, expected: int) -> str:
    """Tell why a translation is not to be used; empty when it may be."""
    if not any(entry.strings):
        return "is not translated"
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
