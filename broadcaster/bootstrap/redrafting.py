"""Changing a campaign that has not begun, by the form that made it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from broadcaster.bootstrap.drafting import Form, drafted
from broadcaster.domain.advisory import Advisory
from broadcaster.domain.campaign import Campaign
from broadcaster.domain.saying import said
from broadcaster.errors import InvalidInputError
from broadcaster.ports import NewCampaign

if TYPE_CHECKING:
    from broadcaster.bootstrap.runtime import Runtime


def form_of(runtime: "Runtime", campaign: Campaign, by: str) -> Form:
    """Give the form that would make this campaign; whoever changes it replaces some fields.

    Facts that its kind has lost since are left out.
    """
    advisory = runtime.ledger.advisory(campaign.advisory_id)
    kind = runtime.renderer.library.kind(advisory.kind)
    scheduled = campaign.scheduled_at
    return Form(
        name=campaign.name,
        kind=advisory.kind,
        segment=campaign.segment,
        by=by,
        channels=",".join(campaign.channels),
        facts={name: value for name, value in advisory.facts.items() if name in kind.facts},
        effective=advisory.effective.isoformat(),
        expires=advisory.expires.isoformat(),
        scheduled=scheduled.isoformat() if scheduled else "",
        message_class=advisory.message_class.value,
        lane=campaign.lane.value,
        drill=campaign.drill,
        plan=campaign.channel_plan.value,
        escalate_after=",".join(map(str, campaign.escalate_after)),
        one_per=campaign.one_per.value,
    )


def redraft(
    runtime: "Runtime",
    campaign: Campaign,
    form: Form,
    *,
    revision: int | None = None,
    anew: bool = False,
) -> bool:
    """Make a campaign what a form says; whether it was approved, and is a draft again.

    Its segment keeps the meaning that was pinned when it was chosen, unless it is another one or is
    to be looked up `anew`. What follows a message goes to whom that told, in its class.
    InvalidInputError names the field that is wrong; ConflictError when it is under way; StaleError
    when it was changed since `revision`.
    """
    advisory = runtime.ledger.advisory(campaign.advisory_id)
    new = _changed(runtime, campaign, advisory, form, anew=anew)
    return runtime.redrafts.set(campaign.id, new, form.by, runtime.clock.now(), revision)


def _changed(
    runtime: "Runtime", campaign: Campaign, advisory: Advisory, form: Form, *, anew: bool
) -> NewCampaign:
    if form.kind != advisory.kind:
        remedy = said("Begin a new campaign of the other kind.")
        raise InvalidInputError("kind", said("stays what it was when it was made"), remedy)
    kept = form.segment == campaign.segment and not anew
    new = drafted(runtime, form, campaign.expression if kept else None)
    if advisory.follows is not None:
        for field, same in _as_followed(campaign, advisory, new):
            if not same:
                problem = said("stays as it is in a message that follows another one")
                raise InvalidInputError(field, problem, said("Leave it, or make a new campaign."))
    return new


def _as_followed(
    campaign: Campaign, advisory: Advisory, new: NewCampaign
) -> Sequence[tuple[str, bool]]:
    return (
        ("segment", new.segment == campaign.segment),
        ("channels", set(new.channels) == set(campaign.channels)),
        ("message_class", new.message_class is advisory.message_class),
    )
