"""Planning in a real PostgreSQL: once, all or nothing, and never in the way of a pause."""

import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from broadcaster.domain.advisory import FactValue
from broadcaster.domain.campaign import CampaignStatus
from broadcaster.domain.delivery import Reason
from broadcaster.domain.message import Channel, Scheme
from broadcaster.errors import BroadcasterError, ConflictError, NotFoundError
from broadcaster.planning.forecast import Forecaster
from broadcaster.planning.planner import Planned, Planner
from broadcaster.ports import Condition
from tests.builders import NOON, address, customer
from tests.fakes import FakeRenderer
from tests.rows import Everybody, Pool, Rows


@pytest.fixture
def rows(pool: Pool) -> Rows:
    """Give an empty ledger."""
    return Rows(pool)


def test_a_campaign_is_planned_and_runs(rows: Rows) -> None:
    """The plain success."""
    rows.save(customer(number) for number in range(1, 6))
    campaign = rows.launched(channels=(Channel.SMS, Channel.EMAIL, Channel.PUSH))
    planned = rows.planner(batch_size=2).plan(campaign, NOON)
    assert planned == Planned(targeted=15, planned=10, suppressed={Reason.NO_ADDRESS: 5}, batches=6)
    assert rows.campaigns.get(str(campaign)).status is CampaignStatus.RUNNING
    assert rows.ask("SELECT planned_at, started_at FROM campaign") == [(NOON, NOON)]
    assert rows.ask("SELECT DISTINCT due_at FROM batch") == [(NOON,)]


def test_planning_again_changes_nothing_and_says_the_same(rows: Rows) -> None:
    """Also when the campaign has gone on meanwhile."""
    rows.save(customer(number) for number in range(1, 4))
    campaign = rows.launched()
    first = rows.planner().plan(campaign, NOON)
    rows.tell("UPDATE delivery SET status = 'suppressed', reason = 'gone' WHERE number = 1")
    rows.save([customer(4)])
    assert rows.planner().plan(campaign, NOON + timedelta(hours=1)) == first
    assert len(rows.statuses(campaign)) == 3


def test_planners_at_once_make_one_plan(rows: Rows) -> None:
    """A task that was delivered several times; nobody waits for the one who is at it."""
    rows.save(customer(number) for number in range(1, 31))
    campaign = rows.launched()
    barrier = threading.Barrier(3)
    plans: list[Planned] = []

    def work() -> None:
        barrier.wait(timeout=10)
        with suppress(ConflictError):
            plans.append(rows.planner().plan(campaign, NOON))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert plans
    assert plans == [plans[0]] * len(plans)
    assert len(rows.statuses(campaign)) == 30
    assert len(rows.batches(campaign)) == 1


def test_two_campaigns_may_tell_the_same_address(rows: Rows) -> None:
    """Once each: the key is campaign and address."""
    rows.save([customer(1), customer(2, addresses=[address(Scheme.TEL, 1)])])
    for name in ("a", "b"):
        planned = rows.planner().plan(rows.launched(name=name), NOON)
        assert planned.suppressed == {Reason.DUPLICATE_ADDRESS: 1}


@pytest.mark.parametrize("step", ["pause", "cancel"])
def test_a_step_during_planning_wins_and_does_not_wait(rows: Rows, step: str) -> None:
    """The plan is undone whole; a resumed campaign is planned anew."""
    rows.save([customer(1)])
    campaign = rows.launched()

    class Meanwhile(FakeRenderer):
        def choose(
            self, kind: str, preferred: Sequence[str], facts: Mapping[str, FactValue] | None = None
        ) -> str | None:
            getattr(rows.campaigns, step)(campaign, "amina", NOON)
            return super().choose(kind, preferred, facts)

    planner = Planner(rows.pool, Everybody(), Meanwhile(), batch_size=10)
    with pytest.raises(ConflictError, match="can not be planned"):
        planner.plan(campaign, NOON)
    assert rows.statuses(campaign) == []
    assert rows.batches(campaign) == []


def test_an_interrupted_plan_leaves_nothing(rows: Rows) -> None:
    """All or nothing, so that it can be repeated."""
    rows.save([customer(1)])
    campaign = rows.launched()

    class Broken(FakeRenderer):
        def choose(
            self, kind: str, preferred: Sequence[str], facts: Mapping[str, FactValue] | None = None
        ) -> str | None:
            del kind, preferred, facts
            message = "lost"
            raise BroadcasterError(message)

    with pytest.raises(BroadcasterError, match="lost"):
        Planner(rows.pool, Everybody(), Broken(), batch_size=10).plan(campaign, NOON)
    assert rows.statuses(campaign) == []
    assert rows.planner().plan(campaign, NOON).planned == 1


