"""Sessions: what a browser shows instead of a password, until it ends or is ended.

The token has 256 bits of chance and is kept as its hash alone: who reads the database enters
nowhere (OWASP Session Management Cheat Sheet).
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.access.operators import operator
from broadcaster.access.tickets import digest
from broadcaster.domain.access import Factor, Role, Session
from broadcaster.ports.auditing import note

#: How long a session holds, and how long it holds without being used.
_LIFE, _IDLE = timedelta(hours=12), timedelta(hours=1)
#: How exactly its last use is known: each write costs one.
_EXACT = timedelta(minutes=1)
#: Octets of chance in a token, and the longest that is looked up.
_CHANCE, _LONGEST = 32, 100
#: How much is kept of what a browser says of itself.
_BROWSER = 200

_OPEN = """
INSERT INTO operator_session
    (token_hash, operator_id, created_at, seen_at, ends_at, confirmed_at, factor, browser)
VALUES (%(hash)s, %(operator)s, %(now)s, %(now)s, %(ends)s, %(confirmed)s, %(factor)s, %(browser)s)
"""

# Whoever enters takes along what is left of sessions that ended by themselves.
_TIDY = "DELETE FROM operator_session WHERE operator_id = %(operator)s AND ends_at <= %(now)s"

_WHOSE = "SELECT name FROM operator WHERE id = %s"

_FIND = """
SELECT operator.id, operator.name, operator.roles, operator.locale, operator_session.seen_at,
    operator_session.id, coalesce(confirmed_at, operator_session.created_at), factor,
    password IS NOT NULL OR totp IS NOT NULL OR subject IS NOT NULL
        OR EXISTS (SELECT FROM operator_passkey WHERE operator_id = operator.id)
FROM operator_session JOIN operator ON operator.id = operator_session.operator_id
WHERE token_hash = %(hash)s AND ends_at > %(now)s AND seen_at > %(idle)s
  AND disabled_at IS NULL
"""

_SEEN = "UPDATE operator_session SET seen_at = %(now)s WHERE token_hash = %(hash)s"

#: A session that was confirmed is another one to whoever had the token before.
_RENEW = """
UPDATE operator_session
SET token_hash = %(fresh)s, confirmed_at = %(now)s, seen_at = %(now)s,
    factor = coalesce(%(factor)s, factor)
WHERE token_hash = %(hash)s RETURNING id
"""

_LIST = """
SELECT id, created_at, seen_at, ends_at, factor, browser FROM operator_session
WHERE operator_id = %s AND ends_at > %s AND seen_at > %s ORDER BY seen_at DESC, id LIMIT 200
"""
_END_ONE = "DELETE FROM operator_session WHERE operator_id = %s AND id = %s"
_END_ALL = """
DELETE FROM operator_session WHERE operator_id = %s AND id IS DISTINCT FROM %s::bigint
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Seat:
    """A session as its owner sees it; `browser` is what the browser says of itself."""

    id: int
    created_at: datetime
    seen_at: datetime
    ends_at: datetime
    factor: Factor
    browser: str


class Sessions:
    """Sessions in PostgreSQL."""

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        """Use the pool's connections."""
        self._pool = pool

    def open(
        self,
        operator: int,
        now: datetime,
        factor: Factor = Factor.LINK,
        browser: str = "",
        confirmed_at: datetime | None = None,
    ) -> str:
        """Begin one; its token, which is told once.

        `confirmed_at` is when they proved who they are, if it was earlier and elsewhere.
        """
        token = secrets.token_urlsafe(_CHANCE)
        values = {
            "hash": digest(token),
            "operator": operator,
            "now": now,
            "ends": now + _LIFE,
            "confirmed": confirmed_at or now,
            "factor": factor,
            "browser": browser[:_BROWSER],
        }
        with self._pool.connection() as connection:
            connection.execute(_TIDY, values)
            connection.execute(_OPEN, values)
            row = connection.execute(_WHOSE, [operator]).fetchone()
            name = row[0] if row else ""
            note(connection, name, "signed_in", f"operator {name}", {"by": factor})
        return token

    def find(self, token: str, now: datetime, *, used: bool = True) -> Session | None:
        """Give whose session it is; None for one unknown, ended, or of somebody disabled.

        Unless it is `used`, which only a person does, it ends when it would have ended.
        """
        if not token or len(token) > _LONGEST:
            return None
        values = {"hash": digest(token), "now": now, "idle": now - _IDLE}
        with self._pool.connection() as connection:
            row = connection.execute(_FIND, values).fetchone()
            if used and row is not None and now - row[4] > _EXACT:
                connection.execute(_SEEN, values)
        if row is None:
            return None
        return Session(
            id=row[5],
            operator=operator(row[0], row[1], map(Role, row[2]), row[3]),
            confirmed_at=row[6],
            factor=Factor(row[7] or Factor.PASSWORD),
            confirmable=row[8],
        )

    def renew(self, token: str, now: datetime, factor: Factor | None = None) -> str | None:
        """Note that its owner proved who they are; the token from now on. None for an ended one.

        `factor` is what the session is worth from now on, where that changes.
        """
        fresh = secrets.token_urlsafe(_CHANCE)
        values = {"hash": digest(token), "fresh": digest(fresh), "now": now, "factor": factor}
        with self._pool.connection() as connection:
            row = connection.execute(_RENEW, values).fetchone()
        return None if row is None else fresh

    def end(self, token: str) -> None:
        """End it; nothing happens to one that is unknown."""
        with self._pool.connection() as connection:
            connection.execute(
                "DELETE FROM operator_session WHERE token_hash = %s", [digest(token)]
            )

    def list(self, operator: int, now: datetime) -> Sequence[Seat]:
        """List the sessions of somebody, the last used first."""
        with self._pool.connection() as connection:
            rows = connection.execute(_LIST, [operator, now, now - _IDLE]).fetchall()
        return [
            Seat(
                id=row[0],
                created_at=row[1],
                seen_at=row[2],
                ends_at=row[3],
                factor=Factor(row[4] or Factor.PASSWORD),
                browser=row[5] or "",
            )
            for row in rows
        ]

    def end_one(self, operator: int, which: int, by: str) -> bool:
        """End one of somebody's sessions; whether it was there."""
        with self._pool.connection() as connection:
            found = connection.execute(_END_ONE, [operator, which]).rowcount == 1
            if found:
                _noted(connection, operator, by, 1)
        return found

    def end_all(self, operator: int, by: str, but: int | None = None) -> int:
        """End all of somebody's sessions but one; how many there were."""
        with self._pool.connection() as connection:
            count = connection.execute(_END_ALL, [operator, but]).rowcount
            if count:
                _noted(connection, operator, by, count)
        return count


def _noted(connection: Connection[Any], operator: int, by: str, count: int) -> None:
    row = connection.execute(_WHOSE, [operator]).fetchone()
    subject = f"operator {row[0] if row else operator}"
    note(connection, by, "sessions_ended", subject, {"sessions": count})
