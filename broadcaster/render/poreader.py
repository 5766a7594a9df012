"""Reading PO files, as every tool of translators writes them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from broadcaster.errors import ConfigurationError, DamagedError
from broadcaster.render.pofile import ESCAPES, Entry, Key, PoFile, field_lines

_UNESCAPES = {shown[1]: raw for raw, shown in ESCAPES.items()}
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{1,2}|[0-7]{1,3}|.)")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_KEYWORD = re.compile(r"(msgctxt|msgid_plural|msgid|msgstr(?:\[[0-9]\])?)\s*(\".*)")
#: How many files are kept as they were read: a check comes to each catalogue of a few locales
#: several times, and the renderers of one process read the same ones.
_KEPT = 16


def fields_of(text: str) -> dict[str, str]:
    """Read the fields of a header, their names in small letters."""
    pairs = (line.partition(":") for line in text.split("\n") if ":" in line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


@lru_cache(maxsize=_KEPT)
def read(text: str, where: str) -> PoFile:
    """Read a file; DamagedError naming `where`, the line and what is wrong with it."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    header, fields, entries = "", {}, []
    seen: dict[tuple[bool, str | None, str], int] = {}
    for draft in _Reading(where).drafts(lines):
        entry = draft.entry()
        if entry.key.identity == (None, "") and not entry.obsolete:
            fields = fields_of("".join(entry.strings[:1]))
            header = _header(lines[draft.first : draft.last], "".join(entry.strings[:1]))
            continue
        identity = (entry.obsolete, *entry.key.identity)
        if identity in seen:
            raise refused(where, entry.line, f"stands already in line {seen[identity]}")
        seen[identity] = entry.line
        entries.append(entry)
    return PoFile(header=header, entries=tuple(entries), fields=fields)


def _header(lines: Sequence[str], text: str) -> str:
    """Write a header as GNU gettext does: its comments as they stand, a line for each field."""
    above = [line.rstrip() for line in lines if line.startswith("#")]
    return "\n".join([*above, *field_lines("msgid", ""), *field_lines("msgstr", text)])


def refused(where: str, line: int, problem: str) -> ConfigurationError:
    """Make the error for a file that cannot be read."""
    return DamagedError(f"{where}, line {line}: {problem}. Mend the line.")


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
    #: Whether it has a translation, which stands last.
    whole: bool = False

    def entry(self) -> Entry:
        if not self.whole or "msgid" not in self.texts:
            raise refused(self.where, self.line or self.first + 1, "is not a whole entry")
        key = _key_of(self.texts)
        numbered = sorted(name for name in self.texts if name.startswith("msgstr["))
        wanted = (
            ["msgstr"] if key.plural is None else [f"msgstr[{n}]" for n in range(len(numbered))]
        )
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
        return bare.startswith(("#", "|", "msgctxt", "msgid ", 'msgid"'))

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
            self._name, line = found[1], found[2]
            if self._name in texts:
                raise refused(self._where, number, f"has {self._name} twice in one entry")
            texts[self._name] = ""
            if texts is draft.texts:
                draft.whole = draft.whole or self._name.startswith("msgstr")
                draft.line = number if self._name == "msgid" else draft.line
        quoted = _QUOTED.fullmatch(line)
        if quoted is None or self._name not in texts:
            raise refused(self._where, number, "is neither a comment, nor a text in quotes")
        said = quoted[1]
        texts[self._name] += _ESCAPE.sub(_unescaped, said) if "\\" in said else said


def _unescaped(found: re.Match[str]) -> str:
    shown = found[1]
    if shown[0] == "x" and len(shown) > 1:
        return chr(int(shown[1:], 16))
    return chr(int(shown, 8)) if shown[0].isdigit() else _UNESCAPES.get(shown, shown)
