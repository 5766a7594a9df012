"""Erasing one person (GDPR article 17, law 09-08 article 8), so that the history still adds up.

What goes: the person's row with everything that hangs on it, their addresses that nobody else has,
and what networks called their messages. What stays: their deliveries, each with its status, reason,
channel and locale, under a random number that differs from campaign to campaign; of each address,
a keyed digest that keeps it from being used when it comes back with the next import; and of the
customer's number one, where an order or a refusal of everything has to hold then.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.domain.message import Lane, Scheme
from broadcaster.errors import ConfigurationError, ConflictError, NotFoundError
from broadcaster.ports import (
    KNOWN_KEYS,
    PLANNING_LANES,
    TO_BE_FOLLOWED,
    Place,
    Sealer,
    Vault,
    address_text,
    open_address,
    open_names,
)
from broadcaster.privacy import filed, spent, tables, traces
from broadcaster.privacy.accesses import checked, find
from broadcaster.privacy.audit import note, subject
from broadcaster.privacy.barring import bar, remember

# What may still be needed to keep the person safe, or to know what became of a message.
_KEPT_BY = f"""
SELECT campaign.name, delivery.status, advisory.class, advisory.expires
FROM delivery
JOIN campaign ON campaign.id = delivery.campaign_id
JOIN advisory ON advisory.id = campaign.advisory_id
WHERE delivery.campaign_id = ANY(%(campaigns)s) AND delivery.customer_id = %(customer)s
  AND (campaign.status <> 'cancelled' OR {TO_BE_FOLLOWED})
  AND (delivery.status = 'submitting'
       OR advisory.expires > %(now)s
          AND (delivery.status = 'unknown' OR advisory.class = 'safety'))
ORDER BY advisory.class DESC, campaign.id LIMIT 1
"""  # noqa: S608  (our own constant)

_WITHDRAW = """
UPDATE delivery SET status = 'suppressed', reason = 'opted_out', due_at = NULL, updated_at = %(now)s
WHERE campaign_id = ANY(%(campaigns)s) AND customer_id = %(customer)s
  AND status IN ('planned', 'deferred')
"""

# The one look at all deliveries: they have no index by customer.
_CAMPAIGNS = "SELECT DISTINCT campaign_id FROM delivery WHERE customer_id = %s ORDER BY 1"

_RECEIPTS = """
UPDATE receipt SET reference = NULL, dedupe = 'erased:' || receipt.id
FROM delivery
WHERE delivery.campaign_id = ANY(%(campaigns)s) AND delivery.customer_id = %(customer)s
  AND receipt.campaign_id = delivery.campaign_id
  AND receipt.number = delivery.number
"""

_DELIVERIES = """
UPDATE delivery SET customer_id = %(pseudonym)s, address_id = NULL, reference = NULL
WHERE campaign_id = %(campaign)s AND customer_id = %(customer)s
"""

# Those that the person has, and those that they had when they were told something.
_ADDRESSES = """
SELECT address.id, address.scheme, address.value, address.keys, address.sealed, address.digest,
       EXISTS (SELECT FROM customer_address AS shared
               WHERE shared.address_id = address.id AND shared.customer_id <> %(customer)s)
FROM address
WHERE (address.value IS NOT NULL OR address.sealed IS NOT NULL) AND address.id IN (
    SELECT address_id FROM customer_address WHERE customer_id = %(customer)s
    UNION
    SELECT address_id FROM delivery
    WHERE campaign_id = ANY(%(campaigns)s) AND customer_id = %(customer)s)
ORDER BY address.id FOR UPDATE OF address
"""

_EMPTY = """
UPDATE address SET value = NULL, keys = NULL, sealed = NULL, place = NULL, digest = %(digest)s
WHERE id = %(address)s
"""

# What a program was answered may be about the person, and only the program can open it. What
# changed nothing is asked anew; of the rest nobody knows the answer any more.
_ANSWERS = (
    "DELETE FROM api_answer WHERE answer IS NOT NULL AND NOT worked",
    "UPDATE api_answer SET answer = NULL, broken_at = %(now)s WHERE answer IS NOT NULL",
)

_NAMES = "SELECT name, name_latin, sealed FROM customer WHERE id = %s"
_NAMESAKE = """
SELECT EXISTS (SELECT FROM customer WHERE id <> %(customer)s AND (
    name_digest = ANY(%(digests)s) OR latin_digest = ANY(%(digests)s)
    OR name = %(name)s OR name_latin = %(name)s))
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Erased:
    """What came of an erasure, in counts. `kept` are addresses that others have as well.

    `unread` are files of archived campaigns that are not where they were or are damaged: look for
    the customer's number in them.
    """

    found: bool
    deliveries: int = 0
    addresses: int = 0
    kept: int = 0
    traces: int = 0
    files: int = 0
    unread: Sequence[str] = field(default=())


