"""Browsers that asked to be told: of a customer, or of a follower whom the utility does not know.

A follower is a customer of its own kind: a number made up here, a language, the areas followed, and
the subscription; no name. Campaigns reach them as everybody else, by segment.
"""

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.errors import LockNotAvailable
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

from broadcaster.domain.consent import ConsentRecord, Ground, Source
from broadcaster.domain.message import Address, Channel, MessageClass
from broadcaster.domain.page_codes import SUBSCRIBED_FROM
from broadcaster.errors import ConflictError, InvalidInputError
from broadcaster.ledger import allowances, history
from broadcaster.ledger.audit import note
from broadcaster.ledger.preferences import freed
from broadcaster.ledger.wishes import EVERYWHERE, FOLLOWED, MOST_AREAS
from broadcaster.ports import (
    KNOWN_KEYS,
    STORING,
    Place,
    Vault,
    address_text,
    open_address,
    seal_address,
    seal_names,
)

#: The form by which a browser begins; told in the proof, and counted up when its words change.
FORM = "web push 1"
#: How many browsers of one customer are kept; one more takes the place of the oldest.
MOST_DEVICES = 5
#: What beginning to follow asks for. Advertising needs a word of its own.
_ASKED = (MessageClass.SERVICE, MessageClass.SAFETY)

