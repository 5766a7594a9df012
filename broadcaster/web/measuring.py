"""Measuring what the web is asked, around everything else."""

import time
from typing import Protocol

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_EVENTS = b"text/event-stream"


class Measures(Protocol):
    """Counts requests."""

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request whose answer began after so many seconds."""
        ...

    def watching(self, change: int) -> None:
        """Somebody began (1) or ended (-1) to watch."""
        ...


class Measured:
    """Tells how long each answer took to begin, by the template of its route."""

    def __init__(self, app: ASGIApp, meters: Measures) -> None:
        """Measure `app`."""
        self._app = app
        self._meters = meters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, watches = time.perf_counter(), False

        async def answer(message: Message) -> None:
            nonlocal watches
            if message["type"] == "http.response.start":
                took = time.perf_counter() - began
                self._meters.answered(_route(scope), scope["method"], message["status"], took)
                watches = any(
                    name.lower() == b"content-type" and value.startswith(_EVENTS)
                    for name, value in message.get("headers", ())
                )
                if watches:
                    self._meters.watching(1)
            await send(message)

        try:
            await self._app(scope, receive, answer)
        finally:
            if watches:
                self._meters.watching(-1)


def _route(scope: Scope) -> str:
    """Name the template; what has none is nobody's path, and is not named."""
    return str(getattr(scope.get("route"), "path", "none"))
