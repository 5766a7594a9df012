"""Splitting a text into user-perceived characters, as Twilio does before it counts segments.

The rules are those of Unicode 10.0.0 (UAX #29), including three ways in which the library that
Twilio counts with (grapheme-splitter 1.0.4) is narrower than the standard; each is named below.
Being equal to what is billed matters more here than being newer.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import cache

from broadcaster.channels import grapheme_breaks

_HANGUL_FIRST, _HANGUL_LAST, _HANGUL_TRAILS = 0xAC00, 0xD7A3, 28
_REGIONAL_FIRST, _REGIONAL_LAST = 0x1F1E6, 0x1F1FF
_TONE_FIRST, _TONE_LAST = 0x1F3FB, 0x1F3FF
_FAMILY_FIRST, _FAMILY_LAST = 0x1F466, 0x1F469
_JOINER = 0x200D


class _Class(Enum):
    """The grapheme cluster break property of a character."""

    OTHER = auto()
    CR = auto()
    LF = auto()
    CONTROL = auto()
    PREPEND = auto()
    EXTEND = auto()
    SPACING = auto()
    L = auto()
    V = auto()
    T = auto()
    LV = auto()
    LVT = auto()
    REGIONAL = auto()
    E_BASE = auto()
    E_MODIFIER = auto()
    JOINER = auto()
    GLUE = auto()
    FAMILY = auto()


_ENDS = frozenset({_Class.CR, _Class.LF, _Class.CONTROL})
_TAKES_TONE = frozenset({_Class.E_BASE, _Class.FAMILY})
_HANGUL = {
    _Class.L: frozenset({_Class.L, _Class.V, _Class.LV, _Class.LVT}),
    _Class.LV: frozenset({_Class.V, _Class.T}),
    _Class.V: frozenset({_Class.V, _Class.T}),
    _Class.LVT: frozenset({_Class.T}),
    _Class.T: frozenset({_Class.T}),
}


def clusters(text: str) -> Iterator[str]:
    """Split into clusters; joined together they are the text. CR LF counts as two characters."""
    if not text:
        return
    start = 0
    cluster = _Cluster(_class(text[0]))
    for position in range(1, len(text)):
        following = _class(text[position])
        if cluster.takes(following):
            cluster.add(following)
        else:
            yield text[start:position]
            start, cluster = position, _Cluster(following)
    yield text[start:]


@dataclass(slots=True)
class _Cluster:
    """What the rules need to know of the characters read since the last boundary."""

    last: _Class
    before: _Class | None = None
    length: int = field(default=1)
    extended: bool = field(init=False)
    #: A regional indicator stands second: a flag is complete, or follows a prefix.
    flag: bool = False

    def __post_init__(self) -> None:
        self.extended = self.last is _Class.EXTEND

    def add(self, following: _Class) -> None:
        self.flag = self.flag or (self.length == 1 and following is _Class.REGIONAL)
        self.extended = self.extended or following is _Class.EXTEND
        self.before, self.last, self.length = self.last, following, self.length + 1

    def takes(self, following: _Class) -> bool:
        last = self.last
        # Narrower than the standard: a flag takes one extending mark, not several.
        if self.flag and last not in (_Class.REGIONAL, _Class.PREPEND):
            return False
        if last in _ENDS or following in _ENDS:
            return False
        return (
            following in (_Class.EXTEND, _Class.JOINER, _Class.SPACING)
            or last is _Class.PREPEND
            or following in _HANGUL.get(last, ())
            or self._takes_emoji(following)
        )

    def _takes_emoji(self, following: _Class) -> bool:
        if following is _Class.E_MODIFIER:
            # Narrower than the standard: a skin tone joins its base directly or over one mark,
            # and not once another mark came earlier in the cluster.
            if self.last is _Class.EXTEND:
                return self.before in _TAKES_TONE
            return self.last in _TAKES_TONE and not self.extended
        if following is _Class.REGIONAL:
            # Narrower than the standard: two make a flag only at the start of a cluster.
            return self.last is _Class.REGIONAL and self.length == 1
        return self.last is _Class.JOINER and following in (_Class.GLUE, _Class.FAMILY)


def _class(character: str) -> _Class:
    code = ord(character)
    if _HANGUL_FIRST <= code <= _HANGUL_LAST:
        return _Class.LVT if (code - _HANGUL_FIRST) % _HANGUL_TRAILS else _Class.LV
    return _table().get(code, _Class.OTHER)


@cache
def _table() -> dict[int, _Class]:
    """Unfold the ranges; about nine thousand entries, made once when first needed."""
    table = {ord("\r"): _Class.CR, ord("\n"): _Class.LF, _JOINER: _Class.JOINER}
    ranges = {
        _Class.CONTROL: grapheme_breaks.CONTROL,
        _Class.PREPEND: grapheme_breaks.PREPEND,
        _Class.EXTEND: grapheme_breaks.EXTEND,
        _Class.SPACING: grapheme_breaks.SPACING,
        _Class.L: grapheme_breaks.L,
        _Class.V: grapheme_breaks.V,
        _Class.T: grapheme_breaks.T,
        _Class.E_BASE: grapheme_breaks.E_BASE,
        _Class.GLUE: grapheme_breaks.GLUE,
    }
    for kind, listed in ranges.items():
        for word in listed.split():
            first, _, last = word.partition("-")
            table.update(dict.fromkeys(range(int(first, 16), int(last or first, 16) + 1), kind))
    table.update(dict.fromkeys(range(_REGIONAL_FIRST, _REGIONAL_LAST + 1), _Class.REGIONAL))
    table.update(dict.fromkeys(range(_TONE_FIRST, _TONE_LAST + 1), _Class.E_MODIFIER))
    table.update(dict.fromkeys(range(_FAMILY_FIRST, _FAMILY_LAST + 1), _Class.FAMILY))
    return table
