"""Outgoing webhooks: endpoints, and the log of what they were told."""

from datetime import datetime
from typing import Annotated

from fastapi import Request, Response
from pydantic import BaseModel, Field

from broadcaster.domain.access import Action
from broadcaster.domain.webhook import EventType, identity
from broadcaster.web.api import paging
from broadcaster.web.api.calls import Calls, Inside, Model, Number, Text, Who
from broadcaster.web.api.paging import After, Limit, Page
from broadcaster.web.api.segments import Deleted
from broadcaster.webhooks.endpoints import Webhook
from broadcaster.webhooks.outbox import Attempt

calls = Calls("webhooks")

_Url = Annotated[str, Field(min_length=1, max_length=2000, examples=["https://example.com/hook"])]
_Events = Annotated[
    list[Text], Field(min_length=1, max_length=len(EventType), examples=[["campaign.completed"]])
]


class WebhookShown(BaseModel):
    """An endpoint, without its secret."""

    id: int
    url: str
    events: list[str]
    active: bool
    made_by: str
    created_at: datetime
    failing_since: datetime | None
    disabled_why: str | None
    waiting: int = Field(description="How many events wait to be told.")


class WebhookMade(WebhookShown):
    """An endpoint that was made; `secret` is told here and never again."""

    secret: str = Field(description="`whsec_…`: verifies signatures, see docs/webhooks.md.")


class WebhookNew(Model):
    """An endpoint to be made."""

    url: _Url
    events: _Events


class WebhookChange(Model):
    """What is to change; what is left out stays."""

    url: _Url | None = None
    events: _Events | None = None
    active: bool | None = None


class Secret(BaseModel):
    """A new secret, told here and never again; the former one holds no more."""

    id: int
    secret: str


class Tested(BaseModel):
    """The event by which an endpoint is tried."""

    event: str


class AttemptShown(BaseModel):
    """An attempt at an endpoint."""

    event: str
    type: str
    attempt: int
    at: datetime
    status: int | None = Field(description="What it answered; null where it did not.")
    seconds: float
    fault: str
    state: str = Field(description="waiting, claimed, delivered or dropped: how the event stands.")


@calls.get("/webhooks", Action.ADMINISTER, summary="List the webhooks")
def list_webhooks(
    inside: Inside, request: Request, response: Response, limit: Limit = 50, after: After = ""
) -> Page[WebhookShown]:
    """List endpoints."""
    begin = int(paging.begin(request, after) or 0)
    rows = [one for one in inside.webhooks.list() if one.id > begin]
    return paging.page(
        request, response, rows[: limit + 1], limit, key=lambda one: one.id, show=_webhook
    )


@calls.post("/webhooks", Action.ADMINISTER, 201, summary="Make a webhook")
def create_webhook(inside: Inside, who: Who, body: WebhookNew) -> WebhookMade:
    """Make an endpoint; its secret is told here and never again."""
    made, secret = inside.webhooks.add(body.url, body.events, who.operator.name, inside.clock.now())
    return WebhookMade(**_webhook(made).model_dump(), secret=secret)


@calls.get("/webhooks/{webhook}", Action.ADMINISTER, summary="Show a webhook")
def show_webhook(inside: Inside, webhook: Number) -> WebhookShown:
    """Show one."""
    return _webhook(inside.webhooks.get(webhook))


@calls.patch("/webhooks/{webhook}", Action.ADMINISTER, summary="Change a webhook")
def change_webhook(inside: Inside, who: Who, webhook: Number, body: WebhookChange) -> WebhookShown:
    """Change address or events, turn it off, or on again after it failed."""
    return _webhook(
        inside.webhooks.change(
            webhook,
            who.operator.name,
            inside.clock.now(),
            url=body.url,
            events=body.events,
            active=body.active,
        )
    )


@calls.delete("/webhooks/{webhook}", Action.ADMINISTER, summary="Delete a webhook")
def delete_webhook(inside: Inside, who: Who, webhook: Number) -> Deleted:
    """Take an endpoint away, with its log."""
    inside.webhooks.remove(webhook, who.operator.name)
    return Deleted(deleted=str(webhook))


@calls.post("/webhooks/{webhook}/secret", Action.ADMINISTER, summary="Renew a webhook's secret")
def renew_webhook(inside: Inside, who: Who, webhook: Number) -> Secret:
    """Give an endpoint another secret, told here and never again."""
    return Secret(id=webhook, secret=inside.webhooks.renew(webhook, who.operator.name))


@calls.post("/webhooks/{webhook}/test", Action.ADMINISTER, 202, summary="Try a webhook")
def try_webhook(inside: Inside, webhook: Number) -> Tested:
    """Have an event sent to an endpoint that says nothing; the log tells what came of it."""
    return Tested(event=identity(inside.webhooks.test(webhook, inside.clock.now())))


@calls.get("/webhooks/{webhook}/attempts", Action.ADMINISTER, summary="Read a webhook's log")
def list_attempts(
    inside: Inside,
    request: Request,
    response: Response,
    webhook: Number,
    limit: Limit = 50,
    after: After = "",
) -> Page[AttemptShown]:
    """List attempts at an endpoint, the latest first; the latest 500 of a week are kept."""
    before = paging.begin(request, after)
    one = inside.webhooks.get(webhook)
    rows = inside.outbox.log(one.id, int(before) if before is not None else None, limit + 1)
    return paging.page(request, response, rows, limit, key=lambda row: row.id, show=_attempt)


def _webhook(one: Webhook) -> WebhookShown:
    return WebhookShown(
        id=one.id,
        url=one.url,
        events=list(one.events),
        active=one.active,
        made_by=one.made_by,
        created_at=one.created_at,
        failing_since=one.failing_since,
        disabled_why=one.disabled_why,
        waiting=one.waiting,
    )


def _attempt(row: Attempt) -> AttemptShown:
    return AttemptShown(
        event=identity(row.event),
        type=row.type,
        attempt=row.attempt,
        at=row.at,
        status=row.status,
        seconds=round(row.seconds, 3),
        fault=row.fault,
        state=row.state,
    )
