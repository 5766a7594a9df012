"""Imports, new keys, rotations cut short and erasures in any order: no value is lost or doubled."""

import random
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from broadcaster.audience.store import Customers
from broadcaster.domain.customer import CustomerRecord
from broadcaster.domain.message import Address, Scheme
from broadcaster.ports import open_address, open_names
from broadcaster.privacy import rotation
from broadcaster.privacy.rotation import Rotation
from broadcaster.privacy.vault import KeyVault
from tests.builders import NOON, customer
from tests.rows import Pool, Rows
from tests.vaults import erasure, vault

_STEPS = 25
#: Few, so that customers share them and they come back.
_PHONES = [Address(scheme=Scheme.TEL, value=f"+21266100000{n}", keys={}) for n in range(6)]
_BROWSERS = [
    Address(scheme=Scheme.WEBPUSH, value=f"https://push.test/{n}", keys={"auth": f"a{n}"})
    for n in range(3)
]

_HELD = """
SELECT customer.number, customer.name, customer.name_latin, customer.sealed,
       address.scheme, address.value, address.keys, address.sealed, address.digest
FROM customer LEFT JOIN customer_address ON customer_address.customer_id = customer.id
              LEFT JOIN address ON address.id = customer_address.address_id
"""
_ALL = """
SELECT scheme, value, keys, sealed, digest FROM address
WHERE value IS NOT NULL OR sealed IS NOT NULL
"""

Held = dict[str, tuple[str, str | None, frozenset[tuple[str, str]]]]


class Town:
    """What is in the database, and what should be."""

    def __init__(self, pool: Pool, chance: random.Random) -> None:
        self.pool = pool
        self.chance = chance
        self.rows = Rows(pool)
        self.keys: KeyVault = vault()
        self.count = 0
        self.wanted: Held = {}

    def step(self) -> None:
        steps = [self.save, self.save, self.rotate, self.key]
        if self.count:
            steps += [self.save, self.rotate, self.erase]
        self.chance.choice(steps)()

    def save(self) -> None:
        chosen = self.chance.sample(range(1, 8), self.chance.randint(1, 4))
        records = [self._record(number) for number in chosen]
        Customers(self.pool, self.keys).save(records)
        for one in records:
            values = frozenset((a.scheme.value, a.value) for a in one.addresses)
            self.wanted[one.number] = (one.name, one.name_latin, values)

    def key(self) -> None:
        if self.count < 4:
            self.count += 1
            self.keys = vault(*range(1, self.count + 1))
            Rotation(self.pool, self.keys).begin("tests")

    def rotate(self) -> None:
        if not self.count:
            return
        worker = Rotation(self.pool, self.keys)
        for place, _ in enumerate(worker.run()):
            if place == self.chance.randint(0, 4):
                return
        assert worker.stale() == 0
        worker.retire("tests")

    def erase(self) -> None:
        number = f"C{self.chance.randint(1, 7):06d}"
        done = erasure(self.pool, self.keys).erase(number, "tests", "chance", NOON)
        assert done.found == (self.wanted.pop(number, None) is not None)

    def check(self) -> None:
        found: dict[str, tuple[str, str | None, set[tuple[str, str]]]] = {}
        for number, name, latin, locked, scheme, *address in self.rows.ask(_HELD):
            names = open_names(self.keys, number, (name, latin), locked)
            values = found.setdefault(number, (*names, set()))[2]
            if scheme:
                one = open_address(
                    self.keys, Scheme(scheme), tuple(address[:2]), tuple(address[2:])
                )
                values.add((scheme, one.value))
                if one.scheme is Scheme.WEBPUSH:
                    assert dict(one.keys) == {"auth": f"a{one.value[-1]}"}
        assert {n: (a, b, frozenset(c)) for n, (a, b, c) in found.items()} == self.wanted
        held = [_opened(self.keys, row).value for row in self.rows.ask(_ALL)]
        assert len(held) == len(set(held))

    def _record(self, number: int) -> CustomerRecord:
        phones = self.chance.sample(_PHONES, self.chance.randint(0, 2))
        browsers = self.chance.sample(_BROWSERS, self.chance.randint(0, 1))
        name = self.chance.choice(["أمينة", "Youssef", "=1+1"])
        latin = self.chance.choice([None, "Amina", ""])
        return customer(number, name=name, name_latin=latin, addresses=(*phones, *browsers))


def _opened(keys: KeyVault, row: Sequence[Any]) -> Address:
    scheme, value, plain_keys, locked, digest = row
    return open_address(keys, Scheme(scheme), (value, plain_keys), (locked, digest))


@pytest.mark.parametrize("seed", range(6))
def test_whatever_happens_in_whatever_order_everybody_keeps_what_is_theirs(
    pool: Pool, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each value is one row, opens with the keys that are here, and belongs to whom it did."""
    monkeypatch.setattr(rotation, "_BATCH", 2)
    # No secret depends on it.
    town = Town(pool, random.Random(seed))  # noqa: S311  (a test's own chance)
    for _ in range(_STEPS):
        town.step()
        town.check()
    assert town.count > 1


def test_an_import_and_a_rotation_at_once_disturb_nobody(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither waits for the other for long, and what each did is there."""
    monkeypatch.setattr(rotation, "_BATCH", 2)
    town = Town(pool, random.Random(1))  # noqa: S311  (as above)
    town.save()
    town.key()
    town.save()
    faults: list[Exception] = []
    done = threading.Event()

    def rotate() -> None:
        try:
            while not done.is_set():
                list(Rotation(pool, town.keys).run())
        except Exception as error:  # noqa: BLE001  (carried to the test's own thread)
            faults.append(error)

    for _ in range(3):
        town.key()
        worker = threading.Thread(target=rotate)
        worker.start()
        for _ in range(8):
            town.save()
        done.set()
        worker.join(timeout=60)
        done.clear()
        assert faults == []
        town.check()
    town.rotate()
