"""Bringing a catalogue into step with the texts that are asked for, and losing nobody's work.

A text that is new comes empty. Where it is a changed form of one that has gone, the former
translation comes with it as a suggestion, marked fuzzy and beside the text that it was made for: a
fuzzy translation is never used. What has gone is kept at the end, and comes back with its text.
"""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from broadcaster.errors import ConfigurationError
from broadcaster.render.catalogues import PLACEHOLDER
from broadcaster.render.extract import Use
from broadcaster.render.pofile import FUZZY, Entry, Key, PoFile, flagged, write
from broadcaster.render.poreader import read

#: How like two texts have to be for one to be a changed form of the other.
_ALIKE = 0.75
#: The longest text that is compared, characters: comparing takes the square of it.
_LONGEST = 2000
_FORMAT = "python-format"
_HEADER = """\
msgid ""
msgstr ""
"Project-Id-Version: Broadcaster\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"""


def header(tag: str, plural_forms: str) -> str:
    """Write the header of a new catalogue, in the order in which Poedit and GNU gettext do."""
    own = f'"Language: {tag.replace("-", "_")}\\n"\n'
    plurals = f'"Plural-Forms: {plural_forms}\\n"\n'
    before, mime, after = _HEADER.partition('"MIME-Version')
    return f"{before}{own}{mime}{after}{plurals}"


def template(uses: Iterable[Use]) -> PoFile:
    """Make the list of all texts, in the order in which they are asked for; ConfigurationError.

    Where one text is asked for in several places it stands once, with all places and notes.
    """
    entries: dict[tuple[str | None, str], Entry] = {}
    for use in uses:
        entry = Entry(
            key=use.key,
            strings=("",) if use.key.plural is None else ("", ""),
            notes=use.comments,
            places=(use.template,),
            flags=_formats(use.key),
        )
        known = entries.get(use.key.identity)
        entries[use.key.identity] = entry if known is None else _joined(known, entry)
    return PoFile(header=_HEADER, entries=tuple(entries.values()))


def _formats(key: Key) -> tuple[str, ...]:
    texts = (key.singular, key.plural or "")
    return (_FORMAT,) if any(PLACEHOLDER.search(text) for text in texts) else ()


def _joined(known: Entry, other: Entry) -> Entry:
    if known.key != other.key:
        message = (
            f"{other.places[0]}: {str(other.key)!r} stands in {known.places[0]} with another "
            "plural, and catalogues hold one of them. Give one a context: {% trans 'counted' %}."
        )
        raise ConfigurationError(message)
    return replace(
        known,
        places=tuple(dict.fromkeys((*known.places, *other.places))),
        notes=tuple(dict.fromkeys((*known.notes, *other.notes))),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Ways:
    """How a catalogue is brought into step.

    `suggest` carries the translation of a changed text over as fuzzy; `keep` keeps what has gone.
    Of `others`, texts that are asked for elsewhere, those stay that the catalogue translates: an
    organisation's own words for what is shipped.
    """

    suggest: bool = True
    keep: bool = True
    others: PoFile | None = None


def update(po: PoFile, texts: PoFile, ways: Ways = Ways()) -> PoFile:
    """Bring a catalogue into step with a template."""
    asked = _asked(po, texts, ways.others)
    known = {entry.key.identity: entry for entry in po.used()}
    gone = {entry.key.identity: entry for entry in po.entries if entry.obsolete}
    wanted = {entry.key.identity for entry in asked}
    gone |= {name: entry for name, entry in known.items() if name not in wanted}
    sources = [entry for entry in gone.values() if _certain(entry)] if ways.suggest else []
    entries = [
        _merged(entry, known.get(entry.key.identity) or gone.get(entry.key.identity), po, sources)
        for entry in asked
    ]
    left = [_retired(entry) for name, entry in gone.items() if name not in wanted]
    kept = (entry for entry in left if ways.keep and any(entry.strings))
    return replace(po, entries=(*entries, *kept))


def _asked(po: PoFile, texts: PoFile, others: PoFile | None) -> Sequence[Entry]:
    held = {entry.key.identity for entry in po.used() if any(entry.strings)}
    held -= {entry.key.identity for entry in texts.entries}
    more = others.entries if others else ()
    return (*texts.entries, *(entry for entry in more if entry.key.identity in held))


def _certain(entry: Entry) -> bool:
    return any(entry.strings) and not entry.fuzzy


def _retired(entry: Entry) -> Entry:
    return replace(entry, obsolete=True, notes=(), places=())


def _merged(text: Entry, old: Entry | None, po: PoFile, sources: Sequence[Entry]) -> Entry:
    """Give a text of the template its translation: its own, a suggestion, or none."""
    count = 1 if text.key.plural is None else po.plurals
    if old is None or not any(old.strings):
        # Who emptied a suggestion is not given it again.
        source = _nearest(text.key, sources) if old is None else None
        if source is not None:
            return replace(
                text,
                strings=source.strings,
                comments=source.comments,
                flags=flagged(text.flags, fuzzy=True),
                previous=source.key,
            )
        comments, flags = (old.comments, _flags(text, old)) if old else ((), text.flags)
        return replace(text, strings=("",) * count, comments=comments, flags=flags)
    moved = old.key != text.key
    strings = (*old.strings[:count], *("",) * (count - len(old.strings)))
    return replace(
        text,
        strings=strings,
        comments=old.comments,
        flags=flagged(_flags(text, old), fuzzy=old.fuzzy or moved),
        previous=old.key if moved else old.previous,
    )


def _flags(text: Entry, old: Entry) -> tuple[str, ...]:
    """Give the template's flags and the translators' own, such as max-length:70."""
    ours = {FUZZY, _FORMAT, *text.flags}
    return (*text.flags, *(flag for flag in old.flags if flag not in ours))


def _nearest(key: Key, sources: Sequence[Entry]) -> Entry | None:
    """Find the text that this one is a changed form of: nearly the same, the same facts in it."""
    best, found = _ALIKE, None
    for source in sources:
        if not _comparable(key, source.key):
            continue
        matcher = difflib.SequenceMatcher(None, source.key.singular, key.singular, autojunk=False)
        if matcher.real_quick_ratio() > best and matcher.quick_ratio() > best:
            ratio = matcher.ratio()
            best, found = (ratio, source) if ratio > best else (best, found)
    return found


def _comparable(one: Key, other: Key) -> bool:
    if max(len(one.singular), len(other.singular)) > _LONGEST:
        return False
    plurals = (one.plural is None) == (other.plural is None)
    facts = set(PLACEHOLDER.findall(one.singular)) == set(PLACEHOLDER.findall(other.singular))
    return plurals and facts and one.context == other.context


def bring_up_to_date(text: str, texts: PoFile, where: str, ways: Ways = Ways()) -> str:
    """Bring the text of one file into step; its own header stays as it is."""
    return write(update(read(text, where), texts, ways))
