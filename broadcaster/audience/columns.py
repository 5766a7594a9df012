"""The columns of an import: what the header's words mean."""

import difflib
from collections.abc import Mapping, Sequence

from broadcaster.audience.attributes import Catalogue
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
    "opted_out": "channels that must not be used: sms email push, or email:promotional",
    "consented": "channels with recorded consent to promotion: email, or sms email",
}
#: What the columns are headed in the files of others.
_ALIASES: Mapping[str, str] = {
    "e_mail": "email",
    "mail": "email",
    "courriel": "email",
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
}
REQUIRED = ("number", "name")
_LONGEST_NAME = 40


def read_header(
    cells: Sequence[str], catalogue: Catalogue
) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """Give the places of the columns that are known, and of those that are not.

    Attributes may be headed by their labels in any language. InvalidInputError with field
    `header` when a required column is missing or one is there twice.
    """
    known = {**_ALIASES, **{name: name for name in (*COLUMNS, *catalogue.current)}}
    for name, attribute in catalogue.current.items():
        for label in attribute.labels.values():
            known.setdefault(_plain(label), name)
    places: dict[str, int] = {}
    unknown: dict[str, int] = {}
    for place, cell in enumerate(cells):
        word = _plain(cell)
        if not word:
            continue
        found = known.get(word)
        if found in places:
            problem = f"the column {found} is there twice"
            raise InvalidInputError("header", problem, "Keep one of them, or name one otherwise.")
        if found is None:
            unknown[cell.strip()[:_LONGEST_NAME]] = place
        else:
            places[found] = place
    for required in REQUIRED:
        if required not in places:
            raise _missing(required, list(unknown))
    return places, unknown


def nearest(word: str, catalogue: Catalogue) -> str:
    """Say what an unknown column may have meant."""
    close = difflib.get_close_matches(_plain(word), [*COLUMNS, *catalogue.current], n=1)
    return f'Did you mean "{close[0]}"?' if close else "See 'customers import --help' for names."


def _missing(name: str, unknown: Sequence[str]) -> InvalidInputError:
    close = difflib.get_close_matches(name, [_plain(word) for word in unknown], n=1)
    remedy = f"Head the columns {', '.join(REQUIRED)} in the first row."
    if close:
        remedy += f' Is it "{close[0]}"?'
    return InvalidInputError("header", f"the column {name} is missing", remedy)


def _plain(cell: str) -> str:
    return "_".join(cell.strip().lower().replace("-", " ").replace("_", " ").split())
