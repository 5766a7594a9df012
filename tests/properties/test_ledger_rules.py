"""The transition table in SQL is the domain's own, for every pair."""

import itertools

from broadcaster.domain.consent import learned
from broadcaster.domain.delivery import (
    DeliveryEvent,
    DeliveryId,
    DeliveryStatus,
    Effect,
    Reason,
    transition,
)
from broadcaster.domain.message import Channel, MessageClass
from broadcaster.ledger.news import News, apply
from tests.builders import NOON, customer
from tests.rows import Pool, Rows

PAIRS = list(itertools.product(DeliveryStatus, DeliveryEvent))


def test_sql_and_the_pure_rule_agree_for_every_pair(pool: Pool) -> None:
    """A delivery in each status meets each event; status and effect are what the rule says."""
    rows = Rows(pool)
    campaign = _deliveries(rows)
    with pool.connection() as connection:
        effects = apply(connection, _news(campaign), NOON)
    expected = [transition(status, event) for status, event in PAIRS]
    assert rows.statuses(campaign) == [outcome.status for outcome in expected]
    assert effects == dict(enumerate([outcome.effect for outcome in expected], 1))


def test_an_event_of_a_former_attempt_is_news_only_when_it_was_accepted(pool: Pool) -> None:
    """Fencing, for every pair: only ACCEPT passes."""
    rows = Rows(pool)
    campaign = _deliveries(rows)
    with pool.connection() as connection:
        effects = apply(connection, _news(campaign, attempt=7), NOON)
    accepted = {
        number for number, (_, event) in enumerate(PAIRS, 1) if event is DeliveryEvent.ACCEPT
    }
    assert set(effects) == accepted
    for number, (status, event) in enumerate(PAIRS, 1):
        outcome = transition(status, event)
        expected = outcome.status if event is DeliveryEvent.ACCEPT else status
        assert rows.delivery(campaign, number, "status") == (expected.value,)


def test_several_news_about_one_delivery_apply_in_their_order(pool: Pool) -> None:
    """One statement can't change a row twice, so they take turns."""
    rows = Rows(pool)
    campaign = rows.running(1)
    events = [
        DeliveryEvent.CLAIM,
        DeliveryEvent.ACCEPT,
        DeliveryEvent.DELIVER,
        DeliveryEvent.DELIVER,
        DeliveryEvent.FAIL,
    ]
    news = [
        News(id=id_, delivery=DeliveryId(campaign, 1), event=event)
        for id_, event in enumerate(events)
    ]
    with pool.connection() as connection:
        effects = apply(connection, news, NOON)
    applied, ignored, conflict = Effect.APPLIED, Effect.IGNORED, Effect.CONFLICT
    assert list(effects.values()) == [applied, applied, applied, ignored, conflict]
    assert rows.statuses(campaign) == [DeliveryStatus.DELIVERED]


def test_what_protects_life_is_barred_only_where_nothing_arrives() -> None:
    """For every reason and channel: no such address, or a carrier that takes nothing for it."""
    for reason, channel in itertools.product(Reason, Channel):
        told = learned(reason, channel)
        barred = told is not None and MessageClass.SAFETY in told[1]
        dead = channel is not Channel.WEB and (
            reason is Reason.GONE
            or (reason is Reason.UNKNOWN_ADDRESS and channel in (Channel.EMAIL, Channel.PUSH))
            or (reason is Reason.RECIPIENT_OPTED_OUT and channel is Channel.SMS)
        )
        assert barred == dead


def _deliveries(rows: Rows) -> int:
    """Put one delivery into each status, once for each event."""
    rows.save(customer(number) for number in range(1, len(PAIRS) + 1))
    campaign = rows.running(len(PAIRS))
    for number, (status, _) in enumerate(PAIRS, 1):
        rows.tell(
            "UPDATE delivery SET status = %s WHERE campaign_id = %s AND number = %s",
            status.value,
            campaign,
            number,
        )
    return campaign


def _news(campaign: int, attempt: int | None = None) -> list[News]:
    return [
        News(id=number, delivery=DeliveryId(campaign, number), event=event, attempt=attempt)
        for number, (_, event) in enumerate(PAIRS, 1)
    ]
