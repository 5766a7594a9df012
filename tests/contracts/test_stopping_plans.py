"""Pausing, resuming and cancelling in a real PostgreSQL, while a plan or a step is being made."""

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from psycopg import connect

from broadcaster.domain.advisory import FactValue
from broadcaster.domain.campaign import CampaignStatus, ChannelPlan
from broadcaster.domain.delivery import DeliveryStatus
from broadcaster.domain.message import Channel, Lane, Scheme
from broadcaster.errors import ConflictError
from broadcaster.ledger.sweep import PostgresCalendar
from broadcaster.planning.escalation import Escalator
from tests.builders import NOON, address, customer
from tests.fakes import FakeRenderer
from tests.rows import TTL, Pool, Rows
from tests.waiters import waiters

MINUTE = timedelta(minutes=1)
STEP = NOON + 10 * MINUTE
STALE = dict.fromkeys(Lane, timedelta(seconds=15))
ORDER = (Channel.PUSH, Channel.EMAIL, Channel.SMS)
ESCALATING: dict[str, Any] = {
    "channels": ORDER,
    "channel_plan": ChannelPlan.ESCALATE,
    "escalate_after": (10, 30),
}


class Meanwhile(FakeRenderer):
    """Does something once, while it is chosen who is told."""

    def __init__(self, act: Callable[[], None]) -> None:
        super().__init__()
        self._acts = [act]

    def choose(
        self, kind: str, preferred: Sequence[str], facts: Mapping[str, FactValue] | None = None
    ) -> str | None:
        """Take the first."""
        while self._acts:
            self._acts.pop()()
        return super().choose(kind, preferred, facts)


@pytest.fixture
def rows(pool: Pool) -> Rows:
    """Give a ledger with three customers who have every channel."""
    rows = Rows(pool)
    schemes = (Scheme.FCM, Scheme.MAILTO, Scheme.TEL)
    rows.save(
        customer(number, addresses=[address(scheme, number) for scheme in schemes])
        for number in (1, 2, 3)
    )
    return rows


@pytest.fixture
def calendar(pool: Pool) -> PostgresCalendar:
    """Give the lists of what is due."""
    return PostgresCalendar(pool)


def test_a_pause_does_not_wait_for_a_step_and_holds_what_that_tells(
    rows: Rows, calendar: PostgresCalendar
) -> None:
    """Nothing of it may be claimed until the campaign goes on, and its next step waits too."""
    campaign = rows.running(**ESCALATING)
    pause = partial(rows.campaigns.pause, campaign, "amina", STEP)
    assert _step(rows, campaign, pause) == 3
    assert rows.campaigns.numbered(campaign).status is CampaignStatus.PAUSED
    mails = rows.batches(campaign)[-1]
    assert calendar.publishable(STEP, STALE, 10) == []
    assert rows.ledger.lease(mails, STEP, TTL) is None
    later = STEP + 5 * MINUTE
    rows.campaigns.resume(campaign, "amina", later)
    lease = rows.ledger.lease(mails, later, TTL)
    assert lease is not None
    assert rows.ledger.claim(lease, {4: 1, 5: 1, 6: 1}, "sandbox", later, TTL) == [4, 5, 6]
    assert calendar.due_escalations(later + 29 * MINUTE) == []
    assert calendar.due_escalations(later + 30 * MINUTE) == [(campaign, Lane.ROUTINE)]


def test_a_cancelled_campaign_waits_for_no_step_and_nothing_of_that_leaves(
    rows: Rows, calendar: PostgresCalendar
) -> None:
    """What the step wrote afterwards is closed by the sweep."""
    campaign = rows.running(**ESCALATING)
    cancel = partial(rows.campaigns.cancel, campaign, "amina", STEP)
    assert _step(rows, campaign, cancel) == 3
    assert rows.statuses(campaign) == [DeliveryStatus.CANCELLED] * 3 + [DeliveryStatus.PLANNED] * 3
    assert calendar.publishable(STEP, STALE, 10) == []
    assert calendar.expire(STEP) == 3
    assert set(rows.statuses(campaign)) == {DeliveryStatus.CANCELLED}
    assert rows.ask("SELECT count(*) FROM batch WHERE NOT done") == [(0,)]
    assert calendar.due_escalations(NOON + timedelta(hours=2)) == []


