"""Escalation in a real PostgreSQL: when it is due, what holds it, and what it leaves alone."""

import json
import threading
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from broadcaster.domain.approval import content_hash
from broadcaster.domain.campaign import CampaignStatus, ChannelPlan
from broadcaster.domain.delivery import DeliveryEvent, DeliveryId, DeliveryStatus
from broadcaster.domain.message import Channel, Lane, Scheme
from broadcaster.errors import ConflictError, InvalidInputError, UnavailableError
from broadcaster.ledger.sweep import PostgresCalendar
from broadcaster.planning.escalation import Escalator
from broadcaster.reports.reports import Reports
from tests.builders import NOON, address, advisory, customer, receipt, recorded, submission
from tests.builders import campaign as built
from tests.commands import Run, run
from tests.fakes import FakeRenderer
from tests.rows import TTL, Pool, Rows

__all__ = ["run"]

STATUS, EVENT = DeliveryStatus, DeliveryEvent
ORDER = (Channel.PUSH, Channel.EMAIL, Channel.SMS)
MINUTE = timedelta(minutes=1)
EXPIRED = NOON + timedelta(days=1)


@pytest.fixture
def rows(pool: Pool) -> Rows:
    """Give a ledger with three customers who have every channel."""
    rows = Rows(pool)
    rows.save(
        customer(
            number,
            addresses=[
                address(scheme, number) for scheme in (Scheme.FCM, Scheme.MAILTO, Scheme.TEL)
            ],
        )
        for number in (1, 2, 3)
    )
    return rows


@pytest.fixture
def calendar(pool: Pool) -> PostgresCalendar:
    """Give the lists of what is due."""
    return PostgresCalendar(pool)


@pytest.fixture
def escalator(pool: Pool) -> Escalator:
    """Give what turns campaigns to their next channel."""
    return Escalator(pool, FakeRenderer(), batch_size=10)


def test_each_step_is_due_after_its_minutes_and_tells_who_confirmed_nothing(
    rows: Rows, calendar: PostgresCalendar, escalator: Escalator
) -> None:
    """One is confirmed at once, one after the mail; the last one gets all three."""
    campaign = _escalating(rows)
    assert calendar.due_escalations(NOON + 9 * MINUTE) == []
    assert calendar.due_escalations(NOON + 10 * MINUTE) == [(campaign, Lane.ROUTINE)]
    _send(rows, campaign, [1, 2, 3])
    _confirm(rows, campaign, 1)
    assert escalator.escalate(campaign, NOON + 10 * MINUTE) == 2
    assert calendar.due_escalations(NOON + 39 * MINUTE) == []
    _send(rows, campaign, [4, 5], NOON + 10 * MINUTE)
    _confirm(rows, campaign, 4)
    assert escalator.escalate(campaign, NOON + 40 * MINUTE) == 1
    assert calendar.due_escalations(EXPIRED) == []
    assert _channels(rows, campaign) == {
        "C000001": ["push"],
        "C000002": ["push", "email"],
        "C000003": ["push", "email", "sms"],
    }
    steps = Reports(rows.pool).summary(campaign)["steps"]
    assert isinstance(steps, list)
    assert [(one["channel"], one["targeted"], one["confirmed"]) for one in steps] == [
        ("push", 3, 1),
        ("email", 2, 1),
        ("sms", 1, 0),
    ]


def test_who_has_left_since_the_first_step_is_not_told_by_the_next(
    rows: Rows, escalator: Escalator
) -> None:
    """They are customers no more."""
    campaign = _escalating(rows)
    rows.tell("UPDATE customer SET left_at = now() WHERE number = 'C000002'")
    assert escalator.escalate(campaign, NOON + 10 * MINUTE) == 2
    assert _channels(rows, campaign)["C000002"] == ["push"]


def test_what_has_not_left_gives_way_and_what_has_stays(rows: Rows, escalator: Escalator) -> None:
    """Planned and deferred ones are superseded; what was accepted, or is in the air, is not."""
    campaign = _escalating(rows)
    held = rows.claimed(campaign, [1, 2])
    rows.ledger.record([recorded(submission(DeliveryId(campaign, 1), EVENT.DEFER))], NOON)
    assert escalator.escalate(campaign, NOON + 10 * MINUTE) == 3
    assert rows.statuses(campaign)[:3] == [STATUS.CANCELLED, STATUS.SUBMITTING, STATUS.CANCELLED]
    assert rows.delivery(campaign, 1, "reason", "due_at") == ("superseded", None)
    # Its holder finds nothing left of it, and what is in the air is recorded.
    assert rows.ledger.claim(held, {1: 2, 3: 1}, "sandbox", NOON, TTL) == []
    rows.ledger.record([recorded(submission(DeliveryId(campaign, 2)))], NOON)
    rows.ledger.release(held, NOON)
    assert rows.ask("SELECT done FROM batch ORDER BY id") == [(True,), (False,)]


