"""What is answered under which name, where the public's and the console's are two.

A fault of a page that everybody opens then reaches no session: to a browser they are two sites. By
this machine's own names, and by others that were set, everything is answered.
"""

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from broadcaster.web.pages import Pages
from broadcaster.web.security import host_of

#: What customers, networks and devices reach, as the beginnings of paths.
PUBLIC = (
    "/advisories",
    "/callbacks",
    "/confirm",
    "/follow",
    "/preferences",
    "/push",
    "/push-worker.js",
    "/unsubscribe",
)
#: What both have: styles, and what those ask who look after us.
_BOTH = ("/assets", "/favicon.ico", "/healthz", "/readyz")


class Names:
    """Says of what belongs to the other name that it is not here."""

    def __init__(self, app: ASGIApp, *, public: str, console: str, pages: Pages) -> None:
        """Keep two hosts apart; where they are one, everything is answered."""
        self._app = app
        self._public = public
        self._console = console
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or self._is_here(scope):
            await self._app(scope, receive, send)
            return
        answer = self._pages.page("fault.html", Request(scope), {"status": 404}, status=404)
        await answer(scope, receive, send)

    def _is_here(self, scope: Scope) -> bool:
        host, path = host_of(Headers(scope=scope).get("host", "")), scope["path"]
        if self._public == self._console or _below(path, _BOTH):
            return True
        other = {self._public: self._console, self._console: self._public}.get(host)
        if other is None:
            return True
        return _below(path, PUBLIC) == (host == self._public)


def named(url: str) -> str:
    """Give the host of an address, in lower case."""
    return host_of(url.partition("//")[2])


def _below(path: str, beginnings: tuple[str, ...]) -> bool:
    return any(path == one or path.startswith(f"{one}/") for one in beginnings)
