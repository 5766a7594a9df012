"""The service account of the simulated FCM, in a file like Google's."""

import json
import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from broadcaster.errors import ConfigurationError

PROJECT = "broadcaster-sandbox"
_NAME = "service-account.json"


def service_account_file(folder: Path, base_url: str) -> Path:
    """Make the file, readable to its owner only, unless it is there; give its path.

    It names the token address below `base_url`; when that has changed, the file is written anew
    with the same key. ConfigurationError when the file is there and is none.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / _NAME
    token_uri = f"{base_url.rstrip('/')}/token"
    if not path.exists():
        _write(path, _fresh(token_uri), first=True)
    account = read_account(path)
    if account["token_uri"] != token_uri:
        _write(path, {**account, "token_uri": token_uri}, first=False)
    return path


def read_account(path: Path) -> dict[str, str]:
    """Read the file; ConfigurationError when it is none."""
    try:
        account: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
        _private_key(account)
        if not account["token_uri"]:
            raise ValueError  # noqa: TRY301  (told once, below)
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        message = f"{path} is no service account of the sandbox. Remove it to have a new one made."
        raise ConfigurationError(message) from error
    return account


def public_key(account: dict[str, str]) -> rsa.RSAPublicKey:
    """Give the key with which the account's assertions are checked."""
    return _private_key(account).public_key()


def _private_key(account: dict[str, str]) -> rsa.RSAPrivateKey:
    """Load the key; TypeError, ValueError. We made it: the slow proof of its primes is spared."""
    pem = account["private_key"].encode("ascii")
    key = load_pem_private_key(pem, password=None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError
    return key


def _fresh(token_uri: str) -> dict[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")
    return {
        "type": "service_account",
        "project_id": PROJECT,
        "private_key_id": secrets.token_hex(20),
        "private_key": pem,
        "client_email": f"sender@{PROJECT}.test",
        "client_id": str(secrets.randbelow(10**20)),
        "token_uri": token_uri,
        "universe_domain": "googleapis.com",
    }


def _write(path: Path, account: dict[str, str], *, first: bool) -> None:
    """Write aside and put in place: two processes that make it at once agree on one key."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    try:
        draft.write_text(json.dumps(account, indent=2), encoding="utf-8")
        if first:
            os.link(draft, path)
        else:
            draft.replace(path)
    except FileExistsError:
        return
    finally:
        draft.unlink(missing_ok=True)
