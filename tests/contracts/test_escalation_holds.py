"""Escalation beside holds in a real PostgreSQL: a part waits, the others go on, nobody is lost."""

import threading
from datetime import timedelta

import pytest
from psycopg import connect

from broadcaster.domain.campaign import ChannelPlan
from broadcaster.domain.delivery import DeliveryId
from broadcaster.domain.message import Channel, Lane, Scheme
from broadcaster.ledger.holds import Holds, Scope
from broadcaster.ledger.sweep import PostgresCalendar
from broadcaster.planning.escalation import Escalator
from broadcaster.ports import Condition
from tests.builders import NOON, address, customer, recorded, submission
from tests.fakes import FakeRenderer
from tests.rows import TTL, Pool, Rows
from tests.waiters import waiters

CASABLANCA, PARIS = "Africa/Casablanca", "Europe/Paris"
MINUTE = timedelta(minutes=1)
ORDER = (Channel.PUSH, Channel.EMAIL, Channel.SMS)
SCHEMES = (Scheme.FCM, Scheme.MAILTO, Scheme.TEL)
FIRST = Condition(text="customer.number = %(a)s", values={"a": "C000001"})
PARTS = [
    pytest.param(Scope(zone=PARIS), None, id="zone"),
    pytest.param(Scope(segment="first"), FIRST, id="segment"),
]


@pytest.fixture
def rows(pool: Pool) -> Rows:
    """Give a ledger with three customers, the first of whom lives elsewhere."""
    rows = Rows(pool)
    rows.save(
        customer(
            number,
            addresses=[address(scheme, number) for scheme in SCHEMES],
            time_zone=PARIS if number == 1 else CASABLANCA,
        )
        for number in (1, 2, 3)
    )
    return rows


@pytest.fixture
def escalator(pool: Pool) -> Escalator:
    """Give what turns campaigns to their next channel."""
    return Escalator(pool, FakeRenderer(), batch_size=10, time_zone=CASABLANCA)


def _escalating(rows: Rows, lane: Lane = Lane.ROUTINE) -> int:
    return rows.running(
        channels=ORDER, channel_plan=ChannelPlan.ESCALATE, escalate_after=(10, 30), lane=lane
    )


def _told(rows: Rows, campaign: int) -> list[list[str]]:
    """Give each customer's channels in their order, without what gave way."""
    found = rows.ask(
        "SELECT array_agg(channel::text ORDER BY number) FROM delivery "
        "WHERE campaign_id = %s AND status <> 'suppressed' GROUP BY customer_id "
        "ORDER BY customer_id",
        campaign,
    )
    return [channels for (channels,) in found]


@pytest.mark.parametrize(("part", "condition"), PARTS)
def test_a_held_part_waits_and_everybody_else_is_told_in_time(
    rows: Rows, escalator: Escalator, part: Scope, condition: Condition | None
) -> None:
    """Urgent as it may be; released, the part has every step that it missed, and its minutes."""
    campaign = _escalating(rows, Lane.URGENT)
    holds, calendar = Holds(rows.pool, CASABLANCA), PostgresCalendar(rows.pool, CASABLANCA)
    assert holds.hold(campaign, part, None, "amina", "wait", NOON, condition) == 1
    for minutes in (10, 40):
        now = NOON + minutes * MINUTE
        assert calendar.due_escalations(now) == [(campaign, Lane.URGENT)]
        assert escalator.escalate(campaign, now) == 2
    mine, whole = ["push"], ["push", "email", "sms"]
    assert _told(rows, campaign) == [mine, whole, whole]
    late = NOON + timedelta(hours=5)
    assert calendar.due_escalations(late) == []
    holds.release(campaign, part, "amina", "go", late)
    assert calendar.due_escalations(late + 9 * MINUTE) == []
    for minutes, channels in ((10, ["push", "email"]), (40, whole)):
        now = late + minutes * MINUTE
        assert calendar.due_escalations(now - MINUTE) == []
        assert calendar.due_escalations(now) == [(campaign, Lane.URGENT)]
        assert escalator.escalate(campaign, now) == 1
        assert _told(rows, campaign) == [channels, whole, whole]
    assert calendar.due_escalations(NOON + timedelta(hours=23)) == []


@pytest.mark.parametrize(("part", "condition"), PARTS)
def test_a_part_that_is_held_until_a_time_goes_on_by_itself(
    rows: Rows, escalator: Escalator, part: Scope, condition: Condition | None
) -> None:
    """In the order of the channels, also when its step comes close to that of the others."""
    campaign = _escalating(rows)
    holds, calendar = Holds(rows.pool, CASABLANCA), PostgresCalendar(rows.pool, CASABLANCA)
    holds.hold(campaign, part, NOON + 25 * MINUTE, "amina", "wait", NOON, condition)
    seen = []
    for minutes in range(120):
        now = NOON + minutes * MINUTE
        if calendar.due_escalations(now):
            seen.append((minutes, escalator.escalate(campaign, now)))
    assert seen == [(10, 2), (35, 1), (40, 2), (65, 1)]
    assert _told(rows, campaign) == [["push", "email", "sms"]] * 3


def test_what_left_before_its_channel_was_held_goes_on(rows: Rows, escalator: Escalator) -> None:
    """It could be confirmed; what had not left waits."""
    campaign = _escalating(rows)
    lease = rows.leased(campaign)
    number = rows.ledger.claim(lease, {1: 1}, "sandbox", NOON, TTL)
    assert number == [1]
    rows.ledger.record([recorded(submission(DeliveryId(campaign, 1)))], NOON)
    rows.ledger.release(lease, NOON)
    part = Scope(channel=Channel.PUSH)
    Holds(rows.pool, CASABLANCA).hold(campaign, part, None, "a", "wait", NOON + MINUTE)
    assert escalator.escalate(campaign, NOON + 10 * MINUTE) == 1


def test_a_hold_and_a_step_at_once_wait_for_one_another_in_one_order(
    rows: Rows, escalator: Escalator, database_url: str
) -> None:
    """The campaign first, then its steps: neither is undone."""
    campaign = _escalating(rows)
    steps: list[int] = []

    def step() -> None:
        steps.append(escalator.escalate(campaign, NOON + 10 * MINUTE))

    with connect(database_url) as other:
        other.execute("SELECT FROM campaign WHERE id = %s FOR UPDATE", [campaign])
        thread = threading.Thread(target=step)
        thread.start()
        while not waiters(other):
            assert thread.is_alive()
        # What a hold of the whole campaign does next.
        other.execute("SET lock_timeout = '2s'")
        other.execute("UPDATE escalation SET due_at = due_at WHERE campaign_id = %s", [campaign])
    thread.join(timeout=30)
    assert steps == [3]
