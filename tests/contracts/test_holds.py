"""Holding and releasing parts of a campaign in a real PostgreSQL."""

from datetime import timedelta
from typing import Any

import pytest

from broadcaster.domain.campaign import ChannelPlan
from broadcaster.domain.delivery import DeliveryId, DeliveryStatus
from broadcaster.domain.message import Channel, Lane, Scheme
from broadcaster.errors import ConflictError, InvalidInputError
from broadcaster.ledger.holds import Holds, Scope
from broadcaster.ledger.rehousing import note_choice
from broadcaster.ledger.sweep import PostgresCalendar
from broadcaster.ports import Condition
from broadcaster.reports.reports import Reports
from tests.builders import NOON, address, customer, recorded, submission
from tests.rows import TTL, Pool, Rows

CASABLANCA, PARIS = "Africa/Casablanca", "Europe/Paris"
STATUS = DeliveryStatus
STALE = dict.fromkeys(Lane, timedelta(seconds=15))
HOUR = timedelta(hours=1)
BOTH = (Channel.SMS, Channel.EMAIL)
ODD = Condition(text="customer.number IN (%(a)s, %(b)s)", values={"a": "C000001", "b": "C000003"})


@pytest.fixture
def rows(pool: Pool) -> Rows:
    """Give an empty ledger."""
    return Rows(pool)


@pytest.fixture
def holds(pool: Pool) -> Holds:
    """Give what holds and releases."""
    return Holds(pool, CASABLANCA)


def working(rows: Rows, now: Any = NOON) -> list[tuple[str, str]]:  # noqa: ANN401  (a moment)
    """List the channels and zones in which something may be worked on."""
    calendar = PostgresCalendar(rows.pool, CASABLANCA)
    calendar.rest(now)
    ids = [batch for batch, _ in calendar.publishable(now, STALE, 100)]
    calendar.unpublish(ids)
    return rows.ask("SELECT channel, zone FROM batch WHERE id = ANY(%s) ORDER BY id", ids)


def test_a_channel_is_held_until_a_time_and_the_rest_goes_on(rows: Rows, holds: Holds) -> None:
    """A claim that comes after it takes nothing, and what is released by time goes by itself."""
    campaign = rows.running(3, channels=BOTH)
    lease = rows.leased(campaign)
    count = holds.hold(campaign, Scope(channel=Channel.SMS), NOON + HOUR, "a", "too many", NOON)
    assert count == 3
    assert rows.ledger.claim(lease, {1: 1}, "sandbox", NOON, TTL) is None
    rows.ledger.release(lease, NOON)
    assert working(rows) == [("email", CASABLANCA)]
    assert working(rows, NOON + HOUR) == [("sms", CASABLANCA), ("email", CASABLANCA)]


def test_a_zone_is_held_until_it_is_released(rows: Rows, holds: Holds) -> None:
    """And shown with its count; who held and released it, and why, stays."""
    rows.save([customer(1), customer(2, time_zone=PARIS), customer(3, time_zone=PARIS)])
    campaign = rows.running(0)
    part = Scope(zone=PARIS)
    assert holds.hold(campaign, part, None, "amina", "wrong price", NOON) == 2
    assert working(rows) == [("sms", CASABLANCA)]
    reports = Reports(rows.pool)
    expires = (NOON + timedelta(days=1)).isoformat()
    assert reports.held(campaign, NOON) == [
        {"channel": "sms", "zone": PARIS, "why": "hold", "until": expires, "messages": 2}
    ]
    done = holds.release(campaign, part, "youssef", "mended", NOON)
    assert (done.holds, done.rested) == ([1], 0)
    assert working(rows) == [("sms", CASABLANCA), ("sms", PARIS)]
    (told,) = rows.ask("SELECT actor, action, details FROM audit ORDER BY id DESC LIMIT 1")
    assert told[:2] == ("youssef", "release_part")
    assert told[2]["why"] == "mended"
    kept: Any = reports.summary(campaign)["holds"]
    assert [(one["by"], one["released_by"], one["release_why"]) for one in kept] == [
        ("amina", "youssef", "mended")
    ]


def test_what_is_planned_later_is_held_too(rows: Rows, holds: Holds) -> None:
    """A campaign that is held before it is planned, and a channel of it."""
    rows.save([customer(1)])
    campaign = rows.launched(channels=BOTH)
    assert holds.hold(campaign, Scope(channel=Channel.EMAIL), None, "a", "wait", NOON) == 0
    rows.planner().plan(campaign, NOON)
    assert working(rows) == [("sms", CASABLANCA)]


