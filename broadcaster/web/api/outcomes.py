"""What became of a campaign: figures, lists, and the file of its deliveries."""

import hashlib
import tempfile
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import IO, Annotated, Any, TypeVar

from fastapi import Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from broadcaster import bootstrap
from broadcaster.bootstrap import Runtime
from broadcaster.bootstrap.standing_figures import basis_figures
from broadcaster.domain.access import Action
from broadcaster.domain.api_key import Caller
from broadcaster.domain.delivery import DeliveryId, DeliveryStatus, Reason
from broadcaster.domain.message import DELIVERY_CHANNELS, Channel
from broadcaster.errors import InvalidInputError, NotFoundError
from broadcaster.planning.left_out import LeftOut
from broadcaster.ports import Selection
from broadcaster.reports.deliveries import ListedDelivery
from broadcaster.web.api import paging
from broadcaster.web.api.calls import Calls, Figures, Inside, Number, Who
from broadcaster.web.api.customers import Why
from broadcaster.web.api.drafts import found
from broadcaster.web.api.paging import After, Limit, Page

calls = Calls("campaigns")

_Word = TypeVar("_Word", bound=StrEnum)
_Words = Annotated[list[Annotated[str, Field(min_length=1, max_length=60)]], Query(max_length=50)]
_BLOCK = 64 * 1024


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


class LeftOutShown(BaseModel):
    """A customer who is not told on a channel, and why."""

    customer: str
    channel: str
    reason: str


class UnreachedShown(BaseModel):
    """A customer whom no channel is known to have reached."""

    customer: str
    statuses: dict[str, str]
    reasons: dict[str, str | None]


class DoubtShown(BaseModel):
    """A delivery that may or may not have left."""

    delivery: str
    customer: str
    channel: str
    reason: str | None
    provider: str | None
    reference: str | None
    since: datetime


@calls.get("/campaigns/{campaign}/status", Action.LOOK, summary="Show where a campaign stands")
def show_status(inside: Inside, campaign: Number) -> Figures:
    """Give its figures: targeted, reached, left out and why, by channel and language."""
    return _figures(bootstrap.summary(inside, found(inside, campaign).id))


@calls.get("/campaigns/{campaign}/funnel", Action.LOOK, summary="Count a campaign's deliveries")
def show_funnel(inside: Inside, campaign: Number) -> Figures:
    """Count by channel and status, language, and reason."""
    counted = inside.reports.funnel(found(inside, campaign).id)
    return _figures(
        {
            "targeted": counted.targeted,
            "channels": counted.channels,
            "units": counted.units,
            "locales": counted.locales,
            "left_out": counted.reasons,
            "failures": counted.failures,
        }
    )


@calls.get("/campaigns/{campaign}/report", Action.LOOK, summary="Report a campaign")
def report_campaign(inside: Inside, campaign: Number) -> Figures:
    """Say who was reached, who was not, and why; the forecast beside it."""
    told = bootstrap.report(inside, found(inside, campaign).id)
    # Whose delivery is in doubt is for those who may see people: `doubts` lists them.
    return _figures({name: value for name, value in told.items() if name != "in_doubt_list"})


@calls.get("/campaigns/{campaign}/comparison", Action.LOOK, summary="Compare with the forecast")
def compare_campaign(inside: Inside, campaign: Number) -> Figures:
    """Set what was forecast at the approval beside what became of it."""
    return _figures(bootstrap.comparison(inside, found(inside, campaign)))


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
    _note_seen(inside, who, campaign, [row.customer_number for row in rows[:limit]])
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


@calls.get("/campaigns/{campaign}/left-out", Action.SEE_PEOPLE, summary="List who is left out")
def list_left_out(
    inside: Inside,
    who: Who,
    request: Request,
    response: Response,
    campaign: Number,
    purpose: Why,
    limit: Limit = 50,
    after: After = "",
) -> Page[LeftOutShown]:
    """List who is left out on which channel, and why; who looked is noted."""
    one = found(inside, campaign)
    begin = int(paging.begin(request, after) or 0)
    inside.accesses.record(
        who.operator.name, "left_out", f"campaign {one.id}", purpose, {"after": begin}
    )
    with closing(_generator(inside.left_out.rows(one.id, inside.clock.now()))) as rows:
        chosen = list(islice(enumerate(rows, 1), begin, begin + limit + 1))
    return paging.page(
        request,
        response,
        chosen,
        limit,
        key=lambda row: row[0],
        show=lambda row: LeftOutShown(
            customer=row[1].customer, channel=row[1].channel.value, reason=row[1].reason.value
        ),
    )


