"""What customers decide by themselves: the one click in a message (RFC 8058), and their page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.domain.consent import ENDS, ConsentRecord, Ground, Source, standing
from broadcaster.domain.delivery import DeliveryId
from broadcaster.domain.message import Channel, MessageClass
from broadcaster.ledger import history
from broadcaster.ledger.audit import note
from broadcaster.ledger.clicks import FORM, Link, find, moment, record, refusals
from broadcaster.ledger.preferences import Preferences, changes, read

_REFUSED = """
SELECT 'customer', class FROM consent
WHERE customer_id = %(customer)s AND channel = %(channel)s AND NOT granted
UNION ALL
SELECT 'address', class FROM suppression WHERE address_id = %(address)s AND ground = 'wish'
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Subscription:
    """What the link in a message of a class ends: these classes on this channel.

    `locale` is the one in which the message was written; None when it never was.
    """

    channel: Channel
    message_class: MessageClass
    ends: tuple[MessageClass, ...]
    locale: str | None


class OptOuts:
    """What customers decide through the link in a message."""

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        """Use the pool's connections."""
        self._pool = pool

    def ask(self, delivery: DeliveryId) -> Subscription:
        """Say what the link in a message would end; changes nothing. NotFoundError, GoneError."""
        with self._pool.connection() as connection:
            link = find(connection, delivery)
        return Subscription(
            channel=link.channel,
            message_class=link.class_,
            ends=ENDS[link.class_],
            locale=link.locale,
        )

    def opt_out(self, delivery: DeliveryId, now: datetime) -> MessageClass:
        """Note that the reader of a message wants no more of its class on its channel.

        Both the customer's consent and the address are barred, so that the same mailbox under
        another customer is left in peace too, and what is planned but not sent stays here. What
        protects life goes on: see `ENDS`. Safe to repeat; gives the class of the message.
        NotFoundError when there is no such delivery, GoneError when nobody knows any more to whom
        it went.
        """
        with self._pool.connection() as connection:
            link = find(connection, delivery)
            at = moment(connection, link, now)
            records = [] if _ended(connection, link) else _click(link, at)
            if records:
                history.add(connection, records, now)
                classes = [one.value for one in ENDS[link.class_]]
                details = {"channel": link.channel.value, "ended": classes}
                note(connection, "recipient", "opt_out", f"delivery {delivery}", details)
            return link.class_

    def customer(self, delivery: DeliveryId) -> int | None:
        """Give whose message it was, None where only the address is known; errors as `ask`."""
        with self._pool.connection() as connection:
            return find(connection, delivery).customer

    def undo(self, delivery: DeliveryId, now: datetime) -> bool:
        """Take back what the click in a message ended, where it was wanted before; whether it was.

        Only what this click ended: a refusal from before, or from elsewhere since, stays. Safe to
        repeat. NotFoundError, GoneError.
        """
        with self._pool.connection() as connection:
            link = find(connection, delivery)
            before = read(connection, link)
            customer, address = _ended_by(connection, link)
            chosen = before.wanted[link.channel] | customer
            at = moment(connection, link, now)
            records = list(changes(connection, link, link.channel, chosen, before, at))
            if address:
                lifted = tuple(one for one in MessageClass if one in address)
                records = [one for one in records if one.address != link.address]
                records.append(_lifted(link, lifted, at))
            if records:
                history.add(connection, records, now)
                details = {"channel": link.channel.value, "begun": sorted(chosen)}
                note(connection, "recipient", "opt_out_undone", f"delivery {delivery}", details)
            return bool(records)

    def preferences(self, delivery: DeliveryId) -> Preferences:
        """Give what the customer of a message wants; changes nothing. NotFoundError, GoneError."""
        with self._pool.connection() as connection:
            link = find(connection, delivery)
            return read(connection, link)

    def choose(
        self,
        delivery: DeliveryId,
        wanted: Mapping[Channel, frozenset[MessageClass]],
        now: datetime,
    ) -> Preferences:
        """Note what the customer of a message wants from now on, on the channels that are named.

        Advertising is agreed to only on the channel of the message itself: who forwards a mail
        gives the link away with it, and can't agree for a telephone. Ending anything, and coming
        back to what was ended, is possible on all. Gives what holds then. NotFoundError, GoneError.
        """
        with self._pool.connection() as connection:
            link = find(connection, delivery)
            before = read(connection, link)
            at = moment(connection, link, now)
            records: list[ConsentRecord] = []
            for channel, chosen in wanted.items():
                if channel in before.wanted:
                    records += changes(connection, link, channel, chosen, before, at)
            if not records:
                return before
            history.add(connection, records, now)
            after = read(connection, link)
            details = {"before": _plain(before), "after": _plain(after), "form": FORM}
            note(connection, "recipient", "preferences", f"delivery {delivery}", details)
            return after


def _ended(connection: Connection[Any], link: Link) -> bool:
    """Tell whether customer and address have refused already all that the link ends."""
    values = {"customer": link.customer, "channel": link.channel.value, "address": link.address}
    rows = connection.execute(_REFUSED, values).fetchall()
    ends = {one.value for one in ENDS[link.class_]}
    return all(
        ends <= {class_ for where, class_ in rows if where == subject}
        for subject, there in (("customer", link.customer), ("address", link.address))
        if there is not None
    )


def _ended_by(
    connection: Connection[Any], link: Link
) -> tuple[frozenset[MessageClass], frozenset[MessageClass]]:
    """List what the clicks in a message ended: for the customer, and at the address.

    Only what was wanted before the first of them, or not refused there, and of which nothing was
    said since. Where nothing was ever said, all but advertising is wanted.
    """
    own: frozenset[MessageClass] = frozenset()
    if link.customer is not None:
        said = history.of_customer(connection, link.customer)
        own = _back([one for one in said if one.channel is link.channel], link, agreed=False)
    if link.address is None:
        return own, frozenset()
    there = history.of_addresses(connection, [link.address])[link.address]
    return own, _back(there, link, agreed=True)


def _back(said: Sequence[ConsentRecord], link: Link, *, agreed: bool) -> frozenset[MessageClass]:
    """List the classes of one history; `agreed`: advertising needs no word to stand there."""
    clicks = [one for one in said if one.source is Source.ONE_CLICK and one.proof == link.proof]
    if not clicks:
        return frozenset()
    first = said[: said.index(clicks[0])]
    found = set()
    for class_ in ENDS[link.class_]:
        before = standing(first, class_).get(Ground.WISH)
        unsaid = agreed or class_ is not MessageClass.PROMOTIONAL
        stood = unsaid if before is None else before.granted
        if stood and standing(said, class_).get(Ground.WISH) in clicks:
            found.add(class_)
    return frozenset(found)


def _lifted(link: Link, classes: tuple[MessageClass, ...], at: datetime) -> ConsentRecord:
    return record(link, link.channel, classes, Source.PAGE, at, granted=True, address=link.address)


def _click(link: Link, now: datetime) -> list[ConsentRecord]:
    return refusals(link, ENDS[link.class_], Source.ONE_CLICK, now)


def _plain(preferences: Preferences) -> Mapping[str, object]:
    wanted = preferences.wanted
    return {channel.value: sorted(classes) for channel, classes in wanted.items()}
