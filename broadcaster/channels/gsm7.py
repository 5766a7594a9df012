"""The GSM 7 bit alphabet, and what may stand in for a character that it has not.

Source: 3GPP TS 23.038, sections 6.2.1 (default alphabet) and 6.2.1.1 (extension table). National
shift tables are left out: none covers Arabic or Tifinagh, and few networks offer them.
"""

import re
import unicodedata

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = "\f^{}\\[~]|€"

#: A character that the alphabet has not.
FOREIGN = re.compile(f"[^{re.escape(_BASIC + _EXTENSION)}]")
#: A character that costs two septets, because an escape precedes it.
EXTENDED = re.compile(f"[{re.escape(_EXTENSION)}]")

#: What a writer may use instead; suggestions, never applied to what was approved.
_INSTEAD = {
    "‘": "'",
    "’": "'",
    "‚": ",",
    "‛": "'",
    "“": '"',
    "”": '"',
    "„": '"',
    "«": '"',
    "»": '"',
    "‹": "'",
    "›": "'",
    "′": "'",
    "″": '"',
    "`": "'",
    "´": "'",
    "‐": "-",
    "‑": "-",
    "‒": "-",
    "–": "-",
    "—": "-",
    "−": "-",
    "•": "-",
    "·": "-",
    "…": "...",
    "×": "x",
    "÷": "/",
    "½": "1/2",
    "¼": "1/4",
    "¾": "3/4",
    "°": "o",
    "º": "o",
    "ª": "a",
    "œ": "oe",
    "Œ": "OE",
    "©": "(c)",
    "®": "(R)",
    "™": "TM",
    "№": "No",
    "،": ",",
    "؛": ";",
    "؟": "?",
    "\t": " ",
    "\u2028": "\n",
    "\u2029": "\n",
    "ς": "s",
}


def instead(text: str) -> str | None:
    """Suggest what the alphabet has in place of a foreign character, or of one with its marks.

    Empty means that it can be left out without a trace (format characters); None that there is
    nothing like it, as for a letter of another script. An accent is dropped in a suggestion only.
    """
    composed = unicodedata.normalize("NFC", text)
    if not FOREIGN.search(composed):
        return composed
    if composed in _INSTEAD:
        return _INSTEAD[composed]
    if all(unicodedata.category(character) == "Cf" for character in text):
        return ""
    if unicodedata.category(text[0]) == "Zs":
        return " "
    decomposed = unicodedata.normalize("NFKD", text)
    plain = "".join(mark for mark in decomposed if not unicodedata.combining(mark))
    return plain if plain and not FOREIGN.search(plain) else None
