"""What a customer wants by channel and class: reading it, and the words that change it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection

from broadcaster.domain.consent import ConsentRecord, Source
from broadcaster.domain.message import Channel, MessageClass
from broadcaster.ledger.clicks import Link, record, refusals

# A click decides for the address as well, so the address's own word counts where it was clicked.
_WISHES = """
SELECT channel, class, granted FROM consent WHERE customer_id = %(customer)s
UNION ALL
SELECT %(channel)s, class, false FROM suppression
WHERE address_id = %(address)s AND ground = 'wish'
"""
_CHANNELS = "SELECT DISTINCT channel FROM customer_address WHERE customer_id = %s"

# A channel is blocked where none of its addresses can be used, whatever the customer wants: nothing
# arrives there, or somebody else who shares it ended messages.
_BLOCKED = """
SELECT own.channel FROM customer_address AS own
WHERE own.customer_id = %(customer)s
GROUP BY own.channel
HAVING bool_and(EXISTS (SELECT FROM suppression
                        WHERE suppression.address_id = own.address_id
                          AND (ground <> 'wish'
                               OR (class = 'service'
                                   AND own.address_id IS DISTINCT FROM %(address)s
                                   AND EXISTS (SELECT FROM customer_address AS other
                                               WHERE other.address_id = own.address_id
                                                 AND other.customer_id <> own.customer_id)))))
UNION
SELECT channel FROM customer_suppression WHERE customer_id = %(customer)s
"""

# Nobody comes back for somebody else: an address that others have too keeps what they said of it.
_OWN = """
SELECT own.address_id FROM customer_address AS own
WHERE own.customer_id = %(customer)s AND own.channel = %(channel)s
  AND (own.address_id = %(address)s
       OR NOT EXISTS (SELECT FROM customer_address AS other
                      WHERE other.address_id = own.address_id
                        AND other.customer_id <> own.customer_id))
  AND EXISTS (SELECT FROM suppression
              WHERE suppression.address_id = own.address_id AND ground = 'wish'
                AND suppression.class = ANY(%(classes)s::message_class[]))
ORDER BY 1
"""

#: What holds where nobody said anything.
_UNSAID = frozenset({MessageClass.SERVICE, MessageClass.SAFETY})


@dataclass(frozen=True, kw_only=True, slots=True)
class Preferences:
    """What a customer wants, by channel; `channel` is that of the message they came from.

    `blocked` are channels on which nothing can arrive, whatever they want.
    """

    channel: Channel
    locale: str | None
    wanted: Mapping[Channel, frozenset[MessageClass]]
    blocked: frozenset[Channel]


def read(connection: Connection[Any], link: Link) -> Preferences:
    """Read what the customer of a message wants."""
    values = {"customer": link.customer, "address": link.address}
    blocked = connection.execute(_BLOCKED, values).fetchall()
    return Preferences(
        channel=link.channel,
        locale=link.locale,
        wanted=_wanted(connection, link),
        blocked=frozenset(Channel(channel) for (channel,) in blocked),
    )


def _wanted(connection: Connection[Any], link: Link) -> dict[Channel, frozenset[MessageClass]]:
    rows = connection.execute(_CHANNELS, [link.customer]).fetchall()
    channels = {link.channel, *(Channel(channel) for (channel,) in rows)}
    wanted = {channel: set(_UNSAID) for channel in Channel if channel in channels}
    values = {"customer": link.customer, "channel": link.channel.value, "address": link.address}
    said = [(Channel(c), MessageClass(k), g) for c, k, g in connection.execute(_WISHES, values)]
    # Refusals last: one, at the customer or at the address, is enough.
    for channel, class_, granted in sorted(said, key=lambda one: not one[2]):
        if channel in wanted:
            (wanted[channel].add if granted else wanted[channel].discard)(class_)
    return {channel: frozenset(classes) for channel, classes in wanted.items()}


def changes(
    connection: Connection[Any],
    link: Link,
    channel: Channel,
    chosen: frozenset[MessageClass],
    before: Preferences,
    now: datetime,
) -> Iterable[ConsentRecord]:
    """Give the words that make what a customer wants on a channel what they chose."""
    present = before.wanted[channel]
    ended = tuple(one for one in MessageClass if one in present - chosen)
    begun = tuple(
        one
        for one in MessageClass
        if one in chosen - present
        and (one is not MessageClass.PROMOTIONAL or channel is link.channel)
    )
    if ended:
        yield from refusals(link, ended, Source.PAGE, now, channel)
    if begun and link.customer is not None:
        yield record(link, channel, begun, Source.PAGE, now, granted=True)
        for address in freed(connection, link.customer, channel, begun, link.address):
            yield record(link, channel, begun, Source.PAGE, now, granted=True, address=address)


def freed(
    connection: Connection[Any],
    customer: int,
    channel: Channel,
    classes: Sequence[MessageClass],
    address: int | None = None,
) -> Sequence[int]:
    """List addresses whose refusal by wish ends when a customer wants these classes again.

    Those that nobody else has, and `address`, at which it was said, if anywhere.
    """
    values = {
        "customer": customer,
        "channel": channel.value,
        "address": address,
        "classes": [one.value for one in classes],
    }
    return [id_ for (id_,) in connection.execute(_OWN, values).fetchall()]
