"""How networks do: what came of their latest messages, and whether workers leave them alone."""

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

# Each worker has a breaker of its own; whoever opens or closes one notes it for all.
_TROUBLES = """
SELECT provider, since, at FROM provider_trouble WHERE ended_at IS NULL AND at > %(since)s
"""

#: How far back messages are looked at, and troubles; a breaker stays open for a minute at most.
_WINDOW, _SILENCE, _OPEN = timedelta(minutes=10), timedelta(minutes=5), timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class NetworkHealth:
    """A network's last ten minutes: messages, how many went well or failed, the last that did well.

    `failing_since` is since when workers leave it alone or try it in turns, None when nothing is
    known to be wrong; `open` says that some worker left it alone within the last minute, the
    longest that it does; else it is being tried with a few messages.
    """

    messages: int = 0
    well: int = 0
    failed: int = 0
    last_success: datetime | None = None
    failing_since: datetime | None = None
    open: bool = False


class Networks:
    """Looks at networks; changes nothing."""

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        """Use the pool's connections."""
        self._pool = pool

    def health(self, now: datetime) -> Mapping[str, NetworkHealth]:
        """Give what is known, by provider; UnavailableError when it takes more than 5 s."""
        with self._pool.connection() as connection:
            connection.execute("SET LOCAL statement_timeout = '5s'")
            lately = {"since": now - _WINDOW}
            campaigns = [id_ for (id_,) in connection.execute(_CAMPAIGNS, lately)]
            values = {"campaigns": campaigns, **lately}
            rows = {row[0]: row[1:] for row in connection.execute(_LATELY, values)}
            recent = {"since": now - _SILENCE}
            troubles = {row[0]: row[1:] for row in connection.execute(_TROUBLES, recent)}
        return {
            name: NetworkHealth(
                messages=counts[0],
                well=counts[1],
                failed=counts[2],
                last_success=counts[3],
                failing_since=since,
                open=at is not None and at > now - _OPEN,
            )
            for name in {*rows, *troubles}
            for counts in [rows.get(name, (0, 0, 0, None))]
            for since, at in [troubles.get(name, (None, None))]
        }
