"""What the ledger knows of a campaign for its evidence: moments, spread, places, networks, trail.

Everything here is counted or said of operators and networks; nobody of the public is in it.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

_MOMENTS = """
SELECT campaign.created_at AS created, approved_at AS approved,
    (SELECT max(at) FROM audit WHERE subject = 'campaign ' || campaign.id AND action = 'launch')
        AS launched,
    scheduled_at AS scheduled, planned_at AS planned, started_at AS started,
    finished_at AS finished, archived_at AS archived
FROM campaign WHERE campaign.id = %s
"""

# What is said of a message last: taken, delivered or failed; of what never left nothing is.
_FIRST_AND_LAST = """
SELECT min(updated_at) AS first_word, max(updated_at) AS last_word
FROM delivery WHERE campaign_id = %s
  AND status IN ('accepted', 'delivered', 'undelivered', 'rejected')
"""

# When workers handed messages to networks, to five seconds.
_LEFT = """
SELECT min(at) AS first_left, max(at) AS last_left FROM pace WHERE campaign_id = %s
"""

_BEFALLEN = """
SELECT what, provider, instead_of, first_at, last_at, times FROM happening
WHERE campaign_id = %s ORDER BY first_at, provider, what
"""

_SPREAD = """
SELECT channel::text, COALESCE(locale, '') AS locale, status::text,
       COALESCE(reason::text, '') AS reason, count(*)::int AS messages
FROM delivery WHERE campaign_id = %s
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""

_PLACES = """
SELECT COALESCE(customer.attributes ->> %(attribute)s, '') AS place,
       count(*)::int AS customers, (count(*) FILTER (WHERE reached))::int AS reached
FROM (
    SELECT customer_id, bool_or(status IN ('accepted', 'delivered')) AS reached
    FROM delivery WHERE campaign_id = %(campaign)s GROUP BY customer_id
) AS person
LEFT JOIN customer ON customer.id = person.customer_id
GROUP BY 1 ORDER BY 2 DESC, 1
"""

_NETWORKS = """
SELECT channel::text, provider, count(*)::int AS messages,
    (count(*) FILTER (WHERE status = 'accepted'))::int AS accepted,
    (count(*) FILTER (WHERE status = 'delivered'))::int AS delivered,
    (count(*) FILTER (WHERE status IN ('undelivered', 'rejected', 'dead')))::int AS failed,
    (count(*) FILTER (WHERE status = 'unknown'))::int AS doubt,
    (count(*) FILTER (WHERE attempts > 1))::int AS tried_again,
    min(updated_at) AS first_word, max(updated_at) AS last_word
FROM delivery WHERE campaign_id = %s AND provider IS NOT NULL
GROUP BY 1, 2 ORDER BY 1, 2
"""

_CODES = """
SELECT provider, code, COALESCE(reason::text, '') AS reason, count(*)::int AS messages
FROM delivery WHERE campaign_id = %s AND provider IS NOT NULL AND code IS NOT NULL
GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3
"""

_TRAIL = """
SELECT at, actor, action, subject, details FROM audit
WHERE subject = ANY(%(subjects)s)
ORDER BY id
"""

_LIMITS = """
SELECT at, actor, action, subject, details FROM audit
WHERE action IN ('set_limit', 'reset_limit') AND at >= %(begin)s AND at <= %(end)s
ORDER BY id
"""

Rows = Sequence[dict[str, Any]]

#: How many rows are fetched from the server at once.
_FETCH = 2000


def cut(rows: Iterable[dict[str, Any]], most: int) -> tuple[Rows, dict[str, int]]:
    """Give the first rows, and what of all others there is: how many, and their sums by name.

    So the first and the rest add up to the whole. In bounded memory; all rows are read.
    """
    first: list[dict[str, Any]] = []
    rest = {"rows": 0}
    for row in rows:
        beyond = len(first) == most
        if not beyond:
            first.append(row)
        rest["rows"] += beyond
        for name, value in row.items():
            if isinstance(value, int):
                rest[name] = rest.get(name, 0) + beyond * value
    return first, rest


class Dossiers:
    """Reads what evidence is made of; changes nothing.

    What can be long comes row by row: who asks reads to the end, or closes it.
    """

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        """Use the pool's connections."""
        self._pool = pool

    def moments(self, campaign: int) -> dict[str, datetime | None]:
        """Say when each step was; None for what has not been.

        `first_left` and `last_left` are when messages left first and last, to five seconds;
        `first_word` and `last_word` are when networks said something of a message first and last,
        as far as deliveries remember: of each the latest word alone.
        """
        (row,) = self._rows(_MOMENTS, [campaign]) or ({},)
        (words,) = self._rows(_FIRST_AND_LAST, [campaign])
        (left,) = self._rows(_LEFT, [campaign])
        found: dict[str, datetime | None] = {**row, **left, **words}
        # In the order in which they happen.
        for name in ("finished", "archived"):
            found[name] = found.pop(name, None)
        return found

    def befallen(self, campaign: int) -> Iterator[dict[str, Any]]:
        """List what befell it at networks, the first first: slowed, left alone, well again."""
        return self._each(_BEFALLEN, [campaign])

    def spread(self, campaign: int) -> Rows:
        """Count messages by channel, locale, status and reason."""
        return self._rows(_SPREAD, [campaign])

    def places(self, campaign: int, attribute: str) -> Iterator[dict[str, Any]]:
        """Count customers, and those reached, by the value of one attribute, most first."""
        return self._each(_PLACES, {"campaign": campaign, "attribute": attribute})

    def networks(self, campaign: int) -> Rows:
        """Count messages by channel and network, and what became of them."""
        return self._rows(_NETWORKS, [campaign])

    def codes(self, campaign: int) -> Iterator[dict[str, Any]]:
        """Count what networks answered, in their own words, most first."""
        return self._each(_CODES, [campaign])

    def trail(self, subjects: Sequence[str]) -> Iterator[dict[str, Any]]:
        """List what was written down about some things, the oldest first."""
        return self._each(_TRAIL, {"subjects": list(subjects)})

    def limits(self, begin: datetime, end: datetime) -> Iterator[dict[str, Any]]:
        """List changes of limits in a time, the oldest first."""
        return self._each(_LIMITS, {"begin": begin, "end": end})

    def _each(self, query: str, values: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401  (a list or names)
        with (
            self._pool.connection() as connection,
            connection.cursor(name="dossier", row_factory=dict_row) as rows,
        ):
            rows.itersize = _FETCH
            yield from rows.execute(query, values)

    def _rows(self, query: str, values: Any) -> list[dict[str, Any]]:  # noqa: ANN401  (a list or names)
        with self._pool.connection() as connection, connection.cursor(row_factory=dict_row) as rows:
            rows.execute("SET LOCAL statement_timeout = '2min'")
            return rows.execute(query, values).fetchall()
