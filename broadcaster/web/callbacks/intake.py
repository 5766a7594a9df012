"""Providers' calls to us: verified, stored, then acknowledged."""

import logging
import re

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from broadcaster.domain.delivery import DeliveryEvent, Receipt
from broadcaster.domain.tokens import verify
from broadcaster.errors import (
    ConfigurationError,
    ForbiddenError,
    InvalidInputError,
    UnavailableError,
)
from broadcaster.ports import Callback, Receives
from broadcaster.web import bodies
from broadcaster.web.callbacks.store import Store
from broadcaster.web.inside import Inside

_log = logging.getLogger(__name__)

#: The most octets of a callback.
_MOST = 64 * 1024
#: A provider that gets this tries again.
_LATER = {"Retry-After": "5"}
_PROVIDER = re.compile(r"/callbacks/([a-z][a-z0-9_]{0,39})(?=/|\Z)")


class Intake:
    """Takes callbacks of providers, and confirmations of receiving apps and browsers."""

    def __init__(self, inside: Inside, store: Store, key: bytes) -> None:
        """`key` is that of our own tokens."""
        self._inside = inside
        self._store = store
        self._key = key

    def routes(self) -> list[Route]:
        """List what is answered."""
        return [
            Route("/callbacks/{rest:path}", self.callback, methods=["POST"]),
            Route("/confirm/{token}", self.confirm, methods=["POST"]),
        ]

    async def callback(self, request: Request) -> Response:
        """Take a provider's callback.

        204 once it is stored; 403 for a signature that does not fit, 400 for what cannot be
        read, 404 for no such provider, 503 when it should be brought again.
        """
        path, query = _raw(request)
        match = _PROVIDER.match(path)
        provider = self._receiver(match.group(1)) if match else None
        if match is None or provider is None:
            return PlainTextResponse("no such provider\n", 404)
        given = Callback(
            path=path[match.end() :] + query,
            # As the provider knows it: from the settings, never from the Host header.
            url=f"{self._inside.settings.public_url}{path}{query}",
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await bodies.read(request, _MOST),
        )
        try:
            await self._store.keep(provider.receive(given))
        except ForbiddenError:
            return _refused(match.group(1), 403)
        except InvalidInputError:
            return _refused(match.group(1), 400)
        except UnavailableError:
            return _later(match.group(1))
        return Response(status_code=204)

    async def confirm(self, request: Request) -> Response:
        """Take the word of the app or browser that it showed the message of this token."""
        token = request.path_params["token"]
        delivery = verify(self._key, "confirm", token)
        if delivery is None:
            return PlainTextResponse("no such message\n", 404)
        receipt = Receipt(
            provider="confirm",
            dedupe=token,
            delivery=delivery,
            reference=None,
            event=DeliveryEvent.DELIVER,
            code="confirmed",
        )
        try:
            await self._store.keep([receipt])
        except UnavailableError:
            return _later("confirm")
        return Response(status_code=204)

    def _receiver(self, name: str) -> Receives | None:
        """Find a provider that is called back."""
        try:
            provider = self._inside.providers.get(name)
        except ConfigurationError as error:
            # It cannot read its callbacks either; they are worth another try once it is mended.
            details = {"action": "provider_not_ready", "provider": name, "why": str(error)}
            _log.error("a provider that calls back is not set up: %s", error, extra=details)
            return _Unready()
        return provider if isinstance(provider, Receives) else None


class _Unready:
    """Stands for a provider whose settings are incomplete."""

    def receive(self, callback: Callback) -> list[Receipt]:
        """Have it brought again later."""
        del callback
        message = "The provider's settings are incomplete."
        raise UnavailableError(message)


def _raw(request: Request) -> tuple[str, str]:
    """Give path and query exactly as they came: signatures are made over them."""
    scope = request.scope
    path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    query = scope["query_string"].decode("latin-1")
    return path.partition("?")[0], f"?{query}" if query else ""


def _refused(provider: str, status: int) -> Response:
    details = {"action": "callback_refused", "provider": provider, "status": status}
    _log.warning("a callback was refused", extra=details)
    return PlainTextResponse("refused\n", status)


def _later(provider: str) -> Response:
    _log.error(
        "a callback could not be stored",
        extra={"action": "callback_not_stored", "provider": provider},
    )
    return PlainTextResponse("try again later\n", 503, headers=_LATER)
