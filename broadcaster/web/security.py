"""What stands before every page: whose name was called, what an answer may do, what went wrong."""

import logging
import traceback
from collections.abc import Iterable, MutableMapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from broadcaster.domain.hosts import is_loopback

_log = logging.getLogger(__name__)

#: What a page of ours may load: nothing that is not from here, and no script but our modules.
OWN_PAGES = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    # Paths hold tokens, which no other site is to see. With no referrer at all, browsers would hide
    # from us, too, where a form comes from (Fetch, "append a request Origin header").
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), camera=(), microphone=()",
}
_DEFAULTS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": OWN_PAGES,
    "X-Frame-Options": "DENY",
}

#: A page of ours that shows messages in frames of ours.
FRAMING_PAGES = f"{OWN_PAGES}; frame-src 'self'"
#: What shows a message within such a page: nothing in it acts, and nothing is fetched. The frames
#: in it are `about:srcdoc`, which some browsers hold against the policy too.
SHOWN_MESSAGES = (
    "default-src 'none'; frame-src about:; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox"
)

#: Paths longer than this are nobody's; tokens and ids are far shorter.
_LONGEST_PATH = 1000


class Guard:
    """Answers only to names that are ours, adds the headers, and lets no fault out in words.

    A page elsewhere can make a browser ask this machine by a name of its own (DNS rebinding);
    such a request carries that name as its host and is refused.
    """

    def __init__(self, app: ASGIApp, *, hosts: Iterable[str]) -> None:
        """Answer to `hosts` and to the names of the loopback interface."""
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def answer(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                _add_headers(message)
            await send(message)

        refusal = self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, answer)
            return
        try:
            await self._app(scope, receive, answer)
        except Exception as error:  # noqa: BLE001  (the last place where a fault can be kept in)
            _note(error)
            if not started:
                await PlainTextResponse("internal error\n", 500)(scope, receive, answer)

    def _refusal(self, scope: Scope) -> Response | None:
        host = host_of(Headers(scope=scope).get("host", ""))
        if not (is_loopback(host) or host in self._hosts):
            return PlainTextResponse("this host name is not served here\n", 421)
        if len(scope.get("raw_path") or scope["path"]) > _LONGEST_PATH:
            if scope["path"].startswith("/api/"):
                # There every fault has one form (RFC 9457).
                title = {"type": "about:blank", "title": "URI Too Long", "status": 414}
                told = {**title, "detail": "The address is too long."}
                return JSONResponse(told, 414, media_type="application/problem+json")
            return PlainTextResponse("the path is too long\n", 414)
        return None


def _add_headers(message: MutableMapping[str, object]) -> None:
    headers = MutableHeaders(scope=message)
    for name, value in _HEADERS.items():
        headers[name] = value
    if "sandbox" in headers.get("Content-Security-Policy", ""):
        # Alone in a window, what is sandboxed is refused with it (HTML, "obtaining a cross-origin
        # opener policy"), and it has no origin that it could protect.
        del headers["Cross-Origin-Opener-Policy"]
    for name, value in _DEFAULTS.items():
        headers.setdefault(name, value)


def _note(error: Exception) -> None:
    """Log what sort of fault and where; not its words, which may hold an address."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""
    details = {"action": "request_failed", "fault": type(error).__name__, "where": where}
    _log.error("a request failed: %s at %s", type(error).__name__, where, extra=details)


def host_of(netloc: str) -> str:
    """Give the host of `host`, `host:port` or `[address]:port`, in lower case; empty for junk."""
    try:
        return urlsplit(f"//{netloc}").hostname or ""
    except ValueError:
        return ""
