"""Those whom a campaign did not tell, or perhaps did: left out, not reached, in doubt."""

from collections.abc import Generator, Iterator
from contextlib import closing
from datetime import datetime
from itertools import islice

from fastapi import Request, Response
from pydantic import BaseModel

from broadcaster.domain.access import Action
from broadcaster.web.api import paging
from broadcaster.web.api.calls import Calls, Inside, Number, Who
from broadcaster.web.api.campaign import found
from broadcaster.web.api.customers import Why
from broadcaster.web.api.deliveries import note_seen
from broadcaster.web.api.paging import After, Limit, Page, Row

calls = Calls("campaigns")


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
    chosen = _counted(inside.left_out.rows(one.id, inside.clock.now()), begin, limit)
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
    chosen = _counted(inside.reports.unreached(one.id), begin, limit)
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
    note_seen(inside, who, campaign, [row.customer_number for row in rows[:limit]])
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


def _counted(rows: Iterator[Row], begin: int, limit: int) -> list[tuple[int, Row]]:
    """Take a page of rows that have no key, each with its number; and let go what they hold."""
    with closing(_closable(rows)) as kept:
        return list(islice(enumerate(kept, 1), begin, begin + limit + 1))


def _closable(rows: Iterator[Row]) -> Generator[Row]:
    """Make what can be closed of rows: they hold a connection."""
    yield from rows
