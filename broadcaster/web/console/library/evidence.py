"""The evidence of a campaign: looked at, printed, and handed out as an archive."""

import asyncio
import base64
import tempfile
from collections.abc import Iterator
from typing import IO, Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

from broadcaster import bootstrap
from broadcaster.bootstrap import Runtime
from broadcaster.domain.access import Action
from broadcaster.domain.campaign import Campaign
from broadcaster.errors import ConfigurationError, InvalidInputError
from broadcaster.render.sheets import browser
from broadcaster.reports.bundle import Sealed
from broadcaster.web.console.desk import Desk, Visit
from broadcaster.web.papers import documents

#: How many are made at once; who comes then waits for so long, seconds, and is asked to come back.
_AT_ONCE, _PATIENCE = 2, 20.0
_PIECE = 1 << 18
_HIGHEST = 2**31 - 1
#: What is written down where nobody says why.
_PURPOSE = "evidence of the campaign"


class Evidence:
    """Shows and hands out evidence; customers are in it for those alone who may see people."""

    def __init__(self, runtime: Runtime, desk: Desk) -> None:
        """Take the whole inside."""
        self._runtime = runtime
        self._desk = desk
        self._papers = documents(runtime.settings, desk.pages, runtime.renderer.locales)
        self._making = asyncio.Semaphore(_AT_ONCE)
        # A browser takes a processor and a few hundred megabytes.
        self._printing = asyncio.Semaphore(1)

    def routes(self) -> list[Route]:
        """List what is answered."""
        path = "/campaigns/{campaign:int}/evidence"
        return [
            Route(path, self.page),
            Route(f"{path}/document.html", self.document),
            Route(f"{path}/document.pdf", self.pdf),
            Route(f"{path}/archive", self.archive, methods=["POST"]),
        ]

    async def page(self, request: Request) -> Response:
        """Show the document within the console."""
        visit = await self._desk.enter(request, Action.LOOK)
        campaign = await self._campaign(request)
        known, people = await self._known(visit, campaign)
        values = {
            **self._papers.values(known, visit.language, people),
            "campaign": campaign,
            "purpose": "",
        }
        return self._desk.page(visit, "console/evidence.html", values)

    async def document(self, request: Request) -> Response:
        """Give the document alone, to keep."""
        visit = await self._desk.enter(request, Action.LOOK)
        campaign = await self._campaign(request)
        html = await self._written(visit, campaign)
        headers = {
            "Content-Security-Policy": self._papers.policy,
            "Content-Language": visit.language.locale.lang,
            "Content-Disposition": _attached(campaign, visit, "html"),
        }
        return HTMLResponse(html, headers=headers)

    async def pdf(self, request: Request) -> Response:
        """Give it as PDF, printed by the browser that takes pictures; a page says if there is none.

        One at a time: who would wait for too long is asked to come back.
        """
        visit = await self._desk.enter(request, Action.LOOK)
        campaign = await self._campaign(request)
        settings = self._runtime.settings
        try:
            printer = await run_in_threadpool(browser.find, settings.browser)
            html = await self._written(visit, campaign)
            async with _turn(self._printing):
                content = await run_in_threadpool(browser.pdf, html, printer)
        except ConfigurationError as error:
            values = {"campaign": campaign, "problem": error}
            return self._desk.page(visit, "console/evidence_unprinted.html", values, status=503)
        headers = {"Content-Disposition": _attached(campaign, visit, "pdf")}
        return Response(content, media_type="application/pdf", headers=headers)

    async def archive(self, request: Request) -> Response:
        """Hand out the archive, and write down who has it, why, and with which hash."""
        visit, fields = await self._desk.submitted(request, Action.LOOK)
        campaign = await self._campaign(request)
        asked = fields.text("purpose").strip()
        purpose = asked or _PURPOSE
        try:
            async with _turn(self._making):
                file, sealed = await run_in_threadpool(self._archive, visit, campaign, purpose)
        except InvalidInputError as error:
            known, people = await self._known(visit, campaign)
            values = {
                **self._papers.values(known, visit.language, people),
                "campaign": campaign,
                "purpose": asked,
                "error": error,
            }
            return self._desk.page(visit, "console/evidence.html", values, status=422)
        octets = file.seek(0, 2)
        file.seek(0)
        digest = base64.b64encode(bytes.fromhex(sealed.sha256)).decode()
        headers = {
            "Content-Disposition": f'attachment; filename="evidence-{campaign.id}.zip"',
            "Content-Length": str(octets),
            # RFC 9530: whoever keeps it knows what it is.
            "Repr-Digest": f"sha-256=:{digest}:",
        }
        return StreamingResponse(_pieces(file), media_type="application/zip", headers=headers)

    def _archive(self, visit: Visit, campaign: Campaign, purpose: str) -> tuple[IO[bytes], Sealed]:
        # Without a name: it is gone when it is closed, whatever happens to us.
        file = tempfile.TemporaryFile(dir=self._runtime.settings.home)  # noqa: SIM115  (given on)
        try:
            sealed = bootstrap.export_evidence(
                self._runtime,
                campaign,
                file,
                visit.operator.name,
                purpose=purpose,
                people=visit.operator.may(Action.SEE_PEOPLE),
                documents={
                    "evidence.html": lambda known: self._papers.document(known, visit.language)
                },
            )
        except BaseException:
            file.close()
            raise
        return file, sealed

    async def _written(self, visit: Visit, campaign: Campaign) -> str:
        known, people = await self._known(visit, campaign)
        return await run_in_threadpool(self._papers.document, known, visit.language, people)

    async def _known(
        self, visit: Visit, campaign: Campaign
    ) -> tuple[dict[str, Any], list[dict[str, Any]] | None]:
        """Collect it, with the unreached where they are asked for and may be seen: it is noted."""
        named = bool(visit.request.query_params.get("people")) and visit.operator.may(
            Action.SEE_PEOPLE
        )
        async with _turn(self._making):
            if not named:
                return await run_in_threadpool(bootstrap.dossier, self._runtime, campaign), None
            known, people = await run_in_threadpool(
                bootstrap.dossier_with_people, self._runtime, campaign
            )
            numbers = [one["customer"] for one in people]
            seen = self._runtime.accesses.seen
            by = visit.operator.name
            await run_in_threadpool(seen, numbers, by, "evidence_list", _PURPOSE)
            return known, people

    async def _campaign(self, request: Request) -> Campaign:
        which = request.path_params["campaign"]
        if which > _HIGHEST:
            raise HTTPException(404)
        return await run_in_threadpool(self._runtime.campaigns.get, str(which))


class _turn:  # noqa: N801  (used as a word)
    """Waits for a turn; 503 after a while, so that nobody piles up."""

    def __init__(self, semaphore: asyncio.Semaphore) -> None:
        self._semaphore = semaphore

    async def __aenter__(self) -> None:
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._semaphore.acquire()
        except TimeoutError as error:
            raise HTTPException(503, headers={"Retry-After": "30"}) from error

    async def __aexit__(self, *_: object) -> None:
        self._semaphore.release()


def _attached(campaign: Campaign, visit: Visit, ending: str) -> str:
    name = f"evidence-{campaign.id}-{visit.language.locale.tag}.{ending}"
    return f'inline; filename="{name}"'


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(_PIECE):
            yield piece
