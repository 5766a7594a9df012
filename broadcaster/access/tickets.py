"""Tickets: what is good once and for a while, such as an invitation or a challenge.

The token has 256 bits of chance; here is its hash alone.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.errors import UnavailableError
from broadcaster.ports.auditing import note

#: Octets of chance in a token, and the longest that is looked up.
_CHANCE, _LONGEST = 32, 100
#: How many one source may have open for one purpose.
_OPEN = 50


class Purpose(StrEnum):
    """What a ticket is for."""

    #: Setting a password.
    INVITATION = "invitation"
    #: Entering once.
    ENTRY = "entry"
    #: The second factor, after the password.
    SECOND = "second"
    #: Setting up an authenticator.
    TOTP = "totp"
    #: A challenge to a passkey: to enter, to register, to confirm.
    PASSKEY = "passkey"
    #: What is shown once: an invitation's link, written codes.
    SHOWN = "shown"
    #: A visit to the identity provider.
    PROVIDER = "provider"


#: For how long they are good.
LIVES: Mapping[Purpose, timedelta] = MappingProxyType(
    {
        Purpose.INVITATION: timedelta(hours=24),
        Purpose.ENTRY: timedelta(hours=24),
        Purpose.SECOND: timedelta(minutes=10),
        Purpose.TOTP: timedelta(minutes=15),
        Purpose.PASSKEY: timedelta(minutes=5),
        Purpose.SHOWN: timedelta(minutes=10),
        Purpose.PROVIDER: timedelta(minutes=10),
    }
)

_MAKE = """
INSERT INTO operator_ticket (token_hash, purpose, operator_id, source, data, created_at, ends_at)
VALUES (%(hash)s, %(purpose)s, %(operator)s, %(source)s, %(data)s::jsonb, %(now)s, %(ends)s)
"""
_CLEAR = """
DELETE FROM operator_ticket WHERE token_hash IN (
    SELECT token_hash FROM operator_ticket WHERE ends_at < %s
    ORDER BY ends_at LIMIT 100 FOR UPDATE SKIP LOCKED)
"""
_COUNT = "SELECT count(*) FROM operator_ticket WHERE source = %s AND purpose = %s AND ends_at > %s"
_READ = """
SELECT operator_id, data FROM operator_ticket
WHERE token_hash = %s AND purpose = %s AND ends_at > %s
"""
_TAKE = """
DELETE FROM operator_ticket WHERE token_hash = %s AND purpose = %s AND ends_at > %s
RETURNING operator_id, data
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ticket:
    """What a token stands for; `operator` is whose it is, if anybody's."""

    operator: int | None
    data: Mapping[str, Any]

    @property
    def whose(self) -> int:
        """Whose it is; only for purposes whose tickets are somebody's."""
        if self.operator is None:
            raise AssertionError
        return self.operator


class Tickets:
    """Tickets in PostgreSQL."""

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        """Use the pool's connections."""
        self._pool = pool

    def make(
        self,
        purpose: Purpose,
        now: datetime,
        *,
        operator: int | None = None,
        source: bytes | None = None,
        data: Mapping[str, Any] | None = None,
        noted: tuple[str, str, str] | None = None,
    ) -> str:
        """Make one; its token, which is told once.

        Those who ask without being anybody give their `source`: UnavailableError for too many.
        `noted` is a line of the audit trail: who did what to whom.
        """
        token = secrets.token_urlsafe(_CHANCE)
        values = {
            "hash": digest(token),
            "purpose": purpose,
            "operator": operator,
            "source": source,
            "data": json.dumps(dict(data or {})),
            "now": now,
            "ends": now + LIVES[purpose],
        }
        with self._pool.connection() as connection:
            connection.execute(_CLEAR, [now])
            if source is not None:
                row = connection.execute(_COUNT, [source, purpose, now]).fetchone()
                if row and row[0] >= _OPEN:
                    message = "Too many try to sign in from there. Try again in some minutes."
                    raise UnavailableError(message)
            connection.execute(_MAKE, values)
            if noted is not None:
                note(connection, *noted)
        return token

    def drop(self, operator: int, purpose: Purpose) -> None:
        """End those of somebody for one purpose."""
        query = "DELETE FROM operator_ticket WHERE operator_id = %s AND purpose = %s"
        with self._pool.connection() as connection:
            connection.execute(query, [operator, purpose])

    def read(self, purpose: Purpose, token: str, now: datetime) -> Ticket | None:
        """Give what it stands for, and leave it good; None for one that is not good."""
        return self._one(_READ, purpose, token, now)

    def take(self, purpose: Purpose, token: str, now: datetime) -> Ticket | None:
        """Give what it stands for, once: of many who ask together, one gets it."""
        return self._one(_TAKE, purpose, token, now)

    def _one(self, query: Any, purpose: Purpose, token: str, now: datetime) -> Ticket | None:  # noqa: ANN401  (a literal of this file)
        if not token or len(token) > _LONGEST:
            return None
        with self._pool.connection() as connection:
            row = connection.execute(query, [digest(token), purpose, now]).fetchone()
        return None if row is None else Ticket(operator=row[0], data=row[1])


def digest(token: str) -> bytes:
    """Give what is kept of a token: it has so much chance in it that a plain hash is enough."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
