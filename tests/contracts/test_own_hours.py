"""Quiet hours of customers' own: kept in the plan, and obeyed by whoever sends."""

from datetime import UTC, datetime, timedelta

import pytest

from broadcaster.cli.waiting import held_lines
from broadcaster.domain.fairness import Course, Rules
from broadcaster.domain.message import Channel, Lane, MessageClass
from broadcaster.domain.own_hours import OwnHours, parted, read, written
from broadcaster.ledger.holds import Holds, Scope
from broadcaster.planning.waits import Waits
from tests.builders import NOON, customer
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
