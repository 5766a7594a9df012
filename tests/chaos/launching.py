"""Making and launching campaigns as the command line does."""

from contextlib import suppress

from broadcaster.bootstrap import Runtime
from broadcaster.bootstrap.drafting import Form, draft
from broadcaster.errors import ConflictError, InvalidInputError

_AUTHOR, _APPROVER = "author", "approver"


def approved(
    runtime: Runtime,
    name: str,
    *,
    segment: str = "everybody",
    channels: str = "sms,email,push",
    lane: str = "routine",
) -> int:
    """Make a campaign of the founding notice and approve it; its id.

    Called again after it was interrupted, it goes on where it was.
    """
    form = Form(
        name=name,
        kind="remote_services",
        segment=segment,
        channels=channels,
        lane=lane,
        drill=False,
        by=_AUTHOR,
    )
    # Refused: a former try got so far.
    with suppress(InvalidInputError):
        draft(runtime, form)
    found = runtime.campaigns.get(name)
    pinned = runtime.hash(found, runtime.ledger.advisory(found.advisory_id))
    with suppress(ConflictError):
        runtime.campaigns.approve(found.id, pinned, _APPROVER, runtime.clock.now())
    return found.id


def launch(
    runtime: Runtime,
    name: str,
    *,
    segment: str = "everybody",
    channels: str = "sms,email,push",
    lane: str = "routine",
) -> int:
    """Make one, approve it, and launch it; its id. Goes on likewise where it was interrupted."""
    campaign = approved(runtime, name, segment=segment, channels=channels, lane=lane)
    with suppress(ConflictError):
        runtime.campaigns.launch(campaign, _AUTHOR, runtime.clock.now())
    return campaign
