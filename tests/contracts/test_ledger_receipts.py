"""Receipts in a real PostgreSQL: stored, applied in order, late, doubled, early, and orphaned."""

from datetime import timedelta

import pytest

from broadcaster.domain.delivery import DeliveryEvent, DeliveryId, DeliveryStatus, Reason
from broadcaster.domain.message import Channel
from broadcaster.ledger.doubts import PostgresDoubts
from broadcaster.ports import Lease
from tests.builders import NOON, receipt, recorded, submission
from tests.rows import TTL, Pool, Rows

STATUS, EVENT = DeliveryStatus, DeliveryEvent


@pytest.fixture
def rows(pool: Pool) -> Rows:
    """Give an empty ledger."""
    return Rows(pool)


def test_a_receipt_is_stored_then_applied(rows: Rows) -> None:
    """The plain success."""
    campaign = rows.running(1)
    delivery = _accepted(rows, campaign)
    assert not _waiting(rows)
    assert rows.ledger.receive([receipt(delivery)], NOON) == 1
    assert rows.statuses(campaign) == [STATUS.ACCEPTED]
    assert _waiting(rows)
    assert rows.ledger.apply_receipts(NOON, 10) == 1
    assert rows.statuses(campaign) == [STATUS.DELIVERED]
    assert not _waiting(rows)
    assert rows.ledger.apply_receipts(NOON, 10) == 0


def test_a_repeated_receipt_is_stored_once(rows: Rows) -> None:
    """In one call and in several; the same key of another provider is other news."""
    campaign = rows.running(1)
    one = receipt(_accepted(rows, campaign))
    assert rows.ledger.receive([one, one], NOON) == 1
    assert rows.ledger.receive([one], NOON) == 0
    other = receipt(one.delivery, provider="other")
    assert rows.ledger.receive([other], NOON) == 1
    rows.ledger.apply_receipts(NOON, 10)
    assert _effects(rows) == ["applied", "ignored"]


def test_a_receipt_that_overtakes_the_answer_keeps_its_word(rows: Rows) -> None:
    """Delivered stays delivered; reference, units and provider come with the answer."""
    campaign = rows.running(1)
    rows.claimed(campaign, [1])
    delivery = DeliveryId(campaign, 1)
    rows.ledger.receive([receipt(delivery)], NOON)
    rows.ledger.apply_receipts(NOON, 10)
    rows.ledger.record([recorded(submission(delivery, reference="sid"), units=3)], NOON)
    columns = ("status", "reference", "provider", "units")
    assert rows.delivery(campaign, 1, *columns) == ("delivered", "sid", "sandbox", 3)


def test_a_device_that_confirms_before_the_answer_is_recorded_is_not_the_provider(
    rows: Rows,
) -> None:
    """Only who knows the message by a number of its own took it."""
    campaign = rows.running(1)
    rows.claimed(campaign, [1])
    delivery = DeliveryId(campaign, 1)
    rows.ledger.receive([receipt(delivery, provider="confirm", reference=None)], NOON)
    rows.ledger.apply_receipts(NOON, 10)
    rows.ledger.record([recorded(submission(delivery, reference="name"))], NOON)
    assert rows.delivery(campaign, 1, "status", "provider") == ("delivered", "sandbox")


def test_contradicting_and_late_receipts_change_nothing_and_are_told_apart(rows: Rows) -> None:
    """The first final word stands; a contradiction is marked."""
    campaign = rows.running(1)
    delivery = _accepted(rows, campaign)
    news = [EVENT.DELIVER, EVENT.FAIL, EVENT.ACCEPT, None]
    rows.ledger.receive([receipt(delivery, event) for event in news], NOON)
    assert rows.ledger.apply_receipts(NOON, 10) == 4
    assert rows.statuses(campaign) == [STATUS.DELIVERED]
    assert _effects(rows) == ["applied", "conflict", "ignored", "noted"]


def test_a_receipt_settles_what_is_in_doubt(rows: Rows) -> None:
    """It carries our id, so it proves that the message left."""
    campaign = rows.running(1)
    rows.claimed(campaign, [1])
    delivery = DeliveryId(campaign, 1)
    rows.ledger.record([recorded(submission(delivery, EVENT.LOSE))], NOON)
    assert rows.statuses(campaign) == [STATUS.UNKNOWN]
    rows.ledger.receive([receipt(delivery, EVENT.FAIL, reason=Reason.UNREACHABLE)], NOON)
    rows.ledger.apply_receipts(NOON, 10)
    assert rows.delivery(campaign, 1, "status", "reason") == ("undelivered", "unreachable")


