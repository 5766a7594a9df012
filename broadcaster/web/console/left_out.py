"""Who is left out of a campaign, on which channel and why: one by one, and as a file."""

import asyncio
from collections.abc import Sequence
from contextlib import closing
from itertools import islice
from typing import IO

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from broadcaster.bootstrap import Runtime
from broadcaster.domain.access import Action
from broadcaster.domain.campaign import Campaign
from broadcaster.errors import BroadcasterError, InvalidInputError
from broadcaster.planning.left_out import LeftOut, write
from broadcaster.web.console.campaign import found
from broadcaster.web.console.desk import Desk, Visit
from broadcaster.web.console.files import FILES, csv_file, spooled

#: Rows on one page, and how far pages go: each reads what is before it. The file has them all.
_PAGE, _FAR = 50, 5000


class LeftOutPages:
    """Lists them by their numbers; who looked is noted of every customer, or of the file."""

    def __init__(self, runtime: Runtime, desk: Desk) -> None:
        """To find out who is left out is much work for the database: two at a time do so."""
        self._runtime = runtime
        self._desk = desk
        self._turns = asyncio.Semaphore(FILES)

    def routes(self) -> list[Route]:
        """List what is answered."""
        path = "/campaigns/{campaign:int}/left-out"
        return [Route(path, self.list), Route(f"{path}.csv", self.file, methods=["POST"])]

    async def list(self, request: Request) -> Response:
        """List a page of them."""
        visit = await self._desk.enter(request, Action.SEE_PEOPLE)
        return await self._page(visit, await found(self._runtime, request))

    async def file(self, request: Request) -> Response:
        """Give all of them as CSV, for a purpose that is noted."""
        visit, fields = await self._desk.submitted(request, Action.SEE_PEOPLE)
        campaign = await found(self._runtime, request)
        try:
            async with self._turns:
                stream = await run_in_threadpool(
                    self._written, campaign, fields.text("purpose"), visit
                )
        except InvalidInputError as error:
            return await self._page(visit, campaign, error=error)
        return csv_file(stream, f"campaign-{campaign.id}-left-out.csv")

    async def _page(
        self, visit: Visit, campaign: Campaign, error: InvalidInputError | None = None
    ) -> Response:
        begin = _begin(visit.request.query_params.get("after", ""))
        rows: Sequence[LeftOut] = ()
        problem = ""
        try:
            async with self._turns:
                rows = await run_in_threadpool(self._rows, campaign, begin, visit)
        except BroadcasterError as refused:
            # Such as a segment that is not there any more.
            problem = str(refused)
        values = {
            "campaign": campaign,
            "rows": rows[:_PAGE],
            "begin": begin,
            "after": begin + _PAGE if len(rows) > _PAGE and begin + _PAGE <= _FAR else None,
            "far": len(rows) > _PAGE and begin + _PAGE > _FAR,
            "error": error,
            "problem": problem,
        }
        status = 422 if error else 200
        return self._desk.page(visit, "console/left_out.html", values, status=status)

    def _rows(self, campaign: Campaign, begin: int, visit: Visit) -> Sequence[LeftOut]:
        """Read a page and one more, and note whose rows are shown."""
        runtime = self._runtime
        with closing(runtime.left_out.rows(campaign.id, runtime.clock.now())) as every:
            rows = list(islice(every, begin, begin + _PAGE + 1))
        numbers = sorted({row.customer for row in rows[:_PAGE]})
        purpose = f"the list of who is left out of campaign {campaign.id}"
        runtime.accesses.seen(numbers, visit.operator.name, "left_out", purpose)
        return rows

    def _written(self, campaign: Campaign, purpose: str, visit: Visit) -> IO[bytes]:
        """Note who has the file made, and why, before it is."""
        runtime = self._runtime
        what = f"campaign {campaign.id}"
        runtime.accesses.record(visit.operator.name, "left_out", what, purpose, {})
        with closing(runtime.left_out.rows(campaign.id, runtime.clock.now())) as rows:
            return spooled(lambda stream: write(rows, stream))


def _begin(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0  # noqa: PLR2004  (digits)
    return min(number, _FAR)
