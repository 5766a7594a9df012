"""Applying news about deliveries, from workers or from receipts, by the transition table."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection

from broadcaster.domain.delivery import DeliveryEvent, DeliveryId, Effect, Reason
from broadcaster.ledger.rules import BAR, BAR_VALUES, BARRING_REASONS, RULE, RULE_VALUES

# A receipt may overtake the answer to our own request; what the answer carries (provider,
# reference, units) is kept even when it is no longer news. What a worker says of a former attempt
# is left out by `attempts = attempt`, except that the provider took it: that is true for ever.
_APPLY = f"""
WITH {RULE}, news AS (
    SELECT * FROM unnest(
        %(ids)s::bigint[], %(numbers)s::integer[],
        %(events)s::delivery_event[], %(attempts)s::smallint[], %(reasons)s::reason[],
        %(providers)s::text[], %(references)s::text[], %(codes)s::text[],
        %(units)s::smallint[], %(dues)s::timestamptz[])
    AS news (id, number, event, attempt, reason,
             provider, reference, code, units, due_at)
)
UPDATE delivery SET
    status = rule.after,
    reason = CASE WHEN rule.effect = 'applied' THEN news.reason ELSE delivery.reason END,
    code = CASE WHEN rule.effect = 'applied' THEN COALESCE(news.code, delivery.code)
                ELSE COALESCE(delivery.code, news.code) END,
    provider = COALESCE(delivery.provider, news.provider),
    reference = COALESCE(delivery.reference, news.reference),
    units = CASE WHEN news.event IN ('accept', 'lose') THEN COALESCE(news.units, delivery.units)
                 WHEN rule.effect = 'applied' AND news.event IN ('defer', 'refuse', 'exhaust')
                 THEN 0 ELSE delivery.units END,
    due_at = CASE WHEN rule.effect <> 'applied' THEN delivery.due_at
                  WHEN rule.after = 'deferred' THEN COALESCE(news.due_at, %(now)s)
                  WHEN rule.after = 'unknown' THEN %(now)s END,
    asked = CASE WHEN rule.effect = 'applied' THEN 0 ELSE delivery.asked END,
    -- Its first message may have been read, whatever becomes of the next.
    doubted = CASE WHEN delivery.status = 'unknown' AND news.event = 'resend' THEN true
                   ELSE delivery.doubted END,
    -- One in doubt keeps the time of its claim: that is when its request left.
    updated_at = CASE WHEN rule.effect = 'applied' AND rule.after <> 'unknown'
                      THEN %(now)s ELSE delivery.updated_at END
FROM news JOIN rule ON rule.event = news.event
WHERE delivery.campaign_id = %(campaign)s AND delivery.number = news.number
  AND rule.before = delivery.status
  AND (news.attempt IS NULL OR news.event = 'accept' OR delivery.attempts = news.attempt)
  -- A failure that names another message than the one that was sent last is a former attempt's.
  AND NOT (news.event = 'fail' AND news.reference IS NOT NULL
           AND delivery.reference IS DISTINCT FROM news.reference
           AND (delivery.status = 'deferred'
                OR (delivery.status IN ('submitting', 'unknown', 'accepted')
                    AND delivery.attempts > 1)))
RETURNING news.id, rule.effect
"""  # noqa: S608  (joined from our own constants)

# Rows are locked in the order of their keys, so that two who report on the same can't deadlock.
_LOCK = """
SELECT FROM delivery
WHERE campaign_id = %(campaign)s AND number = ANY(%(numbers)s::integer[])
ORDER BY number FOR UPDATE
"""

# What we refuse to use again, out of what a provider said about it. What is barred already on the
# same ground needs no second word, so that repeats change nothing.
_BAR = f"""
WITH {BAR}, bad AS (
    SELECT * FROM unnest(%(numbers)s::integer[], %(reasons)s::reason[], %(providers)s::text[],
                         %(codes)s::text[])
    AS bad (number, reason, provider, code)
)
INSERT INTO consent_record (address_id, channel, ground, classes, granted, source, at, proof,
                            recorded_by, recorded_at)
