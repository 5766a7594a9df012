"""Where something is, from cells of an import: decimal degrees of WGS 84.

A customer's own place stands in two columns; one that is an attribute in one column, or in two. A
place that can't be right refuses nobody: the customer is stored without it, and what is known from
before stays. Missing in an area is bad; unknown to us is worse.
"""

import re
import unicodedata

from broadcaster.audience.areas.countries import swapped
from broadcaster.audience.areas.shape import UNIT
from broadcaster.audience.cells import CellError
from broadcaster.audience.columns import halves
from broadcaster.audience.digits import plain_number
from broadcaster.audience.draft import Draft
from broadcaster.audience.places import FARTHEST, LATITUDE, LONGITUDE
from broadcaster.domain.saying import said

_MARKS = re.compile("[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_DEGREES = re.compile(r"([+-]?)(\d{1,3})(?:[.,](\d{1,17}))?°?", re.ASCII)
#: What parts two numbers of one cell, and what does so for certain: a comma may begin decimals.
_PARTED = re.compile(r"\s*[,;|/\u060c]\s*|\s+")
_CERTAINLY = re.compile(r"\s*[;|/\u060c]\s*|\s*,\s+|\s+")
#: A sign that stands apart from its number, where nothing else is meant by it.
_APART = re.compile(r"((?:^|[,;|/\u060c])\s*[+-])\s+")
_EXAMPLE = "33.5731, -7.5898"

Degrees = tuple[float, float]


def read_location(draft: Draft, region: str) -> Degrees | None:
    """Read both cells of the customer's own place; longitude and latitude.

    None with a finding for what is wrong.
    """
    return _of_halves(draft, LATITUDE, LONGITUDE, region)


def read_place(draft: Draft, name: str, region: str) -> Degrees | None:
    """Read a place that is an attribute, of one cell or of two; as `read_location`."""
    raw = draft.values.get(name, "").strip()
    if not raw and name not in draft.marks:
        return _of_halves(draft, *halves(name), region)
    try:
        draft.check(name, raw)
        latitude, longitude = _pair(raw)
        place = _degrees(longitude, LONGITUDE), _degrees(latitude, LATITUDE)
        around = said(
            "the place is outside of %(region)s, and would be in it with the numbers swapped",
            region=region,
        )
        remedy = said("Write the latitude first, such as %(example)s.", example=_EXAMPLE)
        _check(place, region, CellError(around, remedy))
    except CellError as error:
        draft.doubt(name, error)
        return None
    return place


def _of_halves(draft: Draft, latitude: str, longitude: str, region: str) -> Degrees | None:
    found: dict[str, float] = {}
    for column, half in ((latitude, LATITUDE), (longitude, LONGITUDE)):
        raw = draft.values.get(column, "").strip()
        if not raw and column not in draft.marks:
            continue
        try:
            draft.check(column, raw)
            found[column] = _degrees(raw, half)
        except CellError as error:
            draft.doubt(column, error)
            return None
    if not found:
        return None
    for column, other in ((latitude, longitude), (longitude, latitude)):
        if column not in found:
            alone = CellError(
                said("is missing, and %(other)s is there", other=other), said("Give both, or none.")
            )
            draft.doubt(column, alone)
            return None
    place = found[longitude], found[latitude]
    try:
        around = said(
            "the place is outside of %(region)s, and would be in it with the cells swapped",
            region=region,
        )
        remedy = said("Swap the columns %(one)s and %(other)s.", one=latitude, other=longitude)
        _check(place, region, CellError(around, remedy))
    except CellError as error:
        draft.doubt(latitude, error)
        return None
    return place


def _pair(raw: str) -> tuple[str, str]:
    """Part a cell in two numbers; CellError where it is not certain which they are."""
    text = plain_number(_MARKS.sub("", unicodedata.normalize("NFKC", raw)))
    text = _APART.sub(r"\1", text.replace(" °", "°")).strip()
    found = [
        (first, second)
        for sign in _PARTED.finditer(text)
        if _DEGREES.fullmatch(first := text[: sign.start()])
        and _DEGREES.fullmatch(second := text[sign.end() :])
        # One number with decimals is more likely than two without.
        and not (sign[0] == "," and first.isdigit() and second.isdigit())
    ]
    if len(found) == 1:
        return found[0]
    parts = _CERTAINLY.split(text)
    if len(parts) == 2 and not found:  # noqa: PLR2004  (of which one is no number)
        return parts[0], parts[1]
    message = said("%(value)s is no latitude and longitude", value=repr(raw[:40]))
    remedy = said("Write both in decimal degrees, such as %(example)s.", example=_EXAMPLE)
    raise CellError(message, remedy)


def _degrees(raw: str, half: str) -> float:
    text = _MARKS.sub("", unicodedata.normalize("NFKC", raw))
    written = _DEGREES.fullmatch(plain_number(text.replace(" ", "")))
    if written is None:
        message = said("%(value)s is no number of degrees", value=repr(raw[:40]))
        raise CellError(message, said("Write decimal degrees, such as 33.5731 or -7,5898."))
    sign, whole, rest = written.groups()
    degrees = float(f"{sign}{whole}.{rest or 0}")
    if abs(degrees) > FARTHEST[half]:
        message = said(
            "%(value)s is beyond %(farthest)s degrees",
            value=repr(raw[:40]),
            farthest=FARTHEST[half],
        )
        remedy = said("Write degrees. Did the decimal point get lost, or are the columns swapped?")
        raise CellError(message, remedy)
    # Kept to the step that areas are compared at, about a centimetre.
    return round(degrees * UNIT) / UNIT


def _check(place: Degrees, region: str, wrong: CellError) -> None:
    """Refuse a place that can't be meant; `wrong` is for one that was swapped."""
    if place == (0, 0):
        message = said("0, 0 lies in the sea off Africa and stands for an unknown place")
        raise CellError(message, said("Leave both cells empty where the place is not known."))
    if swapped(region, *place):
        raise wrong
