"""What pages call the course of a campaign; the texts are translated where they are shown.

`_` only marks a text for the catalogue.
"""

from collections.abc import Mapping

from broadcaster.domain.advisory import MessageType
from broadcaster.domain.course import Befallen


def _(text: str) -> str:
    return text


#: Steps of a campaign, by the action in the audit trail.
TIMELINE: Mapping[str, str] = {
    "create": _("Draft made"),
    "facts": _("Facts changed"),
    "redraft": _("Draft changed"),
    "hand_over": _("Handed over for approval"),
    "give_back": _("Given back to its author"),
    "wording": _("Wording changed"),
    "approve": _("Approved"),
    "bypass": _("Approved in an emergency, without a second person"),
    "launch": _("Launched"),
    "plan": _("Planned: who is told, and how, is settled"),
    "pause": _("Paused"),
    "resume": _("Resumed"),
    "cancel": _("Stopped for good"),
    "supersede": _("Replaced by a later message"),
    "hold": _("Put on hold by the system"),
    "hold_part": _("A part put on hold"),
    "release_part": _("A part released"),
    "replay": _("Failed messages sent again"),
    "next_channel": _("Told to turn to the next channel now"),
    "turned": _("Turned to the next channel"),
    "expire": _("Expired: what had not left never will"),
    "complete": _("Completed"),
    "archive": _("Deliveries archived"),
    "pseudonymise": _("Customers made unrecognisable"),
}

#: What befell it at a network, which stands in place of `%(provider)s`.
BEFALLEN: Mapping[str, str] = {
    Befallen.SLOWED: _("%(provider)s asked us to slow down"),
    Befallen.OPENED: _("%(provider)s failed; it is left alone for a while"),
    Befallen.CLOSED: _("%(provider)s works again"),
    Befallen.FAILED_OVER: _("Went over to %(provider)s, as %(other)s fails"),
}

MESSAGE_TYPES: Mapping[MessageType, str] = {
    MessageType.ALERT: _("First message"),
    MessageType.UPDATE: _("Update"),
    MessageType.CORRECTION: _("Correction"),
    MessageType.CANCEL: _("Withdrawal"),
    MessageType.ALL_CLEAR: _("All clear"),
}

#: What was just done, by the word in the address.
DONE: Mapping[str, str] = {
    "pause": _("It is paused. Nothing more leaves; nothing is lost."),
    "resume": _("It goes on."),
    "launch": _("It is launched."),
    "cancel": _("It is stopped for good. What had not left never will."),
    "hold": _("That part is held. Everything else goes on."),
    "release": _("That part is released."),
    "replay": _("What was given up is sent again."),
    "next": _("It turns to the next channel now."),
    "follow": _("The draft is made. It tells nobody before it is approved and launched."),
}
