"""The columns of an import: what the header's words mean."""

import difflib
import unicodedata
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

from broadcaster.audience.attributes import Attribute, Catalogue, Kind
from broadcaster.audience.draft import shown
from broadcaster.audience.mapping import ColumnMapping, ColumnUse
from broadcaster.audience.places import LATITUDE, LONGITUDE
from broadcaster.audience.sheets.sheet import letters
from broadcaster.domain.message import Channel
from broadcaster.domain.saying import said
from broadcaster.errors import InvalidInputError

#: Every column that is not an attribute, and what it holds.
COLUMNS: Mapping[str, str] = {
    "number": "the utility's own customer number; required, unique",
    "name": "the name as the customer writes it; required",
    "name_latin": "the name in Latin letters",
    "locales": "preferred locales, in order: ar-MA fr-MA",
    "time_zone": "a name of the IANA database, Africa/Casablanca where empty",
    "household": "a key that all who live under one roof have, such as the number of their meter",
    "phone": "a mobile number as it would be dialled",
    "phone_2": "a second one",
    "email": "a mailbox",
    "email_2": "a second one",
    "push_endpoint": "a Web Push endpoint, with the two columns that follow",
    "push_p256dh": "its public key",
    "push_auth": "its authentication secret",
    "fcm_token": "a registration token of the app",
    "latitude": "where the customer is, decimal degrees of WGS 84, with the column that follows",
    "longitude": "the other half of the place",
    "opted_out": "channels that must not be used: sms email push, or email:promotional",
    "consented": "channels with recorded consent to promotion: email, or sms email",
}
#: The columns that hold addresses, and the channel of each.
CHANNELS: Mapping[str, Channel] = {
    "phone": Channel.SMS,
    "phone_2": Channel.SMS,
    "email": Channel.EMAIL,
    "email_2": Channel.EMAIL,
    "push_endpoint": Channel.PUSH,
    "push_p256dh": Channel.PUSH,
    "push_auth": Channel.PUSH,
    "fcm_token": Channel.PUSH,
}
#: What the columns are headed in the files of others.
_ALIASES: Mapping[str, str] = {
    "e_mail": "email",
    "mail": "email",
    "courriel": "email",
    "email_address": "email",
    "phone_number": "phone",
    "phonenumber": "phone",
    "telephone": "phone",
    "téléphone": "phone",
    "mobile": "phone",
    "gsm": "phone",
    "nom": "name",
    "numéro_de_client": "number",
    "customer_number": "number",
    "langue": "locales",
    "foyer": "household",
    "ménage": "household",
    "locale": "locales",
    "lat": "latitude",
    "lon": "longitude",
    "lng": "longitude",
    "long": "longitude",
    "خط_العرض": "latitude",
    "خط_الطول": "longitude",
}
REQUIRED = ("number", "name")
_LONGEST_NAME = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class Header:
    """Where the columns of a file are.

    `places` are those that are used, by name, and `uses` what a mapping says of them; `unknown` are
    those that are left out, by heading. `width` is the number of columns.
    """

    places: Mapping[str, int]
    uses: Mapping[str, ColumnUse]
    unknown: Mapping[str, int]
    width: int


def known_columns(catalogue: Catalogue) -> Sequence[str]:
    """Name all columns of imports."""
    return [*COLUMNS, *catalogue.current, *coordinates(catalogue)]


def halves(name: str) -> tuple[str, str]:
    """Name the two columns in which a place that is an attribute may stand, latitude first."""
    return f"{name}_{LATITUDE}", f"{name}_{LONGITUDE}"


def coordinates(catalogue: Catalogue) -> Sequence[str]:
    """Name all columns that are half of a place which is an attribute."""
    places = [name for name, one in catalogue.current.items() if one.kind is Kind.LOCATION]
    return [column for name in places for column in halves(name)]


def headings_of_halves(name: str, attribute: Attribute) -> Mapping[str, str]:
    """Give what the halves of a place may be headed, by its name or a label, and their columns."""
    if attribute.kind is not Kind.LOCATION:
        return {}
    begun = [name, *(heading(label) for label in attribute.labels.values())]
    return {
        f"{first}_{word}": f"{name}_{column}"
        for first in begun
        for word, column in meanings().items()
        if column in (LATITUDE, LONGITUDE)
    }


