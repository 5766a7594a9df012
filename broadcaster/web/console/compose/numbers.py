"""Numbers that people type, with whatever digits and signs between thousands; pure."""

import unicodedata

from broadcaster.domain.saying import said
from broadcaster.errors import InvalidInputError

#: What stands between thousands in some language.
_BETWEEN = frozenset(" ,.'’٬\u00a0\u202f\u2009\u200e\u200f\u061c\u2066\u2067\u2068\u2069")
_LONGEST = 30


def whole_number(field: str, text: str) -> int:
    """Read a whole number, in digits of any script; InvalidInputError names the field."""
    digits = [one for one in text.strip() if one not in _BETWEEN]
    if not digits or len(digits) > _LONGEST or not all(one.isdecimal() for one in digits):
        problem = said("is missing") if not digits else said("is no whole number")
        raise InvalidInputError(field, problem, said("Type its digits."))
    return int("".join(str(unicodedata.decimal(one)) for one in digits))
