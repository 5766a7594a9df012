"""In which encoding a text was written, and how sure that is.

Marks are certain, and so is text that is valid UTF-8 from end to end: other encodings practically
never are by chance. UTF-16 without its mark shows by its zeros. What is left is told apart by its
words: in Windows-1256 Arabic letters stand beside each other, and in Windows-1252 accented ones
stand alone among plain ones. French words in Windows-1256 have the same octets as in Windows-1252,
so that only Arabic words decide. What does not decide is refused: a wrong guess garbles names.
"""

import codecs
import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO, NamedTuple

from broadcaster.domain.saying import Figure, said

#: What may be named as an encoding.
ENCODINGS = ("auto", "utf-8", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "cp1256")
NAMES = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "cp1252": "Windows-1252",
    "cp1256": "Windows-1256 (Arabic)",
}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BLOCK = 2**18
#: How many words that tell are looked at.
_ENOUGH = 10_000
#: From how many words on the look of them is sure, and which part of them must agree.
_FEW = 20
_MOST_AGREE = 0.95
#: UTF-8 in which up to so large a part of the signs is broken is UTF-8, and damaged.
_DAMAGED = 0.05

#: The least part of a text that is no control, and of wide text that is of our scripts.
_LEAST_TEXT = 0.9
_WIDE, _NOT_WIDE = 0.95, 0.6
_LOOKED_AT = 20_000

_WORD = re.compile(rb"[A-Za-z\x80-\xff]*[\x80-\xff][A-Za-z\x80-\xff]*")
#: Letters of Arabic and Persian in Windows-1256, with the signs of vowels; two at least.
_ARABIC = re.compile(
    rb"[\x81\x8a\x8d\x8e\x8f\x90\x98\x9f\xaa\xc0-\xd6\xd8-\xdf\xe1\xe3-\xe6\xec\xed\xf0-\xf3\xf5\xf6"
    rb"\xf8\xfa\xff]{2,}"
)
_PLAIN = re.compile(rb"[A-Za-z]")
#: Octets that mean the same in both.
_SAME = bytes(
    octet
    for octet in range(0x80, 0x100)
    if bytes([octet]).decode("cp1252", "replace") == bytes([octet]).decode("cp1256")
)
_ALIKE = bytes(range(0x80)) + _SAME
#: Signs of the scripts that customers' files have: Latin to Arabic, punctuation, Tifinagh.
_COMMON = re.compile("[\\t\\r\\n\u0020-\u06ff\u2000-\u206f\u2d30-\u2d7f]")
#: What text hardly ever has: controls other than tabs, line breaks and the old end of files.
_CONTROLS = bytes({*range(32)} - {0, 9, 10, 12, 13, 26})


class Guess(NamedTuple):
    """A codec of Python's, or None with what speaks against all; and how sure it is."""

    codec: str | None
    sure: str
    problem: str = ""


def detect(file: BinaryIO) -> Guess:
    """Find the encoding of a whole text; it is read through once, and left at its beginning."""
    file.seek(0)
    sample = file.read(_BLOCK)
    file.seek(0)
    for mark, codec in _MARKS:
        if sample.startswith(mark):
            return Guess(codec, said("certain: it has the mark"))
    if b"\0" in sample:
        wide = _wide(sample)
        if wide:
            return Guess(wide, said("very likely: by its zeros, without the mark"))
    if len(sample.translate(None, _CONTROLS)) < _LEAST_TEXT * len(sample):
        return Guess(None, "", said("is no text"))
    return _by_octets(file)


def _wide(sample: bytes) -> str | None:
    """Tell UTF-16 without its mark: one byte order makes text of it, and the other does not."""
    even = sample[: len(sample) // 2 * 2]
    scores = {}
    for codec in ("utf-16-le", "utf-16-be"):
        text = even.decode(codec, "replace")
        seen = text[:_LOOKED_AT]
        scores[codec] = len(_COMMON.findall(seen)) / max(1, len(seen))
    best = max(scores, key=lambda codec: scores[codec])
    return best if scores[best] > _WIDE and min(scores.values()) < _NOT_WIDE else None


def _by_octets(file: BinaryIO) -> Guess:
    if all(block.isascii() for block in _blocks(file)):
        return Guess("utf-8", said("certain: all of it is ASCII"))
    if _is_utf8(file):
        return Guess("utf-8", said("certain: all of it is valid"))
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    broken = others = 0
    words: list[bytes] = []
    for block in _blocks(file):
        text = decoder.decode(block)
        broken += text.count("\ufffd")
        others += len(text) - len(text.encode("ascii", "ignore"))
        # Words whose octets mean the same in both tell nothing.
        if len(words) < _ENOUGH and block.translate(None, _ALIKE):
            words += [one for one in _WORD.findall(block) if one.translate(None, _ALIKE)]
    if broken <= _DAMAGED * others:
        # Most signs outside ASCII are whole ones of UTF-8; that is no accident.
        return Guess("utf-8", said("very likely: but for a few broken signs"))
    return _legacy(words)


def _is_utf8(file: BinaryIO) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for block in _blocks(file):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _legacy(words: Sequence[bytes]) -> Guess:
    if not words:
        return Guess("cp1252", said("certain: Windows-1252 and Windows-1256 read it alike"))
    arabic = sum(1 for word in words if _ARABIC.fullmatch(word))
    latin = sum(1 for word in words if _PLAIN.search(word))
    if arabic and arabic >= _MOST_AGREE * (arabic + latin):
        # French names among Arabic ones say nothing against it: their octets are the same.
        return Guess("cp1256", _sure(arabic))
    if latin and latin >= _MOST_AGREE * (arabic + latin):
        return Guess("cp1252", _sure(latin))
    return Guess(
        None, "", said("may be Windows-1252 or Windows-1256 (Arabic): its words do not tell")
    )


def _sure(words: int) -> str:
    count = Figure(words)
    if words >= _FEW:
        return said("very likely: by the look of %(words)s words", words=count)
    return said("likely: by the look of %(words)s words", words=count)


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    while block := file.read(_BLOCK):
        yield block
    file.seek(0)
