"""Answers of the API that are given again: the same wish under the same name is done once.

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
from psycopg_pool import ConnectionPool

#: How long an answer is kept.
KEPT = timedelta(hours=24)
_NONCE = 12

_BEGIN: LiteralString = """
INSERT INTO api_answer (key_id, name, request_hash, created_at)
VALUES (%(key)s, %(name)s, %(hash)s, %(now)s)
ON CONFLICT (key_id, name) DO UPDATE
SET request_hash = excluded.request_hash, created_at = excluded.created_at, answer = NULL
WHERE api_answer.created_at <= %(old)s
RETURNING true
"""
_FOUND: LiteralString = (
    "SELECT request_hash, answer FROM api_answer WHERE key_id = %(key)s AND name = %(name)s"
)
_KEEP: LiteralString = (
    "UPDATE api_answer SET answer = %(answer)s WHERE key_id = %(key)s AND name = %(name)s"
)
_DROP: LiteralString = "DELETE FROM api_answer WHERE key_id = %(key)s AND name = %(name)s"
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
    #: It is being done, or whoever did it is gone without a word.
    OPEN = "open"
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
        }
        with self._pool.connection() as connection:
            if connection.execute(_BEGIN, values).fetchone() is not None:
                return Begun.NEW, None
            row = connection.execute(_FOUND, values).fetchone()
        if row is None or row[1] is None:
            other = row is not None and bytes(row[0]) != wish.request_hash
            return (Begun.OTHER if other else Begun.OPEN), None
        if bytes(row[0]) != wish.request_hash:
            return Begun.OTHER, None
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

    def drop(self, wish: Wish) -> None:
        """Let the name go: nothing was done."""
        with self._pool.connection() as connection:
            connection.execute(_DROP, {"key": wish.key, "name": wish.name})

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
