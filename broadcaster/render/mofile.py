"""Compiled catalogues, for programs that read GNU gettext's `.mo`; we read `.po` ourselves.

The layout is that of the GNU gettext manual, "The Format of GNU MO Files", without a hash table.
"""

import struct
import unicodedata

from broadcaster.render.pofile import Entry, Key, PoFile, translated

_MAGIC, _HEAD, _PAIR = 0x950412DE, 28, 8


def compiled(po: PoFile) -> bytes:
    """Compile what is certain: nothing fuzzy, and no text that lacks a plural form."""
    texts = {_identity(entry.key): _strings(entry) for entry in po.used() if _sure(entry, po)}
    texts[b""] = _header(po)
    pairs = sorted(texts.items())
    start = _HEAD + 2 * _PAIR * len(pairs)
    names, rest = _laid_out([name for name, _ in pairs], start)
    values, end = _laid_out([value for _, value in pairs], start + len(rest))
    tables = (_HEAD, _HEAD + _PAIR * len(pairs), 0, start)
    return struct.pack("<7I", _MAGIC, 0, len(pairs), *tables) + names + values + rest + end


def count(po: PoFile) -> int:
    """Count the texts that are compiled."""
    return sum(_sure(entry, po) for entry in po.used())


def _sure(entry: Entry, po: PoFile) -> bool:
    return not translated(entry, po.plurals)


def _header(po: PoFile) -> bytes:
    fields = {"Content-Type": "text/plain; charset=UTF-8"}
    if po.plural_forms:
        fields["Plural-Forms"] = po.plural_forms
    if "language" in po.fields:
        fields["Language"] = po.fields["language"]
    return "".join(f"{name}: {value}\n" for name, value in fields.items()).encode()


def _identity(key: Key) -> bytes:
    context = "" if key.context is None else f"{key.context}\x04"
    plural = "" if key.plural is None else f"\0{key.plural}"
    return f"{context}{key.singular}{plural}".encode()


def _strings(entry: Entry) -> bytes:
    return unicodedata.normalize("NFC", "\0".join(entry.strings)).encode()


def _laid_out(texts: list[bytes], start: int) -> tuple[bytes, bytes]:
    """Give the table of lengths and places, and the texts themselves, each ended by a zero."""
    table, data = b"", b""
    for text in texts:
        table += struct.pack("<2I", len(text), start + len(data))
        data += text + b"\0"
    return table, data
