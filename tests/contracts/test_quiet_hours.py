"""Quiet hours in a real PostgreSQL: held at the moment of sending, by zone, and nobody is lost."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from broadcaster.domain.campaign import ChannelPlan
from broadcaster.domain.delivery import DeliveryEvent, DeliveryId, DeliveryStatus, Reason
from broadcaster.domain.message import Channel, Lane, MessageClass, Scheme
from broadcaster.ledger.fairness import Fairness
from broadcaster.ledger.holds import Holds, Scope
from broadcaster.ledger.sweep import PostgresCalendar
from broadcaster.planning.escalation import Escalator
from broadcaster.planning.waits import Waits
from broadcaster.reports.reports import Reports
from tests.builders import NOON, address, customer, recorded, submission
from tests.fakes import FakeRenderer
from tests.rows import TTL, Everybody, Pool, Rows

CASABLANCA, PARIS, KATHMANDU = "Africa/Casablanca", "Europe/Paris", "Asia/Kathmandu"
STATUS, EVENT = DeliveryStatus, DeliveryEvent
STALE = dict.fromkeys(Lane, timedelta(seconds=15))
NIGHT: Mapping[str, Any] = {"quiet": [{"from": "21:00", "to": "08:00"}]}

#: On the evening of 20 March 2020: it is night from then on in Casablanca (UTC+1), until then.
DUSK, DAWN = datetime(2020, 3, 20, 20, tzinfo=UTC), datetime(2020, 3, 21, 7, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def rows(pool: Pool) -> Rows:
    """Give an empty ledger."""
    return Rows(pool)


@pytest.fixture
def calendar(pool: Pool) -> PostgresCalendar:
    """Give the lists of what is due."""
    return PostgresCalendar(pool, CASABLANCA)


def rule(rows: Rows, raw: Mapping[str, Any] = NIGHT, now: datetime = NOON) -> None:
    """Bring rules into force."""
    Fairness(rows.pool, CASABLANCA).change(raw, "amina", now)


def people(rows: Rows, *zones: str) -> None:
    """Store a customer in each of the zones."""
    rows.save(customer(number, time_zone=zone) for number, zone in enumerate(zones, 1))


def publishable(calendar: PostgresCalendar, now: datetime) -> int:
    """Look after rests as the tick does, and count what may be worked on."""
    calendar.rest(now)
    return len(calendar.publishable(now, STALE, 100))


def held(rows: Rows, campaign: int, now: datetime) -> list[tuple[Any, ...]]:
    """List what is held: zone, why, until when, and how many."""
    found = Reports(rows.pool).held(campaign, now)
    return [(one["zone"], one["why"], one["until"], one["messages"]) for one in found]


def test_night_falls_on_a_campaign_and_it_goes_on_in_the_morning(
    rows: Rows, calendar: PostgresCalendar
) -> None:
    """Nothing can be claimed from the first quiet moment on, and everything after the last."""
    rule(rows)
    campaign = rows.running(3)
    before = DUSK - SECOND
    lease = rows.ledger.lease(rows.batches(campaign)[0], before, 2 * TTL)
    assert lease is not None
    assert lease.rests == DUSK
    assert rows.ledger.claim(lease, {1: 1}, "sandbox", before, TTL) == [1]
    assert rows.ledger.claim(lease, {2: 1}, "sandbox", DUSK, TTL) is None
    assert not rows.ledger.renew(lease, DUSK, TTL)
    delivery = DeliveryId(campaign, 1)
    rows.ledger.record([recorded(submission(delivery))], DUSK)
    rows.ledger.release(lease, DUSK)
    assert publishable(calendar, DUSK) == 0
    assert rows.ledger.lease(lease.batch, DUSK, TTL) is None
    assert held(rows, campaign, DUSK) == [(CASABLANCA, "quiet_hours", DAWN.isoformat(), 2)]
    assert publishable(calendar, DAWN - SECOND) == 0
    assert publishable(calendar, DAWN) == 1
    assert held(rows, campaign, DAWN) == []
    again = rows.ledger.lease(lease.batch, DAWN, TTL)
    assert again is not None
    assert again.rests == DUSK + timedelta(days=1)
    assert [row.delivery.number for row in rows.ledger.pending(again, DAWN, 9)] == [2, 3]
    assert rows.ledger.claim(again, {2: 1, 3: 1}, "sandbox", DAWN, TTL) == [2, 3]


def test_without_a_tick_nobody_is_woken(rows: Rows) -> None:
    """The gate stays shut until somebody has looked again, however late it is."""
    rule(rows)
    batch = rows.batches(rows.running(1))[0]
    assert rows.ledger.lease(batch, DUSK + timedelta(days=1), TTL) is None


def test_each_zone_rests_at_its_own_time(rows: Rows, calendar: PostgresCalendar) -> None:
    """A batch is in one zone, and others go on meanwhile; a zone unknown here is the utility's."""
    rule(rows)
    people(rows, CASABLANCA, PARIS, CASABLANCA, KATHMANDU, "Mars/Olympus")
    campaign = rows.running(0, expires=NOON + timedelta(days=3))
    zones = rows.ask("SELECT zone, first, last, rest_from FROM batch ORDER BY first")
    assert zones == [
        (CASABLANCA, 1, 2, DUSK),
        (KATHMANDU, 3, 3, datetime(2020, 3, 20, 15, 15, tzinfo=UTC)),
        # In March Paris has the time of Casablanca.
        (PARIS, 4, 4, DUSK),
        ("Mars/Olympus", 5, 5, DUSK),
    ]
    evening = datetime(2020, 3, 20, 16, tzinfo=UTC)
    assert publishable(calendar, evening) == 3
    assert held(rows, campaign, evening) == [
        (KATHMANDU, "quiet_hours", "2020-03-21T02:15:00+00:00", 1)
    ]