def test_a_receipt_with_only_a_reference_finds_its_delivery(rows: Rows) -> None:
    """By the provider's own name and reference."""
    campaign = rows.running(2)
    _accepted(rows, campaign, 1, reference="a")
    _accepted(rows, campaign, 2, reference="b")
    rows.ledger.receive([receipt(None, reference="b", dedupe="x")], NOON)
    rows.ledger.receive([receipt(None, reference="a", provider="other", dedupe="y")], NOON)
    rows.ledger.apply_receipts(NOON, 10)
    assert rows.statuses(campaign) == [STATUS.ACCEPTED, STATUS.DELIVERED]
    found = rows.ask("SELECT campaign_id, number FROM receipt WHERE dedupe = 'x'")
    assert found == [(campaign, 2)]


def test_a_receipt_before_its_reference_is_known_waits_behind_newer_ones(rows: Rows) -> None:
    """It is tried again when the answer was recorded, and holds nobody up meanwhile."""
    campaign = rows.running(2)
    rows.ledger.receive([receipt(None, reference="sid", dedupe="early")], NOON)
    assert rows.ledger.apply_receipts(NOON, 1) == 1
    rows.ledger.receive([receipt(_accepted(rows, campaign, 2))], NOON)
    assert rows.ledger.apply_receipts(NOON, 1) == 1
    assert rows.statuses(campaign)[1] is STATUS.DELIVERED
    _accepted(rows, campaign, 1, reference="sid")
    assert rows.ledger.apply_receipts(NOON + timedelta(minutes=1), 1) == 1
    assert rows.statuses(campaign)[0] is STATUS.DELIVERED


def test_a_receipt_that_never_matches_is_kept_as_an_orphan(rows: Rows) -> None:
    """After a quarter of an hour; one with an id of ours that does not exist, at once."""
    rows.ledger.receive([receipt(None, reference="nobody", dedupe="a")], NOON)
    rows.ledger.receive([receipt(DeliveryId(99, 1))], NOON)
    for minutes in range(16):
        rows.ledger.apply_receipts(NOON + timedelta(minutes=minutes), 10)
    assert _effects(rows) == ["orphan", "orphan"]


@pytest.mark.parametrize(
    ("reason", "classes"),
    [
        (Reason.GONE, ["service", "promotional", "safety"]),
        (Reason.RECIPIENT_OPTED_OUT, ["service", "promotional", "safety"]),
        (Reason.UNKNOWN_ADDRESS, []),
        (Reason.UNREACHABLE, []),
    ],
)
def test_a_receipt_can_bar_an_address(rows: Rows, reason: Reason, classes: list[str]) -> None:
    """By telephone; each class as its reason says, and repeats change nothing."""
    campaign = rows.running(1)
    delivery = _accepted(rows, campaign)
    rows.ledger.receive([receipt(delivery, EVENT.FAIL, reason=reason)], NOON)
    rows.ledger.receive([receipt(delivery, None, reason=reason)], NOON)
    rows.ledger.apply_receipts(NOON, 10)
    found = rows.ask("SELECT class FROM suppression ORDER BY class")
    assert [class_ for (class_,) in found] == classes


def test_a_mailbox_that_does_not_exist_is_barred_for_all_classes(rows: Rows) -> None:
    """Unlike a number, which is given to somebody again."""
    campaign = rows.running(1, channels=(Channel.EMAIL,))
    delivery = _accepted(rows, campaign)
    rows.ledger.receive([receipt(delivery, EVENT.FAIL, reason=Reason.UNKNOWN_ADDRESS)], NOON)
    rows.ledger.apply_receipts(NOON, 10)
    assert rows.ask("SELECT count(*) FROM suppression") == [(3,)]


def test_a_complaint_about_a_mail_leaves_what_protects_life(rows: Rows) -> None:
    """The delivery stands as it is; the record says from which message it came."""
    campaign = rows.running(1, channels=(Channel.EMAIL,))
    delivery = _accepted(rows, campaign)
    told = receipt(delivery, None, reason=Reason.RECIPIENT_OPTED_OUT, code="complaint")
    rows.ledger.receive([told], NOON)
    rows.ledger.apply_receipts(NOON, 10)
    barred = rows.ask("SELECT class, ground, reason FROM suppression ORDER BY class")
    assert barred == [("service", "wish", "complaint"), ("promotional", "wish", "complaint")]
    proof = rows.ask("SELECT proof, recorded_by, at FROM consent_record")
    assert proof == [(f"delivery {delivery}, complaint", "sandbox", NOON)]


def test_one_process_at_a_time_applies_receipts(rows: Rows) -> None:
    """The other one leaves them to it, so that their order holds."""
    campaign = rows.running(1)
    rows.ledger.receive([receipt(_accepted(rows, campaign))], NOON)
    with rows.pool.connection() as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [0x52454345])
        assert rows.ledger.apply_receipts(NOON, 10) == 0
    assert rows.ledger.apply_receipts(NOON, 10) == 1


