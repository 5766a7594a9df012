"""Planning, claims and segments decide as the pure rule does, on invented histories."""

import itertools
import random
from collections.abc import Sequence
from datetime import timedelta

import pytest

from broadcaster.audience.expression import MayReceive
from broadcaster.audience.sql import Setting, condition
from broadcaster.domain.consent import ConsentRecord, Ground, Source, decide
from broadcaster.domain.delivery import Reason
from broadcaster.domain.message import Channel, MessageClass, Scheme
from broadcaster.ledger import history
from tests.builders import NOON, address, customer
from tests.catalogues import SHIPPED
from tests.expressions import TODAY, Squares
from tests.rows import TTL, Pool, Rows

_CHANNELS = (Channel.SMS, Channel.EMAIL)
_TWO = (Scheme.TEL, Scheme.MAILTO)
_COUNT = 40

#: Why somebody may not be told where; None who may.
Rule = dict[tuple[int, Channel], Reason | None]


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


def expected(rows: Rows, words: Sequence[ConsentRecord], class_: MessageClass) -> Rule:
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


def _people(rows: Rows) -> None:
    """Store customers, of whom every fifth shares addresses, and every seventh has a second one."""
    rows.save(
        customer(
            number,
            addresses=[
                address(scheme, number // 2 if number % 5 == 0 else number) for scheme in _TWO
            ]
            + [address(scheme, number + 500) for scheme in _TWO if number % 7 == 0],
        )
        for number in range(1, _COUNT + 1)
    )


def _agreed(rows: Rows) -> list[ConsentRecord]:
    """Let everybody agree to advertising, before all else that is said."""
    return [
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


@pytest.mark.parametrize("seed", range(4))
def test_planning_claims_and_segments_decide_as_the_rule_does(pool: Pool, seed: int) -> None:
    """On the same history, for each class: with ties, orders, dead and shared addresses.

    Claims decide what was planned before anything was said. In every second history nobody has
    agreed to advertising before, so that nothing of that class is there to be claimed.
    """
    rows, dice = Rows(pool), random.Random(seed)  # noqa: S311  (a repeatable invention)
    _people(rows)
    words = _agreed(rows) if seed % 2 else []
    tell(rows, words, dice)
    before = {class_: _launch(rows, f"before {class_}", class_) for class_ in MessageClass}
    later = invent(rows, dice)
    tell(rows, later, dice)
    words += later
    assert {one.ground for one in words} == set(Ground)
    for class_ in MessageClass:
        rule = expected(rows, words, class_)
        assert len(set(rule.values())) == 3
        _planned(rows, _launch(rows, f"after {class_}", class_), rule)
        assert _claimed(rows, before[class_], rule) or not (
            seed % 2 or class_ is not MessageClass.PROMOTIONAL
        )
        for channel in _CHANNELS:
            allowed = {id_ for (id_, where), why in rule.items() if (where, why) == (channel, None)}
            assert _selected(rows, class_, channel) == allowed


def _launch(rows: Rows, name: str, class_: MessageClass) -> int:
    campaign = rows.launched(name=name, channels=_CHANNELS, message_class=class_)
    rows.planner().plan(campaign, NOON)
    return campaign


def _planned(rows: Rows, campaign: int, rule: Rule) -> None:
    """Require that planning told whom the rule tells, but for those told at a shared address."""
    query = "SELECT customer_id, channel, reason FROM delivery WHERE campaign_id = %s"
    found = {
        (id_, Channel(channel)): Reason(reason) if reason else None
        for id_, channel, reason in rows.ask(query, campaign)
    }
    for key, reason in rule.items():
        doubled = found[key] is Reason.DUPLICATE_ADDRESS and reason is None
        assert doubled or found[key] is reason, key


def _claimed(rows: Rows, campaign: int, rule: Rule) -> int:
    """Require that claims take of what was planned whom the rule tells; how many."""
    query = "SELECT customer_id, channel, number, reason FROM delivery WHERE campaign_id = %s"
    planned = {number for _, _, number, reason in rows.ask(query, campaign) if reason is None}
    claimed: set[int] = set()
    for batch in rows.batches(campaign):
        lease = rows.ledger.lease(batch, NOON, TTL)
        assert lease is not None
        numbers = [one.delivery.number for one in rows.ledger.pending(lease, NOON, 1000)]
        wish = dict.fromkeys(numbers, 1)
        claimed.update(rows.ledger.claim(lease, wish, "sandbox", NOON, TTL) or ())
    for id_, channel, number, reason in rows.ask(query, campaign):
        if number in planned:
            wanted = rule[id_, Channel(channel)]
            assert (number in claimed) == (wanted is None)
            assert reason == (wanted.value if wanted else None)
    assert claimed <= planned
    return len(claimed)


def _selected(rows: Rows, class_: MessageClass, channel: Channel) -> set[int]:
    """Ask by a segment who may receive a class on a channel."""
    setting = Setting(catalogue=SHIPPED, today=TODAY, campaigns={}, places=Squares())
    asked = condition(MayReceive(class_, channel), setting)
    query = f"SELECT id FROM customer WHERE {asked.text}"  # noqa: S608  (values are bound)
    with rows.pool.connection() as connection:
        return {id_ for (id_,) in connection.execute(query, asked.values)}
