"""Caps, households and shared addresses in SQL equal the rule written down plainly."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pytest

from broadcaster.domain.campaign import ChannelPlan
from broadcaster.domain.customer import CustomerRecord
from broadcaster.domain.delivery import Reason
from broadcaster.domain.fairness import Cap, OnePer
from broadcaster.domain.message import DELIVERY_CHANNELS, Channel, Lane, MessageClass, Scheme
from broadcaster.domain.rulebook import read
from broadcaster.ledger.fairness import Fairness
from broadcaster.planning.forecast import Forecaster
from broadcaster.planning.waits import Waits
from tests.builders import NOON, address, customer
from tests.fakes import FakeRenderer
from tests.rows import Everybody, Pool, Rows

_SCHEMES = {Channel.SMS: Scheme.TEL, Channel.EMAIL: Scheme.MAILTO, Channel.PUSH: Scheme.FCM}
_COUNT = 40

Told = dict[tuple[str, Channel], Reason | None]
Past = Mapping[tuple[str, Channel], int]


class Asked(NamedTuple):
    """What the campaign and the rules ask for, and what was said before."""

    channels: Sequence[Channel]
    plan: ChannelPlan
    one_per: OnePer
    caps: Sequence[Cap]
    past: Past


def rule(people: Sequence[CustomerRecord], asked: Asked) -> Told:
    """Say who is told where: the plain rule, one channel and customer after the other."""
    reasons: Told = {}
    for person in people:
        for channel in asked.channels:
            reasons[person.number, channel] = alone(person, channel, asked.caps, asked.past)
    if asked.one_per is OnePer.HOUSEHOLD:
        leave_one_each(people, asked.channels, reasons)
    if asked.one_per is OnePer.ADDRESS:
        for number in spared(people, asked, reasons):
            for channel in asked.channels:
                if reasons[number, channel] is None:
                    reasons[number, channel] = Reason.DUPLICATE_ADDRESS
    for key in share(people, asked, reasons):
        reasons[key] = Reason.DUPLICATE_ADDRESS
    return reasons


def spared(people: Sequence[CustomerRecord], asked: Asked, reasons: Told) -> set[str]:
    """Find who is told nothing because somebody who is told has an address of theirs."""
    where = {person.number: effective(person, asked, reasons) for person in people}
    where = {number: values for number, values in where.items() if values}
    found: set[str] = set()
    for _ in range(4):
        first: dict[str, str] = {}
        for number, values in where.items():
            for one in values:
                first.setdefault(one, number)
        kept = {
            number for number, values in where.items() if {first[o] for o in values} == {number}
        }
        out = {
            n for n, values in where.items() if n not in kept and {first[o] for o in values} & kept
        }
        found |= out
        where = {number: values for number, values in where.items() if number not in kept | out}
    return found


def effective(person: CustomerRecord, asked: Asked, reasons: Told) -> set[str]:
    """Give the addresses at which somebody would be told, did nobody share one of them."""
    told: list[str] = []
    for channel in asked.channels:
        if reasons[person.number, channel] is None:
            if asked.plan is ChannelPlan.FIRST_REACHABLE and told:
                break
            if not full(person, len(told), asked.caps, asked.past):
                told.append(value(person, channel))
    return set(told)


def share(
    people: Sequence[CustomerRecord], asked: Asked, reasons: Told
) -> set[tuple[str, Channel]]:
    """Find who has an address of somebody who is told there; note whom caps leave no place."""
    doubled: set[tuple[str, Channel]] = set()
    for place, channel in enumerate(asked.channels):
        keepers: dict[str, str] = {}
        for person in people:
            key = person.number, channel
            before = [(person.number, one) for one in asked.channels[:place]]
            told = [one for one in before if reasons[one] is None and one not in doubled]
            first = asked.plan is ChannelPlan.FIRST_REACHABLE
            if reasons[key] or (first and told):
                continue
            if not first and full(person, len(told), asked.caps, asked.past):
                reasons[key] = Reason.CAPPED
            elif keepers.setdefault(value(person, channel), person.number) != person.number:
                doubled.add(key)
    return doubled


def alone(
    person: CustomerRecord, channel: Channel, caps: Sequence[Cap], past: Past
) -> Reason | None:
    """Say why a customer is not told on a channel, whatever is said on others and to others."""
    if not any(one.scheme.channel is channel for one in person.addresses):
        return Reason.NO_ADDRESS
    for cap in caps:
        if cap.channel in {None, channel} and had(person, cap, past) >= cap.most:
            return Reason.CAPPED
    return None


def had(person: CustomerRecord, cap: Cap, past: Past) -> int:
    """Count what a customer has had that a cap counts."""
    counted = DELIVERY_CHANNELS if cap.channel is None else (cap.channel,)
    return sum(past.get((person.number, channel), 0) for channel in counted)


def full(person: CustomerRecord, told: int, caps: Sequence[Cap], past: Past) -> bool:
    """Say whether the channels before take all that a cap over all channels leaves."""
    return any(cap.channel is None and had(person, cap, past) + told >= cap.most for cap in caps)


def leave_one_each(
    people: Sequence[CustomerRecord], channels: Sequence[Channel], reasons: Told
) -> None:
    """Leave one of each household: of those who can be told, who depends on electricity first."""
    homes: dict[str, list[CustomerRecord]] = {}
    for person in people:
        able = any(reasons[person.number, channel] is None for channel in channels)
        if person.household is not None and able:
            homes.setdefault(person.household, []).append(person)
    for members in homes.values():
        members.sort(key=lambda one: not one.attributes.get("life_support"))
        for member in members[1:]:
            for channel in channels:
                if reasons[member.number, channel] is None:
                    reasons[member.number, channel] = Reason.HOUSEHOLD


def value(person: CustomerRecord, channel: Channel) -> str:
    """Give the address that is used on a channel."""
    return next(one.value for one in person.addresses if one.scheme.channel is channel)


def invent(dice: random.Random) -> list[CustomerRecord]:
    """Invent customers who share addresses and roofs."""
    return [
        customer(
            number,
            addresses=[
                address(_SCHEMES[channel], dice.randint(1, _COUNT * 2 // 3))
                for channel in DELIVERY_CHANNELS
                if dice.random() < 0.8
            ],
            household=dice.choice([None, *(f"roof {one}" for one in range(_COUNT // 4))]),
            attributes=dice.choice([{}, {"life_support": False}, {"life_support": True}]),
            time_zone=dice.choice(["Africa/Casablanca", "Europe/Paris"]),
        )
        for number in range(1, _COUNT + 1)
    ]


def history(rows: Rows, dice: random.Random) -> Past:
    """Tell everybody something some times before, of which a part counts."""
    ids = dict(rows.ask("SELECT number, id FROM customer"))
    past: Counter[tuple[str, Channel]] = Counter()
    for name in ("one", "two", "three"):
        campaign = rows.launched(name=name, channels=DELIVERY_CHANNELS, drill=name == "three")
        rows.tell(
            "UPDATE campaign SET planned_at = %s, status = 'running' WHERE id = %s", NOON, campaign
        )
        rows.tell(
            f"CREATE TABLE delivery_{campaign} PARTITION OF delivery FOR VALUES IN ({campaign})"
        )
        number = 0
        for person, id_ in sorted(ids.items()):
            for channel in DELIVERY_CHANNELS:
                status = dice.choice(
                    ["planned", "accepted", "delivered", "unknown", "rejected", "suppressed"]
                )
                days = dice.choice([1, 6, 8])
                number += 1
                rows.tell(
                    "INSERT INTO delivery (campaign_id, number, customer_id, updated_at, status,"
                    " channel) VALUES (%s, %s, %s, %s - make_interval(days => %s), %s, %s)",
                    *(campaign, number, id_, NOON, days, status, channel.value),
                )
                counts = status == "planned" or (
                    status in {"accepted", "delivered", "unknown"} and days < 7
                )
                if counts and name != "three":
                    past[person, channel] += 1
    return past


_CAPS: Sequence[Sequence[Mapping[str, Any]]] = [
    [],
    [{"most": 1}],
    [{"most": 2}, {"channel": "sms", "most": 1}],
    [{"most": 3}, {"channel": "email", "most": 2}],
    [{"most": 4}],
    [{"channel": "push", "most": 1}],
]


@pytest.mark.parametrize("plan", [ChannelPlan.ALL, ChannelPlan.FIRST_REACHABLE])
@pytest.mark.parametrize("one_per", OnePer)
@pytest.mark.parametrize("which", range(len(_CAPS)))
def test_fair_planning_in_sql_is_the_rule(
    pool: Pool, plan: ChannelPlan, one_per: OnePer, which: int
) -> None:
    """Exactly the same customers with the same reasons, also where they live in several zones."""
    rows = Rows(pool)
    dice = random.Random(f"{plan} {one_per} {which}")  # noqa: S311  (a repeatable invention)
    people = invent(dice)
    rows.save(people)
    raw = {"cap": [{"class": "service", "days": 7, **cap} for cap in _CAPS[which]]}
    Fairness(pool, "UTC").change(raw, "amina", NOON)
    past = history(rows, dice) if _CAPS[which] else {}
    channels = dice.sample(DELIVERY_CHANNELS, dice.choice([2, 3]))
    if plan is ChannelPlan.ALL:
        channels = [one for one in DELIVERY_CHANNELS if one in channels]
    campaign = rows.launched(channels=channels, channel_plan=plan, one_per=one_per, drill=False)
    expected = rule(people, Asked(channels, plan, one_per, read(raw).caps, past))

    forecast = Forecaster(pool, Everybody(), FakeRenderer()).forecast(campaign)
    planned = rows.planner(batch_size=7).plan(campaign, NOON)
    if not _CAPS[which]:
        # A forecast goes by the server's clock, for which nothing of that was sent lately.
        assert forecast.suppressed == planned.suppressed

    found: Told = {
        (number, Channel(channel)): Reason(reason) if reason else None
        for number, channel, reason in rows.ask(
            "SELECT customer.number, delivery.channel, reason FROM delivery "
            "JOIN customer ON customer.id = customer_id WHERE campaign_id = %s",
            campaign,
        )
    }
    if plan is ChannelPlan.FIRST_REACHABLE:
        expected = first_alone(people, channels, expected)
    assert found == expected
    # Every batch is in one zone.
    mixed = rows.ask(
        "SELECT FROM batch JOIN delivery ON delivery.campaign_id = batch.campaign_id "
        "AND delivery.number BETWEEN first AND last JOIN customer ON customer.id = customer_id "
        "WHERE batch.campaign_id = %s AND customer.time_zone <> batch.zone",
        campaign,
    )
    assert mixed == []


def first_alone(
    people: Sequence[CustomerRecord], channels: Sequence[Channel], reasons: Told
) -> Told:
    """Keep the first channel on which a customer is told, or all where there is none."""
    kept: Told = {}
    for person in people:
        mine = [(person.number, channel) for channel in channels]
        told = [key for key in mine if reasons[key] is None]
        kept |= {key: reasons[key] for key in (told[:1] or mine)}
    return kept


@pytest.mark.parametrize("plan", ChannelPlan)
@pytest.mark.parametrize("seed", range(3))
def test_whoever_is_left_out_for_a_neighbour_has_an_address_that_is_told(
    pool: Pool, plan: ChannelPlan, seed: int
) -> None:
    """Along every chain of sharers; what is foreseen of quiet hours counts the same people."""
    rows = Rows(pool)
    dice = random.Random(seed)  # noqa: S311  (a repeatable invention)
    people = invent(dice)
    rows.save(people)
    raw: dict[str, Any] = {"quiet": [{"from": "01:00", "to": "02:00"}]}
    if seed:
        raw["cap"] = [{"class": "service", "most": seed, "days": 7}]
    Fairness(pool, "UTC").change(raw, "amina", NOON)
    campaign = rows.launched(
        channels=DELIVERY_CHANNELS,
        one_per=OnePer.ADDRESS,
        drill=False,
        channel_plan=plan,
        escalate_after=(10,) * (len(DELIVERY_CHANNELS) - 1) if plan is ChannelPlan.ESCALATE else (),
    )
    waits = Waits(pool, Everybody(), FakeRenderer(), "UTC")
    foreseen = waits.foresee(campaign, NOON)
    forecast = Forecaster(pool, Everybody(), FakeRenderer()).forecast(campaign, now=NOON)
    assert waits.foresee(campaign, NOON, forecast.zones) == foreseen
    planned = rows.planner().plan(campaign, NOON)
    assert sum(wait.messages for wait in foreseen.waits) == planned.planned
    assert_somebody_is_told(rows, people)


def assert_somebody_is_told(rows: Rows, people: Sequence[CustomerRecord]) -> None:
    """Look at each who is told nothing because of a shared address."""
    told = "SELECT address.value FROM delivery JOIN address ON address.id = address_id"
    values = {value for (value,) in rows.ask(told)}
    spared = rows.ask(
        "SELECT customer.number FROM delivery JOIN customer ON customer.id = customer_id "
        "GROUP BY 1 HAVING bool_or(reason = 'duplicate_address') AND count(address_id) = 0"
    )
    assert spared
    for (number,) in spared:
        (person,) = [one for one in people if one.number == number]
        assert {one.value for one in person.addresses} & values


def test_a_chain_of_sharers_leaves_nobody_without_a_message(pool: Pool) -> None:
    """A and B share a mailbox, B and C a telephone: B is left out for A, and C is told."""
    rows = Rows(pool)
    rows.save(
        [
            customer(1, addresses=[address(Scheme.MAILTO, 1)]),
            customer(2, addresses=[address(Scheme.MAILTO, 1), address(Scheme.TEL, 2)]),
            customer(3, addresses=[address(Scheme.TEL, 2)]),
        ]
    )
    campaign = rows.launched(channels=(Channel.SMS, Channel.EMAIL), one_per=OnePer.ADDRESS)
    rows.planner().plan(campaign, NOON)
    told = rows.ask("SELECT customer_id, channel FROM delivery WHERE address_id IS NOT NULL")
    assert sorted(told) == [(1, "email"), (3, "sms")]


def test_a_long_chain_of_sharers_has_an_end(pool: Pool) -> None:
    """Each shares with the next one; every other one is told, or more."""
    rows = Rows(pool)
    people = [
        customer(
            number,
            addresses=[
                address(Scheme.MAILTO, (number + 1) // 2),
                address(Scheme.TEL, number // 2 + 1),
            ],
        )
        for number in range(1, 40)
    ]
    rows.save(people)
    campaign = rows.launched(channels=(Channel.SMS, Channel.EMAIL), one_per=OnePer.ADDRESS)
    rows.planner().plan(campaign, NOON)
    assert_somebody_is_told(rows, people)


@pytest.mark.parametrize("lane", Lane)
def test_an_urgent_lane_passes_no_cap(pool: Pool, lane: Lane) -> None:
    """Service is capped whatever its lane; safety is in the routine lane, and not in the urgent."""
    rows = Rows(pool)
    rows.save([customer(1)])
    classes = (MessageClass.SERVICE, MessageClass.SAFETY)
    raw = {"cap": [{"class": class_, "most": 1, "days": 7} for class_ in classes]}
    Fairness(pool, "UTC").change(raw, "amina", NOON)
    for class_ in classes:
        for turn in (1, 2):
            campaign = rows.launched(
                name=f"{class_} {turn}", message_class=class_, lane=lane, drill=False
            )
            planned = rows.planner().plan(campaign, NOON)
        passes = (lane, class_) == (Lane.URGENT, MessageClass.SAFETY)
        assert planned.suppressed == ({} if passes else {Reason.CAPPED: 1})
