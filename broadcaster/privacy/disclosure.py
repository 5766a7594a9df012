"""Everything that is held about one person (GDPR article 15, law 09-08 article 7).

It is given as plain values for JSON: what a person reads first, and everything else by table.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

from broadcaster.domain.delivery import DeliveryId
from broadcaster.domain.message import Scheme
from broadcaster.ports import KNOWN_KEYS, Vault, open_address, open_broken, open_names
from broadcaster.privacy import archives, listed, tables, traces
from broadcaster.privacy.accesses import Access, Accesses, checked, find
from broadcaster.privacy.audit import note, subject

#: What each part of a disclosure is, for who reads it.
DESCRIPTIONS: Mapping[str, str] = {
    "customer": "Who the person is for us, and what the utility said about them.",
    "addresses": "How the person is reached; `suppressed` is for what it must not be used.",
    "broken_addresses": "What was given as an address and can not be one.",
    "consents": "What the person agreed to or refused, by channel and class of message.",
    "areas": "Areas that are lists with the person's number on them, also as they were before.",
    "named_in": "Saved segments and campaigns that say in words whom they are for and name the "
    "person.",
    "messages": "Messages that were planned for the person, and what became of each.",
    "receipts": "What networks and devices told us about those messages.",
    "archived_messages": "The same of campaigns whose records are in files.",
    "unread_files": "Files of archived campaigns that are not where they were, or are damaged.",
    "accesses": "Who looked at these data, and why.",
    "other": "Everything else that names the person, by table.",
}

_CUSTOMER = "SELECT * FROM customer WHERE id = %(customer)s"
_ADDRESSES = """
SELECT address.*, customer_address.ordinal,
       (SELECT count(DISTINCT shared.customer_id) - 1 FROM customer_address AS shared
        WHERE shared.address_id = address.id) AS shared_with,
       (SELECT COALESCE(jsonb_agg(to_jsonb(suppression) - 'address_id'), '[]') FROM suppression
        WHERE suppression.address_id = address.id) AS suppressed
FROM customer_address JOIN address ON address.id = customer_address.address_id
WHERE customer_address.customer_id = %(customer)s
ORDER BY address.channel, customer_address.ordinal
"""
_BROKEN = "SELECT * FROM broken_address WHERE customer_id = %(customer)s ORDER BY channel"
_CONSENTS = "SELECT * FROM consent WHERE customer_id = %(customer)s ORDER BY channel, class"
_MESSAGES = """
SELECT delivery.campaign_id || '-' || delivery.number AS delivery, campaign.name AS campaign,
       campaign.id AS campaign_id, advisory.id AS advisory_id, advisory.kind, advisory.class,
       delivery.channel, delivery.status, delivery.reason, delivery.locale, delivery.provider,
       delivery.reference, delivery.code, delivery.attempts, delivery.units, delivery.updated_at
