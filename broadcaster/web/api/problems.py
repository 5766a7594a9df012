"""What is said when something is wrong: one form for every fault (RFC 9457).

`field` and `remedy` are extensions: which part of the request is wrong, and what to do about it.
What went wrong inside is logged and not told.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from broadcaster.errors import (
    BroadcasterError,
    ConfigurationError,
    ConflictError,
    ForbiddenError,
    GoneError,
    InvalidInputError,
    NotFoundError,
    SeveralFaultsError,
    StaleError,
    UnavailableError,
)

_log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
#: After how many seconds what was not to be had is to be asked for again.
_AGAIN = 5
#: How many faults of one request are told, and how much of a text.
_TOLD, _LONGEST = 20, 1000


class Fault(BaseModel):
    """One of several things that are wrong."""

    field: str
    detail: str


class Problem(BaseModel):
    """What is wrong with a request (RFC 9457)."""

    type: str = Field(description="A name of the sort of problem.", examples=["about:blank"])
    title: str = Field(description="The status in words.", examples=["Unprocessable Content"])
    status: int = Field(description="The HTTP status.", examples=[422])
    detail: str = Field(description="What is wrong, in English.", examples=["name: is taken."])
    field: str | None = Field(None, description="Which part of the request is wrong.")
    remedy: str | None = Field(None, description="What to do about it.")
    faults: list[Fault] | None = Field(None, description="Each of several things that are wrong.")


#: In words, where the standard library's differ between versions.
_TITLES: Mapping[int, str] = {413: "Content Too Large", 422: "Unprocessable Content"}


class ProblemError(Exception):
    """Ends a request with a problem."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        remedy: str | None = None,
        field: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Keep what to say."""
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.remedy = remedy
        self.field = field
        self.headers = dict(headers or {})


def problem(
    status: int,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    **more: Any,  # noqa: ANN401  (extensions of any JSON type)
) -> Response:
    """Make the answer; extensions that are None are left out."""
    title = _TITLES.get(status) or HTTPStatus(status).phrase
    said = {name: value for name, value in more.items() if value is not None}
    content = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": _plain(detail) or title,
        **said,
    }
    return JSONResponse(content, status, dict(headers or {}), MEDIA_TYPE)


#: Faults of which something can be said; all others are faults inside.
KNOWN = (ProblemError, RequestValidationError, HTTPException, BroadcasterError)


def explain(app: FastAPI) -> None:
    """Answer every fault of an application so."""
    for kind in KNOWN:
        app.add_exception_handler(kind, answer_to)
    app.add_exception_handler(Exception, _fault)


async def answer_to(request: Request, error: Exception) -> Response:
    """Say what is wrong; a fault that is not of `KNOWN` goes on."""
    for kind, said in _SAID.items():
        if isinstance(error, kind):
            return await said(request, error)
    raise error


async def _said(request: Request, error: Exception) -> Response:
    del request
    if not isinstance(error, ProblemError):
        raise error
    return problem(
        error.status,
        error.detail,
        headers=error.headers,
        field=error.field,
        remedy=error.remedy,
    )


async def _invalid(request: Request, error: Exception) -> Response:
    """Say which parts of a request are not as they are described; their values are not repeated."""
    del request
    if not isinstance(error, RequestValidationError):
        raise error
    faults = [
        {"field": _place(one["loc"]), "detail": _plain(str(one["msg"]))}
        for one in error.errors()[:_TOLD]
    ]
    first = faults[0] if faults else {"field": "body", "detail": "cannot be read"}
    return problem(
        422,
        f"{first['field']}: {first['detail']}",
        field=first["field"],
        remedy="Send what /api/v1/openapi.json describes.",
        faults=faults if len(faults) > 1 else None,
    )


def _place(parts: Any) -> str:  # noqa: ANN401  (names and indexes)
    # Names come from the request: somebody may have put anything there.
    return ".".join(_plain(str(part))[:80] for part in list(parts)[:10])


async def _http(request: Request, error: Exception) -> Response:
    del request
    if not isinstance(error, HTTPException):
        raise error
    said = {
        404: ("There is nothing at this address.", "Look in /api/v1/openapi.json."),
        405: ("This address does not take that method.", "Use one of those in Allow."),
        408: ("The request took too long to come.", "Send it faster, or less of it."),
        413: ("The request is too large.", "Send less at once."),
        400: ("The request cannot be read.", "Send what /api/v1/openapi.json describes."),
    }
    detail, remedy = said.get(error.status_code, (str(error.detail), ""))
    return problem(error.status_code, detail, headers=error.headers, remedy=remedy or None)


async def _ours(request: Request, error: Exception) -> Response:
    """Say what a fault of ours says; what is wrong with the installation is not the caller's."""
    if isinstance(error, InvalidInputError):
        status = 422
        if isinstance(error, NotFoundError):
            status = 410 if isinstance(error, GoneError) else 404
        faults = None
        if isinstance(error, SeveralFaultsError):
            faults = [
                {"field": one.field.lstrip("-"), "detail": _plain(f"{one.problem}. {one.remedy}")}
                for one in error.faults[:_TOLD]
            ]
        field = _plain(error.field.lstrip("-"))
        detail = f"{field}: {error.problem}."
        return problem(status, detail, field=field, remedy=_plain(error.remedy), faults=faults)
    if isinstance(error, ConflictError):
        return _conflict(request, error)
    if isinstance(error, ForbiddenError):
        return problem(403, str(error))
    again = {"Retry-After": str(_AGAIN)}
    if isinstance(error, UnavailableError):
        return problem(503, "A server that is needed does not answer.", headers=again)
    _note(error)
    if isinstance(error, ConfigurationError):
        detail = "The installation is not set up for that."
        return problem(503, detail, headers=again, remedy="Ask who runs it to look in its log.")
    return problem(500, "Something went wrong inside.")


def _conflict(request: Request, error: ConflictError) -> Response:
    """Say that the state does not allow it, or is another than whoever asks has seen."""
    if isinstance(error, StaleError) and request.headers.get("if-match", "*").strip() != "*":
        return problem(412, str(error), field="If-Match", remedy="Look at it again.")
    return problem(409, str(error))


async def _fault(request: Request, error: Exception) -> Response:
    # Logged by whoever stands before every page.
    del request, error
    return problem(500, "Something went wrong inside.")


_SAID: Mapping[type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
    ProblemError: _said,
    RequestValidationError: _invalid,
    HTTPException: _http,
    BroadcasterError: _ours,
}


def _note(error: Exception) -> None:
    extra = {"action": "api_failed", "fault": type(error).__name__}
    _log.error("a call failed: %s", type(error).__name__, extra=extra)


def _plain(text: str) -> str:
    """Make a text that can be told whatever was sent to us."""
    tidy = text.encode("utf-8", "replace").decode("utf-8", "replace")
    return " ".join(tidy.split())[:_LONGEST]
