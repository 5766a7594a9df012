"""Looking at one person: who they are, and what was sent to them; each look is noted.

What is held in all is for the person alone (`disclosure.py`); this is for who answers them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

from broadcaster.domain.delivery import DeliveryStatus, Reason
from broadcaster.domain.message import Address, Channel, MessageClass, Scheme
from broadcaster.errors import NotFoundError
from broadcaster.ports import KNOWN_KEYS, Vault, open_address, open_names
from broadcaster.privacy.accesses import checked, find
from broadcaster.privacy.audit import note, subject

_CUSTOMER = "SELECT * FROM customer WHERE id = %s"
_BROKEN = "SELECT channel, fault FROM broken_address WHERE customer_id = %s ORDER BY 1, 2"
_ADDRESSES = """
SELECT address.id, scheme, value, keys, sealed, digest
FROM customer_address JOIN address ON address.id = customer_address.address_id
WHERE customer_address.customer_id = %s
"""
# First all of the person's, by the index of ranges, which knows no order; then the latest.
_MESSAGES = """
WITH sent AS MATERIALIZED (
    SELECT campaign_id, number, channel, status, reason, locale, provider, code, attempts, units,
           updated_at
    FROM delivery WHERE customer_id = %(customer)s)
SELECT sent.*, campaign.name AS campaign, campaign.drill, advisory.kind, advisory.class
FROM sent
JOIN campaign ON campaign.id = sent.campaign_id
JOIN advisory ON advisory.id = campaign.advisory_id
WHERE (sent.campaign_id, sent.number) < (%(campaign)s, %(number)s)
ORDER BY sent.campaign_id DESC, sent.number DESC LIMIT %(limit)s
"""
_TIMES = """
SELECT receipt.campaign_id, receipt.number, receipt.event::text, receipt.received_at
FROM unnest(%(campaigns)s::integer[], %(numbers)s::integer[]) AS sent (id, number)
JOIN receipt ON receipt.campaign_id = sent.id AND receipt.number = sent.number
WHERE receipt.event IS NOT NULL ORDER BY receipt.received_at
"""
#: Behind every delivery there is.
LAST = (2**31 - 1, 2**31 - 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """A customer as the team sees them; `broken` are channels and faults of what is no address."""

    number: str
    name: str
    name_latin: str | None
    locales: Sequence[str]
    time_zone: str
    attributes: Mapping[str, object]
    household: bool
    location: tuple[float, float] | None
    broken: Sequence[tuple[Channel, str]]
    created_at: datetime
    updated_at: datetime
    left_at: datetime | None

    def __repr__(self) -> str:
        """Show the number alone."""
        return f"Person({self.number!r})"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """A message that was planned for a person, and what became of it; without its address."""

    campaign_id: int
    number: int
    campaign: str
    drill: bool
    kind: str
    message_class: MessageClass
    channel: Channel
    status: DeliveryStatus
    reason: Reason | None
    locale: str | None
    provider: str | None
    code: str | None
    attempts: int
    units: int
    updated_at: datetime
    receipts: Sequence[tuple[str, datetime]] = ()


class Looking:
    """Shows the team one person."""

    def __init__(self, pool: ConnectionPool[Connection[Any]], vault: Vault) -> None:
        """Use the pool's connections and the keys that are here."""
        self._pool = pool
        self._vault = vault

    def at(self, number: str, by: str, purpose: str) -> Person:
        """Show a customer, and note that it was done; NotFoundError.

        ConfigurationError when a key is not here.
        """
        why = checked(purpose)
        with self._pool.connection() as connection:
            self._vault.sealer(connection.execute(KNOWN_KEYS).fetchall())
            customer = find(connection, number)
            with connection.cursor(row_factory=dict_row) as cursor:
                row = cursor.execute(_CUSTOMER, [customer]).fetchone() or {}
            broken = connection.execute(_BROKEN, [customer]).fetchall()
            note(connection, by, "look", subject(customer), {"purpose": why})
        return self._person(row, broken)

    def _person(self, row: Mapping[str, Any], broken: Sequence[tuple[Any, ...]]) -> Person:
        name, latin = open_names(
            self._vault, row["number"], (row["name"], row["name_latin"]), row["sealed"]
        )
        placed = row["latitude"] is not None and row["longitude"] is not None
        return Person(
            number=row["number"],
            name=name,
            name_latin=latin,
            locales=row["locales"],
            time_zone=row["time_zone"],
            attributes=row["attributes"],
            household=bool(row["household"]),
            location=(row["latitude"], row["longitude"]) if placed else None,
            broken=[(Channel(channel), fault) for channel, fault in broken],
            created_at=row["created_at"],
            updated_at=row["updated_at"],
            left_at=row["left_at"],
        )

    def addresses(self, number: str, by: str, purpose: str) -> Mapping[int, Address]:
        """Show a customer's whole addresses by their ids, and note that it was done."""
        why = checked(purpose)
        with self._pool.connection() as connection:
            customer = find(connection, number)
            found = self._addresses(connection, customer)
            note(connection, by, "show_addresses", subject(customer), {"purpose": why})
        return found

    def address(self, number: str, which: int) -> Address:
        """Give one address of a customer, for what is done with it; NotFoundError."""
        with self._pool.connection() as connection:
            found = self._addresses(connection, find(connection, number))
        if which not in found or not found[which].value:
            raise NotFoundError("address", "is none of this customer's", "Look at the page again.")
        return found[which]

    def _addresses(self, connection: Connection[Any], customer: int) -> Mapping[int, Address]:
        rows = connection.execute(_ADDRESSES, [customer]).fetchall()
        return {
            id_: open_address(self._vault, Scheme(scheme), (value, keys), (sealed, digest))
            for id_, scheme, value, keys, sealed, digest in rows
        }

    def messages(
        self, number: str, before: tuple[int, int] = LAST, limit: int = 50
    ) -> Sequence[Sent]:
        """List what was planned for a customer, the latest first, from behind `before`."""
        with self._pool.connection() as connection:
            customer = find(connection, number)
            values = {
                "customer": customer,
                "campaign": before[0],
                "number": before[1],
                "limit": limit,
            }
            with connection.cursor(row_factory=dict_row) as cursor:
                rows = cursor.execute(_MESSAGES, values).fetchall()
            given = {
                "campaigns": [row["campaign_id"] for row in rows],
                "numbers": [row["number"] for row in rows],
            }
            times: dict[tuple[int, int], list[tuple[str, datetime]]] = {}
            for campaign, place, event, at in connection.execute(_TIMES, given):
                times.setdefault((campaign, place), []).append((event, at))
        return [_sent(row, times.get((row["campaign_id"], row["number"]), ())) for row in rows]


def _sent(row: Mapping[str, Any], receipts: Sequence[tuple[str, datetime]]) -> Sent:
    return Sent(
        campaign_id=row["campaign_id"],
        number=row["number"],
        campaign=row["campaign"],
        drill=row["drill"],
        kind=row["kind"],
        message_class=MessageClass(row["class"]),
        channel=Channel(row["channel"]),
        status=DeliveryStatus(row["status"]),
        reason=Reason(row["reason"]) if row["reason"] else None,
        locale=row["locale"],
        provider=row["provider"],
        code=row["code"],
        attempts=row["attempts"],
        units=row["units"],
        updated_at=row["updated_at"],
        receipts=receipts,
    )
