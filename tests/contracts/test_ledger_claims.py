"""Claiming deliveries in a real PostgreSQL: what may leave, once, and what is barred."""

import threading

import pytest

from broadcaster.domain.delivery import DeliveryEvent, DeliveryId, DeliveryStatus
from broadcaster.domain.message import Channel, MessageClass
from tests.builders import NOON, customer, recorded, submission
from tests.rows import TTL, Pool, Rows
from tests.waiters import waiters

STATUS, EVENT = DeliveryStatus, DeliveryEvent


@pytest.fixture
def rows(pool: Pool) -> Rows:
    """Give an empty ledger."""
    return Rows(pool)


def test_a_claim_renews_the_lease(rows: Rows) -> None:
    """Who works on keeps the batch."""
    campaign = rows.running(2)
    lease = rows.claimed(campaign, [1])
    moment = NOON + TTL / 2
    assert rows.ledger.claim(lease, {2: 1}, "sandbox", moment, TTL) == [2]
    assert rows.ledger.lease(lease.batch, NOON + TTL + TTL / 4, TTL) is None


@pytest.mark.parametrize("attempt", [0, 2, 3])
def test_a_claim_of_another_attempt_takes_nothing(rows: Rows, attempt: int) -> None:
    """Compare and set: only the next attempt can be claimed."""
    lease = rows.leased(rows.running(1))
    assert rows.ledger.claim(lease, {1: attempt}, "sandbox", NOON, TTL) == []


def test_nothing_is_claimed_twice_nor_outside_the_batch(rows: Rows) -> None:
    """A claimed delivery is gone, and numbers of other batches are not ours."""
    campaign = rows.running(4, batch_size=2)
    lease = rows.leased(campaign)
    assert rows.ledger.claim(lease, {1: 1, 3: 1, 99: 1}, "sandbox", NOON, TTL) == [1]
    assert rows.ledger.claim(lease, {1: 1, 2: 1}, "sandbox", NOON, TTL) == [2]
    assert rows.ledger.claim(lease, {1: 2}, "sandbox", NOON, TTL) == []


def test_a_customer_who_refused_since_planning_is_not_told(rows: Rows) -> None:
    """Whatever wrote the refusal down, a file or a click, acts on all that has not left."""
    campaign = rows.running(3)
    for number, class_, granted in ((1, "service", False), (2, "promotional", False)):
        (customer,) = rows.delivery(campaign, number, "customer_id")
        rows.tell(
            "INSERT INTO consent VALUES (%s, 'sms', %s, %s, 'file')", customer, class_, granted
        )
    lease = rows.leased(campaign)
    assert rows.ledger.claim(lease, {1: 1, 2: 1, 3: 1}, "sandbox", NOON, TTL) == [2, 3]
    assert rows.delivery(campaign, 1, "status", "attempts") == ("suppressed", 0)


def test_advertising_whose_consent_is_gone_since_planning_is_not_claimed(rows: Rows) -> None:
    """It needs one, also when nobody refused; what is in the contract does not."""
    rows.save([customer(1, consented=[(Channel.SMS, MessageClass.PROMOTIONAL)])])
    campaign = rows.running(1, message_class=MessageClass.PROMOTIONAL)
    service = rows.running(1, name="service")
    rows.tell("DELETE FROM consent")
    assert rows.ledger.claim(rows.leased(campaign), {1: 1}, "sandbox", NOON, TTL) == []
    assert rows.delivery(campaign, 1, "status", "reason") == ("suppressed", "opted_out")
    assert rows.ledger.claim(rows.leased(service), {1: 1}, "sandbox", NOON, TTL) == [1]


def test_an_address_suppressed_since_planning_is_not_claimed(rows: Rows) -> None:
    """It becomes suppressed; a suppression for another class does not count."""
    campaign = rows.running(2)
    for number, class_ in ((1, MessageClass.SERVICE), (2, MessageClass.PROMOTIONAL)):
        (address,) = rows.delivery(campaign, number, "address_id")
        rows.tell("INSERT INTO suppression VALUES (%s, %s, 'gone', 'test')", address, class_.value)
    lease = rows.leased(campaign)
    assert rows.ledger.claim(lease, {1: 1, 2: 1}, "sandbox", NOON, TTL) == [2]
    columns = ("status", "reason", "attempts")
    assert rows.delivery(campaign, 1, *columns) == ("suppressed", "address_suppressed", 0)


def test_what_is_barred_since_planning_stays_here_also_when_it_is_tried_again(rows: Rows) -> None:
    """In one slice with others, by either list; and nothing of the former attempt is kept."""
    campaign = rows.running(5)
    numbers = range(1, 6)
    lease = rows.claimed(campaign, list(numbers))
    put_off = [submission(DeliveryId(campaign, n), EVENT.DEFER, code="busy") for n in numbers]
    rows.ledger.record([recorded(one, due=NOON) for one in put_off], NOON)
    (address,) = rows.delivery(campaign, 2, "address_id")
    rows.tell("INSERT INTO suppression VALUES (%s, 'service', 'gone', 'test')", address)
    (customer,) = rows.delivery(campaign, 4, "customer_id")
    rows.tell("INSERT INTO consent VALUES (%s, 'sms', 'service', false, 'file')", customer)
    wish = dict.fromkeys(reversed(numbers), 2)
    assert rows.ledger.claim(lease, wish, "sandbox", NOON, TTL) == [1, 3, 5]
    columns = ("status", "reason", "attempts", "provider", "code", "due_at")
    for number, reason in ((2, "address_suppressed"), (4, "opted_out")):
        found = rows.delivery(campaign, number, *columns)
        assert found == ("suppressed", reason, 1, None, None, None)
    assert rows.ledger.pending(lease, NOON, 9) == []


def test_what_is_barred_is_not_touched_by_who_may_not_claim(rows: Rows) -> None:
    """The gate is closed to all of a claim."""
    campaign = rows.running(2)
    lease = rows.leased(campaign)
    (address,) = rows.delivery(campaign, 1, "address_id")
    rows.tell("INSERT INTO suppression VALUES (%s, 'service', 'gone', 'test')", address)
    rows.campaigns.pause(campaign, "amina", NOON)
    assert rows.ledger.claim(lease, {1: 1, 2: 1}, "sandbox", NOON, TTL) is None
    assert rows.statuses(campaign) == [STATUS.PLANNED] * 2


def test_a_claim_sees_what_was_barred_while_it_waited_for_its_batch(rows: Rows) -> None:
    """Somebody has the batch locked for a moment, and in it comes an opt-out."""
    campaign = rows.running(2)
    lease = rows.leased(campaign)
    (address,) = rows.delivery(campaign, 1, "address_id")
    claimed: list[object] = []
    with rows.pool.connection() as other:
        other.execute("SELECT FROM batch WHERE id = %s FOR UPDATE", [lease.batch])
        claim = threading.Thread(
            target=lambda: claimed.append(
                rows.ledger.claim(lease, {1: 1, 2: 1}, "sandbox", NOON, TTL)
            )
        )
        claim.start()
        while not waiters(other):
            # It gives up by itself, when it waits too long for a lock.
            assert claim.is_alive()
        rows.tell("INSERT INTO suppression VALUES (%s, 'service', 'gone', 'test')", address)
    claim.join(timeout=20)
    assert claimed == [[2]]
