"""Keys of the API: made, listed, revoked, and let in within their rate.

A key has 256 bits of chance and is kept as its hash alone. Requests are counted here, in
PostgreSQL, for all web processes together: nothing is let in uncounted when Redis is away, and
nothing is refused for that.
"""

import hashlib
import re
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, LiteralString

from psycopg import Connection
from psycopg.errors import UniqueViolation
from psycopg_pool import ConnectionPool

from broadcaster.access.operators import operator
from broadcaster.domain.access import Operator, Role
from broadcaster.domain.api_key import (
    DAYS,
    MARK,
    MOST_DAYS,
    MOST_RATE,
    RATE,
    SHOWN,
    Allowance,
    ApiKey,
    Caller,
    charged,
    narrowed,
    scopes_of,
)
from broadcaster.domain.saying import said
from broadcaster.errors import ConflictError, InvalidInputError, NotFoundError
from broadcaster.ports.auditing import note

_CHANCE = 32
_TOKEN = re.compile(re.escape(MARK) + r"[A-Za-z0-9_-]{43}")
_LONGEST, _MOST = 200, 1000

_ADD: LiteralString = """
INSERT INTO api_key (name, prefix, token_hash, owner_id, scopes, rate, made_by, created_at,
                     expires_at)
VALUES (%(name)s, %(prefix)s, %(hash)s, %(owner)s, %(scopes)s, %(rate)s, %(by)s, %(now)s,
        %(expires)s)
RETURNING id
"""
_COLUMNS: LiteralString = """
SELECT api_key.id, api_key.name, prefix, operator.name, scopes, rate, made_by, api_key.created_at,
       expires_at, used_at, revoked_at
FROM api_key JOIN operator ON operator.id = api_key.owner_id
"""
_FIND: LiteralString = """
SELECT api_key.id, api_key.name, scopes, rate, paid_until, expires_at, operator.id, operator.name,
       operator.roles, operator.locale
FROM api_key JOIN operator ON operator.id = api_key.owner_id
WHERE token_hash = %(hash)s AND revoked_at IS NULL AND expires_at > %(now)s
  AND operator.disabled_at IS NULL
FOR NO KEY UPDATE OF api_key
"""
_PAID: LiteralString = "UPDATE api_key SET paid_until = %s, used_at = %s WHERE id = %s"
_REVOKE: LiteralString = """
UPDATE api_key SET revoked_at = %(now)s, revoked_by = %(by)s
WHERE id = %(id)s AND revoked_at IS NULL RETURNING name
"""
_OPERATOR: LiteralString = (
    "SELECT id, name, roles, locale, disabled_at FROM operator WHERE lower(name) = lower(%s)"
)


