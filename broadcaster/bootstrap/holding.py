"""Holding a part of a campaign, and letting it go: from words to what the ledger is told."""

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from broadcaster.domain.campaign import Campaign
from broadcaster.domain.message import DELIVERY_CHANNELS, Channel
from broadcaster.domain.saying import said
from broadcaster.errors import InvalidInputError

if TYPE_CHECKING:
    from broadcaster.bootstrap.runtime import Runtime
    from broadcaster.ledger.holds import Scope


def hold(
    runtime: "Runtime", campaign: Campaign, part: "Scope", until: datetime | None, by: str, why: str
) -> int:
    """Hold a part until a moment, or until it is released; how many messages wait in it now.

    Errors as `Holds.hold`; NotFoundError for an unknown segment.
    """
    condition = None
    if part.segment:
        segment = runtime.segments.get(part.segment)
        condition = runtime.audience.condition(segment.expression)
    now = runtime.clock.now()
    return runtime.holds.hold(campaign.id, part, until, by, why, now, condition)


def scope(channel: str, zone: str, segment: str) -> "Scope":
    """Read which part is meant; InvalidInputError names the field that is wrong."""
    from broadcaster.ledger.holds import Scope  # noqa: PLC0415  (not before it is needed)

    if channel and channel not in list(DELIVERY_CHANNELS):
        remedy = said("Use %(names)s.", names=", ".join(DELIVERY_CHANNELS))
        raise InvalidInputError(
            "channel", said("%(channel)s is unknown", channel=repr(channel[:40])), remedy
        )
    try:
        zone = ZoneInfo(zone).key if zone else ""
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        remedy = said("Write a name such as Africa/Casablanca.")
        raise InvalidInputError(
            "zone", said("%(zone)s is no time zone", zone=repr(zone[:40])), remedy
        ) from error
    return Scope(
        channel=Channel(channel) if channel else None, zone=zone or None, segment=segment or None
    )