def test_rules_change_what_is_being_sent_at_once(rows: Rows, calendar: PostgresCalendar) -> None:
    """Tightened, loosened and taken away; the next tick finds what was being claimed just then."""
    campaign = rows.running(2)
    lease = rows.leased(campaign)
    assert lease.rests is None
    rule(rows, {"quiet": [{"from": "13:00", "to": "14:00"}]})
    assert rows.ledger.claim(lease, {1: 1}, "sandbox", NOON, TTL) is None
    rows.ledger.release(lease, NOON)
    rule(rows, {"quiet": [{"from": "14:00", "to": "15:00"}]})
    assert publishable(calendar, NOON) == 1
    rule(rows, {"quiet": [{"classes": ["promotional"], "from": "13:00", "to": "14:00"}]})
    rule(rows, {})
    assert rows.ask("SELECT rest_from, rest_until, rules_version FROM batch") == [(None, None, 4)]
    changes = Fairness(rows.pool, CASABLANCA).history()
    assert [(one.version, one.by) for one in changes] == [(n, "amina") for n in (4, 3, 2, 1)]


def test_a_plan_that_knew_older_rules_is_mended_by_the_tick(
    rows: Rows, calendar: PostgresCalendar
) -> None:
    """Also batches of a version that knew no rules at all, which have no zone."""
    rule(rows)
    campaign = rows.running(1)
    rows.tell(
        "UPDATE batch SET rules_version = 0, zone = NULL, rest_from = NULL, rest_until = NULL"
    )
    assert publishable(calendar, DUSK) == 0
    assert held(rows, campaign, DUSK) == [(None, "quiet_hours", DAWN.isoformat(), 1)]


@pytest.mark.parametrize("lane", Lane)
@pytest.mark.parametrize("class_", MessageClass)
def test_only_urgent_safety_passes_the_night(
    rows: Rows, calendar: PostgresCalendar, lane: Lane, class_: MessageClass
) -> None:
    """Service and promotional never do, whatever the lane."""
    rule(rows)
    rows.save([customer(1, consented=[(Channel.SMS, MessageClass.PROMOTIONAL)])])
    night = DUSK + timedelta(hours=3)
    campaign = rows.launched(message_class=class_, lane=lane)
    assert rows.planner().plan(campaign, night).planned == 1
    passes = (lane, class_) == (Lane.URGENT, MessageClass.SAFETY)
    assert publishable(calendar, night) == int(passes)
    assert (rows.ledger.lease(rows.batches(campaign)[0], night, TTL) is not None) == passes
    told = Reports(rows.pool).summary(campaign).get("passed")
    if passes:
        assert told == [
            {
                "rule": "quiet_hours",
                "channel": "sms",
                "zone": CASABLANCA,
                "messages": 1,
                "by": "youssef",
                "why": "urgent safety",
                "rules_version": 1,
                "at": night.isoformat(),
            }
        ]
    else:
        assert told is None


def test_a_night_that_falls_on_urgent_safety_is_written_down_for_those_who_wait(
    rows: Rows, calendar: PostgresCalendar
) -> None:
    """Those who were told by day are not counted, and nobody is counted twice."""
    rule(rows)
    campaign = rows.running(
        3, message_class=MessageClass.SAFETY, lane=Lane.URGENT, expires=NOON + timedelta(days=3)
    )
    rows.claimed(campaign, [1])
    rows.ledger.record([recorded(submission(DeliveryId(campaign, 1)))], NOON)
    for days in range(3):
        calendar.rest(DUSK + timedelta(days=days))
    passed: Any = Reports(rows.pool).summary(campaign)["passed"]
    assert [(one["messages"], one["by"]) for one in passed] == [(2, "youssef")]


