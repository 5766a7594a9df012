"""Logs carry ids: from an import to an erasure, no name, address or key."""

import logging
from pathlib import Path

import pytest

from broadcaster.audience.store import Customers
from broadcaster.bootstrap.logs import JsonFormatter
from broadcaster.domain.customer import BrokenAddress
from broadcaster.domain.delivery import DeliveryId
from broadcaster.domain.message import Channel
from broadcaster.privacy.disclosure import Disclosure
from broadcaster.privacy.rotation import Rotation
from tests.builders import NOON, customer, receipt, recorded, submission
from tests.rows import Pool, Rows
from tests.vaults import erasure, sealed, vault

_RAW = "05-22-BROKEN"


def test_no_log_line_names_anybody(pool: Pool, caplog: pytest.LogCaptureFixture) -> None:
    """An import, a rotation, a campaign with receipts, a disclosure, an erasure; at every level."""
    caplog.set_level(logging.DEBUG)
    broken = BrokenAddress(channel=Channel.PUSH, raw=_RAW, fault="BAD_KEY")
    people = [customer(number, broken=(broken,)) for number in (1, 2)]
    Customers(pool).save(people)
    keys = sealed(pool, 1)
    list(Rotation(pool, keys).run())
    Customers(pool, keys).save(people)
    rows = Rows(pool)
    campaign = rows.running()
    rows.claimed(campaign, [1, 2])
    rows.ledger.record([recorded(submission(DeliveryId(campaign, one))) for one in (1, 2)], NOON)
    rows.ledger.receive([receipt(DeliveryId(campaign, one)) for one in (1, 2)], NOON)
    rows.ledger.apply_receipts(NOON, 10)
    Disclosure(pool, keys).collect("C000001", "youssef", "request")
    erasure(pool, keys).erase("C000001", "youssef", "request", NOON)
    lines = "\n".join(JsonFormatter().format(record) for record in caplog.records)
    said = lines + repr(keys) + repr(people) + repr(people[0].addresses)
    assert "customers.save" in lines
    values = [address.value for one in people for address in one.addresses]
    for value in (*values, people[0].name, "Amina", _RAW, bytes([1] * 32).hex()):
        assert value not in said, value


def test_what_fails_names_nobody_either(pool: Pool) -> None:
    """A wrong key is told by its number."""
    Customers(pool, sealed(pool, 1)).save([customer(1)])
    with pytest.raises(Exception, match="has no key 1") as caught:
        Customers(pool, vault(2)).save([customer(2)])
    assert "Amina" not in repr(caught.value)


def test_every_table_is_in_the_list_of_what_is_kept(pool: Pool) -> None:
    """Whoever adds one says what it holds of people, and when that goes."""
    text = (Path(__file__).parents[2] / "docs" / "privacy.md").read_text("utf-8")
    tables = Rows(pool).ask(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY 1"
    )
    assert [table for (table,) in tables if f"`{table}`" not in text] == []
