"""Answers of the API that are given again: the same wish under the same name is done once.

What a wish changes is committed together with a mark at its name. So when it was broken off, by a
fault or with the process that did it, it is known whether anything was done: if not, the name is
free again; if so, nobody knows the answer any more, and whoever asks again is told to look. (The
IETF's draft on the header Idempotency-Key leaves open what a server then does; guessing would do
things twice.)

An answer may hold personal data, or a key that is shown once. So it is sealed with a key made of
the caller's own, which is not here: only who asked can be answered again.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, LiteralString

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from psycopg import Connection
from psycopg.pq import TransactionStatus
from psycopg_pool import ConnectionPool

from broadcaster.ports.marking import Mark

#: How long an answer is kept.
KEPT = timedelta(hours=24)
#: After this nobody is still at it: a file may take a quarter of an hour to come.
_LONGEST = timedelta(minutes=30)
_NONCE = 12

_BEGIN: LiteralString = """
INSERT INTO api_answer (key_id, name, request_hash, created_at)
VALUES (%(key)s, %(name)s, %(hash)s, %(now)s)
ON CONFLICT (key_id, name) DO UPDATE
SET request_hash = excluded.request_hash, created_at = excluded.created_at, answer = NULL,
    worked = false, broken_at = NULL
WHERE api_answer.created_at <= %(old)s
   OR api_answer.answer IS NULL AND NOT api_answer.worked AND api_answer.created_at <= %(gone)s
RETURNING true
"""
_FOUND: LiteralString = (
    "SELECT request_hash, answer, worked AND (broken_at IS NOT NULL OR created_at <= %(gone)s)"
    " FROM api_answer WHERE key_id = %(key)s AND name = %(name)s"
)
_KEEP: LiteralString = (
    "UPDATE api_answer SET answer = %(answer)s WHERE key_id = %(key)s AND name = %(name)s"
)
_DROP: LiteralString = (
    "DELETE FROM api_answer WHERE key_id = %(key)s AND name = %(name)s AND NOT worked"
)
_BROKEN: LiteralString = (
    "UPDATE api_answer SET broken_at = %(now)s WHERE key_id = %(key)s AND name = %(name)s"
)
# Asked first: a transaction that only reads may be one that can't do more.
_WRITES: LiteralString = "SELECT pg_current_xact_id_if_assigned() IS NOT NULL"
_WORKED: LiteralString = (
    "UPDATE api_answer SET worked = true WHERE key_id = %(key)s AND name = %(name)s AND NOT worked"
)
_FORGET: LiteralString = """
DELETE FROM api_answer WHERE (key_id, name) IN (
    SELECT key_id, name FROM api_answer WHERE created_at <= %s LIMIT 10000)
"""


class Begun(StrEnum):
    """What became of the wish to do something under a name."""

    #: It is new: do it.
    NEW = "new"
    #: It was done: here is its answer.
    DONE = "done"
    #: It is being done.
    OPEN = "open"
    #: It was broken off after something was done.
    UNKNOWN = "unknown"
    #: The name stands for another wish.
    OTHER = "other"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """A request under a name of the caller's: whose, what, and what seals its answer."""

    key: int
    name: str
    request_hash: bytes
    secret: bytes

    def __repr__(self) -> str:
        """Hide what seals it."""
        return f"Wish(key {self.key})"


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptAnswer:
    """An answer: status, headers and body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        """Show the status alone."""
        return f"KeptAnswer({self.status})"


class Answers:
    """Answers in PostgreSQL."""

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        """Use the pool's connections."""
        self._pool = pool

    def begin(self, wish: Wish, now: datetime) -> tuple[Begun, KeptAnswer | None]:
        """Take the name for this wish, unless it is taken; committed."""
        values = {
            "key": wish.key,
            "name": wish.name,
            "hash": wish.request_hash,
            "now": now,
            "old": now - KEPT,
            "gone": now - _LONGEST,
        }
        with self._pool.connection() as connection:
            if connection.execute(_BEGIN, values).fetchone() is not None:
                return Begun.NEW, None
            row = connection.execute(_FOUND, values).fetchone()
        if row is None:
            # Its name was let go this very moment.
            return Begun.OPEN, None
        if bytes(row[0]) != wish.request_hash:
            return Begun.OTHER, None
        if row[1] is None:
            return (Begun.UNKNOWN if row[2] else Begun.OPEN), None
        kept = _opened(wish, bytes(row[1]))
        return (Begun.OTHER, None) if kept is None else (Begun.DONE, kept)

    def keep(self, wish: Wish, answer: KeptAnswer) -> None:
        """Keep the answer."""
        head = json.dumps({"status": answer.status, "headers": dict(answer.headers)}).encode()
        plain = len(head).to_bytes(4, "big") + head + answer.body
        nonce = os.urandom(_NONCE)
        sealed = nonce + AESGCM(_sealing(wish)).encrypt(nonce, plain, None)
        values = {"key": wish.key, "name": wish.name, "answer": sealed}
        with self._pool.connection() as connection:
            connection.execute(_KEEP, values)

    def mark(self, wish: Wish) -> Mark:
        """Give what notes at the name, in a transaction that does some of it, that it did."""
        values = {"key": wish.key, "name": wish.name}

        def note(connection: Connection[Any]) -> None:
            if connection.info.transaction_status != TransactionStatus.INTRANS:
                return
            if connection.execute(_WRITES).fetchone() == (True,):
                connection.execute(_WORKED, values)

        return note

    def drop(self, wish: Wish, now: datetime) -> bool:
        """Let the name go if nothing was done; else it is known as broken off, and False."""
        values = {"key": wish.key, "name": wish.name, "now": now}
        with self._pool.connection() as connection:
            if connection.execute(_DROP, values).rowcount:
                return True
            connection.execute(_BROKEN, values)
            return False

    def forget(self, now: datetime) -> int:
        """Let go of what was kept for long enough, some thousands at a time; how many."""
        with self._pool.connection() as connection:
            return connection.execute(_FORGET, [now - KEPT]).rowcount


def _sealing(wish: Wish) -> bytes:
    return hashlib.sha256(b"answer:" + wish.secret + b":" + wish.name.encode()).digest()


def _opened(wish: Wish, sealed: bytes) -> KeptAnswer | None:
    try:
        plain = AESGCM(_sealing(wish)).decrypt(sealed[:_NONCE], sealed[_NONCE:], None)
    except InvalidTag:
        return None
    length = int.from_bytes(plain[:4], "big")
    head = json.loads(plain[4 : 4 + length])
    return KeptAnswer(status=head["status"], headers=head["headers"], body=plain[4 + length :])
