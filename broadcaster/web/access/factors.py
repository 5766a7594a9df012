"""One's own second factors: an authenticator, passkeys, and codes that are written down."""

from collections.abc import Sequence

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from broadcaster.access import totp
from broadcaster.access.tickets import Purpose
from broadcaster.bootstrap import Runtime
from broadcaster.domain.access import Factor
from broadcaster.web.console.desk import Desk, Visit, see_other
from broadcaster.web.console.fields import Fields

#: What an authenticator shows as whose code it is.
_ISSUER = "Broadcaster"


class Factors:
    """Sets them up and removes them; each change wants somebody who has just shown who they are."""

    def __init__(self, runtime: Runtime, desk: Desk) -> None:
        """Work on the whole inside."""
        self._runtime = runtime
        self._desk = desk

    def routes(self) -> Sequence[Route]:
        """List what is answered."""
        made = "/account/authenticator/{token}"
        key = "/account/passkeys/{passkey:int}"
        return [
            Route("/account/authenticator", self.begin_totp, methods=["POST"]),
            Route("/account/authenticator/remove", self.remove_totp, methods=["POST"]),
            Route(made, self.show_totp),
            Route(made, self.finish_totp, methods=["POST"]),
            Route(f"{made}/picture", self.picture),
            Route("/account/codes", self.new_codes, methods=["POST"]),
            Route("/account/codes/{token}", self.show_codes),
            Route("/account/passkeys/new", self.new_passkey, methods=["POST"]),
            Route(f"{key}/name", self.rename, methods=["POST"]),
            Route(f"{key}/remove", self.remove_passkey, methods=["POST"]),
        ]

    async def begin_totp(self, request: Request) -> Response:
        """Make a secret, and lead to where it is shown."""
        visit, _ = await confirmed(self._desk, request)
        token = await run_in_threadpool(
            self._runtime.revealing.keep,
            Purpose.TOTP,
            visit.operator.id,
            totp.new_secret(),
            self._runtime.clock.now(),
        )
        return see_other(f"/account/authenticator/{token}")

    async def show_totp(self, request: Request) -> Response:
        """Show the secret as a picture and as letters, and ask for its first code."""
        visit = await self._desk.enter(request, None)
        return self._totp_page(visit, await self._secret(visit))

    async def picture(self, request: Request) -> Response:
        """Draw what an authenticator reads."""
        visit = await self._desk.enter(request, None)
        secret = await self._secret(visit)
        drawn = totp.picture(totp.address(secret, visit.operator.name, _ISSUER))
        return Response(drawn, media_type="image/svg+xml")

    async def finish_totp(self, request: Request) -> Response:
        """Keep the authenticator whose code fits; show codes to write down, if there are none."""
        visit, fields = await confirmed(self._desk, request)
        secret, now, who = await self._secret(visit), self._runtime.clock.now(), visit.operator.id
        step = totp.step_of(secret, fields.text("code"), now)
        if step is None:
            return self._totp_page(visit, secret, wrong=True)
        await run_in_threadpool(self._runtime.credentials.set_totp, who, secret, step)
        await self._used(visit)
        await renew(self._runtime, self._desk, visit, Factor.TOTP)
        if await run_in_threadpool(self._runtime.credentials.codes_left, who):
            return see_other("/account?done=authenticator")
        return see_other(await self._codes(visit))

    async def remove_totp(self, request: Request) -> Response:
        """Forget the authenticator."""
        visit, _ = await confirmed(self._desk, request)
        await run_in_threadpool(self._runtime.credentials.remove_totp, visit.operator.id)
        return see_other("/account?done=removed")

    async def new_codes(self, request: Request) -> Response:
        """Make codes to write down, instead of those of before."""
        visit, _ = await confirmed(self._desk, request)
        return see_other(await self._codes(visit))

    async def show_codes(self, request: Request) -> Response:
        """Show them, once."""
        visit = await self._desk.enter(request, None)
        text = await run_in_threadpool(
            self._runtime.revealing.look,
            Purpose.SHOWN,
            visit.operator.id,
            request.path_params["token"],
            self._runtime.clock.now(),
        )
        if text is None:
            return see_other("/account")
        return self._desk.page(visit, "console/codes.html", {"codes": text.split()})

    async def new_passkey(self, request: Request) -> Response:
        """Offer to add a passkey, which a script does."""
        visit, _ = await confirmed(self._desk, request)
        return self._desk.page(visit, "console/passkey.html")

    async def rename(self, request: Request) -> Response:
        """Call a passkey otherwise."""
        visit, fields = await self._desk.submitted(request, None)
        which = _number(request, "passkey")
        name = fields.text("name")
        await run_in_threadpool(self._runtime.passkeys.rename, visit.operator.id, which, name)
        return see_other("/account?done=named")

    async def remove_passkey(self, request: Request) -> Response:
        """Forget a passkey."""
        visit, _ = await confirmed(self._desk, request)
        await run_in_threadpool(
            self._runtime.passkeys.remove, visit.operator, _number(request, "passkey")
        )
        return see_other("/account?done=removed")

    async def _secret(self, visit: Visit) -> str:
        token, now = visit.request.path_params["token"], self._runtime.clock.now()
        found = await run_in_threadpool(
            lambda: self._runtime.revealing.look(
                Purpose.TOTP, visit.operator.id, token, now, stays=True
            )
        )
        if found is None:
            raise HTTPException(404)
        return found

    async def _used(self, visit: Visit) -> None:
        """End the ticket of a secret that is kept now."""
        token, now = visit.request.path_params["token"], self._runtime.clock.now()
        await run_in_threadpool(
            self._runtime.revealing.look, Purpose.TOTP, visit.operator.id, token, now
        )

    async def _codes(self, visit: Visit) -> str:
        """Make written codes; the path at which they are shown once."""
        who = visit.operator.id
        codes = await run_in_threadpool(self._runtime.credentials.new_codes, who)
        token = await run_in_threadpool(
            self._runtime.revealing.keep,
            Purpose.SHOWN,
            who,
            "\n".join(codes),
            self._runtime.clock.now(),
        )
        return f"/account/codes/{token}"

    def _totp_page(self, visit: Visit, secret: str, *, wrong: bool = False) -> Response:
        values = {
            "token": visit.request.path_params["token"],
            "letters": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
            "wrong": wrong,
        }
        status = 422 if wrong else 200
        return self._desk.page(visit, "console/authenticator.html", values, status=status)


async def confirmed(desk: Desk, request: Request) -> tuple[Visit, Fields]:
    """Take a form that changes how somebody enters: a screen left open is not enough."""
    visit, fields = await desk.submitted(request, None)
    return await desk.confirmed(visit, fields), fields


async def renew(runtime: Runtime, desk: Desk, visit: Visit, factor: Factor | None = None) -> None:
    """Give the session another token; `factor` is what it is worth from now on."""
    now, token = runtime.clock.now(), desk.token(visit.request)
    fresh = await run_in_threadpool(runtime.sessions.renew, token, now, factor)
    if fresh is not None:
        visit.request.state.renewed = fresh


def _number(request: Request, name: str) -> int:
    number: int = request.path_params[name]
    if number > 2**31 - 1:
        raise HTTPException(404)
    return number
