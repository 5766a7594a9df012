"""Slowing down who guesses: how long to wait after how many failures, kept in PostgreSQL.

An attempt counts as failed before it is looked at, and is forgiven when it was right: so a hundred
at once are a hundred. Nobody is locked out for good: the longest wait is minutes, a browser that
has entered before is counted by itself, and neither passkeys nor invitations wait for what others
try.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.ports.auditing import SYSTEM, note

#: Failures are forgotten when there was none for so long.
_MEMORY = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How many failures are free, and the longest wait after more; it doubles from two seconds."""

    free: int
    longest: timedelta

    def pause(self, failures: int) -> timedelta:
        """Give how long to wait after so many failures in a row."""
        over = failures - self.free
        if over <= 0:
            return timedelta(0)
        # Ten doublings are longer than every longest wait.
        return min(timedelta(seconds=2 ** min(over, 10)), self.longest)


#: One name from one place; one name from everywhere; one place for all names; a known browser; the
#: second factor of somebody whose password was right.
PAIR = Patience(free=4, longest=timedelta(minutes=5))
NAME = Patience(free=30, longest=timedelta(minutes=1))
SOURCE = Patience(free=30, longest=timedelta(minutes=2))
DEVICE = Patience(free=8, longest=timedelta(minutes=1))
SECOND = Patience(free=4, longest=timedelta(minutes=5))

#: Whoever waits for whoever holds a row waits for milliseconds: this is all that is done with it.
_HOLD = """
INSERT INTO sign_in_trial AS mine (key, failures, at, until)
VALUES (%(key)s, 0, %(now)s, %(now)s)
ON CONFLICT (key) DO UPDATE SET key = mine.key
RETURNING CASE WHEN at < %(before)s THEN 0 ELSE failures END, until
"""
_COUNT = "UPDATE sign_in_trial SET failures = %s, at = %s, until = %s WHERE key = %s"
_FORGIVE = """
UPDATE sign_in_trial SET failures = greatest(failures - 1, 0), until = %s WHERE key = ANY(%s)
"""
_FORGET = """
DELETE FROM sign_in_trial WHERE key IN (
    SELECT key FROM sign_in_trial WHERE at < %s ORDER BY at LIMIT 100 FOR UPDATE SKIP LOCKED)
"""


class Trials:
    """Counts attempts; keys are hashes, so that nothing of what was typed is kept."""

    def __init__(self, pool: ConnectionPool[Connection[Any]], key: bytes) -> None:
        """`key` is that of our own tokens."""
        self._pool = pool
        self._key = key

    def hashed(self, *words: str) -> bytes:
        """Give the key of something that is counted."""
        text = "\0".join(words).encode("utf-8", "surrogatepass")
        return hmac.new(self._key, b"trial:" + text, hashlib.sha256).digest()[:16]

    def begin(
        self, counted: Mapping[bytes, Patience], now: datetime, subject: str | None = None
    ) -> timedelta:
        """Count an attempt that may be made now: zero; else how long to wait, and count nothing.

        The audit trail has a line when somebody has to wait, with the `subject` if it is known.
        """
        with self._pool.connection() as connection:
            connection.execute(_FORGET, [now - _MEMORY])
            held = {}
            for key in sorted(counted):
                values = {"key": key, "now": now, "before": now - _MEMORY}
                row = connection.execute(_HOLD, values).fetchone()
                held[key] = (0, now) if row is None else (int(row[0]), row[1])
            wait = max((until - now for _, until in held.values()), default=timedelta(0))
            if wait > timedelta(0):
                return wait
            for key, (failures, _) in held.items():
                pause = counted[key].pause(failures + 1)
                connection.execute(_COUNT, [failures + 1, now, now + pause, key])
                over = failures + 1 - counted[key].free
                if over > 0 and over & (over - 1) == 0:
                    # At one, two, four, eight: a day of guessing is some lines.
                    details = {"failures": failures + 1}
                    note(connection, SYSTEM, "sign_in_slowed", subject or "sign-in", details)
        return timedelta(0)

    def forgive(self, keys: Mapping[bytes, Patience], now: datetime) -> None:
        """Note that the attempt was right: those that are one person's are forgotten.

        What is shared keeps the failures of others.
        """
        own = [key for key, rule in keys.items() if rule in (PAIR, DEVICE, SECOND)]
        shared = [key for key in keys if key not in own]
        with self._pool.connection() as connection:
            connection.execute("DELETE FROM sign_in_trial WHERE key = ANY(%s)", [own])
            connection.execute(_FORGIVE, [now, shared])
