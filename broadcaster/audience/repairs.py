"""What spreadsheets do to numbers, undone where nothing was lost; the rest is left to be refused.

A repair never guesses: `6.61234567E8` has all digits of 661234567, and `6.61E+08` has not.
"""

import re
from typing import NamedTuple

from broadcaster.audience.digits import plain_digits
from broadcaster.domain.saying import said

_SCIENTIFIC = re.compile(r"(\d)(?:[.,](\d+))?E\+?(\d{1,2})", re.ASCII | re.IGNORECASE)
#: One zero alone: `12.000` is twelve, or twelve thousand.
_POINT_ZERO = re.compile(r"(\+?\d+)[.,]0", re.ASCII)
_DECIMALS = re.compile(r"\+?\d+[.,]0+", re.ASCII)
_ZEROS = "0\u0660\u06f0"
_NARROW = "\u202f"
#: Direction marks, zero width space, byte order mark: left over by programs, meaningless in a name.
LEFT_OVER = re.compile("[\u061c\u180e\u200b\u200e\u200f\u2060\ufeff\u00ad]")
#: Joiners are letters' neighbours in some scripts, and left over anywhere else.
_LOOSE_JOINER = re.compile(r"(?:^|(?<=[\s\d]))[\u200c\u200d]+|[\u200c\u200d]+(?=[\s\d]|$)")
#: The same and the marks that embed: around and within an address none of them means anything.
#: Those that turn digits around are not among them.
_HIDDEN = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202c\u2060\u2066-\u2069\ufeff]")
_MAILTO = re.compile("mailto:", re.IGNORECASE)
_EXTENSION = re.compile(r"[^\d\s]\s*\d{1,20}#?\s*$")


class Repaired(NamedTuple):
    """A value as it is read now, and what was wrong with it."""

    value: str
    problem: str

    def __repr__(self) -> str:
        """Hide the value."""
        return f"Repaired({self.problem!r})"


def number(cell: str) -> Repaired | None:
    """Mend a customer number; None when there is nothing to mend."""
    text = cell.strip()
    plain = plain_digits(text)
    mended = _whole(plain)
    if plain == text:
        return mended
    problem = said("has digits of another script, which were read as 0 to 9")
    return (
        Repaired(
            mended.value,
            said("%(problem)s, and %(problem2)s", problem=problem, problem2=mended.problem),
        )
        if mended
        else Repaired(plain, problem)
    )


def bare(text: str) -> str:
    """Leave out what programs left over, and joiners that join no letters."""
    if "\u200c" in text or "\u200d" in text:
        text = _LOOSE_JOINER.sub("", text)
    return LEFT_OVER.sub("", text)


def phone(raw: str) -> Repaired | None:
    """Mend a telephone number; None when there is nothing to mend."""
    if _NARROW in raw:
        problem = said("has narrow no-break spaces (U+202F), which were read as plain ones")
        return Repaired(_HIDDEN.sub("", raw.replace(_NARROW, " ")), problem)
    return _unhidden(raw) or _whole(plain_digits(raw))


def mailbox(raw: str) -> Repaired | None:
    """Mend a mailbox; None when there is nothing to mend."""
    plain = raw.removeprefix("'")
    if plain != raw:
        return Repaired(plain, said("began with an apostrophe, as a spreadsheet marks a text"))
    if _MAILTO.match(raw):
        return Repaired(raw[len("mailto:") :], said("began with mailto:, as a link does"))
    return _unhidden(raw)


def _unhidden(raw: str) -> Repaired | None:
    found = _HIDDEN.search(raw)
    if not found:
        return None
    problem = said(
        "has invisible characters (U+%(sign)s), which were left out",
        sign=format(ord(found[0]), "04X"),
    )
    return Repaired(_HIDDEN.sub("", raw), problem)


def extension(raw: str, e164: str) -> str | None:
    """Say that a number had an extension, which no SMS reaches, when it had."""
    if not ("x" in raw or "X" in raw or "#" in raw or ";" in raw):
        return None
    digits = "".join(sign for sign in plain_digits(raw) if sign in "0123456789")
    ended = digits.endswith(e164[-6:]) or not _EXTENSION.search(raw)
    return (
        None if ended else said("had an extension, which was left out: an SMS goes to the number")
    )


def has_decimals(raw: str) -> bool:
    """Tell whether zeros after one point or comma end a number: they are none of its digits."""
    return raw[-1:] in _ZEROS and bool(_DECIMALS.fullmatch(plain_digits(raw)))


def whole(raw: str, e164: str, trunk: str) -> str | None:
    """Say that a number had lost its trunk prefix, when it had.

    `trunk` is what is dialled in front within the country, `0` in Morocco; empty where nothing is.
    """
    if not trunk or not raw.isdigit() or raw.startswith(trunk):
        return None
    bare = plain_digits(raw)
    if not e164.endswith(bare) or len(e164) - 1 == len(bare):
        return None
    return said("had lost its leading %(trunk)s, as a spreadsheet does to numbers", trunk=trunk)


def _whole(text: str) -> Repaired | None:
    found = _POINT_ZERO.fullmatch(text)
    if found:
        return Repaired(found[1], said("ended in .0, as a spreadsheet writes a number"))
    found = _SCIENTIFIC.fullmatch(text)
    if found:
        digits, exponent = found[1] + (found[2] or ""), int(found[3])
        if exponent and len(digits) == exponent + 1:
            problem = said(
                "was turned into scientific notation by a spreadsheet, with all its digits"
            )
            return Repaired(digits, problem)
    return None
