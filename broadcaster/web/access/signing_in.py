"""Signing in and out: a name and a password, then what else is asked for."""

import asyncio
from collections.abc import Sequence
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from broadcaster.access.entrance import Caller, Entrance, Opened, Outcome, Refused, SecondNeeded
from broadcaster.access.operators import Operators
from broadcaster.access.sessions import Sessions
from broadcaster.ports import Clock
from broadcaster.web.access.door import Door, Stranger
from broadcaster.web.console.desk import Desk, own_path, see_other

#: How many passwords are looked at by the pages at once, and how long the next one waits, seconds:
#: two are hashed at a time, and who waits for that must not hold the threads of all other pages.
_AT_ONCE, _PATIENCE = 4, 10.0


class SigningIn:
    """The pages of the door; `provider` is what the identity provider is called, if any."""

    def __init__(
        self,
        desk: Desk,
        door: Door,
        entrance: Entrance,
        sessions: Sessions,
        operators: Operators,
        clock: Clock,
        provider: str = "",
    ) -> None:
        """Work on these."""
        self._desk = desk
        self._door = door
        self._entrance = entrance
        self._sessions = sessions
        self._operators = operators
        self._clock = clock
        self._provider = provider
        self._turns = asyncio.Semaphore(_AT_ONCE)

    def routes(self) -> Sequence[Route]:
        """List what is answered."""
        return [
            Route("/sign-in", self.ask),
            Route("/sign-in", self.sign_in, methods=["POST"]),
            Route("/sign-in/second", self.ask_second),
            Route("/sign-in/second", self.second, methods=["POST"]),
            Route("/sign-out", self.sign_out, methods=["POST"]),
        ]

    async def ask(self, request: Request) -> Response:
        """Ask for name and password; somebody who is signed in goes where they wanted."""
        path = own_path(request.query_params.get("next", "/"))
        now = self._clock.now()
        if await run_in_threadpool(self._sessions.find, self._desk.token(request), now):
            return see_other(path)
        return await self._asked(self._door.stranger(request), path)

    async def sign_in(self, request: Request) -> Response:
        """Look at name and password."""
        stranger, fields = await self._door.submitted(request)
        path = own_path(fields.text("next"))
        name = fields.text("name")
        caller = self._door.caller(request)
        outcome = await self._looked_at(name, fields.text("password"), caller)
        if isinstance(outcome, Refused):
            return await self._asked(stranger, path, name, outcome)
        return await self._let_in(request, outcome, path)

    async def _looked_at(self, name: str, password: str, caller: Caller) -> Outcome:
        """Look at a password, a few at once; 503 for who waits too long."""
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._turns.acquire()
        except TimeoutError as error:
            raise HTTPException(503, headers={"Retry-After": "10"}) from error
        try:
            now = self._clock.now()
            return await run_in_threadpool(self._entrance.by_password, name, password, caller, now)
        finally:
            self._turns.release()

    async def ask_second(self, request: Request) -> Response:
        """Ask for a code, or a passkey."""
        path = own_path(request.query_params.get("next", "/"))
        who = await run_in_threadpool(
            self._entrance.expected, self._door.step(request), self._clock.now()
        )
        if who is None:
            return see_other(f"/sign-in?next={quote(path, safe='/')}")
        return await self._second(self._door.stranger(request), who, path, None)

    async def second(self, request: Request) -> Response:
        """Look at the code."""
        stranger, fields = await self._door.submitted(request)
        path = own_path(fields.text("next"))
        ticket, now = self._door.step(request), self._clock.now()
        who = await run_in_threadpool(self._entrance.expected, ticket, now)
        caller = self._door.caller(request)
        code = fields.text("code")
        outcome = await run_in_threadpool(self._entrance.by_code, ticket, code, caller, now)
        if outcome is None or who is None:
            return see_other(f"/sign-in?next={quote(path, safe='/')}")
        if isinstance(outcome, Refused):
            return await self._second(stranger, who, path, outcome)
        return await self._let_in(request, outcome, path)

    async def sign_out(self, request: Request) -> Response:
        """End the session."""
        await self._desk.submitted(request, None)
        await run_in_threadpool(self._sessions.end, self._desk.token(request))
        return self._desk.dismiss(see_other("/sign-in"))

    async def _let_in(
        self, request: Request, outcome: Opened | SecondNeeded, path: str
    ) -> Response:
        if isinstance(outcome, SecondNeeded):
            return self._door.ask_second(outcome, path)
        # What this browser showed before is worth nothing from now on, whoever gave it to it.
        await run_in_threadpool(self._sessions.end, self._desk.token(request))
        return self._door.admit(outcome, path)

    async def _asked(
        self, stranger: Stranger, path: str, name: str = "", refused: Refused | None = None
    ) -> Response:
        values = {
            "next": path,
            "name": name[:300],
            "wrong": refused is not None,
            "provider": self._provider,
            "empty": not await run_in_threadpool(self._operators.any),
            "keep": f"&next={quote(path, safe='/')}",
        }
        if refused is not None and refused.wait:
            return self._door.page(stranger, "console/sign_in.html", values, wait=refused.wait)
        status = 200 if refused is None else 422
        return self._door.page(stranger, "console/sign_in.html", values, status=status)

    async def _second(
        self, stranger: Stranger, who: int, path: str, refused: Refused | None
    ) -> Response:
        values = {
            "next": path,
            "wrong": refused is not None,
            "ways": await run_in_threadpool(self._entrance.ways, who),
            "keep": f"&next={quote(path, safe='/')}",
        }
        if refused is not None and refused.wait:
            return self._door.page(stranger, "console/second.html", values, wait=refused.wait)
        status = 200 if refused is None else 422
        return self._door.page(stranger, "console/second.html", values, status=status)
