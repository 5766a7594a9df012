"""What the words of the inside are called on a page; the texts are translated where they are shown.

`_` only marks a text for the catalogue.
"""

from collections.abc import Mapping

from broadcaster.domain.campaign import CampaignStatus
from broadcaster.domain.delivery import Reason
from broadcaster.domain.message import Channel, Lane
from broadcaster.web.figures import Step


def _(text: str) -> str:
    return text


STEPS: Mapping[Step, str] = {
    Step.LEFT_OUT: _("Left out"),
    Step.WAITING: _("Waiting"),
    Step.ACCEPTED: _("Accepted"),
    Step.DELIVERED: _("Delivered"),
    Step.FAILED: _("Failed"),
    Step.STOPPED: _("Not sent"),
    Step.DOUBT: _("In doubt"),
}

HINTS: Mapping[Step, str] = {
    Step.LEFT_OUT: _("not to be told on this channel, for the reasons below"),
    Step.WAITING: _("still to be handed over"),
    Step.ACCEPTED: _("taken by a provider, arrival not known"),
    Step.DELIVERED: _("arrived, says the provider or the device"),
    Step.FAILED: _("did not arrive, and nothing more is tried"),
    Step.STOPPED: _("expired or cancelled before leaving"),
    Step.DOUBT: _("may have left; being looked into, not resent blindly"),
}

CHANNELS: Mapping[Channel, str] = {
    Channel.SMS: _("SMS"),
    Channel.EMAIL: _("Email"),
    Channel.PUSH: _("Push"),
    Channel.WEB: _("Web page"),
}

LANES: Mapping[Lane, str] = {Lane.URGENT: _("Urgent"), Lane.ROUTINE: _("Routine")}

STATUSES: Mapping[CampaignStatus, str] = {
    CampaignStatus.DRAFT: _("Draft"),
    CampaignStatus.APPROVED: _("Approved"),
    CampaignStatus.LAUNCHED: _("Launched"),
    CampaignStatus.RUNNING: _("Running"),
    CampaignStatus.PAUSED: _("On hold"),
    CampaignStatus.COMPLETED: _("Completed"),
    CampaignStatus.CANCELLED: _("Cancelled"),
}

REASONS: Mapping[Reason, str] = {
    Reason.NO_ADDRESS: _("No address on this channel"),
    Reason.INVALID_ADDRESS: _("The address is malformed or of the wrong sort"),
    Reason.OPTED_OUT: _("Opted out, or never agreed"),
    Reason.ADDRESS_SUPPRESSED: _("The address must not be used"),
    Reason.DUPLICATE_ADDRESS: _("Told at the same address as another customer"),
    Reason.NO_LOCALE: _("No language that is ready for this advisory"),
    Reason.CAPPED: _("Has had as many messages as fair use allows"),
    Reason.HOUSEHOLD: _("Somebody else of the household is told"),
    Reason.NOT_TOLD: _("Did not get the former message on this channel"),
    Reason.UNKNOWN_ADDRESS: _("No such number, mailbox or device"),
    Reason.NOT_CAPABLE: _("The number or carrier cannot take SMS"),
    Reason.RECIPIENT_OPTED_OUT: _("The recipient told the provider to stop"),
    Reason.GONE: _("The app or browser is no longer subscribed"),
    Reason.UNREACHABLE: _("The phone was out of reach"),
    Reason.MAILBOX_FULL: _("The mailbox is full"),
    Reason.BLOCKED: _("Blocked as unwanted"),
    Reason.RATE_LIMITED: _("The provider asked to slow down"),
    Reason.QUEUE_FULL: _("The provider’s queue is full"),
    Reason.PROVIDER_FAULT: _("A fault at the provider"),
    Reason.NO_CONNECTION: _("The provider could not be reached"),
    Reason.NO_ANSWER: _("No answer came after it left"),
    Reason.WORKER_LOST: _("Our worker was lost while sending"),
    Reason.CONFIGURATION: _("Our account or sender was refused"),
    Reason.TOO_LONG: _("Longer than the provider takes"),
    Reason.EXPIRED: _("Its time had passed"),
    Reason.QUIET_HOURS: _("Its time passed in quiet hours"),
    Reason.HELD: _("Held by the team"),
    Reason.CANCELLED: _("The campaign was cancelled"),
    Reason.SUPERSEDED: _("Replaced by a later advisory"),
    Reason.RENDERING: _("The message could not be made"),
    Reason.OTHER: _("Another reason"),
}
