"""Links that are good once: setting a password, and entering without one.

Nothing happens when such a page is looked at, so that scanners of mail use nothing up.
"""

from collections.abc import Sequence

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from broadcaster.access.entrance import Entrance, Opened, SecondNeeded
from broadcaster.access.passwords import LONGEST, SHORTEST, fault_of
from broadcaster.access.sessions import Sessions
from broadcaster.ports import Clock
from broadcaster.web.access.door import Door, Stranger
from broadcaster.web.console.desk import Desk, own_path


class Inviting:
    """The pages behind those links."""

    def __init__(
        self, desk: Desk, door: Door, entrance: Entrance, sessions: Sessions, clock: Clock
    ) -> None:
        """Work on these."""
        self._desk = desk
        self._door = door
        self._entrance = entrance
        self._sessions = sessions
        self._clock = clock

    def routes(self) -> Sequence[Route]:
        """List what is answered."""
        return [
            Route("/invitation/{token}", self.invited),
            Route("/invitation/{token}", self.accept, methods=["POST"]),
            Route("/enter/{token}", self.offered),
            Route("/enter/{token}", self.enter, methods=["POST"]),
        ]

    async def invited(self, request: Request) -> Response:
        """Ask for the password that somebody wants."""
        stranger = self._door.stranger(request)
        name = await self._name(request)
        return self._ended(stranger) if name is None else self._ask(stranger, name)

    async def accept(self, request: Request) -> Response:
        """Set it, and let them in."""
        stranger, fields = await self._door.submitted(request)
        name = await self._name(request)
        if name is None:
            return self._ended(stranger)
        password = fields.text("password")
        fault = fault_of(password, name)
        if fault is not None:
            return self._ask(stranger, name, fault.value)
        if password != fields.text("again"):
            return self._ask(stranger, name, "again")
        outcome = await run_in_threadpool(
            self._entrance.by_invitation,
            request.path_params["token"],
            password,
            self._door.caller(request),
            self._clock.now(),
        )
        if isinstance(outcome, SecondNeeded):
            return self._door.ask_second(outcome, "/")
        return await self._let_in(request, stranger, outcome, "/account?welcome=yes")

    async def offered(self, request: Request) -> Response:
        """Offer to enter."""
        stranger = self._door.stranger(request)
        token = request.path_params["token"]
        if not await run_in_threadpool(self._entrance.links_good, token, self._clock.now()):
            return self._ended(stranger)
        path = own_path(request.query_params.get("next", "/"))
        return self._door.page(stranger, "console/enter.html", {"next": path})

    async def enter(self, request: Request) -> Response:
        """Let them in, once."""
        stranger, fields = await self._door.submitted(request)
        outcome = await run_in_threadpool(
            self._entrance.by_link,
            request.path_params["token"],
            self._door.caller(request),
            self._clock.now(),
        )
        return await self._let_in(request, stranger, outcome, own_path(fields.text("next")))

    async def _name(self, request: Request) -> str | None:
        token = request.path_params["token"]
        return await run_in_threadpool(self._entrance.invited, token, self._clock.now())

    async def _let_in(
        self, request: Request, stranger: Stranger, outcome: object, path: str
    ) -> Response:
        if not isinstance(outcome, Opened):
            return self._ended(stranger)
        await run_in_threadpool(self._sessions.end, self._desk.token(request))
        return self._door.admit(outcome, path)

    def _ask(self, stranger: Stranger, name: str, fault: str = "") -> Response:
        values = {"name": name, "fault": fault, "shortest": SHORTEST, "longest": LONGEST}
        status = 422 if fault else 200
        return self._door.page(stranger, "console/invitation.html", values, status=status)

    def _ended(self, stranger: Stranger) -> Response:
        return self._door.page(stranger, "console/ended.html", status=410)
