"""Providers and limits: who takes our messages, how fast they may be used, and what slows them."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from broadcaster.bootstrap import Runtime
from broadcaster.bootstrap.doctor import Finding, examine, texts_found, unread_texts
from broadcaster.bootstrap.limiting import change_limit, reset_limit
from broadcaster.bootstrap.networks import accounts
from broadcaster.bootstrap.tariffing import COLUMNS, keep_tariffs, tariff_table
from broadcaster.domain.access import Action
from broadcaster.domain.limits import FASTEST, SLOWEST
from broadcaster.domain.tariff import written
from broadcaster.errors import (
    BroadcasterError,
    InvalidInputError,
    NotFoundError,
    UnavailableError,
)
from broadcaster.ledger.networks import NetworkHealth
from broadcaster.ports import Change, Standing
from broadcaster.web import library_labels
from broadcaster.web.console.desk import (
    Desk,
    FactorNeededError,
    SignInNeededError,
    Visit,
    see_other,
    watches,
)
from broadcaster.web.console.fields import Fields
from broadcaster.web.console.library.checking import Course
from broadcaster.web.console.library.shelf import Shelf
from broadcaster.web.console.library.uploads import Uploaded, uploaded
from broadcaster.web.languages import Language

#: How often gauges are looked at, and networks are, for all who watch together; seconds.
_FRESH, _HEALTH = 0.9, 30.0
#: How many may watch at once, how often they hear of changes, how long one connection is kept.
_WATCHERS, _BEAT, _KEPT, _QUIET = 50, 1.0, 600.0, 15
#: After how many beats it is asked again whether somebody may still watch.
_ASK = 60
#: For how long what was examined is shown to a page that waits for texts, seconds.
_EXAMINED = 30.0
_TARIFFS, _LARGEST_TABLE = 500, 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Gauges:
    """How limits and networks stand at a moment; `down` says that limits are not known."""

    limits: Sequence[Standing]
    changes: Mapping[str, Change]
    health: Mapping[str, NetworkHealth]
    now: datetime
    down: bool = False


class ProvidersAndLimits:
    """Shows providers and limits live, changes limits, and takes tariffs."""

    def __init__(
        self, runtime: Runtime, desk: Desk, shelf: Shelf, stopping: Callable[[], bool]
    ) -> None:
        """`stopping` says that the server is about to end, and watchers should go."""
        self._runtime = runtime
        self._desk = desk
        self._shelf = shelf
        self._stopping = stopping
        self._watchers = 0
        self._looking = asyncio.Lock()
        self._gauges: tuple[float, Gauges] | None = None
        self._health: tuple[float, Mapping[str, NetworkHealth]] | None = None
        self._examining = asyncio.Lock()
        self._examined: tuple[float, Sequence[Finding]] | None = None

    def routes(self) -> list[Route]:
        """List what is answered."""
        return [
            Route("/providers", self.page),
            Route("/providers/events", self.events),
            Route("/providers/limits", self.change, methods=["POST"]),
            Route("/providers/tariffs", self.tariffs, methods=["GET"]),
            Route("/providers/tariffs", self.take_tariffs, methods=["POST"]),
            Route("/providers/check", self.check),
        ]

    async def page(self, request: Request) -> Response:
        """Show providers and limits."""
        visit = await self._desk.enter(request, Action.LOOK)
        return await self._page(visit)

    async def _page(
        self,
        visit: Visit,
        *,
        error: BroadcasterError | None = None,
        fields: Fields | None = None,
        status: int = 200,
    ) -> Response:
        listed = await run_in_threadpool(accounts, self._runtime)
        values = {
            **self._values(await self._look()),
            "accounts": listed,
            "error": error,
            "asked": fields or Fields(),
            "slowest": SLOWEST,
            "fastest": FASTEST,
            "done": visit.request.query_params.get("done", ""),
        }
        return self._desk.page(visit, "console/providers.html", values, status=status)

    async def events(self, request: Request) -> Response:
        """Send the gauges whenever they change (server-sent events)."""
        visit = await self._desk.enter(request, Action.LOOK)
        if self._watchers >= _WATCHERS:
            return PlainTextResponse("too many watch\n", 503, headers={"Retry-After": "30"})
        headers = {"X-Accel-Buffering": "no"}
        may = partial(self._desk.enter, request, Action.LOOK)
        stream = self._stream(visit.language, may)
        return StreamingResponse(stream, media_type="text/event-stream", headers=headers)

    async def _stream(
        self, language: Language, may: Callable[[], Awaitable[object]]
    ) -> AsyncIterator[str]:
        self._watchers += 1
        try:
            yield "retry: 3000\n\n"
            sent = ""
            for beat in range(round(_KEPT / _BEAT)):
                if beat and beat % _ASK == 0:
                    await may()
                values = self._values(await self._look())
                html = self._desk.pages.html("console/providers_live.html", language, values)
                if html != sent:
                    sent = html
                    lines = "".join(f"data: {line}\n" for line in html.splitlines())
                    yield f"event: live\n{lines}\n"
                elif beat % _QUIET == 0:
                    yield ": still here\n\n"
                await asyncio.sleep(_BEAT)
                if self._stopping():
                    return
        except (BroadcasterError, SignInNeededError, FactorNeededError):
            # The browser comes back by itself, and finds out what the matter is.
            return
        finally:
            self._watchers -= 1

    async def change(self, request: Request) -> Response:
        """Change a limit for all workers while they run, or take a change back."""
        visit, fields = await self._desk.submitted(request, Action.CHANGE_LIMITS)
        name, by = fields.text("NAME").strip(), visit.operator.name
        try:
            if fields.text("what") == "reset":
                reset = partial(reset_limit, self._runtime, name, by)
                _, at_once = await run_in_threadpool(reset)
            else:
                rate = fields.text("RATE").strip()
                change = partial(change_limit, self._runtime, name, rate, by)
                _, at_once = await run_in_threadpool(change)
        except (InvalidInputError, NotFoundError) as error:
            return await self._page(visit, error=error, fields=fields, status=422)
        self._gauges = None
        return see_other(f"/providers?done={'now' if at_once else 'soon'}")

    async def tariffs(self, request: Request) -> Response:
        """Show what networks ask for messages."""
        visit = await self._desk.enter(request, Action.LOOK)
        return await self._tariffs(visit)

    async def _tariffs(
        self, visit: Visit, *, error: InvalidInputError | None = None, status: int = 200
    ) -> Response:
        entries = await run_in_threadpool(self._runtime.tariffs.list)
        values = {
            "rows": [(one, written(one.price)) for one in entries[:_TARIFFS]],
            "count": len(entries),
            "columns": ",".join(COLUMNS),
            "error": error,
            "done": visit.request.query_params.get("done", ""),
        }
        return self._desk.page(visit, "console/tariffs.html", values, status=status)

    async def take_tariffs(self, request: Request) -> Response:
        """Take a table of tariffs, all of it or nothing."""
        visit, _, files = await uploaded(
            self._desk, request, Action.CHANGE_LIMITS, most=_LARGEST_TABLE, files=1
        )
        try:
            changed = await run_in_threadpool(self._take, visit, files)
        except InvalidInputError as error:
            return await self._tariffs(visit, error=error, status=422)
        return see_other(f"/providers/tariffs?done={changed}")

    def _take(self, visit: Visit, files: Sequence[Uploaded]) -> int:
        if not files:
            raise InvalidInputError("FILE", "is empty", "Choose a file that ends in .csv.")
        entries = list(tariff_table(files[0].content, "the table"))
        return keep_tariffs(self._runtime, entries, visit.operator.name)

    async def check(self, request: Request) -> Response:
        """Check every setting, server and provider now, kinds and translations meanwhile."""
        visit = await self._desk.enter(request, Action.CHANGE_LIMITS)
        course = await run_in_threadpool(self._shelf.course)
        findings = [*await self._examine(again=not watches(request)), *_texts(course)]
        order = {"fault": 0, "off": 1, "ok": 2}
        findings.sort(key=lambda one: order[one.state])
        values = {"findings": findings, "course": course, "words": library_labels}
        return self._desk.page(visit, "console/doctor.html", values)

    async def _examine(self, *, again: bool) -> Sequence[Finding]:
        """Examine all but texts, one who asks at a time; `again`, unless it was a moment ago."""
        async with self._examining:
            fresh = 0.0 if again else _EXAMINED
            if self._examined is None or time.monotonic() - self._examined[0] >= fresh:
                made = await run_in_threadpool(lambda: list(examine(self._runtime, texts=False)))
                self._examined = (time.monotonic(), made)
            return self._examined[1]

    def _values(self, gauges: Gauges) -> dict[str, Any]:
        names = {one.name for one in gauges.limits}
        return {"gauges": gauges, "limited": names, "words": library_labels}

    async def _look(self) -> Gauges:
        """Look; all who ask at about the same time get the same."""
        async with self._looking:
            if self._gauges is None or time.monotonic() - self._gauges[0] > _FRESH:
                gauges = await run_in_threadpool(self._measured)
                self._gauges = (time.monotonic(), gauges)
            return self._gauges[1]

    def _measured(self) -> Gauges:
        now = self._runtime.clock.now()
        if self._health is None or time.monotonic() - self._health[0] > _HEALTH:
            self._health = (time.monotonic(), self._found(now))
        try:
            limits: Sequence[Standing] = self._runtime.throttle.standing()
            changes: Mapping[str, Change] = self._runtime.rate_limits.changes()
        except UnavailableError:
            return Gauges(limits=(), changes={}, health=self._health[1], now=now, down=True)
        return Gauges(limits=limits, changes=changes, health=self._health[1], now=now)

    def _found(self, now: datetime) -> Mapping[str, NetworkHealth]:
        try:
            return self._runtime.networks.health(now)
        except UnavailableError:
            return {}


def _texts(course: Course) -> Sequence[Finding]:
    """Say what is wrong with kinds and translations; nothing before that is known."""
    if course.fault:
        return [unread_texts(course.fault)]
    found = list(texts_found(course.findings))
    return [one for one in found if one.state == "fault"] if course.running else found
