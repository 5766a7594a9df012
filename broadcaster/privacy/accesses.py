"""Who looked at whose data, exported or erased it, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

from broadcaster.domain.message import Address
from broadcaster.errors import InvalidInputError, NotFoundError
from broadcaster.ports import KNOWN_KEYS, Place, Vault, address_text
from broadcaster.privacy.audit import note, subject

_LONGEST_PURPOSE = 200

# Of a list everybody in it was seen: of a campaign, or of barred addresses. Deliveries have no
# index by customer, so this reads the tables of those campaigns alone of which a list was made.
_ACCESSES = """
SELECT at, actor, action, subject, details ->> 'purpose' FROM audit WHERE subject = %(subject)s
UNION ALL
SELECT at, actor, action, subject, details ->> 'purpose' FROM audit
WHERE action IN ('export', 'left_out', 'unreached') AND subject LIKE 'campaign %%' AND EXISTS (
    SELECT FROM delivery
    WHERE delivery.campaign_id = substring(subject FROM 10)::integer
      AND (action <> 'left_out' OR delivery.status = 'suppressed')
      AND delivery.customer_id = %(customer)s)
UNION ALL
SELECT audit.at, actor, action, subject, details ->> 'purpose' FROM audit
WHERE action = 'suppressions_exported' AND EXISTS (
    SELECT FROM customer_address AS own JOIN suppression USING (address_id)
    WHERE own.customer_id = %(customer)s AND suppression.at <= audit.at
      AND (details ->> 'channel' IS NULL OR details ->> 'channel' = own.channel::text))
ORDER BY 1
"""

_LATEST = """
SELECT at, actor, action, subject, details ->> 'purpose' FROM audit WHERE subject = %s
ORDER BY id DESC LIMIT %s
"""

_SEEN = """
INSERT INTO audit (actor, action, subject, details)
SELECT %s, %s, 'customer ' || id, %s FROM customer WHERE number = ANY(%s) ORDER BY id
"""

_OWNERS = """
SELECT customer.id, customer.number FROM address
JOIN customer_address ON customer_address.address_id = address.id
JOIN customer ON customer.id = customer_address.customer_id
WHERE address.digest = ANY(%(digests)s)
   OR address.scheme = %(scheme)s AND address.value = %(value)s
GROUP BY 1, 2 ORDER BY 2
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """One look at a person's data: when, by whom, what was done, to what, and why."""

    at: datetime
    by: str
    action: str
    subject: str
    purpose: str | None


class Accesses:
    """The record of who looked, and finding people by what they are reached by."""

    def __init__(self, pool: ConnectionPool[Connection[Any]], vault: Vault) -> None:
        """Use the pool's connections and the keys that are here."""
        self._pool = pool
        self._vault = vault

    def record(
        self, by: str, action: str, what: str, purpose: str, details: dict[str, object]
    ) -> None:
        """Note that somebody looks at what `what` names, such as `campaign 12`, and why."""
        with self._pool.connection() as connection:
            note(connection, by, action, what, {**details, "purpose": checked(purpose)})

    def seen(self, numbers: Sequence[str], by: str, action: str, purpose: str) -> None:
        """Note of each of these customers that somebody is shown who they are, and why."""
        with self._pool.connection() as connection:
            details = Jsonb({"purpose": checked(purpose)})
            connection.execute(_SEEN, [by, action, details, list(numbers)])

    def of(self, number: str) -> Sequence[Access]:
        """List who looked at a customer's data, the first one first; NotFoundError."""
        with self._pool.connection() as connection:
            connection.execute("SET LOCAL statement_timeout = '10min'")
            customer = find(connection, number)
            values = {"subject": subject(customer), "customer": customer}
            return [
                Access(at=at, by=by, action=action, subject=what, purpose=purpose)
                for at, by, action, what, purpose in connection.execute(_ACCESSES, values)
            ]

    def latest(self, number: str, limit: int = 20) -> Sequence[Access]:
        """List who looked at a customer by name lately, the latest first; NotFoundError.

        Without lists that they stood in, which take long to look through.
        """
        with self._pool.connection() as connection:
            rows = connection.execute(_LATEST, [subject(find(connection, number)), limit])
            return [
                Access(at=at, by=by, action=action, subject=what, purpose=purpose)
                for at, by, action, what, purpose in rows
            ]

    def numbered(self, number: str) -> Sequence[str]:
        """Give a number when a customer has it; nothing else is told of them."""
        plain = number if number.isprintable() else ""
        with self._pool.connection() as connection:
            row = connection.execute("SELECT number FROM customer WHERE number = %s", [plain])
            return [str(found) for (found,) in row]

    def owners(self, address: Address, by: str, purpose: str) -> Sequence[str]:
        """Find the numbers of those who have an address, by its exact value; noted of each."""
        text = address_text(address.scheme, address.value)
        values = {
            "digests": list(self._vault.digests(Place.ADDRESS, text)),
            "scheme": address.scheme.value,
            "value": address.value,
        }
        why = checked(purpose)
        with self._pool.connection() as connection:
            # Whoever lacks a key must not be told that there is nobody.
            self._vault.sealer(connection.execute(KNOWN_KEYS).fetchall())
            rows = connection.execute(_OWNERS, values).fetchall()
            for customer, _ in rows:
                note(connection, by, "find", subject(customer), {"purpose": why})
        return [number for _, number in rows]


_FIND = "SELECT id FROM customer WHERE number = %s FOR UPDATE"


def find(connection: Connection[Any], number: str) -> int:
    """Give the database's own number of a customer, who stays as they are; NotFoundError."""
    plain = number if number.isprintable() else ""
    row = connection.execute(_FIND, [plain]).fetchone()
    if row is None:
        remedy = "Look it up with 'broadcaster customers find'."
        raise NotFoundError("customer", "there is none of that number", remedy)
    return int(row[0])


def checked(purpose: str) -> str:
    """Tidy a purpose; InvalidInputError when there is none, or too long a one."""
    text = " ".join(purpose.split())
    if not text or len(text) > _LONGEST_PURPOSE or not text.isprintable():
        problem = "is empty, too long or has control characters"
        remedy = f"Say why in 1 to {_LONGEST_PURPOSE} characters, without a name or an address."
        raise InvalidInputError("--purpose", problem, remedy)
    return text
