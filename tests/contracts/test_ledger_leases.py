"""Working on a batch in a real PostgreSQL: lease, claim, record, release."""

import threading
from datetime import timedelta

import pytest

from broadcaster.domain.delivery import DeliveryEvent, DeliveryId, DeliveryStatus, Reason
from broadcaster.ports import Lease
from tests.builders import NOON, receipt, recorded, submission
from tests.rows import TTL, Pool, Rows

STATUS, EVENT = DeliveryStatus, DeliveryEvent
LATER = NOON + 2 * TTL


@pytest.fixture
def rows(pool: Pool) -> Rows:
    """Give an empty ledger."""
    return Rows(pool)


def test_a_batch_is_leased_claimed_recorded_and_done(rows: Rows) -> None:
    """The plain success."""
    campaign = rows.running(3)
    lease = rows.leased(campaign)
    pending = rows.ledger.pending(lease, NOON, 100)
    assert [row.delivery for row in pending] == [DeliveryId(campaign, n) for n in (1, 2, 3)]
    assert {row.attempt for row in pending} == {1}
    assert {row.name for row in pending} == {"Amina"}
    assert rows.ledger.claim(lease, {1: 1, 2: 1, 3: 1}, "sandbox", NOON, TTL) == [1, 2, 3]
    rows.ledger.record(
        [
            recorded(submission(row.delivery, reference=f"r{row.delivery.number}"), units=2)
            for row in pending
        ],
        NOON,
    )
    rows.ledger.release(lease, NOON)
    assert rows.statuses(campaign) == [STATUS.ACCEPTED] * 3
    columns = ("attempts", "units", "provider", "reference", "reason", "due_at")
    assert rows.delivery(campaign, 2, *columns) == (1, 2, "sandbox", "r2", None, None)
    assert rows.ledger.lease(lease.batch, LATER, TTL) is None


def test_pending_is_limited_and_in_order(rows: Rows) -> None:
    """The holder can take a part."""
    campaign = rows.running(5)
    pending = rows.ledger.pending(rows.leased(campaign), NOON, 2)
    assert [row.delivery.number for row in pending] == [1, 2]


def test_two_workers_that_lease_the_same_batch_at_once_get_it_once(rows: Rows) -> None:
    """A doubled task does nothing."""
    batch = rows.batches(rows.running(1))[0]
    barrier = threading.Barrier(4)
    leases: list[Lease | None] = []

    def work() -> None:
        barrier.wait(timeout=10)
        leases.append(rows.ledger.lease(batch, NOON, TTL))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert len([lease for lease in leases if lease is not None]) == 1
    assert len(leases) == 4


def test_a_lease_that_is_over_can_be_taken_and_its_claims_are_in_doubt(rows: Rows) -> None:
    """A lost worker's requests may have left: nobody sends them again."""
    campaign = rows.running(3)
    former = rows.claimed(campaign, [1, 2])
    assert rows.ledger.lease(former.batch, NOON + TTL / 2, TTL) is None
    lease = rows.ledger.lease(former.batch, LATER, TTL)
    assert lease is not None
    assert lease.token > former.token
    assert rows.statuses(campaign) == [STATUS.UNKNOWN, STATUS.UNKNOWN, STATUS.PLANNED]
    reason, since, due = rows.delivery(campaign, 1, "reason", "updated_at", "due_at")
    assert (reason, since, due) == ("worker_lost", NOON, LATER)
    assert [row.delivery.number for row in rows.ledger.pending(lease, LATER, 9)] == [3]


def test_a_former_holder_can_claim_nothing(rows: Rows) -> None:
    """The token fences it out, and the end of its lease does too."""
    campaign = rows.running(3)
    former = rows.claimed(campaign, [1])
    assert rows.ledger.claim(former, {2: 1}, "sandbox", LATER, TTL) is None
    assert rows.ledger.lease(former.batch, LATER, TTL) is not None
    assert rows.ledger.claim(former, {2: 1}, "sandbox", LATER, TTL) is None
    assert rows.ledger.claim(former, {2: 1}, "sandbox", NOON, TTL) is None


