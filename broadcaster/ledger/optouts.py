"""What customers decide by themselves: the one click in a message (RFC 8058), and their page."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.domain.consent import ENDS, ConsentRecord, Ground, Source
from broadcaster.domain.delivery import DeliveryId
from broadcaster.domain.message import Channel, MessageClass
from broadcaster.errors import NotFoundError
from broadcaster.ledger import history
from broadcaster.ledger.audit import note

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

_REFUSED = """
SELECT 'customer', class FROM consent
WHERE customer_id = %(customer)s AND channel = %(channel)s AND NOT granted
UNION ALL
SELECT 'address', class FROM suppression WHERE address_id = %(address)s AND ground = 'wish'
"""

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
"""

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

#: What holds where nobody said anything.
_UNSAID = frozenset({MessageClass.SERVICE, MessageClass.SAFETY})


@dataclass(frozen=True, kw_only=True, slots=True)
class Subscription:
    """What the link in a message ends: these classes on this channel.

    `locale` is the one in which the message was written; None when it never was.
    """

    channel: Channel
    ends: tuple[MessageClass, ...]
    locale: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Preferences:
    """What a customer wants, by channel; `channel` is that of the message they came from.

    `blocked` are channels on which nothing can arrive, whatever they want.
    """

    channel: Channel
    locale: str | None
    wanted: Mapping[Channel, frozenset[MessageClass]]
    blocked: frozenset[Channel]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Link:
    """The message by whose link somebody came; ids are None for what is no longer there."""

    delivery: DeliveryId
    customer: int | None
    address: int | None
    channel: Channel
    class_: MessageClass
    locale: str | None


class OptOuts:
    """What customers decide through the link in a message."""

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        """Use the pool's connections."""
        self._pool = pool

    def ask(self, delivery: DeliveryId) -> Subscription:
        """Say what the link in a message would end; changes nothing. NotFoundError."""
        with self._pool.connection() as connection:
            link = _find(connection, delivery)
        return Subscription(channel=link.channel, ends=ENDS[link.class_], locale=link.locale)

    def opt_out(self, delivery: DeliveryId, now: datetime) -> MessageClass:
        """Note that the reader of a message wants no more of its class on its channel.

        Both the customer's consent and the address are barred, so that the same mailbox under
        another customer is left in peace too, and what is planned but not sent stays here. What
        protects life goes on: see `ENDS`. Safe to repeat; gives the class of the message.
        NotFoundError when there is no such delivery.
        """
        with self._pool.connection() as connection:
            link = _find(connection, delivery)
            at = _moment(connection, link, now)
            records = [] if _ended(connection, link) else _click(link, at)
            if records:
                history.add(connection, records, now)
                classes = [one.value for one in ENDS[link.class_]]
                details = {"channel": link.channel.value, "ended": classes}
                note(connection, "recipient", "opt_out", f"delivery {delivery}", details)
            return link.class_

    def preferences(self, delivery: DeliveryId) -> Preferences:
        """Give what the customer of a message wants; changes nothing. NotFoundError."""
        with self._pool.connection() as connection:
            link = _find(connection, delivery)
            return _preferences(connection, link)

    def choose(
        self,
        delivery: DeliveryId,
        wanted: Mapping[Channel, frozenset[MessageClass]],
        now: datetime,
    ) -> Preferences:
        """Note what the customer of a message wants from now on, on the channels that are named.

        Advertising is agreed to only on the channel of the message itself: who forwards a mail
        gives the link away with it, and can't agree for a telephone. Ending anything, and coming
        back to what was ended, is possible on all. Gives what holds then. NotFoundError.
        """
        with self._pool.connection() as connection:
            link = _find(connection, delivery)
            before = _preferences(connection, link)
            at = _moment(connection, link, now)
            records: list[ConsentRecord] = []
            for channel, chosen in wanted.items():
                if channel in before.wanted:
                    records += _changes(connection, link, channel, chosen, before, at)
            if not records:
                return before
            history.add(connection, records, now)
            after = _preferences(connection, link)
            details = {"before": _plain(before), "after": _plain(after), "form": FORM}
            note(connection, "recipient", "preferences", f"delivery {delivery}", details)
            return after


