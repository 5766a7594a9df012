"""Receipts: stored before they are acknowledged, applied afterwards."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from psycopg import Connection

from broadcaster.domain.delivery import DeliveryEvent, DeliveryId, Reason, Receipt
from broadcaster.ledger.news import News, apply
from broadcaster.ledger.records import bounded

#: How long a receipt that matches nothing is tried again, and how often. It may be faster than
#: the answer that tells us the provider's reference.
_PATIENCE = timedelta(minutes=15)
_PAUSE = timedelta(minutes=1)
#: How long after its end a campaign is looked through for a provider's reference.
_MEMORY = timedelta(days=7)
#: One process at a time applies receipts, so that those about one delivery keep their order.
_LOCK = 0x52454345
#: The longest key that tells repeats apart; longer ones are cut by the provider's file.
_LONGEST_KEY = 500

_RECEIVE = """
INSERT INTO receipt (provider, dedupe, campaign_id, number, reference, event, reason, code,
                     received_at, due_at)
SELECT news.*, %(now)s, %(now)s
FROM unnest(%(providers)s::text[], %(dedupes)s::text[], %(campaigns)s::integer[],
            %(numbers)s::integer[], %(references)s::text[], %(events)s::delivery_event[],
            %(reasons)s::reason[], %(codes)s::text[]) AS news
ON CONFLICT DO NOTHING
"""

_WAITING = """
SELECT id, provider, campaign_id, number, reference, event, reason, code, received_at
FROM receipt WHERE applied_at IS NULL AND due_at <= %s
ORDER BY due_at, id LIMIT %s
"""

_RECENT = """
SELECT id FROM campaign
WHERE planned_at IS NOT NULL AND archived_at IS NULL
  AND (finished_at IS NULL OR finished_at > %s)
ORDER BY finished_at DESC NULLS FIRST, id DESC
"""

# There is no index on the reference, which would make every record slower for the few providers
# that leave our id out; so this reads the table of one recent campaign after the other, the
# running ones first, once for many receipts.
_MATCH = """
SELECT news.id, delivery.campaign_id, delivery.number
FROM unnest(%(ids)s::bigint[], %(providers)s::text[], %(references)s::text[])
    AS news (id, provider, reference)
JOIN delivery ON delivery.provider = news.provider AND delivery.reference = news.reference
WHERE delivery.campaign_id = %(campaign)s
"""

_SETTLE = """
UPDATE receipt SET
    effect = news.effect, applied_at = %(now)s,
    campaign_id = COALESCE(receipt.campaign_id, news.campaign_id),
    number = COALESCE(receipt.number, news.number)
FROM unnest(%(ids)s::bigint[], %(effects)s::text[], %(campaigns)s::integer[],
            %(numbers)s::integer[]) AS news (id, effect, campaign_id, number)
