"""Two questions of whoever looks after us: do we live, and can we work.

`/healthz` is answered by the process itself and asks nobody: who restarts what does not live must
not restart the web because a database is away. `/readyz` asks the servers that we need, for those
who send visitors only to where they can be served.
"""

import asyncio
from collections.abc import Callable, Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

Checks = Mapping[str, Callable[[], None]]

#: What is told and keeps nobody away: all else works while a language is left out.
TOLD = frozenset({"texts"})

#: How long a server may take to answer, seconds; longer is no.
PATIENCE = 3.0


class Health:
    """Answers for itself, and asks each server."""

    def __init__(self, checks: Checks, patience: float = PATIENCE) -> None:
        """Each check raises when its server does not answer; `patience` is in seconds."""
        self._checks = checks
        self._patience = patience
        self._asking: dict[str, asyncio.Task[bool]] = {}

    def routes(self) -> list[Route]:
        """List what is answered."""
        return [Route("/healthz", self.alive), Route("/readyz", self.ready)]

    async def alive(self, request: Request) -> Response:
        """200: somebody is here to say so."""
        del request
        return JSONResponse({"alive": True})

    async def ready(self, request: Request) -> Response:
        """200 when all that we need answers in time, else 503; which one, and no more than that.

        What is only `TOLD` makes no 503.
        """
        del request
        names = list(self._checks)
        answers = await asyncio.gather(*(self._answers(name) for name in names))
        found = dict(zip(names, answers, strict=True))
        well = all(answer for name, answer in found.items() if name not in TOLD)
        return JSONResponse(found, 200 if well else 503)

    async def _answers(self, name: str) -> bool:
        """Ask once for all who want to know: many questions must not take all threads."""
        task = self._asking.get(name)
        if task is None or task.done():
            task = self._asking[name] = asyncio.create_task(
                run_in_threadpool(_answers, self._checks[name])
            )
        done, _ = await asyncio.wait([task], timeout=self._patience)
        return task in done and task.result()


def _answers(ask: Callable[[], None]) -> bool:
    try:
        ask()
    except Exception:  # noqa: BLE001  (whatever a client library raises: the server is not there)
        return False
    return True
