"""Keeping a text for some minutes so that the database alone does not tell it: AES-256-GCM.

The key is derived from the secret key of links, so that it works in a database that nobody has
sealed, too; what is wrapped is deleted as soon as it was looked at.
"""

import hashlib
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12


class Wrapping:
    """Wraps and unwraps short texts."""

    def __init__(self, key: bytes, purpose: str) -> None:
        """Derive a key of its own for `purpose`."""
        self._cipher = AESGCM(hashlib.blake2b(purpose.encode(), digest_size=32, key=key).digest())

    def __repr__(self) -> str:
        """Hide the key."""
        return "Wrapping()"

    def wrap(self, text: str) -> bytes:
        """Encrypt a text."""
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, text.encode(), None)

    def unwrap(self, wrapped: bytes) -> str | None:
        """Decrypt it; None for what was wrapped with another key, as before the key changed."""
        try:
            return self._cipher.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], None).decode()
        except (InvalidTag, ValueError):
            return None
