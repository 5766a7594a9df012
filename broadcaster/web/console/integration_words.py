"""What scopes of keys and events of webhooks are called on their pages; translated there."""

from collections.abc import Mapping

from broadcaster.domain.access import Action
from broadcaster.domain.webhook import EventType


def _(text: str) -> str:
    return text


SCOPES: Mapping[Action, str] = {
    Action.LOOK: _("See campaigns, segments, kinds and figures"),
    Action.SEE_PEOPLE: _("See customers and lists of them"),
    Action.WRITE: _("Make and change drafts"),
    Action.EDIT_AUDIENCE: _("Make and change segments and areas"),
    Action.CHANGE_PEOPLE: _("Bring in customers, change consents"),
    Action.ERASE: _("Erase customers, hand out their data"),
    Action.APPROVE: _("Approve what somebody else wrote"),
    Action.BYPASS: _("Approve alone, in an emergency"),
    Action.LAUNCH: _("Launch and resume"),
    Action.STOP: _("Pause, hold and cancel"),
    Action.STEER: _("Send again, release what is held"),
    Action.EDIT_KINDS: _("Change kinds and translations"),
    Action.CHANGE_LIMITS: _("Change limits, tariffs and fair use"),
    Action.AUDIT: _("Read who did what"),
    Action.ADMINISTER: _("Make operators, keys and webhooks"),
}

EVENTS: Mapping[EventType, str] = {
    EventType.APPROVED: _("A campaign was approved"),
    EventType.LAUNCHED: _("A campaign was launched"),
    EventType.PAUSED: _("A campaign was paused"),
    EventType.RESUMED: _("A campaign goes on"),
    EventType.COMPLETED: _("A campaign has sent everything"),
    EventType.CANCELLED: _("A campaign was cancelled"),
    EventType.PROGRESS: _("How far a campaign is"),
    EventType.DOUBT: _("Messages are in doubt"),
    EventType.STARVING: _("A limit lets nearly nothing through"),
    EventType.OPTED_OUT: _("A customer refused messages"),
}

STATES: Mapping[str, str] = {
    "waiting": _("will be tried again"),
    "claimed": _("is being sent"),
    "delivered": _("was taken"),
    "dropped": _("was given up"),
}

#: Why there was no answer, as the log has it; what else stands there is shown as it is.
FAULTS: Mapping[str, str] = {
    "may not be called": _("may not be called"),
    "took too long": _("took too long"),
    "has no good certificate": _("has no good certificate"),
    "has no public address": _("has no public address"),
}
