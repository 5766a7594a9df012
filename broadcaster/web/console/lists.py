"""The deliveries behind a figure: one by one, with reasons, and as a file."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import IO, TypeVar
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from broadcaster.bootstrap import Runtime
from broadcaster.domain.access import Action
from broadcaster.domain.campaign import Campaign
from broadcaster.domain.delivery import DeliveryStatus, Reason
from broadcaster.domain.message import DELIVERY_CHANNELS, Channel
from broadcaster.errors import ConflictError, InvalidInputError
from broadcaster.ports import Selection
from broadcaster.web.console.campaign import found
from broadcaster.web.console.desk import Desk, Visit
from broadcaster.web.console.files import FILES, csv_file, spooled
from broadcaster.web.console.filters import Unknown, told, unknown
from broadcaster.web.console.looks import Look, Looks
from broadcaster.web.figures import STEP_OF, Step
from broadcaster.web.labels import CHANNELS, REASONS, STEPS

#: Deliveries on one page.
_PAGE = 50
#: The highest number of a delivery, and how many words of a sort are read.
_HIGHEST, _WORDS = 2**31 - 1, 40

_Word = TypeVar("_Word", DeliveryStatus, Reason, Channel)


class Lists:
    """Lists deliveries; who looked is noted of every customer on the page, or of the file."""

    def __init__(self, runtime: Runtime, desk: Desk, looks: Looks) -> None:
        """Nothing was looked at yet."""
        self._runtime = runtime
        self._desk = desk
        self._looks = looks
        self._files = asyncio.Semaphore(FILES)

    def routes(self) -> list[Route]:
        """List what is answered."""
        path = "/campaigns/{campaign:int}/deliveries"
        return [
            Route(path, self.deliveries),
            Route(f"{path}.csv", self.file, methods=["POST"]),
        ]

    async def deliveries(self, request: Request) -> Response:
        """List those of a selection, a page of them."""
        visit = await self._desk.enter(request, Action.SEE_PEOPLE)
        return await self._page(visit, await found(self._runtime, request))

    async def file(self, request: Request) -> Response:
        """Give all of a selection as CSV, for a purpose that is noted."""
        visit, fields = await self._desk.submitted(request, Action.SEE_PEOPLE)
        campaign = await found(self._runtime, request)
        items, purpose = request.query_params.multi_items(), fields.text("purpose")
        if self._unknown(items, visit, await self._looks.at(campaign)):
            return await self._page(visit, campaign)
        chosen = selection(items)
        try:
            async with self._files:
                stream = await run_in_threadpool(self._written, campaign, chosen, purpose, visit)
        except InvalidInputError as error:
            return await self._page(visit, campaign, error=error)
        except ConflictError as error:
            return await self._page(visit, campaign, archived=str(error))
        return csv_file(stream, f"campaign-{campaign.id}-deliveries.csv")

    async def _page(
        self,
        visit: Visit,
        campaign: Campaign,
        *,
        error: InvalidInputError | None = None,
        archived: str = "",
    ) -> Response:
        items = visit.request.query_params.multi_items()
        look = await self._looks.at(campaign)
        wrong = self._unknown(items, visit, look)
        chosen, after = selection(items), _number(dict(items).get("after", ""))
        rows: Sequence[object] = ()
        if not (archived or wrong):
            try:
                rows = await run_in_threadpool(self._rows, campaign, chosen, after, visit)
            except ConflictError as refused:
                archived = str(refused)
        plain = [(name, value) for name, value in items if name in _NAMES][: 4 * _WORDS]
        shown = rows[:_PAGE]
        values = {
            "look": look,
            "rows": shown,
            "chosen": chosen,
            "steps": _steps(chosen),
            "step_of": STEP_OF,
            "total": 0 if wrong else _total(look, chosen),
            "unknown": wrong,
            "reasons": sorted({cell.reason for cell in look.cells if cell.reason}),
            "tongues": sorted({cell.locale for cell in look.cells if cell.locale}),
            "locales": self._runtime.renderer.locales,
            "query": urlencode(plain),
            "after": getattr(shown[-1], "delivery").number if len(rows) > _PAGE else None,  # noqa: B009  (rows are listed deliveries)
            "first": not after,
            "error": error,
            "archived": archived,
        }
        status = 422 if error or wrong else 200
        return self._desk.page(visit, "console/deliveries.html", values, status=status)

    def _unknown(
        self, items: Iterable[tuple[str, str]], visit: Visit, look: Look
    ) -> Sequence[Unknown]:
        """Find what is asked for and no filter has; of languages, ours are known, and its own."""
        locales = self._runtime.renderer.locales
        tongues = sorted({*locales, *(cell.locale for cell in look.cells if cell.locale)})
        spoken = {tag: locales[tag].autonym if tag in locales else tag for tag in tongues}
        own = {name: told(labels, visit.language) for name, labels in _FILTERS.items()}
        filters = {**own, "locale": spoken}
        return unknown(items, filters, visit.language, _ALSO)

    def _rows(
        self, campaign: Campaign, chosen: Selection, after: int, visit: Visit
    ) -> Sequence[object]:
        """Read a page and one more, and note whose deliveries are shown."""
        reports = self._runtime.reports
        rows = reports.deliveries(campaign.id, chosen, after=after, limit=_PAGE + 1)
        numbers = sorted({row.customer_number for row in rows[:_PAGE]})
        purpose = f"the list of deliveries of campaign {campaign.id}"
        self._runtime.accesses.seen(numbers, visit.operator.name, "deliveries", purpose)
        return rows

    def _written(
        self, campaign: Campaign, chosen: Selection, purpose: str, visit: Visit
    ) -> IO[bytes]:
        """Note who has the file made, and why, before it is."""
        which = {name: words for name, words in chosen.values().items() if words}
        what = f"campaign {campaign.id}"
        self._runtime.accesses.record(visit.operator.name, "export", what, purpose, {**which})
        export = self._runtime.reports.export
        return spooled(partial(export, campaign.id, selection=chosen))


_NAMES = ("status", "reason", "channel", "locale")
_FILTERS: Mapping[str, Mapping[str, str]] = {
    "status": {one.value: text for one, text in STEPS.items()},
    "reason": {one.value: text for one, text in REASONS.items()},
    "channel": {one.value: CHANNELS[one] for one in DELIVERY_CHANNELS},
}
#: A status by its own word, too: such addresses are in reports.
_ALSO = {"status": tuple(one.value for one in DeliveryStatus)}


def selection(items: Iterable[tuple[str, str]]) -> Selection:
    """Read a selection; a status may be a step of the funnel.

    Unknown words are left out: `misread` names one.
    """
    words: dict[str, list[str]] = {name: [] for name in _NAMES}
    for name, value in items:
        if name in words and len(words[name]) < _WORDS and value:
            words[name].append(value)
    statuses = _known(words["status"], DeliveryStatus)
    steps = [Step(word) for word in words["status"] if word in list(Step)]
    return Selection(
        statuses=statuses | {status for status, step in STEP_OF.items() if step in steps},
        reasons=_known(words["reason"], Reason),
        channels=_known(words["channel"], Channel) & frozenset(DELIVERY_CHANNELS),
        locales=frozenset(one for one in words["locale"] if len(one) < _WORDS and one.isascii()),
    )


def misread(items: Iterable[tuple[str, str]]) -> str:
    """Give the first name whose word `selection` would leave out; empty where there is none."""
    for name, value in items:
        known = {*_FILTERS.get(name, ()), *_ALSO.get(name, ())}
        if value and known and value not in known:
            return name
    return ""


def _known(words: Sequence[str], kind: type[_Word]) -> frozenset[_Word]:
    return frozenset(kind(word) for word in words if word in list(kind))


def _steps(chosen: Selection) -> Sequence[Step]:
    return sorted({STEP_OF[status] for status in chosen.statuses})


def _total(look: Look, chosen: Selection) -> int:
    """Count a selection from what was counted already."""
    return sum(
        cell.count
        for cell in look.cells
        if (not chosen.statuses or cell.status in chosen.statuses)
        and (not chosen.reasons or cell.reason in chosen.reasons)
        and (not chosen.channels or cell.channel in chosen.channels)
        and (not chosen.locales or cell.locale in chosen.locales)
    )


def _number(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 11 else 0  # noqa: PLR2004  (digits)
    return number if number <= _HIGHEST else 0
