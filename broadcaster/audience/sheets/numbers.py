"""Numbers in the cells of workbooks: as people see them, and what their formats say they are."""

import re
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from broadcaster.audience.sheets.sheet import Mark

#: Spreadsheets keep 15 significant digits.
_DIGITS = 15
_BEYOND = 10.0**_DIGITS
_DAY = 86_400
#: The days that dates are counted from: 1 is 1 January 1900, where 1900 is taken for a leap year,
#: so that all after the 29 February that never was are counted from a day earlier.
_1900, _1900_EARLY = date(1899, 12, 30), date(1899, 12, 31)
_1904 = date(1904, 1, 1)
_NEVER = 60
_LAST = 2_958_465


class Shown(Enum):
    """What a format makes of a number."""

    PLAIN = "plain"
    DATE = "date"
    TIME = "time"
    DURATION = "duration"
    PERCENT = "percent"
    #: With so many digits at least, zeros in front.
    PADDED = "padded"


class Format(NamedTuple):
    """A format, and the number of digits of a padded one."""

    shown: Shown
    width: int = 0


PLAIN = Format(Shown.PLAIN)

_BUILT_IN = {
    **dict.fromkeys((9, 10), Format(Shown.PERCENT)),
    **dict.fromkeys((*range(14, 18), 22, *range(27, 37), *range(50, 59)), Format(Shown.DATE)),
    **dict.fromkeys((18, 19, 20, 21, 45, 47), Format(Shown.TIME)),
    46: Format(Shown.DURATION),
}
_QUOTED = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_ELAPSED = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_PADDED = re.compile(r"0{2,40}")


@lru_cache(maxsize=4096)
def format_of(number: int, code: str = "") -> Format:  # noqa: PLR0911  (one for each sort)
    """Tell what a format is, by its number (ECMA-376, 18.8.30) or its code."""
    if not code:
        return _BUILT_IN.get(number, PLAIN)
    bare = _QUOTED.sub("", code.split(";", maxsplit=1)[0])
    lower = bare.lower()
    if _ELAPSED.search(bare):
        return Format(Shown.DURATION)
    if "general" in lower:
        return PLAIN
    if any(sign in lower for sign in "yd") or ("m" in lower and not re.search("[hs]", lower)):
        return Format(Shown.DATE)
    if re.search("[hs]", lower):
        return Format(Shown.TIME)
    if "%" in bare:
        return Format(Shown.PERCENT)
    return Format(Shown.PADDED, len(bare)) if _PADDED.fullmatch(bare) else PLAIN


def written(raw: str, how: Format, *, from_1904: bool = False) -> tuple[str, int]:
    """Write a number as text, with what is to be known about it.

    Whole numbers have no point and no exponent; others have at most 15 digits, as they are shown.
    Dates are ISO 8601. ValueError when it is no number.
    """
    if how.shown is Shown.PLAIN and len(raw) <= _DIGITS and raw.isascii() and raw.isdigit():
        return raw, 0
    value = float(raw)
    if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124  (not a number)
        raise ValueError(raw)
    if how.shown in (Shown.DATE, Shown.TIME):
        return _moment(value, from_1904=from_1904)
    if how.shown is Shown.DURATION:
        return _clock(round(value * _DAY)), Mark.DATE
    if abs(value) >= _BEYOND:
        return format(int(Decimal(raw)), "d") if abs(value) < _BEYOND**2 else raw, Mark.ROUNDED
    text = plain(value)
    if how.shown is Shown.PADDED and text.isdigit():
        return text.zfill(how.width), 0
    return text, Mark.PERCENT if how.shown is Shown.PERCENT else 0


def plain(value: float) -> str:
    """Write a number without an exponent, in at most 15 digits."""
    if value == int(value):
        return str(int(value))
    return format(Decimal(format(value, f".{_DIGITS}g")), "f")


def _moment(value: float, *, from_1904: bool) -> tuple[str, int]:
    seconds = round(value * _DAY)
    days, rest = divmod(seconds, _DAY)
    if not from_1904 and 0 <= days < 1:
        return _clock(rest), Mark.DATE
    if not 0 <= days <= _LAST or (days == _NEVER and not from_1904):
        return plain(value), Mark.NO_DATE
    start = _1904 if from_1904 else _1900_EARLY if days < _NEVER else _1900
    try:
        day = start + timedelta(days=days)
    except OverflowError:
        return plain(value), Mark.NO_DATE
    return day.isoformat() + (f"T{_clock(rest)}" if rest else ""), Mark.DATE


def _clock(seconds: int) -> str:
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    return f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
