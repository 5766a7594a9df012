"""A campaign becomes what was forecast: through approval, plan, dispatch and the ledger."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from benchmarks.forecast import write_kind
from broadcaster import bootstrap
from broadcaster.bootstrap import people
from broadcaster.bootstrap.drafting import Form, draft
from broadcaster.dispatch.dispatcher import Dispatcher
from broadcaster.dispatch.lines import Lines
from broadcaster.dispatch.pace import Pace
from broadcaster.dispatch.retry import RetryRule
from broadcaster.domain.delivery import DeliveryEvent
from broadcaster.domain.message import Scheme
from broadcaster.domain.tariff import tariff
from broadcaster.errors import ConflictError
from broadcaster.planning.forecast import Survey
from broadcaster.ports import Message, Submission
from broadcaster.settings import load
from tests import vaults
from tests.builders import address, customer
from tests.fakes import FakeClock, FakeProvider, FakeThrottle, accepted

_CUSTOMERS = 200
_ROUTES = {"tel": "twilio", "mailto": "smtp", "webpush": "webpush", "fcm": "fcm"}


class Town:
    """Sealed customers, a clock that stands still, and networks that answer at once."""

    def __init__(self, database_url: str, home: Path) -> None:
        write_kind(home / "kinds")
        environment = {
            "BROADCASTER_HOME": str(home),
            "BROADCASTER_TEMPLATES": str(home / "kinds"),
            "BROADCASTER_PUBLIC_URL": "https://b.test",
        }
        self.runtime = bootstrap.Runtime(load(environment), database_url, "redis://127.0.0.1:1/0")
        self.runtime.clock = FakeClock()
        self.runtime.__dict__["vault"] = vaults.sealed(self.runtime.pool, 1)
        made = people.maker(self.runtime.settings, 5).make(_CUSTOMERS)
        self.runtime.customers.save(made)
        self.runtime.segments.save("everybody", "all")
        now = self.runtime.clock.now().date().isoformat()
        rows = [("twilio", "+212", "0.35", "1"), ("smtp", "", "1.25", "1000")]
        self.runtime.tariffs.put(
            [
                tariff(provider, prefix, price, per=per, currency="MAD", valid_from=now)
                for provider, prefix, price, per in rows
            ],
            "amina",
        )

    def draft(self, kind: str = "with_name", **changes: str) -> int:
        plain: dict[str, Any] = {
            "name": "notice",
            "kind": kind,
            "segment": "everybody",
            "channels": "",
            "effective": "now",
            "expires": "+72h",
            "scheduled": "",
            "message_class": "",
            "lane": "routine",
            "by": "amina",
            **changes,
        }
        return draft(self.runtime, Form(drill=False, **plain))

    def approved(self, kind: str = "with_name", **changes: str) -> int:
        campaign = self.draft(kind, **changes)
        found = self.runtime.campaigns.get(str(campaign))
        bootstrap.approve(self.runtime, found, "youssef")
        return campaign

    def launch(self, campaign: int) -> None:
        bootstrap.launch(self.runtime, self.runtime.campaigns.get(str(campaign)), "amina")

    def send(
        self, campaign: int, answer: Callable[[Message], Submission | None] = accepted
    ) -> None:
        """Plan it and work on its batches until each is empty."""
        runtime = self.runtime
        runtime.planner.plan(campaign, runtime.clock.now())
        networks = {}
        for name in _ROUTES.values():
            networks[name] = FakeProvider(answer)
            networks[name].name = name
        dispatcher = Dispatcher(
            ledger=runtime.ledger,
            drafting=runtime.drafting,
            throttle=FakeThrottle(most=1000),
            clock=runtime.clock,
            random=lambda: 0.5,
            lines=Lines(networks.__getitem__, {key: (name,) for key, name in _ROUTES.items()}),
            simulated=lambda _: True,
            unchanged=runtime.unchanged,
            hold=runtime.campaigns.hold,
            stopping=lambda: False,
            retry=RetryRule(attempts=1),
            pace=Pace(
                lease=timedelta(seconds=30), work_time=timedelta(seconds=10), batch=1000, slice=100
            ),
        )
        with runtime.pool.connection() as connection:
            query = "SELECT id FROM batch WHERE campaign_id = %s"
            batches = [row[0] for row in connection.execute(query, [campaign])]
        for batch in batches:
            asyncio.run(dispatcher.dispatch(batch))

    def compared(self, campaign: int) -> dict[str, object]:
        return bootstrap.comparison(self.runtime, self.runtime.campaigns.get(str(campaign)))


@pytest.fixture
def town(database_url: str, home: Path) -> Town:
    """Give two hundred fictional customers."""
    return Town(database_url, home)


@pytest.mark.parametrize("kind", ["remote_services", "with_name"])
@pytest.mark.parametrize("plan", ["all", "first_reachable", "escalate"])
def test_counts_segments_and_money_are_exactly_what_was_forecast(
    town: Town, kind: str, plan: str
) -> None:
    """By channel, locale and reason; with a text for all, and with a name and a link in it."""
    minutes = {"escalate_after": "10"} if plan == "escalate" else {}
    campaign = town.approved(kind, plan=plan, channels="push,email,sms", **minutes)
    town.launch(campaign)
    town.send(campaign)
    found = town.compared(campaign)
    assert found["differences"] == []
    assert found["agrees"] is True
    assert found["segments"]["forecast"] == found["segments"]["actual"] > 0  # type: ignore[index]
    total = found["cost"]["total"]["MAD"]  # type: ignore[index]
    assert total["forecast"] == total["actual"] != "0.00"
    report = bootstrap.report(town.runtime, campaign)
    assert report["comparison"]["agrees"] is True  # type: ignore[index]
    json.dumps(found)


def test_what_differs_is_told_with_its_cause(town: Town) -> None:
    """Somebody opts out between plan and claim, and a network refuses for good."""
    campaign = town.approved(channels="sms")
    town.launch(campaign)
    town.runtime.planner.plan(campaign, town.runtime.clock.now())
    with town.runtime.pool.connection() as connection:
        connection.execute(
            "INSERT INTO suppression (address_id, class, reason, source) "
            "SELECT address_id, 'service', 'stop', 'test' FROM delivery "
            "WHERE campaign_id = %s AND address_id IS NOT NULL ORDER BY number LIMIT 3",
            [campaign],
        )
    town.send(campaign, _refused)
    found = town.compared(campaign)
    assert found["agrees"] is False
    told = found["channels"]["sms"]["actual"]  # type: ignore[index]
    assert found["unsent"] == {
        "opted out or barred after the plan": 3,
        "refused by the network, and not charged": told - 3,
    }
    assert found["channels"]["sms"]["difference"] == 0  # type: ignore[index]
    assert found["segments"]["difference"] < 0  # type: ignore[index]


def _refused(message: Message) -> Submission:
    return Submission(
        delivery=message.delivery, attempt=message.attempt, event=DeliveryEvent.REFUSE
    )


def test_a_campaign_that_has_grown_since_its_approval_is_not_launched(town: Town) -> None:
    """It names what has changed; a new approval, or an urgent lane, lets it go."""
    campaign = town.approved(channels="sms,email")
    made = people.maker(town.runtime.settings, 6).make(_CUSTOMERS // 2)
    town.runtime.customers.save(made)
    with pytest.raises(ConflictError, match=r"no longer what was approved: customers told .* -> "):
        town.launch(campaign)
    found = town.runtime.campaigns.get(str(campaign))
    bootstrap.approve(town.runtime, found, "youssef")
    town.launch(campaign)

    hurried = town.approved(name="urgent", lane="urgent", channels="sms")
    town.runtime.customers.save(people.maker(town.runtime.settings, 7).make(_CUSTOMERS))
    town.launch(hurried)
    town.send(hurried)
    found_out = town.compared(hurried)
    assert found_out["agrees"] is False
    assert "changed between the approval and the plan" in str(found_out["differences"])


def test_without_a_forecast_or_a_plan_there_is_nothing_to_compare(town: Town) -> None:
    """Each with its reason."""
    campaign = town.approved(channels="sms")
    with pytest.raises(ConflictError, match="was not planned yet"):
        town.compared(campaign)
    bare = town.draft(name="bare", channels="sms")
    with pytest.raises(ConflictError, match="without a forecast"):
        town.compared(bare)


def test_the_audit_keeps_what_was_approved(town: Town) -> None:
    """Whom, how much and for what money; nobody is named, there or in the forecast that is kept."""
    campaign = town.approved(channels="sms")
    kept = town.runtime.campaigns.forecast(campaign)
    assert kept is not None
    assert "samples" not in kept
    with town.runtime.pool.connection() as connection:
        query = "SELECT details FROM audit WHERE action = 'approve'"
        ((details,),) = connection.execute(query).fetchall()
    assert set(details["forecast"]) == {"customers", "reached", "channels", "segments", "cost"}


def test_the_list_of_who_is_left_out_is_that_of_the_plan(town: Town) -> None:
    """Before planning and after it, for each plan, row by row; and it adds up to the forecast."""
    for plan in ("all", "first_reachable"):
        campaign = town.approved(name=plan, plan=plan, channels="push,email,sms")
        before = sorted(town.runtime.left_out.rows(campaign, town.runtime.clock.now()))
        foreseen = town.runtime.forecaster.forecast(campaign)
        town.launch(campaign)
        town.runtime.planner.plan(campaign, town.runtime.clock.now())
        assert sorted(town.runtime.left_out.rows(campaign, town.runtime.clock.now())) == before
        assert len(before) == sum(foreseen.suppressed.values()) > 0


@pytest.mark.parametrize("plan", ["all", "first_reachable", "escalate"])
def test_who_was_told_and_left_out_stays_so_when_people_are_forgotten(
    town: Town, plan: str
) -> None:
    """After an erasure and after retention: nobody who was told is listed, no figure moves."""
    minutes = {"escalate_after": "10"} if plan == "escalate" else {}
    campaign = town.approved(plan=plan, channels="push,email,sms", **minutes)
    town.launch(campaign)
    town.send(campaign)
    runtime = town.runtime
    before = sorted(
        (row.channel, row.reason) for row in runtime.left_out.rows(campaign, runtime.clock.now())
    )
    planned = runtime.planner.plan(campaign, runtime.clock.now())
    compared = _counted(town, campaign)
    assert compared["cost"]["total"]["MAD"]["actual"] != "0.00"  # type: ignore[index]
    with runtime.pool.connection() as connection:
        query = (
            "SELECT min(customer.number) FROM delivery JOIN customer ON customer.id = customer_id"
            " WHERE status = 'accepted'"
        )
        ((number,),) = connection.execute(query).fetchall()
    assert runtime.erasure.erase(number, "amina", "asked", runtime.clock.now()).deliveries
    for _ in range(2):
        left_out = [
            (row.channel, row.reason)
            for row in runtime.left_out.rows(campaign, runtime.clock.now())
        ]
        assert sorted(left_out) == before != []
        assert runtime.planner.plan(campaign, runtime.clock.now()) == planned
        assert _counted(town, campaign) == compared
        with runtime.pool.connection() as connection:
            connection.execute(
                "UPDATE campaign SET status = 'completed', finished_at = %s WHERE id = %s",
                [runtime.clock.now() - timedelta(days=4000), campaign],
            )
        list(runtime.retention.apply("amina", runtime.clock.now()))
    with runtime.pool.connection() as connection:
        query = "SELECT count(*) FROM delivery WHERE address_id IS NOT NULL"
        assert connection.execute(query).fetchall() == [(0,)]


def _counted(town: Town, campaign: int) -> dict[str, object]:
    """Give what is compared, without how long it took."""
    found = town.compared(campaign)
    return {name: value for name, value in found.items() if name != "seconds"}


def test_links_are_as_long_as_was_forecast_where_customers_live_in_two_zones(town: Town) -> None:
    """Deliveries are numbered zone by zone, and a link is as long as its number."""
    with town.runtime.pool.connection() as connection:
        connection.execute("TRUNCATE customer, address CASCADE")
    town.runtime.customers.save(
        customer(
            number,
            name="A",
            locales=("fr",) if number % 2 else ("en",),
            time_zone="Europe/Paris" if number % 2 else "Africa/Casablanca",
            addresses=[address(Scheme.TEL, number)],
        )
        for number in range(1, 41)
    )
    campaign = town.approved(channels="sms")
    survey = Survey(advisory=town.runtime.ledger.advisory(1))
    sizes = town.runtime.forecaster.forecast(campaign, survey).sizes
    town.launch(campaign)
    town.send(campaign)
    with town.runtime.pool.connection() as connection:
        query = "SELECT locale, length(number::text), count(*) FROM delivery GROUP BY 1, 2"
        rows = connection.execute(query).fetchall()
    actual: dict[str, list[tuple[int, int]]] = {"en": [], "fr": []}
    for locale, digits, count in sorted(rows):
        actual[locale].append((digits, count))
    assert actual == {"en": [(1, 9), (2, 11)], "fr": [(2, 20)]}
    for locale, counts in actual.items():
        found = sorted((units, count) for (_, units), count in sizes.units[locale].items())
        assert [count for _, count in found] == [count for _, count in counts]
    assert town.compared(campaign)["agrees"] is True


def test_a_forecast_counts_against_caps_from_when_the_campaign_is_scheduled(town: Town) -> None:
    """What is said today does not count then; and all that is said of it agrees."""
    cap = {"class": "service", "most": 1, "days": 1}
    night = {"classes": ["service"], "from": "21:00", "to": "08:00"}
    town.runtime.fairness.change({"cap": [cap], "quiet": [night]}, "a", town.runtime.clock.now())
    first = town.approved(name="first", channels="sms")
    town.launch(first)
    town.send(first)
    for name, scheduled, capped in (("now", "", True), ("later", "+49h", False)):
        draft = town.draft(name=name, channels="sms", scheduled=scheduled)
        found = town.runtime.campaigns.get(str(draft))
        foreseen = bootstrap.approve(town.runtime, found, "youssef")
        told = foreseen["channels"].get("sms", 0)
        assert (told < 20) is capped
        assert sum(wait["messages"] for wait in foreseen["fairness"]["waits"]) == told


def test_a_campaign_at_night_that_expires_before_the_morning_is_told_as_late(town: Town) -> None:
    """Whoever rests until then is not told; what passes quiet hours is not late."""
    night = {"classes": ["service", "safety"], "channels": ["sms"], "from": "00:00", "to": "23:59"}
    town.runtime.fairness.change({"quiet": [night]}, "amina", town.runtime.clock.now())
    draft = town.draft(channels="sms,email", expires="+2h")
    foreseen = bootstrap.foresee(town.runtime, town.runtime.campaigns.get(str(draft)))
    channels = foreseen["time"]["channels"]
    assert [channels[one]["late"] for one in ("sms", "email")] == ["yes", "no"]
    assert [channels[one]["unsent"] for one in ("sms", "email")] == [1.0, 0.0]
    assert foreseen["time"]["late"] == "yes"
    late = [one for one in foreseen["advice"] if one["what"] == "late"]
    assert [one["figure"] for one in late] == [foreseen["channels"]["sms"]]
    urgent = town.draft(
        name="urgent", channels="sms", expires="+2h", message_class="safety", lane="urgent"
    )
    passed = bootstrap.foresee(town.runtime, town.runtime.campaigns.get(str(urgent)))
    assert passed["time"]["late"] == "no"
