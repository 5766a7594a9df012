"""Endpoints: made, changed, shown and taken away, each change in the audit."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.domain.webhook import destination, events_of, secret_of
from broadcaster.errors import InvalidInputError, NotFoundError
from broadcaster.ports.auditing import note

_SALT, _MOST = 32, 100

_ADD: LiteralString = """
INSERT INTO webhook (url, events, salt, made_by, created_at)
VALUES (%(url)s, %(events)s, %(salt)s, %(by)s, %(now)s) RETURNING id
"""
_COLUMNS: LiteralString = """
SELECT id, url, events, active, made_by, created_at, failing_since, disabled_why,
       (SELECT count(*) FROM webhook_delivery
        WHERE webhook_id = webhook.id AND status IN ('waiting', 'claimed'))
FROM webhook
"""
_CHANGE: LiteralString = """
UPDATE webhook SET url = COALESCE(%(url)s, url), events = COALESCE(%(events)s, events),
    active = COALESCE(%(active)s, active),
    disabled_why = CASE WHEN %(active)s THEN NULL ELSE disabled_why END,
    failing_since = CASE WHEN %(active)s THEN NULL ELSE failing_since END,
    retry_at = CASE WHEN %(active)s THEN '-infinity' ELSE retry_at END
WHERE id = %(id)s
"""
_DROP: LiteralString = """
UPDATE webhook_delivery SET status = 'dropped', ended_at = %(now)s, reason = 'turned off'
WHERE webhook_id = %(id)s AND status = 'waiting'
"""
_TEST: LiteralString = """
WITH event AS (
    INSERT INTO webhook_event (type, data, at) VALUES ('webhook.test', '{}', %(now)s) RETURNING id)
INSERT INTO webhook_delivery (event_id, webhook_id) SELECT id, %(id)s FROM event RETURNING event_id
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Webhook:
    """An endpoint; `waiting` events were not told yet."""

    id: int
    url: str
    events: tuple[str, ...]
    active: bool
    made_by: str
    created_at: datetime
    failing_since: datetime | None
    disabled_why: str | None
    waiting: int


class Endpoints:
    """Endpoints in PostgreSQL."""

    def __init__(
        self, pool: ConnectionPool[Connection[Any]], key: bytes, *, loopback: bool
    ) -> None:
        """`key` makes their secrets; `loopback` allows http to this machine."""
        self._pool = pool
        self._key = key
        self._loopback = loopback

    def add(self, url: str, events: Iterable[str], by: str, now: datetime) -> tuple[Webhook, str]:
        """Make one; its secret is given here and never again. InvalidInputError."""
        destination(url, loopback=self._loopback)
        wanted = events_of(events)
        salt = secrets.token_bytes(_SALT)
        values = {"url": url, "events": list(wanted), "salt": salt, "by": by, "now": now}
        with self._pool.connection() as connection:
            (count,) = connection.execute("SELECT count(*) FROM webhook").fetchone() or (0,)
            if count >= _MOST:
                raise InvalidInputError("url", f"there are {_MOST} already", "Delete some.")
            row = connection.execute(_ADD, values).fetchone()
            number = int(row[0]) if row else 0
            # Addresses may hold tokens: the audit has the number alone.
            note(connection, by, "webhook_added", f"webhook {number}", {"events": list(wanted)})
        return self.get(number), secret_of(self._key, salt)

    def get(self, which: int) -> Webhook:
        """Give one; NotFoundError."""
        with self._pool.connection() as connection:
            row = connection.execute(_COLUMNS + " WHERE id = %s", [which]).fetchone()
        if row is None:
            raise NotFoundError("webhook", f"there is no {which}", "List the webhooks.")
        return _webhook(row)

    def list(self) -> Sequence[Webhook]:
        """List them all, the first first."""
        with self._pool.connection() as connection:
            return [_webhook(row) for row in connection.execute(_COLUMNS + " ORDER BY id")]

    def change(
        self,
        which: int,
        by: str,
        now: datetime,
        *,
        url: str | None = None,
        events: Iterable[str] | None = None,
        active: bool | None = None,
    ) -> Webhook:
        """Change what is given; turned off, nothing that waits is told any more. NotFoundError."""
        if url is not None:
            destination(url, loopback=self._loopback)
        wanted = None if events is None else list(events_of(events))
        values = {"id": which, "url": url, "events": wanted, "active": active, "now": now}
        with self._pool.connection() as connection:
            if connection.execute(_CHANGE, values).rowcount:
                if active is False:
                    connection.execute(_DROP, values)
                details = {"events": wanted, "active": active, "url": url is not None}
                said = {name: value for name, value in details.items() if value is not None}
                note(connection, by, "webhook_changed", f"webhook {which}", said)
        return self.get(which)

    def renew(self, which: int, by: str) -> str:
        """Give one another secret, which is told here and never again; NotFoundError."""
        salt = secrets.token_bytes(_SALT)
        with self._pool.connection() as connection:
            query: LiteralString = "UPDATE webhook SET salt = %s WHERE id = %s"
            if connection.execute(query, [salt, which]).rowcount:
                note(connection, by, "webhook_secret", f"webhook {which}")
        self.get(which)
        return secret_of(self._key, salt)

    def remove(self, which: int, by: str) -> None:
        """Take one away with its log; NotFoundError."""
        self.get(which)
        with self._pool.connection() as connection:
            connection.execute("DELETE FROM webhook WHERE id = %s", [which])
            note(connection, by, "webhook_removed", f"webhook {which}")

    def test(self, which: int, now: datetime) -> int:
        """Have an event sent to one that says nothing; its number. NotFoundError."""
        self.get(which)
        with self._pool.connection() as connection:
            row = connection.execute(_TEST, {"id": which, "now": now}).fetchone()
        return int(row[0]) if row else 0


def _webhook(row: Sequence[Any]) -> Webhook:
    id_, url, events, active, by, created, failing, why, waiting = row
    return Webhook(
        id=id_,
        url=url,
        events=tuple(events),
        active=active,
        made_by=by,
        created_at=created,
        failing_since=failing,
        disabled_why=why,
        waiting=waiting,
    )