class ApiKeys:
    """Keys in PostgreSQL; every change has its line in the audit trail."""

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        """Use the pool's connections."""
        self._pool = pool

    def add(
        self,
        name: str,
        owner: str,
        scopes: Iterable[str],
        by: str,
        now: datetime,
        *,
        days: int = DAYS,
        rate: int = RATE,
    ) -> tuple[ApiKey, str]:
        """Make one that acts for an operator; the key itself is given here and never again.

        InvalidInputError names the field that is wrong, NotFoundError an owner who is not there.
        """
        text = _name(name)
        _bounded("days", days, MOST_DAYS)
        _bounded("rate", rate, MOST_RATE)
        token = MARK + secrets.token_urlsafe(_CHANCE)
        try:
            with self._pool.connection() as connection:
                whose = _owner(connection, owner)
                may = scopes_of(scopes, whose)
                _require_free(connection, text)
                values = {
                    "name": text,
                    "prefix": token[:SHOWN],
                    "hash": _hash(token),
                    "owner": whose.id,
                    "scopes": list(may),
                    "rate": rate,
                    "by": by,
                    "now": now,
                    "expires": now + timedelta(days=days),
                }
                row = connection.execute(_ADD, values).fetchone()
                if row is None:
                    raise AssertionError
                details = {"owner": whose.name, "scopes": list(may), "days": days, "rate": rate}
                note(connection, by, "api_key_added", f"api key {text}", details)
        except UniqueViolation as error:
            raise _taken(text) from error
        return self.get(row[0]), token

    def get(self, which: int) -> ApiKey:
        """Give one; NotFoundError."""
        with self._pool.connection() as connection:
            row = connection.execute(_COLUMNS + " WHERE api_key.id = %s", [which]).fetchone()
        if row is None:
            raise NotFoundError(
                "key", said("there is no %(which)s", which=which), said("List the keys.")
            )
        return _key(row)

    def list(self) -> Sequence[ApiKey]:
        """List them, the newest first, revoked ones too."""
        with self._pool.connection() as connection:
            rows = connection.execute(_COLUMNS + " ORDER BY api_key.id DESC LIMIT 1000")
            return [_key(row) for row in rows]

    def revoke(self, which: int, by: str, now: datetime) -> ApiKey:
        """End one for good; NotFoundError, ConflictError when it was ended before."""
        found = self.get(which)
        with self._pool.connection() as connection:
            row = connection.execute(_REVOKE, {"id": which, "by": by, "now": now}).fetchone()
            if row is None:
                message = said("Key %(found)s was revoked already.", found=repr(found.name))
                raise ConflictError(message)
            note(connection, by, "api_key_revoked", f"api key {found.name}")
        return self.get(which)

    def admit(self, token: str, now: datetime) -> tuple[Caller, Allowance] | None:
        """Say who asks, and count the request; None for what is no key that holds.

        What a key may do is worked out each time: of its scopes what its owner's roles allow now.
        """
        if not _TOKEN.fullmatch(token):
            return None
        with self._pool.connection() as connection:
            row = connection.execute(_FIND, {"hash": _hash(token), "now": now}).fetchone()
            if row is None:
                return None
            key, name, scopes, rate, paid, expires, id_, whose, roles, locale = row
            until, left = charged(paid, rate, now)
            connection.execute(_PAID, [until, now, key])
        owner = operator(id_, whose, map(Role, roles), locale)
        may = narrowed(scopes, owner)
        acting = Operator(id=id_, name=name, roles=owner.roles, actions=may, locale=locale)
        return Caller(operator=acting, key=key, owner=whose, expires_at=expires), left

    def person(self, name: str) -> str:
        """Give who stands behind a name of the audit: a key's owner, or else the name itself."""
        query: LiteralString = (
            "SELECT operator.name FROM api_key JOIN operator ON operator.id = owner_id"
            " WHERE lower(api_key.name) = lower(%s)"
        )
        with self._pool.connection() as connection:
            row = connection.execute(query, [name]).fetchone()
        return str(row[0]) if row else name


def _owner(connection: Connection[Any], name: str) -> Operator:
    row = connection.execute(_OPERATOR, [" ".join(name.split())]).fetchone()
    if row is None or row[4] is not None:
        remedy = said("Name an operator who is not disabled.")
        raise NotFoundError(
            "owner", said("there is no operator called %(name)s", name=repr(name[:60])), remedy
        )
    return operator(row[0], row[1], map(Role, row[2]), row[3])


def _require_free(connection: Connection[Any], name: str) -> None:
    """Refuse what reads like somebody of the team in the audit trail, and too many keys."""
    if connection.execute(_OPERATOR, [name]).fetchone() is not None:
        raise _taken(name)
    (count,) = connection.execute("SELECT count(*) FROM api_key").fetchone() or (0,)
    if count >= _MOST:
        raise InvalidInputError(
            "name", said("there are %(most)s keys already", most=_MOST), said("Use one of them.")
        )


def _taken(name: str) -> InvalidInputError:
    return InvalidInputError(
        "name", said("%(name)s is taken", name=repr(name)), said("Take another name.")
    )


def _name(name: str) -> str:
    text = " ".join(name.split())
    if not text or len(text) > _LONGEST or not text.isprintable():
        remedy = said("Give 1 to %(longest)s printable characters.", longest=_LONGEST)
        raise InvalidInputError(
            "name", said("is empty, too long or has control characters"), remedy
        )
    if text.isdigit():
        raise InvalidInputError(
            "name", said("%(text)s reads like a number", text=text), said("Give it a word.")
        )
    return text


def _bounded(field: str, value: int, most: int) -> None:
    if not 1 <= value <= most:
        raise InvalidInputError(
            field,
            said("%(value)s is out of range", value=value),
            said("Give 1 to %(most)s.", most=most),
        )


def _key(row: Sequence[Any]) -> ApiKey:
    id_, name, prefix, owner, scopes, rate, by, created, expires, used, revoked = row
    return ApiKey(
        id=id_,
        name=name,
        prefix=prefix,
        owner=owner,
        scopes=tuple(scopes),
        rate=rate,
        made_by=by,
        created_at=created,
        expires_at=expires,
        used_at=used,
        revoked_at=revoked,
    )


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
