"""What the words of evidence, kinds and providers are called; translated where they are shown.

`_` only marks a text for the catalogue.
"""

from collections.abc import Mapping


def _(text: str) -> str:
    return text


MOMENTS: Mapping[str, str] = {
    "created": _("Written"),
    "approved": _("Approved"),
    "launched": _("Launched"),
    "scheduled": _("Scheduled for"),
    "planned": _("Recipients listed"),
    "started": _("Sending began"),
    "first_left": _("The first messages left, to five seconds"),
    "last_left": _("The last messages left, to five seconds"),
    "first_word": _("Earliest last word of a provider about a message"),
    "last_word": _("Latest word of a provider about a message"),
    "finished": _("Ended"),
    "archived": _("Archived"),
}

CLASSES: Mapping[str, str] = {
    "service": _("Service"),
    "promotional": _("Promotional"),
    "safety": _("Safety"),
}

SEVERITIES: Mapping[str, str] = {
    "extreme": _("Extreme"),
    "severe": _("Severe"),
    "moderate": _("Moderate"),
    "minor": _("Minor"),
    "unknown": _("Not known"),
}

URGENCIES: Mapping[str, str] = {
    "immediate": _("Act at once"),
    "expected": _("Act soon"),
    "future": _("In the near future"),
    "past": _("No longer needed"),
    "unknown": _("Not known"),
}

CERTAINTIES: Mapping[str, str] = {
    "observed": _("Observed"),
    "likely": _("Likely"),
    "possible": _("Possible"),
    "unlikely": _("Unlikely"),
    "unknown": _("Not known"),
}

MESSAGE_TYPES: Mapping[str, str] = {
    "alert": _("First message"),
    "update": _("Update"),
    "correction": _("Correction"),
    "cancel": _("Withdrawal"),
    "all_clear": _("All clear"),
}

PLANS: Mapping[str, str] = {
    "all": _("every channel"),
    "first_reachable": _("the first channel that reaches"),
    "escalate": _("one channel, then the next"),
}

#: Of the audit trail; a word that is not here is shown as it is kept.
ACTIONS: Mapping[str, str] = {
    "create": _("Draft made"),
    "facts": _("Facts changed"),
    "wording": _("Wording changed"),
    "approve": _("Approved"),
    "bypass": _("Approved without a second person"),
    "launch": _("Launched"),
    "pause": _("Paused"),
    "resume": _("Resumed"),
    "hold": _("Held by the system"),
    "hold_part": _("A part held"),
    "release_part": _("A part released"),
    "cancel": _("Stopped"),
    "replay": _("Sent again to the failed"),
    "supersede": _("Replaced by a later message"),
    "expire": _("Expired"),
    "complete": _("Completed"),
    "publish": _("Published"),
    "withdraw": _("Taken back from the public page"),
    "archive": _("Archived"),
    "export": _("List of deliveries handed out"),
    "evidence": _("Evidence handed out"),
    "evidence_list": _("List of the unreached looked at"),
    "left_out": _("List of those left out looked at"),
    "pseudonymise": _("People forgotten"),
    "set_limit": _("Limit changed"),
    "reset_limit": _("Limit set back"),
}

FIGURES: Mapping[str, str] = {
    "customers": _("Customers"),
    "reached": _("Customers to be told"),
    "segments": _("SMS segments"),
}

#: Where one message stands, where no reason says more.
DELIVERIES: Mapping[str, str] = {
    "planned": _("to be sent"),
    "suppressed": _("left out"),
    "submitting": _("being sent"),
    "deferred": _("to be tried again"),
    "accepted": _("taken by a provider"),
    "unknown": _("in doubt"),
    "delivered": _("delivered"),
    "undelivered": _("did not arrive"),
    "rejected": _("refused"),
    "expired": _("expired before it left"),
    "cancelled": _("cancelled before it left"),
    "dead": _("given up"),
}

#: Where the texts of a kind stand in a language.
STATES: Mapping[str, str] = {
    "drafted": _("nobody answers for them"),
    "adopted": _("adopted"),
    "reviewed": _("reviewed"),
    "lapsed": _("changed since"),
}

GRAVITIES: Mapping[str, str] = {
    "error": _("Error"),
    "warning": _("Warning"),
    "info": _("Note"),
}

FACT_TYPES: Mapping[str, str] = {
    "text": _("text"),
    "localized": _("text in each language"),
    "name": _("name in each language"),
    "phone": _("phone number"),
    "email": _("mail address"),
    "url": _("web address"),
    "datetime": _("moment"),
    "date": _("day"),
    "number": _("number"),
    "choice": _("one of a list"),
    "list": _("list"),
    "money": _("amount of money"),
    "places": _("places"),
}

#: What a check found.
FINDINGS: Mapping[str, str] = {
    "fault": _("Fault"),
    "off": _("Not set up"),
    "ok": _("In order"),
}
