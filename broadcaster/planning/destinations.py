"""Where messages go, as far as limits, routes and tariffs tell it apart; in SQL.

Addresses are told apart by what is rare: almost all numbers are those of the home country, and
those are not looked up one by one. What an address is worth is read off here and nowhere else.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import LiteralString

from broadcaster.domain.message import Channel, Scheme

#: As many digits as tell all country calling codes apart, and the sign before them (ITU-T E.164).
_COUNTRY = 4
#: As many signs of a number are told apart at most: more would tell people apart.
LONGEST = 8
#: The place of an address of which nothing is known.
UNKNOWN = "?"


@dataclass(frozen=True, kw_only=True, slots=True)
class Destinations:
    """What is told apart: beginnings of numbers, mail domains and hosts of push services.

    `home` is the calling code of most numbers, with its sign.
    """

    home: str = "+212"
    prefixes: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Cut prefixes that are too long to be told apart."""
        object.__setattr__(self, "prefixes", frozenset(one[:LONGEST] for one in self.prefixes))

    def usual(self, channel: Channel) -> str:
        """Name the place of most addresses of a channel."""
        return {Channel.SMS: self.home, Channel.EMAIL: "mailto"}.get(channel, "webpush")

    def values(self) -> Mapping[str, object]:
        """Give the values of `joined`."""
        abroad = [one for one in self.prefixes if len(one) > _COUNTRY and not self._at_home(one)]
        at_home = [one for one in self.prefixes if self._at_home(one) and one != self.home]
        return {
            "place_home": self.home,
            "place_like": self.home + "%",
            "place_domains": sorted(self.domains),
            "place_hosts": sorted(self.hosts),
            **_by_length("place_at_home", at_home),
            **_by_length("place_abroad", abroad),
        }

    def _at_home(self, prefix: str) -> bool:
        return prefix.startswith(self.home)


def _by_length(name: str, prefixes: Iterable[str]) -> Mapping[str, object]:
    lists: dict[int, list[str]] = {}
    for prefix in sorted(prefixes):
        lists.setdefault(len(prefix), []).append(prefix)
    return {f"{name}_{length}": lists.get(length, []) for length in _LENGTHS}


_LENGTHS = range(2, LONGEST + 1)


def _longest(
    name: LiteralString, otherwise: LiteralString, lengths: Iterable[int]
) -> LiteralString:
    """Write the expression for the longest of some beginnings that a number has."""
    text: LiteralString = "CASE"
    for length in sorted(lengths, reverse=True):
        key: LiteralString = "(%(" + name + "_" + _DIGITS[length] + ")s::text[])"
        text += " WHEN " + _cut(length) + " = ANY " + key + " THEN " + _cut(length)
    return text + " ELSE " + otherwise + " END" if text != "CASE" else otherwise


def _cut(length: int) -> LiteralString:
    return "left(" + _VALUE + ", " + _DIGITS[length] + ")"


_DIGITS: tuple[LiteralString, ...] = ("0", "1", "2", "3", "4", "5", "6", "7", "8")


def joined(channel: Channel, destinations: Destinations) -> LiteralString:
    """Write the table of addresses of a channel that are no usual ones: `address_id, place`.

    Empty when the channel has none that are told apart. Wants the values of `destinations`.
    """
    if channel is Channel.SMS:
        return _numbers(destinations)
    if channel is Channel.EMAIL:
        return _MAILBOXES if destinations.domains else ""
    return _PUSH


def _numbers(destinations: Destinations) -> LiteralString:
    own = {one for one in destinations.prefixes if one.startswith(destinations.home)}
    inside = {len(one) for one in own if one != destinations.home}
    outside = {len(one) for one in destinations.prefixes - own if len(one) > _COUNTRY}
    home = _longest("place_at_home", "%(place_home)s", inside)
    abroad = _longest("place_abroad", _cut(_COUNTRY), outside)
    place = "CASE WHEN " + _VALUE + " LIKE %(place_like)s THEN " + home + " ELSE " + abroad + " END"
    usual: LiteralString = (
        " AND (" + _VALUE + " LIKE %(place_like)s) IS NOT TRUE" if not inside else ""
    )
    return _TABLE.replace("{place}", place).replace("{channel}", "sms") + usual


# Of a sealed address as much is known in plain as is told apart here; nothing at all: `UNKNOWN`.
_VALUE: LiteralString = "COALESCE(address.value, address.place)"

_TABLE: LiteralString = (
    """
SELECT address.id AS address_id,
    CASE WHEN """
    + _VALUE
    + """ IS NULL THEN '?' ELSE {place} END AS place
FROM address WHERE address.channel = '{channel}'"""
)

_DOMAIN: LiteralString = "lower(split_part(" + _VALUE + ", '@', -1))"
_MAILBOXES: LiteralString = (
    _TABLE.replace("{channel}", "email").replace("{place}", _DOMAIN)
    + " AND ("
    + _VALUE
    + " IS NULL OR "
    + _DOMAIN
    + " = ANY (%(place_domains)s::text[]))"
)

# The host of an https address ends at the first sign of what follows it.
_HOST: LiteralString = "lower(substring(" + _VALUE + " from '^https://([^/:?#]*)'))"
_PUSH: LiteralString = (
    """
SELECT address.id AS address_id,
    CASE address.scheme WHEN 'webpush' THEN """
    + _HOST
    + """ ELSE address.scheme::text END AS place
FROM address
WHERE address.channel = 'push' AND (address.scheme <> 'webpush'
    OR (cardinality(%(place_hosts)s::text[]) > 0 AND """
    + _HOST
    + " = ANY (%(place_hosts)s::text[])))"
)


def kept(scheme: Scheme, value: str) -> str:
    """Give what may be known in plain of a sealed address: what many others share with it."""
    if scheme is Scheme.TEL:
        return value[:LONGEST]
    if scheme is Scheme.MAILTO:
        return "@" + value.rpartition("@")[2].lower()
    found = _HOST_OF.match(value)
    return found[0] if found and scheme is Scheme.WEBPUSH else ""


_HOST_OF = re.compile("https://[^/:?#]*")
