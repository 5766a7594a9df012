"""What a file has no column for stays as it is, in plain and sealed, tried and done."""

import json
from pathlib import Path
from typing import Any

import pytest

from broadcaster.audience.store import Customers, Saved
from broadcaster.domain.customer import BrokenAddress, CustomerRecord
from broadcaster.domain.message import Address, Channel, Scheme
from broadcaster.ledger.pool import LedgerPool
from broadcaster.ports import Vault, open_address, open_broken, open_names
from broadcaster.ports.sealing import NO_KEYS
from tests.builders import address, customer
from tests.commands import Run, run
from tests.vaults import sealed

__all__ = ["run"]

_NO_MAIL = BrokenAddress(channel=Channel.EMAIL, raw="a@@b", fault="NOT_ONE_AT")
_NO_PHONE = BrokenAddress(channel=Channel.SMS, raw="12", fault="TOO_SHORT")
_OTHER_PHONE = BrokenAddress(channel=Channel.SMS, raw="1E+09", fault="NOT_A_NUMBER")
_PUSH = Address(scheme=Scheme.WEBPUSH, value="https://p.test/1", keys={"auth": "a"})
_FULL = customer(
    1,
    name_latin="Amina",
    locales=("fr", "ar"),
    time_zone="Europe/Paris",
    household="H1",
    attributes={"district": "Anfa", "feeder": "F1"},
    addresses=(address(Scheme.TEL, 1), address(Scheme.MAILTO, 1), _PUSH),
    broken=(_NO_MAIL, _NO_PHONE),
)
#: What a reader makes of a row in which nothing stands beside number and name.
_BARE: dict[str, Any] = {
    "name": _FULL.name,
    "name_latin": None,
    "locales": ("ar",),
    "addresses": (),
}


@pytest.fixture(params=["plain", "sealed"])
def vault(request: pytest.FixtureRequest, pool: LedgerPool) -> Vault:
    """Give what opens a database in plain, and one that is sealed."""
    return sealed(pool, 1) if request.param == "sealed" else NO_KEYS


def _held(pool: LedgerPool, vault: Vault) -> dict[str, Any]:
    """Give everything that is known of the first customer."""
    own = "SELECT id, number, name, name_latin, sealed, locales, time_zone, household, attributes"
    with pool.connection() as connection:
        row = connection.execute(f"{own} FROM customer WHERE number = 'C000001'").fetchone()
        assert row is not None
        found = connection.execute(
            "SELECT scheme, value, keys, sealed, digest FROM customer_address"
            " JOIN address ON address.id = address_id WHERE customer_id = %s"
            " ORDER BY customer_address.channel, ordinal",
            [row[0]],
        ).fetchall()
        broken = connection.execute(
            "SELECT channel, raw FROM broken_address WHERE customer_id = %s ORDER BY channel",
            [row[0]],
        ).fetchall()
    opened = [
        open_address(vault, Scheme(scheme), (value, keys), (octets, digest))
        for scheme, value, keys, octets, digest in found
    ]
    return {
        "names": open_names(vault, row[1], row[2:4], row[4]),
        "locales": tuple(row[5]),
        "time_zone": row[6],
        "household": row[7],
        "attributes": row[8],
        "sms": [one.value for one in opened if one.scheme is Scheme.TEL],
        "email": [one.value for one in opened if one.scheme is Scheme.MAILTO],
        "push": [one.value for one in opened if one.scheme is Scheme.WEBPUSH],
        "broken": [(channel, open_broken(vault, row[1], channel, raw)) for channel, raw in broken],
    }


