"""Customers: found, shown, stored, told what is kept of them, and erased."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import Query, Request, Response
from pydantic import BaseModel, Field

from broadcaster.audience.columns import CHANNELS, COLUMNS
from broadcaster.audience.draft import Finding
from broadcaster.bootstrap import Runtime
from broadcaster.bootstrap.disclosing import disclosed
from broadcaster.bootstrap.people import importer
from broadcaster.bootstrap.standing_figures import figures
from broadcaster.domain.access import Action
from broadcaster.domain.consent import Scope, Source
from broadcaster.domain.customer import CustomerRecord
from broadcaster.domain.message import DELIVERY_CHANNELS, Channel
from broadcaster.errors import InvalidInputError, NotFoundError
from broadcaster.ledger.consents import Said
from broadcaster.ledger.wishes import FOLLOWED
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
#: The most octets of a thousand customers.
_BULK = 4 * 2**20


class AddressAsked(Model):
    """An address to be looked for, and why."""

    address: Text = Field(examples=["+212612345678"])
    purpose: Note


class Found(BaseModel):
    """The numbers of the customers who have an address."""

    customers: list[str]


class CustomerGiven(Model):
    """A customer, as a row of a file has them; what is not given is not known.

    Texts are read as in imports (docs/customers.md). What customers chose by themselves stays:
    their languages, and unless some are given here, their browsers and the areas they follow.
    """

    name: Text = Field(examples=["Amina"])
    name_latin: Text | None = None
    locales: list[Annotated[str, Field(min_length=2, max_length=35)]] = Field(
        default_factory=list, max_length=10, examples=[["ar", "fr"]]
    )
    time_zone: Text | None = Field(None, examples=["Africa/Casablanca"])
    phone: Text | None = Field(None, examples=["+212612345678"])
    phone_2: Text | None = None
    email: Text | None = Field(None, examples=["amina@example.test"])
    email_2: Text | None = None
    push_endpoint: Annotated[str, Field(min_length=1, max_length=2048)] | None = None
    push_p256dh: Text | None = None
    push_auth: Text | None = None
    fcm_token: Annotated[str, Field(min_length=1, max_length=4096)] | None = None
    longitude: float | None = Field(None, ge=-180, le=180)
    latitude: float | None = Field(None, ge=-90, le=90)
    household: Text | None = None
    opted_out: Text | None = Field(None, description="As in imports: sms, or sms:promotional.")
    consented: Text | None = Field(None, description="As in imports: email, or email:promotional.")
    attributes: dict[
        Annotated[str, Field(min_length=1, max_length=60)],
        Text | float | bool | list[Text],
    ] = Field(default_factory=dict, max_length=200)


class CustomerNumbered(CustomerGiven):
    """A customer with the utility's own number."""

    number: Text = Field(examples=["C000001"])


class Bulk(Model):
    """Customers to be stored together; all of them or none."""

    customers: list[CustomerNumbered] = Field(min_length=1, max_length=1000)


class Stored(BaseModel):
    """What came of storing customers; `findings` are values that could not be used."""

    inserted: int
    updated: int
    unchanged: int
    findings: list[dict[str, Any]]


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


@calls.post(
    "/customers/bulk", Action.CHANGE_PEOPLE, summary="Store up to a thousand customers", most=_BULK
)
def store_customers(inside: Inside, who: Who, body: Bulk) -> Stored:
    """Add customers, or change those whose number is there; all of them or none.

    One that cannot be read refuses all, and says which. An address that cannot be used refuses
    nobody; it is among the findings.
    """
    return _store(inside, body.customers, who.operator.name)


@calls.get("/customers/{number}", Action.SEE_PEOPLE, summary="Show a customer")
def show_customer(inside: Inside, who: Who, number: Name, purpose: Why) -> CustomerShown:
    """Show who a customer is and how they are reached; who looked, and why, is noted."""
    held = inside.disclosure.person(number, who.operator.name, purpose)
    return CustomerShown(**_plain(held))


@calls.put("/customers/{number}", Action.CHANGE_PEOPLE, summary="Store a customer")
def store_customer(inside: Inside, who: Who, number: Name, body: CustomerGiven) -> Stored:
    """Add a customer, or change the one of that number."""
    whole = CustomerNumbered.model_construct(**dict(body), number=number)
    return _store(inside, [whole], who.operator.name)


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


def _store(inside: Runtime, given: list[CustomerNumbered], by: str) -> Stored:
    reader = importer(inside.settings, inside.definitions.catalogue())
    known = inside.definitions.catalogue().current
    records: list[CustomerRecord] = []
    findings: list[dict[str, Any]] = []
    for index, one in enumerate(given):
        for name in one.attributes:
            if name not in known:
                field = f"customers.{index}.attributes.{name}"
                raise InvalidInputError(field, "is no attribute", "List the attributes.")
        row = reader.read(index, _cells(one))
        if row.record is None:
            wrong = next(found for found in row.findings if found.refused)
            field = f"customers.{index}.{wrong.column}"
            raise InvalidInputError(field, wrong.problem, wrong.remedy)
        records.append(row.record)
        findings += [_finding(index, found) for found in row.findings]
    saved = inside.customers.save(records, source="import", proof="api", given=_given(given, known))
    stored = {"file": "api", "inserted": saved.inserted, "updated": saved.updated}
    inside.accesses.record(by, "import_customers", "customers", "import", stored)
    return Stored(
        inserted=saved.inserted,
        updated=saved.updated,
        unchanged=saved.unchanged,
        findings=findings,
    )


def _given(given: list[CustomerNumbered], attributes: Iterable[str]) -> frozenset[str]:
    """Name what callers speak of: all there is, but what customers have chosen by themselves.

    The areas that they follow and their browsers stay, unless some are given.
    """
    said = {name for one in given for name, value in one if value is not None}
    own = {name for name, channel in CHANNELS.items() if channel is Channel.PUSH}
    columns = {*COLUMNS} - own if not said & own else {*COLUMNS}
    named = {name for one in given for name in one.attributes}
    return frozenset({*columns, *attributes} - ({FOLLOWED} - named))


def _cells(one: CustomerNumbered) -> Mapping[str, str]:
    cells = {
        name: _cell(value)
        for name, value in one
        if name not in {"attributes", "locales"} and value is not None
    }
    cells["locales"] = " ".join(one.locales)
    return cells | {name: _cell(value) for name, value in one.attributes.items()}


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ";".join(map(str, value))
    if isinstance(value, float):
        return f"{value:.15g}" if abs(value) >= 1e-4 or not value else f"{value:.10f}"  # noqa: PLR2004
    return str(value)


def _finding(index: int, found: Finding) -> dict[str, Any]:
    """Tell of a finding, without the value that it is about."""
    return {
        "customer": index,
        **{
            name: value
            for name, value in asdict(found).items()
            if name in {"column", "problem", "remedy"}
        },
        "outcome": found.outcome,
    }


def _plain(value: Any) -> Any:  # noqa: ANN401  (what JSON can hold, once times are texts)
    return json.loads(json.dumps(value, ensure_ascii=False, default=_text))


def _text(value: object) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
