"""Alerts on this device: a browser subscribes, as a customer's or as a follower's of public alerts.

What a browser sends is taken only from a page of ours, as JSON, within bounds; its endpoint only if
it is a push service that we would call.
"""

import asyncio
import json
import logging
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from broadcaster.bootstrap import Runtime
from broadcaster.domain.message import Address
from broadcaster.errors import ConflictError, InvalidInputError
from broadcaster.ledger.devices import FORM, Asking
from broadcaster.web import bodies
from broadcaster.web.pages import Pages
from broadcaster.web.public.door import Door
from broadcaster.web.public.own import spoken

_log = logging.getLogger(__name__)

#: What a subscription may be: octets, areas, and the length of one's name.
_MOST, _AREAS, _NAME = 8 * 1024, 200, 200
_WORKER = "push-worker.js"
#: How many subscriptions are stored at once, and how long the next one waits, seconds: who waits
#: for an import to end holds a thread, and anybody may come.
_AT_ONCE, _PATIENCE = 4, 1.0


class PushPages:
    """Gives the key and the worker, and takes subscriptions."""

    def __init__(self, runtime: Runtime, pages: Pages, door: Door) -> None:
        """Work on the whole inside."""
        self._runtime = runtime
        self._pages = pages
        self._door = door
        self._turns = asyncio.Semaphore(_AT_ONCE)

    def routes(self) -> list[Route]:
        """List what is answered."""
        return [
            Route("/follow", self.show, methods=["GET"]),
            Route(f"/{_WORKER}", self.worker, methods=["GET"]),
            Route("/push/key", self.key, methods=["GET"]),
            Route("/push/subscriptions", self.subscribe, methods=["POST"]),
            Route("/push/subscriptions", self.unsubscribe, methods=["DELETE"]),
        ]

    async def show(self, request: Request) -> Response:
        """Offer to follow public alerts on this device; nothing changes."""
        areas = await run_in_threadpool(self._runtime.own_page.offered)
        language = self._pages.languages.of(request)
        tongues = spoken(self._runtime)
        mine = self._runtime.renderer.locales.choose(
            [language.locale.tag], [one.tag for one in tongues]
        )
        values = {
            "areas": areas,
            "tongues": tongues,
            "mine": mine,
            "push": bool(self._runtime.push_gate.key),
        }
        return self._pages.page("follow.html", request, values, language=language)

    async def worker(self, request: Request) -> Response:
        """Give the service worker; browsers ask for it anew at each look, and most often get 304.

        It stands at the root, so that its scope is the whole site.
        """
        asset = self._pages.assets[_WORKER]
        tag = f'"{asset.tag}"'
        headers = {"Cache-Control": "no-cache", "ETag": tag}
        if request.headers.get("if-none-match", "")[:200] == tag:
            return Response(b"", 304, headers=headers)
        return Response(asset.content, media_type=asset.media_type, headers=headers)

    async def key(self, request: Request) -> Response:
        """Give the key for `pushManager.subscribe`; 503 where Web Push is not set up."""
        del request
        key = self._runtime.push_gate.key
        headers = {"Cache-Control": "public, max-age=300"} if key else {}
        return JSONResponse({"key": key}, 200 if key else 503, headers=headers)

    async def subscribe(self, request: Request) -> Response:
        """Take a subscription: 201; 422 for what is none, 429, 503 while customers are stored."""
        given = await self._json(request)
        try:
            asking = await self._asking(request, given)
            now = self._runtime.clock.now()
            taken = await self._stored(lambda: self._runtime.devices.subscribe(asking, now))
        except InvalidInputError as error:
            return _refused(error)
        except ConflictError:
            return JSONResponse({"problem": "busy"}, 503, headers={"Retry-After": "60"})
        if not taken:
            return JSONResponse({"problem": "often"}, 429, headers={"Retry-After": "900"})
        _log.info("a browser subscribed", extra={"action": "push_on"})
        return JSONResponse({"told": True}, 201)

    async def unsubscribe(self, request: Request) -> Response:
        """End a subscription, known by its endpoint and keys; 204 also when there was none."""
        given = await self._json(request)
        try:
            subscription = self._runtime.push_gate.read(given.get("subscription"))
            now = self._runtime.clock.now()
            await self._stored(lambda: self._runtime.devices.unsubscribe(subscription, now))
        except InvalidInputError as error:
            return _refused(error)
        except ConflictError:
            return JSONResponse({"problem": "busy"}, 503, headers={"Retry-After": "60"})
        _log.info("a browser is told no more", extra={"action": "push_off"})
        return Response(status_code=204)

    async def _stored(self, work: Callable[[], bool]) -> bool:
        """Store something, a few at once; ConflictError when it is not soon one's turn."""
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._turns.acquire()
        except TimeoutError as error:
            message = "Too many subscribe at once. Try again in a minute."
            raise ConflictError(message) from error
        try:
            return await run_in_threadpool(work)
        finally:
            self._turns.release()

    async def _json(self, request: Request) -> dict[str, object]:
        """Read JSON of a page of ours: a form can't send this type, and other sites are asked."""
        self._door.require_own(request)
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise HTTPException(415)
        body = await bodies.read(request, _MOST)
        try:
            given = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise HTTPException(400) from error
        if not isinstance(given, dict):
            raise HTTPException(400)
        return given

    async def _asking(self, request: Request, given: dict[str, object]) -> Asking:
        subscription: Address = self._runtime.push_gate.read(given.get("subscription"))
        areas = given.get("areas") or []
        if not isinstance(areas, list) or len(areas) > _AREAS:
            raise InvalidInputError("areas", "are no list, or too many", "Name those shown.")
        names = [one for one in areas if isinstance(one, str) and len(one) <= _NAME]
        if given.get("token"):
            # A page of before, opened by the link of a message: that is not enough any more, and
            # whoever wants a customer's messages is no follower of public alerts instead.
            raise InvalidInputError("token", "is not enough", "Open your page by a code.")
        opened = await self._door.open(request)
        return Asking(
            subscription=subscription,
            locale=self._locale(given.get("locale")),
            areas=names,
            proof=f"code {opened.who.code}, {FORM}" if opened else FORM,
            source=self._door.source(request),
            at=opened.who.address if opened else None,
        )

    def _locale(self, given: object) -> str:
        tags = [one.tag for one in spoken(self._runtime)]
        if not isinstance(given, str) or given not in tags:
            raise InvalidInputError("locale", "is none of ours", f"Use one of {', '.join(tags)}.")
        return given


def _refused(error: InvalidInputError) -> Response:
    """Say what is wrong; nothing of what was sent is said again."""
    return JSONResponse({"field": error.field, "problem": error.problem}, 422)
