"""Where a customer is, from two cells of an import: decimal degrees of WGS 84.

A place that can't be right refuses nobody: the customer is stored without it, and what is known
from before stays. Missing in an area is bad; unknown to us is worse.
"""

import re
import unicodedata

from broadcaster.audience.areas.countries import swapped
from broadcaster.audience.areas.shape import UNIT
from broadcaster.audience.cells import CellError
from broadcaster.audience.draft import Draft

LATITUDE, LONGITUDE = "latitude", "longitude"
_FARTHEST = {LATITUDE: 90, LONGITUDE: 180}

_MARKS = re.compile("[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_DEGREES = re.compile(r"([+-]?)(\d{1,3})(?:[.,](\d{1,17}))?°?", re.ASCII)
#: What stands for a minus and for a decimal point in other scripts.
_SIGNS = str.maketrans({"\u2212": "-", "\u2010": "-", "\u2013": "-", "\u066b": "."})


def read_location(draft: Draft, region: str) -> tuple[float, float] | None:
    """Read both cells; longitude and latitude, or None with a finding for what is wrong."""
    found: dict[str, float] = {}
    for column in (LATITUDE, LONGITUDE):
        raw = draft.values.get(column, "").strip()
        if not raw and column not in draft.marks:
            continue
        try:
            draft.check(column, raw)
            found[column] = _read(raw, _FARTHEST[column])
        except CellError as error:
            draft.doubt(column, error)
            return None
    if not found:
        return None
    for column, other in ((LATITUDE, LONGITUDE), (LONGITUDE, LATITUDE)):
        if column not in found:
            alone = CellError(f"is missing, and {other} is there", "Give both, or none.")
            draft.doubt(column, alone)
            return None
    place = found[LONGITUDE], found[LATITUDE]
    doubt = _suspicious(place, region)
    if doubt is None:
        return place
    draft.doubt(LATITUDE, doubt)
    return None


def _read(raw: str, farthest: int) -> float:
    text = _MARKS.sub("", unicodedata.normalize("NFKC", raw).translate(_SIGNS))
    written = _DEGREES.fullmatch(_plain_digits(text.replace(" ", "")))
    if written is None:
        message = f"{raw[:40]!r} is no number of degrees"
        raise CellError(message, "Write decimal degrees, such as 33.5731 or -7,5898.")
    sign, whole, rest = written.groups()
    degrees = float(f"{sign}{whole}.{rest or 0}")
    if abs(degrees) > farthest:
        message = f"{raw[:40]!r} is beyond {farthest} degrees"
        remedy = "Write degrees. Did the decimal point get lost, or are the columns swapped?"
        raise CellError(message, remedy)
    # Kept to the step that areas are compared at, about a centimetre.
    return round(degrees * UNIT) / UNIT


def _plain_digits(text: str) -> str:
    """Write Arabic-Indic, Persian and other digits as 0 to 9."""
    return "".join(str(unicodedata.decimal(sign)) if sign.isdecimal() else sign for sign in text)


def _suspicious(place: tuple[float, float], region: str) -> CellError | None:
    if place == (0, 0):
        message = "0, 0 lies in the sea off Africa and stands for an unknown place"
        return CellError(message, "Leave both cells empty where the place is not known.")
    if swapped(region, *place):
        message = f"the place is outside of {region}, and would be in it with the cells swapped"
        return CellError(message, "Swap the columns latitude and longitude.")
    return None
