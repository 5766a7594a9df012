"""Going to the identity provider, and coming back."""

from collections.abc import Sequence

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from broadcaster.access.claims import NotAskedError
from broadcaster.access.entrance import Opened
from broadcaster.access.provider import Identity, IdentityProvider
from broadcaster.bootstrap import Runtime
from broadcaster.errors import ForbiddenError, UnavailableError
from broadcaster.web.access.door import Door, Stranger
from broadcaster.web.access.factors import confirmed
from broadcaster.web.console.desk import Desk, own_path, see_other


class ProviderPages:
    """Sends people there, and lets in who comes back."""

    def __init__(self, runtime: Runtime, desk: Desk, door: Door) -> None:
        """Work on the whole inside."""
        self._runtime = runtime
        self._desk = desk
        self._door = door

    def routes(self) -> Sequence[Route]:
        """List what is answered."""
        return [
            Route("/sign-in/provider", self.leave),
            Route("/sign-in/provider/callback", self.back),
            Route("/account/provider", self.link, methods=["POST"]),
        ]

    async def leave(self, request: Request) -> Response:
        """Send somebody to the provider."""
        path = own_path(request.query_params.get("next", "/"))
        again = "again" in request.query_params
        return await self._leave(request, path, again=again, operator=None)

    async def link(self, request: Request) -> Response:
        """Send somebody who is signed in there, to be known by both from then on.

        By a page with a link: where forms may lead to is only here.
        """
        visit, _ = await confirmed(self._desk, request)
        who = visit.operator.id
        stranger = self._door.stranger(request)
        address = await self._address(stranger, "/account", again=False, operator=who)
        if address is None:
            return see_other("/account")
        label = self._label()
        answer = self._desk.page(visit, "console/leave.html", {"address": address, "name": label})
        self._door.bind(answer, stranger)
        return answer

    async def back(self, request: Request) -> Response:
        """Let in who comes back with an answer that fits."""
        stranger = self._door.stranger(request)
        asked = request.query_params
        provider = self._provider()
        if "error" in asked:
            return self._failed(stranger, "refused", 403)
        try:
            identity = await run_in_threadpool(
                lambda: provider.end(
                    state=asked.get("state", ""),
                    code=asked.get("code", ""),
                    issuer=asked.get("iss", ""),
                    browser=stranger.token,
                    now=self._runtime.clock.now(),
                )
            )
            return await self._let_in(request, provider, identity)
        except NotAskedError:
            return self._failed(stranger, "unasked", 403)
        except ForbiddenError:
            return self._failed(stranger, "refused", 403)
        except UnavailableError:
            return self._failed(stranger, "silent", 503)

    async def _leave(
        self, request: Request, path: str, *, again: bool, operator: int | None
    ) -> Response:
        stranger = self._door.stranger(request)
        address = await self._address(stranger, path, again=again, operator=operator)
        if address is None:
            return self._failed(stranger, "silent", 503)
        answer = RedirectResponse(address, 303)
        self._door.bind(answer, stranger)
        return answer

    async def _address(
        self, stranger: Stranger, path: str, *, again: bool, operator: int | None
    ) -> str | None:
        provider = self._provider()
        source = self._door.caller(stranger.request).source
        try:
            visit = await run_in_threadpool(
                lambda: provider.begin(
                    path=path,
                    browser=stranger.token,
                    source=self._runtime.trials.hashed("provider", source),
                    again=again,
                    operator=operator,
                    now=self._runtime.clock.now(),
                )
            )
        except UnavailableError:
            return None
        return visit.address

    async def _let_in(
        self, request: Request, provider: IdentityProvider, identity: Identity
    ) -> Response:
        now, caller = self._runtime.clock.now(), self._door.caller(request)
        opened: Opened | str = await run_in_threadpool(
            self._runtime.entrance.by_provider, provider.issuer, identity, caller, now
        )
        if not isinstance(opened, Opened):
            return self._failed(self._door.stranger(request), opened, 403)
        await run_in_threadpool(self._runtime.sessions.end, self._desk.token(request))
        path = "/account?done=linked" if identity.operator is not None else identity.path
        return self._door.admit(opened, path)

    def _failed(self, stranger: Stranger, why: str, status: int) -> Response:
        values = {"why": why, "name": self._label()}
        return self._door.page(stranger, "console/provider.html", values, status=status)

    def _provider(self) -> IdentityProvider:
        found = self._runtime.identity_provider
        if found is None:
            raise HTTPException(404)
        return found

    def _label(self) -> str:
        oidc = self._runtime.settings.oidc
        return oidc.label if oidc else ""
