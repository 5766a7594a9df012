"""Mailboxes: what may be written to, and why not.

A mailbox is a dot-atom, an @ and a domain name (RFC 5321, section 4.1.2). Quoted local parts and
address literals are allowed there and refused here: no customer has one, and many mail hosts don't
take them. Local parts outside ASCII need SMTPUTF8 (RFC 6531), which few hosts offer.
"""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from broadcaster.domain.saying import said

_LONGEST = 254
_LONGEST_LOCAL = 64
_LONGEST_LABEL = 63
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_FORMULA = ("=", "+", "-")
_RETYPE = said("Give one mailbox, such as name@example.com.")
_TOO_LONG = said("is longer than %(most)s characters", most=_LONGEST)
_SPACE = said("has a space or a control sign")
_SEVERAL_AT = said("has more than one @")
_NO_AT = said("has no @")
_AS_TEXT = said("begins with an apostrophe, as a spreadsheet's text")
_LETTERS = said("has letters before the @ that few hosts take")
_AS_FORMULA = said("begins as a formula of a spreadsheet does")
_WRONG = said("is not right before the @")
_LOCAL_TOO_LONG = said("is too long before the @")
_NO_DOMAIN = said("has no domain name after the @")


class MailboxCheck(NamedTuple):
    """A mailbox with its domain in lower case and ASCII, or the fault, problem and remedy."""

    value: str | None
    fault: str | None = None
    problem: str | None = None
    remedy: str | None = None


def check(raw: str) -> MailboxCheck:
    """Read a mailbox; every text has an answer."""
    text = raw.strip()
    local, _, domain = text.rpartition("@")
    plain = _domain(domain) if len(text) <= _LONGEST else None
    rules = (
        (len(text) > _LONGEST, "TOO_LONG", _TOO_LONG),
        (text.count("@") > 1, "NOT_ONE_AT", _SEVERAL_AT),
        (" " in text or not text.isprintable(), "BAD_LOCAL_PART", _SPACE),
        (not text.count("@"), "NOT_ONE_AT", _NO_AT),
        (not local.isascii(), "BAD_LOCAL_PART", _LETTERS),
        (local[:1] in _FORMULA, "BAD_LOCAL_PART", _AS_FORMULA),
        (local[:1] == "'", "BAD_LOCAL_PART", _AS_TEXT),
        (not _LOCAL.fullmatch(local), "BAD_LOCAL_PART", _WRONG),
        (len(local) > _LONGEST_LOCAL, "BAD_LOCAL_PART", _LOCAL_TOO_LONG),
        (plain is None, "BAD_DOMAIN", _NO_DOMAIN),
    )
    for broken, fault, problem in rules:
        if broken:
            return MailboxCheck(None, fault, problem, _RETYPE)
    return MailboxCheck(f"{local}@{plain}")


@lru_cache(maxsize=4096)
def _domain(text: str) -> str | None:
    """Give a domain name of at least two labels in ASCII (punycode, RFC 3490); None for others."""
    try:
        plain = text.encode("idna").decode("ascii").lower()
        back = plain.encode("ascii").decode("idna")
    except UnicodeError:
        return None
    given = unicodedata.normalize("NFC", text).lower()
    if given not in (back, plain) or back.encode("idna") != plain.encode("ascii"):
        # RFC 3490 writes some letters as others (ß as ss), which may be somebody else's domain.
        return None
    labels = plain.split(".")
    good = all(_LABEL.fullmatch(label) and len(label) <= _LONGEST_LABEL for label in labels)
    # A name that ends in digits would be read as an IP address.
    return plain if good and len(labels) > 1 and not labels[-1].isdigit() else None
