"""How the work stands as a whole, for those who look after it: figures, and nothing of people."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from broadcaster.domain.alerting import LimitState


@dataclass(frozen=True, kw_only=True, slots=True)
class LaneState:
    """The batches of a lane that have something left; `oldest` is since when one could leave."""

    open: int
    leased: int
    lost: int
    messages: int
    oldest: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """How the ledger stands at a moment.

    `deliveries` counts by channel and status. `idle` are campaigns that could go on, and no worker
    holds anything of them. `sending` is since when the oldest runs of which something is leaving.
    `dead` counts by public channel what it refused or is in doubt lately.
    `webhooks` are those that fail for long or were given up, `trials` failed attempts to sign in.
    """

    at: datetime
    lanes: Mapping[str, LaneState]
    campaigns: Mapping[str, int]
    deliveries: Mapping[tuple[str, str], int]
    idle: frozenset[int]
    sending: datetime | None
    doubt: int
    doubt_since: datetime | None
    receipts: int
    unapplied: datetime | None
    receipt: datetime | None
    announcements: Mapping[str, int]
    dead: Mapping[str, int]
    webhooks: frozenset[int]
    trials: int
    failing: Mapping[str, datetime]
    connections: int
    connections_most: int
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Overview:
    """Everything at a moment: the ledger, the limits, the disk, and which servers answer.

    `state` is None and `limits` empty where their server is `away`. `disk` is the room on the home
    folder's disk in octets, free and whole. `took` is how long it took to look, seconds.
    """

    at: datetime
    state: State | None
    limits: Mapping[str, LimitState]
    away: frozenset[str]
    disk: tuple[int, int]
    took: float
    alerts: Mapping[str, int] = field(default_factory=dict)
