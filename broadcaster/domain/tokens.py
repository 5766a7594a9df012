"""Signed tokens: links that only we can have made, short enough for an SMS."""

import binascii
import hashlib
import hmac
from functools import lru_cache

from broadcaster.domain.delivery import DeliveryId

#: Octets of the signature that are kept: 96 bits, beyond guessing over a network.
_KEPT = 12

#: What BLAKE2b takes as a key, octets.
_LONGEST_KEY = 64

#: From base64 to its form for URLs (RFC 4648, section 5).
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def sign(key: bytes, purpose: str, delivery: DeliveryId) -> str:
    """Make the token of a delivery for one purpose, `<campaign>-<number>.<signature>`.

    URL-safe, at most 36 characters. A token for one purpose is worth nothing for another.
    """
    name = str(delivery)
    return f"{name}.{_signature(key, purpose, name)}"


def verify(key: bytes, purpose: str, token: str) -> DeliveryId | None:
    """Give the delivery whose token this is; None for anything that we did not sign."""
    text, dot, signature = token.partition(".")
    if not dot or not signature.isascii():
        return None
    try:
        delivery = DeliveryId.parse(text)
    except ValueError:
        return None
    name = str(delivery)
    fits = hmac.compare_digest(_signature(key, purpose, name), signature)
    # The one way to write a delivery is the canonical one: 01-1 is not 1-1.
    return delivery if fits and name == text else None


def mac(key: bytes, purpose: str, name: str, octets: int) -> bytes:
    """Authenticate a name for one purpose, in so many octets (at most 64)."""
    # Keyed BLAKE2 is a MAC by itself (RFC 7693, section 2.9), and four times as fast as an HMAC.
    begun = _begun(key, purpose, octets).copy()
    begun.update(name.encode())
    return begun.digest()


def _signature(key: bytes, purpose: str, name: str) -> str:
    # Twelve octets are sixteen characters without padding.
    octets = mac(key, purpose, name, _KEPT)
    return binascii.b2a_base64(octets, newline=False).translate(_URL_SAFE).decode()


@lru_cache(maxsize=32)
def _begun(key: bytes, purpose: str, octets: int) -> "hashlib.blake2b":
    """Take in what all tokens of a purpose have in common, once: it is half of the work."""
    return hashlib.blake2b(f"{purpose}:".encode(), key=key[:_LONGEST_KEY], digest_size=octets)
