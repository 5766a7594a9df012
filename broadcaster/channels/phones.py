"""Telephone numbers: from what somebody typed to E.164, or to a reason why not.

The numbering plans are those of the library phonenumbers. It is lenient where a wrong guess sends a
message to a stranger: it turns letters into digits as on an old dial and skips what it cannot read.
Both are refused here. Nothing is repaired that it would not read.
"""

import re
import unicodedata
from dataclasses import replace

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, PhoneNumberType
from phonenumbers import ValidationResult as Possible

from broadcaster.domain.customer import PhoneCheck
from broadcaster.domain.saying import said
from broadcaster.errors import InvalidInputError
from broadcaster.ports import CheckPhone

#: The longest text that the library looks at, characters.
LONGEST = 250

_KINDS = {
    NumberParseException.INVALID_COUNTRY_CODE: "INVALID_COUNTRY_CODE",
    NumberParseException.NOT_A_NUMBER: "NOT_A_NUMBER",
    NumberParseException.TOO_SHORT_AFTER_IDD: "TOO_SHORT_AFTER_IDD",
    NumberParseException.TOO_SHORT_NSN: "TOO_SHORT_NSN",
    NumberParseException.TOO_LONG: "TOO_LONG",
}
_IMPOSSIBLE = {
    Possible.TOO_SHORT: "TOO_SHORT",
    Possible.TOO_LONG: "TOO_LONG",
    Possible.INVALID_COUNTRY_CODE: "INVALID_COUNTRY_CODE",
}
_RETYPE = said("Give the whole number, such as 0612345678 or +212612345678.")
_EXPLAINED = {
    "INVALID_COUNTRY_CODE": (said("has a country code that does not exist"), _RETYPE),
    "NOT_A_NUMBER": (said("is no telephone number"), _RETYPE),
    "TOO_SHORT_AFTER_IDD": (said("has too few digits after 00"), _RETYPE),
    "TOO_SHORT_NSN": (said("has too few digits"), _RETYPE),
    "TOO_SHORT": (said("has too few digits, or is a short code"), _RETYPE),
    "TOO_LONG": (said("has too many digits"), _RETYPE),
    "NOT_VALID": (said("is not in use in its country's numbering plan"), _RETYPE),
    "LETTERS": (
        said("has letters, which are not dialled"),
        said("Give digits only, and no label."),
    ),
    "CONTEXT": (said("is a link whose phone-context is no country code"), _RETYPE),
    "CONTEXT_OF_WHOLE": (
        said("is a link with a phone-context beside a whole number"),
        said("Leave the phone-context out."),
    ),
    "JUNK": (
        said("has signs that belong to no number"),
        said("Give digits, with spaces or dots at most."),
    ),
}
_NOT_MOBILE = {
    "FIXED_LINE": said("is a fixed line, which takes no SMS"),
    "FIXED_LINE_OR_MOBILE": said("may be a fixed line: its country's plan does not tell"),
}

_SCIENTIFIC = re.compile(r"^\s*[+-]?\d+(?:[.,]\d+)?E\+?\d+\s*$", re.ASCII | re.IGNORECASE)
#: What programs do to numbers, in the order in which it is looked for.
_DAMAGE = (
    (
        re.compile("\u202f"),
        said("has a narrow no-break space (U+202F), as French software writes between digits"),
        said("Replace it by a plain space, or leave it out."),
    ),
    (
        _SCIENTIFIC,
        said("was turned into scientific notation by a spreadsheet"),
        said("Format the column as text and enter the number again."),
    ),
    (
        re.compile(r"^\s*\+?\d{6,}[.,]0+\s*$", re.ASCII),
        said("ends in .0, as a spreadsheet writes a number"),
        said("Format the column as text, and leave the .0 out."),
    ),
    (
        re.compile(r"(?:\d[\s.-]?){8,}(?:\s*[/,;|&]\s*|\s+)\+?(?:\d[\s.-]?){8,}"),
        said("reads like two numbers"),
        said("Give one number in each cell or line."),
    ),
)
#: A whole number with a word beside it, which the library does not see through.
_LABELLED = re.compile(r"(?:\d[\s.-]?){8}.*[^\W\d_]|[^\W\d_].*(?:\d[\s.-]?){8}", re.DOTALL)
_EXTENSION = re.compile(
    r"(?:[;,\s]*(?:ext(?:ension|n)?\.?[=:]?|x|#))\s*\d{1,20}#?\s*", re.IGNORECASE
)
#: What may stand before a number: invisible marks, the apostrophe with which spreadsheets mark a
#: cell as text, and what begins a link.
_FRONT = re.compile(
    "[\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]*'?(?:tel:)?'?", re.IGNORECASE
)
#: What says in a link where a number is dialled (RFC 3966, section 5.1.5).
_CONTEXT = re.compile(r"\s*;\s*phone-context=\s*([^;]*?)\s*(?=;|$)", re.IGNORECASE)
_CODE = re.compile(r"\+(\d{1,3})", re.ASCII)
_SEPARATORS = frozenset("./()[]~+＋．／（）［］～")


