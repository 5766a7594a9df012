"""Quiet hours of customers' own: kept in the plan, and obeyed by whoever sends."""

from datetime import UTC, datetime, timedelta

import pytest

from broadcaster.cli.waiting import held_lines
from broadcaster.domain.delivery import DeliveryId, DeliveryStatus
from broadcaster.domain.fairness import Course, Rules
from broadcaster.domain.message import Channel, Lane, MessageClass
from broadcaster.domain.own_hours import OwnHours, parted, read, written
from broadcaster.ledger.holds import Holds, Scope
from broadcaster.ledger.rehousing import note_choice
from broadcaster.ledger.sweep import PostgresCalendar
from broadcaster.planning.waits import Waits
from broadcaster.ports import PLANNING_LANES, Condition
from tests.builders import NOON, customer, recorded, submission
from tests.fakes import FakeRenderer
from tests.rows import TTL, Everybody, Pool, Rows

HOME = "Africa/Casablanca"
OWN = f"{HOME} 22:00-07:00"
COURSE = Course(rules=Rules(), time_zone="UTC")
EVENING = datetime(2026, 6, 1, 20, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "22:00", "22-7", "24:00-07:00", "22:00-22:00", "22:00-07:0"])
def test_what_is_no_range_is_none(text: str) -> None:
    """Nothing is guessed."""
    assert read(text) is None


def test_a_range_is_written_as_it_is_read() -> None:
    """And parted from the zone that carries it."""
    hours = OwnHours(start=22 * 60, end=7 * 60)
    assert read(written(hours)) == hours
    assert parted(OWN) == (HOME, hours)
    assert parted(HOME) == (HOME, None)
    assert parted(None) == (None, None)


@pytest.mark.parametrize(
    ("class_", "lane", "rests"),
    [
        (MessageClass.SERVICE, Lane.ROUTINE, True),
        (MessageClass.PROMOTIONAL, Lane.ROUTINE, True),
        (MessageClass.SERVICE, Lane.URGENT, False),
        (MessageClass.SAFETY, Lane.ROUTINE, False),
        (MessageClass.SAFETY, Lane.URGENT, False),
    ],
)
def test_only_what_can_wait_does(class_: MessageClass, lane: Lane, rests: bool) -> None:  # noqa: FBT001  (what must hold)
    """By the clock where the customer lives, an hour before UTC's."""
    found = COURSE.rest(EVENING, class_, lane, Channel.SMS, OWN)
    quiet = COURSE.quiet(EVENING, class_, Channel.SMS, OWN, lane)
    assert (found is not None, quiet is not None) == (rests, rests)
    if found and quiet:
        assert found == quiet
        assert (found.start, found.end) == (
            EVENING + timedelta(hours=1),
            EVENING + timedelta(hours=10),
        )
    assert COURSE.rest(EVENING, class_, lane, Channel.SMS, HOME) is None


def test_a_customers_own_hours_hold_their_messages_alone(pool: Pool) -> None:
    """In a batch of their own, which nobody may take at night; operators hold both by the zone."""
    rows = Rows(pool)
    rows.save(customer(number) for number in range(1, 4))
    rows.tell("UPDATE customer SET quiet = '22:00-07:00' WHERE id = 2")
    campaign = rows.running()
    zones = "SELECT zone, last - first + 1, rest_from IS NULL FROM batch ORDER BY zone"
    assert rows.ask(zones) == [(HOME, 2, True), (OWN, 1, False)]
    night = NOON.replace(hour=23)
    plain, own = rows.batches(campaign)
    assert rows.ledger.lease(plain, night, TTL) is not None
    assert rows.ledger.lease(own, night, TTL) is None
    assert rows.ledger.lease(own, NOON, TTL) is not None

    holds = Holds(pool, HOME)
    assert holds.hold(campaign, Scope(zone=HOME), None, "amina", "a call", NOON) == 3
    assert rows.ask("SELECT count(*) FROM batch WHERE held_until IS NOT NULL") == [(2,)]


