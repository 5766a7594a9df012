"""Telling whether we can work: the servers that we need answer."""

from collections.abc import Callable, Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

Checks = Mapping[str, Callable[[], None]]


class Health:
    """Asks each server."""

    def __init__(self, checks: Checks) -> None:
        """Each check raises when its server does not answer."""
        self._checks = checks

    def routes(self) -> list[Route]:
        """List what is answered."""
        return [Route("/healthz", self.ready)]

    async def ready(self, request: Request) -> Response:
        """200 when every server answers, else 503; which one, and no more than that."""
        del request
        found = {name: await run_in_threadpool(_answers, ask) for name, ask in self._checks.items()}
        return JSONResponse(found, 200 if all(found.values()) else 503)


def _answers(ask: Callable[[], None]) -> bool:
    try:
        ask()
    except Exception:  # noqa: BLE001  (whatever a client library raises: the server is not there)
        return False
    return True
