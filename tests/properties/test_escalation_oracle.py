"""Who is told on which channel by a plan of one at a time: in SQL as by the plain rule."""

import random
from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest

from broadcaster.domain.campaign import ChannelPlan
from broadcaster.domain.customer import CustomerRecord
from broadcaster.domain.delivery import DeliveryStatus
from broadcaster.domain.message import DELIVERY_CHANNELS, Channel, MessageClass
from broadcaster.planning.escalation import Escalator
from broadcaster.planning.forecast import Forecaster
from tests.builders import NOON
from tests.fakes import FakeRenderer
from tests.properties.test_planning_oracle import bar, invent, why_not
from tests.rows import Everybody, Pool, Rows

STATUS = DeliveryStatus
#: What may have become of a delivery when the next step is due.
_FATES = (
    STATUS.DELIVERED,
    STATUS.ACCEPTED,
    STATUS.PLANNED,
    STATUS.DEFERRED,
    STATUS.UNKNOWN,
    STATUS.SUBMITTING,
    STATUS.UNDELIVERED,
)
_MINUTES = (10, 30)

Told = dict[tuple[str, Channel], tuple[str, DeliveryStatus]]


class Rule:
    """The plain rule: one step after the other, one channel after the other, one customer too."""

    def __init__(
        self,
        people: Sequence[CustomerRecord],
        channels: Sequence[Channel],
        barred: Mapping[str, frozenset[MessageClass]],
    ) -> None:
        """Nobody is told yet."""
        self.told: Told = {}
        self._people = people
        self._channels = channels
        self._barred = barred

    def step(self, step: int) -> int:
        """Tell who confirmed nothing and has nothing from the step's channel on; how many."""
        used = {value for value, _ in self.told.values()}
        left = [person for person in self._people if self._waits(person, step)]
        count = 0
        for channel in self._channels[step - 1 :]:
            taken: set[str] = set()
            for person in list(left):
                value = self._address(person, channel)
                if value is None or value in used or value in taken:
                    continue
                taken.add(value)
                left.remove(person)
                self._supersede(person)
                self.told[person.number, channel] = (value, STATUS.PLANNED)
                count += 1
        return count

    def _waits(self, person: CustomerRecord, step: int) -> bool:
        own = {channel: fate for (number, channel), (_, fate) in self.told.items()
               if number == person.number}  # fmt: skip
        later = set(own) & set(self._channels[step - 1 :])
        return not later and STATUS.DELIVERED not in own.values() and (step == 1 or bool(own))

    def _address(self, person: CustomerRecord, channel: Channel) -> str | None:
        own = [one for one in person.addresses if one.scheme.channel is channel]
        refused = why_not(person, channel, MessageClass.SERVICE, own, self._barred)
        return None if refused else own[0].value

    def _supersede(self, person: CustomerRecord) -> None:
        for (number, channel), (value, fate) in list(self.told.items()):
            if number == person.number and fate in {STATUS.PLANNED, STATUS.DEFERRED}:
                self.told[number, channel] = (value, STATUS.CANCELLED)


