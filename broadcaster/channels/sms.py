"""The size of an SMS, and which characters make it dear; pure.

An SMS that fits the GSM 7 bit alphabet has 160 septets, or 153 in each part of several; any other
is sent as UTF-16 ("UCS-2") with 70 units, or 67 in each part (3GPP TS 23.038, and TS 23.040 section
9.2.3.24: 6 of 140 octets go to the header of a part). Parts are filled greedily and never split an
escape pair, a surrogate pair or, as Twilio's calculator has it, a user-perceived character.
Equal to the npm package sms-segments-calculator 1.3.0 with smart encoding off, except for a single
user-perceived character of more than 67 units: that cannot stay whole, and is counted in parts.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from broadcaster.channels import gsm7
from broadcaster.channels.graphemes import clusters
from broadcaster.domain.message import SmsSize
from broadcaster.errors import InvalidInputError

_GSM, _UCS = "GSM-7", "UCS-2"
_SEPTETS, _SEPTETS_IN_PART = 160, 153
_UNITS, _UNITS_IN_PART = 70, 67

#: The longest text that is measured, characters; Twilio takes 1600.
LONGEST = 100_000
#: How many different characters are reported at most.
_MOST_OFFENCES = 100
#: How many characters are measured at most to find the costs, all measurements together.
_MOST_WORK = 300_000
#: How many combining marks are looked at together.
_MOST_MARKS = 4

# Characters that never join another one: Latin, Greek, Cyrillic, the letters and figures of Arabic,
# Tifinagh, punctuation and format characters. A text of these alone needs no look at clusters.
_ALONE = re.compile(
    r"[\0-\u02ff\u0370-\u0482\u061b-\u064a\u0660-\u066f\u0671-\u06d5\u200e-\u206f\u2d30-\u2d6f]*"
)


def measure(text: str) -> SmsSize:
    """Tell encoding, units and segments; an empty text takes one segment of no units.

    InvalidInputError when the text is longer than `LONGEST`.
    """
    if len(text) > LONGEST:
        raise InvalidInputError("text", f"is longer than {LONGEST} characters", "Shorten it.")
    if gsm7.FOREIGN.search(text):
        return _measure_units(text)
    extended = len(gsm7.EXTENDED.findall(text))
    septets = len(text) + extended
    if septets <= _SEPTETS:
        segments = 1
    elif extended:
        sizes = (2 if gsm7.EXTENDED.match(character) else 1 for character in text)
        segments = _pack(sizes, _SEPTETS_IN_PART)
    else:
        segments = -(-septets // _SEPTETS_IN_PART)
    return SmsSize(encoding=_GSM, units=septets, segments=segments)


def _measure_units(text: str) -> SmsSize:
    units = _utf16(text)
    if units <= _UNITS:
        segments = 1
    elif _ALONE.fullmatch(text):
        segments = -(-units // _UNITS_IN_PART)
    else:
        segments = _pack(_whole(text), _UNITS_IN_PART)
    return SmsSize(encoding=_UCS, units=units, segments=segments)


def _whole(text: str) -> Iterator[int]:
    """Give the sizes of what must stay together; what no part can hold falls into characters."""
    for cluster in clusters(text):
        size = _utf16(cluster)
        if size <= _UNITS_IN_PART:
            yield size
        else:
            yield from map(_utf16, cluster)


def _utf16(text: str) -> int:
    return len(text) + sum(character > "\uffff" for character in text)


def _pack(sizes: Iterable[int], room: int) -> int:
    """Fill parts greedily; how many there are."""
    parts, free = 1, room
    for size in sizes:
        if size > free:
            parts, free = parts + 1, room
        free -= size
    return parts


@dataclass(frozen=True, kw_only=True, slots=True)
class Offence:
    """A character that the GSM 7 bit alphabet has not, and what it costs.

    `character` has its combining marks with it. `position` is that of the first one, in characters
    from 0; `count` says how many there are. `replacement` is a suggestion (empty: leave it out;
    None: there is none). `cost` is how many segments more the text takes because of it, were all
    other characters that have a replacement replaced; None where the text is too long to find out.
    """

    character: str
    position: int
    name: str
    count: int
    replacement: str | None
    cost: int | None


def offending(text: str) -> tuple[Offence, ...]:
    """List what keeps a text out of the GSM 7 bit alphabet, first come first; a hundred at most.

    A decomposed character (a letter followed by its accent) is listed as one; its replacement is
    the composed character where the alphabet has that.
    """
    measure(text)  # Refuses what is too long.
    found: dict[str, tuple[int, int]] = {}
    for position, item in foreign(text):
        first, count = found.get(item, (position, 0))
        found[item] = (first, count + 1)
    listed = list(found.items())[:_MOST_OFFENCES]
    costs = _Costs(text, found)
    return tuple(
        Offence(
            character=item,
            position=first,
            name=", ".join(_name(character) for character in item),
            count=count,
            replacement=gsm7.instead(item),
            cost=costs.of(item) if rank * len(text) <= _MOST_WORK else None,
        )
        for rank, (item, (first, count)) in enumerate(listed, 1)
    )


class _Costs:
    """Works out what each offending character costs by measuring the text without it."""

    def __init__(self, text: str, items: Iterable[str]) -> None:
        suggested = {item: gsm7.instead(item) for item in items}
        # The longest first, so that a letter with its accent is replaced before a bare accent.
        self._replaced = sorted(
            ((item, new) for item, new in suggested.items() if new is not None),
            key=lambda pair: -len(pair[0]),
        )
        self._text = text
        self._spared = self._without({item for item, _ in self._replaced})

    def of(self, item: str) -> int:
        """Give the segments that the text takes more because of this character."""
        replaceable = {one for one, _ in self._replaced}
        if item in replaceable:
            dear, cheap = self._without(replaceable - {item}), self._spared
        else:
            dear, cheap = self._spared, self._spared.replace(item, "")
        return max(0, _segments(dear) - _segments(cheap))

    def _without(self, items: set[str]) -> str:
        text = self._text
        for item, new in self._replaced:
            if item in items:
                text = text.replace(item, new)
        return text


def _segments(text: str) -> int:
    # A replacement may be longer than what it replaces; the bound was checked before.
    return measure(text[:LONGEST]).segments


def _name(character: str) -> str:
    return unicodedata.name(character, f"U+{ord(character):04X}")


def foreign(text: str) -> Iterator[tuple[int, str]]:
    """Find foreign characters, each with the letter that it combines with where that composes."""
    position = 0
    while match := gsm7.FOREIGN.search(text, position):
        start, end = match.span()
        while end < min(len(text), start + _MOST_MARKS) and unicodedata.combining(text[end]):
            end += 1
        if start > position and unicodedata.combining(text[start]):
            start -= 1
        item = text[start:end]
        if len(item) > 1 and len(unicodedata.normalize("NFC", item)) == len(item):
            start, item = match.start(), match.group()
            end = match.end()
        yield start, item
        position = end
