"""Opting out by one click (RFC 8058), and coming back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.domain.delivery import DeliveryId
from broadcaster.domain.message import Channel, MessageClass
from broadcaster.errors import NotFoundError
from broadcaster.ledger.audit import note

#: Who refuses a class refuses what matters less as well; what protects life only by itself.
_REFUSED = {
    MessageClass.PROMOTIONAL: (MessageClass.PROMOTIONAL,),
    MessageClass.SERVICE: (MessageClass.SERVICE, MessageClass.PROMOTIONAL),
    MessageClass.SAFETY: tuple(MessageClass),
}

_FIND = """
SELECT delivery.customer_id, delivery.channel, delivery.address_id, advisory.class,
       delivery.locale
FROM delivery
JOIN campaign ON campaign.id = delivery.campaign_id
JOIN advisory ON advisory.id = campaign.advisory_id
WHERE delivery.campaign_id = %s AND delivery.number = %s
"""

_CONSENT = """
INSERT INTO consent (customer_id, channel, class, granted, source, at)
SELECT %(customer)s, %(channel)s::channel, class, false, 'link', %(now)s
FROM unnest(%(classes)s::message_class[]) AS class
WHERE EXISTS (SELECT FROM customer WHERE id = %(customer)s)
ON CONFLICT (customer_id, channel, class)
DO UPDATE SET granted = false, source = excluded.source, at = excluded.at
WHERE consent.granted
"""

_SUPPRESS = """
INSERT INTO suppression (address_id, class, reason, source, at)
SELECT %(address)s, class, 'recipient_opted_out', 'link', %(now)s
FROM unnest(%(classes)s::message_class[]) AS class
WHERE EXISTS (SELECT FROM address WHERE id = %(address)s)
ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Subscription:
    """What the link in a message ends: these classes on this channel.

    `locale` is the one in which the message was written; None when it never was.
    """

    channel: Channel
    ends: tuple[MessageClass, ...]
    locale: str | None


class OptOuts:
    """What customers refuse through the link in a message."""

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        """Use the pool's connections."""
        self._pool = pool

    def ask(self, delivery: DeliveryId) -> Subscription:
        """Say what the link in a message would end; changes nothing. NotFoundError."""
        with self._pool.connection() as connection:
            _, channel, _, class_, locale = _find(connection, delivery)
        ends = _REFUSED[MessageClass(class_)]
        return Subscription(channel=Channel(channel), ends=ends, locale=locale)

    def opt_out(self, delivery: DeliveryId, now: datetime) -> MessageClass:
        """Note that the reader of a message wants no more of its class on its channel.

        Both the customer's consent and the address are barred, so that the same mailbox under
        another customer is left in peace too, and what is planned but not sent stays here.
        Safe to repeat; gives the class. NotFoundError when there is no such delivery.
        """
        with self._pool.connection() as connection:
            customer, channel, address, class_, _ = _find(connection, delivery)
            refused = MessageClass(class_)
            values = {
                "customer": customer,
                "channel": channel,
                "address": address,
                "classes": [one.value for one in _REFUSED[refused]],
                "now": now,
            }
            changed = connection.execute(_CONSENT, values).rowcount
            changed += connection.execute(_SUPPRESS, values).rowcount
            if changed:
                note(connection, "recipient", "opt_out", f"delivery {delivery}")
            return refused


def _find(connection: Connection[Any], delivery: DeliveryId) -> tuple[Any, ...]:
    row: tuple[Any, ...] | None = connection.execute(_FIND, list(delivery)).fetchone()
    if row is None:
        remedy = "Use the link of a message that you received."
        raise NotFoundError("link", "belongs to no message", remedy)
    return row
