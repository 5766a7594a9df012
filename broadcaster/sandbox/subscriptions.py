"""The keys of simulated browsers: derived from the endpoint, so that nobody has to store them."""

import base64
import hashlib
from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

#: The number of points of P-256 (FIPS 186-5): a private scalar is from 1 to one below.
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_AUTH_LENGTH = 16


def keys(endpoint: str) -> Mapping[str, str]:
    """Give `p256dh` and `auth` of the subscription at an endpoint, as browsers report them.

    Both are base64url without padding (https://www.w3.org/TR/push-api/#pushencryptionkeyname-enum).
    The endpoint's last path segment is the subscription's id.
    """
    name = endpoint.rstrip("/").rpartition("/")[2]
    return {"p256dh": base64url(public_bytes(private_key(name))), "auth": base64url(auth(name))}


def private_key(name: str) -> ec.EllipticCurvePrivateKey:
    """Derive the private key of the subscription with an id."""
    digest = hashlib.sha256(b"broadcaster sandbox subscription" + name.encode()).digest()
    scalar = int.from_bytes(digest, "big") % (_ORDER - 1) + 1
    return ec.derive_private_key(scalar, ec.SECP256R1())


def auth(name: str) -> bytes:
    """Derive the authentication secret of the subscription with an id."""
    return hashlib.sha256(b"auth" + name.encode()).digest()[:_AUTH_LENGTH]


def public_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Give the public key as an uncompressed point."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def base64url(data: bytes) -> str:
    """Encode without padding (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def unbase64url(text: str) -> bytes:
    """Decode, padded or not; ValueError for anything else."""
    if not text.isascii():
        message = "not base64url"
        raise ValueError(message)
    padded = text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4)
    return base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True)