SELECT DISTINCT ON (delivery.address_id, bar.ground)
    delivery.address_id, delivery.channel, bar.ground, bar.classes, false, bar.source, %(now)s,
    'delivery ' || delivery.campaign_id || '-' || delivery.number || COALESCE(', ' || bad.code, ''),
    COALESCE(bad.provider, delivery.provider, 'broadcaster'), %(now)s
FROM bad
JOIN delivery ON delivery.campaign_id = %(campaign)s AND delivery.number = bad.number
JOIN bar ON bar.reason = bad.reason AND bar.channel = delivery.channel
WHERE EXISTS (SELECT FROM address WHERE address.id = delivery.address_id)
  AND EXISTS (SELECT FROM unnest(bar.classes) AS wanted (class)
              WHERE NOT EXISTS (SELECT FROM suppression
                                WHERE suppression.address_id = delivery.address_id
                                  AND suppression.class = wanted.class
                                  AND suppression.ground = bar.ground))
ORDER BY delivery.address_id, bar.ground, delivery.number
"""  # noqa: S608  (joined from our own constants)

#: The events after which a reason is the last word on an address.
_LAST_WORDS = frozenset({DeliveryEvent.REFUSE, DeliveryEvent.FAIL, None})


@dataclass(frozen=True, kw_only=True, slots=True)
class News:
    """What happened to a delivery; `id` is the caller's own, to know it again in the answer.

    Without an event it is no news about the delivery itself (a complaint, an opening).
    `attempt` fences out what a worker says of a former attempt; None for everybody else.
    """

    id: int
    delivery: DeliveryId
    event: DeliveryEvent | None
    attempt: int | None = None
    reason: Reason | None = None
    provider: str | None = None
    reference: str | None = None
    code: str | None = None
    units: int | None = None
    due: datetime | None = None


def apply(connection: Connection[Any], news: Sequence[News], now: datetime) -> dict[int, Effect]:
    """Apply in order, and give the effect of each by its id; what matched nothing is missing.

    An address that the news shows to be of no use is put on the suppression list.
    """
    effects: dict[int, Effect] = {}
    for own in _by_campaign(news):
        for turn in _turns([one for one in own if one.event is not None]):
            values = _columns(turn, now)
            connection.execute(_LOCK, values)
            for id_, effect in connection.execute(_APPLY, values):
                effects[id_] = Effect(effect)
        _bar(connection, own, now)
    return effects


def _by_campaign(news: Sequence[News]) -> Iterator[list[News]]:
    """Part it by campaigns, because each has a table of its own; in order, as they are locked."""
    campaigns: dict[int, list[News]] = {}
    for one in news:
        campaigns.setdefault(one.delivery.campaign, []).append(one)
    for campaign in sorted(campaigns):
        yield campaigns[campaign]


def _bar(connection: Connection[Any], news: Sequence[News], now: datetime) -> None:
    bad = [one for one in news if one.reason in BARRING_REASONS and one.event in _LAST_WORDS]
    if bad:
        connection.execute(_BAR, {**BAR_VALUES, **_columns(bad, now)})


def _turns(news: Sequence[News]) -> Iterator[list[News]]:
    """Split so that no delivery occurs twice in one statement, keeping each one's order."""
    rest = list(news)
    while rest:
        seen: set[DeliveryId] = set()
        turn: list[News] = []
        later: list[News] = []
        for one in rest:
            (later if one.delivery in seen else turn).append(one)
            seen.add(one.delivery)
        yield turn
        rest = later


def _columns(news: Sequence[News], now: datetime) -> Mapping[str, object]:
    return {
        **RULE_VALUES,
        "now": now,
        "ids": [one.id for one in news],
        "campaign": news[0].delivery.campaign,
        "numbers": [one.delivery.number for one in news],
        "events": [None if one.event is None else one.event.value for one in news],
        "attempts": [one.attempt for one in news],
        "reasons": [None if one.reason is None else one.reason.value for one in news],
        "providers": [one.provider for one in news],
        "references": [one.reference for one in news],
        "codes": [one.code for one in news],
        "units": [one.units for one in news],
        "dues": [one.due for one in news],
    }
