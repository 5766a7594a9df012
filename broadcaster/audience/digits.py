"""Figures of any script as programs read them: one rule for files, places and segments."""

import unicodedata

#: The Arabic signs of decimals, of thousands and of dates.
_SIGNS = {"\u066b": ".", "\u066c": "", "\u060d": "/"}
#: What stands for a minus: the sign itself, and the hyphen and dash of word processors.
_MINUS = str.maketrans({"\u2212": "-", "\u2010": "-", "\u2013": "-"})


def plain_digits(text: str) -> str:
    """Write digits of any script as 0 to 9, and the Arabic signs of decimals and thousands."""
    if text.isascii():
        return text
    return "".join(
        str(unicodedata.decimal(sign)) if sign.isdecimal() else _SIGNS.get(sign, sign)
        for sign in text
    )


def plain_number(text: str) -> str:
    """Write what is known to be a number so: its minus too, which elsewhere may be a dash."""
    return plain_digits(text).translate(_MINUS)
