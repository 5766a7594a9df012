"""Counting a campaign's deliveries, live: by channel and status, locale and reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from broadcaster.domain.delivery import DeliveryStatus, Reason
from broadcaster.domain.message import Channel

# One pass over the rows of the campaign, which lie together; about 0.2 s for a million.
_COUNTS = """
SELECT channel, status, reason, locale, count(*), sum(units)
FROM delivery WHERE campaign_id = %s
GROUP BY channel, status, reason, locale
ORDER BY channel, status, reason, locale
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """How many deliveries share a channel, a status, a reason and a locale."""

    channel: Channel
    status: DeliveryStatus
    reason: Reason | None
    locale: str | None
    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Funnel:
    """Counts of deliveries, each customer and channel once.

    `reasons` are those of suppressed deliveries; `failures` those of all others that have one.
    `locales` counts what was or will be sent. `units` is what each channel has cost so far. `cells`
    is what all of that was added up from; none is kept of an archived campaign.
    """

    channels: Mapping[Channel, Mapping[DeliveryStatus, int]]
    units: Mapping[Channel, int]
    locales: Mapping[str, int]
    reasons: Mapping[Reason, int]
    failures: Mapping[Reason, int]
    cells: Sequence[Cell] = ()

    @property
    def targeted(self) -> int:
        """All deliveries, those left out included."""
        return sum(sum(row.values()) for row in self.channels.values())


def funnel(connection: Connection[Any], campaign: int) -> Funnel:
    """Count."""
    channels: dict[Channel, dict[DeliveryStatus, int]] = {}
    units: dict[Channel, int] = {}
    locales: dict[str, int] = {}
    reasons: dict[Reason, int] = {}
    failures: dict[Reason, int] = {}
    cells: list[Cell] = []
    for row in connection.execute(_COUNTS, [campaign]):
        channel, status = Channel(row[0]), DeliveryStatus(row[1])
        reason, locale, count, cost = row[2:]
        suppressed = status is DeliveryStatus.SUPPRESSED
        counts = channels.setdefault(channel, {})
        counts[status] = counts.get(status, 0) + count
        units[channel] = units.get(channel, 0) + cost
        if locale is not None and not suppressed:
            locales[locale] = locales.get(locale, 0) + count
        if reason is not None:
            target = reasons if suppressed else failures
            target[Reason(reason)] = target.get(Reason(reason), 0) + count
        cells.append(
            Cell(
                channel=channel,
                status=status,
                reason=Reason(reason) if reason else None,
                locale=locale,
                count=count,
            )
        )
    return Funnel(
        channels=channels,
        units=units,
        locales=locales,
        reasons=reasons,
        failures=failures,
        cells=cells,
    )


def kept(figures: Mapping[str, Any]) -> Funnel:
    """Read the counts from the figures that are kept of an archived campaign."""
    channels = {Channel(name): dict(row) for name, row in figures["channels"].items()}
    units = {channel: row.pop("units") for channel, row in channels.items()}
    return Funnel(
        channels={
            channel: {DeliveryStatus(status): count for status, count in row.items()}
            for channel, row in channels.items()
        },
        units=units,
        locales=figures["locales"],
        reasons={Reason(name): count for name, count in figures["suppressed"].items()},
        failures={Reason(name): count for name, count in figures["failures"].items()},
    )
