"""Keys of personal data: where they come from, what is refused, and what they open."""

import base64
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from broadcaster.domain.customer import BrokenAddress
from broadcaster.domain.message import Channel, Scheme
from broadcaster.errors import ConfigurationError
from broadcaster.ports import (
    NO_KEYS,
    Place,
    address_text,
    open_address,
    open_broken,
    open_names,
    seal_address,
    seal_broken,
    seal_names,
)
from broadcaster.privacy import keyring
from broadcaster.privacy.vault import KeySealer, KeyVault
from tests.vaults import vault

_KEY = base64.b64encode(bytes(range(32))).decode()
_TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


def _sealer(keys: KeyVault, *numbers: int) -> KeySealer:
    sealer = keys.sealer([(number, keys.proof(number)) for number in numbers])
    assert sealer is not None
    return sealer


@pytest.mark.parametrize("purpose", ["seal", "search", "proof"])
def test_keys_are_derived_as_hkdf_says(purpose: str) -> None:
    """The same as another's implementation of RFC 5869, and different for each purpose."""
    key = bytes(range(32))
    info = f"broadcaster:{purpose}".encode()
    other = HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(key)
    assert keyring.derive(key, purpose) == other
    assert keyring.derive(key, "other") != other


def test_a_file_of_keys_is_made_for_its_owner_alone_and_only_grows(tmp_path: Path) -> None:
    """The keys that were there before stay, in order."""
    file = tmp_path / "keys" / "data_keys"
    assert keyring.add(file) == 1
    first = keyring.read("", file)
    assert keyring.add(file) == 2
    both = keyring.read("", file)
    assert list(both) == [1, 2]
    assert both[1] == first[1] != both[2]
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["data_keys"]


def test_keys_that_are_made_at_once_are_all_kept(tmp_path: Path) -> None:
    """Each has a number of its own, and none takes another's place."""
    file = tmp_path / "data_keys"
    assert keyring.add(file) == 1
    first = keyring.read("", file)[1]
    with ThreadPoolExecutor(8) as many:
        numbers = list(many.map(lambda _: keyring.add(file), range(40)))
    assert sorted(numbers) == list(range(2, 42))
    kept = keyring.read("", file)
    assert list(kept) == list(range(1, 42))
    assert kept[1] == first
    assert [path.name for path in tmp_path.iterdir()] == ["data_keys"]


def test_first_keys_that_are_made_at_once_are_told_as_they_are_kept(tmp_path: Path) -> None:
    """Such as by several workers that are started together: none of them is lost."""
    file = tmp_path / "data_keys"
    with ThreadPoolExecutor(8) as many:
        numbers = list(many.map(lambda _: keyring.add(file), range(8)))
    assert sorted(set(numbers)) == list(keyring.read("", file))


def test_a_missing_file_is_no_keys(tmp_path: Path) -> None:
    """Whether that is a fault depends on the database."""
    assert len(keyring.read("", tmp_path / "none")) == 0


def test_the_setting_counts_instead_of_the_file(tmp_path: Path) -> None:
    """Several keys are divided by semicolons."""
    keys = keyring.read(f"2={_KEY}; 7={_KEY}", tmp_path / "none")
    assert list(keys) == [2, 7]
    assert keys[7] == bytes(range(32))
    assert _KEY not in repr(keys)


@pytest.mark.parametrize("mode", [0o604, 0o620, 0o602, 0o644])
def test_a_file_that_others_can_use_is_refused(tmp_path: Path, mode: int) -> None:
    """With the command that mends it."""
    file = tmp_path / "data_keys"
    keyring.add(file)
    file.chmod(mode)
    with pytest.raises(ConfigurationError, match=r"DATA_KEY_FILE.*chmod 600"):
        keyring.read("", file)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("secret", "line 1: is no key"),
        ("x=" + _KEY, "line 1: is no key"),
        ("0=" + _KEY, "line 1: is no key"),
        ("40000=" + _KEY, "line 1: is no key"),
        (f"1={_KEY};2=AAAA", "line 2: is no key"),
        ("1=%%%%", "line 1: is no key"),
        (f"1={_KEY};1={_KEY}", "key 1 stands there twice"),
    ],
)
def test_what_is_no_key_is_refused_without_being_shown(
    tmp_path: Path, text: str, words: str
) -> None:
    """Most of a key would be as bad in a log as all of it."""
    with pytest.raises(ConfigurationError, match=words) as caught:
        keyring.read(text, tmp_path / "none")
    assert _KEY not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_file_too_large_is_refused(tmp_path: Path) -> None:
    """Somebody named another file."""
    file = tmp_path / "large"
    file.touch(mode=0o600)
    file.write_bytes(b"#" * 70_000)
    with pytest.raises(ConfigurationError, match="larger than"):
        keyring.read("", file)


