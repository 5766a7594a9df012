"""Dry runs and full lists, in a real database: who would change, who has left, who comes back."""

import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from broadcaster.audience.audience import SegmentAudience
from broadcaster.audience.leaving import Snapshot
from broadcaster.audience.store import Customers, Saved
from broadcaster.domain.customer import BrokenAddress, CustomerRecord
from broadcaster.domain.message import Address, Channel, MessageClass, Scheme
from broadcaster.errors import ConflictError, InvalidInputError
from broadcaster.ledger.pool import LedgerPool
from broadcaster.planning.forecast import Forecaster
from broadcaster.planning.planner import Planner
from tests.builders import NOON, address, customer
from tests.fakes import FakeRenderer
from tests.rows import Pool, Rows
from tests.vaults import sealed

ROOT = Path(__file__).parent.parent.parent
_SMS = (Channel.SMS, MessageClass.SERVICE)
_NEWS = (Channel.EMAIL, MessageClass.PROMOTIONAL)
_BROKEN = BrokenAddress(channel=Channel.EMAIL, raw="a@@b", fault="NOT_ONE_AT")
_PUSH = Address(scheme=Scheme.WEBPUSH, value="https://p.test/1", keys={"auth": "a", "p256dh": "b"})
_PUSH_AGAIN = Address(scheme=Scheme.WEBPUSH, value="https://p.test/1", keys={"auth": "c"})


def _everything(pool: LedgerPool) -> list[list[tuple[Any, ...]]]:
    tables = ("customer", "address", "customer_address", "broken_address", "consent")
    with pool.connection() as connection:
        return [connection.execute(f"TABLE {name} ORDER BY 1, 2").fetchall() for name in tables]


def _full(**more: object) -> CustomerRecord:
    usual: dict[str, Any] = {
        "name_latin": "Amina",
        "locales": ("ar", "fr"),
        "attributes": {"district": "Anfa", "services": ("water",)},
        "addresses": (address(Scheme.TEL, 1), address(Scheme.MAILTO, 1), _PUSH),
        "broken": (_BROKEN,),
        "opted_out": (_SMS,),
        "consented": (_NEWS,),
    }
    return customer(1, **{**usual, **more})


@pytest.fixture(params=["plain", "sealed"])
def customers(request: pytest.FixtureRequest, pool: LedgerPool) -> Customers:
    """Give customers whose names and addresses are kept in plain, and such as are sealed."""
    return Customers(pool, sealed(pool, 1)) if request.param == "sealed" else Customers(pool)


def test_who_is_as_before_is_left_alone(pool: LedgerPool, customers: Customers) -> None:
    """Not even the time of the last change moves, nor is a row written again."""
    records = [_full(), customer(2), customer(3, addresses=(address(Scheme.TEL, 3),))]
    assert customers.save(records) == Saved(inserted=3, updated=0)
    with pool.connection() as connection:
        before = connection.execute("SELECT xmin, ctid, * FROM customer ORDER BY id").fetchall()
    assert customers.save(records) == Saved(inserted=0, updated=0, unchanged=3)
    with pool.connection() as connection:
        after = connection.execute("SELECT xmin, ctid, * FROM customer ORDER BY id").fetchall()
    assert before == after


@pytest.mark.parametrize(
    "change",
    [
        {"name": "آمال"},
        {"name_latin": None},
        {"locales": ("fr", "ar")},
        {"time_zone": "Europe/Paris"},
        {"attributes": {"district": "Anfa"}},
        {"attributes": {"district": "Anfa", "services": ("water", "electricity")}},
        {"addresses": ()},
        {"addresses": (address(Scheme.TEL, 1), address(Scheme.MAILTO, 2), _PUSH)},
        {"addresses": (address(Scheme.TEL, 9), address(Scheme.MAILTO, 1), _PUSH)},
        {"addresses": (address(Scheme.TEL, 1), address(Scheme.MAILTO, 1), _PUSH_AGAIN)},
        {"addresses": (*(address(Scheme.TEL, n) for n in (1, 2)), address(Scheme.MAILTO, 1))},
        {"broken": ()},
        {"broken": (BrokenAddress(channel=Channel.EMAIL, raw="a@@b", fault="OTHER"),)},
        {"opted_out": (_SMS, (Channel.PUSH, MessageClass.SERVICE))},
        {"consented": (), "opted_out": (_SMS, _NEWS)},
    ],
)
def test_a_dry_run_tells_what_the_run_then_does(
    pool: LedgerPool, customers: Customers, change: dict[str, Any]
) -> None:
    """Every sort of change is seen, for the one customer who has it, and nothing is written."""
    customers.save([_full(), customer(2)])
    records = [_full(**change), customer(2), customer(3, addresses=(address(Scheme.TEL, 1),))]
    before = _everything(pool)
    told = customers.save(records, dry_run=True)
    assert told == Saved(inserted=1, updated=1, unchanged=1)
    assert _everything(pool) == before
    assert customers.save(records) == told
    assert customers.save(records, dry_run=True) == Saved(inserted=0, updated=0, unchanged=3)


