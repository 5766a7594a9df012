"""Sealing the secrets of authenticators: AES-256-GCM, with whose it is as associated data."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from broadcaster.errors import ConfigurationError

_NONCE = 12


class UnreadableError(ConfigurationError):
    """It was sealed with another key than the one of now."""


class Seal:
    """Seals and opens with a key that is derived from that of our own tokens."""

    def __init__(self, key: bytes) -> None:
        """Derive the key."""
        derived = HKDF(hashes.SHA256(), 32, salt=None, info=b"broadcaster authenticators")
        self._cipher = AESGCM(derived.derive(key))

    def __repr__(self) -> str:
        """Show nothing."""
        return "Seal()"

    def seal(self, operator: int, text: str) -> bytes:
        """Seal a text of somebody's."""
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, text.encode(), str(operator).encode())

    def open(self, operator: int, sealed: bytes) -> str:
        """Open it; UnreadableError when it was sealed with another key, or for somebody else."""
        try:
            nonce, rest = sealed[:_NONCE], sealed[_NONCE:]
            return self._cipher.decrypt(nonce, rest, str(operator).encode()).decode()
        except (InvalidTag, ValueError) as error:
            message = (
                "BROADCASTER_SECRET_KEY: authenticators were set up with another key. Put it back,"
                " or let everybody set theirs up anew: 'operators invite --reset-factors'."
            )
            raise UnreadableError(message) from error
