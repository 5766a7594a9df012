"""Who on the team may do what: one table, for the console, the API and its keys alike; pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from broadcaster.errors import InvalidInputError


class Role(StrEnum):
    """What an operator is on the team."""

    #: Looks at campaigns and their figures; sees nobody's data.
    VIEWER = "viewer"
    #: Writes advisories, and chooses whom they are for.
    AUTHOR = "author"
    #: Gives the second look, launches and stops.
    APPROVER = "approver"
    #: On call: does everything around a campaign, alone if there is no other way.
    DUTY_OFFICER = "duty_officer"
    #: Looks after operators, keys and limits; tells customers nothing.
    ADMINISTRATOR = "administrator"


class Action(StrEnum):
    """What can be done, as far as it needs leave; a page or a call needs one of them."""

    #: See campaigns, segments, areas, kinds, limits, and figures of them.
    LOOK = "look"
    #: See customers, their addresses, what was sent to each, and lists of them.
    SEE_PEOPLE = "see_people"
    #: Make and change drafts: facts, wording, audience, plan, schedule.
    WRITE = "write"
    #: Make and change segments and areas.
    EDIT_AUDIENCE = "edit_audience"
    #: Bring in customers, and change their consents and suppressions.
    CHANGE_PEOPLE = "change_people"
    #: Erase a person, and hand out what is kept of one.
    ERASE = "erase"
    #: Approve what somebody else wrote.
    APPROVE = "approve"
    #: Approve without a second person, in an emergency; recorded and shown.
    BYPASS = "bypass"
    #: Launch what is approved, and resume what is paused.
    LAUNCH = "launch"
    #: Pause, hold and cancel.
    STOP = "stop"
    #: Send again to the failed, turn to the next channel, release what is held.
    STEER = "steer"
    #: Add, replace and remove kinds; review translations.
    EDIT_KINDS = "edit_kinds"
    #: Change the limits of providers, tariffs, and the rules of fair use.
    CHANGE_LIMITS = "change_limits"
    #: Read who did what.
    AUDIT = "audit"
    #: Make operators, roles, API keys and webhooks.
    ADMINISTER = "administer"


_VIEWER, _AUTHOR, _APPROVER, _DUTY, _ADMIN = Role

#: Who may do it. Every action is here; `tests/unit/test_access_table.py` writes it out again.
ALLOWED: Mapping[Action, frozenset[Role]] = MappingProxyType(
    {
        Action.LOOK: frozenset(Role),
        Action.SEE_PEOPLE: frozenset({_AUTHOR, _APPROVER, _DUTY}),
        Action.WRITE: frozenset({_AUTHOR, _DUTY}),
        Action.EDIT_AUDIENCE: frozenset({_AUTHOR, _DUTY}),
        Action.CHANGE_PEOPLE: frozenset({_AUTHOR, _DUTY}),
        Action.ERASE: frozenset({_ADMIN}),
        Action.APPROVE: frozenset({_APPROVER, _DUTY}),
        Action.BYPASS: frozenset({_DUTY}),
        Action.LAUNCH: frozenset({_APPROVER, _DUTY}),
        Action.STOP: frozenset({_AUTHOR, _APPROVER, _DUTY}),
        Action.STEER: frozenset({_APPROVER, _DUTY}),
        Action.EDIT_KINDS: frozenset({_AUTHOR, _ADMIN}),
        Action.CHANGE_LIMITS: frozenset({_DUTY, _ADMIN}),
        Action.AUDIT: frozenset({_APPROVER, _DUTY, _ADMIN}),
        Action.ADMINISTER: frozenset({_ADMIN}),
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Operator:
    """Somebody of the team, or a key that stands for one, and what they may do.

    `name` is what the audit trail has. `actions` is what their roles allow; for an API key, what
    its scopes leave of that.
    """

    id: int
    name: str
    roles: frozenset[Role]
    actions: frozenset[Action]
    locale: str | None = None

    def may(self, action: Action) -> bool:
        """Tell whether they may do it."""
        return action in self.actions


def allowed(roles: Iterable[Role]) -> frozenset[Action]:
    """Give what somebody with these roles may do."""
    mine = frozenset(roles)
    return frozenset(action for action, those in ALLOWED.items() if mine & those)


def roles_of(words: Iterable[str]) -> frozenset[Role]:
    """Read roles; InvalidInputError for one that is unknown, or where there are none."""
    known = {role.value: role for role in Role}
    found = [word.strip().lower() for word in words if word.strip()]
    unknown = [word for word in found if word not in known]
    if unknown or not found:
        problem = f"{unknown[0][:40]!r} is unknown" if unknown else "is empty"
        raise InvalidInputError("role", problem, f"Use {', '.join(known)}.")
    return frozenset(known[word] for word in found)


class Factor(StrEnum):
    """By what somebody proved who they are when their session began."""

    PASSWORD = "password"  # noqa: S105  (a word, and no secret)
    #: A password and the code of an authenticator.
    TOTP = "totp"
    #: A password and one of the codes that were written down.
    RECOVERY = "recovery"
    #: A passkey, whose device asked for a PIN or a finger, or which came after a password.
    PASSKEY = "passkey"
    #: The organisation's identity provider, which asks for what it wants.
    PROVIDER = "provider"
    #: A link that is good once, made by somebody who has the database.
    LINK = "link"


#: What takes more than a password.
_STRONG = frozenset({Factor.TOTP, Factor.RECOVERY, Factor.PASSKEY, Factor.PROVIDER})

#: What is done only by who proved who they are a short while ago: a screen that was left open, or a
#: stolen session, is not enough.
FRESH: frozenset[Action] = frozenset({Action.ADMINISTER, Action.ERASE, Action.BYPASS})
FRESH_FOR = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """Somebody who is signed in.

    `confirmed_at` is when they last proved who they are; `confirmable` whether they have anything
    that they can be asked for.
    """

    id: int
    operator: Operator
    confirmed_at: datetime
    factor: Factor = Factor.LINK
    confirmable: bool = True

    @property
    def strong(self) -> bool:
        """Whether it took more than a password."""
        return self.factor in _STRONG

    def fresh(self, now: datetime) -> bool:
        """Tell whether they proved it a short while ago."""
        return not self.confirmable or now - self.confirmed_at <= FRESH_FOR
