"""Signing alerts: an enveloped XML signature, RSA with SHA-256, as CAP 1.2 asks (3.3.4.1)."""

from pathlib import Path

from broadcaster.errors import ConfigurationError

# Libraries are loaded where a key is set.
# ruff: noqa: PLC0415

_LARGEST = 100_000


class Signer:
    """Signs with a key and a certificate from files; neither is shown or logged."""

    def __init__(self, key: Path, certificate: Path) -> None:
        """Read both; ConfigurationError naming the setting, never their content."""
        self._key = _read("CAP_KEY_FILE", key)
        self._certificate = _read("CAP_CERTIFICATE_FILE", certificate)
        self._check()

    def __repr__(self) -> str:
        """Hide the key."""
        return "Signer()"

    def sign(self, document: str) -> str:
        """Give the document with its signature as the last element of the alert."""
        from lxml import etree  # type: ignore[import-untyped]  # (the library has no types)
        from signxml.algorithms import (
            DigestAlgorithm,
            SignatureConstructionMethod,
            SignatureMethod,
        )
        from signxml.signer import XMLSigner

        signer = XMLSigner(
            method=SignatureConstructionMethod.enveloped,
            signature_algorithm=SignatureMethod.RSA_SHA256,
            digest_algorithm=DigestAlgorithm.SHA256,
        )
        root = etree.fromstring(document.encode())
        signed = signer.sign(root, key=self._key, cert=self._certificate.decode())
        text: bytes = etree.tostring(signed, xml_declaration=True, encoding="UTF-8")
        return f"{text.decode()}\n"

    def _check(self) -> None:
        """Find out now what would fail in the night."""
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
        from cryptography.x509 import load_pem_x509_certificate

        try:
            key = load_pem_private_key(self._key, None)
        except (TypeError, ValueError):
            raise _refuse("CAP_KEY_FILE", "is no private key in PEM without a password") from None
        if not isinstance(key, RSAPrivateKey):
            raise _refuse("CAP_KEY_FILE", "is no key of RSA")
        try:
            certificate = load_pem_x509_certificate(self._certificate)
        except ValueError:
            raise _refuse("CAP_CERTIFICATE_FILE", "is no certificate in PEM") from None
        if certificate.public_key() != key.public_key():
            raise _refuse("CAP_CERTIFICATE_FILE", "belongs to another key")


def _read(name: str, path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(_LARGEST)
    except OSError as error:
        raise _refuse(name, f"cannot be read ({error.strerror})") from None


def _refuse(name: str, problem: str) -> ConfigurationError:
    message = f"BROADCASTER_{name}: {problem}. Name the right file, or take the setting out."
    return ConfigurationError(message)
