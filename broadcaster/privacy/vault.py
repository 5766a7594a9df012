"""Sealing and opening: AES-256-GCM, with the value's place and row as associated data.

A sealed value is the key's number (2 octets), a random nonce (12), and the text with its tag (16).
A digest is the key's number and 16 octets of keyed BLAKE2b. Sealing some four thousand million
values with one key is where random nonces end to be safe (NIST SP 800-38D); a rotation begins anew.
"""

import hashlib
import os
from collections.abc import Callable, Sequence
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from broadcaster.errors import ConfigurationError
from broadcaster.ports import Place, missing
from broadcaster.privacy.keyring import Keys, derive, proof

_NUMBER = 2
_NONCE = 12
_DIGEST = 16


class _Derived(NamedTuple):
    """What one key does."""

    prefix: bytes
    cipher: AESGCM
    search: bytes
    proof: bytes

    def __repr__(self) -> str:
        return "_Derived()"

    def seal(self, place: Place, owner: bytes, text: str) -> bytes:
        nonce = os.urandom(_NONCE)
        aad = b"%b\0%b" % (place.value.encode(), owner)
        return self.prefix + nonce + self.cipher.encrypt(nonce, text.encode(), aad)

    def digest(self, place: Place, text: str) -> bytes:
        keyed = hashlib.blake2b(
            text.encode(), digest_size=_DIGEST, key=self.search, person=place.value.encode()
        )
        return self.prefix + keyed.digest()


class KeySealer:
    """Seals with the newest of the keys that a database knows."""

    def __init__(self, keys: Sequence[_Derived], number: int) -> None:
        """Take the keys, the newest first."""
        self._keys = tuple(keys)
        self._number = number

    @property
    def key(self) -> int:
        """The number of the key that seals."""
        return self._number

    def seal(self, place: Place, owner: bytes, text: str) -> bytes:
        """Seal a text for the row that `owner` names."""
        return self._keys[0].seal(place, owner, text)

    def digests(self, place: Place, text: str) -> Sequence[bytes]:
        """Give what the text is found by, under the newest key first."""
        return [key.digest(place, text) for key in self._keys]


class KeyVault:
    """Opens what was sealed with any of its keys.

    A value of a key that is not here has it look once more: a key may have been added since.
    """

    def __init__(self, read: Callable[[], Keys]) -> None:
        """Take what reads the keys, now and when an unknown one is met."""
        self._read = read
        self._keys: dict[int, _Derived] = {}
        self._load()

    def __repr__(self) -> str:
        """Show the numbers of the keys alone."""
        return f"KeyVault({sorted(self._keys)})"

    @property
    def newest(self) -> int | None:
        """The number of the newest key; None when there is none."""
        return max(self._keys, default=None)

    @property
    def numbers(self) -> Sequence[int]:
        """The numbers of the keys that are here."""
        return sorted(self._keys)

    def reload(self) -> None:
        """Read the keys again; those that were here stay."""
        self._load()

    def proof(self, number: int) -> bytes:
        """Give what a database keeps of a key to know it again."""
        return self._key(number).proof

    def open(self, place: Place, owner: bytes, sealed: bytes) -> str:
        """Open a value; ConfigurationError when its key is not here or is another one."""
        number = int.from_bytes(sealed[:_NUMBER], "big")
        key = self._keys.get(number) or self._key(number)
        end = _NUMBER + _NONCE
        aad = b"%b\0%b" % (place.value.encode(), owner)
        try:
            return key.cipher.decrypt(sealed[_NUMBER:end], sealed[end:], aad).decode()
        except (InvalidTag, ValueError) as error:
            raise _other(number) from error

    def digests(self, place: Place, text: str) -> Sequence[bytes]:
        """Give what a text may be found by, under every key that is here."""
        return [key.digest(place, text) for key in self._keys.values()]

    def sealer(self, known: Sequence[tuple[int, bytes]]) -> KeySealer | None:
        """Give what seals for a database that knows these keys; None when it knows none."""
        if not known:
            return None
        for number, expected in known:
            if self._key(number).proof != expected:
                raise _other(number)
        newest = max(number for number, _ in known)
        numbers = sorted((number for number, _ in known), reverse=True)
        return KeySealer([self._key(number) for number in numbers], newest)

    def _key(self, number: int) -> _Derived:
        if number not in self._keys:
            self._load()
        if number not in self._keys:
            raise missing(number)
        return self._keys[number]

    def _load(self) -> None:
        for number, key in self._read().items():
            self._keys[number] = _Derived(
                prefix=number.to_bytes(_NUMBER, "big"),
                cipher=AESGCM(derive(key, "seal")),
                search=derive(key, "search"),
                proof=proof(key),
            )


def _other(number: int) -> ConfigurationError:
    return ConfigurationError(
        f"BROADCASTER_DATA_KEY_FILE: key {number} is not the one that personal data was sealed "
        "with, or what was sealed is damaged. Put the right file back."
    )