def test_a_segment_s_part_is_held_alone(rows: Rows, holds: Holds) -> None:
    """Its customers wait, the others of the same batch go on; released, they go at once."""
    campaign = rows.running(3)
    part = Scope(segment="odd")
    assert holds.hold(campaign, part, None, "amina", "wait", NOON, ODD) == 2
    lease = rows.leased(campaign)
    assert [row.delivery.number for row in rows.ledger.pending(lease, NOON, 9)] == [2]
    assert rows.ledger.claim(lease, {1: 1, 2: 1, 3: 1}, "sandbox", NOON, TTL) == [2]
    rows.ledger.record([recorded(submission(DeliveryId(campaign, 2)))], NOON)
    rows.ledger.release(lease, NOON)
    held = Reports(rows.pool).held(campaign, NOON)
    assert [(one["why"], one["messages"]) for one in held] == [("segment", 2)]
    assert working(rows) == []
    # A channel can be held and released meanwhile.
    holds.hold(campaign, Scope(channel=Channel.SMS), None, "amina", "wait", NOON)
    assert holds.release(campaign, Scope(channel=Channel.SMS), "amina", "go", NOON).holds == [2]
    assert working(rows) == []
    with pytest.raises(ConflictError, match="held already"):
        holds.hold(campaign, Scope(segment="other"), None, "amina", "wait", NOON, ODD)
    assert holds.release(campaign, Scope(), "amina", "go", NOON).holds == [1]
    assert working(rows) == [("sms", CASABLANCA)]
    again = rows.leased(campaign)
    assert rows.ledger.claim(again, {1: 1, 3: 1}, "sandbox", NOON, TTL) == [1, 3]


def test_who_chooses_other_hours_leaves_no_hold(rows: Rows, holds: Holds) -> None:
    """Their message waits in a batch of its own, is counted as held, and goes when it is let go."""
    campaign = rows.running(3)
    part = Scope(segment="odd")
    assert holds.hold(campaign, part, None, "amina", "wait", NOON, ODD) == 2
    ((first,),) = rows.ask("SELECT id FROM customer WHERE number = 'C000001'")
    rows.tell("UPDATE customer SET quiet = '22:00-07:00' WHERE id = %s", first)
    with rows.pool.connection() as connection:
        note_choice(connection, first, NOON)
    own = ("sms", f"{CASABLANCA} 22:00-07:00")
    assert own in working(rows)
    lease = rows.leased(campaign)
    assert rows.ledger.claim(lease, {1: 1}, "sandbox", NOON, TTL) == []
    rows.ledger.release(lease, NOON)
    assert own not in working(rows)
    held = Reports(rows.pool).held(campaign, NOON)
    assert [one["messages"] for one in held if one["why"] == "segment"] == [1, 1]
    assert holds.release(campaign, part, "amina", "go", NOON).holds == [1]
    assert own in working(rows)
    assert rows.ledger.claim(rows.leased(campaign), {1: 1}, "sandbox", NOON, TTL) == [1]


def test_a_held_campaign_that_expires_says_so_and_a_cancelled_one_too(
    rows: Rows, holds: Holds
) -> None:
    """Nobody is lost."""
    campaign = rows.running(2, name="expires")
    holds.hold(campaign, Scope(), None, "amina", "wait", NOON)
    other = rows.running(2, name="cancelled")
    holds.hold(other, Scope(), NOON + HOUR, "amina", "wait", NOON)
    rows.campaigns.cancel(other, "amina", NOON)
    lapsed = rows.running(2, name="lapsed")
    holds.hold(lapsed, Scope(segment="odd"), NOON + HOUR, "amina", "wait", NOON, ODD)
    parted = rows.running(2, name="parted")
    holds.hold(parted, Scope(segment="odd"), None, "amina", "wait", NOON, ODD)
    assert PostgresCalendar(rows.pool).expire(NOON + timedelta(days=1)) == 6
    assert rows.ask("SELECT campaign_id, status, reason FROM delivery ORDER BY 1, number") == [
        (campaign, "expired", "held"),
        (campaign, "expired", "held"),
        (other, "cancelled", "cancelled"),
        (other, "cancelled", "cancelled"),
        (lapsed, "expired", "expired"),
        (lapsed, "expired", "expired"),
        (parted, "expired", "held"),
        (parted, "expired", "expired"),
    ]


