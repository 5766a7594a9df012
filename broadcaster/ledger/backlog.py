"""What running campaigns have still to send, and how fast the last ones went."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from psycopg import Connection
from psycopg_pool import ConnectionPool

from broadcaster.domain.message import Channel, Lane

# Batches, not deliveries: a thousand times fewer. What is partly done counts whole, so it is rather
# too much. A campaign that waits to be planned is counted by its forecast.
_WAITING = """
SELECT campaign.name, campaign.lane, batch.channel, sum(batch.last - batch.first + 1),
       campaign.forecast
FROM batch JOIN campaign ON campaign.id = batch.campaign_id
WHERE NOT batch.done AND campaign.status = 'running' AND campaign.id <> %(mine)s
GROUP BY campaign.id, batch.channel
UNION ALL
SELECT campaign.name, campaign.lane, counted.key::channel, counted.value::bigint, campaign.forecast
FROM campaign, jsonb_each_text(campaign.forecast->'channels') AS counted
WHERE campaign.status = 'launched' AND campaign.planned_at IS NULL
  AND campaign.forecast IS NOT NULL AND campaign.id <> %(mine)s
ORDER BY 1, 3 LIMIT 1000
"""

# So many messages say how fast we are; with fewer it is mostly waiting.
_LATELY = """
SELECT channel, max(messages / seconds)::float FROM (
    SELECT batch.channel, sum(batch.last - batch.first + 1) AS messages,
           extract(epoch FROM campaign.finished_at - campaign.started_at) AS seconds
    FROM (SELECT * FROM campaign
          WHERE status = 'completed' AND finished_at > started_at AND archived_at IS NULL
          ORDER BY finished_at DESC LIMIT 20) AS campaign
    JOIN batch ON batch.campaign_id = campaign.id
    GROUP BY campaign.id, campaign.finished_at, campaign.started_at, batch.channel
) AS lately WHERE messages >= 2000 GROUP BY channel
"""


class Waiting(NamedTuple):
    """What a campaign has still to send on a channel; `units` by its own forecast."""

    campaign: str
    lane: Lane
    channel: Channel
    messages: int
    units: int


class Backlog:
    """Looks at what other campaigns do; reads only."""

    def __init__(self, pool: ConnectionPool[Connection[Any]]) -> None:
        """Use the pool's connections."""
        self._pool = pool

    def waiting(self, campaign: int) -> Sequence[Waiting]:
        """List what other campaigns than this have still to send."""
        with self._pool.connection() as connection:
            rows = connection.execute(_WAITING, {"mine": campaign}).fetchall()
        return [
            Waiting(name, Lane(lane), Channel(channel), int(count), _units(channel, count, known))
            for name, lane, channel, count, known in rows
        ]

    def lately(self) -> Mapping[Channel, float]:
        """Give the most messages a second that one of the last campaigns had, by channel."""
        with self._pool.connection() as connection:
            return {Channel(name): speed for name, speed in connection.execute(_LATELY)}


def _units(channel: str, count: int, forecast: Mapping[str, Any] | None) -> int:
    if channel != Channel.SMS or not forecast or not forecast["channels"].get(channel):
        return int(count)
    return round(count * int(forecast["segments"]) / int(forecast["channels"][channel]))
