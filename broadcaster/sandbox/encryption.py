"""Opening what was encrypted for a browser (RFC 8291 over RFC 8188, `aes128gcm`)."""

import hashlib
import hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from broadcaster.sandbox import subscriptions

_SALT, _RECORD_SIZE, _POINT = 16, 4, 65
_HEADER = _SALT + _RECORD_SIZE + 1 + _POINT
_TAG = 16


def decrypt(name: str, body: bytes) -> bytes:
    """Open a message for the subscription with an id; ValueError when it is not for it.

    RFC 8291 section 4 allows a single record, and asks for the sender's public key as its key id.
    """
    if len(body) <= _HEADER + _TAG or body[_SALT + _RECORD_SIZE] != _POINT:
        message = "header is broken"
        raise ValueError(message)
    salt, point, sealed = body[:_SALT], body[_HEADER - _POINT : _HEADER], body[_HEADER:]
    if len(sealed) > int.from_bytes(body[_SALT : _SALT + _RECORD_SIZE], "big"):
        message = "more than one record"
        raise ValueError(message)
    sender = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    own = subscriptions.private_key(name)
    info = b"WebPush: info\x00" + subscriptions.public_bytes(own) + point
    shared = own.exchange(ec.ECDH(), sender)
    secret = _hkdf(subscriptions.auth(name), shared, info, 32)
    key = _hkdf(salt, secret, b"Content-Encoding: aes128gcm\x00", 16)
    nonce = _hkdf(salt, secret, b"Content-Encoding: nonce\x00", 12)
    try:
        padded = AESGCM(key).decrypt(nonce, sealed, None)
    except InvalidTag as error:
        message = "does not open"
        raise ValueError(message) from error
    plain, delimiter, padding = padded.rpartition(b"\x02")
    if not delimiter or padding.strip(b"\x00"):
        message = "padding is broken"
        raise ValueError(message)
    return plain


def _hkdf(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    """Derive up to 32 bytes (RFC 5869, with SHA-256)."""
    extracted = hmac.digest(salt, secret, hashlib.sha256)
    return hmac.digest(extracted, info + b"\x01", hashlib.sha256)[:length]
