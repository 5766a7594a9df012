"""How networks do: what came of their latest messages, and what workers said of them.

Each worker has a breaker of its own; what it does to campaigns is written down as a happening, and
the latest of all workers is told here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection
from psycopg_pool import ConnectionPool

# Of campaigns that send, or lately did: the rows of others say nothing of now.
_LATELY = """
SELECT provider, count(*)::int,
    (count(*) FILTER (WHERE status IN ('accepted', 'delivered')))::int,
    (count(*) FILTER (WHERE status IN ('rejected', 'dead', 'unknown')
        OR (status = 'deferred' AND reason IN
            ('no_connection', 'provider_fault', 'no_answer', 'configuration'))))::int,
    max(updated_at) FILTER (WHERE status IN ('accepted', 'delivered'))
FROM delivery
WHERE campaign_id = ANY(%(campaigns)s) AND provider IS NOT NULL AND updated_at > %(since)s
GROUP BY provider
"""

_CAMPAIGNS = """
SELECT id FROM campaign
WHERE archived_at IS NULL AND planned_at IS NOT NULL
  AND (status IN ('running', 'paused') OR finished_at > %(since)s)
ORDER BY id DESC LIMIT 20
"""

# The step that makes it may be missing while versions change.
_KNOWN = "SELECT to_regclass('happening') IS NOT NULL"
_HAPPENED = """
SELECT DISTINCT ON (provider) provider, what, last_at, until FROM happening
WHERE what IN ('breaker_opened', 'breaker_closed') AND last_at > %(since)s
ORDER BY provider, last_at DESC
"""
_SLOWED = """
SELECT provider, max(last_at) FROM happening
WHERE what = 'slowed' AND last_at > %(since)s GROUP BY provider
"""

#: How far back messages and happenings are looked at.
_WINDOW, _LONG = timedelta(minutes=10), timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class NetworkHealth:
    """A network's last ten minutes: messages, how many went well or failed, the last that did well.

    `open_until` is until when some worker leaves it alone; past, while it is tried again; None
    when nothing is known to be wrong. `slowed` is when it last said that we are too fast.
    """

    messages: int = 0
    well: int = 0
    failed: int = 0
    last_success: datetime | None = None
    open_until: datetime | None = None
    slowed: datetime | None = None


class Networks:
    """Looks at networks; changes nothing."""

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        """Use the pool's connections."""
        self._pool = pool

    def health(self, now: datetime) -> Mapping[str, NetworkHealth]:
        """Give what is known, by provider; UnavailableError when it takes more than 5 s."""
        with self._pool.connection() as connection:
            connection.execute("SET LOCAL statement_timeout = '5s'")
            since = {"since": now - _WINDOW}
            campaigns = [id_ for (id_,) in connection.execute(_CAMPAIGNS, since)]
            values = {"campaigns": campaigns, **since}
            rows = {row[0]: row[1:] for row in connection.execute(_LATELY, values)}
            opened, slowed = _happenings(connection, now)
        return {
            name: NetworkHealth(
                messages=counts[0],
                well=counts[1],
                failed=counts[2],
                last_success=counts[3],
                open_until=opened.get(name),
                slowed=slowed.get(name),
            )
            for name in {*rows, *opened, *slowed}
            for counts in [rows.get(name, (0, 0, 0, None))]
        }


def _happenings(
    connection: Connection[Any], now: datetime
) -> tuple[dict[str, datetime], dict[str, datetime]]:
    """Say until when networks are left alone, and when they were slowed."""
    (known,) = connection.execute(_KNOWN).fetchone() or (False,)
    if not known:
        return {}, {}
    since = {"since": now - _LONG}
    rows = connection.execute(_HAPPENED, since).fetchall()
    opened = {name: until or at for name, what, at, until in rows if what == "breaker_opened"}
    return opened, dict(connection.execute(_SLOWED, since).fetchall())