def test_what_quiet_hours_keep_until_the_end_says_so(
    rows: Rows, calendar: PostgresCalendar
) -> None:
    """Expired, with a reason that is not the plain one."""
    rule(rows)
    campaign = rows.running(2, expires=DUSK + timedelta(hours=2))
    calendar.rest(DUSK)
    assert calendar.expire(DUSK + timedelta(hours=1)) == 0
    assert calendar.expire(DUSK + timedelta(hours=2)) == 2
    assert rows.delivery(campaign, 1, "status", "reason") == ("expired", "quiet_hours")
    rule(rows, {})
    free = rows.running(2, name="free", expires=DUSK)
    calendar.expire(DUSK)
    assert rows.delivery(free, 1, "status", "reason") == ("expired", "expired")


def test_a_retry_that_is_due_at_night_waits_for_the_morning(
    rows: Rows, calendar: PostgresCalendar
) -> None:
    """It is not lost, and its attempt is the second."""
    rule(rows)
    campaign = rows.running(1)
    before = DUSK - SECOND
    lease = rows.claimed(campaign, [1], before)
    deferred = submission(DeliveryId(campaign, 1), EVENT.DEFER, reason=Reason.RATE_LIMITED)
    rows.ledger.record([recorded(deferred, due=DUSK + timedelta(hours=1))], before)
    rows.ledger.release(lease, before)
    assert publishable(calendar, DUSK + timedelta(hours=2)) == 0
    assert publishable(calendar, DAWN) == 1
    again = rows.ledger.lease(lease.batch, DAWN, TTL)
    assert again is not None
    assert rows.ledger.claim(again, {1: 2}, "sandbox", DAWN, TTL) == [1]


def test_a_worker_killed_when_night_falls_loses_nobody(
    rows: Rows, calendar: PostgresCalendar
) -> None:
    """What it had claimed is in doubt, the rest waits for the morning, and the sum is the same."""
    rule(rows)
    campaign = rows.running(5)
    before = DUSK - SECOND
    rows.claimed(campaign, [1, 2], before)
    # It is never heard of again; its lease ends in the night.
    night = DUSK + 2 * TTL
    calendar.rest(night)
    calendar.expire(night)
    assert rows.statuses(campaign) == [STATUS.UNKNOWN] * 2 + [STATUS.PLANNED] * 3
    assert publishable(calendar, night) == 0
    assert calendar.finish(night) == []
    assert held(rows, campaign, night) == [(CASABLANCA, "quiet_hours", DAWN.isoformat(), 3)]
    assert publishable(calendar, DAWN) == 1
    lease = rows.ledger.lease(rows.batches(campaign)[0], DAWN, TTL)
    assert lease is not None
    claimed = rows.ledger.claim(lease, dict.fromkeys(range(1, 6), 1), "sandbox", DAWN, TTL)
    assert claimed == [3, 4, 5]


def test_pause_resume_and_cancel_work_on_what_rests(rows: Rows, calendar: PostgresCalendar) -> None:
    """As on everything else."""
    rule(rows)
    campaign = rows.running(2)
    calendar.rest(DUSK)
    rows.campaigns.pause(campaign, "amina", DUSK)
    assert publishable(calendar, DAWN) == 0
    rows.campaigns.resume(campaign, "amina", DAWN)
    assert publishable(calendar, DAWN) == 1
    rows.campaigns.cancel(campaign, "amina", DUSK + timedelta(hours=1))
    assert rows.statuses(campaign) == [STATUS.CANCELLED] * 2
    assert rows.delivery(campaign, 1, "reason") == ("cancelled",)


def test_an_operator_releases_a_night_with_a_reason(rows: Rows, calendar: PostgresCalendar) -> None:
    """That night alone, in that zone alone, and who did it for how many is recorded."""
    rule(rows)
    people(rows, CASABLANCA, CASABLANCA, PARIS)
    campaign = rows.running(0, expires=NOON + timedelta(days=5))
    night = DUSK + timedelta(hours=2)
    calendar.rest(night)
    holds = Holds(rows.pool, CASABLANCA)
    done = holds.release(campaign, Scope(zone=CASABLANCA), "youssef", "the mayor asked", night)
    assert (done.holds, done.rested) == ([], 2)
    assert publishable(calendar, night) == 1
    lease = rows.ledger.lease(rows.batches(campaign)[0], night, TTL)
    assert lease is not None
    assert lease.rests == DUSK + timedelta(days=1)
    passed: Any = Reports(rows.pool).summary(campaign)["passed"]
    assert [(one["zone"], one["messages"], one["by"], one["why"]) for one in passed] == [
        (CASABLANCA, 2, "youssef", "the mayor asked")
    ]
    # A change of the rules does not take the release back.
    rule(rows, {"quiet": [{"from": "20:00", "to": "08:00"}]}, night)
    assert rows.ask("SELECT rest_from FROM batch WHERE zone = %s", CASABLANCA) == [
        (DUSK + timedelta(hours=23),)
    ]


