"""Running the web application: its sockets, its server, and how it ends."""

import logging
import os
import signal
import socket
import sys

import uvicorn
from starlette.types import ASGIApp

from broadcaster.bootstrap import readiness, running, telemetry
from broadcaster.errors import ConfigurationError
from broadcaster.settings import Settings
from broadcaster.tasks import wake
from broadcaster.web.app import create_app, create_public_app, front
from broadcaster.web.connections import BoundedProtocol
from broadcaster.web.measuring import Measured
from broadcaster.web.rooms import rooms

_log = logging.getLogger(__name__)

#: How many requests may be under way, and how long they may take to end when we end, seconds.
_CONCURRENCY, _FAREWELL = 500, 5
_BACKLOG = 512


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; ConfigurationError when a port cannot be used."""
    with (
        # Before anything else is begun; who calls meanwhile waits.
        _bound("WEB", settings.web_host, settings.web_port) as web,
        _bound("BOUNCE", settings.bounce_host, settings.bounce_port) as bounces,
        running(settings) as runtime,
    ):
        runtime.wake_codes = wake.codes
        desk = front(runtime)
        app = create_app(
            runtime,
            desk=desk,
            more=rooms(runtime, desk, stopping=lambda: server.should_exit),
            wake=wake.receipts,
            checks=readiness(runtime),
            bounces=bounces,
        )
        meters = telemetry.web_meters(settings)
        telemetry.listen(settings, "web", [meters.read] if meters else [], lambda: runtime.pool)
        server = _server(Measured(app, meters) if meters else app)
        _log.info("serving", extra={"action": "web_started", "port": settings.web_port})
        server.run(sockets=[web])


def serve_public(settings: Settings) -> None:
    """Serve the public folder alone, with no database and no Redis; errors as `serve`."""
    with _bound("WEB", settings.web_host, settings.web_port) as web:
        meters = telemetry.web_meters(settings)
        telemetry.listen(settings, "public", [meters.read] if meters else [])
        app = create_public_app(settings)
        server = _server(Measured(app, meters) if meters else app)
        _log.info("serving", extra={"action": "public_web_started", "port": settings.web_port})
        server.run(sockets=[web])


def _server(app: ASGIApp) -> uvicorn.Server:
    for number in (signal.SIGTERM, signal.SIGINT):
        # The server raises the signal again when it has ended well; then we end well too.
        signal.signal(number, lambda *_: sys.exit(0))
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http=BoundedProtocol,
            log_config=None,
            access_log=False,
            server_header=False,
            # What a proxy says of others is not believed; addresses come from the settings.
            proxy_headers=False,
            limit_concurrency=_CONCURRENCY,
            timeout_graceful_shutdown=_FAREWELL,
        )
    )


def _bound(name: str, host: str, port: int) -> socket.socket:
    """Bind a socket."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        # A name that cannot be looked up has a number of its own sort.
        known = error.errno is not None and error.errno > 0
        reason = os.strerror(error.errno or 0) if known else "no such address"
        message = (
            f"BROADCASTER_{name}_PORT: {host}:{port} cannot be used ({reason}). Set a free port."
        )
        raise ConfigurationError(message) from error