def test_a_former_holder_s_release_changes_nothing(rows: Rows) -> None:
    """Only who holds the batch gives it back."""
    campaign = rows.running(1)
    former = rows.leased(campaign)
    lease = rows.ledger.lease(former.batch, LATER, TTL)
    assert lease is not None
    rows.ledger.release(former, LATER)
    assert rows.ledger.claim(lease, {1: 1}, "sandbox", LATER, TTL) == [1]


def test_a_pause_stops_the_next_claim_and_the_next_lease(rows: Rows) -> None:
    """What is not claimed when the pause is over does not leave; resumed, it does."""
    campaign = rows.running(2)
    lease = rows.claimed(campaign, [1])
    rows.campaigns.pause(campaign, "amina", NOON)
    assert rows.ledger.claim(lease, {2: 1}, "sandbox", NOON, TTL) is None
    rows.ledger.release(lease, NOON)
    assert rows.ledger.lease(lease.batch, NOON, TTL) is None
    rows.campaigns.resume(campaign, "amina", NOON)
    assert rows.ledger.lease(lease.batch, NOON, TTL) is not None


@pytest.mark.parametrize("hours", [-2, 24, 25])
def test_nothing_is_leased_or_claimed_outside_the_advisory_s_time(rows: Rows, hours: int) -> None:
    """Neither before it is effective nor once it expired."""
    campaign = rows.running(1)
    outside = NOON + timedelta(hours=hours)
    batch = rows.batches(campaign)[0]
    assert rows.ledger.lease(batch, outside, TTL) is None
    lease = rows.ledger.lease(batch, NOON, timedelta(days=3))
    assert lease is not None
    assert rows.ledger.claim(lease, {1: 1}, "sandbox", outside, TTL) is None


def test_what_is_deferred_waits_until_it_is_due(rows: Rows) -> None:
    """The batch is due when the first of its deliveries is, and not before."""
    campaign = rows.running(2)
    lease = rows.claimed(campaign, [1, 2])
    due = NOON + timedelta(minutes=1)
    first = submission(DeliveryId(campaign, 1), EVENT.DEFER, reason=Reason.RATE_LIMITED)
    second = submission(DeliveryId(campaign, 2), EVENT.DEFER, reason=Reason.RATE_LIMITED)
    rows.ledger.record(
        [recorded(first, due=due), recorded(second, due=due + timedelta(minutes=1))], NOON
    )
    rows.ledger.release(lease, NOON)
    assert rows.statuses(campaign) == [STATUS.DEFERRED] * 2
    assert rows.ledger.lease(lease.batch, due - timedelta(seconds=1), TTL) is None
    again = rows.ledger.lease(lease.batch, due, TTL)
    assert again is not None
    assert [row.delivery.number for row in rows.ledger.pending(again, due, 9)] == [1]
    assert rows.ledger.claim(again, {1: 2, 2: 2}, "sandbox", due, TTL) == [1]


@pytest.mark.parametrize("event", [EVENT.DEFER, EVENT.REFUSE, EVENT.LOSE, EVENT.EXHAUST])
def test_what_a_former_holder_says_of_a_former_attempt_changes_nothing(
    rows: Rows, event: DeliveryEvent
) -> None:
    """Late words about attempt 1 don't touch attempt 2."""
    campaign = rows.running(1)
    delivery = DeliveryId(campaign, 1)
    lease = rows.claimed(campaign, [1])
    rows.ledger.record([recorded(submission(delivery, EVENT.DEFER), due=NOON)], NOON)
    assert rows.ledger.claim(lease, {1: 2}, "sandbox", NOON, TTL) == [1]
    rows.ledger.record([recorded(submission(delivery, event, reason=Reason.OTHER))], NOON)
    assert rows.delivery(campaign, 1, "status", "reason") == ("submitting", None)


def test_that_a_former_attempt_was_taken_counts_however_late(rows: Rows) -> None:
    """It has arrived at the provider: it must not leave again."""
    campaign = rows.running(1)
    delivery = DeliveryId(campaign, 1)
    lease = rows.claimed(campaign, [1])
    rows.ledger.record([recorded(submission(delivery, EVENT.DEFER), due=NOON)], NOON)
    rows.ledger.record([recorded(submission(delivery, EVENT.ACCEPT, reference="late"))], NOON)
    assert rows.delivery(campaign, 1, "status", "reference") == ("accepted", "late")
    assert rows.ledger.claim(lease, {1: 2}, "sandbox", NOON, TTL) == []


