"""What pages call the fields that the inside names in a refusal.

`_` only marks a text for the catalogue.
"""

from collections.abc import Mapping

from broadcaster.web.console.compose.words import FIELDS


def _(text: str) -> str:
    return text


LABELS: Mapping[str, str] = {
    **FIELDS,
    "name": _("Name"),
    "channel": _("Channel"),
    "zone": _("Time zone"),
    "until": _("End of the hold"),
    "reason": _("Why"),
    "password": _("Password"),
    "purpose": _("Purpose"),
    "attribute": _("Attribute"),
    "area": _("Area"),
    "operator": _("Operator"),
    "provider": _("Provider"),
    "campaign": _("Campaign"),
    "part": _("Part"),
    "file": _("File"),
    "email": _("Email"),
    "phone": _("Phone"),
    "language": _("Language"),
    "currency": _("Currency"),
    "price": _("Price"),
    "to": _("New name"),
    "replace": _("Put it in the place of the one with this name"),
}
