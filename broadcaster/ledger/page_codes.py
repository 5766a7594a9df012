"""Codes by which customers open their page, and the sessions that follow from them.

Asking writes one row, whoever asks for whatever address. Only the task that sends looks the address
up, so that neither the answer nor the time it takes tells whether somebody is a customer.
"""

import hashlib
import hmac
import secrets
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.domain.delivery import DeliveryId
from broadcaster.domain.message import Address, Scheme
from broadcaster.domain.page_codes import (
    CODE_LIFE,
    DIGITS,
    FOR_ADDRESS,
    FROM_SOURCE,
    SESSION_LIFE,
    TRIED_FROM,
    TRIES,
    is_code,
)
from broadcaster.errors import NotFoundError
from broadcaster.ledger import addresses, allowances
from broadcaster.ledger.clicks import find
from broadcaster.ledger.turns import turn
from broadcaster.ports import Vault, open_address

#: Octets of chance in a ticket or a token, and the longest that is looked up.
_CHANCE, _LONGEST = 32, 100
#: For how long is known that a code was sent, and what became of it.
_KEPT = timedelta(days=1)

#: Whoever sends has this lock; it goes with its connection.
_SENDING = 0x50434F4445

_ASK = """
INSERT INTO page_code (ticket_hash, wanted, locale, asked_at, ends_at)
VALUES (%(ticket)s, %(wanted)s, %(locale)s, %(now)s, %(ends)s)
"""
_NEXT = """
SELECT id, wanted, locale, ends_at FROM page_code WHERE claimed_at IS NULL
ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
"""
_ADDRESS = "SELECT scheme, value, keys, sealed, digest FROM address WHERE id = %s"
_WAITING = "SELECT EXISTS (SELECT FROM page_code WHERE claimed_at IS NULL)"
# To a number that told its carrier to stop nothing is sent, nor where a court forbids it or nothing
# arrives. Who refused messages may ask for a code all the same: it is how they come back.
_REACHED = """
SELECT EXISTS (
    SELECT FROM customer_address JOIN customer ON customer.id = customer_address.customer_id
    WHERE customer_address.address_id = %(address)s AND customer.left_at IS NULL)
  AND NOT EXISTS (
    SELECT FROM suppression WHERE address_id = %(address)s AND ground <> 'wish')
"""
_CLAIM = """
UPDATE page_code SET claimed_at = %(now)s, wanted = NULL, address_id = %(address)s,
    code_hash = %(hash)s, outcome = %(outcome)s
WHERE id = %(id)s
"""
_SENT = """
UPDATE page_code SET sent_at = %(now)s, provider = %(provider)s, outcome = %(outcome)s
WHERE id = %(id)s
"""
# Counted before it is compared, and committed whatever comes of it.
_TRY = """
UPDATE page_code SET tries = tries + 1
WHERE ticket_hash = %(ticket)s AND ends_at > %(now)s AND used_at IS NULL AND tries < %(most)s
RETURNING id, address_id, code_hash, locale
"""
_USE = """
UPDATE page_code SET used_at = %(now)s WHERE id = %(id)s AND used_at IS NULL RETURNING id
"""
_OPEN = """
INSERT INTO page_session (token_hash, address_id, code_id, locale, ends_at)
VALUES (%(token)s, %(address)s, %(id)s, %(locale)s, %(ends)s)
"""
_FIND = """
SELECT page_session.address_id, address.channel, page_session.code_id, page_session.locale
FROM page_session JOIN address ON address.id = page_session.address_id
WHERE token_hash = %(token)s AND ends_at > %(now)s
"""
_OLD_CODES = "DELETE FROM page_code WHERE ends_at < %(before)s"
_OLD_SESSIONS = "DELETE FROM page_session WHERE ends_at < %(now)s"


