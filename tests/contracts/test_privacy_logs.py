"""Logs carry ids: from an import to an erasure, no name, address or key."""

import json
import logging
from pathlib import Path

import pytest

from broadcaster.audience.store import Customers
from broadcaster.bootstrap import logs
from broadcaster.bootstrap.logs import JsonFormatter, TextFormatter
from broadcaster.domain.customer import BrokenAddress
from broadcaster.domain.delivery import DeliveryId
from broadcaster.domain.message import Channel
from broadcaster.ports import Message, Submission
from broadcaster.privacy.disclosure import Disclosure
from broadcaster.privacy.rotation import Rotation
from tests.builders import NOON, customer, receipt, recorded, submission
from tests.dispatch_scene import Scene
from tests.fakes import FakeProvider, accepted
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


def test_no_line_of_a_whole_dispatch_names_anybody_in_either_form(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What went well, what could not be rendered, a provider that fails with an address in hand."""
    caplog.set_level(logging.DEBUG)

    def fail(message: Message) -> Submission | None:
        if message.delivery.number % 2:
            raise RuntimeError(message.address.value)
        return accepted(message)

    for scene in (
        Scene(),
        Scene(provider=FakeProvider(fail)),
        Scene(broken=frozenset({"fr"})),
        Scene(state="changed"),
        Scene(state="real"),
    ):
        scene.run()
    logs.tell_trace(lambda: "4bf92f3577b34da6a3ce929d0e0e4736")
    try:
        lines = [
            form.format(record)
            for form in (JsonFormatter(), TextFormatter())
            for record in caplog.records
        ]
    finally:
        logs.forget_trace()
    said = "\n".join(lines)
    assert {"dispatched", "submit_failed", "render_failed"} <= {
        json.loads(line).get("action") for line in lines if line.startswith("{")
    }
    assert said.count("4bf92f3577b34da6a3ce929d0e0e4736") == len(lines)
    assert "+2126" not in said
    assert "text in" not in said
    assert "unsubscribe" not in said