def test_hours_that_are_chosen_late_hold_what_is_planned_already(pool: Pool) -> None:
    """Whatever a worker has in hand of it stays behind, and hours that end let it go at once."""
    rows = Rows(pool)
    rows.save(customer(number) for number in range(1, 6))
    campaign = rows.running()
    urgent = rows.running(name="urgent", lane=Lane.URGENT)
    sweep = PostgresCalendar(pool, HOME)
    (third,) = rows.ask("SELECT id FROM customer ORDER BY id OFFSET 2 LIMIT 1")[0]

    def choose(quiet: str | None, now: datetime) -> None:
        rows.tell("UPDATE customer SET quiet = %s WHERE id = %s", quiet, third)
        with pool.connection() as connection:
            note_choice(connection, third, now)

    def batches() -> list[tuple[object, ...]]:
        query = "SELECT zone, first, last FROM batch WHERE campaign_id = %s ORDER BY first"
        return rows.ask(query, campaign)

    lease = rows.leased(campaign)
    choose("22:00-07:00", NOON)
    attempts = dict.fromkeys(range(1, 6), 1)
    assert rows.ledger.claim(lease, attempts, "sandbox", NOON, TTL) == [1, 2, 4, 5]
    sweep.rest(NOON)
    assert batches() == [(HOME, 1, 5)]
    (late,) = rows.delivery(campaign, 3, "due_at")
    assert late > NOON
    soon = NOON + timedelta(seconds=20)
    rows.ledger.release(lease, soon)
    sweep.rest(soon)
    assert batches() == [(HOME, 1, 2), (OWN, 3, 3), (HOME, 4, 5)]
    assert rows.delivery(campaign, 3, "status", "due_at") == ("planned", None)
    assert rows.ask("SELECT FROM own_hours_change") == []
    # What may not wait does not.
    assert rows.ask("SELECT zone FROM batch WHERE campaign_id = %s", urgent) == [(HOME,)]
    assert set(rows.statuses(urgent)) == {DeliveryStatus.PLANNED}
    own = rows.batches(campaign)[1]
    night = NOON.replace(hour=23)
    assert rows.ledger.lease(own, night, TTL) is None
    # The same hours once more change nothing; none let go what rests.
    choose("22:00-07:00", night)
    sweep.rest(night)
    assert rows.ledger.lease(own, night, TTL) is None
    choose(None, night)
    sweep.rest(night)
    assert batches() == [(HOME, 1, 2), (HOME, 3, 3), (HOME, 4, 5)]
    again = rows.ledger.lease(own, night, TTL)
    assert again is not None
    assert rows.ledger.claim(again, {3: 1}, "sandbox", night, TTL) == [3]