WHERE receipt.id = news.id
"""


class _Row(NamedTuple):
    id: int
    provider: str
    campaign: int | None
    number: int | None
    reference: str | None
    event: str | None
    reason: str | None
    code: str | None
    received_at: datetime


def receive(connection: Connection[Any], receipts: Sequence[Receipt], now: datetime) -> int:
    """Store receipts; how many were no repeats."""
    values = {
        "now": now,
        "providers": [one.provider for one in receipts],
        "dedupes": [(bounded(one.dedupe, _LONGEST_KEY)) for one in receipts],
        "campaigns": [one.delivery.campaign if one.delivery else None for one in receipts],
        "numbers": [one.delivery.number if one.delivery else None for one in receipts],
        "references": [bounded(one.reference) for one in receipts],
        "events": [one.event.value if one.event else None for one in receipts],
        "reasons": [one.reason.value if one.reason else None for one in receipts],
        "codes": [bounded(one.code) for one in receipts],
    }
    return connection.execute(_RECEIVE, values).rowcount


def apply_receipts(
    connection: Connection[Any], now: datetime, limit: int, effects_seen: Counter[str] | None = None
) -> int:
    """Apply stored receipts in the order in which they came; how many were handled.

    None when another process is at it. What matches nothing goes behind the rest and is tried
    again for a while, then kept as an orphan. `effects_seen` counts what became of them.
    """
    if connection.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK]).fetchone() != (True,):
        return 0
    rows = [_Row(*row) for row in connection.execute(_WAITING, [now, limit])]
    if not rows:
        return 0
    targets = _targets(connection, rows, now)
    effects = _apply(connection, rows, targets, now)
    _settle(connection, effects, targets, now)
    if effects_seen is not None:
        effects_seen.update(effects.values())
    late = [row.id for row in rows if row.id not in effects]
    if late:
        connection.execute(
            "UPDATE receipt SET due_at = %s WHERE id = ANY(%s)", [now + _PAUSE, late]
        )
    return len(rows)


def waiting(connection: Connection[Any]) -> bool:
    """Tell whether stored receipts are due to be applied."""
    query = "SELECT EXISTS (SELECT FROM receipt WHERE applied_at IS NULL AND due_at <= now())"
    return connection.execute(query).fetchone() == (True,)


def _targets(
    connection: Connection[Any], rows: Iterable[_Row], now: datetime
) -> Mapping[int, DeliveryId]:
    """Find the delivery of each receipt: by our id, else by the provider's reference."""
    targets = {}
    nameless = []
    for row in rows:
        if row.campaign is not None and row.number is not None:
            targets[row.id] = DeliveryId(row.campaign, row.number)
        elif row.reference is not None:
            nameless.append(row)
    if nameless:
        targets.update(_by_reference(connection, nameless, now))
    return targets


def _by_reference(
    connection: Connection[Any], nameless: Sequence[_Row], now: datetime
) -> Mapping[int, DeliveryId]:
    found: dict[int, DeliveryId] = {}
    for (campaign,) in connection.execute(_RECENT, [now - _MEMORY]).fetchall():
        left = [row for row in nameless if row.id not in found]
        if not left:
            break
        values = {
            "campaign": campaign,
            "ids": [row.id for row in left],
            "providers": [row.provider for row in left],
            "references": [row.reference for row in left],
        }
        for id_, *delivery in connection.execute(_MATCH, values):
            found[id_] = DeliveryId(*delivery)
    return found


def _apply(
    connection: Connection[Any],
    rows: Sequence[_Row],
    targets: Mapping[int, DeliveryId],
    now: datetime,
) -> Mapping[int, str]:
    """Apply those that have a delivery, and say what became of each that needs no other try."""
    news = [_news(row, targets[row.id]) for row in rows if row.id in targets]
    applied = apply(connection, news, now)
    effects = {}
    for row in rows:
        if row.id in applied:
            effects[row.id] = applied[row.id].value
        elif row.id in targets and row.event is None:
            effects[row.id] = "noted"
        elif now - row.received_at >= _PATIENCE:
            effects[row.id] = "orphan"
        elif row.campaign is not None and not _of_an_attempt(row):
            # Our own ids are given out after the delivery is there, so these come never.
            effects[row.id] = "orphan"
    return effects


def _of_an_attempt(row: _Row) -> bool:
    """Tell whether it may wait for the answer that says which attempt it is about."""
    return row.event == DeliveryEvent.FAIL.value and row.reference is not None


def _settle(
    connection: Connection[Any],
    effects: Mapping[int, str],
    targets: Mapping[int, DeliveryId],
    now: datetime,
) -> None:
    found = [targets.get(id_) for id_ in effects]
    values = {
        "now": now,
        "ids": list(effects),
        "effects": list(effects.values()),
        "campaigns": [target.campaign if target else None for target in found],
        "numbers": [target.number if target else None for target in found],
    }
    connection.execute(_SETTLE, values)


def _news(row: _Row, delivery: DeliveryId) -> News:
    return News(
        id=row.id,
        delivery=delivery,
        event=DeliveryEvent(row.event) if row.event else None,
        reason=Reason(row.reason) if row.reason else None,
        # Who knows its own number of the message is who took it; a device that confirms is not.
        provider=row.provider if row.reference else None,
        reference=row.reference,
        code=row.code,
    )
