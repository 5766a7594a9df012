"""Private keys that sign mails (RFC 6376, RFC 8463), out of their PEM form."""

from collections.abc import Callable

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from broadcaster.providers._key_file import KeyFileError

#: Key lengths that signers may use and verifiers must know, bits (RFC 8301, section 3.2).
_BITS = range(2048, 4097)

Sign = Callable[[bytes], bytes]


def read(pem: bytes) -> tuple[str, Sign]:
    """Give the algorithm of a private key and what signs with it; KeyFileError."""
    remedy = "Give an RSA or Ed25519 private key in PEM form, without a password."
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyFileError("holds no private key that we can read", remedy) from None
    if isinstance(key, Ed25519PrivateKey):
        return "ed25519-sha256", key.sign
    if not isinstance(key, RSAPrivateKey):
        raise KeyFileError("holds a key of another kind", remedy)
    if key.key_size not in _BITS:
        raise KeyFileError(
            f"holds an RSA key of {key.key_size} bits", "Use one of 2048 to 4096 bits."
        )
    return "rsa-sha256", _rsa(key)


def _rsa(key: RSAPrivateKey) -> Sign:
    padding, algorithm = PKCS1v15(), Prehashed(SHA256())
    return lambda digest: key.sign(digest, padding, algorithm)