class Erasure:
    """Erases people."""

    def __init__(
        self, pool: ConnectionPool[Connection[Any]], vault: Vault, approval: traces.Approval
    ) -> None:
        """Use the pool's connections and the keys that are here.

        `approval` hashes what an ended campaign is once its expression names nobody any more.
        """
        self._pool = pool
        self._vault = vault
        self._approval = approval

    def erase(self, number: str, by: str, reason: str, now: datetime) -> Erased:
        """Erase a customer, in one transaction, and then in the files of archived campaigns.

        Safe to repeat, also when it was interrupted. ConflictError while a message to the person
        is in the air, or an advisory that protects them is valid; ConfigurationError when the
        database is not sealed, as an address could then not be recognised without being kept.
        """
        why = checked(reason)
        with self._pool.connection() as connection:
            connection.execute("SET LOCAL statement_timeout = '10min'")
            sealer = self._vault.sealer(connection.execute(KNOWN_KEYS).fetchall())
            if sealer is None:
                message = "The database is not sealed. Type 'broadcaster keys rotate' first."
                raise ConfigurationError(message)
            done = self._erase(connection, sealer, number, by, now)
            if done.found:
                counts: dict[str, object] = {
                    "deliveries": done.deliveries,
                    "addresses": done.addresses,
                    "kept": done.kept,
                    "purpose": why,
                }
                note(connection, by, "erase", subject(done.customer), counts)
        files, unread = filed.clean(self._pool, number, by)
        return Erased(
            found=done.found,
            deliveries=done.deliveries,
            addresses=done.addresses,
            kept=done.kept,
            traces=done.traces,
            files=files,
            unread=unread,
        )

    def _erase(
        self, connection: Connection[Any], sealer: Sealer, number: str, by: str, now: datetime
    ) -> "_Done":
        try:
            customer = find(connection, number)
        except NotFoundError:
            return _Done(found=False)
        _require_quiet(connection)
        campaigns = [one for (one,) in connection.execute(_CAMPAIGNS, [customer])]
        values = {"customer": customer, "now": now, "campaigns": campaigns}
        _require_free(connection, values)
        named = _values(connection, self._vault, customer, number)
        connection.execute(_WITHDRAW, values)
        connection.execute(_RECEIPTS, values)
        for campaign in campaigns:
            spent.keep(connection, campaign, customer)
        emptied, kept, spoken = self._addresses(connection, sealer, values)
        deliveries = 0
        for campaign in campaigns:
            new = {**values, "campaign": campaign, "pseudonym": pseudonym()}
            deliveries += connection.execute(_DELIVERIES, new).rowcount
        person = traces.Person(number, named, spoken)
        found = traces.clean(connection, person, by, self._approval)
        remember(connection, sealer, {customer: number})
        for column, table in tables.others(connection):
            ids = [customer] if column == "customer_id" else emptied
            tables.forget(connection, table, column, ids)
        for statement in _ANSWERS:
            connection.execute(statement, {"now": now})
        bar(connection, customer, emptied, by, now)
        # What bars their addresses is no news of theirs to other systems.
        tables.forget(connection, "webhook_event", "customer_id", [customer])
        connection.execute("DELETE FROM customer WHERE id = %(customer)s", values)
        return _Done(
            found=True,
            customer=customer,
            deliveries=deliveries,
            addresses=len(emptied),
            kept=kept,
            traces=found,
        )

    def _addresses(
        self, connection: Connection[Any], sealer: Sealer, values: dict[str, Any]
    ) -> tuple[list[int], int, list[str]]:
        """Empty the addresses that nobody else has: which, how many are kept, what they were."""
        rows = connection.execute(_ADDRESSES, values).fetchall()
        emptied = []
        spoken = []
        for id_, scheme, value, keys, sealed, digest, shared in rows:
            if shared:
                continue
            found = open_address(self._vault, Scheme(scheme), (value, keys), (sealed, digest))
            text = address_text(found.scheme, found.value)
            new = {"address": id_, "digest": sealer.digests(Place.ADDRESS, text)[0]}
            connection.execute(_EMPTY, new)
            emptied.append(id_)
            spoken.append(found.value)
        return emptied, len(rows) - len(emptied), spoken


@dataclass(frozen=True, kw_only=True, slots=True)
class _Done:
    found: bool
    customer: int = 0
    deliveries: int = 0
    addresses: int = 0
    kept: int = 0
    traces: int = 0


def pseudonym() -> int:
    """Give a number for somebody that no customer has and that says nothing: below zero."""
    return -1 - secrets.randbelow(2**62)


def _require_free(connection: Connection[Any], values: dict[str, Any]) -> None:
    row = connection.execute(_KEPT_BY, values).fetchone()
    if row is None:
        return
    name, status, class_, expires = row
    if class_ == "safety" and status != "submitting":
        raise ConflictError(
            f"Campaign {name!r} protects this customer until {expires:%Y-%m-%d %H:%M} UTC, and a "
            "change of it must reach them. Erase after that; note the request meanwhile."
        )
    raise ConflictError(
        f"A message of campaign {name!r} to this customer is in the air, and what became of it "
        "is asked by their address. Try again when it is settled."
    )


def _require_quiet(connection: Connection[Any]) -> None:
    """Keep imports and plans out until the end.

    A plan that saw the customer would write them down anew.
    """
    if not tables.storing_waits(connection):
        message = "Another process is storing customers. Try again when it has finished."
        raise ConflictError(message)
    for lane in range(len(Lane)):
        query = "SELECT pg_try_advisory_xact_lock(%s, %s)"
        if connection.execute(query, [PLANNING_LANES, lane]).fetchone() != (True,):
            message = "A campaign is being planned. Try again when that is done."
            raise ConflictError(message)


def _values(connection: Connection[Any], vault: Vault, customer: int, number: str) -> list[str]:
    """Give the names that are this customer's alone: others are not to be found less by theirs."""
    row = connection.execute(_NAMES, [customer]).fetchone() or (None, None, None)
    names = [name for name in open_names(vault, number, (row[0], row[1]), row[2]) if name]
    return [name for name in names if not _shared(connection, vault, customer, name)]


def _shared(connection: Connection[Any], vault: Vault, customer: int, name: str) -> bool:
    values = {
        "customer": customer,
        "name": name,
        "digests": [*vault.digests(Place.NAME, name), *vault.digests(Place.NAME_LATIN, name)],
    }
    return connection.execute(_NAMESAKE, values).fetchone() == (True,)
