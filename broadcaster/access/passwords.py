"""Passwords: which are taken, and how they are kept (argon2id, RFC 9106).

What is asked of one follows NIST SP 800-63B: length, and that it is not among the first that are
guessed; no rules about signs, and no change by the calendar.
"""

import threading
import unicodedata
from enum import StrEnum
from itertools import pairwise

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from broadcaster.errors import InvalidInputError, UnavailableError

#: How long one may be, characters.
SHORTEST, LONGEST = 12, 256
#: Fewer different characters than this are a pattern.
_DIFFERENT = 5
#: What must be left of one besides its owner's name.
_BESIDES = 8
#: How many are worked on at once (each takes 64 MiB), and how long the next one waits, seconds.
_AT_ONCE, _PATIENCE = 2, 10.0

#: The beginnings of what people take when twelve characters are asked for.
_COMMON = (
    "password", "passw0rd", "motdepasse", "azertyuiop", "qwertyuiop", "administrat", "broadcaster",
    "letmein", "welcome", "bienvenue", "changeme", "1234567890", "0123456789", "9876543210",
    "abcdefghij", "1q2w3e4r5t", "iloveyou", "casablanca", "marhaba", "bismillah", "unbelievable",
)  # fmt: skip
#: What may follow them without making them better, characters.
_TAIL = 5


class PasswordFault(StrEnum):
    """Why a password is not taken."""

    SHORT = "short"
    LONG = "long"
    COMMON = "common"
    NAME = "name"


_WORDS = {
    PasswordFault.SHORT: f"has fewer than {SHORTEST} characters",
    PasswordFault.LONG: f"has more than {LONGEST} characters",
    PasswordFault.COMMON: "is among the first that are guessed",
    PasswordFault.NAME: "is hardly more than the name",
}


class Passwords:
    """Hashes and compares; whoever calls waits about a tenth of a second."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        """Use the parameters of RFC 9106 for machines that do other things too."""
        self._hasher = hasher or PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
        self._turns = threading.BoundedSemaphore(_AT_ONCE)
        # Compared with where there is nothing to compare with, so that it takes as long.
        self._nobodys = self._hasher.hash("nobody's")

    def __repr__(self) -> str:
        """Show nothing."""
        return "Passwords()"

    def hash(self, password: str, name: str) -> str:
        """Give what is kept of it; errors as `require`."""
        require(password, name)
        return self._hash(password)

    def fits(self, kept: str | None, password: str) -> bool:
        """Tell whether it is the one; False, in the same time, where none is kept.

        UnavailableError when too many are asked about at once.
        """
        given = _normal(password[: LONGEST + 1])
        if not self._turns.acquire(timeout=_PATIENCE):
            message = "Too many sign in at once. Try again in a moment."
            raise UnavailableError(message)
        try:
            self._hasher.verify(kept or self._nobodys, _octets(given))
        except (VerificationError, InvalidHashError):
            return False
        finally:
            self._turns.release()
        return kept is not None

    def renewed(self, kept: str, password: str) -> str | None:
        """Give what to keep of a password that fits, where the parameters have changed."""
        return self._hash(password) if self._hasher.check_needs_rehash(kept) else None

    def _hash(self, password: str) -> str:
        with self._turns:
            return self._hasher.hash(_octets(_normal(password)))


def require(password: str, name: str) -> None:
    """Refuse what is too easy to guess for somebody called `name`; InvalidInputError."""
    fault = fault_of(password, name)
    if fault is not None:
        remedy = "Take some words that do not belong together."
        raise InvalidInputError("password", _WORDS[fault], remedy)


def fault_of(password: str, name: str) -> PasswordFault | None:
    """Say why a password of somebody called `name` is not taken; None for one that is."""
    given = _normal(password)
    if len(given) < SHORTEST:
        return PasswordFault.SHORT
    if len(password) > LONGEST or len(given) > LONGEST:
        return PasswordFault.LONG
    plain = given.casefold()
    if _common(plain):
        return PasswordFault.COMMON
    words = [word for word in _normal(name).casefold().split() if len(word) > 2]  # noqa: PLR2004  (shorter ones are in everything)
    rest = plain
    for word in words:
        rest = rest.replace(word, "")
    return PasswordFault.NAME if len(rest) < min(_BESIDES, len(plain)) else None


def _common(plain: str) -> bool:
    if len(set(plain)) < _DIFFERENT:
        return True
    rest = plain
    for word in _COMMON:
        rest = rest.replace(word, "")
    # One and the same thing again and again is as good as once.
    again = any(plain == (plain[:size] * len(plain))[: len(plain)] for size in range(1, 7))
    return again or len(rest) <= _TAIL or _in_order(plain)


def _in_order(plain: str) -> bool:
    steps = {ord(after) - ord(before) for before, after in pairwise(plain)}
    return steps in ({1}, {-1})


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _normal(text: str) -> str:
    """Make one text of what looks the same, whatever keyboard it came from (NIST SP 800-63B)."""
    return unicodedata.normalize("NFKC", text)
