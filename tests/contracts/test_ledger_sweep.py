"""What is due, in a real PostgreSQL: planning, publishing, lost batches, doubt, expiry, the end."""

from datetime import datetime, timedelta

import pytest

from broadcaster.domain.campaign import CampaignStatus
from broadcaster.domain.delivery import DeliveryEvent, DeliveryId, DeliveryStatus, Reason
from broadcaster.domain.message import Channel, Lane
from broadcaster.ledger.doubts import PostgresDoubts
from broadcaster.ledger.ledger import PostgresLedger
from broadcaster.ledger.sweep import PostgresCalendar
from broadcaster.ports import Open
from tests.builders import NOON, receipt, recorded, submission
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


def test_what_is_in_doubt_is_asked_about_a_bounded_number_of_times(
    rows: Rows, calendar: PostgresCalendar, doubts: PostgresDoubts
) -> None:
    """First after the settling time, then at growing distances; then the campaign may end."""
    campaign = _in_doubt(rows)
    assert doubts.open(NOON, SETTLE, RECONCILE, 10) == []
    assert calendar.finish(NOON) == []
    moments = [NOON + SETTLE, NOON + 2 * SETTLE, NOON + 4 * SETTLE]
    for asked, moment in enumerate(moments):
        assert _ask(doubts, moment - timedelta(seconds=1)) == []
        assert calendar.doubts_due(moment, SETTLE, RECONCILE)
        (found,) = doubts.open(moment, SETTLE, RECONCILE, 10)
        assert (found.asked, found.status, found.since) == (asked, STATUS.UNKNOWN, NOON)
        assert found.pending.delivery == DeliveryId(campaign, 1)
    assert _ask(doubts, EXPIRED) == []
    assert not calendar.doubts_due(EXPIRED, SETTLE, RECONCILE)
    assert calendar.finish(NOON + 5 * SETTLE) == [campaign]
    assert rows.statuses(campaign) == [STATUS.UNKNOWN]


def test_an_in_doubt_delivery_is_sent_again_when_so_decided(
    rows: Rows, calendar: PostgresCalendar, doubts: PostgresDoubts
) -> None:
    """Its batch runs again, and the campaign with it; the attempt is the second."""
    campaign = _in_doubt(rows)
    for minutes in (2, 4, 8, 16):
        doubts.open(NOON + timedelta(minutes=minutes), SETTLE, RECONCILE, 10)
    later = NOON + timedelta(hours=1)
    assert calendar.finish(later) == [campaign]
    assert doubts.resend([DeliveryId(campaign, 1), DeliveryId(campaign, 99)], later) == 1
    assert calendar.finish(later) == []
    lease = rows.leased(campaign, later)
    assert [row.attempt for row in rows.ledger.pending(lease, later, 9)] == [2]
    assert rows.ledger.claim(lease, {1: 2}, "sandbox", later, TTL) == [1]


@pytest.mark.parametrize("end", ["cancelled", "expired"])
def test_nothing_is_sent_again_after_the_end(rows: Rows, doubts: PostgresDoubts, end: str) -> None:
    """Neither cancelled nor expired campaigns come back."""
    campaign = _in_doubt(rows)
    if end == "cancelled":
        rows.campaigns.cancel(campaign, "amina", NOON)
    moment = EXPIRED if end == "expired" else NOON
    assert doubts.resend([DeliveryId(campaign, 1)], moment) == 0
    assert rows.statuses(campaign) == [STATUS.UNKNOWN]


def test_what_was_accepted_and_never_reported_on_is_asked_about(
    rows: Rows, calendar: PostgresCalendar, doubts: PostgresDoubts
) -> None:
    """After its own time, bounded; and it keeps no campaign from its end."""
    campaign = _accepted(rows, provider="sandbox")
    assert calendar.finish(NOON) == [campaign]
    assert _ask(doubts, NOON) == []
    assert not calendar.doubts_due(NOON + SETTLE, SETTLE, RECONCILE)
    (found,) = doubts.open(NOON + RECONCILE, SETTLE, RECONCILE, 10)
    assert (found.status, found.provider, found.reference) == (STATUS.ACCEPTED, "sandbox", "sid")
    for moments in range(2, 20):
        doubts.open(NOON + moments * RECONCILE, SETTLE, RECONCILE, 10)
    assert rows.delivery(campaign, 1, "asked", "status") == (3, "accepted")
    assert not calendar.doubts_due(EXPIRED, SETTLE, RECONCILE)


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


def test_providers_that_can_not_be_asked_are_not_asked(
    rows: Rows, calendar: PostgresCalendar, doubts: PostgresDoubts
) -> None:
    """What they accepted stays accepted, at no cost."""
    _accepted(rows, provider="smtp")
    assert _ask(doubts, NOON + RECONCILE) == []
    assert not calendar.doubts_due(EXPIRED, SETTLE, RECONCILE)


def test_the_dead_are_replayed_by_command(
    rows: Rows, calendar: PostgresCalendar, doubts: PostgresDoubts
) -> None:
    """All of a campaign, with a line in the audit trail."""
    campaign = rows.running(2)
    lease = rows.claimed(campaign, [1, 2])
    rows.ledger.record(
        [
            recorded(submission(DeliveryId(campaign, 1), EVENT.EXHAUST, reason=Reason.RENDERING)),
            recorded(submission(DeliveryId(campaign, 2))),
        ],
        NOON,
    )
    rows.ledger.release(lease, NOON)
    assert calendar.finish(NOON) == [campaign]
    assert doubts.replay(campaign, "amina", NOON) == 1
    assert rows.statuses(campaign) == [STATUS.DEFERRED, STATUS.ACCEPTED]
    assert calendar.finish(NOON) == []
    assert rows.leased(campaign).batch == lease.batch
    assert ("amina", "replay") in rows.ask("SELECT actor, action FROM audit")


def _in_doubt(rows: Rows) -> int:
    campaign = rows.running(1)
    lease = rows.claimed(campaign, [1])
    rows.ledger.record([recorded(submission(DeliveryId(campaign, 1), EVENT.LOSE))], NOON)
    rows.ledger.release(lease, NOON)
    return campaign


def _accepted(rows: Rows, provider: str) -> int:
    campaign = rows.running(1)
    lease = rows.claimed(campaign, [1], provider=provider)
    taken = submission(DeliveryId(campaign, 1), reference="sid")
    rows.ledger.record([recorded(taken, provider=provider)], NOON)
    rows.ledger.release(lease, NOON)
    return campaign


def _ask(doubts: PostgresDoubts, moment: datetime) -> list[Open]:
    return list(doubts.open(moment, SETTLE, RECONCILE, 10))


def test_a_message_that_another_delivery_is_known_to_be_is_noticed(
    rows: Rows, doubts: PostgresDoubts
) -> None:
    """By the address that both went to; the same reference elsewhere says nothing."""
    first = _accepted(rows, provider="sandbox")
    second = rows.running(1, name="another")
    mine = receipt(DeliveryId(second, 1), reference="sid")
    other = receipt(DeliveryId(second, 1), reference="another")
    own = receipt(DeliveryId(first, 1), reference="sid")
    assert list(doubts.taken([other, mine, own], NOON)) == [1]
