"""What a thread must know until its follow-up is planned, in a real PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta

import psycopg
import pytest

from broadcaster.domain.advisory import MessageType
from broadcaster.domain.delivery import DeliveryEvent, DeliveryId
from broadcaster.domain.message import MessageClass
from broadcaster.errors import ConflictError
from broadcaster.ledger.archive import Archive
from broadcaster.ledger.doubts import PostgresDoubts
from broadcaster.ledger.sweep import PostgresCalendar
from broadcaster.privacy.retention import Retention
from tests.builders import NOON, customer, recorded, submission
from tests.rows import TTL, Pool, Rows
from tests.vaults import vault

EVENT, TYPE = DeliveryEvent, MessageType
DAY = timedelta(days=1)


@pytest.fixture
def rows(pool: Pool) -> Rows:
    """Give an empty ledger."""
    return Rows(pool)


def _attempt(rows: Rows, campaign: int, number: int, attempt: int, event: DeliveryEvent) -> None:
    """Claim one delivery and record what came of it."""
    (batch,) = rows.batches(campaign)
    lease = rows.ledger.lease(batch, NOON, TTL)
    assert lease is not None
    assert rows.ledger.claim(lease, {number: attempt}, "sandbox", NOON, TTL) == [number]
    said = submission(DeliveryId(campaign, number), event, attempt=attempt)
    rows.ledger.record([recorded(said, due=NOON)], NOON)
    rows.ledger.release(lease, NOON)


def _launched(rows: Rows, campaign: int, type_: MessageType, **changes: object) -> int:
    followed = rows.campaigns.get(str(campaign)).advisory_id
    return rows.launched(
        **{"name": type_.value, "message_type": type_, "follows": followed, **changes}
    )


def _told(rows: Rows, campaign: int) -> list[str]:
    return [
        number
        for (number,) in rows.ask(
            "SELECT right(customer.number, 1) FROM delivery "
            "JOIN customer ON customer.id = customer_id "
            "WHERE campaign_id = %s AND address_id IS NOT NULL ORDER BY 1",
            campaign,
        )
    ]


@pytest.mark.parametrize("type_", [TYPE.CANCEL, TYPE.UPDATE])
def test_a_warning_in_doubt_that_was_to_be_sent_again_may_have_been_read(
    rows: Rows, pool: Pool, type_: MessageType
) -> None:
    """Whatever becomes of its second message: it waits, is refused, is given up, or expires."""
    rows.save(customer(number) for number in range(1, 7))
    alert = rows.running(message_class=MessageClass.SAFETY)
    for number in (1, 2, 3, 4):
        _attempt(rows, alert, number, 1, EVENT.LOSE)
    _attempt(rows, alert, 5, 1, EVENT.DEFER)
    again = [DeliveryId(alert, number) for number in (1, 2, 3, 4)]
    assert PostgresDoubts(pool).resend(again, NOON) == 4
    _attempt(rows, alert, 2, 2, EVENT.REFUSE)
    _attempt(rows, alert, 3, 2, EVENT.EXHAUST)
    _attempt(rows, alert, 4, 2, EVENT.DEFER)
    made = _launched(rows, alert, type_, message_class=MessageClass.SAFETY)
    rows.planner().plan(made, NOON)
    waited = ["5", "6"] if type_ is TYPE.UPDATE else []
    assert _told(rows, made) == ["1", "2", "3", "4", *waited]


def _ended(rows: Rows) -> tuple[int, int]:
    """Make an alert that told two, ended long ago, and what follows it, not planned yet."""
    alert = rows.running(2, expires=NOON + 500 * DAY)
    rows.tell("UPDATE delivery SET status = 'accepted'")
    rows.tell("UPDATE batch SET done = true")
    assert PostgresCalendar(rows.pool).finish(NOON) == [alert]
    rows.tell("UPDATE campaign SET finished_at = %s", NOON - 400 * DAY)
    return alert, _launched(rows, alert, TYPE.CANCEL, expires=NOON + 500 * DAY)


def test_what_is_followed_is_not_archived_before_that_is_planned(rows: Rows) -> None:
    """Nobody would know whom to tell."""
    alert, made = _ended(rows)
    with pytest.raises(ConflictError, match="followed by"):
        Archive(rows.pool).mark(alert, DAY, NOON)
    rows.planner().plan(made, NOON)
    assert _told(rows, made) == ["1", "2"]
    assert Archive(rows.pool).mark(alert, DAY, NOON).rows == 2


def test_what_is_followed_keeps_its_people_until_that_is_planned(rows: Rows) -> None:
    """Also when their time has come."""
    _, made = _ended(rows)
    rows.tell("DELETE FROM customer_address")
    days = {"safety": 30, "service": 30, "promotional": 30}
    days |= {"receipts": 30, "devices": 30, "left": 30, "addresses": 30}
    retention = Retention(rows.pool, days, vault(1))
    # Their mailboxes go, by which nobody was told.
    assert [one.what for one in retention.apply("amina", NOON)] == ["addresses"]
    rows.planner().plan(made, NOON)
    assert _told(rows, made) == ["1", "2"]
    assert [one.what for one in retention.apply("amina", NOON)] == ["notice"]
    assert rows.ask("SELECT count(*) FROM address") == [(2,)]


def test_an_archive_that_is_being_made_is_seen_by_who_would_follow(
    rows: Rows, database_url: str
) -> None:
    """A launch waits for its end, and then there is nobody to follow."""
    alert = rows.running(2)
    followed = rows.campaigns.get(str(alert)).advisory_id
    made = rows.draft(name="late", message_type=TYPE.CANCEL, follows=followed)
    rows.campaigns.approve(made, "hash", "youssef", NOON)
    with ThreadPoolExecutor(1) as threads, psycopg.connect(database_url) as archiving:
        archiving.execute("SELECT FROM campaign WHERE id = %s FOR UPDATE", [alert])
        launching = threads.submit(rows.campaigns.launch, made, "amina", NOON)
        wait([launching], timeout=0.3)
        archiving.execute("UPDATE campaign SET archived_at = now() WHERE id = %s", [alert])
        archiving.commit()
        with pytest.raises(ConflictError, match="not known here any more"):
            launching.result(timeout=10)
