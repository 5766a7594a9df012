"""The pages that show campaigns and how they go; they change nothing."""

import asyncio
from collections.abc import AsyncIterator, Callable

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from broadcaster.domain.access import Action
from broadcaster.errors import NotFoundError, UnavailableError
from broadcaster.web.console.desk import Desk
from broadcaster.web.console.looks import Look, Looks
from broadcaster.web.inside import Inside
from broadcaster.web.languages import Language, by_locale

#: Campaigns on one page.
_PAGE = 20
#: How many may watch at once; each holds a connection.
_WATCHERS = 50
#: How often a watcher hears of changes, and how long one connection is kept, seconds.
_BEAT, _KEPT = 1.0, 600.0
#: Beats after which a silent connection is told that we are still here.
_QUIET = 15


class Console:
    """Lists campaigns, and shows one, live."""

    def __init__(
        self, inside: Inside, desk: Desk, looks: Looks, stopping: Callable[[], bool]
    ) -> None:
        """`stopping` says that the server is about to end, and watchers should go."""
        self._inside = inside
        self._desk = desk
        self._looks = looks
        self._stopping = stopping
        self._watchers = 0

    def routes(self) -> list[Route]:
        """List what is answered."""
        return [
            Route("/", self.campaigns),
            Route("/campaigns", self.campaigns),
            Route("/campaigns/{campaign:int}", self.campaign),
            Route("/campaigns/{campaign:int}/events", self.events),
        ]

    async def campaigns(self, request: Request) -> Response:
        """List campaigns, the newest first."""
        visit = await self._desk.enter(request, Action.LOOK)
        listed = await run_in_threadpool(self._inside.campaigns.list)
        number = _page_number(request.query_params.get("page", ""))
        shown = listed[(number - 1) * _PAGE : number * _PAGE]
        looks = [await self._looks.at(campaign) for campaign in shown]
        more = len(listed) > number * _PAGE
        values = {"looks": looks, "number": number, "more": more}
        return self._desk.page(visit, "campaigns.html", values)

    async def campaign(self, request: Request) -> Response:
        """Show one campaign."""
        visit = await self._desk.enter(request, Action.LOOK)
        look = await self._look(request)
        return self._desk.page(visit, "campaign.html", self._values(look, visit.language))

    async def events(self, request: Request) -> Response:
        """Send the live part of a campaign's page whenever it changes (server-sent events)."""
        visit = await self._desk.enter(request, Action.LOOK)
        look = await self._look(request)
        if self._watchers >= _WATCHERS:
            return PlainTextResponse("too many watch\n", 503, headers={"Retry-After": "30"})
        headers = {"X-Accel-Buffering": "no"}
        stream = self._stream(look, visit.language)
        return StreamingResponse(stream, media_type="text/event-stream", headers=headers)

    async def _stream(self, look: Look, language: Language) -> AsyncIterator[str]:
        self._watchers += 1
        try:
            yield "retry: 3000\n\n"
            sent = ""
            for beat in range(round(_KEPT / _BEAT)):
                html = self._desk.pages.html("live.html", language, self._values(look, language))
                if html != sent:
                    sent = html
                    yield _event(html)
                elif beat % _QUIET == 0:
                    yield ": still here\n\n"
                await asyncio.sleep(_BEAT)
                if self._stopping():
                    return
                look = await self._looks.of(look.campaign.id)
        except (NotFoundError, UnavailableError):
            # The browser comes back by itself, and finds out what the matter is.
            return
        finally:
            self._watchers -= 1

    def _values(self, look: Look, language: Language) -> dict[str, object]:
        kind = self._inside.renderer.kinds.get(look.kind)
        label = by_locale(kind.labels, language) if kind else look.kind
        return {"look": look, "kind": label, "locales": self._inside.renderer.locales}

    async def _look(self, request: Request) -> Look:
        which = request.path_params["campaign"]
        if which > 2**31 - 1:
            raise HTTPException(404)
        return await self._looks.of(which)


def _event(html: str) -> str:
    lines = "".join(f"data: {line}\n" for line in html.splitlines())
    return f"event: live\n{lines}\n"


def _page_number(text: str) -> int:
    """Read `?page=`; the first for anything that is none."""
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 4 else 1  # noqa: PLR2004  (no list is that long)
