"""The message by whose link somebody came, or their code, and the words that they say by it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection

from broadcaster.domain.consent import ConsentRecord, Ground, Source
from broadcaster.domain.delivery import DeliveryId
from broadcaster.domain.message import Channel, MessageClass
from broadcaster.errors import GoneError, NotFoundError

#: The form by which customers choose; told in the proof, and counted up when its words change.
FORM = "preferences 1"

_FIND = """
SELECT delivery.customer_id, delivery.channel, delivery.address_id, advisory.class,
       delivery.locale, customer.id IS NOT NULL, address.id IS NOT NULL
FROM delivery
JOIN campaign ON campaign.id = delivery.campaign_id
JOIN advisory ON advisory.id = campaign.advisory_id
LEFT JOIN customer ON customer.id = delivery.customer_id
LEFT JOIN address ON address.id = delivery.address_id
WHERE delivery.campaign_id = %s AND delivery.number = %s
"""

_ARCHIVED = "SELECT FROM campaign WHERE id = %s AND archived_at IS NOT NULL"

# What somebody says here is the latest word, also when a clock of ours is ahead of another.
_LATEST = """
SELECT max(at) FROM (
    SELECT at FROM consent WHERE customer_id = %(customer)s
    UNION ALL
    SELECT suppression.at FROM suppression
    WHERE ground = 'wish' AND (address_id = %(address)s OR address_id IN (
        SELECT own.address_id FROM customer_address AS own WHERE own.customer_id = %(customer)s))
) AS said
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """The message by whose link somebody came; ids are None for what is no longer there.

    Who came by a code came by no message: `proof` names which it was.
    """

    proof: str
    customer: int | None
    address: int | None
    channel: Channel
    class_: MessageClass
    locale: str | None


def find(connection: Connection[Any], delivery: DeliveryId) -> Link:
    """Find the message, of which the customer, the address, or both are still known.

    NotFoundError; GoneError where it is not known any more to whom it went: nothing could be noted,
    and nobody may be told that it was.
    """
    row = connection.execute(_FIND, list(delivery)).fetchone()
    if row is None:
        if connection.execute(_ARCHIVED, [delivery.campaign]).fetchone() is not None:
            raise _gone()
        remedy = "Use the link of a message that you received."
        raise NotFoundError("link", "belongs to no message", remedy)
    customer, channel, address, class_, locale, is_customer, is_address = row
    if not is_customer and not is_address:
        raise _gone()
    return Link(
        proof=f"delivery {delivery}",
        customer=customer if is_customer else None,
        address=address if is_address else None,
        channel=Channel(channel),
        class_=MessageClass(class_),
        locale=locale,
    )


def _gone() -> GoneError:
    remedy = "Use the link of a later message, or tell the utility."
    return GoneError("link", "is of a message of which it is not kept to whom it went", remedy)


def moment(connection: Connection[Any], link: Link, now: datetime) -> datetime:
    """Say when something said now is said: after all that was said before."""
    values = {"customer": link.customer, "address": link.address}
    (latest,) = connection.execute(_LATEST, values).fetchone() or (None,)
    return now if latest is None else max(now, latest + timedelta(microseconds=1))


def refusals(
    link: Link,
    classes: tuple[MessageClass, ...],
    source: Source,
    now: datetime,
    channel: Channel | None = None,
) -> list[ConsentRecord]:
    """Refuse for the customer, and on the message's own channel for its address."""
    where = channel or link.channel
    records = []
    if link.customer is not None:
        records.append(record(link, where, classes, source, now, granted=False))
    if link.address is not None and where is link.channel:
        address = link.address
        records.append(record(link, where, classes, source, now, granted=False, address=address))
    return records


def record(
    link: Link,
    channel: Channel,
    classes: tuple[MessageClass, ...],
    source: Source,
    now: datetime,
    *,
    granted: bool,
    address: int | None = None,
) -> ConsentRecord:
    """Make the word, about the customer, or about an address where one is given."""
    form = f", {FORM}" if source is Source.PAGE else ""
    return ConsentRecord(
        customer=link.customer if address is None else None,
        address=address,
        channel=channel,
        ground=Ground.WISH,
        classes=classes,
        granted=granted,
        source=source,
        at=now,
        proof=f"{link.proof}{form}",
        by="recipient",
    )
