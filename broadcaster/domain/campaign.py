"""The campaign: one advisory version, to one audience, by one channel plan."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from broadcaster.domain.fairness import OnePer
from broadcaster.domain.message import Channel, Lane


class CampaignStatus(StrEnum):
    """Where a campaign stands."""

    #: Being prepared; may still change.
    DRAFT = "draft"
    #: A second look was given; its content hash is pinned.
    APPROVED = "approved"
    #: To be started when its time comes; the plan is made then.
    LAUNCHED = "launched"
    #: Planned; deliveries leave.
    RUNNING = "running"
    #: Held by an operator or by a check; nothing leaves, nothing is lost.
    PAUSED = "paused"
    #: Nothing is left to send.
    COMPLETED = "completed"
    #: Stopped by an operator; what had not left never will.
    CANCELLED = "cancelled"


class ChannelPlan(StrEnum):
    """How a customer's channels are used together."""

    #: Every chosen channel on which the customer has an address.
    ALL = "all"
    #: One delivery for each customer, on the first of the campaign's channels that reaches them.
    FIRST_REACHABLE = "first_reachable"
    #: The same, and a later channel when nothing confirmed that they have it, after some minutes.
    ESCALATE = "escalate"

    @property
    def one_each(self) -> bool:
        """Whether a customer is told on one channel at a time; then their order matters."""
        return self is not ChannelPlan.ALL


@dataclass(frozen=True, kw_only=True, slots=True)
class Campaign:
    """One advisory version, to one audience, by one channel plan.

    `expression` is the segment's, as it was when the campaign was made. `approved_hash` pins what
    was approved; None until then. `drill` marks campaigns that go to simulated networks only.
    `created_by` and `approved_by` are names of people for the audit. `escalate_after` says, for
    each channel but the first, how many minutes after the step before it is turned to. `one_per`
    says who is told for others. `superseded_by` is the id of the later campaign of its thread that
    replaced it. `written_by` are those who changed it since it was made, the last one last;
    `revision` counts these changes. `bypass` is the reason for which it was approved without a
    second person.
    """

    id: int
    name: str
    advisory_id: int
    segment: str
    expression: str
    channels: Sequence[Channel]
    channel_plan: ChannelPlan
    lane: Lane
    drill: bool
    status: CampaignStatus
    approved_hash: str | None
    scheduled_at: datetime | None
    created_by: str
    approved_by: str | None
    escalate_after: Sequence[int] = ()
    one_per: OnePer = OnePer.CUSTOMER
    superseded_by: int | None = None
    written_by: Sequence[str] = ()
    revision: int = 1
    bypass: str | None = None

    def wrote(self, name: str) -> bool:
        """Tell whether somebody wrote or changed it; then somebody else has to approve it."""
        plain = " ".join(name.split()).casefold()
        return any(
            " ".join(one.split()).casefold() == plain for one in (self.created_by, *self.written_by)
        )


def own(name: str, by: str) -> str:
    """Say why somebody may not approve a campaign that they wrote some of."""
    return (
        f"{by} wrote some of campaign {name!r}, so somebody else has to approve it. In an "
        "emergency it can be done alone, with a reason: '--bypass REASON'."
    )


_MAKE_ANEW = "Make a new campaign, or a follow-up of one that told somebody."
_APPROVE, _LAUNCH = "Approve it first: 'campaigns approve'.", "Launch it: 'campaigns launch'."
_CANCEL_DRAFT = "Nothing of it leaves yet; 'campaigns cancel' drops it."
#: What to do where a step is refused, by step and status.
_REMEDIES: dict[str, dict[CampaignStatus, str]] = {
    "approve": {
        CampaignStatus.LAUNCHED: "It was approved; 'campaigns pause' holds it, to approve it anew.",
        CampaignStatus.RUNNING: "It was approved; 'campaigns pause' holds it, to approve it anew.",
    },
    "launch": {
        CampaignStatus.DRAFT: _APPROVE,
        CampaignStatus.LAUNCHED: "It starts by itself when its time has come.",
        CampaignStatus.RUNNING: "It is under way; 'campaigns status' shows how far.",
        CampaignStatus.PAUSED: "'campaigns resume' lets it go on.",
    },
    "pause": {
        CampaignStatus.DRAFT: _CANCEL_DRAFT,
        CampaignStatus.APPROVED: _CANCEL_DRAFT,
        CampaignStatus.PAUSED: "It is held already; 'campaigns resume' lets it go on.",
    },
    "resume": {
        CampaignStatus.DRAFT: _APPROVE,
        CampaignStatus.APPROVED: _LAUNCH,
        CampaignStatus.LAUNCHED: "It is not held, and starts when its time has come.",
        CampaignStatus.RUNNING: "It is not held.",
    },
}
_HOW_ENDED: dict[CampaignStatus, str] = {
    CampaignStatus.COMPLETED: "It has sent all that it had to send.",
    CampaignStatus.CANCELLED: "It was stopped for good.",
}


def remedy(step: str, status: CampaignStatus) -> str:
    """Say what to do where a status does not allow a step."""
    ended = _HOW_ENDED.get(status)
    if ended:
        return ended if step == "cancel" else f"{ended} {_MAKE_ANEW}"
    return _REMEDIES.get(step, {}).get(status, "'campaigns status' shows where it stands.")


#: Where nothing happens any more.
ENDED = frozenset(_HOW_ENDED)
#: What an operator may do, from which statuses, and what follows; the rest is refused.
STEPS: dict[str, tuple[frozenset[CampaignStatus], CampaignStatus]] = {
    # Again, when what would be sent has changed; a paused one stays paused.
    "approve": (
        frozenset({CampaignStatus.DRAFT, CampaignStatus.APPROVED, CampaignStatus.PAUSED}),
        CampaignStatus.APPROVED,
    ),
    "launch": (frozenset({CampaignStatus.APPROVED}), CampaignStatus.LAUNCHED),
    "pause": (
        frozenset({CampaignStatus.LAUNCHED, CampaignStatus.RUNNING}),
        CampaignStatus.PAUSED,
    ),
    "resume": (frozenset({CampaignStatus.PAUSED}), CampaignStatus.LAUNCHED),
    "cancel": (
        frozenset(
            {
                CampaignStatus.DRAFT,
                CampaignStatus.APPROVED,
                CampaignStatus.LAUNCHED,
                CampaignStatus.RUNNING,
                CampaignStatus.PAUSED,
            }
        ),
        CampaignStatus.CANCELLED,
    ),
}
