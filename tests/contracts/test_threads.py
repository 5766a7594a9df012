"""Threads in a real PostgreSQL: whom a follow-up tells, and what it does to what it follows."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from broadcaster.domain.advisory import MessageType
from broadcaster.domain.campaign import CampaignStatus, ChannelPlan
from broadcaster.domain.delivery import DeliveryEvent, DeliveryId, DeliveryStatus, Reason
from broadcaster.domain.message import Channel, Lane, MessageClass, Scheme
from broadcaster.errors import ConflictError
from broadcaster.ledger.doubts import PostgresDoubts
from broadcaster.ledger.fairness import Fairness
from broadcaster.ledger.optouts import OptOuts
from broadcaster.ledger.sweep import PostgresCalendar
from broadcaster.ledger.threads import Threads
from broadcaster.planning.escalation import Escalator
from broadcaster.planning.forecast import Forecaster
from broadcaster.planning.waits import Waits
from tests.builders import NOON, address, customer, receipt, recorded, submission
from tests.fakes import FakeRenderer
from tests.rows import TTL, Everybody, Pool, Rows

STATUS, EVENT, TYPE = DeliveryStatus, DeliveryEvent, MessageType
REPLACING = (TYPE.UPDATE, TYPE.CORRECTION)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def rows(pool: Pool) -> Rows:
    """Give an empty ledger."""
    return Rows(pool)


@pytest.fixture
def calendar(pool: Pool) -> PostgresCalendar:
    """Give the lists of what is due."""
    return PostgresCalendar(pool)


def _follow(rows: Rows, campaign: int, type_: MessageType, **changes: object) -> int:
    """Make a draft that follows a campaign."""
    followed = rows.campaigns.get(str(campaign)).advisory_id
    name = f"{type_.value} of {campaign}"
    return rows.draft(**{"name": name, "message_type": type_, "follows": followed, **changes})


def _launched(rows: Rows, campaign: int, type_: MessageType, **changes: object) -> int:
    """Launch a follow-up."""
    made = _follow(rows, campaign, type_, **changes)
    rows.campaigns.approve(made, "hash", "youssef", NOON)
    rows.campaigns.launch(made, "amina", NOON)
    return made


def _planned(rows: Rows, campaign: int, type_: MessageType, **changes: object) -> int:
    """Launch a follow-up and plan it."""
    made = _launched(rows, campaign, type_, **changes)
    rows.planner().plan(made, NOON)
    return made


def _send(rows: Rows, campaign: int, outcomes: Mapping[int, DeliveryEvent]) -> None:
    """Claim and record, batch by batch, and give the batches back."""
    for batch in rows.batches(campaign):
        lease = rows.ledger.lease(batch, NOON, TTL)
        assert lease is not None
        waiting = {one.delivery.number for one in rows.ledger.pending(lease, NOON, 100)}
        own = sorted(waiting & set(outcomes))
        claimed = rows.ledger.claim(lease, dict.fromkeys(own, 1), "sandbox", NOON, TTL)
        assert claimed == own
        said = [recorded(submission(DeliveryId(campaign, n), outcomes[n])) for n in own]
        rows.ledger.record(said, NOON)
        rows.ledger.release(lease, NOON)


def _accept(rows: Rows, campaign: int) -> None:
    """Have a network take all that a campaign tells."""
    told = rows.ask(
        "SELECT number FROM delivery WHERE campaign_id = %s AND status = 'planned'", campaign
    )
    _send(rows, campaign, {number: EVENT.ACCEPT for (number,) in told})


def _told(rows: Rows, campaign: int) -> list[tuple[str, str]]:
    """List who is told by a campaign, by number and channel, in order."""
    return rows.ask(
        "SELECT right(customer.number, 1), delivery.channel::text FROM delivery "
        "JOIN customer ON customer.id = customer_id "
        "WHERE campaign_id = %s AND address_id IS NOT NULL ORDER BY 1, 2",
        campaign,
    )


def _everything(rows: Rows) -> int:
    """Make an alert of which everything became: by SMS, to eight customers, one without a phone."""
    rows.save(customer(number) for number in range(1, 9))
    rows.save([customer(9, addresses=())])
    campaign = rows.running()
    outcomes = (EVENT.ACCEPT, EVENT.ACCEPT, EVENT.LOSE, EVENT.REFUSE, EVENT.ACCEPT, EVENT.DEFER)
    _send(rows, campaign, dict(enumerate(outcomes, 1)))
    rows.ledger.receive([receipt(DeliveryId(campaign, 2), EVENT.DELIVER)], NOON)
    rows.ledger.receive([receipt(DeliveryId(campaign, 5), EVENT.FAIL)], NOON)
    rows.ledger.apply_receipts(NOON, 10)
    assert rows.statuses(campaign)[:8] == [
        *(STATUS.ACCEPTED, STATUS.DELIVERED, STATUS.UNKNOWN, STATUS.REJECTED, STATUS.UNDELIVERED),
        *(STATUS.DEFERRED, STATUS.PLANNED, STATUS.PLANNED),
    ]
    return campaign


@pytest.mark.parametrize("type_", [one for one in MessageType if one is not TYPE.ALERT])
def test_it_tells_exactly_those_who_got_the_former_message(rows: Rows, type_: MessageType) -> None:
    """Who may have got it counts too; what waits is replaced by what says all of it."""
    alert = _everything(rows)
    made = _planned(rows, alert, type_)
    waited = "678" if type_ in REPLACING else ""
    assert _told(rows, made) == [(number, "sms") for number in "123" + waited]
    gave_way = [rows.delivery(alert, n, "status", "reason", "code") for n in (6, 7, 8)]
    assert gave_way == [("cancelled", "superseded", f"campaign {made}")] * 3
    assert rows.campaigns.get(str(alert)).status is CampaignStatus.CANCELLED
    assert rows.campaigns.get(str(alert)).superseded_by == made


@pytest.mark.parametrize("last", [TYPE.CANCEL, TYPE.UPDATE])
def test_who_got_the_alert_and_not_the_update_gets_what_comes_then(
    rows: Rows, last: MessageType
) -> None:
    """The whole thread counts, and who failed last is not tried again with what they never got."""
    rows.save(customer(number) for number in range(1, 7))
    alert = rows.running()
    _send(rows, alert, {1: EVENT.ACCEPT, 2: EVENT.ACCEPT, 3: EVENT.ACCEPT})
    update = _planned(rows, alert, TYPE.UPDATE)
    # By customers: 1 and 4 get it, 2 and 5 are refused, 3 and 6 still wait.
    _send(rows, update, {1: EVENT.ACCEPT, 4: EVENT.ACCEPT, 2: EVENT.REFUSE, 5: EVENT.REFUSE})
    made = _planned(rows, update, last)
    waited = "6" if last in REPLACING else ""
    assert [number for number, _ in _told(rows, made)] == list("1234" + waited)


def test_a_correction_that_was_corrected_before_it_was_planned_tells_what_it_would_have(
    rows: Rows,
) -> None:
    """Whoever waited for the alert waits for the last one."""
    alert = _everything(rows)
    first = _launched(rows, alert, TYPE.CORRECTION)
    second = _planned(rows, first, TYPE.CORRECTION, name="second")
    assert [number for number, _ in _told(rows, second)] == list("123678")
    with pytest.raises(ConflictError):
        rows.planner().plan(first, NOON)


def test_each_channel_that_reached_somebody_is_followed_and_no_other(rows: Rows) -> None:
    """An address of before is told, not the one that the customer has now; the rest was not."""
    rows.save(customer(number) for number in (1, 2))
    alert = rows.running(channels=(Channel.SMS, Channel.EMAIL))
    _send(rows, alert, {1: EVENT.ACCEPT, 2: EVENT.REFUSE, 3: EVENT.REFUSE, 4: EVENT.ACCEPT})
    rows.tell(
        "UPDATE customer_address SET address_id = (SELECT id FROM address WHERE value = %s) "
        "WHERE address_id = (SELECT id FROM address WHERE value = %s)",
        address(Scheme.TEL, 2).value,
        address(Scheme.TEL, 1).value,
    )
    made = _planned(rows, alert, TYPE.UPDATE, channels=(Channel.SMS, Channel.EMAIL))
    assert _told(rows, made) == [("1", "sms"), ("2", "email")]
    same = rows.ask(
        "SELECT count(*) FROM delivery JOIN delivery AS former USING (address_id) "
        "WHERE delivery.campaign_id = %s AND former.campaign_id = %s",
        made,
        alert,
    )
    assert same == [(2,)]
    left = rows.ask("SELECT DISTINCT reason FROM delivery WHERE status = 'suppressed'")
    assert left == [("not_told",)]


def test_consent_and_suppression_hold_and_caps_do_not(rows: Rows, pool: Pool) -> None:
    """Whoever ends messages gets none; one who is full is still told what was wrong."""
    cap = {"class": "service", "most": 1, "days": 7}
    Fairness(pool, "UTC").change({"cap": [cap]}, "amina", NOON)
    rows.save(customer(number) for number in (1, 2, 3))
    alert = rows.running(drill=False)
    _accept(rows, alert)
    OptOuts(pool).opt_out(DeliveryId(alert, 2), NOON)
    correction = _follow(rows, alert, TYPE.CORRECTION, drill=False)
    foreseen = Forecaster(pool, Everybody(), FakeRenderer()).forecast(correction, now=NOON)
    assert (foreseen.customers, foreseen.reached) == (3, 2)
    assert dict(foreseen.suppressed) == {Reason.OPTED_OUT: 1}
    rows.campaigns.approve(correction, "hash", "youssef", NOON)
    rows.campaigns.launch(correction, "amina", NOON)
    planned = rows.planner().plan(correction, NOON)
    assert dict(planned.suppressed) == dict(foreseen.suppressed)
    assert [number for number, _ in _told(rows, correction)] == ["1", "3"]
    passed = rows.ask(
        "SELECT rule, messages, why FROM passed_rule WHERE campaign_id = %s", correction
    )
    assert passed == [("cap: 1 in 7 days", 2, "follows what was told")]
    waits = Waits(pool, Everybody(), FakeRenderer(), "UTC").foresee(correction, NOON)
    assert waits.passed_caps == 1


def test_who_left_hears_what_follows_and_nothing_new(rows: Rows) -> None:
    """One was told and one was not before both left; the erased are not here."""
    rows.save(customer(number) for number in (1, 2, 3))
    alert = rows.running()
    _send(rows, alert, {1: EVENT.ACCEPT, 3: EVENT.ACCEPT})
    rows.tell("UPDATE customer SET left_at = now() WHERE number <> 'C000003'")
    rows.tell("DELETE FROM customer_address WHERE customer_id = 3")
    rows.tell("DELETE FROM customer WHERE number = 'C000003'")
    made = _planned(rows, alert, TYPE.UPDATE)
    assert _told(rows, made) == [("1", "sms")]


def test_it_is_not_planned_before_all_that_is_in_the_air_has_landed(
    rows: Rows, calendar: PostgresCalendar
) -> None:
    """What was claimed and not recorded may be told or not; what then is known counts."""
    rows.save(customer(number) for number in (1, 2, 3, 4))
    alert = rows.running()
    lease = rows.claimed(alert, [1, 2, 3])
    made = _launched(rows, alert, TYPE.CORRECTION)
    assert rows.statuses(alert) == [*[STATUS.SUBMITTING] * 3, STATUS.CANCELLED]
    assert rows.ledger.claim(lease, {4: 1}, "sandbox", NOON, TTL) is None
    assert not rows.ledger.renew(lease, NOON, TTL)
    assert calendar.due_campaigns(NOON) == []
    with pytest.raises(ConflictError, match="in the air"):
        rows.planner().plan(made, NOON)
    # One left, one was taken back, of one nothing is known because its worker was lost.
    said = [submission(DeliveryId(alert, 1)), submission(DeliveryId(alert, 2), EVENT.DEFER)]
    rows.ledger.record([recorded(one) for one in said], NOON)
    assert calendar.due_campaigns(NOON) == []
    later = NOON + 2 * TTL
    calendar.expire(later)
    assert calendar.due_campaigns(later) == [(made, Lane.ROUTINE)]
    rows.planner().plan(made, later)
    assert [number for number, _ in _told(rows, made)] == list("1234")
    assert rows.statuses(alert) == [
        *(STATUS.ACCEPTED, STATUS.CANCELLED, STATUS.UNKNOWN, STATUS.CANCELLED)
    ]


def test_what_was_followed_never_leaves_again(rows: Rows, pool: Pool) -> None:
    """Not by a late word of a worker, not by a replay, not as a warning in doubt."""
    rows.save(customer(number) for number in (1, 2))
    alert = rows.running(message_class=MessageClass.SAFETY)
    _send(rows, alert, {1: EVENT.LOSE, 2: EVENT.EXHAUST})
    calendar = PostgresCalendar(pool)
    rows.tell("UPDATE batch SET settle_at = NULL")
    assert calendar.finish(NOON) == [alert]
    made = _planned(rows, alert, TYPE.UPDATE, message_class=MessageClass.SAFETY)
    assert rows.campaigns.get(str(alert)).status is CampaignStatus.COMPLETED
    doubts = PostgresDoubts(pool)
    assert doubts.replay(alert, "amina", NOON) == 0
    assert doubts.resend([DeliveryId(alert, 1)], NOON) == 0
    rows.ledger.record([recorded(submission(DeliveryId(alert, 1), EVENT.DEFER))], NOON)
    calendar.finish(NOON)
    assert rows.campaigns.get(str(alert)).status is CampaignStatus.COMPLETED
    assert [batch for batch, _ in calendar.publishable(NOON, dict.fromkeys(Lane, MINUTE), 9)] == (
        rows.batches(made)
    )
    calendar.expire(NOON)
    assert rows.delivery(alert, 1, "status", "reason") == ("cancelled", "superseded")
    with pytest.raises(ConflictError):
        rows.campaigns.resume(alert, "amina", NOON)


def test_the_first_follow_up_that_is_launched_is_the_one_that_counts(rows: Rows) -> None:
    """Two were made of one message; the second says that the thread has gone on."""
    alert = rows.running(1)
    one, other = (_follow(rows, alert, TYPE.UPDATE, name=name) for name in ("one", "other"))
    for made in (one, other):
        rows.campaigns.approve(made, "hash", "youssef", NOON)
    rows.campaigns.launch(one, "amina", NOON)
    with pytest.raises(ConflictError, match="'one' was launched since"):
        rows.campaigns.launch(other, "amina", NOON)
    assert rows.campaigns.get("other").status is CampaignStatus.APPROVED
    audit = rows.ask("SELECT action, subject, details FROM audit WHERE action = 'supersede'")
    assert audit == [("supersede", f"campaign {alert}", {"by": one})]


def test_nothing_follows_an_end_nor_what_told_nobody(rows: Rows) -> None:
    """Each refusal says what to do."""
    draft = rows.draft()
    with pytest.raises(ConflictError, match="was never launched"):
        Threads(rows.pool).latest(draft)
    waiting = rows.launched(name="waiting")
    with pytest.raises(ConflictError, match="has told nobody yet"):
        Threads(rows.pool).latest(waiting)
    alert = rows.running(1, name="alert")
    assert Threads(rows.pool).latest(alert) == alert
    end = _planned(rows, alert, TYPE.CANCEL)
    for one in (alert, end):
        with pytest.raises(ConflictError, match="ended its thread"):
            Threads(rows.pool).latest(one)
    rows.campaigns.cancel(end, "amina", NOON)
    assert Threads(rows.pool).latest(alert) == end


def test_an_update_goes_on_to_escalate_and_its_former_does_not(rows: Rows, pool: Pool) -> None:
    """Who was told by two channels is told by both; who confirms nothing, on the next one."""
    rows.save(
        customer(number, addresses=[address(Scheme.MAILTO, number), address(Scheme.TEL, number)])
        for number in (1, 2, 3)
    )
    plan: dict[str, Any] = {
        "channels": (Channel.EMAIL, Channel.SMS),
        "channel_plan": ChannelPlan.ESCALATE,
        "escalate_after": (10,),
    }
    alert = rows.running(**plan)
    _accept(rows, alert)
    rows.ledger.receive([receipt(DeliveryId(alert, n)) for n in (1, 2)], NOON)
    rows.ledger.apply_receipts(NOON, 10)
    escalator = Escalator(pool, FakeRenderer(), batch_size=10)
    assert escalator.escalate(alert, NOON + 10 * MINUTE) == 1
    update = _planned(rows, alert, TYPE.UPDATE, **plan)
    assert _told(rows, update) == [("1", "email"), ("2", "email"), ("3", "email"), ("3", "sms")]
    _accept(rows, update)
    (first,) = rows.ask(
        "SELECT delivery.number FROM delivery JOIN customer ON customer.id = customer_id "
        "WHERE campaign_id = %s AND customer.number = 'C000001' AND address_id IS NOT NULL",
        update,
    )[0]
    rows.ledger.receive([receipt(DeliveryId(update, first))], NOON)
    rows.ledger.apply_receipts(NOON, 10)
    assert escalator.escalate(alert, NOON + 60 * MINUTE) == 0
    assert escalator.escalate(update, NOON + 10 * MINUTE) == 1
    assert _told(rows, update) == [
        *[("1", "email"), ("2", "email"), ("2", "sms"), ("3", "email"), ("3", "sms")]
    ]


def test_one_that_gave_way_to_another_channel_waits_for_nothing(rows: Rows, pool: Pool) -> None:
    """An escalation had passed it over: the follow-up goes to the channel that it went to."""
    rows.save([customer(1)])
    plan: dict[str, Any] = {
        "channels": (Channel.EMAIL, Channel.SMS),
        "channel_plan": ChannelPlan.ESCALATE,
        "escalate_after": (10,),
    }
    alert = rows.running(**plan)
    assert Escalator(pool, FakeRenderer(), batch_size=10).escalate(alert, NOON + 10 * MINUTE) == 1
    assert rows.statuses(alert) == [STATUS.CANCELLED, STATUS.PLANNED]
    assert _told(rows, _planned(rows, alert, TYPE.UPDATE, **plan)) == [("1", "sms")]


def test_a_mail_knows_the_mails_that_it_follows(rows: Rows) -> None:
    """Those of its own address, the first one first; an SMS names none."""
    rows.save(customer(number) for number in (1, 2))
    channels = (Channel.SMS, Channel.EMAIL)
    alert = rows.running(channels=channels)
    _send(rows, alert, {1: EVENT.ACCEPT, 3: EVENT.ACCEPT, 4: EVENT.ACCEPT})
    update = _planned(rows, alert, TYPE.UPDATE, channels=channels)
    numbers = {
        row[0]: row[1]
        for row in rows.ask(
            "SELECT address_id, number FROM delivery WHERE campaign_id = %s AND channel = 'email' "
            "AND address_id IS NOT NULL",
            update,
        )
    }
    _send(rows, update, {min(numbers.values()): EVENT.ACCEPT})
    made = _planned(rows, update, TYPE.CORRECTION, channels=channels)
    named = {}
    for batch in rows.batches(made):
        lease = rows.ledger.lease(batch, NOON, TTL)
        assert lease is not None
        assert lease.former == [alert, update]
        for one in rows.ledger.pending(lease, NOON, 10):
            named[one.address.value] = one.former
    assert named == {
        address(Scheme.TEL, 1).value: (),
        address(Scheme.TEL, 2).value: (),
        address(Scheme.MAILTO, 1).value: ((alert, 3), (update, min(numbers.values()))),
        address(Scheme.MAILTO, 2).value: ((alert, 4),),
    }


def test_what_foretells_a_time_that_has_passed_waits_for_a_new_one(
    rows: Rows, calendar: PostgresCalendar
) -> None:
    """It is held and asks; an update takes its place, and the old one does not go on."""
    rows.save(customer(number) for number in (1, 2))
    alert = rows.running(lapses=NOON + 10 * MINUTE)
    lease = rows.leased(alert)
    assert rows.ledger.claim(lease, {1: 1}, "sandbox", NOON, TTL) == [1]
    rows.ledger.record([recorded(submission(DeliveryId(alert, 1)))], NOON)
    late = NOON + 10 * MINUTE
    assert rows.ledger.claim(lease, {2: 1}, "sandbox", late, timedelta(hours=1)) is None
    rows.ledger.release(lease, NOON)
    assert rows.ledger.lease(lease.batch, late, TTL) is None
    calendar.expire(late - MINUTE)
    assert rows.campaigns.get(str(alert)).status is CampaignStatus.RUNNING
    calendar.expire(late)
    assert rows.campaigns.get(str(alert)).status is CampaignStatus.PAUSED
    assert "give a new one with 'campaigns update'" in str(rows.campaigns.hold_reason(alert))
    assert [one.name for one in Threads(rows.pool).lapsed(late)] == ["notice"]
    with pytest.raises(ConflictError, match="foretells has passed"):
        rows.campaigns.resume(alert, "amina", late)
    update = _planned(rows, alert, TYPE.UPDATE, lapses=NOON + timedelta(hours=2))
    assert [number for number, _ in _told(rows, update)] == ["1", "2"]
    assert Threads(rows.pool).lapsed(late) == []


def test_a_lapsed_one_that_told_everybody_asks_and_is_complete(
    rows: Rows, calendar: PostgresCalendar
) -> None:
    """Nothing is held, as nothing waits; but people read an estimate that is over."""
    alert = rows.running(1, lapses=NOON + 10 * MINUTE)
    _accept(rows, alert)
    late = NOON + 10 * MINUTE
    calendar.expire(late)
    assert calendar.finish(late) == [alert]
    assert [one.campaign for one in Threads(rows.pool).lapsed(late)] == [alert]
    assert Threads(rows.pool).lapsed(NOON + timedelta(days=2)) == []


def test_expired_work_of_a_thread_never_leaves(rows: Rows, calendar: PostgresCalendar) -> None:
    """Nor is it replaced: whose message expired waits for none."""
    rows.save(customer(number) for number in (1, 2))
    alert = rows.running(expires=NOON + MINUTE)
    _send(rows, alert, {1: EVENT.ACCEPT})
    calendar.expire(NOON + MINUTE)
    update = _planned(rows, alert, TYPE.UPDATE, expires=NOON + 2 * MINUTE)
    assert [number for number, _ in _told(rows, update)] == ["1"]
    assert rows.ledger.lease(rows.batches(update)[0], NOON + 2 * MINUTE, TTL) is None
    calendar.expire(NOON + 2 * MINUTE)
    assert rows.statuses(update)[0] is STATUS.EXPIRED