def _find(connection: Connection[Any], delivery: DeliveryId) -> _Link:
    row = connection.execute(_FIND, list(delivery)).fetchone()
    if row is None:
        remedy = "Use the link of a message that you received."
        raise NotFoundError("link", "belongs to no message", remedy)
    customer, channel, address, class_, locale, is_customer, is_address = row
    return _Link(
        delivery=delivery,
        customer=customer if is_customer else None,
        address=address if is_address else None,
        channel=Channel(channel),
        class_=MessageClass(class_),
        locale=locale,
    )


def _moment(connection: Connection[Any], link: _Link, now: datetime) -> datetime:
    values = {"customer": link.customer, "address": link.address}
    (latest,) = connection.execute(_LATEST, values).fetchone() or (None,)
    return now if latest is None else max(now, latest + timedelta(microseconds=1))


def _ended(connection: Connection[Any], link: _Link) -> bool:
    """Tell whether customer and address have refused already all that the link ends."""
    values = {"customer": link.customer, "channel": link.channel.value, "address": link.address}
    rows = connection.execute(_REFUSED, values).fetchall()
    ends = {one.value for one in ENDS[link.class_]}
    return all(
        ends <= {class_ for where, class_ in rows if where == subject}
        for subject, there in (("customer", link.customer), ("address", link.address))
        if there is not None
    )


def _click(link: _Link, now: datetime) -> list[ConsentRecord]:
    return _refusals(link, ENDS[link.class_], Source.ONE_CLICK, now)


def _preferences(connection: Connection[Any], link: _Link) -> Preferences:
    values = {"customer": link.customer, "address": link.address}
    blocked = connection.execute(_BLOCKED, values).fetchall()
    return Preferences(
        channel=link.channel,
        locale=link.locale,
        wanted=_wanted(connection, link),
        blocked=frozenset(Channel(channel) for (channel,) in blocked),
    )


def _wanted(connection: Connection[Any], link: _Link) -> dict[Channel, frozenset[MessageClass]]:
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


def _changes(
    connection: Connection[Any],
    link: _Link,
    channel: Channel,
    chosen: frozenset[MessageClass],
    before: Preferences,
    now: datetime,
) -> Iterable[ConsentRecord]:
    present = before.wanted[channel]
    ended = tuple(one for one in MessageClass if one in present - chosen)
    begun = tuple(
        one
        for one in MessageClass
        if one in chosen - present
        and (one is not MessageClass.PROMOTIONAL or channel is link.channel)
    )
    if ended:
        yield from _refusals(link, ended, Source.PAGE, now, channel)
    if begun and link.customer is not None:
        yield _record(link, channel, begun, Source.PAGE, now, granted=True)
        values = {
            "customer": link.customer,
            "channel": channel.value,
            "address": link.address,
            "classes": [one.value for one in begun],
        }
        for (address,) in connection.execute(_OWN, values).fetchall():
            yield _record(link, channel, begun, Source.PAGE, now, granted=True, address=address)


def _refusals(
    link: _Link,
    classes: tuple[MessageClass, ...],
    source: Source,
    now: datetime,
    channel: Channel | None = None,
) -> list[ConsentRecord]:
    """Refuse for the customer, and on the message's own channel for its address."""
    where = channel or link.channel
    records = []
    if link.customer is not None:
        records.append(_record(link, where, classes, source, now, granted=False))
    if link.address is not None and where is link.channel:
        address = link.address
        records.append(_record(link, where, classes, source, now, granted=False, address=address))
    return records


def _record(
    link: _Link,
    channel: Channel,
    classes: tuple[MessageClass, ...],
    source: Source,
    now: datetime,
    *,
    granted: bool,
    address: int | None = None,
) -> ConsentRecord:
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
        proof=f"delivery {link.delivery}{form}",
        by="recipient",
    )


def _plain(preferences: Preferences) -> Mapping[str, object]:
    wanted = preferences.wanted
    return {channel.value: sorted(classes) for channel, classes in wanted.items()}
