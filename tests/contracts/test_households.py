"""One of a household in a real PostgreSQL: whoever is told for others, somebody is told."""

from datetime import timedelta
from typing import Any

import pytest

from broadcaster.domain.campaign import ChannelPlan
from broadcaster.domain.delivery import DeliveryEvent, DeliveryId, Reason
from broadcaster.domain.fairness import OnePer
from broadcaster.domain.message import Channel, Lane, MessageClass, Scheme
from broadcaster.planning.escalation import Escalator
from broadcaster.planning.forecast import Forecaster
from broadcaster.reports.reports import Reports
from tests.builders import NOON, address, customer, recorded, submission
from tests.fakes import FakeRenderer
from tests.rows import TTL, Everybody, Pool, Rows

BOTH = (Channel.EMAIL, Channel.SMS)
TEN = timedelta(minutes=10)


@pytest.fixture
def rows(pool: Pool) -> Rows:
    """Give two households of two, the second of whom has a telephone."""
    rows = Rows(pool)
    rows.save(
        customer(
            number,
            household=f"roof {(number + 1) // 2}",
            addresses=[address(Scheme.MAILTO, number)]
            + ([] if number % 2 else [address(Scheme.TEL, number)]),
        )
        for number in (1, 2, 3, 4)
    )
    return rows


def _fail(rows: Rows, campaign: int, number: int) -> None:
    """Have the first batch sent; one of its messages is refused for good, the others are taken."""
    lease = rows.leased(campaign)
    numbers = rows.ledger.claim(lease, {1: 1, 2: 1}, "sandbox", NOON, TTL) or []
    events = {number: DeliveryEvent.REFUSE}
    answers = [
        submission(
            DeliveryId(campaign, one),
            events.get(one, DeliveryEvent.ACCEPT),
            reason=Reason.GONE if one == number else None,
        )
        for one in numbers
    ]
    rows.ledger.record([recorded(answer) for answer in answers], NOON)
    rows.ledger.release(lease, NOON)


def _told(rows: Rows, campaign: int) -> list[tuple[Any, ...]]:
    return rows.ask(
        "SELECT customer.number, channel, status FROM delivery "
        "JOIN customer ON customer.id = customer_id "
        "WHERE campaign_id = %s AND address_id IS NOT NULL ORDER BY delivery.number",
        campaign,
    )


def test_who_was_left_out_takes_over_at_the_next_step_when_the_first_failed(rows: Rows) -> None:
    """Only under that roof; while the other one may have it, nobody else there is told."""
    campaign = rows.running(
        channels=BOTH,
        channel_plan=ChannelPlan.ESCALATE,
        escalate_after=(10,),
        one_per=OnePer.HOUSEHOLD,
    )
    _fail(rows, campaign, 1)
    reports = Reports(rows.pool)
    assert reports.summary(campaign)["unreached_households"] == 1
    escalator = Escalator(rows.pool, FakeRenderer(), batch_size=10)
    assert escalator.escalate(campaign, NOON + TEN) == 1
    assert _told(rows, campaign) == [
        ("C000001", "email", "rejected"),
        ("C000003", "email", "accepted"),
        ("C000002", "sms", "planned"),
    ]
    assert "unreached_households" not in reports.summary(campaign)


def test_without_steps_the_status_says_how_many_households_were_not_reached(rows: Rows) -> None:
    """And the list of those who were not names everybody there."""
    campaign = rows.running(channels=(Channel.EMAIL,), one_per=OnePer.HOUSEHOLD)
    assert "unreached_households" not in Reports(rows.pool).summary(campaign)
    _fail(rows, campaign, 1)
    reports = Reports(rows.pool)
    assert reports.summary(campaign)["unreached_households"] == 1
    unreached = [one.customer_number for one in reports.unreached(campaign)]
    assert unreached == ["C000001", "C000002", "C000004"]


@pytest.mark.parametrize("one_per", [OnePer.HOUSEHOLD, OnePer.ADDRESS])
def test_urgent_safety_tells_everybody_and_that_is_written_down(
    rows: Rows, one_per: OnePer
) -> None:
    """Everybody under a roof, and at a shared number whoever has another address too."""
    shared = address(Scheme.TEL, 9)
    rows.save(customer(n, addresses=[address(Scheme.MAILTO, n), shared]) for n in (5, 6))
    campaign = rows.launched(
        channels=BOTH,
        one_per=one_per,
        lane=Lane.URGENT,
        message_class=MessageClass.SAFETY,
    )
    foreseen = Forecaster(rows.pool, Everybody(), FakeRenderer()).forecast(campaign)
    planned = rows.planner().plan(campaign, NOON)
    assert foreseen.reached == 6
    assert dict(foreseen.suppressed) == planned.suppressed
    assert Reason.HOUSEHOLD not in planned.suppressed
    assert len({row[0] for row in _told(rows, campaign)}) == 6
    (passed,) = Reports(rows.pool).passed(campaign)
    count = 2 if one_per is OnePer.HOUSEHOLD else 1
    assert (passed["rule"], passed["messages"]) == (f"one for each {one_per.value}", count)


def test_what_a_worker_that_died_had_not_counted_is_counted_later(rows: Rows) -> None:
    """By the next plan that has something to count, or by the clock."""
    campaign = rows.launched(
        channels=BOTH,
        one_per=OnePer.HOUSEHOLD,
        lane=Lane.URGENT,
        message_class=MessageClass.SAFETY,
    )
    rows.planner().plan(campaign, NOON)
    # As it stands when the worker ends between the plan and the count.
    rows.tell("UPDATE passed_rule SET messages = NULL")
    rows.planner().count_passed()
    assert [one["messages"] for one in Reports(rows.pool).passed(campaign)] == [2]
