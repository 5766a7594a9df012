"""Left-to-right values in right-to-left text, and the reverse; pure.

The rules are those of the Unicode bidirectional algorithm (UAX #9). What goes wrong without
care: in an Arabic paragraph `05 22 31 20 20` is shown as `20 20 31 22 05`.
"""

import re
import unicodedata

from broadcaster.domain.saying import said

LRM, RLM, ALM = "\u200e", "\u200f", "\u061c"
LRI, FSI, PDI = "\u2066", "\u2068", "\u2069"

#: U+202A to U+202E: embeddings and overrides, which nothing legitimate needs since isolates exist.
EMBEDDINGS = "".join(chr(code) for code in range(0x202A, 0x202F))
_OPENERS = "\u2066\u2067\u2068"
#: Everything that only steers direction and shows nothing.
CONTROLS = frozenset(LRM + RLM + ALM + EMBEDDINGS + _OPENERS + PDI)
_NOTHING = dict.fromkeys(map(ord, CONTROLS))

_STRONG_RTL = frozenset({"R", "AL"})
_ISOLATED = re.compile(f"[{_OPENERS}][^{_OPENERS}{PDI}\n]*{PDI}|{LRM}[^{LRM}\n]*{LRM}")

#: Digits, with points, commas, colons or slashes between them: one number to the algorithm.
_FIGURES = re.compile(r"\d+(?:[.,:/]\d+)*", re.ASCII)

#: Shapes whose pieces swap places in a right-to-left paragraph, and what each does there.
_SHAPES = (
    (
        re.compile(r"(?<![\w])\+\d[\d ]*"),
        said("the plus sign jumps behind the number; write the national number"),
    ),
    (
        re.compile(r"\d+(?:[ \u00a0\u202f]\d+)+"),
        said("groups of digits are shown in reverse order; write them without spaces"),
    ),
    (
        re.compile(r"\d[\d:.]*\s?[-\u2010-\u2015]\s?\d[\d:.]*"),
        said("what stands before and after the dash swaps; write 'from … to …' in words"),
    ),
    (
        re.compile(r"\b[a-zA-Z][\w:.@/-]*/(?=[\s)\]،؛.,!?]|$)"),
        said("the trailing slash jumps to the front; write the address without it"),
    ),
    (re.compile(r"\d\s?[%\u066a]"), said("the percent sign jumps; write the word instead")),
    (re.compile(r"(?<![\w.:/-])-\d+"), said("the minus sign jumps behind the number")),
)


def isolate_ltr(text: str) -> str:
    """Wrap a value that reads from left to right whatever surrounds it: phones, times, codes."""
    return f"{LRI}{text}{PDI}"


def isolate(text: str) -> str:
    """Wrap free text of unknown script, such as a name; its first strong letter decides."""
    return f"{FSI}{text}{PDI}"


def mark_ltr(text: str) -> str:
    """Put a left-to-right mark on both sides, where isolates would be drawn as boxes: in an SMS."""
    return f"{LRM}{text}{LRM}"


def steady(text: str) -> bool:
    """Tell whether a left-to-right value keeps its order in right-to-left text all by itself.

    It does when it is one number, or begins with a left-to-right letter and ends with one or with
    a digit, with no right-to-left letter in between and no bracket that lacks its partner.
    """
    if _FIGURES.fullmatch(text):
        return True
    kinds = [unicodedata.bidirectional(character) for character in text]
    whole = not (_STRONG_RTL | {"AN", "B"}).intersection(kinds) and not CONTROLS.intersection(text)
    whole = whole and bracket_fault(text) is None
    return bool(kinds) and whole and kinds[0] == "L" and kinds[-1] in {"L", "EN"}


def strip(text: str) -> str:
    """Take out everything that only steers direction."""
    return text.translate(_NOTHING)


def balanced(text: str) -> bool:
    """Tell whether every isolate is closed on its own line and none closes that was not open."""
    for line in text.split("\n"):
        depth = 0
        for character in line:
            depth += (character in _OPENERS) - (character == PDI)
            if depth < 0:
                return False
        if depth:
            return False
    return True


def has_rtl(text: str) -> bool:
    """Tell whether the text has a letter of a right-to-left script."""
    return any(unicodedata.bidirectional(character) in _STRONG_RTL for character in text)


def first_strong(text: str) -> str | None:
    """Give the direction of the first strong letter, `ltr` or `rtl`: many phones go by it."""
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind == "L":
            return "ltr"
        if kind in _STRONG_RTL:
            return "rtl"
    return None


def is_foreign(text: str, direction: str) -> bool:
    """Tell whether the text has strong letters against the direction that surrounds it."""
    against = frozenset({"L"}) if direction == "rtl" else _STRONG_RTL
    return any(unicodedata.bidirectional(character) in against for character in text)


def dangers(text: str) -> list[tuple[str, str]]:
    """Find shapes that are shown wrongly in a right-to-left paragraph: the piece, and why.

    What stands isolated, or between two left-to-right marks, is safe.
    """
    bare = _ISOLATED.sub("\ufffc", text)
    return [
        (match.group().strip(), reason)
        for shape, reason in _SHAPES
        for match in shape.finditer(bare)
    ]


def bracket_fault(text: str) -> str | None:
    """Find a bracket that closes before it opens, or is left open.

    Text copied out of a picture of an Arabic page comes with its brackets stored the wrong way
    round; it looks right in some programs and wrong in others.
    """
    pairs = {")": "(", "]": "[", "}": "{", "»": "«"}
    open_: list[str] = []
    for character in text:
        if character in pairs.values():
            open_.append(character)
        elif character in pairs and (not open_ or open_.pop() != pairs[character]):
            return character
    return open_[-1] if open_ else None
