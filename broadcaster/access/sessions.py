"""Sessions: what a browser shows instead of a password, until it ends or is ended.

The token has 256 bits of chance and is kept as its hash alone: who reads the database enters
nowhere (OWASP Session Management Cheat Sheet).
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.access.operators import operator
from broadcaster.domain.access import Operator, Role

#: How long a session holds, and how long it holds without being used.
_LIFE, _IDLE = timedelta(hours=12), timedelta(hours=1)
#: How exactly its last use is known: each write costs one.
_EXACT = timedelta(minutes=1)
#: Octets of chance in a token, and the longest that is looked up.
_CHANCE, _LONGEST = 32, 100

_OPEN = """
INSERT INTO operator_session (token_hash, operator_id, created_at, seen_at, ends_at)
VALUES (%(hash)s, %(operator)s, %(now)s, %(now)s, %(ends)s)
"""

_FIND = """
SELECT operator.id, operator.name, operator.roles, operator.locale, operator_session.seen_at
FROM operator_session JOIN operator ON operator.id = operator_session.operator_id
WHERE token_hash = %(hash)s AND ends_at > %(now)s AND seen_at > %(idle)s
  AND disabled_at IS NULL
"""

_SEEN = "UPDATE operator_session SET seen_at = %(now)s WHERE token_hash = %(hash)s"


class Sessions:
    """Sessions in PostgreSQL."""

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        """Use the pool's connections."""
        self._pool = pool

    def open(self, operator: int, now: datetime) -> str:
        """Begin one; its token, which is told once."""
        token = secrets.token_urlsafe(_CHANCE)
        values = {"hash": _hash(token), "operator": operator, "now": now, "ends": now + _LIFE}
        with self._pool.connection() as connection:
            connection.execute(_OPEN, values)
        return token

    def find(self, token: str, now: datetime) -> Operator | None:
        """Give whose session it is; None for one unknown, ended, or of somebody disabled."""
        if not token or len(token) > _LONGEST:
            return None
        values = {"hash": _hash(token), "now": now, "idle": now - _IDLE}
        with self._pool.connection() as connection:
            row = connection.execute(_FIND, values).fetchone()
            if row is not None and now - row[4] > _EXACT:
                connection.execute(_SEEN, values)
        if row is None:
            return None
        return operator(row[0], row[1], map(Role, row[2]), row[3])

    def end(self, token: str) -> None:
        """End it; nothing happens to one that is unknown."""
        with self._pool.connection() as connection:
            connection.execute("DELETE FROM operator_session WHERE token_hash = %s", [_hash(token)])


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
