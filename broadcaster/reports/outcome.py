"""What was told, spent and left out in a campaign, as a forecast counts it."""

from collections.abc import Sequence
from typing import Any, LiteralString, NamedTuple

from psycopg import Connection

from broadcaster.domain.delivery import DeliveryStatus, Reason
from broadcaster.domain.message import Channel
from broadcaster.ports import LEFT_OUT

# The later steps of an escalation follow from what was confirmed, which no forecast knows.
_LATER = """
SELECT COALESCE(min(first), 0), COALESCE(max(last), -1) FROM escalation
WHERE campaign_id = %s AND step > 1 AND done_at IS NOT NULL AND last >= first
"""

# Of a sealed number its first digits are known since the forecast, and those alone are wanted here.
_ROWS: LiteralString = (
    """
SELECT delivery.channel, delivery.locale, delivery.status, delivery.reason, delivery.provider,
       NOT """
    + LEFT_OUT
    + """,
       CASE WHEN delivery.channel = 'sms'
           THEN left(COALESCE(address.value, address.place), %(length)s) END,
       count(*), sum(delivery.units)
FROM delivery LEFT JOIN address ON delivery.channel = 'sms' AND address.id = delivery.address_id
WHERE delivery.campaign_id = %(campaign)s
  AND delivery.number NOT BETWEEN %(first)s AND %(last)s
GROUP BY 1, 2, 3, 4, 5, 6, 7
"""
)

_PEOPLE: LiteralString = (
    """
SELECT count(*), count(*) FILTER (WHERE told) FROM (
    SELECT bool_or(NOT """  # noqa: S608  (joined from our own constants)
    + LEFT_OUT
    + """) AS told FROM delivery
    WHERE campaign_id = %(campaign)s AND number NOT BETWEEN %(first)s AND %(last)s
    GROUP BY customer_id
) AS person
"""
)


class Became(NamedTuple):
    """Deliveries of which the same became: `told` by the plan, to numbers that begin alike."""

    channel: Channel
    locale: str | None
    status: DeliveryStatus
    reason: Reason | None
    provider: str | None
    told: bool
    place: str
    messages: int
    units: int


class Outcome(NamedTuple):
    """What became of a campaign: its people, those who were told, and its deliveries."""

    customers: int
    reached: int
    rows: Sequence[Became]


def outcome(connection: Connection[Any], campaign: int, length: int) -> Outcome:
    """Count; numbers are told apart by their first `length` signs. Later steps are left out."""
    first, last = connection.execute(_LATER, [campaign]).fetchone() or (0, -1)
    values = {"campaign": campaign, "first": first, "last": last, "length": length}
    customers, reached = connection.execute(_PEOPLE, values).fetchone() or (0, 0)
    rows = [
        Became(
            Channel(channel),
            locale,
            DeliveryStatus(status),
            Reason(reason) if reason else None,
            provider,
            told,
            place or "",
            messages,
            units,
        )
        for channel, locale, status, reason, provider, told, place, messages, units in (
            connection.execute(_ROWS, values)
        )
    ]
    return Outcome(customers, reached, rows)