@pytest.mark.parametrize(
    ("columns", "change", "expected"),
    [
        ((), {}, {}),
        ((), {"name": "آمال"}, {"names": ("آمال", "Amina")}),
        (("name_latin",), {}, {"names": (_FULL.name, None)}),
        (("name_latin",), {"name_latin": "Amal"}, {"names": (_FULL.name, "Amal")}),
        (("locales",), {}, {"locales": ("ar",)}),
        (("time_zone",), {}, {"time_zone": "Africa/Casablanca"}),
        (("household",), {}, {"household": None}),
        (("household",), {"household": "H2"}, {"household": "H2"}),
        (("feeder",), {}, {"attributes": {"district": "Anfa"}}),
        (
            ("feeder", "contract"),
            {"attributes": {"feeder": "F2", "contract": "business"}},
            {"attributes": {"district": "Anfa", "feeder": "F2", "contract": "business"}},
        ),
        (("phone",), {}, {"sms": [], "broken": [("email", "a@@b")]}),
        (("email_2",), {}, {"email": [], "broken": [("sms", "12")]}),
        (("fcm_token",), {}, {"push": []}),
        (
            ("phone",),
            {"addresses": (address(Scheme.TEL, 7),), "broken": (_NO_PHONE,)},
            {"sms": [address(Scheme.TEL, 7).value]},
        ),
        # Nothing but a damaged number: the known one is kept, and the damage is told.
        (
            ("phone",),
            {"broken": (_NO_PHONE,)},
            {},
        ),
        (
            ("phone",),
            {"broken": (_OTHER_PHONE,)},
            {"broken": [("sms", "1E+09"), ("email", "a@@b")]},
        ),
    ],
)
def test_only_what_the_file_has_a_column_for_is_changed(
    pool: LedgerPool,
    vault: Vault,
    columns: tuple[str, ...],
    change: dict[str, Any],
    expected: dict[str, Any],
) -> None:
    """An empty cell empties its value; a dry run and a second time tell the same."""
    customers = Customers(pool, vault)
    customers.save([_FULL])
    before = _held(pool, vault)
    given = frozenset(("number", "name", *columns))
    record = customer(1, **{**_BARE, **change})
    told = customers.save([record], given=given, dry_run=True)
    assert told == Saved(inserted=0, updated=int(bool(expected)), unchanged=int(not expected))
    assert _held(pool, vault) == before
    assert customers.save([record], given=given) == told
    assert _held(pool, vault) == {**before, **expected}
    again = customers.save([record], given=given, dry_run=True)
    assert again == Saved(inserted=0, updated=0, unchanged=1)


def test_a_new_customer_of_a_narrow_file_has_what_is_usual(pool: LedgerPool, vault: Vault) -> None:
    """And one who comes back has what is known from before."""
    customers = Customers(pool, vault)
    given = frozenset(("number", "name"))
    assert customers.save([customer(1, **_BARE)], given=given).inserted == 1
    held = _held(pool, vault)
    assert (held["locales"], held["household"], held["attributes"]) == (("ar",), None, {})
    customers.save([_FULL])
    with pool.connection() as connection:
        connection.execute("UPDATE customer SET left_at = now()")
    assert customers.save([customer(1, **_BARE)], given=given).updated == 1
    assert _held(pool, vault)["household"] == "H1"
    assert customers.count() == 1


def test_a_file_of_one_column_more_changes_that_alone(run: Run, tmp_path: Path) -> None:
    """As when the department of networks sends feeders for the customers of billing."""
    path = tmp_path / "f.csv"
    path.write_text("number,name,phone,district,household\nC1,A,0661234567,Anfa,H1\n")
    run("customers", "import", str(path))
    path.write_text("number,name,feeder\nC1,A,F7\n")
    done = json.loads(run("customers", "import", str(path), "--json").out)
    assert (done["updated"], done["inserted"]) == (1, 0)
    run("segments", "save", "there", 'district = "Anfa" and feeder = "F7"')
    assert run("customers", "count", "--segment", "there").out == "1\n"


def _records(*numbers: int) -> list[CustomerRecord]:
    return [customer(number) for number in numbers]


def test_two_files_give_one_customer_in_turn(pool: LedgerPool, vault: Vault) -> None:
    """Columns that two departments each know half of come together."""
    customers = Customers(pool, vault)
    customers.save(_records(1, 2))
    for name, value in (("feeder", "F1"), ("district", "Anfa")):
        given = frozenset(("number", "name", name))
        both = [customer(n, **_BARE, attributes={name: value}) for n in (1, 2)]
        assert customers.save(both, given=given).updated == 2
    assert customers.count('feeder = "F1" and district = "Anfa"') == 2
