"""How a campaign goes, as it is remembered beside its deliveries: how fast, and what befell it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from broadcaster.domain.message import Channel

#: For how long what left is counted together, seconds.
BUCKET = 5


class Befallen(StrEnum):
    """What befalls a campaign because of a network."""

    #: The network said that we are too fast, and what may leave was lowered.
    SLOWED = "slowed"
    #: It failed so much that it is left alone for a while.
    OPENED = "breaker_opened"
    #: It works again.
    CLOSED = "breaker_closed"
    #: It was used in the place of another one that is left alone.
    FAILED_OVER = "failed_over"


@dataclass(frozen=True, kw_only=True, slots=True)
class Happening:
    """Something that befell a campaign at a network; `until` is how long it is left alone.

    `instead_of` names the network in whose place it was used.
    """

    campaign: int
    provider: str
    what: Befallen
    at: datetime
    until: datetime | None = None
    instead_of: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class HandedOver:
    """How many messages, and units, of a campaign were answered by networks in a `BUCKET`.

    `at` is its beginning.
    """

    campaign: int
    channel: Channel
    at: datetime
    messages: int
    units: int


def bucket(moment: datetime) -> datetime:
    """Give the beginning of the time in which what leaves is counted together."""
    second = moment.second - moment.second % BUCKET
    return moment.replace(second=second, microsecond=0)