def test_what_is_not_launched_or_is_past_is_not_planned(rows: Rows) -> None:
    """With the reason."""
    draft = rows.draft(name="draft")
    with pytest.raises(ConflictError, match="is draft"):
        rows.planner().plan(draft, NOON)
    late = rows.launched(name="late")
    with pytest.raises(ConflictError, match="has expired"):
        rows.planner().plan(late, NOON + timedelta(days=2))
    with pytest.raises(NotFoundError):
        rows.planner().plan(99, NOON)


def test_nothing_is_due_before_the_advisory_is_effective(rows: Rows) -> None:
    """A plan may be made ahead."""
    effective = NOON + timedelta(hours=2)
    rows.running(1, effective=effective)
    assert rows.ask("SELECT due_at FROM batch") == [(effective,)]


def test_only_customers_of_the_segment_are_targeted(rows: Rows) -> None:
    """The expression's condition is kept apart from ours, and its values are bound."""

    class Some:
        def condition(self, expression: str) -> Condition:
            assert expression == "pinned"
            return Condition(
                text="customer.number = %(one)s OR customer.number = %(two)s",
                values={"one": "C000002", "two": "'; DROP TABLE customer"},
            )

    rows.save(customer(number) for number in range(1, 4))
    campaign = rows.launched(expression="pinned")
    forecast = Forecaster(rows.pool, Some(), FakeRenderer()).forecast(campaign)
    assert (forecast.customers, forecast.targeted) == (1, 1)
    planner = Planner(rows.pool, Some(), FakeRenderer(), batch_size=10)
    assert planner.plan(campaign, NOON).targeted == 1


def test_a_forecast_counts_by_channel_and_locale_and_writes_nothing(rows: Rows) -> None:
    """Who is told where, in what language, and who is left out."""
    rows.save([customer(1), customer(2, locales=("ar",)), customer(3, addresses=())])
    campaign = rows.draft(channels=(Channel.SMS, Channel.EMAIL))
    forecast = Forecaster(rows.pool, Everybody(), FakeRenderer()).forecast(campaign)
    assert forecast.as_dict() == {
        "campaign": "notice",
        "customers": 3,
        "reached": 2,
        "targeted": 6,
        "channels": {"sms": 2, "email": 2},
        "locales": {"ar": 2, "fr": 2},
        "by_channel_and_locale": {"sms": {"ar": 1, "fr": 1}, "email": {"ar": 1, "fr": 1}},
        "suppressed": {"no_address": 2},
        "plan": "all",
        "steps": [],
    }
    assert rows.statuses(campaign) == []
    with pytest.raises(NotFoundError):
        Forecaster(rows.pool, Everybody(), FakeRenderer()).forecast(99)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"locales": ("fr", "ar")}, id="locales"),
        pytest.param({"time_zone": "Europe/Paris"}, id="zone"),
    ],
)
def test_customers_who_are_stored_while_a_campaign_is_planned_are_not_lost(
    rows: Rows, changes: dict[str, Any]
) -> None:
    """Nobody is taken for one who reads nothing, or put beside those of another zone."""
    rows.save([customer(1)])
    campaign = rows.launched()
    stored: list[int] = []

    class Meanwhile(FakeRenderer):
        def choose(
            self, kind: str, preferred: Sequence[str], facts: Mapping[str, FactValue] | None = None
        ) -> str | None:
            if not stored:
                stored.append(2)
                rows.save([customer(2, **changes)])
            return super().choose(kind, preferred, facts)

    planner = Planner(rows.pool, Everybody(), Meanwhile(), batch_size=10)
    with pytest.raises(ConflictError, match="It is tried again by itself"):
        planner.plan(campaign, NOON)
    assert rows.statuses(campaign) == []
    planned = planner.plan(campaign, NOON)
    assert (planned.planned, planned.suppressed) == (2, {})
    zones = {"Africa/Casablanca", changes.get("time_zone", "Africa/Casablanca")}
    assert {zone for (zone,) in rows.ask("SELECT zone FROM batch")} == zones


def test_a_forecast_sees_the_customers_of_one_moment(rows: Rows) -> None:
    """Those who are stored meanwhile are in none of its counts."""
    rows.save([customer(1)])
    campaign = rows.draft()

    class Meanwhile(FakeRenderer):
        def choose(
            self, kind: str, preferred: Sequence[str], facts: Mapping[str, FactValue] | None = None
        ) -> str | None:
            rows.save([customer(2, locales=("fr", "ar"), time_zone="Europe/Paris")])
            return super().choose(kind, preferred, facts)

    foreseen = Forecaster(rows.pool, Everybody(), Meanwhile()).forecast(campaign)
    assert (foreseen.customers, foreseen.reached, foreseen.suppressed) == (1, 1, {})
