"""Characters that show nothing and may change how the rest is read: spoofed addresses, stray marks.

Text that was copied from a page or a document often carries some.
"""

import unicodedata

from broadcaster.render import bidi

#: Joiners and marks that scripts need; every other format character is suspect.
_HARMLESS = frozenset("\u200c\u200d" + bidi.LRM + bidi.RLM + "\u2066\u2067" + bidi.FSI + bidi.PDI)
_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def hidden(text: str, allowed: str = "") -> tuple[int, str] | None:
    """Find the first hidden character: its position, counted from 1, and its code, `U+200B`."""
    for position, character in enumerate(text, 1):
        harmless = character in _HARMLESS or character in allowed
        if unicodedata.category(character) in _CATEGORIES and not harmless:
            return position, f"U+{ord(character):04X}"
    return None