@calls.get("/campaigns/{campaign}/unreached", Action.SEE_PEOPLE, summary="List who was not reached")
def list_unreached(
    inside: Inside,
    who: Who,
    request: Request,
    response: Response,
    campaign: Number,
    purpose: Why,
    limit: Limit = 50,
    after: After = "",
) -> Page[UnreachedShown]:
    """List customers who got nothing on any channel, and why; who looked is noted."""
    one = found(inside, campaign)
    begin = int(paging.begin(request, after) or 0)
    inside.accesses.record(
        who.operator.name, "unreached", f"campaign {one.id}", purpose, {"after": begin}
    )
    rows: Iterator[Any] = inside.reports.unreached(one.id)
    chosen = list(islice(enumerate(rows, 1), begin, begin + limit + 1))
    return paging.page(
        request,
        response,
        chosen,
        limit,
        key=lambda row: row[0],
        show=lambda row: UnreachedShown(
            customer=row[1].customer_number,
            statuses={way.value: one.value for way, one in row[1].statuses.items()},
            reasons={way.value: one and one.value for way, one in row[1].reasons.items()},
        ),
    )


@calls.get("/campaigns/{campaign}/doubts", Action.SEE_PEOPLE, summary="List what is in doubt")
def list_doubts(
    inside: Inside,
    who: Who,
    request: Request,
    response: Response,
    campaign: Number,
    limit: Limit = 50,
    after: After = "",
) -> Page[DoubtShown]:
    """List deliveries that may or may not have left; noted of each customer on the page."""
    begin = int(paging.begin(request, after) or 0)
    rows = [
        row
        for row in inside.reports.in_doubt(found(inside, campaign).id)
        if row.delivery.number > begin
    ]
    _note_seen(inside, who, campaign, [row.customer_number for row in rows[:limit]])
    return paging.page(
        request,
        response,
        rows[: limit + 1],
        limit,
        key=lambda row: row.delivery.number,
        show=lambda row: DoubtShown(
            delivery=str(row.delivery),
            customer=row.customer_number,
            channel=row.channel.value,
            reason=row.reason and row.reason.value,
            provider=row.provider,
            reference=row.reference,
            since=row.since,
        ),
    )


@calls.get(
    "/campaigns/{campaign}/export",
    Action.SEE_PEOPLE,
    summary="Write a campaign's deliveries as CSV",
    response_class=StreamingResponse,
)
def export_campaign(inside: Inside, who: Who, campaign: Number, purpose: Why) -> StreamingResponse:
    """Write every delivery as CSV, safe in a spreadsheet, without addresses; noted.

    `Content-Digest` has the SHA-256 of the file (RFC 9530).
    """
    one = found(inside, campaign)
    inside.accesses.record(who.operator.name, "export", f"campaign {one.id}", purpose, {})
    file: IO[str] = tempfile.TemporaryFile("w+", encoding="utf-8", newline="")  # noqa: SIM115  (closed when it is sent)
    try:
        inside.reports.export(one.id, file)
        file.flush()
        file.seek(0)
        mark = hashlib.sha256()
        while block := file.buffer.read(_BLOCK):  # type: ignore[attr-defined]
            mark.update(block)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return StreamingResponse(
        _blocks(file),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="campaign-{one.id}.csv"',
            "Content-Digest": f"sha-256=:{_base64(mark.digest())}:",
        },
    )


def _blocks(file: IO[str]) -> Iterator[bytes]:
    with file:
        while block := file.buffer.read(_BLOCK):  # type: ignore[attr-defined]
            yield block


def _base64(octets: bytes) -> str:
    import base64  # noqa: PLC0415

    return base64.b64encode(octets).decode()


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


def _note_seen(inside: Runtime, who: Caller, campaign: int, numbers: list[str]) -> None:
    purpose = f"the list of deliveries of campaign {campaign}"
    inside.accesses.seen(sorted(set(numbers)), who.operator.name, "deliveries", purpose)


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


def _generator(rows: Iterator[LeftOut]) -> Generator[LeftOut]:
    """Make what can be closed of rows: they hold a connection."""
    yield from rows


def _figures(value: Any) -> Figures:  # noqa: ANN401  (figures of several sorts)
    made: Figures = plain(value)
    return made


def plain(value: Any) -> Any:  # noqa: ANN401  (what JSON can hold, once words and times are texts)
    """Make JSON values of words and times, at any depth."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, dict) or hasattr(value, "items"):
        return {str(plain(name)): plain(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    return value
