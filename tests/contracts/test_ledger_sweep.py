"""What is due, in a real PostgreSQL: planning, publishing, lost batches, doubt, expiry, the end."""

from datetime import timedelta

import pytest

from broadcaster.domain.campaign import CampaignStatus
from broadcaster.domain.delivery import DeliveryEvent, DeliveryId, DeliveryStatus
from broadcaster.domain.message import Channel, Lane
from broadcaster.ledger.doubts import PostgresDoubts
from broadcaster.ledger.ledger import PostgresLedger
from broadcaster.ledger.sweep import PostgresCalendar
from tests.builders import NOON, recorded, submission
from tests.rows import TTL, Pool, Rows

STATUS, EVENT = DeliveryStatus, DeliveryEvent
AGE = timedelta(seconds=15)
STALE = dict.fromkeys(Lane, AGE)
SETTLE, RECONCILE = timedelta(minutes=2), timedelta(minutes=10)
EXPIRED = NOON + timedelta(days=2)


@pytest.fixture
def rows(pool: Pool) -> Rows:
    """Give an empty ledger."""
    return Rows(pool)


@pytest.fixture
def calendar(pool: Pool) -> PostgresCalendar:
    """Give the lists of what is due."""
    return PostgresCalendar(pool)


@pytest.fixture
def doubts(pool: Pool) -> PostgresDoubts:
    """Give the list of open deliveries; the sandbox can be asked."""
    return PostgresDoubts(pool, askable=["sandbox"])


def test_a_launched_campaign_is_due_at_its_time(rows: Rows, calendar: PostgresCalendar) -> None:
    """Not before it, and no more once its advisory has expired."""
    at_once = rows.launched(name="a")
    scheduled = rows.launched(name="b", scheduled_at=NOON + timedelta(hours=1), lane=Lane.URGENT)
    rows.draft(name="c")
    assert calendar.due_campaigns(NOON) == [(at_once, Lane.ROUTINE)]
    assert calendar.due_campaigns(NOON + timedelta(hours=1)) == [
        (scheduled, Lane.URGENT),
        (at_once, Lane.ROUTINE),
    ]
    assert calendar.due_campaigns(EXPIRED) == []


def test_batches_are_published_once_urgent_ones_first(
    rows: Rows, calendar: PostgresCalendar
) -> None:
    """Again only when a message is stale, or was taken back."""
    routine = rows.batches(rows.running(2, batch_size=1, name="r"))
    urgent = rows.batches(rows.running(name="u", lane=Lane.URGENT))
    expected = [(urgent[0], Lane.URGENT), *((batch, Lane.ROUTINE) for batch in routine)]
    assert calendar.publishable(NOON, STALE, 10) == expected
    assert calendar.publishable(NOON, STALE, 10) == []
    calendar.unpublish(urgent)
    assert calendar.publishable(NOON, STALE, 10) == expected[:1]
    assert calendar.publishable(NOON + AGE, STALE, 10) == expected


def test_the_queues_are_kept_short(rows: Rows, calendar: PostgresCalendar) -> None:
    """The bound counts what waits in the queue already; a batch that was taken makes room."""
    batches = rows.batches(rows.running(5, batch_size=1))
    assert len(calendar.publishable(NOON, STALE, 2)) == 2
    assert calendar.publishable(NOON, STALE, 2) == []
    assert rows.ledger.lease(batches[0], NOON, TTL) is not None
    assert calendar.publishable(NOON, STALE, 2) == [(batches[2], Lane.ROUTINE)]


def test_a_short_queue_holds_something_of_every_campaign_and_channel(
    rows: Rows, calendar: PostgresCalendar
) -> None:
    """The limits of one are not to lie idle until a large one that is older has ended."""
    both = (Channel.SMS, Channel.EMAIL)
    first = rows.running(6, batch_size=2, channels=both)
    second = rows.running(6, batch_size=2, channels=both, name="second")
    found = [batch for batch, _ in calendar.publishable(NOON, STALE, 5)]
    whose = rows.ask(
        "SELECT campaign_id, channel FROM batch WHERE id = ANY(%s) ORDER BY array_position(%s, id)",
        found,
        found,
    )
    assert sorted(whose[:4]) == sorted(
        (campaign, channel.value) for campaign in (first, second) for channel in both
    )
    assert len(whose) == 5


