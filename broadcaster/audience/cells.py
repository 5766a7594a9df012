"""Reading the cells of an import: each function gives a value or says what is wrong with a cell."""

import re
import unicodedata
import zoneinfo
from datetime import date

from broadcaster.audience.attributes import Attribute, Kind
from broadcaster.audience.days import iso_day
from broadcaster.audience.digits import plain_digits
from broadcaster.audience.repairs import bare
from broadcaster.domain.customer import AttributeValue
from broadcaster.domain.message import DELIVERY_CHANNELS, Channel, MessageClass
from broadcaster.domain.saying import said

#: The longest cell, characters.
LONGEST_CELL = 5_000
_LONGEST_TEXT = 200
_MOST_LOCALES = 8
_MOST_MEMBERS = 100

_FORMULA = tuple("=+-@")
#: What spreadsheets write where a formula went wrong, in English and French, and where a column was
#: too narrow when it was exported.
_ERROR = re.compile(
    r"#(?:REF!|N/A|VALUE!|VALEUR!|DIV/0!|NAME\?|NOM\?|NUM!|NOMBRE!|NULL!|NUL!|SPILL!|CALC!|#+)"
    r"|Err:\d{3}"
)
_SPOOFING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_SCIENTIFIC = re.compile(r"\d+(?:[.,]\d+)?E\+?\d+", re.ASCII | re.IGNORECASE)
_ROUNDED = re.compile(r"\d{15}0{1,85}", re.ASCII)
_POINT_ZEROS = re.compile(r"\+?\d+[.,]0{2,200}", re.ASCII)
_LISTED = re.compile(r"[;|,\s]+")
_LOCALE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,6})?", re.ASCII)
_LONG_NUMBER = re.compile(r"-?\d+(?:\.\d+)?", re.ASCII)
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TRUE = frozenset({"true", "yes", "oui", "1", "نعم", "vrai"})
_FALSE = frozenset({"false", "no", "non", "0", "لا", "faux"})
_SCRIPT_LENGTH = 4
#: What people write where there is nothing to write, beside zeros, strokes and question marks.
_NOTHING = frozenset(
    {"n/a", "na", "n.a.", "none", "null", "nil", "néant", "neant", "aucun", "لا شيء", "لا يوجد"}
)
_STROKES = "0-\u2010\u2011\u2012\u2013\u2014\u2015\u2212_?\u061f.*/ "


class CellError(Exception):
    """A cell is wrong; the problem and the remedy, for people."""

    def __init__(self, problem: str, remedy: str) -> None:
        """Keep both."""
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy


def unreadable(cell: str) -> str | None:
    """Find what no cell may have: controls other than line breaks and tabs, lone surrogates."""
    if len(cell) > LONGEST_CELL:
        return said("is longer than %(most)s characters", most=LONGEST_CELL)
    if cell.isprintable():
        return None
    for character in cell:
        if unicodedata.category(character) in ("Cc", "Cs") and character not in "\r\n\t":
            return said(
                "has a control character (U+%(character)s)", character=format(ord(character), "04X")
            )
    return None


def check_readable(cell: str) -> None:
    """Refuse what no cell may have; CellError."""
    fault = unreadable(cell)
    if fault:
        raise CellError(fault, said("Remove it, or shorten the cell."))


def check_error(cell: str) -> None:
    """Refuse what a spreadsheet writes in place of a value; CellError."""
    if _ERROR.fullmatch(cell.strip()):
        message = said("holds the error %(value)s of a spreadsheet", value=cell.strip())
        raise CellError(message, said("Mend the formula, or type the value."))


def text(cell: str) -> str:
    """Read a name or another text: composed, on one line, no formula, nothing that hides."""
    if cell.isascii() and cell.isprintable():
        # Most are plain: nothing can be composed, and nothing hides.
        found = " ".join(cell.split())
    else:
        found = " ".join(bare(unicodedata.normalize("NFC", cell)).split())
    if len(found) > _LONGEST_TEXT:
        message = said("is longer than %(most)s characters", most=_LONGEST_TEXT)
        raise CellError(message, said("Shorten it."))
    if _SPOOFING.search(found):
        message = said("has control characters that turn the direction of text")
        raise CellError(message, said("Type it again without them."))
    if len(found) > 1 and found.startswith(_FORMULA):
        message = said("begins with %(sign)s as a formula of a spreadsheet does", sign=found[0])
        raise CellError(message, said("Replace the formula by its value."))
    return found


def is_nothing(cell: str) -> bool:
    """Tell whether a cell holds what people write where there is nothing to write."""
    if cell.isascii():
        plain = cell.strip().lower()
    else:
        words = bare(unicodedata.normalize("NFKC", cell)).split()
        plain = plain_digits(" ".join(words)).casefold()
    return bool(cell) and (not plain.strip(_STROKES) or plain in _NOTHING)


def number(cell: str) -> str:
    """Read a customer's number."""
    found = text(cell.strip().removeprefix("'"))
    if _ROUNDED.fullmatch(found) and not cell.strip().startswith("'"):
        message = said("has only zeros after its 15th digit, as a spreadsheet rounds long numbers")
        remedy = said("Enter it again as text; an apostrophe before it says that it is right.")
        raise CellError(message, remedy)
    if not found:
        message = said("is missing")
        raise CellError(message, said("Every customer needs a number."))
    if _POINT_ZEROS.fullmatch(found) and not cell.strip().startswith("'"):
        message = said("ends in zeros after a point or comma: decimals, or thousands")
        remedy = said(
            "Write the number's digits alone; an apostrophe before it says that it is right."
        )
        raise CellError(message, remedy)
    if _SCIENTIFIC.fullmatch(found):
        message = said("was turned into scientific notation by a spreadsheet")
        raise CellError(message, said("Format the column as text and export it again."))
    return found


