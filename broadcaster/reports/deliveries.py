"""Listing deliveries of a campaign: which, what became of them, and why."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from psycopg import Connection

from broadcaster.domain.delivery import DeliveryId, DeliveryStatus, Reason
from broadcaster.domain.message import Channel
from broadcaster.ports import Selection

#: Whether a delivery is of a selection, whose values are given with the statement.
CHOSEN: LiteralString = """
      (%(statuses)s::delivery_status[] IS NULL
       OR delivery.status = ANY(%(statuses)s::delivery_status[]))
      AND (%(reasons)s::reason[] IS NULL OR delivery.reason = ANY(%(reasons)s::reason[]))
      AND (%(channels)s::channel[] IS NULL OR delivery.channel = ANY(%(channels)s::channel[]))
      AND (%(providers)s::text[] IS NULL OR delivery.provider = ANY(%(providers)s::text[]))
      AND (%(locales)s::text[] IS NULL OR delivery.locale = ANY(%(locales)s::text[]))
"""

_LIST = f"""
WITH chosen AS MATERIALIZED (
    SELECT * FROM delivery
    WHERE campaign_id = %(campaign)s AND number > %(after)s
      AND {CHOSEN}
    ORDER BY number LIMIT %(limit)s
)
SELECT chosen.campaign_id, chosen.number, COALESCE(customer.number, 'erased'), chosen.channel,
       chosen.status, chosen.reason, chosen.provider, chosen.code, chosen.reference, chosen.locale,
       chosen.attempts, chosen.asked, chosen.due_at, chosen.updated_at
FROM chosen LEFT JOIN customer ON customer.id = chosen.customer_id
ORDER BY chosen.number
"""  # noqa: S608  (joined from our own constants)

_COUNT = f"""
SELECT status, reason, channel, provider, count(*) FROM delivery
WHERE campaign_id = %(campaign)s
  AND {CHOSEN}
GROUP BY 1, 2, 3, 4 ORDER BY 5 DESC, 1, 2, 3, 4
LIMIT 1000
"""  # noqa: S608  (joined from our own constants)


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedDelivery:
    """A delivery as people look at it; without its address.

    `due` is when it is tried again, or when its provider is asked about it next.
    """

    delivery: DeliveryId
    customer_number: str
    channel: Channel
    status: DeliveryStatus
    reason: Reason | None
    provider: str | None
    code: str | None
    reference: str | None
    locale: str | None
    attempts: int
    asked: int
    due: datetime | None
    updated: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliveryCount:
    """How many deliveries share a status, a reason, a channel and a provider."""

    status: DeliveryStatus
    reason: Reason | None
    channel: Channel
    provider: str | None
    count: int


def deliveries(
    connection: Connection[Any], campaign: int, selection: Selection, *, after: int, limit: int
) -> Iterator[ListedDelivery]:
    """List deliveries in order of their numbers, those behind `after`, `limit` at most."""
    values = {**selection.values(), "campaign": campaign, "after": after, "limit": limit}
    for row in connection.execute(_LIST, values):
        id_, number, customer, channel, status, reason, *rest = row
        provider, code, reference, locale, attempts, asked, due, updated = rest
        yield ListedDelivery(
            delivery=DeliveryId(id_, number),
            customer_number=customer,
            channel=Channel(channel),
            status=DeliveryStatus(status),
            reason=Reason(reason) if reason else None,
            provider=provider,
            code=code,
            reference=reference,
            locale=locale,
            attempts=attempts,
            asked=asked,
            due=due,
            updated=updated,
        )


def counts(connection: Connection[Any], campaign: int, selection: Selection) -> list[DeliveryCount]:
    """Count deliveries by status, reason, channel and provider, most first; a thousand rows."""
    rows = connection.execute(_COUNT, {**selection.values(), "campaign": campaign})
    return [
        DeliveryCount(
            status=DeliveryStatus(status),
            reason=Reason(reason) if reason else None,
            channel=Channel(channel),
            provider=provider,
            count=count,
        )
        for status, reason, channel, provider, count in rows
    ]
