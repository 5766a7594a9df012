"""What outlives a person: an order against them, and their refusal of everything."""

from dataclasses import replace
from datetime import timedelta

import pytest

from broadcaster.audience.store import Customers
from broadcaster.domain.consent import Scope, Source
from broadcaster.domain.customer import CustomerRecord
from broadcaster.domain.message import Address, Channel, MessageClass, Scheme
from broadcaster.ledger.consents import Consents, Said
from broadcaster.privacy.retention import Retention
from broadcaster.privacy.rotation import Rotation
from broadcaster.privacy.vault import KeyVault
from tests.builders import NOON, customer
from tests.rows import Pool, Rows
from tests.vaults import dump, erasure, sealed, vault

_SHARED = Address(scheme=Scheme.TEL, value="+212661999999", keys={})
_NEW = Address(scheme=Scheme.TEL, value="+212661000111", keys={})
_HER = replace(customer(7, addresses=(_SHARED,)), number="K-778812")
_NEIGHBOUR = customer(8, addresses=(_SHARED,))
_NEVER = tuple((Channel.SMS, one) for one in MessageClass)
_DAYS = {
    "service": 100,
    "promotional": 50,
    "safety": 500,
    "receipts": 90,
    "devices": 30,
    "left": 90,
}
_RULES = {**_DAYS, "addresses": 30}