def read_header(
    cells: Sequence[str], catalogue: Catalogue, mapping: ColumnMapping | None = None
) -> Header:
    """Find the columns of a file: those of the mapping first, and others by their headings.

    Attributes may be headed by their labels in any language. InvalidInputError with field
    `header` when a required column is missing or one is there twice.
    """
    words = [heading(cell) for cell in cells]
    uses = _mapped(words, mapping) if mapping else {}
    places = {use.column: place for place, use in uses.items() if use.column}
    known = headings(catalogue)
    unknown: dict[str, int] = {}
    for place, word in enumerate(words):
        if not word or place in uses:
            continue
        found = known.get(word)
        if found in places:
            if mapping and any(use.column == found for use in uses.values()):
                _leave_out(unknown, cells[place], place)
                continue
            problem = said("the column %(found)s is there twice", found=found)
            raise InvalidInputError("header", problem, _instead(found, words, known))
        if found is None:
            _leave_out(unknown, cells[place], place)
        else:
            places[found] = place
    for required in REQUIRED:
        if required not in places:
            raise _missing(required, list(unknown))
    used = {use.column: use for use in uses.values() if use.column}
    return Header(places=places, uses=used, unknown=unknown, width=len(cells))


def _instead(column: str, words: Sequence[str], known: Mapping[str, str]) -> str:
    """Say how one of two columns may be named: as the second address, where that is free."""
    second = f"{column}_2"
    if second in CHANNELS and all(known.get(word) != second for word in words):
        return said("Keep one of them, or head one %(second)s.", second=second)
    return said("Keep one of them, or name one otherwise.")


def headings(catalogue: Catalogue) -> Mapping[str, str]:
    """Give the columns by what they may be headed, as `heading` tidies it."""
    known = {**meanings(), **{name: name for name in catalogue.current}}
    for name, attribute in catalogue.current.items():
        for label in attribute.labels.values():
            known.setdefault(heading(label), name)
        for word, column in headings_of_halves(name, attribute).items():
            known.setdefault(word, column)
    return known


def _leave_out(unknown: dict[str, int], cell: str, place: int) -> None:
    name = shown(" ".join(cell.split())[:_LONGEST_NAME])
    unknown[f"{name} ({letters(place)})" if name in unknown else name] = place


def _mapped(words: Sequence[str], mapping: ColumnMapping) -> dict[int, ColumnUse]:
    """Find the columns of a mapping by place; of two with one heading the first."""
    found: dict[int, ColumnUse] = {}
    for use in mapping.uses:
        if use.position:
            place = use.position - 1
            if place >= len(words):
                problem = said(
                    "has %(words)s columns, and the mapping wants column %(position)s",
                    words=len(words),
                    position=use.position,
                )
                raise InvalidInputError("header", problem, said("Is it the right mapping?"))
        elif heading(use.heading) in words:
            place = words.index(heading(use.heading))
        elif use.column:
            close = difflib.get_close_matches(heading(use.heading), words, n=1)
            remedy = (
                said('Is it "%(close)s"?', close=close[0])
                if close
                else said("Is it the right mapping?")
            )
            problem = said(
                "the column %(heading)s of the mapping is missing", heading=repr(use.heading)
            )
            raise InvalidInputError("header", problem, remedy)
        else:
            continue
        found[place] = use
    return found


def meanings() -> Mapping[str, str]:
    """Give the headings that mean a column whatever the attributes are, and which."""
    return {**_ALIASES, **{name: name for name in COLUMNS}}


def nearest(word: str, catalogue: Catalogue, used: Container[str]) -> str:
    """Say what an unknown column may have meant: none of those `used`, which the file has."""
    free = [name for name in known_columns(catalogue) if name not in used]
    close = difflib.get_close_matches(heading(word), free, n=1)
    return (
        said('Did you mean "%(close)s"?', close=close[0])
        if close
        else said("See 'customers import --help' for names.")
    )


def _missing(name: str, unknown: Sequence[str]) -> InvalidInputError:
    close = difflib.get_close_matches(name, [heading(word) for word in unknown], n=1)
    required = ", ".join(REQUIRED)
    remedy = said("Head the columns %(required)s in the first row.", required=required)
    if close:
        remedy = said(
            'Head the columns %(required)s in the first row. Is it "%(close)s"?',
            required=required,
            close=close[0],
        )
    return InvalidInputError("header", said("the column %(name)s is missing", name=name), remedy)


def heading(cell: str) -> str:
    """Tidy a heading: small letters, one line for what parts words, nothing that hides."""
    seen = (one for one in cell if one.isascii() or unicodedata.category(one) != "Cf")
    bare = unicodedata.normalize("NFC", "".join(seen))
    return "_".join(bare.strip().lower().replace("-", " ").replace("_", " ").split())