_ADD = """
INSERT INTO address (scheme, channel, value, keys) VALUES ('webpush', 'push', %(value)s, %(keys)s)
RETURNING id
"""
_ADD_SEALED = """
INSERT INTO address (scheme, channel, sealed, digest)
VALUES ('webpush', 'push', %(sealed)s, %(digest)s) RETURNING id
"""
_FIND = """
SELECT id, value, keys, sealed, digest FROM address
WHERE (scheme = 'webpush' AND value = %(value)s) OR digest = ANY(%(digests)s)
FOR UPDATE
"""
_HOLDERS = """
SELECT customer.id, customer.follower FROM customer_address
JOIN customer ON customer.id = customer_address.customer_id
WHERE customer_address.address_id = %s AND customer.left_at IS NULL ORDER BY customer.id
"""
_AT_ADDRESS = """
SELECT customer.id FROM customer_address
JOIN customer ON customer.id = customer_address.customer_id
WHERE customer_address.address_id = %s AND customer.left_at IS NULL AND NOT customer.follower
ORDER BY customer.id LIMIT 20
"""
_FOLLOWER = """
INSERT INTO customer (number, name, sealed, locales, own_locales, time_zone, attributes, follower)
VALUES (%(number)s, %(name)s, %(sealed)s, %(locales)s, %(locales)s, %(zone)s, %(attributes)s, true)
RETURNING id
"""
_FOLLOWS = """
UPDATE customer SET locales = %(locales)s, own_locales = %(locales)s,
    attributes = jsonb_set(attributes, '{followed_areas}', %(areas)s), updated_at = %(now)s
WHERE id = %(customer)s
"""
_OFFERED = 'SELECT name FROM area WHERE offered ORDER BY name COLLATE "C" LIMIT %s'
# Taken out and put back, as the order of preference is a part of the key.
_TAKE_OUT = """
DELETE FROM customer_address
WHERE customer_id = %(customer)s AND channel = 'push' RETURNING ordinal, address_id
"""
_PUT_IN = """
INSERT INTO customer_address (customer_id, channel, ordinal, address_id)
SELECT %(customer)s, 'push', ordinal, address_id
FROM unnest(%(addresses)s::bigint[]) WITH ORDINALITY AS own (address_id, ordinal)
"""
_LEFT = """
UPDATE customer SET left_at = %(now)s, updated_at = %(now)s WHERE id = %(customer)s
"""
_FIGURES = """
SELECT count(*) FILTER (WHERE NOT gone AND NOT follower),
       count(*) FILTER (WHERE NOT gone AND follower), count(*) FILTER (WHERE gone)
FROM (
    SELECT bool_and(customer.follower) AS follower,
           EXISTS (SELECT FROM suppression WHERE suppression.address_id = address.id
                   AND ground = 'fitness' AND reason = 'gone') AS gone
    FROM address
    JOIN customer_address ON customer_address.address_id = address.id
    JOIN customer ON customer.id = customer_address.customer_id AND customer.left_at IS NULL
    WHERE address.scheme = 'webpush' GROUP BY address.id) AS browser
"""
_LET_GO = """
DELETE FROM customer_address WHERE customer_id = %(customer)s AND address_id = %(address)s
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asking:
    """What a browser asks for: a subscription, its reader's language, and the areas to follow.

    `at` is the address by whose code its reader is known; without it is a follower's. That
    somebody has the link of a message tells nothing: messages are sent on.
    """

    subscription: Address
    locale: str
    areas: Sequence[str]
    proof: str
    source: str
    at: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """How many browsers of customers and of followers are told, and how many are gone."""

    customers: int
    followers: int
    gone: int


class Devices:
    """Browsers that are told; `time_zone` is the utility's own."""

    def __init__(
        self, pool: ConnectionPool[Connection[Any]], vault: Vault, key: bytes, time_zone: str
    ) -> None:
        """`vault` seals what is kept; `key` is that of our own tokens."""
        self._pool = pool
        self._vault = vault
        self._key = key
        self._time_zone = time_zone

    def subscribe(self, asking: Asking, now: datetime) -> bool:
        """Have a browser told from now on; False when too many come from one place.

        The customer's first device is then this one. Safe to repeat. InvalidInputError for keys
        that are not those of the endpoint; ConflictError while customers are being stored.
        """
        counted = [(allowances.subject(self._key, "push from", asking.source), SUBSCRIBED_FROM)]
        # Before anybody waits: who asks too often holds up nobody who stores customers.
        with self._pool.connection() as connection:
            if not allowances.allowed(connection, counted, now):
                return False
        with self._pool.connection() as connection:
            _wait_turn(connection)
            address, holders = self._address(connection, asking.subscription)
            known = self._known(connection, asking)
            followers = [one for one, follower in holders if follower]
            if known:
                for one in followers:
                    _end_follower(connection, one, address, now)
                for one in known:
                    self._attach(connection, one, address, asking, now)
            elif holders:
                self._follow(connection, followers, asking, now)
            else:
                self._attach(connection, self._follower(connection, asking), address, asking, now)
            return True

    def figures(self) -> Figures:
        """Count browsers that somebody has."""
        with self._pool.connection() as connection:
            customers, followers, gone = connection.execute(_FIGURES).fetchone() or (0, 0, 0)
        return Figures(customers=customers, followers=followers, gone=gone)

    def unsubscribe(self, subscription: Address, now: datetime) -> bool:
        """Have a browser told no more; whether it was. Who knows its keys may say so."""
        with self._pool.connection() as connection:
            _wait_turn(connection)
            found = self._find(connection, subscription)
            if found is None:
                return False
            holders = connection.execute(_HOLDERS, [found]).fetchall()
            for customer, follower in holders:
                if follower:
                    _end_follower(connection, customer, found, now)
                    continue
                values = {"customer": customer, "address": found}
                connection.execute(_LET_GO, values)
                note(connection, "recipient", "push_off", f"customer {customer}", {})
            return bool(holders)

    def _known(self, connection: Connection[Any], asking: Asking) -> list[int]:
        if asking.at is None:
            return []
        return [one for (one,) in connection.execute(_AT_ADDRESS, [asking.at])]

    def _address(
        self, connection: Connection[Any], subscription: Address
    ) -> tuple[int, list[tuple[int, bool]]]:
        """Find or add the endpoint, with its keys; and who has it."""
        found = self._find(connection, subscription)
        if found is not None:
            return found, connection.execute(_HOLDERS, [found]).fetchall()
        sealer = self._vault.sealer(connection.execute(KNOWN_KEYS).fetchall())
        if sealer is None:
            values: dict[str, object] = {
                "value": subscription.value,
                "keys": Jsonb(dict(subscription.keys)),
            }
            row = connection.execute(_ADD, values).fetchone()
        else:
            text = address_text(subscription.scheme, subscription.value)
            digest = sealer.digests(Place.ADDRESS, text)[0]
            sealed = seal_address(sealer, digest, subscription.value, subscription.keys)
            row = connection.execute(_ADD_SEALED, {"sealed": sealed, "digest": digest}).fetchone()
        return (int(row[0]) if row else 0), []

    def _find(self, connection: Connection[Any], subscription: Address) -> int | None:
        """Find the endpoint; InvalidInputError where it is known with other keys."""
        text = address_text(subscription.scheme, subscription.value)
        digests = list(self._vault.digests(Place.ADDRESS, text))
        values = {"value": subscription.value, "digests": digests}
        row = connection.execute(_FIND, values).fetchone()
        if row is None:
            return None
        id_, value, keys, sealed, digest = row
        if value is None and sealed is None:
            # Erased: it is known to be barred, and no more. Nobody can be told there.
            problem, remedy = "must not be used", "Subscribe anew in the browser."
            raise InvalidInputError("endpoint", problem, remedy)
        held = open_address(self._vault, subscription.scheme, (value, keys), (sealed, digest))
        same = hmac.compare_digest(held.keys.get("auth", ""), subscription.keys.get("auth", ""))
        if not same:
            problem, remedy = "is known with other keys", "Subscribe anew in the browser."
            raise InvalidInputError("keys", problem, remedy)
        return int(id_)

    def _follower(self, connection: Connection[Any], asking: Asking) -> int:
        number = f"web-{secrets.token_hex(8)}"
        sealer = self._vault.sealer(connection.execute(KNOWN_KEYS).fetchall())
        values = {
            "number": number,
            "name": None if sealer else "",
            "sealed": seal_names(sealer, number, "", None) if sealer else None,
            "locales": [asking.locale],
            "zone": self._time_zone,
            "attributes": Jsonb({FOLLOWED: _areas(connection, asking.areas)}),
        }
        row = connection.execute(_FOLLOWER, values).fetchone()
        return int(row[0]) if row else 0

    def _follow(
        self, connection: Connection[Any], followers: Sequence[int], asking: Asking, now: datetime
    ) -> None:
        """Take what a follower follows from now on; a customer's device stays as it is."""
        areas = Jsonb(_areas(connection, asking.areas))
        for one in followers:
            values = {"customer": one, "locales": [asking.locale], "areas": areas, "now": now}
            connection.execute(_FOLLOWS, values)

    def _attach(
        self,
        connection: Connection[Any],
        customer: int,
        address: int,
        asking: Asking,
        now: datetime,
    ) -> None:
        """Make a browser the first place where a customer is told on the channel."""
        rows = connection.execute(_TAKE_OUT, {"customer": customer}).fetchall()
        others = [one for _, one in sorted(rows) if one != address]
        kept = [address, *others[: MOST_DEVICES - 1]]
        connection.execute(_PUT_IN, {"customer": customer, "addresses": kept})
        places = [None, *freed(connection, customer, Channel.PUSH, _ASKED, address)]
        said = [_word(customer, one, asking.proof, now) for one in places]
        history.add(connection, said, now)
        note(connection, "recipient", "push_on", f"customer {customer}", {"form": FORM})


