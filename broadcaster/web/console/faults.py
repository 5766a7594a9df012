"""What is said when something is wrong: within the console to who is signed in, else alone."""

import logging
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from broadcaster.errors import (
    ConfigurationError,
    ConflictError,
    ForbiddenError,
    GoneError,
    InvalidInputError,
    NotFoundError,
    UnavailableError,
)
from broadcaster.web import bodies
from broadcaster.web.console.desk import Desk, SignInNeededError, own_path, sign_in_first
from broadcaster.web.console.fields import Fields, form

_log = logging.getLogger(__name__)

#: What machines read; they get a line and no page.
_FOR_MACHINES = ("/callbacks/", "/confirm/", "/healthz", "/readyz", "/assets/")

#: Each error with its status; the first that fits.
STATUSES: Mapping[type[Exception], int] = {
    GoneError: 410,
    NotFoundError: 404,
    ForbiddenError: 403,
    UnavailableError: 503,
    ConflictError: 409,
    InvalidInputError: 422,
    # Such as a key of personal data that is not here.
    ConfigurationError: 500,
}
#: What is shown again of a form that came too late, octets, fields, and what is never shown.
_MOST, _SHOWN = 64 * 1024, 60
_SECRET = ("csrf", "password", "code", "secret", "token", "key")


class Faults:
    """Answers them."""

    def __init__(self, desk: Desk) -> None:
        """`desk` knows who is signed in."""
        self._desk = desk

    async def explain(self, request: Request, error: Exception) -> Response:
        """Give a page in the reader's language to people, a line to machines."""
        status = next((code for kind, code in STATUSES.items() if isinstance(error, kind)), 500)
        headers: Mapping[str, str] = {}
        if isinstance(error, ConfigurationError):
            _log.error("something is not set up", extra={"action": "request_not_set_up"})
        if isinstance(error, HTTPException):
            status, headers = error.status_code, error.headers or {}
        if request.url.path.startswith(_FOR_MACHINES):
            return PlainTextResponse(f"{status}\n", status)
        answer = await self._page(request, status, error)
        answer.headers.update(headers)
        return answer

    async def _page(self, request: Request, status: int, error: Exception) -> Response:
        visit = None
        # The page that says that nothing answers needs nobody to be known.
        with suppress(UnavailableError):
            visit = await self._desk.known(request)
        if visit is None:
            pages = self._desk.pages
            return pages.page("fault.html", request, {"status": status}, status=status)
        kinds = (ConflictError, InvalidInputError, ConfigurationError)
        told = error if isinstance(error, kinds) else None
        said = "" if told is None or isinstance(told, NotFoundError) else str(told)
        values = {"status": status, "said": said, "back": came_from(request)}
        return self._desk.page(visit, "console/fault.html", values, status=status)

    async def ended(self, request: Request, error: SignInNeededError) -> Response:
        """Send somebody to sign in; of a form that came too late, show what was typed."""
        typed = await _typed(request)
        if not typed:
            return sign_in_first(error)
        language = self._desk.language(request)
        values = {"typed": typed, "keep": "", "back": came_from(request)}
        return self._desk.pages.page(
            "console/signed_out.html", request, values, language=language, status=401
        )


def came_from(request: Request) -> str:
    """Give the page of ours that a request came from, as a path; home where that is not known."""
    parts = urlsplit(request.headers.get("referer", ""))
    if parts.netloc != request.headers.get("host", ""):
        return "/"
    return own_path(f"{parts.path}?{parts.query}" if parts.query else parts.path)


async def _typed(request: Request) -> Mapping[str, str]:
    """Read what was typed into a form of a page of ours; nothing of one that holds files."""
    own = request.headers.get("sec-fetch-site", "") in {"same-origin", ""}
    kind = request.headers.get("content-type", "")
    if request.method != "POST" or not own or not kind.startswith("application/x-www-form"):
        return {}
    try:
        fields: Fields = form(await bodies.read(request, _MOST))
    except HTTPException:
        return {}
    return {
        name: "\n".join(every)
        for name, every in list(fields.items())[:_SHOWN]
        if any(every) and not any(word in name for word in _SECRET)
    }