@given(value=_TEXTS, keys=st.dictionaries(st.sampled_from(["p256dh", "auth"]), _TEXTS))
def test_an_address_opens_as_it_was_sealed(value: str, keys: dict[str, str]) -> None:
    """With its keys; only in its own row."""
    box = vault(3)
    sealer = _sealer(box, 3)
    digest = sealer.digests(Place.ADDRESS, address_text(Scheme.WEBPUSH, value))[0]
    sealed = seal_address(sealer, digest, value, keys)
    found = open_address(box, Scheme.WEBPUSH, (None, None), (sealed, digest))
    assert (found.value, dict(found.keys)) == (value, keys)
    with pytest.raises(ConfigurationError):
        open_address(box, Scheme.WEBPUSH, (None, None), (sealed, b"another"))


@given(name=_TEXTS, latin=st.none() | _TEXTS)
def test_names_open_as_they_were_sealed(name: str, latin: str | None) -> None:
    """A missing one is not an empty one; only in the row of their number."""
    box = vault(1)
    sealed = seal_names(_sealer(box, 1), "C1", name, latin)
    assert open_names(box, "C1", (None, None), sealed) == (name, latin)
    with pytest.raises(ConfigurationError):
        open_names(box, "C2", (None, None), sealed)


def test_a_broken_address_is_a_text_either_way() -> None:
    """Plain ones of before are read as they are."""
    box = vault(1)
    broken = BrokenAddress(channel=Channel.SMS, raw="0522", fault="NOT_MOBILE")
    sealed = seal_broken(_sealer(box, 1), "C1", broken)
    assert "0522" not in sealed
    assert open_broken(box, "C1", "sms", sealed) == "0522"
    assert open_broken(box, "C1", "sms", "0522") == "0522"


def test_the_same_value_is_sealed_otherwise_each_time_and_found_the_same() -> None:
    """Nobody sees in the database what is equal, but by the digest."""
    box = vault(1)
    sealer = _sealer(box, 1)
    assert seal_names(sealer, "C1", "Amina", None) != seal_names(sealer, "C1", "Amina", None)
    assert sealer.digests(Place.NAME, "Amina") == sealer.digests(Place.NAME, "Amina")
    assert sealer.digests(Place.NAME, "Amina") != sealer.digests(Place.NAME_LATIN, "Amina")


def test_each_key_has_its_digest_and_the_newest_seals() -> None:
    """A vault finds under all keys that it has, a sealer under those that the database knows."""
    box = vault(1, 2, 3)
    sealer = _sealer(box, 1, 2)
    assert sealer.key == 2
    newer, older = sealer.digests(Place.NAME, "Amina")
    assert (newer[:2], older[:2]) == (b"\0\2", b"\0\1")
    assert set(box.digests(Place.NAME, "Amina")) > {newer, older}


def test_a_missing_or_another_key_is_one_clear_error() -> None:
    """And never a wrong text."""
    sealed = seal_names(_sealer(vault(2), 2), "C1", "Amina", None)
    for keys in (vault(1), NO_KEYS):
        with pytest.raises(ConfigurationError, match="has no key 2"):
            open_names(keys, "C1", (None, None), sealed)
    other = KeyVault(lambda: keyring.Keys({2: b"other" * 6 + b"ab"}))
    with pytest.raises(ConfigurationError, match="key 2 is not the one"):
        open_names(other, "C1", (None, None), sealed)
    with pytest.raises(ConfigurationError, match="key 2 is not the one"):
        other.sealer([(2, vault(2).proof(2))])
    with pytest.raises(ConfigurationError, match="has no key 2"):
        NO_KEYS.sealer([(2, b"")])
    with pytest.raises(ConfigurationError, match="damaged"):
        vault(2).open(Place.CUSTOMER, b"C1", sealed[:-1] + bytes([sealed[-1] ^ 1]))


def test_a_key_that_was_added_meanwhile_is_found() -> None:
    """A worker that runs need not be restarted for a rotation."""
    present = {1: b"a" * 32}
    box = KeyVault(lambda: keyring.Keys(present))
    newer = KeyVault(lambda: keyring.Keys({2: b"b" * 32}))
    sealed = seal_names(_sealer(newer, 2), "C1", "Amina", None)
    present[2] = b"b" * 32
    assert open_names(box, "C1", (None, None), sealed) == ("Amina", None)
    assert repr(box) == "KeyVault([1, 2])"
