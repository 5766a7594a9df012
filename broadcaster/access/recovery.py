"""Codes that are written down, for who lost what is asked for otherwise; pure but for chance."""

import hashlib
import secrets

#: How many there are, and of what: no letter that looks like another, 80 bits each.
COUNT = 10
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
_GROUPS, _GROUP = 4, 4


def make() -> list[str]:
    """Make a set."""
    return [_one() for _ in range(COUNT)]


def digest(code: str) -> bytes:
    """Give what is kept of one, however it is written."""
    plain = "".join(letter for letter in code[:100].lower() if letter.isalnum())
    return hashlib.sha256(b"recovery:" + plain.encode("utf-8", "surrogatepass")).digest()


def _one() -> str:
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)
