"""Who signs mails, as the settings say, and what is refused of a key's file."""

import asyncio
import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from broadcaster.channels import dkim_keys
from broadcaster.domain.message import EmailContent, Scheme
from broadcaster.errors import InvalidInputError
from broadcaster.ports import MailSigner
from broadcaster.providers import smtp
from broadcaster.providers._dkim import signers_of
from tests import builders
from tests.networks import SmtpNetwork, context, options


def _file(folder: Path, pem: bytes, mode: int = 0o600) -> Path:
    path = folder / f"{len(list(folder.iterdir()))}.pem"
    path.touch(mode=0o600)
    path.write_bytes(pem)
    path.chmod(mode)
    return path


def _read(**values: object) -> tuple[MailSigner, ...]:
    return signers_of(options("smtp", **values), "lydec.test")


def _refusal(**values: object) -> str:
    with pytest.raises(InvalidInputError) as error:
        _read(**values)
    return str(error.value)


def test_nothing_set_means_nobody_signs() -> None:
    """A relay that signs by itself needs none of it."""
    assert _read() == ()


def test_the_kind_of_key_is_recognised(tmp_path: Path) -> None:
    """Two keys, two signers; the domain is that of the sender unless another is named."""
    files = [_file(tmp_path, dkim_keys.make(name)) for name in ("rsa", "ed25519")]
    first, second = _read(
        DKIM_SELECTOR="r1", DKIM_KEY_FILE=files[0], DKIM_SELECTOR_2="e1", DKIM_KEY_FILE_2=files[1]
    )
    assert (first.domain, first.selector, first.algorithm) == ("lydec.test", "r1", "rsa-sha256")
    assert (second.selector, second.algorithm) == ("e1", "ed25519-sha256")
    (other,) = _read(DKIM_DOMAIN="a.test", DKIM_SELECTOR_2="e1", DKIM_KEY_FILE_2=files[1])
    assert other.domain == "a.test"
    assert repr(other) == ("MailSigner(domain='a.test', selector='e1', algorithm='ed25519-sha256')")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644, 0o666])
def test_a_key_that_others_can_use_is_refused(tmp_path: Path, mode: int) -> None:
    """Whoever reads it can send in our name; the remedy is said."""
    path = _file(tmp_path, dkim_keys.make("ed25519"), mode)
    refusal = _refusal(DKIM_SELECTOR="s", DKIM_KEY_FILE=path)
    assert "SMTP_DKIM_KEY_FILE: can be used by others" in refusal
    assert "chmod 600" in refusal


def _pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, word: bytes = b"") -> bytes:
    encryption = BestAvailableEncryption(word) if word else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


@pytest.mark.parametrize(
    ("pem", "words"),
    [
        (b"", "no private key"),
        (b"\xff" * 100, "no private key"),
        (b"-----BEGIN PRIVATE KEY-----\nSECRET\n-----END PRIVATE KEY-----\n", "no private key"),
        (b"x" * 20_000, "too long"),
        (_pem(ec.generate_private_key(ec.SECP256R1())), "another kind"),
        (_pem(rsa.generate_private_key(65537, 1024)), "1024 bits"),  # noqa: S505  (refused, thus)
        (_pem(rsa.generate_private_key(65537, 2048), b"word"), "no private key"),
    ],
)
def test_what_is_no_key_is_refused(tmp_path: Path, pem: bytes, words: str) -> None:
    """The option is named and nothing of the file is shown."""
    refusal = _refusal(DKIM_SELECTOR="s", DKIM_KEY_FILE=_file(tmp_path, pem))
    assert "SMTP_DKIM_KEY_FILE: " in refusal
    assert words in refusal
    assert "SECRET" not in refusal


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    """A folder, a pipe that nobody writes to, and nothing at all."""
    os.mkfifo(tmp_path / "pipe", 0o600)
    assert "can't be read" in _refusal(DKIM_SELECTOR="s", DKIM_KEY_FILE=tmp_path / "none")
    assert "is no file" in _refusal(DKIM_SELECTOR="s", DKIM_KEY_FILE=tmp_path / "pipe")
    assert "can't be read" in _refusal(DKIM_SELECTOR="s", DKIM_KEY_FILE=tmp_path)


def test_half_a_setting_is_refused(tmp_path: Path) -> None:
    """What is missing, or cannot be, is named."""
    path = _file(tmp_path, dkim_keys.make("ed25519"))
    assert "DKIM_KEY_FILE: is not set" in _refusal(DKIM_SELECTOR="s")
    assert "DKIM_SELECTOR: is not set" in _refusal(DKIM_KEY_FILE=path)
    assert "DKIM_SELECTOR_2: is not set" in _refusal(DKIM_KEY_FILE_2=path)
    assert "DKIM_SELECTOR: is not set" in _refusal(DKIM_DOMAIN="a.test")
    assert "DKIM_SELECTOR: is no selector" in _refusal(DKIM_SELECTOR="a;b", DKIM_KEY_FILE=path)
    assert "DKIM_DOMAIN: is no domain" in _refusal(DKIM_DOMAIN="a b", DKIM_SELECTOR="s")
    same = {"DKIM_SELECTOR": "s", "DKIM_KEY_FILE": path}
    again = {"DKIM_SELECTOR_2": "S", "DKIM_KEY_FILE_2": path}
    assert "DKIM_SELECTOR_2: is the first" in _refusal(**same, **again)


def test_the_provider_hands_over_signed_mails(tmp_path: Path) -> None:
    """What arrives at the relay begins with the signature."""
    path = _file(tmp_path, dkim_keys.make("ed25519"))
    content = EmailContent(subject="Lydec", text="Bonjour\n", html="<p>Bonjour</p>")
    message = builders.message(address=builders.address(Scheme.MAILTO), content=content)

    async def scenario() -> bytes:
        async with SmtpNetwork() as network:
            values = {"HOST": "127.0.0.1", "PORT": network.port, "TLS": "none"}
            keys = {"DKIM_SELECTOR": "s1", "DKIM_KEY_FILE": path}
            provider = smtp.build(
                options("smtp", FROM="advisories@lydec.test", **values, **keys), context()
            )
            await provider.submit([message])
            await provider.aclose()
            return network.mails[0]

    mail = asyncio.run(scenario())
    assert mail.startswith(
        b"DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; d=lydec.test"
    )