def test_what_is_held_paused_or_not_due_is_not_published(
    rows: Rows, calendar: PostgresCalendar
) -> None:
    """Publishing asks the same as leasing."""
    campaign = rows.running(1)
    lease = rows.leased(campaign)
    assert calendar.publishable(NOON, STALE, 10) == []
    rows.ledger.release(lease, NOON)
    rows.campaigns.pause(campaign, "amina", NOON)
    assert calendar.publishable(NOON, STALE, 10) == []
    rows.campaigns.resume(campaign, "amina", NOON)
    assert calendar.publishable(EXPIRED, STALE, 10) == []
    assert calendar.publishable(NOON, STALE, 10) == [(lease.batch, Lane.ROUTINE)]


def test_the_batch_of_a_lost_worker_comes_back_even_while_paused(
    rows: Rows, calendar: PostgresCalendar
) -> None:
    """What was in the air is in doubt; the rest goes on with the next holder."""
    campaign = rows.running(2)
    former = rows.claimed(campaign, [1])
    rows.campaigns.pause(campaign, "amina", NOON)
    later = NOON + 2 * TTL
    calendar.expire(later)
    assert rows.statuses(campaign) == [STATUS.UNKNOWN, STATUS.PLANNED]
    assert rows.ledger.claim(former, {2: 1}, "sandbox", later, TTL) is None
    rows.campaigns.resume(campaign, "amina", later)
    assert calendar.publishable(later, STALE, 10) == [(former.batch, Lane.ROUTINE)]


def test_what_waits_expires_with_its_advisory(rows: Rows, calendar: PostgresCalendar) -> None:
    """Planned and deferred ones; what has left keeps its status. Then the campaign is over."""
    campaign = rows.running(3)
    lease = rows.claimed(campaign, [1, 2])
    deferred = submission(DeliveryId(campaign, 2), EVENT.DEFER)
    rows.ledger.record(
        [recorded(submission(DeliveryId(campaign, 1))), recorded(deferred, due=EXPIRED)], NOON
    )
    rows.ledger.release(lease, NOON)
    assert calendar.expire(NOON) == 0
    assert calendar.expire(EXPIRED) == 2
    assert rows.statuses(campaign) == [STATUS.ACCEPTED, STATUS.EXPIRED, STATUS.EXPIRED]
    assert rows.delivery(campaign, 3, "reason", "due_at") == ("expired", None)
    assert calendar.finish(EXPIRED) == [campaign]


def test_a_campaign_that_expired_before_it_was_planned_is_cancelled(
    rows: Rows, calendar: PostgresCalendar
) -> None:
    """A restart after an outage does not blast what is stale; it says why."""
    campaign = rows.launched()
    calendar.expire(EXPIRED)
    assert rows.campaigns.get(str(campaign)).status is CampaignStatus.CANCELLED
    assert "expired" in (rows.campaigns.hold_reason(campaign) or "")


def test_a_campaign_is_completed_when_nothing_is_left_to_send(
    rows: Rows, calendar: PostgresCalendar
) -> None:
    """Not before, and not twice."""
    campaign = rows.running(1)
    lease = rows.claimed(campaign, [1])
    assert calendar.finish(NOON) == []
    rows.ledger.record([recorded(submission(DeliveryId(campaign, 1)))], NOON)
    rows.ledger.release(lease, NOON)
    assert calendar.finish(NOON) == [campaign]
    assert rows.campaigns.get(str(campaign)).status is CampaignStatus.COMPLETED
    assert rows.ask("SELECT finished_at FROM campaign") == [(NOON,)]
    assert calendar.finish(NOON) == []


def test_a_campaign_of_nobody_is_completed_at_once(rows: Rows, calendar: PostgresCalendar) -> None:
    """There is nothing to send."""
    rows.planner().plan(rows.launched(), NOON)
    assert len(calendar.finish(NOON)) == 1


def test_nobody_looks_at_what_was_just_accepted(rows: Rows, calendar: PostgresCalendar) -> None:
    """A look would read its whole batch to find that it is too early."""
    campaign = rows.running(2)
    lease = rows.claimed(campaign, [1, 2])
    for number in (1, 2):
        answer = submission(DeliveryId(campaign, number))
        rows.ledger.record([recorded(answer)], NOON + (number - 1) * SETTLE)
    PostgresLedger(rows.pool, RECONCILE).release(lease, NOON + 2 * SETTLE)
    before = NOON + RECONCILE - timedelta(seconds=1)
    assert not calendar.doubts_due(before, SETTLE, RECONCILE)
    assert calendar.doubts_due(NOON + RECONCILE, SETTLE, RECONCILE)