def test_a_step_of_an_escalation_waits_for_what_rests_and_its_minutes_again(
    rows: Rows, calendar: PostgresCalendar
) -> None:
    """Nothing left at night, so nothing could be confirmed."""
    rule(rows)
    rows.save([customer(1, addresses=(address(Scheme.FCM, 1), address(Scheme.TEL, 1)))])
    start = DUSK - timedelta(minutes=5)
    campaign = rows.launched(
        channels=(Channel.PUSH, Channel.SMS),
        channel_plan=ChannelPlan.ESCALATE,
        escalate_after=(10,),
    )
    rows.planner().plan(campaign, start)
    late = DUSK + timedelta(hours=1)
    escalator = Escalator(rows.pool, FakeRenderer(), batch_size=10, time_zone=CASABLANCA)
    calendar.rest(late)
    assert calendar.due_escalations(late) == []
    assert escalator.escalate(campaign, late) == 0
    calendar.rest(DAWN)
    assert calendar.due_escalations(DAWN) == []
    soon = DAWN + timedelta(minutes=10)
    assert calendar.due_escalations(soon) == [(campaign, Lane.ROUTINE)]
    assert escalator.escalate(campaign, soon) == 1
    assert rows.statuses(campaign) == [STATUS.CANCELLED, STATUS.PLANNED]


def test_a_step_that_is_planned_by_day_rests_at_night(
    rows: Rows, calendar: PostgresCalendar
) -> None:
    """Its batches have the hours of their own channel."""
    rule(rows, {"quiet": [{"channels": ["sms"], "from": "21:00", "to": "08:00"}]})
    rows.save([customer(1, addresses=(address(Scheme.FCM, 1), address(Scheme.TEL, 1)))])
    campaign = rows.launched(
        channels=(Channel.PUSH, Channel.SMS),
        channel_plan=ChannelPlan.ESCALATE,
        escalate_after=(10,),
    )
    rows.planner().plan(campaign, NOON)
    night = DUSK + timedelta(hours=1)
    calendar.rest(night)
    escalator = Escalator(rows.pool, FakeRenderer(), batch_size=10, time_zone=CASABLANCA)
    assert escalator.escalate(campaign, night) == 1
    assert held(rows, campaign, night) == [(CASABLANCA, "quiet_hours", DAWN.isoformat(), 1)]


def test_a_forecast_says_who_waits_until_when(rows: Rows) -> None:
    """By zone and channel, whether it ends in time, and who is told once where one alone is."""
    waits = Waits(rows.pool, Everybody(), FakeRenderer(), CASABLANCA)
    people(rows, CASABLANCA, CASABLANCA, KATHMANDU)
    channels = (Channel.SMS, Channel.EMAIL)
    campaign = rows.draft(channels=channels, expires=DUSK + timedelta(hours=2))
    assert waits.foresee(campaign, NOON).waits == []
    rule(rows)
    evening = datetime(2020, 3, 20, 16, tzinfo=UTC)
    found = waits.foresee(campaign, evening)
    assert (found.version, found.passed_caps) == (1, 0)
    assert [
        (one.zone, one.channel, one.messages, one.held_at_once, one.in_time) for one in found.waits
    ] == [
        (CASABLANCA, Channel.SMS, 2, False, False),
        (CASABLANCA, Channel.EMAIL, 2, False, False),
        (KATHMANDU, Channel.SMS, 1, True, False),
        (KATHMANDU, Channel.EMAIL, 1, True, False),
    ]
    first = rows.draft(name="one each", channels=channels, channel_plan=ChannelPlan.FIRST_REACHABLE)
    counts = [(one.channel, one.messages, one.in_time) for one in waits.foresee(first, NOON).waits]
    assert counts == [(Channel.SMS, 2, True), (Channel.SMS, 1, True)]


def test_a_forecast_of_urgent_safety_says_what_it_passes(rows: Rows) -> None:
    """Quiet hours and caps."""
    rule(rows, {**NIGHT, "cap": [{"class": "safety", "most": 1, "days": 7}]})
    people(rows, CASABLANCA)
    campaign = rows.draft(message_class=MessageClass.SAFETY, lane=Lane.URGENT)
    found = Waits(rows.pool, Everybody(), FakeRenderer(), CASABLANCA).foresee(campaign, DUSK)
    assert [(one.messages, one.passed) for one in found.waits] == [(1, True)]
    assert found.passed_caps == 1
