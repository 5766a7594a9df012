"""The deliveries of a campaign: listed, counted, explained, and written into a file."""

import hashlib
import io
import tempfile
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from typing import IO, Annotated, TypeVar

from fastapi import Path, Query, Request, Response
from pydantic import BaseModel, Field

from broadcaster.bootstrap import Runtime
from broadcaster.bootstrap.standing_figures import basis_figures
from broadcaster.domain.access import Action
from broadcaster.domain.api_key import Caller
from broadcaster.domain.delivery import DeliveryId, DeliveryStatus, Reason
from broadcaster.domain.message import DELIVERY_CHANNELS, Channel
from broadcaster.errors import InvalidInputError, NotFoundError
from broadcaster.ports import Selection
from broadcaster.reports.deliveries import ListedDelivery
from broadcaster.web.api import paging
from broadcaster.web.api.calls import Calls, Figures, Inside, Number, Who
from broadcaster.web.api.campaign import found
from broadcaster.web.api.customers import Why
from broadcaster.web.api.octets import Csv, blocks, digest
from broadcaster.web.api.outcomes import plain
from broadcaster.web.api.paging import After, Limit, Page

calls = Calls("campaigns")

_Word = TypeVar("_Word", bound=StrEnum)
_Words = Annotated[list[Annotated[str, Field(min_length=1, max_length=60)]], Query(max_length=50)]


class DeliveryShown(BaseModel):
    """A delivery, without its address."""

    delivery: str
    customer: str
    channel: str
    status: str
    reason: str | None
    provider: str | None
    code: str | None
    reference: str | None
    locale: str | None
    attempts: int
    due: datetime | None
    updated: datetime


class CountShown(BaseModel):
    """How many deliveries share a status, a reason, a channel and a provider."""

    status: str
    reason: str | None
    channel: str
    provider: str | None
    count: int


class Counts(BaseModel):
    """Deliveries, counted, most first."""

    items: list[CountShown]


@calls.get(
    "/campaigns/{campaign}/deliveries", Action.SEE_PEOPLE, summary="List a campaign's deliveries"
)
def list_deliveries(  # noqa: PLR0913, PLR0917  (each is a way to choose)
    inside: Inside,
    who: Who,
    request: Request,
    response: Response,
    campaign: Number,
    status: _Words = [],  # noqa: B006  (FastAPI copies it)
    reason: _Words = [],  # noqa: B006
    channel: _Words = [],  # noqa: B006
    provider: _Words = [],  # noqa: B006
    locale: _Words = [],  # noqa: B006
    limit: Limit = 50,
    after: After = "",
) -> Page[DeliveryShown]:
    """List deliveries in order, without addresses; noted of each customer on the page."""
    chosen = _selection(status, reason, channel, provider, locale)
    rows = inside.reports.deliveries(
        found(inside, campaign).id,
        chosen,
        after=int(paging.begin(request, after) or 0),
        limit=limit + 1,
    )
    note_seen(inside, who, campaign, [row.customer_number for row in rows[:limit]])
    return paging.page(
        request, response, rows, limit, key=lambda row: row.delivery.number, show=_delivery
    )


@calls.get(
    "/campaigns/{campaign}/deliveries/counts", Action.LOOK, summary="Count deliveries by reason"
)
def count_deliveries(
    inside: Inside,
    campaign: Number,
    status: _Words = [],  # noqa: B006
    reason: _Words = [],  # noqa: B006
    channel: _Words = [],  # noqa: B006
    provider: _Words = [],  # noqa: B006
    locale: _Words = [],  # noqa: B006
) -> Counts:
    """Count deliveries by status, reason, channel and provider."""
    chosen = _selection(status, reason, channel, provider, locale)
    rows = inside.reports.counts(found(inside, campaign).id, chosen)
    return Counts(items=[CountShown(**plain(asdict(row))) for row in rows])


@calls.get("/deliveries/{delivery}", Action.SEE_PEOPLE, summary="Say why something was sent")
def show_delivery(
    inside: Inside,
    delivery: Annotated[str, Path(max_length=40, pattern=r"^[0-9]{1,10}-[0-9]{1,10}$")],
) -> Figures:
    """Say on what basis a message was sent or left out, with the proof."""
    try:
        which = DeliveryId.parse(delivery)
    except ValueError as error:
        remedy = "Write it as it is listed, such as 12-345."
        raise NotFoundError("delivery", "is no delivery", remedy) from error
    if max(which.campaign, which.number) > 2**31 - 1:
        raise NotFoundError("delivery", "there is none of that number", "List deliveries.")
    return basis_figures(inside.reports.basis(which))


@calls.get(
    "/campaigns/{campaign}/export",
    Action.SEE_PEOPLE,
    summary="Write a campaign's deliveries as CSV",
    response_class=Csv,
)
def export_campaign(inside: Inside, who: Who, campaign: Number, purpose: Why) -> Csv:
    """Write every delivery as CSV, safe in a spreadsheet, without addresses; noted.

    `Content-Digest` has the SHA-256 of the file (RFC 9530).
    """
    one = found(inside, campaign)
    inside.accesses.record(who.operator.name, "export", f"campaign {one.id}", purpose, {})
    file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  (closed when it is sent)
    try:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        inside.reports.export(one.id, text)
        text.flush()
        # What is closed with it is still to be sent.
        text.detach()
        file.seek(0)
        mark = hashlib.file_digest(file, "sha256")  # type: ignore[arg-type]
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return Csv(
        blocks(file),
        headers={
            "Content-Disposition": f'attachment; filename="campaign-{one.id}.csv"',
            "Content-Digest": digest(mark.digest()),
        },
    )


def note_seen(inside: Runtime, who: Caller, campaign: int, numbers: list[str]) -> None:
    """Note of customers that somebody saw them in a list of deliveries."""
    purpose = f"the list of deliveries of campaign {campaign}"
    inside.accesses.seen(sorted(set(numbers)), who.operator.name, "deliveries", purpose)


def _selection(
    statuses: list[str],
    reasons: list[str],
    channels: list[str],
    providers: list[str],
    locales: list[str],
) -> Selection:
    return Selection(
        statuses=_known("status", statuses, DeliveryStatus, tuple(DeliveryStatus)),
        reasons=_known("reason", reasons, Reason, tuple(Reason)),
        channels=_known("channel", channels, Channel, DELIVERY_CHANNELS),
        providers=frozenset(providers),
        locales=frozenset(locales),
    )


def _known(
    field: str, words: list[str], kind: type[_Word], known: tuple[_Word, ...]
) -> frozenset[_Word]:
    for word in words:
        if word not in [one.value for one in known]:
            remedy = f"Use one of {', '.join(known)}."
            raise InvalidInputError(field, f"{word[:40]!r} is unknown", remedy)
    return frozenset(kind(word) for word in words)


def _delivery(row: ListedDelivery) -> DeliveryShown:
    return DeliveryShown(
        delivery=str(row.delivery),
        customer=row.customer_number,
        channel=row.channel.value,
        status=row.status.value,
        reason=row.reason and row.reason.value,
        provider=row.provider,
        code=row.code,
        reference=row.reference,
        locale=row.locale,
        attempts=row.attempts,
        due=row.due,
        updated=row.updated,
    )
