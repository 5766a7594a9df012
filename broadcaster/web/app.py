"""The web application: its routes, and what is said when something is wrong."""

import logging
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from broadcaster import bootstrap
from broadcaster.settings import Settings
from broadcaster.web.callbacks.bounces import BounceHandler, BounceListener
from broadcaster.web.callbacks.intake import Intake
from broadcaster.web.callbacks.store import Store
from broadcaster.web.console.confirming import ConfirmNeededError, Renewal
from broadcaster.web.console.desk import (
    Area,
    Desk,
    FactorNeededError,
    SignInNeededError,
    see_other,
)
from broadcaster.web.console.faults import STATUSES, Faults
from broadcaster.web.health import Checks, Health
from broadcaster.web.inside import Inside
from broadcaster.web.names import Names, named
from broadcaster.web.papers import own_pages
from broadcaster.web.public.advisories import Advisories
from broadcaster.web.public.preferences import PreferencesPage
from broadcaster.web.public.unsubscribe import Unsubscribe
from broadcaster.web.security import Guard


def front(inside: Inside) -> Desk:
    """Make what every page of the console stands on."""
    settings = inside.settings
    pages = own_pages(settings, inside.renderer.locales)
    key = bootstrap.signing_key(settings)
    return Desk(
        inside.sessions,
        pages,
        inside.clock,
        key,
        settings.console_url,
        inside.entrance,
        settings.second_factor,
    )


def create_app(
    inside: Inside,
    *,
    desk: Desk,
    more: Sequence[Area] = (),
    wake: Callable[[], None],
    checks: Checks,
    bounces: socket.socket,
) -> FastAPI:
    """Make the application, of what every one has and of `more`.

    `wake` has stored receipts applied, `checks` ask the servers that we need. On the bound socket
    `bounces` mail is taken meanwhile.
    """
    # Paths hold tokens, whatever logging is set to.
    logging.getLogger("uvicorn.access").disabled = True
    settings = inside.settings
    key = bootstrap.signing_key(settings)
    pages = desk.pages
    store = Store(inside, wake)
    areas: tuple[Area, ...] = (
        *more,
        Intake(inside, store, key),
        Unsubscribe(inside, pages, key),
        PreferencesPage(inside, pages, key),
        Advisories(inside.public_files, inside.publisher),
        Health(checks),
        pages,
    )
    listener = BounceListener(BounceHandler(inside, store), bounces)
    app = FastAPI(
        routes=[route for area in areas for route in area.routes()],
        openapi_url=None,
        lifespan=_lifespan(listener, store),
        redirect_slashes=False,
    )
    app.add_middleware(Renewal, desk=desk)
    app.add_middleware(
        Names, public=named(settings.public_url), console=named(settings.console_url), pages=pages
    )
    app.add_middleware(Guard, hosts=_hosts(settings))
    faults = Faults(desk)
    for kind in (*STATUSES, HTTPException):
        app.add_exception_handler(kind, faults.explain)
    _ask(app, desk, faults)
    return app


def create_public_app(settings: Settings) -> ASGIApp:
    """Make an application that answers from the public folder alone."""
    logging.getLogger("uvicorn.access").disabled = True
    alone = bootstrap.PublicAlone(settings)

    async def away(request: Request) -> Response:
        """Say that what alerts need is not here now: the pages link to it."""
        del request
        return PlainTextResponse("503 try again later\n", 503, headers={"Retry-After": "60"})

    routes = [*Health({}).routes(), *Advisories(alone.files, alone).routes()]
    app = Starlette(routes=[*routes, Route("/follow", away)])

    async def refuse(request: Request, error: Exception) -> Response:
        del request
        status = error.status_code if isinstance(error, HTTPException) else 500
        return PlainTextResponse(f"{status}\n", status)

    app.add_exception_handler(HTTPException, refuse)
    return Guard(app, hosts=_hosts(settings))


def _hosts(settings: Settings) -> list[str]:
    hosts = settings.options("web").words("HOSTS", "")
    return [*map(named, (settings.public_url, settings.console_url)), settings.web_host, *hosts]


def _lifespan(
    listener: BounceListener, store: Store
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def run(app: FastAPI) -> AsyncIterator[None]:
        del app
        await listener.start()
        try:
            yield
        finally:
            await listener.stop()
            await store.settled()

    return run


def _ask(app: FastAPI, desk: Desk, faults: Faults) -> None:
    """Answer those who have to say first who they are, or say it again."""

    async def who(request: Request, error: Exception) -> Response:
        if isinstance(error, SignInNeededError):
            return await faults.ended(request, error)
        if isinstance(error, ConfirmNeededError):
            return desk.page(error.visit, "console/confirm.html", error.values(), status=403)
        if isinstance(error, FactorNeededError):
            return see_other("/account?needed=factor")
        raise error

    for kind in (SignInNeededError, ConfirmNeededError, FactorNeededError):
        app.add_exception_handler(kind, who)