@pytest.mark.parametrize("until", [None, NOON + timedelta(hours=1)])
def test_what_an_operator_holds_stays_held_whatever_hours_are_chosen(
    pool: Pool, until: datetime | None
) -> None:
    """It goes at the end of the hold, or when it is released; then the campaign is over."""
    rows = Rows(pool)
    rows.save(customer(number) for number in range(1, 4))
    campaign = rows.running()
    sweep, holds, part = PostgresCalendar(pool, HOME), Holds(pool, HOME), Scope(segment="second")
    second = Condition(text="customer.number = %(it)s", values={"it": "C000002"})
    lease = rows.leased(campaign)
    holds.hold(campaign, part, until, "amina", "wait", NOON, second)
    assert rows.ledger.claim(lease, {1: 1, 3: 1}, "sandbox", NOON, TTL) == [1, 3]
    for number in (1, 3):
        rows.ledger.record([recorded(submission(DeliveryId(campaign, number)))], NOON)
    rows.ledger.release(lease, NOON)
    ((customer_id,),) = rows.ask("SELECT id FROM customer WHERE number = 'C000002'")
    rows.tell("UPDATE customer SET quiet = '22:00-07:00' WHERE id = %s", customer_id)
    with pool.connection() as connection:
        note_choice(connection, customer_id, NOON)
    sweep.rest(NOON)
    pieces = "SELECT zone, first, last FROM batch ORDER BY first"
    assert rows.ask(pieces) == [(HOME, 1, 1), (OWN, 2, 2), (HOME, 3, 3)]
    assert rows.delivery(campaign, 2, "status", "reason") == ("deferred", "held")
    # Nothing is found when the pieces are looked at, though the choice kept nothing back for long.
    soon = NOON + timedelta(minutes=3)
    assert _looked_at(rows, sweep, soon) == 3
    expires = NOON + timedelta(days=1)
    open_ones = "SELECT zone, due_at FROM batch WHERE NOT done"
    assert rows.ask(open_ones) == [(OWN, until or expires)]
    go = until or soon
    if until is None:
        holds.release(campaign, part, "amina", "go", go)
    own = rows.ledger.lease(rows.batches(campaign)[1], go, TTL)
    assert own is not None
    assert rows.ledger.claim(own, {2: 1}, "sandbox", go, TTL) == [2]
    rows.ledger.record([recorded(submission(DeliveryId(campaign, 2)))], go)
    rows.ledger.release(own, go)
    assert sweep.finish(go) == [campaign]


def _looked_at(rows: Rows, sweep: PostgresCalendar, now: datetime) -> int:
    """Take all batches that are due and in which nothing is to be sent; how many."""
    found = sweep.publishable(now, dict.fromkeys(Lane, timedelta(seconds=15)), 10)
    for batch, _ in found:
        lease = rows.ledger.lease(batch, now, TTL)
        assert lease is not None
        assert rows.ledger.pending(lease, now, 9) == []
        rows.ledger.release(lease, now)
    return len(found)


def test_a_plan_that_is_being_made_is_waited_for(pool: Pool) -> None:
    """It may number by the hours of before, and nobody sees that until it is done."""
    rows = Rows(pool)
    rows.save([customer(1)])
    (one,) = rows.ask("SELECT id FROM customer")[0]
    with pool.connection() as planning:
        lane = list(Lane).index(Lane.ROUTINE)
        planning.execute("SELECT pg_advisory_xact_lock(%s, %s)", [PLANNING_LANES, lane])
        with pool.connection() as connection:
            note_choice(connection, one, NOON)
        PostgresCalendar(pool, HOME).rest(NOON)
        assert rows.ask("SELECT customer_id FROM own_hours_change") == [(one,)]
    PostgresCalendar(pool, HOME).rest(NOON)
    assert rows.ask("SELECT customer_id FROM own_hours_change") == []


def test_until_when_they_wait_is_told_on_the_clock_of_their_zone() -> None:
    """And in UTC, which is said, for a zone that is unknown here."""
    row = {"why": "quiet_hours", "until": NOON.isoformat(), "messages": 1, "channel": "sms"}
    (own,) = held_lines({"held": [{**row, "zone": "Europe/Paris 22:00-07:00"}]})
    assert own.startswith("Held until 2020-03-20 13:00 for quiet hours")
    (unknown,) = held_lines({"held": [{**row, "zone": "Nowhere/Here"}]})
    assert unknown.startswith("Held until 2020-03-20 12:00 UTC for quiet hours")


def test_who_waits_is_foreseen(pool: Pool) -> None:
    """With until when; nobody does where nobody chose hours."""
    rows = Rows(pool)
    rows.save(customer(number) for number in range(1, 4))
    waits = Waits(pool, Everybody(), FakeRenderer(), HOME)
    campaign = rows.draft()
    assert waits.foresee(campaign, NOON).waits == []
    rows.tell("UPDATE customer SET quiet = '22:00-07:00' WHERE id = 2")
    (wait,) = waits.foresee(campaign, NOON).waits
    assert (wait.zone, wait.messages, wait.passed) == (OWN, 1, False)
