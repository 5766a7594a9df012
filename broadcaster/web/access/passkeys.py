"""What the script of passkeys asks: challenges, and what became of the answers; JSON."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from broadcaster.access.passkeys import Asked, Site, Use, parsed
from broadcaster.bootstrap import Runtime
from broadcaster.domain.access import Factor
from broadcaster.errors import InvalidInputError
from broadcaster.web import bodies
from broadcaster.web.access.door import Door
from broadcaster.web.console.desk import Desk, own_path

#: What an answer of a device may be, octets.
_MOST = 32 * 1024


class PasskeyCalls:
    """Answers the script."""

    def __init__(self, runtime: Runtime, desk: Desk, door: Door) -> None:
        """Work on the whole inside; passkeys are bound to the console's host."""
        self._runtime = runtime
        self._desk = desk
        self._door = door
        self._own = urlsplit(runtime.settings.console_url)

    def routes(self) -> Sequence[Route]:
        """List what is answered."""
        return [
            Route("/sign-in/passkey/challenge", self.ask, methods=["POST"]),
            Route("/sign-in/passkey", self.enter, methods=["POST"]),
            Route("/account/passkeys/challenge", self.ask_own, methods=["POST"]),
            Route("/account/passkeys", self.register, methods=["POST"]),
            Route("/account/passkeys/confirm", self.confirm, methods=["POST"]),
        ]

    async def ask(self, request: Request) -> Response:
        """Ask somebody who is nobody yet, or whose password was right."""
        stranger = self._door.stranger(request)
        self._desk.require_own(request, stranger.csrf, "")
        values = await _json(request)
        use, now = _use(values, Use.ENTER, Use.SECOND), self._runtime.clock.now()
        operator = None
        if use is Use.SECOND:
            step = self._door.step(request)
            operator = await run_in_threadpool(self._runtime.entrance.expected, step, now)
            if operator is None:
                raise HTTPException(410)
        source = self._runtime.trials.hashed("challenge", self._door.caller(request).source)
        site = self._site(request)
        asked = await run_in_threadpool(
            lambda: self._runtime.passkeys.ask(use, site, now, operator=operator, source=source)
        )
        return _asked(asked)

    async def enter(self, request: Request) -> Response:
        """Let in whose device answered."""
        stranger = self._door.stranger(request)
        self._desk.require_own(request, stranger.csrf, "")
        values = await _json(request)
        use, now = _use(values, Use.ENTER, Use.SECOND), self._runtime.clock.now()
        who = await self._answered(request, use, values)
        caller = self._door.caller(request)
        if use is Use.ENTER:
            opened = await run_in_threadpool(
                self._runtime.entrance.open, who, Factor.PASSKEY, caller, now
            )
        else:
            step = self._door.step(request)
            second = await run_in_threadpool(
                self._runtime.entrance.by_second_passkey, step, who, caller, now
            )
            if second is None:
                raise HTTPException(410)
            opened = second
        await run_in_threadpool(self._runtime.sessions.end, self._desk.token(request))
        path = own_path(str(values.get("next", "/")))
        return self._door.let_in(JSONResponse({"go": path}), opened)

    async def ask_own(self, request: Request) -> Response:
        """Ask somebody who is signed in, to confirm or to add one."""
        visit = await self._desk.enter(request, None)
        self._desk.require_wish(request, visit, "")
        values = await _json(request)
        use, now = _use(values, Use.CONFIRM, Use.REGISTER), self._runtime.clock.now()
        site = self._site(request)
        if use is Use.CONFIRM:
            who = visit.operator.id
            asked = await run_in_threadpool(
                lambda: self._runtime.passkeys.ask(use, site, now, operator=who)
            )
            return _asked(asked)
        if not visit.session.fresh(now):
            raise HTTPException(403)
        try:
            return _asked(
                await run_in_threadpool(
                    self._runtime.passkeys.ask_register, visit.operator, site, now
                )
            )
        except InvalidInputError as error:
            raise HTTPException(422) from error

    async def register(self, request: Request) -> Response:
        """Keep the passkey that a device made; the session is worth more from now on."""
        visit = await self._desk.enter(request, None)
        self._desk.require_wish(request, visit, "")
        values = await _json(request)
        now = self._runtime.clock.now()
        if not visit.session.fresh(now):
            raise HTTPException(403)
        try:
            await run_in_threadpool(
                self._runtime.passkeys.register,
                visit.operator,
                str(values.get("ticket", "")),
                values.get("credential"),
                str(values.get("name", "")),
                self._site(request),
                now,
            )
        except InvalidInputError as error:
            raise HTTPException(422) from error
        await self._renew(request, Factor.PASSKEY)
        return JSONResponse({"go": "/account?done=passkey"})

    async def confirm(self, request: Request) -> Response:
        """Note that whoever is signed in has shown that it is they; the new token of forms."""
        visit = await self._desk.enter(request, None)
        self._desk.require_wish(request, visit, "")
        who = await self._answered(request, Use.CONFIRM, await _json(request))
        if who != visit.operator.id:
            raise HTTPException(403)
        return JSONResponse({"csrf": self._desk.csrf(await self._renew(request, None))})

    async def _answered(self, request: Request, use: Use, values: Mapping[str, Any]) -> int:
        found = await run_in_threadpool(
            self._runtime.passkeys.answered,
            use,
            str(values.get("ticket", "")),
            values.get("credential"),
            self._site(request),
            self._runtime.clock.now(),
        )
        if found is None:
            raise HTTPException(422)
        return found

    async def _renew(self, request: Request, factor: Factor | None) -> str:
        token, now = self._desk.token(request), self._runtime.clock.now()
        fresh = await run_in_threadpool(self._runtime.sessions.renew, token, now, factor)
        if fresh is None:
            raise HTTPException(401)
        request.state.renewed = fresh
        return fresh

    def _site(self, request: Request) -> Site:
        """Say whose passkeys they are: of the public name, or on this machine of `localhost`."""
        if request.url.hostname == "localhost" and self._own.scheme == "http":
            return Site("localhost", f"http://{request.url.netloc}")
        origin = f"{self._own.scheme}://{self._own.netloc}"
        return Site(self._own.hostname or "", origin)


async def _json(request: Request) -> Mapping[str, Any]:
    body = await bodies.read(request, _MOST)
    try:
        values = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise HTTPException(400) from error
    if not isinstance(values, dict):
        raise HTTPException(400)
    return values


def _use(values: Mapping[str, Any], *allowed: Use) -> Use:
    for use in allowed:
        if values.get("use") == use.value:
            return use
    raise HTTPException(400)


def _asked(asked: Asked) -> Response:
    return JSONResponse({"ticket": asked.ticket, "options": parsed(asked.options)})