FROM delivery
JOIN campaign ON campaign.id = delivery.campaign_id
JOIN advisory ON advisory.id = campaign.advisory_id
WHERE delivery.customer_id = %(customer)s
ORDER BY delivery.campaign_id, delivery.number
"""
_RECEIPTS = """
SELECT receipt.* FROM unnest(%(campaigns)s::integer[], %(numbers)s::integer[]) AS sent (id, number)
JOIN receipt ON receipt.campaign_id = sent.id AND receipt.number = sent.number
ORDER BY receipt.id
"""
_ARCHIVED_RECEIPTS = """
SELECT * FROM receipt WHERE campaign_id = %(campaign)s AND number = %(number)s ORDER BY id
"""
_FILES = "SELECT name, archive ->> 'file' FROM campaign WHERE archive IS NOT NULL ORDER BY id"

#: Nothing that a person could read: keys, and the row's number in our own tables.
_INNER = frozenset({"sealed", "digest", "name_digest", "latin_digest", "customer_id", "address_id"})


class Disclosure:
    """Collects what is held about a person."""

    def __init__(self, pool: ConnectionPool[Connection[Any]], vault: Vault) -> None:
        """Use the pool's connections and the keys that are here."""
        self._pool = pool
        self._vault = vault

    def person(self, number: str, by: str, purpose: str) -> dict[str, Any]:
        """Give who a customer is, and what was sent to them, as JSON values; noted as a look.

        Errors as `collect`.
        """
        why = checked(purpose)
        with self._pool.connection() as connection:
            self._vault.sealer(connection.execute(KNOWN_KEYS).fetchall())
            customer = find(connection, number)
            values = {"customer": customer}
            (row,) = _rows(connection, _CUSTOMER, values)
            name, latin = open_names(
                self._vault, number, (row["name"], row["name_latin"]), row["sealed"]
            )
            addresses = [self._address(one) for one in _rows(connection, _ADDRESSES, values)]
            note(connection, by, "show", subject(customer), {"purpose": why})
        return {
            "customer": {**_readable(row), "name": name, "name_latin": latin},
            "addresses": addresses,
        }

    def messages(self, number: str, by: str, purpose: str) -> list[dict[str, Any]]:
        """List what was sent to a customer as JSON values, the first first; noted, as `person`."""
        why = checked(purpose)
        with self._pool.connection() as connection:
            connection.execute("SET LOCAL statement_timeout = '1min'")
            customer = find(connection, number)
            rows = [_readable(one) for one in _rows(connection, _MESSAGES, {"customer": customer})]
            note(connection, by, "messages", subject(customer), {"purpose": why})
        return rows

    def collect(self, number: str, by: str, purpose: str) -> dict[str, Any]:
        """Give everything about a customer as JSON values, and note that it was given.

        NotFoundError when there is no such customer; ConfigurationError when a key is not here.
        """
        why = checked(purpose)
        with self._pool.connection() as connection:
            connection.execute("SET LOCAL statement_timeout = '10min'")
            self._vault.sealer(connection.execute(KNOWN_KEYS).fetchall())
            customer = find(connection, number)
            held = self._held(connection, customer, number)
            note(connection, by, "disclose", subject(customer), {"purpose": why})
        seen = Accesses(self._pool, self._vault).of(number)
        held["accesses"] = [_plain(access) for access in seen]
        archived, unread = self._archived(number)
        return {**held, "archived_messages": archived, "unread_files": unread} | {
            "descriptions": dict(DESCRIPTIONS)
        }

    def _held(self, connection: Connection[Any], customer: int, number: str) -> dict[str, Any]:
        values = {"customer": customer}
        (person,) = _rows(connection, _CUSTOMER, values)
        name, latin = open_names(
            self._vault, number, (person["name"], person["name_latin"]), person["sealed"]
        )
        addresses = list(_rows(connection, _ADDRESSES, values))
        reached = [self._address(row) for row in addresses]
        named = traces.Person(
            number, [one for one in (name, latin) if one], [one["value"] for one in reached]
        )
        messages = [_readable(row) for row in _rows(connection, _MESSAGES, values)]
        sent = [DeliveryId.parse(row["delivery"]) for row in messages]
        told = {
            "campaigns": [one.campaign for one in sent],
            "numbers": [one.number for one in sent],
        }
        return {
            "customer": {**_readable(person), "name": name, "name_latin": latin},
            "addresses": reached,
            "broken_addresses": [
                _readable(row)
                | {"raw": open_broken(self._vault, number, row["channel"], row["raw"])}
                for row in _rows(connection, _BROKEN, values)
            ],
            "consents": [_readable(row) for row in _rows(connection, _CONSENTS, values)],
            "areas": listed.named(connection, number),
            "named_in": traces.naming(connection, named),
            "messages": messages,
            "receipts": [_readable(row) for row in _rows(connection, _RECEIPTS, told)],
            "other": _others(connection, customer, [row["id"] for row in addresses]),
        }

    def _address(self, row: Mapping[str, Any]) -> dict[str, Any]:
        found = open_address(
            self._vault,
            Scheme(row["scheme"]),
            (row["value"], row["keys"]),
            (row["sealed"], row["digest"]),
        )
        return _readable(row) | {"value": found.value, "keys": dict(found.keys)}

    def _archived(self, number: str) -> tuple[list[dict[str, Any]], list[str]]:
        with self._pool.connection() as connection:
            files = connection.execute(_FILES).fetchall()
        found: list[dict[str, Any]] = []
        unread = []
        for campaign, file in files:
            try:
                rows = list(archives.about(Path(file), number))
            except OSError:
                unread.append(file)
                continue
            found += [{"campaign": campaign, **row, "receipts": self._news(row)} for row in rows]
        return found, unread

    def _news(self, row: Mapping[str, str]) -> list[dict[str, Any]]:
        with self._pool.connection() as connection:
            delivery = DeliveryId.parse(row["delivery"])
            values = {"campaign": delivery.campaign, "number": delivery.number}
            return [_readable(news) for news in _rows(connection, _ARCHIVED_RECEIPTS, values)]


def _rows(
    connection: Connection[Any], query: str, values: Mapping[str, object]
) -> Iterator[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        yield from cursor.execute(query, values).fetchall()


def _others(
    connection: Connection[Any], customer: int, addresses: list[int]
) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for column, table in tables.others(connection):
        ids = [customer] if column == "customer_id" else addresses
        rows = [_readable(row) for row in tables.rows(connection, table, column, ids)]
        if rows:
            found.setdefault(table, []).extend(rows)
    return found


def _readable(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in row.items()
        if name not in _INNER and not isinstance(value, bytes)
    }


def _plain(access: Access) -> dict[str, Any]:
    return {name: getattr(access, name) for name in Access.__dataclass_fields__}
