"""Which networks fail, as workers find: noted where all see it when a breaker turns."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection
from psycopg_pool import ConnectionPool

#: A network that fails is tried again within a minute; of what nobody said anything for longer than
#: this, nobody tries it any more.
SILENCE = timedelta(minutes=5)

#: It is no reason to hold up what is sent: neither a connection, nor a lock, is waited for long.
_PATIENCE = 0.5
_SOON = "SET LOCAL lock_timeout = 300; SET LOCAL statement_timeout = 1000"

_FAILS = """
INSERT INTO provider_trouble (provider, since, at) VALUES (%(provider)s, %(now)s, %(now)s)
ON CONFLICT (provider) DO UPDATE SET
    at = excluded.at,
    since = CASE WHEN provider_trouble.ended_at IS NULL AND provider_trouble.at > %(silence)s
                 THEN provider_trouble.since ELSE excluded.since END,
    ended_at = NULL
"""
_WELL = """
UPDATE provider_trouble SET ended_at = %(now)s WHERE provider = %(provider)s AND ended_at IS NULL
"""


class Troubles:
    """Notes and lists networks that fail."""

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        """Use the pool's connections."""
        self._pool = pool

    def turned(self, provider: str, now: datetime, *, well: bool) -> None:
        """Note that a process began to leave it alone, or found it well; UnavailableError."""
        values = {"provider": provider, "now": now, "silence": now - SILENCE}
        with self._pool.connection(_PATIENCE) as connection:
            connection.execute(_SOON)
            connection.execute(_WELL if well else _FAILS, values)

    def failing(self, now: datetime) -> Mapping[str, datetime]:
        """List those that fail, and since when."""
        query = "SELECT provider, since FROM provider_trouble WHERE ended_at IS NULL AND at > %s"
        with self._pool.connection() as connection:
            return dict(connection.execute(query, [now - SILENCE]).fetchall())