def test_huge_and_odd_words_of_a_provider_are_bounded(rows: Rows) -> None:
    """What comes from outside can not break the ledger."""
    campaign = rows.running(1)
    delivery = _accepted(rows, campaign)
    odd = receipt(delivery, EVENT.FAIL, code="5\0" * 5000, reference="r" * 5000, dedupe="d" * 9000)
    assert rows.ledger.receive([odd], NOON) == 1
    rows.ledger.apply_receipts(NOON, 10)
    ((code, reference),) = rows.ask("SELECT length(code), length(reference) FROM receipt")
    assert (code, reference) == (200, 200)


def _accepted(
    rows: Rows, campaign: int, number: int = 1, reference: str | None = None
) -> DeliveryId:
    delivery = DeliveryId(campaign, number)
    rows.tell(
        "UPDATE delivery SET status = 'submitting', attempts = 1 "
        "WHERE campaign_id = %s AND number = %s",
        *delivery,
    )
    rows.ledger.record([recorded(submission(delivery, reference=reference))], NOON)
    return delivery


def _waiting(rows: Rows) -> bool:
    query = "SELECT EXISTS (SELECT FROM receipt WHERE applied_at IS NULL)"
    return bool(rows.ask(query)[0][0])


def _effects(rows: Rows) -> list[str]:
    return [effect for (effect,) in rows.ask("SELECT effect FROM receipt ORDER BY id")]


def _due_again(rows: Rows) -> tuple[DeliveryId, Lease]:
    """Send a message whose answer is lost, and decide that it is sent again."""
    campaign = rows.running(1)
    delivery = DeliveryId(campaign, 1)
    lease = rows.claimed(campaign, [1])
    rows.ledger.record([recorded(submission(delivery, EVENT.LOSE))], NOON)
    PostgresDoubts(rows.pool).resend([delivery], NOON)
    return delivery, lease


def test_a_late_failure_of_a_former_attempt_is_not_the_last_one_s(rows: Rows) -> None:
    """Sent again, the message that failed is not the one that was sent last."""
    delivery, lease = _due_again(rows)
    campaign = delivery.campaign
    former = receipt(delivery, DeliveryEvent.FAIL, reference="first")
    rows.ledger.receive([former], NOON)
    rows.ledger.apply_receipts(NOON, 10)
    assert rows.statuses(campaign) == [DeliveryStatus.DEFERRED]
    rows.ledger.claim(lease, {1: 2}, "sandbox", NOON, TTL)
    rows.ledger.record([recorded(submission(delivery, attempt=2, reference="second"))], NOON)
    rows.ledger.apply_receipts(NOON + timedelta(minutes=2), 10)
    assert rows.statuses(campaign) == [DeliveryStatus.ACCEPTED]
    last = receipt(delivery, DeliveryEvent.FAIL, reference="second", dedupe="last")
    rows.ledger.receive([last], NOON)
    rows.ledger.apply_receipts(NOON + timedelta(minutes=2), 10)
    assert rows.statuses(campaign) == [DeliveryStatus.UNDELIVERED]


def test_a_late_failure_of_a_former_attempt_settles_no_later_one_in_doubt(rows: Rows) -> None:
    """Until it is known which message was sent last; that one's own failure settles it."""
    delivery, lease = _due_again(rows)
    campaign = delivery.campaign
    assert rows.ledger.claim(lease, {1: 2}, "sandbox", NOON, TTL) == [1]
    rows.ledger.record([recorded(submission(delivery, EVENT.LOSE, attempt=2))], NOON)
    rows.ledger.receive([receipt(delivery, EVENT.FAIL, reference="first")], NOON)
    rows.ledger.apply_receipts(NOON, 10)
    assert rows.statuses(campaign) == [DeliveryStatus.UNKNOWN]
    assert rows.delivery(campaign, 1, "reference", "attempts") == (None, 2)
    found = [
        receipt(delivery, EVENT.ACCEPT, reference="second"),
        receipt(delivery, EVENT.FAIL, reference="second", dedupe="last"),
    ]
    rows.ledger.receive(found, NOON)
    rows.ledger.apply_receipts(NOON, 10)
    assert rows.statuses(campaign) == [DeliveryStatus.UNDELIVERED]
    assert rows.delivery(campaign, 1, "reference") == ("second",)


def test_a_failure_settles_the_only_attempt_that_is_in_doubt(rows: Rows) -> None:
    """Whatever it calls the message: there was no other."""
    campaign = rows.running(1)
    delivery = DeliveryId(campaign, 1)
    rows.claimed(campaign, [1])
    rows.ledger.record([recorded(submission(delivery, EVENT.LOSE))], NOON)
    rows.ledger.receive([receipt(delivery, EVENT.FAIL, reference="only")], NOON)
    rows.ledger.apply_receipts(NOON, 10)
    assert rows.statuses(campaign) == [DeliveryStatus.UNDELIVERED]
