"""Keys for DKIM, and the DNS record that shows their public half (RFC 6376, 3.6; RFC 8463)."""

import base64
from collections.abc import Callable, Mapping
from types import MappingProxyType

from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from broadcaster.errors import InvalidInputError

#: The most octets of one string of a TXT record (RFC 1035, section 3.3).
_STRING = 255

_MAKE: Mapping[str, Callable[[], PrivateKeyTypes]] = MappingProxyType(
    {
        "ed25519": ed25519.Ed25519PrivateKey.generate,
        # 2048: longer ones are not read everywhere (RFC 8301), and take longer to sign with.
        "rsa": lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
    }
)

ALGORITHMS = tuple(_MAKE)


def make(algorithm: str) -> bytes:
    """Make a private key, in PEM form; `algorithm` is one of ALGORITHMS."""
    if algorithm not in _MAKE:
        raise InvalidInputError(
            "algorithm", f"{algorithm!r} is unknown", f"Use one of {', '.join(ALGORITHMS)}."
        )
    key = _MAKE[algorithm]()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def record(pem: bytes) -> str:
    """Write what the DNS record of a key says; InvalidInputError when it is no such key."""
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError):
        key = None
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return _written("ed25519", key.public_key().public_bytes_raw())
    if isinstance(key, rsa.RSAPrivateKey):
        public = key.public_key()
        octets = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return _written("rsa", octets)
    raise InvalidInputError(
        "key file", "holds no RSA or Ed25519 private key", "Make one with 'broadcaster mail key'."
    )


def strings(text: str) -> str:
    """Write a TXT record's text as a zone file wants it: quoted, in strings that are not too long.

    The text has neither quotes nor backslashes.
    """
    parts = [text[start : start + _STRING] for start in range(0, len(text), _STRING)]
    return " ".join(f'"{part}"' for part in parts)


def _written(kind: str, public: bytes) -> str:
    return f"v=DKIM1; k={kind}; p={base64.b64encode(public).decode('ascii')}"
