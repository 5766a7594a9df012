"""The API as a part of the web: its own application, with its own words for faults."""

import threading
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from broadcaster import __version__
from broadcaster.bootstrap import Runtime, signing_key
from broadcaster.web.api import (
    approvals,
    areas,
    attributes,
    calls,
    customers,
    deliveries,
    drafts,
    evidence,
    imports,
    kinds,
    library,
    networks,
    operators,
    outcomes,
    problems,
    rules,
    segments,
    sorts,
    steering,
    storing,
    suppressions,
    team,
    untold,
    webhooks,
    wordings,
)
from broadcaster.web.api.door import Door
from broadcaster.web.api.paging import Pages
from broadcaster.web.languages import Languages

PATH = "/api/v1"

#: All calls, in the order in which they are described.
GROUPS = (
    team.calls,
    operators.calls,
    kinds.calls,
    library.calls,
    segments.calls,
    areas.calls,
    attributes.calls,
    customers.calls,
    storing.calls,
    suppressions.calls,
    imports.calls,
    drafts.calls,
    wordings.calls,
    approvals.calls,
    steering.calls,
    outcomes.calls,
    deliveries.calls,
    untold.calls,
    evidence.calls,
    rules.calls,
    networks.calls,
    webhooks.calls,
)

_ABOUT = """\
Everything that the console can do, for programs. See docs/api.md for an example of each call.

A call needs a key (`Authorization: Bearer bk_…`) with the scope that it names as `x-scope`. Faults
are `application/problem+json` (RFC 9457). Lists come in pages: follow `next`. Whatever makes or
does something takes an `Idempotency-Key`.
"""


class Api:
    """The calls below `/api/v1`, and what describes them, which needs no key."""

    def __init__(self, runtime: Runtime, languages: Languages) -> None:
        """Make the application; `languages` are those in which problems can be told."""
        app = FastAPI(
            title="Broadcaster",
            version=__version__,
            openapi_url=None,
            redirect_slashes=False,
            strict_content_type=True,
        )
        app.state.runtime = runtime
        app.state.languages = languages
        app.state.door = Door(runtime.api_keys, runtime.answers, runtime.clock)
        app.state.pages = Pages(signing_key(runtime.settings))
        problems.explain(app)
        calls.install(app, *GROUPS)
        document = Described(app)

        async def show(request: Request) -> Response:
            del request
            told = await run_in_threadpool(document)
            return JSONResponse(told, headers={"Cache-Control": "public, max-age=300"})

        async def explain(request: Request) -> Response:
            del request
            told = {"items": sorts.explained()}
            return JSONResponse(told, headers={"Cache-Control": "public, max-age=300"})

        app.router.routes.insert(0, Route("/openapi.json", show, methods=["GET"]))
        app.router.routes.insert(0, Route(sorts.PATH, explain, methods=["GET"]))
        self.app = app

    def routes(self) -> Sequence[BaseRoute]:
        """List what is answered."""
        return [Mount(PATH, self.app)]


class Described:
    """The description of an application's calls, made when it is first asked for, and kept.

    It takes half a second, which a start of the web need not wait for.
    """

    def __init__(self, app: FastAPI) -> None:
        """Nothing is made yet."""
        self._app = app
        self._turn = threading.Lock()
        self._made: dict[str, Any] = {}

    def __call__(self) -> dict[str, Any]:
        """Give it; however many ask at once, it is made once."""
        with self._turn:
            if not self._made:
                self._made = describe(self._app)
            return self._made


def describe(app: FastAPI) -> dict[str, Any]:
    """Describe an application's calls (OpenAPI 3.1)."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        openapi_version="3.1.0",
        summary="Tell a utility's customers what matters.",
        description=_ABOUT,
        routes=app.routes,
        servers=[{"url": PATH}],
    )
    parts = document.setdefault("components", {})
    schemas = parts.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    told = problems.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= told.pop("$defs", {})
    schemas["Problem"] = told
    parts["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "A key: `bk_…`."}
    }
    return document
