"""Approving and launching with the forecast in hand: what was looked at is what is sent."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from broadcaster.bootstrap.checking import (
    check,
    foreseen_and_checked,
    noted,
    require_launchable,
)
from broadcaster.bootstrap.figures import passing
from broadcaster.bootstrap.foreseeing import foresee
from broadcaster.bootstrap.handing import confirmed, version
from broadcaster.domain.agreement import drifts
from broadcaster.domain.campaign import CampaignStatus, own
from broadcaster.domain.readiness import hurried
from broadcaster.domain.saying import said
from broadcaster.errors import BroadcasterError, ConflictError

if TYPE_CHECKING:
    from broadcaster.bootstrap.runtime import Runtime
    from broadcaster.domain.campaign import Campaign

#: How many changed figures are named.
_NAMED = 5


def approve(
    runtime: "Runtime",
    campaign: "Campaign",
    by: str,
    *,
    bypass: str = "",
    people: int | None = None,
) -> dict[str, Any]:
    """Pin content and forecast; the forecast. ConflictError for what can not be launched.

    Whoever wrote some of it does not approve it, which is a ConflictError too, except for a reason,
    `bypass`, that is kept and shown. `people` is the number that the approver confirms to tell;
    InvalidInputError where the forecast says another one. Concerns that do not block are written
    down with it, and are among what is given.
    """
    require_second(campaign, by, bypass)
    _require_other_person(runtime, campaign, by, bypass)
    advisory = runtime.ledger.advisory(campaign.advisory_id)
    pinned = runtime.hash(campaign, advisory)
    foreseen, concerns = foreseen_and_checked(runtime, campaign, advisory)
    if people is not None:
        confirmed(people, foreseen["reached"], runtime.settings.forecast_tolerance)
    # Figures outlive people: whoever is named as a sample may be erased one day.
    apart = {"samples", "fairness"}
    kept = {name: value for name, value in foreseen.items() if name not in apart}
    now, fairness = runtime.clock.now(), foreseen["fairness"]
    seen = {"rules_version": fairness["rules_version"], **passing(fairness), **noted(concerns)}
    runtime.campaigns.approve(
        campaign.id,
        pinned,
        by,
        now,
        kept,
        seen,
        bypass=bypass,
        kept=version(runtime, campaign, advisory, people=people),
    )
    told = [one.as_dict() for one in concerns]
    return {**foreseen, "content_hash": pinned, "concerns": told}


def require_second(campaign: "Campaign", by: str, bypass: str = "") -> None:
    """Refuse whoever wrote some of it, unless they give a reason; ConflictError."""
    if campaign.wrote(by) and not bypass.strip():
        raise ConflictError(own(campaign.name, by))


def _require_other_person(runtime: "Runtime", campaign: "Campaign", by: str, bypass: str) -> None:
    """Refuse whoever wrote some of it with a key of theirs, or approves with one."""
    who = runtime.api_keys.person(by).casefold()
    writers = {campaign.created_by, *campaign.written_by}
    if not bypass.strip() and who in {runtime.api_keys.person(one).casefold() for one in writers}:
        raise ConflictError(own(campaign.name, by))


def launch(runtime: "Runtime", campaign: "Campaign", by: str) -> None:
    """Launch it, when it would still be what was approved.

    ConflictError when the forecast has changed by more than the tolerance since: then somebody has
    to look again. What is urgent, protects life, or follows a message that may still be going out
    does not wait for that: it is launched, and `compare` tells of the difference afterwards.
    """
    advisory = runtime.ledger.advisory(campaign.advisory_id)
    launchable = campaign.status is CampaignStatus.APPROVED
    approved = runtime.campaigns.forecast(campaign.id) if launchable else None
    looked_at = approved is not None and not hurried(campaign, advisory)
    foreseen = foresee(runtime, campaign) if looked_at else None
    if launchable:
        if not runtime.unchanged(campaign, advisory):
            message = said(
                "Campaign %(campaign)s is no longer what was approved. Approve it again.",
                campaign=repr(campaign.name),
            )
            raise ConflictError(message)
        # Who reads what was counted then, where there is no time to count again.
        require_launchable(campaign, check(runtime, campaign, advisory, foreseen or approved))
    if approved is not None and foreseen is not None:
        found = drifts(approved, foreseen, runtime.settings.forecast_tolerance)
        if found:
            listed = "; ".join(str(one) for one in found[:_NAMED])
            message = said(
                "Campaign %(campaign)s is no longer what was approved: "
                "%(listed)s. Look at 'campaigns forecast', and approve it again.",
                campaign=repr(campaign.name),
                listed=listed,
            )
            raise ConflictError(message)
    runtime.campaigns.launch(campaign.id, by, runtime.clock.now())


def carried(runtime: "Runtime", campaign: int, expression: str) -> str | None:
    """Hash what an ended campaign is with another expression, from which somebody was erased.

    None when it is no longer what was approved anyway, such as with other templates.
    """
    found = runtime.ledger.campaign(campaign)
    advisory = runtime.ledger.advisory(found.advisory_id)
    try:
        if runtime.unchanged(found, advisory):
            return runtime.hash(replace(found, expression=expression), advisory)
    except BroadcasterError:
        # Its kind is not here any more.
        return None
    return None
