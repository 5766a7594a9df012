"""Where a customer is, from two cells of an import: decimal degrees of WGS 84.

A place that can't be right refuses nobody: the customer is stored without it, and what is known
from broadcaster.domain.saying import said
from before stays. Missing in an area is bad; unknown to us is worse.
"""

import re
import unicodedata

from broadcaster.audience.areas.countries import swapped
from broadcaster.audience.areas.shape import UNIT
from broadcaster.audience.cells import CellError
from broadcaster.audience.digits import plain_number
from broadcaster.audience.draft import Draft
from broadcaster.domain.saying import said

LATITUDE, LONGITUDE = "latitude", "longitude"
_FARTHEST = {LATITUDE: 90, LONGITUDE: 180}

_MARKS = re.compile("[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_DEGREES = re.compile(r"([+-]?)(\d{1,3})(?:[.,](\d{1,17}))?°?", re.ASCII)


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
            alone = CellError(
                said("is missing, and %(other)s is there", other=other), said("Give both, or none.")
            )
            draft.doubt(column, alone)
            return None
    place = found[LONGITUDE], found[LATITUDE]
    doubt = _suspicious(place, region)
    if doubt is None:
        return place
    draft.doubt(LATITUDE, doubt)
    return None


def _read(raw: str, farthest: int) -> float:
    text = _MARKS.sub("", unicodedata.normalize("NFKC", raw))
    written = _DEGREES.fullmatch(plain_number(text.replace(" ", "")))
    if written is None:
        message = said("%(value)s is no number of degrees", value=repr(raw[:40]))
        raise CellError(message, said("Write decimal degrees, such as 33.5731 or -7,5898."))
    sign, whole, rest = written.groups()
    degrees = float(f"{sign}{whole}.{rest or 0}")
    if abs(degrees) > farthest:
        message = said(
            "%(value)s is beyond %(farthest)s degrees", value=repr(raw[:40]), farthest=farthest
        )
        remedy = said("Write degrees. Did the decimal point get lost, or are the columns swapped?")
        raise CellError(message, remedy)
    # Kept to the step that areas are compared at, about a centimetre.
    return round(degrees * UNIT) / UNIT


def _suspicious(place: tuple[float, float], region: str) -> CellError | None:
    if place == (0, 0):
        message = said("0, 0 lies in the sea off Africa and stands for an unknown place")
        return CellError(message, said("Leave both cells empty where the place is not known."))
    if swapped(region, *place):
        message = said(
            "the place is outside of %(region)s, and would be in it with the cells swapped",
            region=region,
        )
        return CellError(message, said("Swap the columns latitude and longitude."))
    return None