def test_the_first_step_that_reaches_a_customer_is_taken_and_none_is_skipped_into_twice(
    rows: Rows, escalator: Escalator
) -> None:
    """Without push: mail at once. With push and telephone alone: both by the second step."""
    rows.save(
        [customer(4), customer(5, addresses=[address(Scheme.FCM, 5), address(Scheme.TEL, 5)])]
    )
    campaign = _escalating(rows)
    assert escalator.escalate(campaign, NOON + 10 * MINUTE) == 4
    assert _channels(rows, campaign)["C000004"] == ["email"]
    assert _channels(rows, campaign)["C000005"] == ["push", "sms"]
    assert escalator.escalate(campaign, NOON + 40 * MINUTE) == 4
    assert _channels(rows, campaign)["C000005"] == ["push", "sms"]


def test_a_step_that_comes_late_gives_its_customers_their_time(
    rows: Rows, calendar: PostgresCalendar, escalator: Escalator
) -> None:
    """Beat was away for an hour: nothing is lost, and the next step is not due at once."""
    campaign = _escalating(rows)
    late = NOON + 70 * MINUTE
    assert calendar.due_escalations(late) == [(campaign, Lane.ROUTINE)]
    assert escalator.escalate(campaign, late) == 3
    assert escalator.escalate(campaign, late) == 0
    assert calendar.due_escalations(late + 29 * MINUTE) == []
    assert calendar.due_escalations(late + 30 * MINUTE) == [(campaign, Lane.ROUTINE)]


def test_a_paused_campaign_does_not_escalate_and_its_clock_stands_still(
    rows: Rows, calendar: PostgresCalendar, escalator: Escalator
) -> None:
    """Nothing left meanwhile, so nobody could confirm it."""
    campaign = _escalating(rows)
    rows.campaigns.pause(campaign, "amina", NOON + 4 * MINUTE)
    assert calendar.due_escalations(NOON + 60 * MINUTE) == []
    assert escalator.escalate(campaign, NOON + 60 * MINUTE) == 0
    rows.campaigns.resume(campaign, "amina", NOON + 60 * MINUTE)
    assert calendar.due_escalations(NOON + 65 * MINUTE) == []
    assert escalator.escalate(campaign, NOON + 66 * MINUTE) == 3


def test_a_campaign_is_not_over_before_its_last_step(
    rows: Rows, calendar: PostgresCalendar, escalator: Escalator
) -> None:
    """Also when everybody has confirmed: somebody might not have."""
    campaign = _escalating(rows)
    _send(rows, campaign, [1, 2, 3])
    for number in (1, 2, 3):
        _confirm(rows, campaign, number)
    for minutes in (10, 40):
        assert calendar.finish(NOON + minutes * MINUTE) == []
        assert escalator.escalate(campaign, NOON + minutes * MINUTE) == 0
    assert calendar.finish(NOON + 40 * MINUTE) == [campaign]


def test_expiry_and_cancellation_end_it(
    rows: Rows, calendar: PostgresCalendar, escalator: Escalator
) -> None:
    """What is due then is not done, and the campaign is over."""
    expired, cancelled = _escalating(rows), _escalating(rows, name="cancelled")
    rows.campaigns.cancel(cancelled, "amina", NOON)
    assert calendar.due_escalations(EXPIRED) == []
    for campaign in (expired, cancelled):
        assert escalator.escalate(campaign, EXPIRED) == 0
    assert calendar.expire(EXPIRED) == 3
    assert calendar.finish(EXPIRED) == [expired]
    assert rows.campaigns.get(str(expired)).status is CampaignStatus.COMPLETED


def test_escalators_at_once_tell_once(rows: Rows, escalator: Escalator) -> None:
    """A task that was delivered several times."""
    campaign = _escalating(rows)
    barrier = threading.Barrier(3)
    told: list[int] = []

    def work() -> None:
        barrier.wait(timeout=10)
        with suppress(ConflictError):
            told.append(escalator.escalate(campaign, NOON + 10 * MINUTE))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sum(told) == 3
    assert len(rows.statuses(campaign)) == 6


def test_a_step_whose_server_process_dies_leaves_nothing(
    rows: Rows, calendar: PostgresCalendar, escalator: Escalator
) -> None:
    """And is due again."""
    campaign = _escalating(rows)
    rows.tell(
        "CREATE FUNCTION end_ourselves() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$"
    )
    rows.tell("CREATE TRIGGER ending AFTER UPDATE ON escalation EXECUTE FUNCTION end_ourselves()")
    with pytest.raises(UnavailableError):
        escalator.escalate(campaign, NOON + 10 * MINUTE)
    rows.tell("DROP FUNCTION end_ourselves CASCADE")
    assert rows.statuses(campaign) == [STATUS.PLANNED] * 3
    assert len(rows.batches(campaign)) == 1
    assert calendar.due_escalations(NOON + 10 * MINUTE) == [(campaign, Lane.ROUTINE)]
    assert escalator.escalate(campaign, NOON + 10 * MINUTE) == 3


