"""How many segments the simulated carrier charges for a text.

An implementation of its own, so that it can contradict the product's: 3GPP TS 23.038 section 6.2.1
(the GSM 7 bit default alphabet and its extension) and TS 23.040 section 9.2.3.24 (concatenation).
"""

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_MARKS = "@£$¥_!\"#¤%&'()*+,-./:;<=>?¡§¿ \n\r"
_ACCENTED = "èéùìòÇØøÅåÆæßÉÄÖÑÜäöñüà"
_GREEK = "ΔΦΓΛΩΠΨΣΘΞ"
_BASIC = frozenset(_LETTERS + _MARKS + _ACCENTED + _GREEK)
_EXTENSION = frozenset("\f^{}\\[~]|€")

_SEPTETS_ALONE, _SEPTETS_PER_PART = 160, 153
_UNITS_ALONE, _UNITS_PER_PART = 70, 67
_BMP_END = 0x10000


def count(text: str) -> int:
    """Count the segments; an empty text takes one."""
    if _BASIC.issuperset(text):
        return _parts([1] * len(text), _SEPTETS_ALONE, _SEPTETS_PER_PART)
    if all(character in _BASIC or character in _EXTENSION for character in text):
        sizes = [2 if character in _EXTENSION else 1 for character in text]
        return _parts(sizes, _SEPTETS_ALONE, _SEPTETS_PER_PART)
    sizes = [1 if ord(character) < _BMP_END else 2 for character in text]
    return _parts(sizes, _UNITS_ALONE, _UNITS_PER_PART)


def _parts(sizes: list[int], alone: int, per_part: int) -> int:
    """Fill parts one after the other; a character of two units is never split."""
    if sum(sizes) <= alone:
        return 1
    parts, used = 1, 0
    for size in sizes:
        if used + size > per_part:
            parts, used = parts + 1, 0
        used += size
    return parts
