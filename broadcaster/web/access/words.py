"""What roles, ways of signing in and lines of the audit trail are called on a page.

`_` only marks a text for the catalogue.
"""

import re
from collections.abc import Mapping

from broadcaster.domain.access import Factor, Role


def _(text: str) -> str:
    return text


#: What each role is called, and what it is.
ROLES: Mapping[Role, tuple[str, str]] = {
    Role.VIEWER: (_("Viewer"), _("Looks at campaigns and figures; sees nobody’s data.")),
    Role.AUTHOR: (_("Author"), _("Writes advisories, and chooses whom they are for.")),
    Role.APPROVER: (_("Approver"), _("Gives the second look, launches and stops.")),
    Role.DUTY_OFFICER: (
        _("Duty officer"),
        _("On call: does everything around a campaign, alone if there is no other way."),
    ),
    Role.ADMINISTRATOR: (
        _("Administrator"),
        _("Looks after operators, keys and limits; tells customers nothing."),
    ),
}

FACTORS: Mapping[Factor, str] = {
    Factor.PASSWORD: _("Password"),
    Factor.TOTP: _("Password and authenticator"),
    Factor.RECOVERY: _("Password and a written code"),
    Factor.PASSKEY: _("Passkey"),
    Factor.PROVIDER: _("Identity provider"),
    Factor.LINK: _("Link for once"),
}

#: What was done; what is not here is shown as it is kept.
ACTIONS: Mapping[str, str] = {
    "add": _("Added"),
    "api_key_added": _("Key of the API made"),
    "api_key_revoked": _("Key of the API revoked"),
    "approve": _("Approved"),
    "archive": _("Archived"),
    "authenticator_added": _("Authenticator set up"),
    "authenticator_removed": _("Authenticator removed"),
    "cancel": _("Cancelled"),
    "change": _("Changed"),
    "complete": _("Completed"),
    "compose": _("Composed"),
    "create": _("Created"),
    "delete_area": _("Area deleted"),
    "delete_segment": _("Segment deleted"),
    "deliveries": _("List of deliveries"),
    "disclose": _("Data handed out"),
    "entry_link_made": _("Link for once made"),
    "erase": _("Erased"),
    "erase_in_expression": _("Erased from expressions"),
    "erase_in_file": _("Erased from files"),
    "evidence": _("Evidence handed out"),
    "evidence_list": _("List of the unreached"),
    "expire": _("Expired"),
    "export": _("Exported"),
    "facts": _("Facts changed"),
    "find": _("Looked for a customer"),
    "give_back": _("Given back to its author"),
    "hand_over": _("Handed over for approval"),
    "hold": _("Held"),
    "hold_part": _("Part held"),
    "import_customers": _("Customers imported"),
    "key_noted": _("Data key noted"),
    "key_retired": _("Data key retired"),
    "kind_added": _("Kind added"),
    "kind_removed": _("Kind removed"),
    "launch": _("Launched"),
    "left_out": _("List of who is left out"),
    "look": _("Looked at a customer"),
    "next_channel": _("Turned to the next channel"),
    "offer_area": _("Area offered to followers"),
    "operator_added": _("Operator added"),
    "operator_disabled": _("Operator disabled"),
    "operator_enabled": _("Operator enabled"),
    "operator_invited": _("Operator invited"),
    "operator_linked": _("Identity provider linked"),
    "operator_roles": _("Roles changed"),
    "opt_out": _("Unsubscribed"),
    "opt_out_undone": _("Unsubscribing taken back"),
    "passkey_added": _("Passkey added"),
    "passkey_removed": _("Passkey removed"),
    "password_set": _("Password set"),
    "pause": _("Paused"),
    "preferences": _("Preferences changed"),
    "pseudonymise": _("Made nameless"),
    "publish": _("Published"),
    "push_off": _("Alerts on a device ended"),
    "push_on": _("Alerts on a device begun"),
    "recovery_code_used": _("Written code used"),
    "recovery_codes_made": _("Written codes made"),
    "redraft": _("Draft changed"),
    "release_part": _("Part released"),
    "remove": _("Removed"),
    "rename_segment": _("Segment renamed"),
    "replay": _("Sent again"),
    "resume": _("Resumed"),
    "retention": _("Kept for long enough, and let go of"),
    "save_area": _("Area saved"),
    "save_segment": _("Segment saved"),
    "second_factors_reset": _("Second factors reset"),
    "sessions_ended": _("Sessions ended"),
    "set_fairness": _("Rules of fair use changed"),
    "set_tariffs": _("Tariffs changed"),
    "show_addresses": _("Addresses shown"),
    "sign_in_slowed": _("Signing in slowed down after wrong attempts"),
    "signed_in": _("Signed in"),
    "supersede": _("Superseded"),
    "suppression_lifted": _("Address freed"),
    "suppressions_exported": _("Barred addresses exported"),
    "suppressions_imported": _("Barred addresses imported"),
    "unreached": _("List of the unreached"),
    "webhook_added": _("Webhook added"),
    "webhook_changed": _("Webhook changed"),
    "webhook_disabled": _("Webhook turned off"),
    "webhook_removed": _("Webhook removed"),
    "webhook_secret": _("Secret of a webhook renewed"),
    "withdraw": _("Withdrawn"),
    "wording": _("Wording changed"),
}

#: How browsers and systems name themselves, the more special first: Edge says Chrome, too, and
#: Chrome says Safari.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
    ("curl", "curl"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("iPad", "iPadOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def browser(words: str) -> str:
    """Say in short what a browser says of itself; empty when that is unknown."""
    found = [
        next((name for sign, name in table if re.search(rf"\b{sign}\b", words)), "")
        for table in (_BROWSERS, _SYSTEMS)
    ]
    return " · ".join(name for name in found if name)