def test_holds_add_up_and_each_is_released_by_itself(rows: Rows, holds: Holds) -> None:
    """A batch goes when none of them holds it; something wider is not released in part."""
    campaign = rows.running(1, channels=BOTH)
    holds.hold(campaign, Scope(channel=Channel.SMS), NOON + HOUR, "a", "x", NOON)
    holds.hold(campaign, Scope(channel=Channel.SMS), NOON + 2 * HOUR, "a", "y", NOON)
    assert working(rows, NOON + HOUR) == [("email", CASABLANCA)]
    holds.hold(campaign, Scope(), None, "a", "z", NOON)
    assert working(rows) == []
    with pytest.raises(ConflictError, match="Release it as a whole"):
        holds.release(campaign, Scope(channel=Channel.EMAIL), "a", "go", NOON)
    assert working(rows) == []
    assert holds.release(campaign, Scope(), "a", "go", NOON).holds == [1, 2, 3]
    assert len(working(rows)) == 2


def test_a_killed_worker_s_messages_are_settled_and_the_rest_stays_held(
    rows: Rows, holds: Holds
) -> None:
    """In doubt what it had claimed, held what it had not."""
    campaign = rows.running(3)
    rows.claimed(campaign, [1])
    holds.hold(campaign, Scope(), None, "amina", "wait", NOON)
    late = NOON + 2 * TTL
    calendar = PostgresCalendar(rows.pool)
    calendar.expire(late)
    assert rows.statuses(campaign) == [STATUS.UNKNOWN, STATUS.PLANNED, STATUS.PLANNED]
    assert working(rows, late) == []
    assert calendar.finish(late) == []
    holds.release(campaign, Scope(), "amina", "go", late)
    lease = rows.leased(campaign, late)
    assert rows.ledger.claim(lease, {1: 2, 2: 1, 3: 1}, "sandbox", late, TTL) == [2, 3]


def test_a_step_of_an_escalation_waits_for_a_hold(rows: Rows, holds: Holds) -> None:
    """And its minutes again, from the end of it."""
    rows.save([customer(1, addresses=(address(Scheme.FCM, 1), address(Scheme.TEL, 1)))])
    campaign = rows.launched(
        channels=(Channel.PUSH, Channel.SMS),
        channel_plan=ChannelPlan.ESCALATE,
        escalate_after=(10,),
    )
    rows.planner().plan(campaign, NOON)
    calendar = PostgresCalendar(rows.pool)
    ten = timedelta(minutes=10)
    holds.hold(campaign, Scope(), NOON + HOUR, "amina", "wait", NOON)
    assert calendar.due_escalations(NOON + HOUR) == []
    assert calendar.due_escalations(NOON + HOUR + ten) == [(campaign, Lane.ROUTINE)]
    holds.release(campaign, Scope(), "amina", "go", NOON + ten)
    assert calendar.due_escalations(NOON + 2 * ten) == [(campaign, Lane.ROUTINE)]
    holds.hold(campaign, Scope(), None, "amina", "wait", NOON + ten)
    assert calendar.due_escalations(NOON + 2 * ten) == []


def test_what_can_not_be_held_or_released_is_refused(rows: Rows, holds: Holds) -> None:
    """With the reason, and nothing is done."""
    draft = rows.draft(name="draft")
    with pytest.raises(ConflictError, match="is draft"):
        holds.hold(draft, Scope(), None, "amina", "wait", NOON)
    campaign = rows.running(1)
    for until in (NOON, NOON + timedelta(days=1)):
        with pytest.raises(InvalidInputError, match="until: has passed, or is after"):
            holds.hold(campaign, Scope(), until, "amina", "wait", NOON)
    for why in ("", " ", "x" * 501, "a\0b"):
        with pytest.raises(InvalidInputError, match="reason: is missing"):
            holds.hold(campaign, Scope(), None, "amina", why, NOON)
        with pytest.raises(InvalidInputError, match="reason: is missing"):
            holds.release(campaign, Scope(), "amina", why, NOON)
    with pytest.raises(ConflictError, match="Nothing is held there"):
        holds.release(campaign, Scope(), "amina", "go", NOON)
    waiting = rows.launched(name="waiting")
    with pytest.raises(ConflictError, match="Nothing of that is planned"):
        holds.hold(waiting, Scope(segment="odd"), None, "amina", "wait", NOON, ODD)
    assert rows.ask("SELECT count(*) FROM campaign_hold") == [(0,)]
