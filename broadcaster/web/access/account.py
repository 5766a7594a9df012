"""One's own account: password, sessions and language."""

from collections.abc import Sequence

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from broadcaster.access.passwords import LONGEST, SHORTEST, fault_of
from broadcaster.bootstrap import Runtime
from broadcaster.web.access import words
from broadcaster.web.access.factors import renew
from broadcaster.web.console.desk import Desk, Visit, see_other


class Account:
    """The page of one's own account."""

    def __init__(self, runtime: Runtime, desk: Desk) -> None:
        """Work on the whole inside."""
        self._runtime = runtime
        self._desk = desk

    def routes(self) -> Sequence[Route]:
        """List what is answered."""
        return [
            Route("/account", self.show),
            Route("/account/language", self.language, methods=["POST"]),
            Route("/account/password", self.password, methods=["POST"]),
            Route("/account/sessions/end", self.end_sessions, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show it all."""
        visit = await self._desk.enter(request, None)
        return await self._page(visit)

    async def language(self, request: Request) -> Response:
        """Note in which language somebody reads the console."""
        visit, fields = await self._desk.submitted(request, None)
        tag = fields.text("language")
        if self._desk.pages.languages.get(tag) is None:
            raise HTTPException(400)
        await run_in_threadpool(self._runtime.operators.speak, visit.operator.id, tag)
        return see_other(f"/account?lang={tag}&done=language")

    async def password(self, request: Request) -> Response:
        """Set another password; every other session ends, and this one gets a new token."""
        visit, fields = await self._desk.submitted(request, None)
        who, new = visit.operator, fields.text("password")
        standing = await run_in_threadpool(self._runtime.operators.standing, who.id)
        if not standing.password:
            visit = await self._desk.confirmed(visit, fields)
        fault = fault_of(new, who.name)
        if fault is not None:
            return await self._page(visit, fault=fault.value)
        if new != fields.text("again"):
            return await self._page(visit, fault="again")
        if standing.password:
            now, current = self._runtime.clock.now(), fields.text("current")
            right = await run_in_threadpool(self._runtime.entrance.confirms, who.id, current, now)
            if right is not True:
                return await self._page(visit, fault="current")
        keep = visit.session.id
        await run_in_threadpool(self._runtime.credentials.set_password, who.id, new, None, keep)
        await renew(self._runtime, self._desk, visit)
        return see_other("/account?done=password")

    async def end_sessions(self, request: Request) -> Response:
        """End one session, or all but this one."""
        visit, fields = await self._desk.submitted(request, None)
        who, which = visit.operator, fields.text("session")
        if which.isascii() and which.isdigit() and len(which) < 19:  # noqa: PLR2004  (as bigint)
            await run_in_threadpool(self._runtime.sessions.end_one, who.id, int(which), who.name)
        else:
            await run_in_threadpool(
                self._runtime.sessions.end_all, who.id, who.name, visit.session.id
            )
        return see_other("/account?done=ended")

    async def _page(self, visit: Visit, fault: str = "") -> Response:
        settings = self._runtime.settings
        who, now = visit.operator, self._runtime.clock.now()
        standing = await run_in_threadpool(self._runtime.operators.standing, who.id)
        values = {
            "standing": standing,
            "passkeys": await run_in_threadpool(self._runtime.passkeys.list, who.id),
            "codes": await run_in_threadpool(self._runtime.credentials.codes_left, who.id),
            "sessions": await run_in_threadpool(self._runtime.sessions.list, who.id, now),
            "needed": bool(who.roles & settings.second_factor) and not visit.session.strong,
            "provider": settings.oidc.label if settings.oidc else "",
            "words": words,
            "fault": fault,
            "shortest": SHORTEST,
            "longest": LONGEST,
            "done": visit.request.query_params.get("done", ""),
            "welcome": "welcome" in visit.request.query_params,
        }
        return self._desk.page(visit, "console/account.html", values, status=422 if fault else 200)
