"""What a campaign would be: who is told where, and who is left out and why; nothing is written."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.domain.delivery import Reason
from broadcaster.domain.message import Channel
from broadcaster.planning.candidates import candidates, read, values
from broadcaster.ports import Audience, Renderer

_LIMITS = "SET LOCAL statement_timeout = '5min'; SET LOCAL work_mem = '128MB'"

_HEAD = "WITH candidate AS MATERIALIZED ("

# The row without a channel counts people: all, and those who are told on one channel at least.
_TAIL = """)
SELECT channel, locale, reason, count(*), 0 FROM candidate GROUP BY channel, locale, reason
UNION ALL
SELECT NULL, NULL, NULL, count(*), count(*) FILTER (WHERE told)
FROM (SELECT bool_or(reason IS NULL) AS told FROM candidate GROUP BY customer_id) AS person
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """Counts of deliveries; `targeted` has one for each customer and channel.

    `customers` counts people; `reached` those of them who are told on one channel at least.
    """

    campaign: str
    customers: int
    reached: int
    targeted: int
    channels: Mapping[Channel, int]
    locales: Mapping[str, int]
    by_channel_and_locale: Mapping[Channel, Mapping[str, int]]
    suppressed: Mapping[Reason, int]

    def as_dict(self) -> dict[str, object]:
        """Give it as JSON values."""
        return {
            "campaign": self.campaign,
            "customers": self.customers,
            "reached": self.reached,
            "targeted": self.targeted,
            "channels": {channel.value: count for channel, count in self.channels.items()},
            "locales": dict(self.locales),
            "by_channel_and_locale": {
                channel.value: dict(counts)
                for channel, counts in self.by_channel_and_locale.items()
            },
            "suppressed": {reason.value: count for reason, count in self.suppressed.items()},
        }


class Forecaster:
    """Counts with the planner's own query."""

    def __init__(
        self, pool: ConnectionPool[Connection[Any]], audience: Audience, renderer: Renderer
    ) -> None:
        """Keep what it works with."""
        self._pool = pool
        self._audience = audience
        self._renderer = renderer

    def forecast(self, campaign: int) -> Forecast:
        """Count what planning would make now; NotFoundError."""
        with self._pool.connection() as connection:
            connection.execute(_LIMITS)
            found = read(connection, campaign)
            condition = self._audience.condition(found.expression)
            given = values(connection, found, condition, self._renderer)
            query = _HEAD + candidates(condition) + _TAIL
            rows = connection.execute(query, given).fetchall()
        people = next(row for row in rows if row[0] is None)
        return _sum(found.name, [row for row in rows if row[0] is not None], people)


def _sum(name: str, rows: list[Any], people: Any) -> Forecast:  # noqa: ANN401  (a row)
    channels: dict[Channel, int] = {}
    locales: dict[str, int] = {}
    both: dict[Channel, dict[str, int]] = {}
    suppressed: dict[Reason, int] = {}
    for channel_name, locale, reason, count, _ in rows:
        if reason is not None:
            suppressed[Reason(reason)] = suppressed.get(Reason(reason), 0) + count
            continue
        channel = Channel(channel_name)
        channels[channel] = channels.get(channel, 0) + count
        locales[locale] = locales.get(locale, 0) + count
        both.setdefault(channel, {})[locale] = count
    return Forecast(
        campaign=name,
        customers=people[3],
        reached=people[4],
        targeted=sum(channels.values()) + sum(suppressed.values()),
        channels=channels,
        locales=locales,
        by_channel_and_locale=both,
        suppressed=suppressed,
    )
