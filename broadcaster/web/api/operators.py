"""The people of the team: added, invited, made something else, and let in no more."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from broadcaster.access.operators import Standing
from broadcaster.bootstrap import Runtime
from broadcaster.domain.access import Action, Role
from broadcaster.errors import ConflictError, NotFoundError
from broadcaster.web.api.calls import Calls, Inside, Model, Number, Text, Who

calls = Calls("team")

_RoleWord = Literal["viewer", "author", "approver", "duty_officer", "administrator"]
_Roles = Annotated[
    list[_RoleWord], Field(min_length=1, max_length=len(Role), examples=[["author"]])
]


class OperatorWhole(BaseModel):
    """Somebody of the team, and by what they enter."""

    id: int
    name: str
    roles: list[str]
    locale: str | None
    created_at: datetime
    disabled_at: datetime | None
    seen_at: datetime | None = Field(description="When a session of theirs was last used.")
    password: bool
    authenticator: bool
    passkeys: int
    identity_provider: bool


class OperatorNew(Model):
    """Somebody who is to be on the team."""

    name: Text = Field(examples=["Salma"])
    roles: _Roles


class RolesGiven(Model):
    """What somebody is from now on."""

    roles: _Roles


class InvitationNew(Model):
    """A link by which somebody sets a password."""

    reset: bool = Field(
        default=False,
        description="Take authenticator, passkeys and written codes away from who lost them.",
    )


class Invited(OperatorWhole):
    """Somebody who was invited; the link is told here and never again."""

    invitation: str = Field(description="By it they set a password: good once, for 24 hours.")


class SessionShown(BaseModel):
    """Where somebody is signed in."""

    id: int
    since: datetime
    seen_at: datetime
    ends_at: datetime
    by: str = Field(description="By what they proved who they are.")
    browser: str


class SessionList(BaseModel):
    """Where somebody is signed in, the last used first."""

    items: list[SessionShown]


class Ended(BaseModel):
    """How many sessions were ended."""

    ended: int


@calls.post("/operators", Action.ADMINISTER, 201, summary="Add an operator")
def create_operator(inside: Inside, who: Who, body: OperatorNew) -> Invited:
    """Add somebody and invite them: the link is told here and never again."""
    by, roles = who.operator.name, [Role(one) for one in body.roles]
    added = inside.operators.add(body.name, roles, by, inside.clock.now())
    return _invited(inside, inside.operators.standing(added.id), by, reset=False)


@calls.get("/operators/{operator}", Action.ADMINISTER, summary="Show an operator")
def show_operator(inside: Inside, operator: Number) -> OperatorWhole:
    """Show what somebody is, and by what they enter."""
    return _whole(inside.operators.standing(operator))


@calls.put("/operators/{operator}/roles", Action.ADMINISTER, summary="Change roles")
def set_roles(inside: Inside, who: Who, operator: Number, body: RolesGiven) -> OperatorWhole:
    """Say what somebody is from now on; their sessions end. One administrator has to stay."""
    inside.operators.give_roles(operator, [Role(one) for one in body.roles], who.operator.name)
    return _whole(inside.operators.standing(operator))


@calls.post(
    "/operators/{operator}/invitations", Action.ADMINISTER, 201, summary="Invite an operator"
)
def invite_operator(
    inside: Inside, who: Who, operator: Number, body: InvitationNew | None = None
) -> Invited:
    """Make a new link by which somebody sets a password; the link before it ends."""
    found = inside.operators.standing(operator)
    if found.disabled_at is not None:
        message = f"{found.operator.name} may not enter. Let them in again first."
        raise ConflictError(message)
    return _invited(inside, found, who.operator.name, reset=body is not None and body.reset)


@calls.post("/operators/{operator}/disable", Action.ADMINISTER, summary="Disable an operator")
def disable_operator(inside: Inside, who: Who, operator: Number) -> OperatorWhole:
    """Let somebody in no more, nor a key of theirs; not oneself, nor the last administrator."""
    found = inside.operators.standing(operator)
    if found.operator.name == who.owner:
        message = "The key acts for that operator, and nobody shuts themselves out."
        raise ConflictError(message)
    inside.operators.disable(operator, who.operator.name, inside.clock.now())
    return _whole(inside.operators.standing(operator))


@calls.post("/operators/{operator}/enable", Action.ADMINISTER, summary="Enable an operator")
def enable_operator(inside: Inside, who: Who, operator: Number) -> OperatorWhole:
    """Let somebody in again, as before."""
    inside.operators.enable(operator, who.operator.name)
    return _whole(inside.operators.standing(operator))


@calls.get("/operators/{operator}/sessions", Action.ADMINISTER, summary="List sessions")
def list_sessions(inside: Inside, operator: Number) -> SessionList:
    """List where somebody is signed in."""
    inside.operators.by_id(operator)
    return SessionList(
        items=[
            SessionShown(
                id=one.id,
                since=one.created_at,
                seen_at=one.seen_at,
                ends_at=one.ends_at,
                by=one.factor.value,
                browser=one.browser,
            )
            for one in inside.sessions.list(operator, inside.clock.now())
        ]
    )


@calls.delete("/operators/{operator}/sessions", Action.ADMINISTER, summary="End all sessions")
def end_sessions(inside: Inside, who: Who, operator: Number) -> Ended:
    """Sign somebody out everywhere."""
    inside.operators.by_id(operator)
    return Ended(ended=inside.sessions.end_all(operator, who.operator.name))


@calls.delete(
    "/operators/{operator}/sessions/{session}", Action.ADMINISTER, summary="End a session"
)
def end_session(inside: Inside, who: Who, operator: Number, session: Number) -> Ended:
    """Sign somebody out in one place."""
    inside.operators.by_id(operator)
    if not inside.sessions.end_one(operator, session, who.operator.name):
        raise NotFoundError("session", f"there is no {session} of theirs", "List their sessions.")
    return Ended(ended=1)


def _invited(inside: Runtime, found: Standing, by: str, *, reset: bool) -> Invited:
    link = inside.invitation(found.operator.name, by, reset=reset)
    told = _whole(inside.operators.standing(found.operator.id))
    return Invited(**told.model_dump(), invitation=link)


def _whole(one: Standing) -> OperatorWhole:
    return OperatorWhole(
        id=one.operator.id,
        name=one.operator.name,
        roles=sorted(one.operator.roles),
        locale=one.operator.locale,
        created_at=one.created_at,
        disabled_at=one.disabled_at,
        seen_at=one.seen_at,
        password=one.password,
        authenticator=one.totp,
        passkeys=one.passkeys,
        identity_provider=one.provider,
    )
