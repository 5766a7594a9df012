"""Where one can go in the console; who may not go somewhere is not shown the way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from broadcaster.domain.access import Action, Operator


def _(text: str) -> str:
    return text


class Group(StrEnum):
    """What belongs together, in the order in which it is shown."""

    CAMPAIGNS = "campaigns"
    PEOPLE = "people"
    CONTENT = "content"
    ADMINISTRATION = "administration"


#: The heading over each group.
GROUPS: Mapping[Group, str] = {
    Group.CAMPAIGNS: _("Campaigns"),
    Group.PEOPLE: _("People"),
    Group.CONTENT: _("Content and networks"),
    Group.ADMINISTRATION: _("Administration"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One way; `label` is translated where it is shown."""

    path: str
    label: str
    action: Action
    group: Group


def leads_to(path: str) -> bool:
    """Tell whether there are such pages, so that others may point to them."""
    return any(entry.path == path for entry in ENTRIES)


def ways(operator: Operator) -> Sequence[tuple[str, Sequence[Entry]]]:
    """Give the ways that are somebody's to go, below the heading of their group."""
    shown = [entry for entry in ENTRIES if operator.may(entry.action)]
    grouped = (
        (label, [one for one in shown if one.group is group]) for group, label in GROUPS.items()
    )
    return [(label, entries) for label, entries in grouped if entries]


def here(path: str) -> Entry | None:
    """Give the way on which a page lies: the one with the longest address that it is below."""
    within = [entry for entry in ENTRIES if _within(path, entry.path)]
    return max(within, key=lambda entry: len(entry.path), default=None)


def _within(path: str, root: str) -> bool:
    return path == root or (root != "/" and path.startswith(f"{root}/"))


def _entry(path: str, label: str, action: Action, group: Group) -> Entry:
    return Entry(path=path, label=label, action=action, group=group)


_C, _P, _N, _A = Group

#: In the order in which they are shown. One appears when its pages do.
ENTRIES = (
    _entry("/", _("Home"), Action.LOOK, _C),
    _entry("/campaigns", _("Campaigns"), Action.LOOK, _C),
    _entry("/compose", _("New campaign"), Action.WRITE, _C),
    _entry("/approvals", _("Approvals"), Action.LOOK, _C),
    _entry("/customers", _("Customers"), Action.SEE_PEOPLE, _P),
    _entry("/requests", _("Access and erasure"), Action.ERASE, _P),
    _entry("/segments", _("Segments"), Action.LOOK, _P),
    _entry("/areas", _("Areas"), Action.LOOK, _P),
    _entry("/attributes", _("Attributes"), Action.LOOK, _P),
    _entry("/rules", _("Fair use"), Action.LOOK, _P),
    _entry("/kinds", _("Kinds"), Action.LOOK, _N),
    _entry("/providers", _("Providers"), Action.LOOK, _N),
    _entry("/operators", _("Operators"), Action.ADMINISTER, _A),
    _entry("/keys", _("Keys"), Action.ADMINISTER, _A),
    _entry("/webhooks", _("Webhooks"), Action.ADMINISTER, _A),
    _entry("/audit", _("Audit"), Action.AUDIT, _A),
)
