"""Caps under concurrency in a real PostgreSQL: the last place is taken once."""

import threading
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest

from broadcaster.domain.advisory import FactValue
from broadcaster.domain.campaign import ChannelPlan
from broadcaster.domain.delivery import DeliveryEvent, DeliveryId, Reason
from broadcaster.domain.message import Channel, Lane, MessageClass, Scheme
from broadcaster.errors import ConflictError
from broadcaster.ledger.fairness import Fairness
from broadcaster.planning.escalation import Escalator
from broadcaster.planning.planner import Planned, Planner
from broadcaster.reports.reports import Reports
from tests.builders import NOON, address, customer, recorded, submission
from tests.fakes import FakeRenderer
from tests.rows import Everybody, Pool, Rows

ONE_A_WEEK: dict[str, Any] = {"cap": [{"class": "service", "most": 1, "days": 7}]}


@pytest.fixture
def rows(pool: Pool) -> Rows:
    """Give a ledger in which a customer may have one message a week."""
    Fairness(pool, "UTC").change(ONE_A_WEEK, "amina", NOON)
    return Rows(pool)


def test_a_campaign_of_the_other_lane_that_ends_meanwhile_undoes_the_plan(rows: Rows) -> None:
    """Both had seen a free place; the one that ends later is made again, and sees none."""
    rows.save(customer(number) for number in range(1, 4))
    routine = rows.launched(name="routine", drill=False)
    urgent = rows.launched(name="urgent", lane=Lane.URGENT, drill=False)
    plans: list[Planned] = []

    class Meanwhile(FakeRenderer):
        def choose(
            self, kind: str, preferred: Sequence[str], facts: Mapping[str, FactValue] | None = None
        ) -> str | None:
            if not plans:
                plans.append(rows.planner().plan(urgent, NOON))
            return super().choose(kind, preferred, facts)

    planner = Planner(rows.pool, Everybody(), Meanwhile(), batch_size=10)
    with pytest.raises(ConflictError, match="tried again by itself"):
        planner.plan(routine, NOON)
    assert rows.statuses(routine) == []
    assert plans[0].planned == 3
    assert planner.plan(routine, NOON).suppressed == {Reason.CAPPED: 3}


def test_planned_again_and_again_at_once_each_place_is_taken_once(rows: Rows) -> None:
    """Two lanes, four campaigns, tried until all are planned."""
    rows.save(customer(number) for number in range(1, 11))
    campaigns = [
        rows.launched(name=f"{lane} {turn}", lane=lane, drill=False)
        for lane in Lane
        for turn in (1, 2)
    ]
    barrier = threading.Barrier(len(campaigns))

    def work(campaign: int) -> None:
        barrier.wait(timeout=10)
        for _ in range(200):
            try:
                rows.planner().plan(campaign, NOON)
            except ConflictError:
                continue
            return

    threads = [threading.Thread(target=work, args=(one,)) for one in campaigns]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    told = rows.ask(
        "SELECT customer_id, count(*) FILTER (WHERE status = 'planned'), count(*) "
        "FROM delivery GROUP BY 1"
    )
    assert [row[1:] for row in told] == [(1, 4)] * 10


def test_other_classes_and_plans_without_caps_do_not_wait(rows: Rows) -> None:
    """Nothing is undone where nothing is counted."""
    rows.save([customer(1, consented=[(Channel.SMS, MessageClass.PROMOTIONAL)])])
    other = rows.launched(name="other", lane=Lane.URGENT, drill=False)
    campaign = rows.launched(message_class=MessageClass.PROMOTIONAL, drill=False)

    class Meanwhile(FakeRenderer):
        def choose(
            self, kind: str, preferred: Sequence[str], facts: Mapping[str, FactValue] | None = None
        ) -> str | None:
            rows.planner().plan(other, NOON)
            return super().choose(kind, preferred, facts)

    planner = Planner(rows.pool, Everybody(), Meanwhile(), batch_size=10)
    assert planner.plan(campaign, NOON).planned == 1


def test_a_place_is_free_again_after_the_period_or_when_nothing_was_sent(rows: Rows) -> None:
    """What was cancelled never counted; what was taken counts for its days and no longer."""
    rows.save([customer(1)])
    first = rows.running(1, name="first", drill=False)
    rows.campaigns.cancel(first, "amina", NOON)
    second = rows.running(1, name="second", drill=False, expires=NOON + timedelta(days=9))
    rows.claimed(second, [1])
    rows.ledger.record([recorded(submission(DeliveryId(second, 1)))], NOON)
    soon, later = NOON + timedelta(days=7, seconds=-1), NOON + timedelta(days=7)
    for name, moment, expected in (("soon", soon, 0), ("later", later, 1)):
        campaign = rows.launched(name=name, drill=False, expires=NOON + timedelta(days=9))
        assert rows.planner().plan(campaign, moment).planned == expected
    refused = submission(DeliveryId(campaign, 1), DeliveryEvent.REFUSE, reason=Reason.GONE)
    rows.tell("UPDATE delivery SET status = 'submitting', attempts = 1 WHERE status = 'planned'")
    rows.ledger.record([recorded(refused)], later)
    rows.tell("DELETE FROM suppression")
    last = rows.launched(name="last", drill=False, expires=NOON + timedelta(days=9))
    assert rows.planner().plan(last, later).planned == 1


def test_a_step_of_an_escalation_is_a_message_like_another(rows: Rows) -> None:
    """Who was told takes no second place; who waits still gives the first one back."""
    rows.save(
        customer(number, addresses=(address(Scheme.FCM, number), address(Scheme.TEL, number)))
        for number in (1, 2)
    )
    campaign = rows.launched(
        channels=(Channel.PUSH, Channel.SMS),
        channel_plan=ChannelPlan.ESCALATE,
        escalate_after=(10,),
        drill=False,
    )
    rows.planner().plan(campaign, NOON)
    rows.claimed(campaign, [1])
    rows.ledger.record([recorded(submission(DeliveryId(campaign, 1)))], NOON)
    late = NOON + timedelta(minutes=10)
    assert Escalator(rows.pool, FakeRenderer(), batch_size=9).escalate(campaign, late) == 1
    assert [status.value for status in rows.statuses(campaign)] == [
        "accepted",
        "cancelled",
        "planned",
    ]


def test_urgent_safety_passes_a_cap_and_for_how_many_is_written_down(rows: Rows) -> None:
    """Counted after the plan is made, so that nobody waits for it; each customer once."""
    raw = {"cap": [{"class": "safety", "channel": "sms", "most": 1, "days": 3}]}
    Fairness(rows.pool, "UTC").change(raw, "amina", NOON)
    rows.save(customer(number) for number in range(1, 4))
    given: dict[str, Any] = {
        "message_class": MessageClass.SAFETY,
        "lane": Lane.URGENT,
        "drill": False,
    }
    first = rows.launched(name="first", **given)
    assert rows.planner().plan(first, NOON).planned == 3
    rows.tell("UPDATE delivery SET status = 'rejected' WHERE number = 3")
    second = rows.launched(name="second", **given)
    assert rows.planner().plan(second, NOON).planned == 3
    passed: list[Any] = [
        [(one["rule"], one["messages"], one["by"]) for one in Reports(rows.pool).passed(campaign)]
        for campaign in (first, second)
    ]
    rule = "cap: 1 by sms in 3 days"
    assert passed == [[(rule, 0, "youssef")], [(rule, 2, "youssef")]]
