"""Quoted-printable (RFC 2045, section 6.7) that stays as it is under the relaxed form of DKIM.

No blank stands at the end of a line or beside another, and there is no tab. So nothing changes when
white space is reduced (RFC 6376, section 3.4.4), by a signer or by a relay. And no line begins with
a dot, so that SMTP has none to double (RFC 5321, section 4.5.2).
"""

import re

#: What may follow or stand before anything: a line end that is none (a "soft line break").
SOFT = b"=\r\n"

_EOL = "\r\n"

#: The most octets of a line, so that a `=` still fits behind them.
_MOST = 75

_CODED = {
    code: f"={code:02X}"
    for code in range(256)
    if not (ord(" ") <= code <= ord("~") or code in _EOL.encode()) or code == ord("=")
}

_BLANK = re.compile(r"(?<= ) | (?=\r\n)")

#: A dot that begins a line, or would begin one if the line were broken before it. After these are
#: coded no dot follows another, and a line can be broken near any place.
_DOT = re.compile(r"(?:\A|(?<=[\n.]))\.")

#: As much as fits, without an end inside of `=XX` or before a dot.
_FITTING = re.compile(r".{1,75}(?<!=)(?<!=.)(?!\.)")


def quoted(text: str) -> bytes:
    """Encode a text whose line ends are CRLF. A soft break must follow when it ends in a blank."""
    coded = _BLANK.sub("=20", text.encode().decode("latin-1").translate(_CODED))
    coded = _DOT.sub("=2E", coded)
    return _EOL.join(_wrapped(line) for line in coded.split(_EOL)).encode("ascii")


def value(text: str) -> bytes:
    """Encode what has no line end, to stand between soft breaks."""
    if (
        text.isascii()
        and text.isprintable()
        and not ("=" in text or "  " in text or ".." in text or text[:1] == ".")
    ):
        # Most are so.
        return _wrapped(text).encode("ascii")
    return quoted(text)


def _wrapped(line: str) -> str:
    return line if len(line) <= _MOST else "=\r\n".join(_FITTING.findall(line))
