"""Planning in SQL equals the rule written down plainly, on random customers."""

import random
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pytest

from broadcaster.domain.customer import BrokenAddress, CustomerRecord
from broadcaster.domain.delivery import DeliveryStatus, Reason
from broadcaster.domain.message import DELIVERY_CHANNELS, Address, Channel, MessageClass, Scheme
from broadcaster.planning.forecast import Forecaster
from tests.builders import NOON, address, customer
from tests.fakes import FakeRenderer
from tests.rows import Everybody, Pool, Rows

_SCHEMES = {Channel.SMS: Scheme.TEL, Channel.EMAIL: Scheme.MAILTO, Channel.PUSH: Scheme.FCM}


class Expected(NamedTuple):
    """What the rule says of a customer on a channel."""

    customer: str
    channel: Channel
    status: DeliveryStatus
    reason: Reason | None
    value: str | None
    locale: str | None


def rule(
    people: Sequence[CustomerRecord],
    channels: Sequence[Channel],
    class_: MessageClass,
    barred: Mapping[str, frozenset[MessageClass]],
) -> set[Expected]:
    """Say who is told where: the plain rule, one customer after the other."""
    told: set[str] = set()
    expected = set()
    for person in people:
        locale = person.locales[0] if person.locales else None
        for channel in channels:
            own = [one for one in person.addresses if one.scheme.channel is channel]
            reason = why_not(person, channel, class_, own, barred)
            if reason is None and own[0].value in told:
                reason = Reason.DUPLICATE_ADDRESS
            value = None if reason else own[0].value
            if value is not None:
                told.add(value)
            status = DeliveryStatus.SUPPRESSED if reason else DeliveryStatus.PLANNED
            expected.add(Expected(person.number, channel, status, reason, value, locale))
    return expected


def why_not(
    person: CustomerRecord,
    channel: Channel,
    class_: MessageClass,
    own: Sequence[Address],
    barred: Mapping[str, frozenset[MessageClass]],
) -> Reason | None:
    """Say why a customer can not be told on a channel, other people aside."""
    if not own:
        broken = any(one.channel is channel for one in person.broken)
        return Reason.INVALID_ADDRESS if broken else Reason.NO_ADDRESS
    refused = (channel, class_) in person.opted_out
    missing = class_ is MessageClass.PROMOTIONAL and (channel, class_) not in person.consented
    if refused or missing:
        return Reason.OPTED_OUT
    if class_ in barred.get(own[0].value, ()):
        return Reason.ADDRESS_SUPPRESSED
    return None if person.locales else Reason.NO_LOCALE


def invent(seed: int, count: int) -> list[CustomerRecord]:
    """Invent customers with every trouble, and few addresses, so that many are shared."""
    dice = random.Random(seed)  # noqa: S311  (a repeatable invention)
    people = []
    for number in range(1, count + 1):
        addresses = [
            address(_SCHEMES[channel], dice.randint(1, count))
            for channel in DELIVERY_CHANNELS
            for _ in range(dice.choice([0, 1, 1, 2]))
        ]
        pairs = [(channel, class_) for channel in DELIVERY_CHANNELS for class_ in MessageClass]
        dice.shuffle(pairs)
        people.append(
            customer(
                number,
                addresses=addresses,
                locales=dice.choice([(), ("fr",), ("ar", "fr"), ('odd"tag\\,{}', "en")]),
                broken=[
                    BrokenAddress(channel=channel, raw=raw, fault="odd")
                    for channel in DELIVERY_CHANNELS
                    for raw in ("x", "y")
                    if dice.random() < 0.2
                ],
                opted_out=pairs[:2],
                consented=pairs[2:6],
            )
        )
    return people


@pytest.mark.parametrize("class_", MessageClass)
@pytest.mark.parametrize("seed", range(3))
def test_planning_in_sql_is_the_rule(pool: Pool, class_: MessageClass, seed: int) -> None:
    """Exactly the same rows: status, reason, address and locale of each customer and channel."""
    rows = Rows(pool)
    people = invent(seed, 60)
    rows.save(people)
    barred = bar(rows, seed)
    dice = random.Random(seed)  # noqa: S311  (a repeatable choice)
    channels = [one for one in DELIVERY_CHANNELS if dice.random() < 0.8] or [Channel.SMS]
    campaign = rows.launched(channels=channels, message_class=class_)
    expected = rule(people, channels, class_, barred)

    forecast = Forecaster(pool, Everybody(), FakeRenderer()).forecast(campaign)
    planned = rows.planner(batch_size=7).plan(campaign, NOON)

    assert _found(rows, campaign) == expected
    reasons = [one.reason for one in expected if one.reason]
    counts = {reason: reasons.count(reason) for reason in set(reasons)}
    assert (planned.targeted, planned.planned) == (len(expected), len(expected) - len(reasons))
    assert planned.suppressed == forecast.suppressed == counts
    assert forecast.targeted == planned.targeted
    assert forecast.customers == 60
    told = {one.customer for one in expected if not one.reason}
    assert forecast.reached == len(told)
    _assert_batches_cover(rows, campaign, planned.planned)


def bar(rows: Rows, seed: int) -> dict[str, frozenset[MessageClass]]:
    """Put some addresses on the suppression list."""
    dice = random.Random(seed)  # noqa: S311  (a repeatable choice)
    barred = {}
    for id_, value in rows.ask("SELECT id, value FROM address ORDER BY value"):
        classes = frozenset(class_ for class_ in MessageClass if dice.random() < 0.15)
        for class_ in classes:
            rows.tell("INSERT INTO suppression VALUES (%s, %s, 'gone', 'test')", id_, class_.value)
        barred[value] = classes
    return barred


def _found(rows: Rows, campaign: int) -> set[Expected]:
    found = rows.ask(
        "SELECT customer.number, delivery.channel, status, reason, address.value, locale "
        "FROM delivery JOIN customer ON customer.id = customer_id "
        "LEFT JOIN address ON address.id = address_id WHERE campaign_id = %s",
        campaign,
    )
    expected = {
        Expected(
            number,
            Channel(channel),
            DeliveryStatus(status),
            Reason(reason) if reason else None,
            value,
            locale,
        )
        for number, channel, status, reason, value, locale in found
    }
    assert len(expected) == len(found)
    return expected


def _assert_batches_cover(rows: Rows, campaign: int, planned: int) -> None:
    """Batches are runs of numbers on one channel that hold the planned rows, each once."""
    numbers = []
    for channel, first, last in rows.ask(
        "SELECT channel, first, last FROM batch WHERE campaign_id = %s", campaign
    ):
        assert last - first < 7
        found = rows.ask(
            "SELECT number, channel, status FROM delivery "
            "WHERE campaign_id = %s AND number BETWEEN %s AND %s",
            campaign,
            first,
            last,
        )
        assert {(one, status) for _, one, status in found} == {(channel, "planned")}
        numbers += [number for number, _, _ in found]
    assert sorted(numbers) == list(range(1, planned + 1))
