"""One HTTP server for both simulated push services and their token service."""

import re

from aiohttp import web

from broadcaster.sandbox.fcm import Fcm
from broadcaster.sandbox.http import answer, epoch
from broadcaster.sandbox.oauth import Tokens
from broadcaster.sandbox.webpush import WebPush

_SEND = re.compile(r"/v1/projects/([A-Za-z0-9:.\-]{1,128})/messages:send\Z", re.ASCII)


class PushService:
    """Leads each request to the service that it is meant for."""

    def __init__(self, origin: str, webpush: WebPush, fcm: Fcm, tokens: Tokens) -> None:
        """Know the services, and the origin of the endpoints of subscriptions."""
        self._webpush = webpush
        self._fcm = fcm
        self._tokens = tokens
        self._origin = origin

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request; 404 for what no service knows."""
        path = request.path
        if path.startswith("/wp/") and path.count("/") == 2:  # noqa: PLR2004  (one segment after it)
            return await self._webpush.handle(request, self._origin + path)
        if path == "/token":
            return await self._tokens.handle(request, epoch())
        if request.method == "POST" and (match := _SEND.match(path)):
            return await self._fcm.handle(request, match[1])
        return answer(404)