def test_who_resumes_does_not_wait_for_a_step_either(
    rows: Rows, calendar: PostgresCalendar
) -> None:
    """It was due before the pause, and says when the next one is."""
    campaign = rows.running(**ESCALATING)

    def pauses_and_resumes() -> None:
        rows.campaigns.pause(campaign, "amina", STEP)
        rows.campaigns.resume(campaign, "amina", STEP + MINUTE)

    assert _step(rows, campaign, pauses_and_resumes) == 3
    assert rows.campaigns.numbered(campaign).status is CampaignStatus.RUNNING
    assert len(calendar.publishable(STEP + MINUTE, STALE, 10)) == 2
    assert calendar.due_escalations(STEP + 29 * MINUTE) == []
    assert calendar.due_escalations(STEP + 30 * MINUTE) == [(campaign, Lane.ROUTINE)]


def test_a_step_that_is_undone_while_its_campaign_is_resumed_is_due_again(
    rows: Rows, calendar: PostgresCalendar
) -> None:
    """It had been due before the pause, so no time is lost or won."""
    campaign = rows.running(**ESCALATING)

    def fails() -> None:
        rows.campaigns.pause(campaign, "amina", STEP)
        rows.campaigns.resume(campaign, "amina", STEP + MINUTE)
        raise KeyError

    with suppress(KeyError):
        _step(rows, campaign, fails)
    assert rows.statuses(campaign) == [DeliveryStatus.PLANNED] * 3
    assert calendar.due_escalations(STEP + MINUTE) == [(campaign, Lane.ROUTINE)]


@pytest.mark.parametrize("step", ["pause", "cancel"])
def test_a_plan_that_has_written_its_batches_keeps_nobody_waiting(
    rows: Rows, database_url: str, step: str
) -> None:
    """They refer to the campaign; it is undone whole all the same."""
    campaign = rows.launched(**ESCALATING)
    undone: list[str] = []

    def plan() -> None:
        try:
            rows.planner().plan(campaign, NOON)
        except ConflictError as error:
            undone.append(str(error))

    with connect(database_url) as other:
        # What a plan writes behind its batches.
        other.execute("LOCK TABLE escalation IN SHARE MODE")
        thread = threading.Thread(target=plan)
        thread.start()
        while not waiters(other):
            assert thread.is_alive()
        getattr(rows.campaigns, step)(campaign, "amina", NOON)
    thread.join(timeout=30)
    assert ["can not be planned" in one for one in undone] == [True]
    assert rows.statuses(campaign) == []
    assert rows.batches(campaign) == []


def test_a_cancelled_campaign_is_cancelled_though_others_have_some_of_it_in_hand(
    rows: Rows, calendar: PostgresCalendar, database_url: str
) -> None:
    """Nothing leaves from then on; what they have is closed by the sweep."""
    campaign = rows.running()
    with connect(database_url) as other:
        other.execute("SELECT FROM delivery WHERE campaign_id = %s FOR UPDATE", [campaign])
        rows.campaigns.cancel(campaign, "amina", NOON)
    assert rows.campaigns.numbered(campaign).status is CampaignStatus.CANCELLED
    assert rows.ledger.lease(rows.batches(campaign)[0], NOON, TTL) is None
    assert calendar.expire(NOON) == 3


def _step(rows: Rows, campaign: int, act: Callable[[], None]) -> int:
    """Make the step that is due, and do something when it has begun; how many it tells."""
    escalator = Escalator(rows.pool, Meanwhile(act), batch_size=10)
    return escalator.escalate(campaign, STEP)