def test_a_receipt_that_overtook_the_answer_keeps_its_word_and_the_rest_is_written(
    rows: Rows,
) -> None:
    """Of a slice that was accepted one is delivered already; all keep what the answer carries."""
    campaign = rows.running(3)
    rows.claimed(campaign, [1, 2, 3])
    rows.ledger.receive([receipt(DeliveryId(campaign, 2))], NOON)
    assert rows.ledger.apply_receipts(NOON, 10) == 1
    answers = [submission(DeliveryId(campaign, n), reference=f"r {n}") for n in (3, 2, 1)]
    for _ in range(2):
        rows.ledger.record([recorded(answer, units=2) for answer in answers], NOON)
        assert rows.statuses(campaign) == [STATUS.ACCEPTED, STATUS.DELIVERED, STATUS.ACCEPTED]
        for number in (1, 2, 3):
            found = rows.delivery(campaign, number, "reference", "units", "attempts")
            assert found == (f"r {number}", 2, 1)


def test_a_holder_that_stalled_settles_what_its_successor_put_in_doubt(rows: Rows) -> None:
    """It knows the answer; a refusal for now opens the batch again that others had closed."""
    campaign = rows.running(2)
    rows.claimed(campaign, [1, 2])
    batch = rows.batches(campaign)[0]
    successor = rows.ledger.lease(batch, LATER, TTL)
    assert successor is not None
    rows.ledger.release(successor, LATER)
    assert rows.ask("SELECT done FROM batch WHERE id = %s", batch) == [(True,)]
    accepted = submission(DeliveryId(campaign, 1))
    deferred = submission(DeliveryId(campaign, 2), EVENT.DEFER)
    rows.ledger.record([recorded(accepted), recorded(deferred, due=LATER)], LATER)
    assert rows.statuses(campaign) == [STATUS.ACCEPTED, STATUS.DEFERRED]
    assert rows.ledger.lease(batch, LATER, TTL) is not None


def test_a_claim_left_without_a_word_is_in_doubt_as_its_batch_is_given_back(rows: Rows) -> None:
    """Who gives back has nothing in the air; so a campaign that ends now does not wait for it."""
    campaign = rows.running(1)
    lease = rows.claimed(campaign, [1])
    rows.ledger.release(lease, NOON)
    assert rows.statuses(campaign) == [STATUS.UNKNOWN]
    assert rows.ledger.lease(lease.batch, NOON, TTL) is None
    rows.campaigns.cancel(campaign, "amina", NOON)
    assert rows.statuses(campaign) == [STATUS.UNKNOWN]


def test_refused_for_good_with_a_dead_address_bars_the_address(rows: Rows) -> None:
    """The carrier takes nothing more for a number whose holder told it to stop, of any class."""
    campaign = rows.running(1)
    rows.claimed(campaign, [1])
    refused = submission(
        DeliveryId(campaign, 1), EVENT.REFUSE, reason=Reason.RECIPIENT_OPTED_OUT, code="21610"
    )
    rows.ledger.record([recorded(refused)], NOON)
    columns = ("status", "reason", "code", "units")
    assert rows.delivery(campaign, 1, *columns) == ("rejected", "recipient_opted_out", "21610", 0)
    barred = rows.ask("SELECT class FROM suppression ORDER BY class")
    assert barred == [("service",), ("promotional",), ("safety",)]


def test_two_workers_that_record_the_same_rows_crosswise_do_not_deadlock(rows: Rows) -> None:
    """Rows are locked in the order of their keys, whatever order they are reported in."""
    campaign = rows.running(40)
    numbers = list(range(1, 41))
    rows.claimed(campaign, numbers)
    answers = [recorded(submission(DeliveryId(campaign, number))) for number in numbers]
    barrier = threading.Barrier(2)
    faults: list[Exception] = []

    def report(order: int) -> None:
        barrier.wait(timeout=10)
        try:
            for _ in range(10):
                rows.ledger.record(answers[::order], NOON)
        except Exception as error:  # noqa: BLE001  (carried to the test's own thread)
            faults.append(error)

    threads = [threading.Thread(target=report, args=[order]) for order in (1, -1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert faults == []
    assert set(rows.statuses(campaign)) == {STATUS.ACCEPTED}
