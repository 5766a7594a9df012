"""Personal columns: sealed at rest, and still found by their exact value.

What is personal is kept as one sealed value a row, bound to its place and to its row, so that it
opens nowhere else. What has to be found again is kept as a keyed digest beside it. A row of a
database that nobody has sealed yet has plain columns instead, and both kinds are read.
"""

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Protocol

from broadcaster.domain.customer import BrokenAddress
from broadcaster.domain.message import Address, Scheme
from broadcaster.errors import ConfigurationError

#: Between the parts of a sealed text; no text of the database can hold it.
_BETWEEN = "\0"
#: What begins a sealed text in a column that also holds plain ones.
_MARK = "sealed:"


class Place(StrEnum):
    """What a value is; a value of one place opens, and is found, in no other."""

    ADDRESS = "address"
    CUSTOMER = "customer"
    BROKEN = "broken"
    NUMBER = "number"
    NAME = "name"
    NAME_LATIN = "name_latin"


class Sealer(Protocol):
    """Seals with the newest key that the database knows."""

    @property
    def key(self) -> int:
        """The number of that key."""
        ...

    def seal(self, place: Place, owner: bytes, text: str) -> bytes:
        """Seal a text for the row that `owner` names."""
        ...

    def digests(self, place: Place, text: str) -> Sequence[bytes]:
        """Give what the text is found by: under the newest key first, then under older ones."""
        ...


class Vault(Protocol):
    """Opens what was sealed; knows the keys and never shows them."""

    def open(self, place: Place, owner: bytes, sealed: bytes) -> str:
        """Open a value; ConfigurationError when its key is not here or is another one."""
        ...

    def digests(self, place: Place, text: str) -> Sequence[bytes]:
        """Give what a text may be found by, under every key that is here."""
        ...

    def sealer(self, known: Sequence[tuple[int, bytes]]) -> Sealer | None:
        """Give what seals for a database that knows these keys (numbers with their proofs).

        None when it knows none: its columns are plain. ConfigurationError when a key is not here,
        or is another one than the database was sealed with.
        """
        ...


class NoKeys:
    """A vault without a key, for a database whose columns are plain."""

    def open(self, place: Place, owner: bytes, sealed: bytes) -> str:
        """Refuse."""
        del place, owner
        raise missing(key_of(sealed))

    def digests(self, place: Place, text: str) -> Sequence[bytes]:
        """Find nothing that is sealed."""
        del place, text
        return ()

    def sealer(self, known: Sequence[tuple[int, bytes]]) -> Sealer | None:
        """Seal nothing; refuse where it has to."""
        if known:
            raise missing(known[-1][0])
        return None


#: The one vault without a key that is needed.
NO_KEYS = NoKeys()

#: What reads the keys that a database was sealed with, for `Vault.sealer`.
KNOWN_KEYS = "SELECT id, proof FROM data_key WHERE retired_at IS NULL ORDER BY id"


def missing(key: int) -> ConfigurationError:
    """Make the error of a key that is not here."""
    return ConfigurationError(
        f"BROADCASTER_DATA_KEY_FILE: has no key {key}, with which personal data is sealed. "
        "Put the file back that has it, or add the key to BROADCASTER_DATA_KEYS."
    )


def key_of(sealed: bytes) -> int:
    """Read with which key something was sealed, or a digest was made."""
    return int.from_bytes(sealed[:2], "big")


def address_text(scheme: Scheme, value: str) -> str:
    """Give the text by whose digest an address is found."""
    return f"{scheme.value}:{value}"


def seal_address(
    sealer: Sealer, digest: bytes, value: str, keys: Mapping[str, str] | None
) -> bytes:
    """Seal an address with its keys; `digest` is the newest one of its `address_text`."""
    tail = json.dumps(dict(keys), sort_keys=True) if keys else ""
    return sealer.seal(Place.ADDRESS, digest, f"{value}{_BETWEEN}{tail}")


def open_address(
    vault: Vault,
    scheme: Scheme,
    plain: tuple[str | None, Mapping[str, str] | None],
    sealed: tuple[bytes | None, bytes | None],
) -> Address:
    """Read an address from its columns: value and keys, sealed and digest."""
    value, keys = plain
    locked, digest = sealed
    if locked is not None:
        value, _, tail = vault.open(Place.ADDRESS, digest or b"", locked).partition(_BETWEEN)
        keys = json.loads(tail) if tail else None
    return Address(scheme=scheme, value=value or "", keys=keys or {})


def seal_names(sealer: Sealer, number: str, name: str, latin: str | None) -> bytes:
    """Seal a customer's names for the row of that number."""
    text = name if latin is None else f"{name}{_BETWEEN}{latin}"
    return sealer.seal(Place.CUSTOMER, number.encode(), text)


def open_names(
    vault: Vault, number: str, plain: tuple[str | None, str | None], sealed: bytes | None
) -> tuple[str, str | None]:
    """Read a customer's name, and the one in Latin letters, from their columns."""
    if sealed is None:
        return plain[0] or "", plain[1]
    name, between, latin = vault.open(Place.CUSTOMER, number.encode(), sealed).partition(_BETWEEN)
    return name, latin if between else None


def seal_broken(sealer: Sealer, number: str, broken: BrokenAddress) -> str:
    """Seal what was given as an address and is none, as a text for its column."""
    owner = f"{number}:{broken.channel.value}".encode()
    return _MARK + sealer.seal(Place.BROKEN, owner, broken.raw).hex()


def open_broken(vault: Vault, number: str, channel: str, raw: str) -> str:
    """Read what was given as an address and is none."""
    if not raw.startswith(_MARK):
        return raw
    owner = f"{number}:{channel}".encode()
    return vault.open(Place.BROKEN, owner, bytes.fromhex(raw.removeprefix(_MARK)))


def is_sealed(raw: str) -> bool:
    """Tell whether a text of a column that holds both is sealed."""
    return raw.startswith(_MARK)
