"""The team, its keys, what it did, and what everybody may read."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query, Request, Response
from pydantic import BaseModel, Field

from broadcaster.access.operators import Standing
from broadcaster.domain.access import ALLOWED, Action, Role, allowed
from broadcaster.domain.api_key import DAYS, MOST_DAYS, MOST_RATE, RATE, ApiKey
from broadcaster.web.api import paging
from broadcaster.web.api.calls import Calls, Inside, Model, Number, Text, Who
from broadcaster.web.api.given import given
from broadcaster.web.api.paging import After, Limit, Page

calls = Calls("team")


class Me(BaseModel):
    """Whose key it is, and what it may."""

    name: str
    owner: str
    scopes: list[str] = Field(description="What it may do now.")
    expires_at: datetime


class OperatorShown(BaseModel):
    """Somebody of the team."""

    id: int
    name: str
    roles: list[str]
    locale: str | None
    created_at: datetime
    active: bool


class RoleShown(BaseModel):
    """A role, and what it may."""

    role: str
    actions: list[str]


class Roles(BaseModel):
    """All roles."""

    items: list[RoleShown]


class KeyShown(BaseModel):
    """A key of the API, without the key."""

    id: int
    name: str
    prefix: str = Field(description="How the key begins.")
    owner: str = Field(description="For whom it acts.")
    scopes: list[str]
    rate: int = Field(description="Requests a minute.")
    made_by: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


class KeyMade(KeyShown):
    """A key that was made; `key` is told here and never again."""

    key: str


class KeyNew(Model):
    """A key to be made."""

    name: Text = Field(examples=["billing"])
    owner: Text = Field(description="The operator for whom it acts.", examples=["Amina"])
    scopes: list[Text] = Field(min_length=1, max_length=len(Action), examples=[["look"]])
    days: int = Field(DAYS, ge=1, le=MOST_DAYS)
    rate: int = Field(RATE, ge=1, le=MOST_RATE)


class AuditShown(BaseModel):
    """Who did what to which thing, and when."""

    id: int
    at: datetime
    by: str
    action: str
    subject: str
    details: dict[str, Any]


class PublicationShown(BaseModel):
    """What everybody may read of an advisory."""

    advisory: int
    campaign: int
    cancelled_at: datetime | None
    url: str


@calls.get("/me", Action.LOOK, summary="Show the key that asks")
def show_me(who: Who) -> Me:
    """Show whose key it is, and what it may do now."""
    return Me(
        name=who.operator.name,
        owner=who.owner,
        scopes=[one.value for one in Action if who.operator.may(one)],
        expires_at=who.expires_at,
    )


@calls.get("/operators", Action.ADMINISTER, summary="List the operators")
def list_operators(
    inside: Inside, request: Request, response: Response, limit: Limit = 50, after: After = ""
) -> Page[OperatorShown]:
    """List the people of the team."""
    rows = inside.operators.page(int(paging.begin(request, after) or 0), limit + 1)
    return paging.page(
        request, response, rows, limit, key=lambda one: one.operator.id, show=_member
    )


@calls.get("/roles", Action.LOOK, summary="List the roles")
def list_roles(inside: Inside) -> Roles:
    """List the roles, and what each may do."""
    del inside
    order = list(ALLOWED)
    return Roles(
        items=[
            RoleShown(
                role=role.value,
                actions=[one.value for one in order if one in allowed([role])],
            )
            for role in Role
        ]
    )


@calls.get("/api-keys", Action.ADMINISTER, summary="List the keys")
def list_api_keys(
    inside: Inside, request: Request, response: Response, limit: Limit = 50, after: After = ""
) -> Page[KeyShown]:
    """List keys, the newest first, revoked ones too."""
    before = paging.begin(request, after)
    rows = [one for one in inside.api_keys.list() if before is None or one.id < before]
    return paging.page(
        request, response, rows[: limit + 1], limit, key=lambda one: one.id, show=_key
    )


@calls.post("/api-keys", Action.ADMINISTER, 201, summary="Make a key")
def create_api_key(inside: Inside, who: Who, body: KeyNew) -> KeyMade:
    """Make a key that acts for an operator; the key itself is told here and never again."""
    with given():
        made, token = inside.api_keys.add(
            body.name,
            body.owner,
            body.scopes,
            who.operator.name,
            inside.clock.now(),
            days=body.days,
            rate=body.rate,
        )
    return KeyMade(**_key(made).model_dump(), key=token)


@calls.delete("/api-keys/{key}", Action.ADMINISTER, summary="Revoke a key")
def revoke_api_key(inside: Inside, who: Who, key: Number) -> KeyShown:
    """End a key for good, now."""
    return _key(inside.api_keys.revoke(key, who.operator.name, inside.clock.now()))


@calls.get("/audit", Action.AUDIT, summary="Read the audit trail")
def list_audit(
    inside: Inside,
    request: Request,
    response: Response,
    subject: Annotated[str | None, Query(max_length=200, examples=["campaign 12"])] = None,
    by: Annotated[str | None, Query(max_length=200)] = None,
    action: Annotated[str | None, Query(max_length=100)] = None,
    limit: Limit = 50,
    after: After = "",
) -> Page[AuditShown]:
    """Read who did what, the latest first."""
    before = paging.begin(request, after)
    rows = inside.audit_trail.lines(
        before=int(before) if before is not None else None,
        subject=subject,
        actor=by,
        action=action,
        limit=limit + 1,
    )
    return paging.page(
        request,
        response,
        rows,
        limit,
        key=lambda one: one.id,
        show=lambda one: AuditShown(
            id=one.id,
            at=one.at,
            by=one.actor,
            action=one.action,
            subject=one.subject,
            details=dict(one.details),
        ),
    )


@calls.get("/publications", Action.LOOK, summary="List what is published")
def list_publications(
    inside: Inside, request: Request, response: Response, limit: Limit = 50, after: After = ""
) -> Page[PublicationShown]:
    """List what everybody may read, the newest first."""
    before = paging.begin(request, after)
    rows = inside.publications.page(int(before) if before is not None else None, limit + 1)
    public = inside.settings.public_url
    return paging.page(
        request,
        response,
        rows,
        limit,
        key=lambda row: row[0],
        show=lambda row: PublicationShown(
            advisory=row[0],
            campaign=row[1],
            cancelled_at=row[2],
            url=f"{public}/advisories/{row[0]}",
        ),
    )


def _member(one: Standing) -> OperatorShown:
    return OperatorShown(
        id=one.operator.id,
        name=one.operator.name,
        roles=sorted(one.operator.roles),
        locale=one.operator.locale,
        created_at=one.created_at,
        active=one.disabled_at is None,
    )


def _key(one: ApiKey) -> KeyShown:
    return KeyShown(
        id=one.id,
        name=one.name,
        prefix=one.prefix,
        owner=one.owner,
        scopes=list(one.scopes),
        rate=one.rate,
        made_by=one.made_by,
        created_at=one.created_at,
        expires_at=one.expires_at,
        used_at=one.used_at,
        revoked_at=one.revoked_at,
    )