def locales(cell: str) -> tuple[str, ...]:
    """Read BCP 47 tags in order of preference; `ar_MA` is taken for `ar-MA`."""
    found = []
    for word in filter(None, _LISTED.split(cell)):
        if not _LOCALE.fullmatch(word):
            message = said("%(value)s is no locale", value=repr(word[:20]))
            raise CellError(message, said("Write tags such as ar-MA fr-MA."))
        found.append(_tag(word))
    if len(found) > _MOST_LOCALES:
        message = said("has more than %(most)s locales", most=_MOST_LOCALES)
        raise CellError(message, said("Keep those preferred most."))
    return tuple(dict.fromkeys(found))


def _tag(word: str) -> str:
    language, *rest = word.replace("_", "-").split("-")
    return "-".join([language.lower(), *(_subtag(part) for part in rest)])


def _subtag(part: str) -> str:
    if len(part) == _SCRIPT_LENGTH and part.isalpha():
        return part.title()
    return part.upper() if len(part) <= _SCRIPT_LENGTH - 1 else part.lower()


def time_zone(cell: str) -> str:
    """Read the name of a time zone of the IANA database."""
    name = cell.strip()
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        message = said("%(value)s is no time zone", value=repr(name[:40]))
        raise CellError(message, said("Write a name such as Africa/Casablanca.")) from error
    return name


def choices_of_consent(cell: str, usual: MessageClass) -> tuple[tuple[Channel, MessageClass], ...]:
    """Read `sms email:promotional`: channels, each with a class where it is not the `usual` one."""
    found = []
    for word in filter(None, _LISTED.split(cell.lower())):
        channel, _, named = word.partition(":")
        if channel not in list(DELIVERY_CHANNELS) or (named and named not in list(MessageClass)):
            message = said("%(value)s is not understood", value=repr(word[:40]))
            remedy = said(
                "Write channels (sms, email, push), each with :promotional or :safety if meant."
            )
            raise CellError(message, remedy)
        found.append((Channel(channel), MessageClass(named) if named else usual))
    return tuple(dict.fromkeys(found))


def attribute(cell: str, known: Attribute) -> AttributeValue:
    """Read the value of an attribute by its kind."""
    word = text(cell) if known.kind is Kind.TEXT else " ".join(cell.split())
    match known.kind:
        case Kind.TEXT:
            return word
        case Kind.NUMBER:
            return _plain_number(word)
        case Kind.DATE:
            return _date(word)
        case Kind.BOOLEAN:
            return _boolean(word)
        case Kind.CHOICE:
            return _choice(word, known)
        case Kind.SET:
            return _members(word, known)
        case Kind.LOCATION:
            # A place may stand in two cells, and is read by `location.py`.
            raise TypeError(known.kind)


def _plain_number(word: str) -> int | float:
    if not _NUMBER.fullmatch(word):
        if _LONG_NUMBER.fullmatch(word):
            message = said("has more than 15 digits, or more than 6 decimals")
            raise CellError(message, said("Round it."))
        message = said("%(value)s is no number", value=repr(word[:40]))
        raise CellError(message, said("Write digits, with a point before decimals."))
    return float(word) if "." in word else int(word)


def _date(word: str) -> str:
    iso = iso_day(word)
    try:
        if _ISO_DATE.fullmatch(iso):
            return date.fromisoformat(iso).isoformat()
    except ValueError:
        pass
    message = said("%(value)s is no date", value=repr(word[:40]))
    raise CellError(message, said("Write 2020-03-20, or 20/03/2020 (day first)."))


def _boolean(word: str) -> bool:
    if word.lower() in _TRUE | _FALSE:
        return word.lower() in _TRUE
    message = said("%(value)s is neither yes nor no", value=repr(word[:40]))
    raise CellError(message, said("Write true or false."))


def _choice(word: str, known: Attribute) -> str:
    """Take a choice by its name or by any of its labels."""
    wanted = unicodedata.normalize("NFC", word).casefold()
    for name, labels in known.choices.items():
        if wanted == name or wanted in (label.casefold() for label in labels.values()):
            return name
    if not known.choices:
        return text(word)
    message = said("%(value)s is none of the choices", value=repr(word[:40]))
    raise CellError(message, said("Use one of %(known)s.", known=", ".join(known.choices)))


def _members(word: str, known: Attribute) -> tuple[str, ...]:
    # Labels have spaces in them: those separate only where nothing else does.
    separator = r"[;|,]" if re.search(r"[;|,]", word) or _is_label(word, known) else r"\s+"
    parts = [part.strip() for part in re.split(separator, word) if part.strip()]
    if len(parts) > _MOST_MEMBERS:
        message = said("has more than %(most)s values", most=_MOST_MEMBERS)
        raise CellError(message, said("Shorten the list."))
    found = {_choice(part, known) for part in parts}
    return tuple(name for name in known.choices if name in found) or tuple(sorted(found))


def _is_label(word: str, known: Attribute) -> bool:
    labels = (label for choice in known.choices.values() for label in choice.values())
    return word.casefold() in (label.casefold() for label in labels)