def check_region(region: str) -> str:
    """Give the region in capitals; InvalidInputError when it is none (ISO 3166-1, two letters)."""
    known = region.strip().upper()
    if known not in phonenumbers.SUPPORTED_REGIONS:
        problem = said("%(region)s is no country", region=repr(region))
        raise InvalidInputError("region", problem, said("Give two letters, such as MA or FR."))
    return known


def calling_code(region: str) -> str:
    """Give the calling code of a country with its sign; InvalidInputError as `check_region`."""
    return f"+{phonenumbers.country_code_for_region(check_region(region))}"


def country(prefix: str) -> str:
    """Name the country that numbers with this beginning belong to; empty when there is none.

    Several share some codes: then it is the one that the library counts as the first of them.
    """
    digits = prefix.removeprefix("+")
    for end in range(min(3, len(digits)), 0, -1):
        found = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(digits[:end]))
        if found:
            # 001 stands for what belongs to no country, such as satellites.
            return str(found[0]) if found[0].isalpha() else ""
    return ""


def trunk(region: str) -> str:
    """Give what is dialled in front of numbers within a region; empty where nothing is."""
    return phonenumbers.ndd_prefix_for_region(check_region(region), True) or ""  # noqa: FBT003  (the library's)


def reader(region: str) -> CheckPhone:
    """Make what checks many numbers of a region: as `check`, and some ten times as fast.

    Mobile numbers of the region in the usual forms are told by the library's own patterns, without
    its reading of free text; everything else goes to `check`.
    """
    known = check_region(region)
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(known)
    code = phonenumbers.country_code_for_region(known)
    usual = phonenumbers.region_code_for_country_code(code) == known

    def slow(raw: str) -> PhoneCheck:
        return check(raw, known)

    if metadata is None or not usual or not _plain_plan(metadata):
        return slow
    mobile = _pattern(metadata.mobile)
    others = [one.pattern for one in map(_pattern, _other_kinds(metadata)) if one]
    if mobile is None or not others:
        return slow
    other = re.compile("|".join(f"(?:{pattern})" for pattern in others))
    forms = re.compile(rf"(?:\+{code}|00{code}|0)([1-9](?:[ .-]?[0-9]){{6,13}})", re.ASCII)

    def fast(raw: str) -> PhoneCheck:
        found = forms.fullmatch(raw)
        if found:
            national = found[1].translate(_NO_SEPARATORS)
            if mobile.fullmatch(national) and not other.fullmatch(national):
                return PhoneCheck(
                    raw=raw,
                    e164=f"+{code}{national}",
                    type="MOBILE",
                    sms_capable=True,
                    error=None,
                )
        return slow(raw)

    return fast


def _plain_plan(metadata: phonenumbers.PhoneMetadata) -> bool:
    """Tell plans where 0 is dialled within the country, 00 out of it, and nothing is rewritten."""
    return (
        metadata.national_prefix == "0"
        and metadata.national_prefix_for_parsing == "0"
        and metadata.national_prefix_transform_rule is None
        and metadata.international_prefix == "00"
    )


def _pattern(kind: phonenumbers.PhoneNumberDesc | None) -> re.Pattern[str] | None:
    text = kind.national_number_pattern if kind else None
    return re.compile(text) if text else None


def _other_kinds(
    metadata: phonenumbers.PhoneMetadata,
) -> tuple[phonenumbers.PhoneNumberDesc | None, ...]:
    """List the kinds of number that the library asks about before mobiles, and fixed lines."""
    return (
        metadata.premium_rate,
        metadata.toll_free,
        metadata.shared_cost,
        metadata.voip,
        metadata.personal_number,
        metadata.pager,
        metadata.uan,
        metadata.voicemail,
        metadata.fixed_line,
    )


_NO_SEPARATORS = str.maketrans("", "", " .-")