class Town:
    """Her and a neighbour under one number, in a sealed database."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.rows = Rows(pool)
        self.keys: KeyVault = sealed(pool, 1)
        self.settle(_HER, _NEIGHBOUR)

    def settle(self, *records: CustomerRecord) -> None:
        Customers(self.pool, self.keys).save(records)

    def ordered(self, *, lifted: bool = False) -> None:
        """Have a court forbid every SMS to her, or lift that again a day later."""
        said = Said(
            channels=(Channel.SMS,),
            scope=Scope.EVERYTHING,
            granted=lifted,
            source=Source.ORDER,
            proof="court of Casablanca, 12/2026",
            by="amina",
            at=NOON if lifted else NOON - timedelta(days=1),
        )
        Consents(self.pool, self.keys).record_customer(_HER.number, said, NOON)

    def erase(self) -> None:
        assert erasure(self.pool, self.keys).erase(_HER.number, "amina", "asked", NOON).found

    def warned(self, name: str) -> dict[str, str | None]:
        """Plan a warning by SMS: who is left out for which reason, and who is told."""
        campaign = self.rows.launched(name=name, message_class=MessageClass.SAFETY)
        self.rows.planner().plan(campaign, NOON)
        query = (
            "SELECT customer.number, reason FROM delivery"
            " JOIN customer ON customer.id = customer_id WHERE campaign_id = %s"
        )
        told = dict(self.rows.ask(query, campaign))
        # So that the next erasure is not refused for it.
        self.rows.tell("UPDATE campaign SET status = 'cancelled' WHERE id = %s", campaign)
        return told


@pytest.fixture
def town(pool: Pool) -> Town:
    """Give a town."""
    return Town(pool)


def test_an_order_outlives_the_customer_and_an_order_lifts_it(town: Town) -> None:
    """Whatever address they come back with; the neighbour under the old one is told."""
    town.ordered()
    town.erase()
    assert _HER.number not in dump(town.pool)
    town.settle(replace(_HER, addresses=(_NEW,)))
    told = town.warned("back")
    assert told == {_HER.number: "address_suppressed", _NEIGHBOUR.number: None}
    (shown,) = Consents(town.pool, town.keys).of_customer(_HER.number)
    (record,) = shown.records
    assert (record.source, record.at, record.by) == (
        Source.ORDER,
        NOON - timedelta(days=1),
        "erasure",
    )
    town.erase()
    town.settle(replace(_HER, addresses=(_NEW,)))
    assert town.warned("again")[_HER.number] == "address_suppressed"
    assert town.rows.ask("SELECT FROM kept_refusal") == []
    town.ordered(lifted=True)
    assert town.warned("lifted")[_HER.number] is None
    town.erase()
    assert town.rows.ask("SELECT FROM kept_refusal") == []


def test_a_refusal_of_everything_outlives_the_customer_under_a_shared_number(town: Town) -> None:
    """The neighbour who has the number too is told; a file that says nothing new changes nothing.

    A refusal that lets warnings pass is kept with addresses of their own alone.
    """
    town.settle(replace(_HER, opted_out=(*_NEVER, (Channel.EMAIL, MessageClass.SERVICE))))
    town.erase()
    kept = town.rows.ask("SELECT DISTINCT channel, class::text FROM kept_refusal ORDER BY 2")
    assert kept == [("sms", "promotional"), ("sms", "safety"), ("sms", "service")]
    town.settle(replace(_HER, consented=((Channel.EMAIL, MessageClass.PROMOTIONAL),)))
    told = town.warned("back")
    assert told == {_HER.number: "opted_out", _NEIGHBOUR.number: None}


@pytest.mark.parametrize(("days", "left"), [(None, 1), (-2, 1), (2, 0)])
def test_a_consent_in_a_file_yields_to_what_outlived_the_customer(
    town: Town, days: int | None, left: int
) -> None:
    """Unless the file is of a later date; the dry run says the same."""
    said = Said(
        channels=(Channel.SMS,),
        scope=Scope.EVERYTHING,
        granted=False,
        source=Source.OPERATOR,
        proof="a call",
        by="amina",
        at=NOON,
    )
    Consents(town.pool, town.keys).record_customer(_HER.number, said, NOON)
    town.erase()
    back = replace(_HER, consented=((Channel.SMS, MessageClass.SAFETY),))
    as_of = None if days is None else NOON + timedelta(days=days)
    customers = Customers(town.pool, town.keys)
    dry = customers.save([back], as_of=as_of, dry_run=True)
    assert town.rows.ask("SELECT count(*) FROM kept_refusal") == [(3,)]
    done = customers.save([back], as_of=as_of)
    assert (dry.consents_left, done.consents_left) == (left, left)
    # She is told by the number of the neighbour, or left out for herself.
    assert (town.warned("back")[_HER.number] == "opted_out") is bool(left)


def test_customers_of_other_numbers_are_as_they_were(town: Town) -> None:
    """Nobody is taken for the one who was erased."""
    town.ordered()
    town.erase()
    town.settle(replace(_HER, number="K-778813", addresses=(_NEW,)))
    assert town.warned("others") == {"K-778813": None, _NEIGHBOUR.number: None}
    assert town.rows.ask("SELECT count(*) FROM kept_refusal") == [(3,)]


def test_a_key_by_which_somebody_is_known_again_stays_in_use(town: Town) -> None:
    """A later key seals what is new, and both are asked."""
    town.ordered()
    town.erase()
    town.keys = sealed(town.pool, 1, 2)
    worker = Rotation(town.pool, town.keys)
    list(worker.run())
    assert worker.retire("amina") == []
    assert [(one.number, one.erased) for one in worker.status()[0]] == [(1, 3), (2, 0)]
    town.settle(_HER)
    assert town.warned("back")[_HER.number] == "address_suppressed"
    assert worker.retire("amina") == [1]


def test_an_order_outlives_who_left_and_is_forgotten(town: Town) -> None:
    """They come back as anybody else would, and are not told."""
    town.ordered()
    town.rows.tell("UPDATE customer SET left_at = %s", NOON - timedelta(days=91))
    retention = Retention(town.pool, _RULES, town.keys)
    assert retention.standing(NOON).left == 2
    list(retention.apply("amina", NOON))
    assert _HER.number not in dump(town.pool)
    town.settle(_HER, _NEIGHBOUR)
    told = {_HER.number: "address_suppressed", _NEIGHBOUR.number: None}
    assert town.warned("back").items() >= told.items()


def test_in_a_plain_database_who_is_under_an_order_is_not_forgotten(pool: Pool) -> None:
    """Without a key nothing could tell them when they come back."""
    rows = Rows(pool)
    Customers(pool).save([_HER, _NEIGHBOUR])
    rows.tell(
        "INSERT INTO consent_record (customer_id, channel, ground, classes, granted, source, at,"
        " proof, recorded_by) SELECT id, 'sms', 'order', '{safety}', false, 'order', %s, 'court',"
        " 'amina' FROM customer WHERE number = %s",
        NOON,
        _HER.number,
    )
    rows.tell("UPDATE customer SET left_at = %s", NOON - timedelta(days=91))
    retention = Retention(pool, _RULES, vault())
    assert retention.standing(NOON).left == 1
    assert [(one.what, one.rows) for one in retention.apply("amina", NOON)] == [("left", 1)]
    assert rows.ask("SELECT number FROM customer WHERE name IS NOT NULL") == [(_HER.number,)]
