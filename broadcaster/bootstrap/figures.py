"""What people are told about campaigns, put together from several adapters."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from broadcaster.bootstrap.comparing import compared
from broadcaster.domain.campaign import Campaign
from broadcaster.domain.held import remedy

if TYPE_CHECKING:
    from broadcaster.bootstrap.runtime import Runtime
    from broadcaster.ledger.underway import Underway


def listing(runtime: "Runtime") -> list[dict[str, object]]:
    """List campaigns as JSON values."""
    planning = runtime.campaigns.planning()
    return [
        {
            "id": campaign.id,
            "name": campaign.name,
            "status": campaign.status.value,
            "lane": campaign.lane.value,
            "segment": campaign.segment,
            "channels": [channel.value for channel in campaign.channels],
            "plan": campaign.channel_plan.value,
            "drill": campaign.drill,
            "scheduled_at": campaign.scheduled_at,
            **_alone(campaign),
            **_told(runtime, campaign),
            **_underway(planning.get(campaign.id)),
        }
        for campaign in runtime.campaigns.list()
    ]


def _alone(campaign: Campaign) -> dict[str, object]:
    """Say who approved it without a second person, and why; nothing where two looked at it."""
    if campaign.bypass is None:
        return {}
    return {"bypass": {"by": campaign.approved_by, "reason": campaign.bypass}}


def _told(runtime: "Runtime", campaign: Campaign) -> dict[str, object]:
    """Say until when an advisory holds, what it is in its thread, and what took its place."""
    advisory = runtime.ledger.advisory(campaign.advisory_id)
    return {
        "expires": advisory.expires,
        "message_type": advisory.message_type.value,
        "superseded_by": campaign.superseded_by,
    }


def summary(runtime: "Runtime", campaign: int) -> dict[str, object]:
    """Give the figures of a campaign as JSON values, with where it stands."""
    found = runtime.campaigns.get(str(campaign))
    status = found.status.value
    hold = runtime.campaigns.hold_reason(campaign) if status == "paused" else None
    held = runtime.reports.held(campaign, runtime.clock.now())
    return {
        **runtime.reports.summary(campaign),
        "status": status,
        "hold_reason": hold,
        "hold_remedy": remedy(hold) if hold else None,
        **_alone(found),
        **_threaded(runtime, found),
        **({"held": held} if held else {}),
        **_underway(runtime.campaigns.planning().get(campaign)),
    }


def _threaded(runtime: "Runtime", found: Campaign) -> dict[str, object]:
    """Say what a campaign follows and is followed by, and since when it is not true any more.

    Nothing for one that began a thread which nobody went on with.
    """
    advisory = runtime.ledger.advisory(found.advisory_id)
    now = runtime.clock.now()
    told: dict[str, object] = {}
    if advisory.follows is not None:
        thread = runtime.threads.of(found.id)
        follows = next(one.campaign for one in thread if one.advisory == advisory.follows)
        told |= {"message_type": advisory.message_type.value, "follows": follows}
    if found.superseded_by is not None:
        told["superseded_by"] = found.superseded_by
    elif advisory.lapses is not None and advisory.lapses <= now < advisory.expires:
        told["lapsed_at"] = advisory.lapses
    return told


def passing(foreseen: Mapping[str, Any]) -> dict[str, object]:
    """Say for an approval which rules of fair use the campaign passes; nothing where none."""
    quiet = sum(wait["messages"] for wait in foreseen["waits"] if wait["passed"])
    caps, one_per = foreseen["passed_caps"], foreseen["passed_one_per"]
    told = {"passes_one_per": one_per} if one_per else {}
    return {
        **({"passes_quiet_hours_of": quiet, "passes_caps": caps} if quiet or caps else {}),
        **told,
    }


def _underway(found: "Underway | None") -> dict[str, object]:
    """Say since when a campaign is being planned, and at what stage; None where it is not."""
    since, stage = (found.since, found.stage) if found else (None, None)
    return {"planning_since": since, "planning_stage": stage}


def report(runtime: "Runtime", campaign: int) -> dict[str, object]:
    """Give the figures, and the list of those in doubt as far as one answer lists, as JSON."""
    figures = counted(runtime, campaign)
    if figures.get("archive"):
        return figures
    return {
        **figures,
        "in_doubt_list": [
            {
                "delivery": str(row.delivery),
                "customer": row.customer_number,
                "channel": row.channel.value,
                "reason": row.reason and row.reason.value,
                "provider": row.provider,
                "reference": row.reference,
                "since": row.since.isoformat(),
            }
            for row in runtime.reports.in_doubt(campaign)
        ],
    }


def counted(runtime: "Runtime", campaign: int) -> dict[str, Any]:
    """Give the figures, whom nothing reached and what is in doubt counted, as JSON values."""
    figures: dict[str, Any] = summary(runtime, campaign)
    if figures.get("archive"):
        return figures
    forecast = runtime.campaigns.forecast(campaign) if figures["targeted"] else None
    return {
        **figures,
        **({"comparison": compared(runtime, campaign, forecast, figures)} if forecast else {}),
        "unreached": figures["customers"] - figures["reached"],
        "in_doubt": sum(row.get("unknown", 0) for row in figures["channels"].values()),
    }
