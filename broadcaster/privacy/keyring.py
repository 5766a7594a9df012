"""The data keys: where they come from, and what is derived from each.

A key is 32 octets with a number; the file and the setting have lines `number=base64`. Three keys
are derived from each by HKDF (RFC 5869, with SHA-256): one seals, one makes the digests that values
are found by, and one is the proof by which a database knows the key again.
"""

import base64
import binascii
import fcntl
import hashlib
import hmac
import os
import secrets
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from broadcaster.errors import ConfigurationError

#: Octets of a key, and the largest number that one can have.
SIZE = 32
HIGHEST = 2**15 - 1

FILE = "BROADCASTER_DATA_KEY_FILE"
TEXT = "BROADCASTER_DATA_KEYS"
#: The most that a file of keys may hold, octets.
_LARGEST = 64 * 1024
#: Who else than its owner and group may look, and who may change it: nobody.
_FORBIDDEN = stat.S_IWGRP | stat.S_IXGRP | stat.S_IRWXO

_HEAD = (
    "# Keys of personal data. Without them it is lost: keep a copy elsewhere, and show nobody.\n"
)


class Keys(Mapping[int, bytes]):
    """Keys by number, in order; never shown."""

    def __init__(self, keys: Mapping[int, bytes]) -> None:
        """Keep them."""
        self._keys = dict(sorted(keys.items()))

    def __getitem__(self, number: int) -> bytes:
        """Give a key."""
        return self._keys[number]

    def __iter__(self) -> Iterator[int]:
        """List the numbers, the oldest first."""
        return iter(self._keys)

    def __len__(self) -> int:
        """Count them."""
        return len(self._keys)

    def __repr__(self) -> str:
        """Show the numbers alone."""
        return f"Keys({list(self._keys)})"


def derive(key: bytes, purpose: str) -> bytes:
    """Derive the key of a purpose: HKDF-SHA256 without salt, one block of 32 octets."""
    extracted = hmac.digest(bytes(hashlib.sha256().digest_size), key, "sha256")
    return hmac.digest(extracted, f"broadcaster:{purpose}".encode() + b"\x01", "sha256")


def proof(key: bytes) -> bytes:
    """Give what a database keeps of a key, to know it again; it reveals nothing of it."""
    return derive(key, "proof")[:16]


def read(text: str, file: Path) -> Keys:
    """Read the keys: of the setting `text` where there is one, else of the file.

    None when there is neither. ConfigurationError naming the setting, its problem and the remedy.
    """
    if text:
        return _parsed(text.replace(";", "\n"), TEXT)
    if not file.exists():
        return Keys({})
    try:
        with file.open("rb") as stream:
            _require_private(file, os.fstat(stream.fileno()))
            content = stream.read(_LARGEST + 1)
    except OSError as error:
        message = f"{FILE}: {file} cannot be read ({error.strerror}). Give this account the right."
        raise ConfigurationError(message) from error
    if len(content) > _LARGEST:
        message = f"{FILE}: {file} is larger than {_LARGEST} octets. Name a file of keys."
        raise ConfigurationError(message)
    return _parsed(content.decode("utf-8", "replace"), f"{FILE}: {file}")


def add(file: Path) -> int:
    """Make a key and add it to the file, which is made when missing; its number.

    One at a time does it, so that no key is lost; those who find no file agree on one first key.
    ConfigurationError when the file can not be read or written.
    """
    there = file.exists()
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _alone(file.parent):
            present = read("", file)
            # Somebody else was quicker with the first one.
            return max(present) if present and not there else _added(file, present)
    except OSError as error:
        message = f"{FILE}: {file} cannot be written ({error.strerror}). Name another place."
        raise ConfigurationError(message) from error


def _added(file: Path, present: Mapping[int, bytes]) -> int:
    number = max(present, default=0) + 1
    if number > HIGHEST:
        message = f"{FILE}: {file} has the last number that a key can have. Begin another file."
        raise ConfigurationError(message)
    keys = {**present, number: secrets.token_bytes(SIZE)}
    text = _HEAD + "".join(f"{one}={base64.b64encode(key).decode()}\n" for one, key in keys.items())
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(file)
    return number


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep others out who add a key to a file of this folder, in any process."""
    # The file itself is replaced, and so is no place for a lock.
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _require_private(file: Path, found: os.stat_result) -> None:
    if found.st_mode & _FORBIDDEN:
        message = f"{FILE}: others can read or change {file}. Type: chmod 600 {file}"
        raise ConfigurationError(message)


def _parsed(text: str, where: str) -> Keys:
    keys: dict[int, bytes] = {}
    for place, line in enumerate(text.splitlines(), 1):
        words = line.strip()
        if not words or words.startswith("#"):
            continue
        number, equals, value = words.partition("=")
        # What stands there is not repeated: it may be most of a key.
        problem = f"{where}, line {place}: is no key. Write number=base64 of {SIZE} octets."
        if not equals or not number.strip().isdecimal():
            raise ConfigurationError(problem)
        try:
            key = base64.b64decode(value.strip(), validate=True)
        except (binascii.Error, ValueError) as error:
            raise ConfigurationError(problem) from error
        if len(key) != SIZE or not 1 <= int(number) <= HIGHEST:
            raise ConfigurationError(problem)
        if int(number) in keys:
            message = f"{where}, line {place}: key {int(number)} stands there twice. Remove one."
            raise ConfigurationError(message)
        keys[int(number)] = key
    return Keys(keys)
