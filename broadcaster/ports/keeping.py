"""The ledger: what was planned, sent and learned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from broadcaster.domain.advisory import (
    Advisory,
    Certainty,
    FactValue,
    MessageType,
    Severity,
    Urgency,
)
from broadcaster.domain.campaign import Campaign, ChannelPlan
from broadcaster.domain.delivery import DeliveryId, DeliveryStatus, Reason, Receipt
from broadcaster.domain.fairness import OnePer
from broadcaster.domain.light import light
from broadcaster.domain.message import Address, Channel, Lane, MessageClass
from broadcaster.domain.wording import Written
from broadcaster.ports.sending import Submission


@dataclass(frozen=True, kw_only=True, slots=True)
class Lease:
    """The exclusive right to work on a batch until `until`; `token` fences out former holders.

    From `rests` on, nothing of the batch may leave: quiet hours begin. None: they do not.
    `former` are the campaigns that its own follows in a thread, the first one first.
    """

    batch: int
    token: int
    campaign: int
    channel: Channel
    lane: Lane
    until: datetime
    rests: datetime | None = None
    former: Sequence[int] = ()


@light
@dataclass(frozen=True, kw_only=True, slots=True)
class Pending:
    """A delivery that a batch's holder may claim, with what is needed to render it.

    `attempt` is the number that the coming attempt will have. `former` are the deliveries by which
    the address was told in the thread before, the first one first, where its channel shows them.
    """

    delivery: DeliveryId
    attempt: int
    address: Address
    locale: str
    customer_number: str
    name: str = field(repr=False)
    former: tuple[DeliveryId, ...] = ()


class Ledger(Protocol):
    """The memory of what was planned, sent and learned; PostgreSQL."""

    def lease(self, batch: int, now: datetime, ttl: timedelta) -> Lease | None:
        """Take a runnable batch; None when it is leased, not due, done or its campaign not running.

        Nor while an operator holds it, or in the quiet hours of its customers.

        What a lost holder had claimed and not recorded becomes `unknown`.
        """
        ...

    def pending(self, lease: Lease, now: datetime, limit: int) -> Sequence[Pending]:
        """List deliveries of the batch that are due, in order; claims nothing."""
        ...

    def claim(
        self,
        lease: Lease,
        attempts: Mapping[int, int],
        provider: str,
        now: datetime,
        ttl: timedelta,
    ) -> Sequence[int] | None:
        """Claim deliveries (number -> attempt) in a committed transaction and renew the lease.

        Gives the numbers that may now leave, through `provider`; None when the lease was lost, or
        the campaign is no longer running, its advisory has expired, or the batch is held or rests.
        """
        ...

    def renew(self, lease: Lease, now: datetime, ttl: timedelta) -> bool:
        """Renew the lease; False in the cases in which `claim` gives None."""
        ...

    def record(self, submissions: Sequence["Recorded"], now: datetime) -> None:
        """Apply what came of a slice by the transition table; to repeat it changes nothing."""
        ...

    def release(self, lease: Lease, now: datetime, after: datetime | None = None) -> None:
        """Give the batch back: done when nothing in it waits, else due when the next one is.

        It is not due before `after`, where that is given.
        """
        ...

    def campaign(self, campaign: int) -> Campaign:
        """Read a campaign; NotFoundError."""
        ...

    def advisory(self, advisory: int) -> Advisory:
        """Read an advisory; NotFoundError."""
        ...

    def receive(self, receipts: Sequence[Receipt], now: datetime) -> int:
        """Store receipts, repeats aside, before they are acknowledged; how many were new."""
        ...

    def apply_receipts(self, now: datetime, limit: int) -> int:
        """Apply stored receipts by the transition table; how many were handled."""
        ...


@light
@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """A submission as the ledger keeps it: with provider, units, and when to try again."""

    submission: Submission
    provider: str
    units: int
    due: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Open:
    """A delivery that is asked about: in doubt, or accepted long ago and never reported on.

    `since` is when it was claimed, or accepted; `asked` how often its provider was asked already.
    """

    pending: Pending
    status: DeliveryStatus
    message_class: MessageClass
    provider: str | None
    reference: str | None
    since: datetime
    asked: int


@dataclass(frozen=True, kw_only=True, slots=True)
class NewCampaign:
    """A campaign to be made, with its advisory; `facts` are already checked against the kind.

    `follows` is the id of the advisory that it refers to, whose thread it then is in; None, and
    only then, in an alert. From `lapses` on one of the facts is no longer true. `wording` is what
    it takes over of the campaign that it follows, and `written` whose that is.
    """

    name: str
    kind: str
    facts: Mapping[str, FactValue]
    message_class: MessageClass
    severity: Severity
    urgency: Urgency
    certainty: Certainty
    effective: datetime
    expires: datetime
    segment: str
    expression: str
    channels: Sequence[Channel]
    lane: Lane
    drill: bool
    scheduled_at: datetime | None
    created_by: str
    channel_plan: ChannelPlan = ChannelPlan.ALL
    escalate_after: Sequence[int] = ()
    one_per: OnePer = OnePer.CUSTOMER
    message_type: MessageType = MessageType.ALERT
    follows: int | None = None
    lapses: datetime | None = None
    wording: Mapping[str, str] = field(default_factory=dict)
    written: Mapping[str, Written] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """Which deliveries of a campaign are meant; what is empty allows everything."""

    statuses: frozenset[DeliveryStatus] = frozenset()
    reasons: frozenset[Reason] = frozenset()
    channels: frozenset[Channel] = frozenset()
    providers: frozenset[str] = frozenset()
    locales: frozenset[str] = frozenset()

    def values(self) -> Mapping[str, Sequence[str] | None]:
        """Give each list as plain words, None for one that allows everything."""
        return {
            "statuses": sorted(self.statuses) or None,
            "reasons": sorted(self.reasons) or None,
            "channels": sorted(self.channels) or None,
            "providers": sorted(self.providers) or None,
            "locales": sorted(self.locales) or None,
        }


# Planning shows itself by these, and who looks for it finds it: first keys of PostgreSQL's
# advisory locks, which end with their transaction, and the beginning of the session's name.

#: With the campaign's id: this campaign is being planned.
PLANNING = 0x504C414E
#: With the place of the lane in `Lane`: a campaign of this lane is being planned.
PLANNING_LANES = 0x504C4C41
#: Before the word for what the planner is at.
PLANNING_STAGE = "planning: "

#: How `code` of a delivery begins that gave way to the next campaign of its thread, before that
#: one's number. Whoever gave way to another step of an escalation has none.
SUPERSEDED_BY = "campaign "

#: Whoever stores customers or addresses holds this advisory lock until the end of the transaction,
#: alone or, where addresses are only looked up and added, together with others who do that. So
#: nothing that an import or a list has just found is erased before it is written whose it is.
STORING = 0x435553544F4D
