"""What the simulated networks that speak HTTP have in common."""

import asyncio
import json
import logging
import socket
import time
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

#: The longest request body, bytes. The longest that any of the protocols needs is below 20 kB.
_LONGEST_BODY = 256 * 1024

#: The library logs a traceback, with what it could not read, for each request that is no HTTP: the
#: answer 400 says enough.
_quiet = logging.getLogger(f"{__name__}.requests")
_quiet.setLevel(logging.CRITICAL)

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Cut(Exception):  # noqa: N818  (an event of the simulation, not an error)
    """The network cuts the connection instead of answering."""


def answer(
    status: int, body: Mapping[str, object] | None = None, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Make a response of JSON, or of nothing."""
    if body is None:
        return web.Response(status=status, headers=headers)
    data = json.dumps(body).encode("ascii")
    return web.Response(status=status, body=data, content_type="application/json", headers=headers)


async def read_body(request: web.BaseRequest) -> bytes | None:
    """Read the body; None when it is too long or broken."""
    if (request.content_length or 0) > _LONGEST_BODY:
        return None
    try:
        body = await request.read()
    except (web.HTTPException, ValueError):
        return None
    return body if len(body) <= _LONGEST_BODY else None


class HttpServer:
    """One listener on loopback."""

    def __init__(self, handler: Handler) -> None:
        """Answer with `handler`; `Cut` cuts the connection."""
        self._handler = handler
        server = web.Server(self._handle, access_log=None, logger=_quiet)
        self._runner = web.ServerRunner(server, shutdown_timeout=1)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await self._handler(request)
        except Cut:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)

    async def start(self, bound: socket.socket) -> int:
        """Listen on a bound socket, and give its port."""
        await self._runner.setup()
        await web.SockSite(self._runner, bound, backlog=1024).start()
        return int(bound.getsockname()[1])

    async def stop(self) -> None:
        """Answer what is under way, and close."""
        await self._runner.cleanup()


async def slowly(pace: float, seconds: float) -> None:
    """Take one's time."""
    await asyncio.sleep(pace * seconds)


def epoch() -> float:
    """Give the present moment in epoch seconds."""
    return time.time()