def check(raw: str, region: str) -> PhoneCheck:
    """Read a number as it would be dialled in `region`.

    The kinds of fault are the library's own words, `NOT_VALID` for what is possible and not in
    use, and `LETTERS`, `JUNK`, `CONTEXT` and `CONTEXT_OF_WHOLE` for what we refuse and it would
    not. InvalidInputError for a region that does not exist; every text has an answer.
    """
    known = check_region(region)
    text, unread = _dialled(raw)
    if unread:
        return _refused(raw, unread)
    try:
        number = phonenumbers.parse(text, known)
    except NumberParseException as error:
        return _refused(raw, _KINDS.get(error.error_type, "NOT_A_NUMBER"))
    fault = _fault(number)
    stricter = _stricter(text, number)
    if stricter == "LETTERS" or (stricter and not fault):
        return _refused(raw, stricter)
    kind = PhoneNumberType.to_string(phonenumbers.number_type(number))
    found = PhoneCheck(
        raw=raw,
        e164=phonenumbers.format_number(number, PhoneNumberFormat.E164),
        type=kind,
        sms_capable=not fault and kind == "MOBILE",
        error=fault,
    )
    if fault:
        problem, remedy = _explain(raw, fault)
        return replace(found, problem=problem, remedy=remedy)
    if not found.sms_capable:
        problem = _NOT_MOBILE.get(kind) or said("is no mobile number, and takes no SMS")
        return replace(found, problem=problem, remedy=said("Give a mobile number."))
    return found


def _dialled(raw: str) -> tuple[str, str | None]:
    """Put the country code that a link gives as its context before the number; else the fault.

    A link without a context is what it is. `phone-context=example.com` says that the number is
    dialled within a company; beside a number that is whole already a context says nothing.
    """
    found = _CONTEXT.search(raw) if len(raw) <= LONGEST else None
    if found is None:
        return raw, None
    number = _FRONT.sub("", (raw[: found.start()] + raw[found.end() :]).strip(), count=1)
    code = _CODE.fullmatch(found[1])
    if not code or int(code[1]) not in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
        return raw, "CONTEXT"
    if number.startswith(("+", "＋", "00")):
        return raw, "CONTEXT_OF_WHOLE"
    return f"+{code[1]}{number}", None


def _refused(raw: str, kind: str) -> PhoneCheck:
    problem, remedy = _explain(raw, kind)
    return PhoneCheck(
        raw=raw,
        e164=None,
        type=None,
        sms_capable=False,
        error=kind,
        problem=problem,
        remedy=remedy,
    )


def _fault(number: PhoneNumber) -> str | None:
    possible = phonenumbers.is_possible_number_with_reason(number)
    if possible in _IMPOSSIBLE:
        return _IMPOSSIBLE[possible]
    return None if phonenumbers.is_valid_number(number) else "NOT_VALID"


def _stricter(raw: str, number: PhoneNumber) -> str | None:
    """Find what the library passed over: letters that it dialled, or signs that it skipped."""
    text = raw.strip()
    if _SCIENTIFIC.fullmatch(text):
        # Its E is no letter of a word; the library finds such a number too long by itself.
        return None
    if number.extension:
        ending = next((one for one in _EXTENSION.finditer(text) if one.end() == len(text)), None)
        text = text[: ending.start()] if ending else text
    # It matches at the beginning, if only nothing.
    text = _FRONT.sub("", text, count=1)
    if any(unicodedata.category(character).startswith("L") for character in text):
        return "LETTERS"
    return None if all(map(_is_plain, text)) else "JUNK"


def _is_plain(character: str) -> bool:
    return (
        character in _SEPARATORS
        or character.isspace()
        or unicodedata.category(character) in ("Nd", "Pd", "Cf")
    )


def _explain(raw: str, kind: str) -> tuple[str, str]:
    """Say what is wrong with what was typed, as exactly as can be told."""
    if len(raw) > LONGEST:
        return said("is longer than %(most)s characters", most=LONGEST), _RETYPE
    damage = next((words for found, *words in _DAMAGE if found.search(raw)), None)
    if damage:
        problem, remedy = damage
        return problem, remedy
    hidden = next((one for one in raw.strip() if unicodedata.category(one) in ("Cf", "Cc")), None)
    if hidden and kind == "NOT_A_NUMBER":
        problem = said(
            "has an invisible character (U+%(hidden)s) among its digits",
            hidden=format(ord(hidden), "04X"),
        )
        return problem, said("Remove it.")
    if kind == "NOT_A_NUMBER" and _LABELLED.search(raw):
        return _EXPLAINED["LETTERS"]
    return _EXPLAINED[kind]