def _wait_turn(connection: Connection[Any]) -> None:
    """Store when nobody else does: see `docs/decisions/0032-reach.md`; ConflictError."""
    connection.execute("SET LOCAL lock_timeout = '1s'")
    try:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [STORING])
    except LockNotAvailable as error:
        message = "Customers are being stored. Try again in a minute."
        raise ConflictError(message) from error


def _areas(connection: Connection[Any], wanted: Sequence[str]) -> list[str]:
    """Keep what may be followed; all of them where nothing else is named."""
    offered = {name for (name,) in connection.execute(_OFFERED, [MOST_AREAS])}
    return sorted({*offered, EVERYWHERE} & set(wanted)) or [EVERYWHERE]


def _end_follower(connection: Connection[Any], customer: int, address: int, now: datetime) -> None:
    """Let a follower go: nothing that is planned leaves any more, and their row goes with time."""
    values = {"customer": customer, "address": address, "now": now}
    history.add(connection, [_word(customer, None, FORM, now, granted=False)], now)
    connection.execute(_LET_GO, values)
    connection.execute(_LEFT, values)
    note(connection, "recipient", "push_off", f"customer {customer}", {"form": FORM})


def _word(
    customer: int, address: int | None, proof: str, now: datetime, *, granted: bool = True
) -> ConsentRecord:
    return ConsentRecord(
        customer=customer if address is None else None,
        address=address,
        channel=Channel.PUSH,
        ground=Ground.WISH,
        classes=_ASKED if granted else tuple(MessageClass),
        granted=granted,
        source=Source.PAGE,
        at=now,
        proof=proof,
        by="recipient",
    )
