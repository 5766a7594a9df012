"""What a relay offers beside plain SMTP, as its answer to EHLO says; pure."""

from collections.abc import Sequence
from dataclasses import dataclass

#: An octet count has no more digits (RFC 1870, section 4).
_DIGITS = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Offers:
    """The extensions that we use; `size` is the longest mail taken, 0 when the relay names none."""

    pipelining: bool = False
    chunking: bool = False
    starttls: bool = False
    eight_bit: bool = False
    utf8: bool = False
    dsn: bool = False
    sized: bool = False
    size: int = 0
    logins: frozenset[str] = frozenset()


def read_offers(lines: Sequence[bytes]) -> Offers:
    """Read the lines after the first of an answer to EHLO; what is unknown is passed over."""
    words: dict[str, list[str]] = {}
    for line in lines:
        # Servers of old wrote AUTH=LOGIN beside AUTH LOGIN.
        keyword, *parameters = line.decode("ascii", "replace").upper().replace(
            "=", " "
        ).split() or [""]
        words.setdefault(keyword, []).extend(parameters)
    return Offers(
        pipelining="PIPELINING" in words,
        chunking="CHUNKING" in words,
        starttls="STARTTLS" in words,
        eight_bit="8BITMIME" in words,
        utf8="SMTPUTF8" in words,
        dsn="DSN" in words,
        sized="SIZE" in words,
        size=_size(words.get("SIZE", [])),
        logins=frozenset(words.get("AUTH", [])),
    )


def _size(parameters: Sequence[str]) -> int:
    """Read the limit of RFC 1870; what is no number is no limit."""
    text = parameters[0] if parameters else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS else 0