def test_plan_order_and_minutes_are_approved() -> None:
    """What changes who is told where changes the hash; a plan of all keeps its former one."""
    plain = replace(built(), channels=ORDER)
    steps = replace(plain, channel_plan=ChannelPlan.ESCALATE, escalate_after=(10, 30))
    changed = (
        plain,
        replace(plain, channel_plan=ChannelPlan.FIRST_REACHABLE),
        steps,
        replace(steps, escalate_after=(10, 31)),
        replace(steps, channels=ORDER[::-1]),
    )
    hashes = [content_hash(one, advisory(), "kind") for one in changed]
    assert len(set(hashes)) == len(hashes)
    assert content_hash(replace(plain, channels=ORDER[::-1]), advisory(), "kind") == hashes[0]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"escalate_after": ()}, "escalate_after: does not fit"),
        ({"escalate_after": (1, 2, 3)}, "escalate_after: does not fit"),
        ({"escalate_after": (0, 5)}, "escalate_after: does not fit"),
        ({"escalate_after": (10, 8000), "channels": ORDER}, "ends after the advisory has expired"),
        ({"channels": (Channel.SMS,)}, "channels: name one alone"),
        ({"channel_plan": ChannelPlan.ALL}, "has no meaning in this plan"),
    ],
)
def test_minutes_that_do_not_fit_are_refused(
    rows: Rows, changes: dict[str, object], problem: str
) -> None:
    """With the field and the remedy."""
    with pytest.raises(InvalidInputError, match=problem):
        _escalating(rows, **changes)


def test_a_plan_is_chosen_by_command(run: Run) -> None:
    """The order is that of the words, or of what costs least first; errors name the option."""
    run("customers", "make", "20", "--seed", "3")
    run("segments", "save", "everybody", "all")
    words = ("campaigns", "create", "one", "--kind", "remote_services", "--segment", "everybody")
    for option, value, problem in (
        ("--plan", "some", "--plan: 'some' is unknown"),
        ("--escalate-after", "ten", "--escalate-after: 'ten' is no list of minutes"),
    ):
        assert problem in run(*words, option, value).err
    said = run(*words, "--plan", "escalate", "--escalate-after", "10,30")
    assert (said.code, said.err) == (0, "")
    foreseen = json.loads(run("campaigns", "forecast", "one", "--json").out)
    assert foreseen["plan"] == "escalate"
    assert [step["after_minutes"] for step in foreseen["steps"]] == [0, 10, 30]
    assert sum(foreseen["channels"].values()) == foreseen["reached"]
    assert "30 minutes after the one before: at most" in run("campaigns", "forecast", "one").out
    listed = json.loads(run("campaigns", "status", "--json").out)
    assert listed[0]["plan"] == "escalate"
    assert listed[0]["channels"] == ["push", "email", "sms"]


def _escalating(rows: Rows, **changes: Any) -> int:  # noqa: ANN401  (any field of the value)
    plain: dict[str, Any] = {
        "channels": ORDER,
        "channel_plan": ChannelPlan.ESCALATE,
        "escalate_after": (10, 30),
    }
    return rows.running(**{**plain, **changes})


def _send(rows: Rows, campaign: int, numbers: list[int], now: datetime = NOON) -> None:
    """Have a batch with these numbers accepted."""
    batch = rows.batches(campaign)[0 if 1 in numbers else -1]
    held = rows.ledger.lease(batch, now, TTL)
    assert held is not None
    assert rows.ledger.claim(held, dict.fromkeys(numbers, 1), "sandbox", now, TTL) == numbers
    answers = [recorded(submission(DeliveryId(campaign, number))) for number in numbers]
    rows.ledger.record(answers, now)
    rows.ledger.release(held, now)


def _confirm(rows: Rows, campaign: int, number: int) -> None:
    rows.ledger.receive([receipt(DeliveryId(campaign, number))], NOON)
    rows.ledger.apply_receipts(NOON, 10)


def _channels(rows: Rows, campaign: int) -> dict[str, list[str]]:
    found = rows.ask(
        "SELECT customer.number, array_agg(channel::text ORDER BY delivery.number) FROM delivery "
        "JOIN customer ON customer.id = customer_id WHERE campaign_id = %s GROUP BY 1",
        campaign,
    )
    return dict(found)
