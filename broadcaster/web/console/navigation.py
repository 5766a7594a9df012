"""Where one can go in the console; who may not go somewhere is not shown the way."""

from dataclasses import dataclass

from broadcaster.domain.access import Action


def _(text: str) -> str:
    return text


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One way; `label` is translated where it is shown."""

    path: str
    label: str
    action: Action


def leads_to(path: str) -> bool:
    """Tell whether there are such pages, so that others may point to them."""
    return any(entry.path == path for entry in ENTRIES)


#: In the order in which they are shown. One appears when its pages do.
ENTRIES = (
    Entry(path="/", label=_("Home"), action=Action.LOOK),
    Entry(path="/campaigns", label=_("Campaigns"), action=Action.LOOK),
    Entry(path="/compose", label=_("New campaign"), action=Action.WRITE),
    Entry(path="/approvals", label=_("Approvals"), action=Action.LOOK),
    Entry(path="/operators", label=_("Operators"), action=Action.ADMINISTER),
    Entry(path="/keys", label=_("Keys"), action=Action.ADMINISTER),
    Entry(path="/webhooks", label=_("Webhooks"), action=Action.ADMINISTER),
    Entry(path="/audit", label=_("Audit"), action=Action.AUDIT),
)