def test_a_consent_that_the_customer_chose_since_is_no_change(pool: LedgerPool) -> None:
    """What the file may not undo does not count as changed, again and again."""
    customers = Customers(pool)
    customers.save([customer(1, consented=(_NEWS,))])
    with pool.connection() as connection:
        connection.execute("UPDATE consent SET granted = false, source = 'link'")
    record = customer(1, consented=(_NEWS,))
    kept = Saved(inserted=0, updated=0, unchanged=1, consents_left=1)
    assert customers.save([record], dry_run=True) == kept
    assert customers.save([record]) == kept


def test_who_is_missing_from_a_full_list_has_left_and_may_come_back(pool: LedgerPool) -> None:
    """They are in no segment and no count, keep their history, and are themselves on return."""
    customers = Customers(pool)
    customers.save([customer(n) for n in range(10)])
    kept = [customer(n) for n in range(8)]
    most = Snapshot(most=20)
    told = customers.save(kept, snapshot=most, dry_run=True)
    assert told == Saved(inserted=0, updated=0, unchanged=8, left=2)
    assert customers.count() == 10
    assert customers.save(kept, snapshot=most) == told
    assert customers.count() == 8
    assert customers.count('number = "C000009"') == 0
    assert "C000009" not in customers.sample(limit=100)
    with pool.connection() as connection:
        held = connection.execute("SELECT count(*) FROM customer").fetchone()
    assert held == (10,)
    assert customers.save(kept, snapshot=Snapshot(most=0)).left == 0
    back = customers.save([customer(9)])
    assert back == Saved(inserted=0, updated=1)
    assert customers.count() == 9


def test_a_file_that_is_no_full_list_lets_nobody_go(pool: LedgerPool) -> None:
    """The refusal says how many are missing, and nothing of the file is stored."""
    customers = Customers(pool)
    customers.save([customer(n) for n in range(100)])
    half = [customer(n, name="changed") for n in range(50)]
    with pytest.raises(InvalidInputError) as refused:
        customers.save(half, snapshot=Snapshot())
    assert str(refused.value) == (
        "--snapshot: 50 of 100 customers (50.0 %) are missing from the file. Is it the full list? "
        "At most 5 % may leave; --allow-leaving 50 lets them go."
    )
    assert customers.count('name = "changed"') == 0
    dry = customers.save(half, snapshot=Snapshot(), dry_run=True)
    assert dry.left == 50
    assert str(dry.objection) == str(refused.value)
    assert customers.save(half, snapshot=Snapshot(most=50)).left == 50


def test_a_refused_row_keeps_its_customer(pool: LedgerPool) -> None:
    """Whoever stands in the file has not left, however bad the row; unless nobody can be named."""
    customers = Customers(pool)
    customers.save([customer(n) for n in range(4)])
    named = Snapshot(most=100, refused=["C000001"])
    assert customers.save([customer(0)], snapshot=named).left == 2
    assert customers.count('number = "C000001"') == 1
    nameless = Snapshot(most=100, nameless=3)
    with pytest.raises(InvalidInputError, match="3 rows have no readable customer number"):
        customers.save([customer(0)], snapshot=nameless)
    assert customers.count() == 2


def test_nothing_is_marked_when_all_are_there(pool: LedgerPool) -> None:
    """A first full list into an empty database lets nobody go, nor do rows without a number."""
    customers = Customers(pool)
    assert customers.save([customer(1)], snapshot=Snapshot()) == Saved(inserted=1, updated=0)
    assert customers.save([customer(1)], snapshot=Snapshot(nameless=2)).left == 0


def test_who_has_left_is_neither_planned_nor_forecast(pool: Pool) -> None:
    """Whatever the segment; their history stays."""
    rows = Rows(pool)
    rows.save(customer(number) for number in range(1, 6))
    rows.tell("UPDATE customer SET left_at = now() WHERE number IN ('C000002', 'C000004')")
    audience = SegmentAudience(pool)
    renderer = FakeRenderer()
    campaign = rows.launched(expression='not number = "C000001"')
    forecast = Forecaster(pool, audience, renderer).forecast(campaign)
    planned = Planner(pool, audience, renderer, batch_size=10).plan(campaign, NOON)
    assert forecast.customers == 2
    assert planned.planned == 2
    told = rows.ask(
        "SELECT customer.number FROM delivery JOIN customer ON customer.id = customer_id ORDER BY 1"
    )
    assert told == [("C000003",), ("C000005",)]


_KILLED = """
import os, signal, sys
from broadcaster.audience import running, store
from broadcaster.ledger.pool import open_pool
from tests.builders import customer

running.PART = 10

def records():
    for number in range(25):
        yield customer(number)
    os.kill(os.getpid(), signal.SIGKILL)

store.Customers(open_pool(sys.argv[1], size=1, name="killed")).save(records())
"""


def test_an_import_that_is_killed_half_way_is_repeated(database_url: str, pool: Pool) -> None:
    """Nothing is there of what was stored before, and nothing stands in the way."""
    ended = subprocess.run(  # noqa: S603  (our own words)
        [sys.executable, "-c", _KILLED, database_url], check=False, cwd=ROOT, timeout=60
    )
    assert ended.returncode == -signal.SIGKILL
    customers = Customers(pool)
    assert customers.count() == 0
    for _ in range(100):
        # The server sees the broken connection soon, and lets go of the lock.
        with suppress(ConflictError):
            assert customers.save([customer(n) for n in range(25)]).inserted == 25
            break
    assert customers.count() == 25
