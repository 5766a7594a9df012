"""What is in doubt, in a real PostgreSQL: asked about, found out, sent again, given up."""

from contextlib import suppress
from datetime import datetime, timedelta

import pytest

from broadcaster.domain.delivery import DeliveryEvent, DeliveryId, DeliveryStatus, Reason
from broadcaster.domain.message import MessageClass
from broadcaster.errors import UnavailableError
from broadcaster.ledger.doubts import PostgresDoubts
from broadcaster.ledger.sweep import PostgresCalendar
from broadcaster.ports import Open
from tests.builders import NOON, receipt, recorded, submission
from tests.rows import TTL, Pool, Rows

STATUS, EVENT = DeliveryStatus, DeliveryEvent
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


def test_providers_that_can_not_be_asked_are_not_asked(
    rows: Rows, calendar: PostgresCalendar, doubts: PostgresDoubts
) -> None:
    """What they accepted stays accepted, at no cost."""
    _accepted(rows, provider="smtp")
    assert _ask(doubts, NOON + RECONCILE) == []
    assert not calendar.doubts_due(EXPIRED, SETTLE, RECONCILE)


def test_one_process_asks_at_a_time(rows: Rows, doubts: PostgresDoubts) -> None:
    """The next one does when it has ended, however it ended."""
    other = PostgresDoubts(rows.pool)
    with doubts.turn() as mine, other.turn() as theirs:
        assert (mine, theirs) == (True, False)
    with suppress(KeyError), doubts.turn():
        raise KeyError
    with other.turn() as theirs:
        assert theirs


def test_the_turn_of_a_process_that_dies_is_free(rows: Rows, doubts: PostgresDoubts) -> None:
    """It goes with its connection."""
    ends = (
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_locks WHERE locktype = 'advisory' "
        "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    with suppress(UnavailableError), doubts.turn():
        assert rows.ask(ends) == [(True,)]
        with doubts.turn() as mine:
            assert mine


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
    assert list(doubts.contested([other, mine, own], NOON)) == [1]


@pytest.mark.parametrize("recorded_as", [None, EVENT.LOSE])
def test_a_message_that_may_be_that_of_another_in_the_air_is_left_to_people(
    rows: Rows, doubts: PostgresDoubts, recorded_as: DeliveryEvent | None
) -> None:
    """Same number, same words, and neither's answer is known: whose it is can't be told."""
    mine = _in_doubt(rows)
    other = rows.running(1, name="another")
    rows.claimed(other, [1])
    if recorded_as is not None:
        rows.ledger.record([recorded(submission(DeliveryId(other, 1), recorded_as))], NOON)
    found = receipt(DeliveryId(mine, 1), reference="sid")
    assert list(doubts.contested([found], NOON)) == [0]


def test_a_message_is_ours_when_nothing_else_to_that_address_is_open(
    rows: Rows, doubts: PostgresDoubts
) -> None:
    """What was refused, waits, or is known by its own reference is no rival; nor is what is old."""
    mine = _in_doubt(rows)
    refused = rows.running(1, name="refused")
    rows.claimed(refused, [1])
    rows.ledger.record([recorded(submission(DeliveryId(refused, 1), EVENT.REFUSE))], NOON)
    rows.running(1, name="waiting")
    known = rows.running(1, name="known")
    rows.claimed(known, [1])
    taken = submission(DeliveryId(known, 1), reference="its own")
    rows.ledger.record([recorded(taken)], NOON)
    old = rows.running(1, name="old")
    rows.claimed(old, [1])
    hour_ago = NOON - timedelta(hours=1)
    rows.tell("UPDATE delivery SET updated_at = %s WHERE campaign_id = %s", hour_ago, old)
    found = receipt(DeliveryId(mine, 1), reference="sid")
    assert list(doubts.contested([found], NOON)) == []


def test_a_message_may_be_the_first_of_one_that_was_sent_again(
    rows: Rows, doubts: PostgresDoubts
) -> None:
    """Only the last message of a warning that was sent twice is known."""
    mine = _in_doubt(rows)
    twice = rows.running(1, name="twice", message_class=MessageClass.SAFETY)
    lease = rows.claimed(twice, [1])
    rows.ledger.record([recorded(submission(DeliveryId(twice, 1), EVENT.LOSE))], NOON)
    rows.ledger.release(lease, NOON)
    assert doubts.resend([DeliveryId(twice, 1)], NOON) == 1
    lease = rows.leased(twice)
    assert rows.ledger.claim(lease, {1: 2}, "sandbox", NOON, TTL)
    again = submission(DeliveryId(twice, 1), reference="its second", attempt=2)
    rows.ledger.record([recorded(again)], NOON)
    found = receipt(DeliveryId(mine, 1), reference="its first")
    assert list(doubts.contested([found], NOON)) == [0]
