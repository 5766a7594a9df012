"""Customers, brought in as rows of a file are, one or a thousand at a time."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Annotated, Any

from pydantic import BaseModel, Field

from broadcaster.audience.attributes import Kind
from broadcaster.audience.columns import CHANNELS, COLUMNS
from broadcaster.audience.draft import Finding
from broadcaster.bootstrap import Runtime
from broadcaster.bootstrap.importing import audited
from broadcaster.bootstrap.people import importer
from broadcaster.domain.access import Action
from broadcaster.domain.customer import CustomerRecord
from broadcaster.domain.message import Channel
from broadcaster.errors import InvalidInputError
from broadcaster.ledger.wishes import FOLLOWED
from broadcaster.web.api.calls import Calls, Inside, Model, Name, Text, Who

calls = Calls("customers")

#: The most octets of a thousand customers.
_BULK = 4 * 2**20
#: Longitude and latitude in degrees, as GeoJSON has them (RFC 7946).
_Place = Annotated[list[float], Field(min_length=2, max_length=2)]


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
        Text | float | bool | list[Text] | _Place,
    ] = Field(
        default_factory=dict,
        max_length=200,
        description="By name. A place is its longitude and latitude, in this order.",
    )


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


@calls.post(
    "/customers/bulk", Action.CHANGE_PEOPLE, summary="Store up to a thousand customers", most=_BULK
)
def store_customers(inside: Inside, who: Who, body: Bulk) -> Stored:
    """Add customers, or change those whose number is there; all of them or none.

    One that cannot be read refuses all, and says which. An address that cannot be used refuses
    nobody; it is among the findings.
    """
    return _store(inside, body.customers, who.operator.name)


@calls.put("/customers/{number}", Action.CHANGE_PEOPLE, summary="Store a customer")
def store_customer(inside: Inside, who: Who, number: Name, body: CustomerGiven) -> Stored:
    """Add a customer, or change the one of that number."""
    whole = CustomerNumbered.model_construct(**dict(body), number=number)
    return _store(inside, [whole], who.operator.name)


def _store(inside: Runtime, given: list[CustomerNumbered], by: str) -> Stored:
    reader = importer(inside.settings, inside.definitions.catalogue())
    known = inside.definitions.catalogue().current
    records: list[CustomerRecord] = []
    findings: list[dict[str, Any]] = []
    for index, one in enumerate(given):
        for name, value in one.attributes.items():
            field = f"customers.{index}.attributes.{name}"
            if name not in known:
                raise InvalidInputError(field, "is no attribute", "List the attributes.")
            if _numbers(value) and known[name].kind is not Kind.LOCATION:
                raise InvalidInputError(field, "is no place", "Give texts, not numbers.")
        row = reader.read(index, _cells(one))
        if row.record is None:
            wrong = next(found for found in row.findings if found.refused)
            field = f"customers.{index}.{wrong.column}"
            raise InvalidInputError(field, wrong.problem, wrong.remedy)
        records.append(row.record)
        findings += [_finding(index, found) for found in row.findings]
    saved = inside.customers.save(
        records,
        source="import",
        proof="api",
        given=_given(given, known),
        ending=audited(by, "api", "api"),
    )
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


def _numbers(value: object) -> bool:
    return isinstance(value, list) and any(isinstance(one, float) for one in value)


def _cell(value: object) -> str:
    if isinstance(value, list) and _numbers(value):
        # As a file has it, latitude first.
        return ", ".join(_cell(float(one)) for one in reversed(value))
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