@pytest.mark.parametrize("plan", [ChannelPlan.FIRST_REACHABLE, ChannelPlan.ESCALATE])
@pytest.mark.parametrize("seed", range(6))
def test_one_channel_after_the_other_in_sql_is_the_rule(
    pool: Pool, seed: int, plan: ChannelPlan
) -> None:
    """Whatever became of the deliveries of earlier steps, and whoever shares an address."""
    dice = random.Random(seed)  # noqa: S311  (a repeatable invention)
    rows = Rows(pool)
    people = invent(seed, 60)
    rows.save(people)
    barred = bar(rows, seed)
    channels = dice.sample(DELIVERY_CHANNELS, 3)
    escalates = plan is ChannelPlan.ESCALATE
    campaign = rows.launched(
        channels=channels, channel_plan=plan, escalate_after=_MINUTES if escalates else ()
    )
    rule = Rule(people, channels, barred)
    foreseen = Forecaster(pool, Everybody(), FakeRenderer()).forecast(campaign)
    at_most = [sum(step.channels.values()) for step in foreseen.steps]

    planned = rows.planner(batch_size=7).plan(campaign, NOON)
    first = rule.step(1)
    assert _found(rows, campaign) == rule.told
    assert planned.planned == first == sum(foreseen.channels.values()) == foreseen.reached
    assert planned.targeted == foreseen.targeted
    assert planned.suppressed == foreseen.suppressed
    if not escalates:
        assert rows.ask("SELECT FROM escalation") == []
        return

    assert at_most[0] == first
    escalator = Escalator(pool, FakeRenderer(), batch_size=7)
    now = NOON
    for step, minutes in enumerate(_MINUTES, start=2):
        _befall(rows, campaign, rule.told, dice)
        now += timedelta(minutes=minutes)
        assert escalator.escalate(campaign, now - timedelta(seconds=1)) == 0
        told = escalator.escalate(campaign, now)
        assert told == rule.step(step)
        assert told <= at_most[step - 1]
        assert _found(rows, campaign) == rule.told
        assert escalator.escalate(campaign, now) == 0
    _assert_batches_hold_what_waits(rows, campaign)


def test_nobody_confirms_and_the_forecast_comes_true(pool: Pool) -> None:
    """The most that each step tells is what it tells when everything else goes well."""
    rows = Rows(pool)
    people = [one for one in invent(1, 80) if len({a.value for a in one.addresses}) > 1]
    rows.save(people)
    channels = (Channel.PUSH, Channel.EMAIL, Channel.SMS)
    campaign = rows.launched(
        channels=channels, channel_plan=ChannelPlan.ESCALATE, escalate_after=_MINUTES
    )
    foreseen = Forecaster(pool, Everybody(), FakeRenderer()).forecast(campaign).steps
    counts = [rows.planner().plan(campaign, NOON).planned]
    escalator = Escalator(pool, FakeRenderer(), batch_size=7)
    counts += [escalator.escalate(campaign, NOON + timedelta(minutes=after)) for after in (10, 40)]
    most = [sum(step.channels.values()) for step in foreseen]
    assert counts[0] == most[0]
    assert all(told <= bound for told, bound in zip(counts, most, strict=True))
    assert sum(counts[1:]) > 0


def _befall(rows: Rows, campaign: int, told: Told, dice: random.Random) -> None:
    """Let something become of what was told and is not over."""
    for (number, channel), (value, fate) in list(told.items()):
        if fate is not STATUS.PLANNED:
            continue
        told[number, channel] = (value, dice.choice(_FATES))
        rows.tell(
            "UPDATE delivery SET status = %s FROM customer WHERE customer.id = customer_id "
            "AND campaign_id = %s AND customer.number = %s AND channel = %s",
            told[number, channel][1].value,
            campaign,
            number,
            channel.value,
        )


def _found(rows: Rows, campaign: int) -> Told:
    found = rows.ask(
        "SELECT customer.number, delivery.channel, address.value, status FROM delivery "
        "JOIN customer ON customer.id = customer_id JOIN address ON address.id = address_id "
        "WHERE campaign_id = %s",
        campaign,
    )
    return {(number, Channel(on)): (value, STATUS(fate)) for number, on, value, fate in found}


def _assert_batches_hold_what_waits(rows: Rows, campaign: int) -> None:
    outside = rows.ask(
        "SELECT number FROM delivery WHERE campaign_id = %s AND status IN ('planned', 'deferred') "
        "AND NOT EXISTS (SELECT FROM batch WHERE batch.campaign_id = delivery.campaign_id AND "
        "batch.channel = delivery.channel AND number BETWEEN first AND last AND NOT done)",
        campaign,
    )
    assert outside == []
