"""Planning and claims decide as the pure rule does, on invented histories in a real database."""

import itertools
import random
from collections.abc import Sequence
from datetime import timedelta

import pytest

from broadcaster.domain.consent import ConsentRecord, Ground, Source, decide
from broadcaster.domain.delivery import Reason
from broadcaster.domain.message import Channel, MessageClass, Scheme
from broadcaster.ledger import history
from tests.builders import NOON, address, customer
from tests.rows import TTL, Pool, Rows

_CHANNELS = (Channel.SMS, Channel.EMAIL)
_SCHEMES = {Channel.SMS: Scheme.TEL, Channel.EMAIL: Scheme.MAILTO}
_COUNT = 40


def invent(rows: Rows, dice: random.Random) -> list[ConsentRecord]:
    """Invent words about every customer and address, few moments apart, so that many are ties."""
    customers = [id_ for (id_,) in rows.ask("SELECT id FROM customer ORDER BY id")]
    addresses = rows.ask("SELECT id, channel FROM address ORDER BY id")
    found = []
    for _ in range(6 * _COUNT):
        about_customer = dice.random() < 0.5
        id_, channel = dice.choice(addresses)
        wide = dice.sample(list(MessageClass), dice.randint(1, 3))
        found.append(
            ConsentRecord(
                customer=dice.choice(customers) if about_customer else None,
                address=None if about_customer else id_,
                channel=dice.choice(_CHANNELS) if about_customer else Channel(channel),
                ground=dice.choices(list(Ground), [8, 1, 1, 1])[0],
                classes=tuple(wide),
                granted=dice.random() < 0.6,
                source=dice.choice(list(Source)),
                at=NOON - timedelta(days=dice.randint(1, 4)),
                proof="invented",
                by="test",
            )
        )
    return found


def tell(rows: Rows, words: Sequence[ConsentRecord], dice: random.Random) -> None:
    """Add them in any order, some alone and some together."""
    rest = list(words)
    dice.shuffle(rest)
    while rest:
        size = dice.choice([1, 1, 2, 40])
        with rows.pool.connection() as connection:
            history.add(connection, rest[:size], NOON)
        rest = rest[size:]


def expected(
    rows: Rows, words: Sequence[ConsentRecord], class_: MessageClass
) -> dict[tuple[int, Channel], Reason | None]:
    """Say by the pure rule who may be told where."""
    own = rows.ask(
        "SELECT customer_id, channel, address_id FROM customer_address WHERE ordinal = 1"
    )
    found = {}
    for id_, name, address_id in own:
        channel = Channel(name)
        mine = [one for one in words if one.customer == id_ and one.channel is channel]
        there = [one for one in words if one.customer is None and one.address == address_id]
        found[id_, channel] = decide(class_, mine, there).reason
    return found


def _people(rows: Rows, *, shared: bool) -> None:
    rows.save(
        customer(
            number,
            addresses=[
                address(scheme, number // 2 if shared and number % 5 == 0 else number)
                for scheme in (Scheme.TEL, Scheme.MAILTO)
            ],
        )
        for number in range(1, _COUNT + 1)
    )


@pytest.mark.parametrize("seed", range(2))
def test_planning_decides_as_the_rule_does(pool: Pool, seed: int) -> None:
    """For each class, with the reason; an address that another is told at is another matter."""
    rows, dice = Rows(pool), random.Random(seed)  # noqa: S311  (a repeatable invention)
    _people(rows, shared=True)
    words = invent(rows, dice)
    tell(rows, words, dice)
    for class_ in MessageClass:
        campaign = rows.launched(name=class_.value, channels=_CHANNELS, message_class=class_)
        rows.planner().plan(campaign, NOON)
        query = "SELECT customer_id, channel, reason FROM delivery WHERE campaign_id = %s"
        found = {
            (id_, Channel(channel)): Reason(reason) if reason else None
            for id_, channel, reason in rows.ask(query, campaign)
        }
        rule = expected(rows, words, class_)
        assert len(set(rule.values())) == 3
        for key, reason in rule.items():
            doubled = found[key] is Reason.DUPLICATE_ADDRESS and reason is None
            assert doubled or found[key] is reason, (class_, key)


@pytest.mark.parametrize("class_", MessageClass)
def test_a_claim_decides_as_the_rule_does(pool: Pool, class_: MessageClass) -> None:
    """Whatever was said between planning and sending."""
    rows, dice = Rows(pool), random.Random(class_.value)  # noqa: S311  (a repeatable invention)
    _people(rows, shared=False)
    agreed = [
        ConsentRecord(
            customer=id_,
            address=None,
            channel=channel,
            ground=Ground.WISH,
            classes=(MessageClass.PROMOTIONAL,),
            granted=True,
            source=Source.PAGE,
            at=NOON - timedelta(days=9),
            proof="invented",
            by="test",
        )
        for (id_,), channel in itertools.product(rows.ask("SELECT id FROM customer"), _CHANNELS)
    ]
    tell(rows, agreed, dice)
    campaign = rows.launched(channels=_CHANNELS, message_class=class_)
    assert rows.planner().plan(campaign, NOON).planned == 2 * _COUNT
    later = invent(rows, dice)
    tell(rows, later, dice)
    rule = expected(rows, [*agreed, *later], class_)
    claimed = []
    for batch in rows.batches(campaign):
        lease = rows.ledger.lease(batch, NOON, TTL)
        assert lease is not None
        numbers = [one.delivery.number for one in rows.ledger.pending(lease, NOON, 1000)]
        claimed += list(
            rows.ledger.claim(lease, dict.fromkeys(numbers, 1), "sandbox", NOON, TTL) or ()
        )
    query = "SELECT customer_id, channel, number, reason FROM delivery WHERE campaign_id = %s"
    for id_, channel, number, reason in rows.ask(query, campaign):
        wanted = rule[id_, Channel(channel)]
        assert (number in claimed) == (wanted is None)
        assert reason == (wanted.value if wanted else None)
    assert 0 < len(claimed) < 2 * _COUNT
