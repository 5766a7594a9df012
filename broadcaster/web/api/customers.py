"""Customers: found, shown, stored, told what is kept of them, and erased."""

import json
from typing import Annotated, Any, Literal

from fastapi import Query, Request, Response
from pydantic import BaseModel, Field

from broadcaster.bootstrap.disclosing import disclosed
from broadcaster.bootstrap.standing_figures import figures
from broadcaster.domain.access import Action
from broadcaster.domain.consent import Scope, Source
from broadcaster.domain.message import DELIVERY_CHANNELS, Channel
from broadcaster.errors import NotFoundError
from broadcaster.ledger.consents import Said
from broadcaster.web.api import paging
from broadcaster.web.api.calls import (
    Calls,
    ChannelWord,
    Figures,
    Inside,
    Model,
    Name,
    Note,
    Purpose,
    Text,
    Who,
)
from broadcaster.web.api.given import address_of
from broadcaster.web.api.moments import moment_of
from broadcaster.web.api.paging import After, Limit, Page

calls = Calls("customers")

Why = Annotated[
    str,
    Query(min_length=1, max_length=500, description="Why somebody looks, for the audit."),
]


class AddressAsked(Model):
    """An address to be looked for, and why."""

    address: Text = Field(examples=["+212612345678"])
    purpose: Note


class Found(BaseModel):
    """The numbers of the customers who have an address."""

    customers: list[str]


class CustomerShown(BaseModel):
    """A customer and their addresses."""

    customer: Figures
    addresses: list[Figures]


class Standings(BaseModel):
    """How a customer stands at each address, class by class, and the history."""

    items: list[Figures]


class ConsentNew(Model):
    """A word that a customer said, or somebody who decides about them."""

    channels: list[ChannelWord] = Field(
        default_factory=list, max_length=3, description="None: all."
    )
    scope: Literal["promotional", "service", "everything"]
    granted: bool
    source: Literal["operator", "order", "regulator", "stop", "complaint"] = "operator"
    proof: Note = Field(description="What proves it; without a name or an address.")
    at: Text | None = Field(None, description="When it was said; none: now.")


class ConsentRecorded(BaseModel):
    """The records that were made, and how the customer stands now."""

    records: list[int]
    standing: list[Figures]


class Reason(Model):
    """Why somebody is erased; without a name."""

    reason: Note


class AccessShown(BaseModel):
    """Somebody who looked at a customer's data."""

    at: str
    by: str
    action: str
    subject: str
    purpose: str | None


class Accesses(BaseModel):
    """Who looked at a customer's data, and why."""

    items: list[AccessShown]


@calls.post("/customers/find", Action.SEE_PEOPLE, summary="Find customers by an address")
def find_customers(inside: Inside, who: Who, body: AddressAsked) -> Found:
    """Find the numbers of those who have an address, by its exact value; noted of each."""
    wanted = address_of(inside, body.address)
    numbers = inside.accesses.owners(wanted, who.operator.name, body.purpose)
    return Found(customers=list(numbers))


@calls.get("/customers/{number}", Action.SEE_PEOPLE, summary="Show a customer")
def show_customer(inside: Inside, who: Who, number: Name, purpose: Why) -> CustomerShown:
    """Show who a customer is and how they are reached; who looked, and why, is noted."""
    held = inside.disclosure.person(number, who.operator.name, purpose)
    return CustomerShown(**_plain(held))


@calls.get(
    "/customers/{number}/consents", Action.SEE_PEOPLE, summary="Show what a customer agreed to"
)
def list_consents(inside: Inside, who: Who, number: Name) -> Standings:
    """Show what may go to a customer by class, why, and the history; masked, and noted."""
    inside.accesses.seen([number], who.operator.name, "consents", "what they agreed to")
    return Standings(items=[figures(one) for one in inside.consents.of_customer(number)])


@calls.post(
    "/customers/{number}/consents",
    Action.CHANGE_PEOPLE,
    201,
    summary="Record what a customer said",
)
def record_consent(inside: Inside, who: Who, number: Name, body: ConsentNew) -> ConsentRecorded:
    """Record that a customer, or somebody who decides about them, agreed or refused."""
    said = Said(
        channels=[Channel(one) for one in body.channels] or DELIVERY_CHANNELS,
        scope=Scope(body.scope),
        granted=body.granted,
        source=Source(body.source),
        proof=body.proof,
        by=who.operator.name,
        at=moment_of(inside, "at", body.at),
    )
    ids = inside.consents.record_customer(number, said, inside.clock.now())
    standing = [figures(one) for one in inside.consents.of_customer(number)]
    return ConsentRecorded(records=list(ids), standing=standing)


@calls.get(
    "/customers/{number}/messages", Action.SEE_PEOPLE, summary="List what a customer was sent"
)
def list_messages(
    inside: Inside,
    who: Who,
    request: Request,
    response: Response,
    number: Name,
    purpose: Why,
    limit: Limit = 50,
    after: After = "",
) -> Page[Figures]:
    """List every message that was planned for a customer, and what became of it; noted."""
    begin = paging.begin(request, after) or 0
    rows = list(enumerate(inside.disclosure.messages(number, who.operator.name, purpose), 1))
    chosen = [row for row in rows if row[0] > begin][: limit + 1]
    return paging.page(
        request, response, chosen, limit, key=lambda row: row[0], show=lambda row: _plain(row[1])
    )


@calls.get("/customers/{number}/accesses", Action.AUDIT, summary="List who looked at a customer")
def list_accesses(inside: Inside, number: Name) -> Accesses:
    """List who looked at a customer's data, and why."""
    return Accesses(
        items=[
            AccessShown(
                at=one.at.isoformat(),
                by=one.by,
                action=one.action,
                subject=one.subject,
                purpose=one.purpose,
            )
            for one in inside.accesses.of(number)[-1000:]
        ]
    )


@calls.post(
    "/customers/{number}/disclosure", Action.ERASE, summary="Give out what is kept of a customer"
)
def disclose_customer(inside: Inside, who: Who, number: Name, body: Purpose) -> Figures:
    """Give everything that is held about a customer, with what each part is; noted."""
    held: Figures = _plain(disclosed(inside, number, who.operator.name, body.purpose))
    return held


@calls.post("/customers/{number}/erasure", Action.ERASE, summary="Erase a customer")
def erase_customer(inside: Inside, who: Who, number: Name, body: Reason) -> Figures:
    """Erase a customer; figures stay as they are, and their addresses stay barred.

    Refused while a message to them is in the air, or an advisory that protects them is valid.
    """
    done = inside.erasure.erase(number, who.operator.name, body.reason, inside.clock.now())
    if not done.found:
        raise NotFoundError("customer", "there is none of that number", "Look at it again.")
    names = type(done).__dataclass_fields__
    held: Figures = _plain({name: getattr(done, name) for name in names})
    return held


def _plain(value: Any) -> Any:  # noqa: ANN401  (what JSON can hold, once times are texts)
    return json.loads(json.dumps(value, ensure_ascii=False, default=_text))


def _text(value: object) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