class Wraps(Protocol):
    """Keeps a text for some minutes so that the database alone does not tell it."""

    def wrap(self, text: str) -> bytes:
        """Encrypt it."""
        ...

    def unwrap(self, wrapped: bytes) -> str | None:
        """Decrypt it; None for what was wrapped with another key."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimed:
    """A code that is to be sent, once; known here and to its reader alone."""

    id: int
    address: Address
    code: str = field(repr=False)
    locale: str
    ends: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Entered:
    """Whose page is open: of all who have an address. `code` is the number of the code used."""

    address: int
    channel: str
    code: int
    locale: str


class PageCodes:
    """Codes and sessions in PostgreSQL."""

    def __init__(
        self, pool: ConnectionPool[Connection[Any]], vault: Vault, wrapping: Wraps, key: bytes
    ) -> None:
        """`wrapping` keeps what was typed; `key` is that of our own tokens."""
        self._pool = pool
        self._vault = vault
        self._wrapping = wrapping
        self._key = key

    def ask(self, address: Address, locale: str, source: str, now: datetime) -> str | None:
        """Ask for a code; the ticket for which it will be good, None when asked too often.

        The same is done for every address. `source` is where the asking comes from.
        """
        text = f"{address.scheme.value}:{address.value}"
        ticket = secrets.token_urlsafe(_CHANCE)
        values = {
            "ticket": _hash(ticket),
            "wanted": self._wrapping.wrap(text),
            "locale": locale,
            "now": now,
            "ends": now + CODE_LIFE,
        }
        counted = [
            (allowances.subject(self._key, "code for", text), FOR_ADDRESS),
            (allowances.subject(self._key, "code from", source), FROM_SOURCE),
        ]
        with self._pool.connection() as connection:
            if not allowances.allowed(connection, counted, now):
                return None
            connection.execute(_ASK, values)
        return ticket

    def address_of(self, delivery: DeliveryId) -> Address | None:
        """Give where a message went, if a code can go there; None for a browser.

        NotFoundError; GoneError where nobody knows any more.
        """
        with self._pool.connection() as connection:
            link = find(connection, delivery)
            row = connection.execute(_ADDRESS, [link.address]).fetchone()
        if row is None or (row[1] is None and row[3] is None):
            return None
        scheme, value, keys, sealed, digest = row
        found = open_address(self._vault, Scheme(scheme), (value, keys), (sealed, digest))
        return found if found.scheme in {Scheme.TEL, Scheme.MAILTO} else None

    def waiting(self) -> bool:
        """Tell whether anything waits to be looked up."""
        with self._pool.connection() as connection:
            return connection.execute(_WAITING).fetchone() == (True,)

    def turn(self) -> AbstractContextManager[bool]:
        """Take the turn of sending, until the block ends; False while another process has it."""
        return turn(self._pool, _SENDING)

    def claim(self, now: datetime) -> Claimed | bool:
        """Take the next asking; the code to send, else whether there was anything to look up.

        It is committed before anything is sent: a code that is lost with its process is not sent
        again, and its reader asks for another.
        """
        with self._pool.connection() as connection:
            row = connection.execute(_NEXT).fetchone()
            if row is None:
                return False
            id_, wanted, locale, ends = row
            found = self._look_up(connection, wanted) if ends > now else None
            code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}" if found else ""
            values = {
                "id": id_,
                "now": now,
                "address": found[0] if found else None,
                "hash": self._code_hash(id_, code) if found else None,
                "outcome": None if found else "late" if ends <= now else "nobody's",
            }
            connection.execute(_CLAIM, values)
        if not found:
            return True
        return Claimed(id=id_, address=found[1], code=code, locale=locale, ends=ends)

    def _look_up(
        self, connection: Connection[Any], wanted: bytes | None
    ) -> tuple[int, Address] | None:
        text = self._wrapping.unwrap(wanted) if wanted else None
        if text is None:
            return None
        scheme, _, value = text.partition(":")
        address = Address(scheme=Scheme(scheme), value=value, keys={})
        try:
            id_ = addresses.find(connection, address, self._vault)
        except NotFoundError:
            return None
        reached = connection.execute(_REACHED, {"address": id_}).fetchone() == (True,)
        return (id_, address) if reached else None

    def sent(self, code: int, provider: str, outcome: str, now: datetime) -> None:
        """Note what came of sending a code."""
        values = {"id": code, "provider": provider, "outcome": outcome[:40], "now": now}
        with self._pool.connection() as connection:
            connection.execute(_SENT, values)

    def redeem(self, ticket: str, code: str, source: str, now: datetime) -> str | None:
        """Open the page by a code; the session's token, None for a code that opens nothing.

        A code opens once. Nothing tells a wrong one from one that was never sent.
        """
        if not is_code(code):
            return None
        counted = [(allowances.subject(self._key, "tried from", source), TRIED_FROM)]
        with self._pool.connection() as connection:
            if not allowances.allowed(connection, counted, now):
                return None
            values = {"ticket": _hash(ticket[:_LONGEST]), "now": now, "most": TRIES}
            row = connection.execute(_TRY, values).fetchone()
        if row is None:
            return None
        id_, address, kept, locale = row
        fits = hmac.compare_digest(self._code_hash(id_, code), kept or b"")
        if not fits or address is None:
            return None
        token = secrets.token_urlsafe(_CHANCE)
        values = {
            "id": id_,
            "now": now,
            "token": _hash(token),
            "address": address,
            "locale": locale,
            "ends": now + SESSION_LIFE,
        }
        with self._pool.connection() as connection:
            if connection.execute(_USE, values).fetchone() is None:
                return None
            connection.execute(_OPEN, values)
        return token

    def entered(self, token: str, now: datetime) -> Entered | None:
        """Say whose page a session has open; None for one that is unknown or over."""
        if not 0 < len(token) <= _LONGEST:
            return None
        with self._pool.connection() as connection:
            row = connection.execute(_FIND, {"token": _hash(token), "now": now}).fetchone()
        if row is None:
            return None
        address, channel, code, locale = row
        return Entered(address=address, channel=channel, code=code, locale=locale)

    def leave(self, token: str) -> None:
        """Close the page; nothing happens to one that is not open."""
        with self._pool.connection() as connection:
            connection.execute("DELETE FROM page_session WHERE token_hash = %s", [_hash(token)])

    def tidy(self, now: datetime) -> int:
        """Delete what is over: codes and askings after a day, sessions at once; how many rows."""
        with self._pool.connection() as connection:
            rows = connection.execute(_OLD_CODES, {"before": now - _KEPT}).rowcount
            rows += connection.execute(_OLD_SESSIONS, {"now": now}).rowcount
            return rows + allowances.forget(connection, now)

    def _code_hash(self, id_: int, code: str) -> bytes:
        """Hash a code under our key: a million are tried in no time by who has the hash alone."""
        return hashlib.blake2b(
            f"code {id_}:{code}".encode(), digest_size=32, key=self._key
        ).digest()


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
