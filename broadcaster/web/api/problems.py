"""What is said when something is wrong: one form for every fault (RFC 9457).

`field` and `remedy` are extensions: which part of the request is wrong, and what to do about it;
`pointer` is where that is in a body of JSON (RFC 6901). What people read is told in the language
that they ask for. What went wrong inside is logged and not told.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, get_args
from urllib.parse import quote

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from broadcaster.domain.saying import said
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
from broadcaster.web.api.sorts import Sort, of_status
from broadcaster.web.api.tongue import Tongue

_log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
#: After how many seconds what was not to be had is to be asked for again.
_AGAIN = 5
#: How many faults of one request are told, and how much of a text.
_TOLD, _LONGEST = 20, 1000


class Fault(BaseModel):
    """One of several things that are wrong."""

    field: str
    pointer: str | None = Field(None, description="Where that is in the body (RFC 6901).")
    detail: str


class Problem(BaseModel):
    """What is wrong with a request (RFC 9457)."""

    type: str = Field(
        description="The sort of problem; GET /problems explains them.",
        examples=["/api/v1/problems#invalid"],
    )
    title: str = Field(description="The status in words.", examples=["Unprocessable Content"])
    status: int = Field(description="The HTTP status.", examples=[422])
    detail: str = Field(description="What is wrong.", examples=["name: is taken."])
    field: str | None = Field(None, description="Which part of the request is wrong.")
    pointer: str | None = Field(
        None, description="Where that is in the body (RFC 6901).", examples=["#/name"]
    )
    remedy: str | None = Field(None, description="What to do about it.")
    look_at: list[str] | None = Field(
        None, description="Where to look what became of a wish that was broken off."
    )
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
        sort: Sort | None = None,
        look_at: list[str] | None = None,
    ) -> None:
        """Keep what to say; without a `sort` it is the usual one of its status."""
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.remedy = remedy
        self.field = field
        self.headers = dict(headers or {})
        self.sort = sort or of_status(status)
        self.look_at = look_at


def problem(
    request: Request,
    status: int,
    detail: str,
    *,
    field: str | None = None,
    remedy: str | None = None,
    headers: Mapping[str, str] | None = None,
    sort: Sort | None = None,
    named: bool = False,
    **more: Any,  # noqa: ANN401  (extensions of any JSON type)
) -> Response:
    """Make the answer, in the reader's language; extensions that are None are left out.

    With `named` the detail says what is wrong with the field, and is told as `name: is taken.`
    """
    tongue = Tongue(request)
    title = _TITLES.get(status) or HTTPStatus(status).phrase
    told = _plain(tongue.tell(detail))
    known = {
        "field": field,
        "pointer": None if field is None else pointer(request, field),
        "remedy": None if remedy is None else _plain(tongue.tell(remedy)) or None,
        **more,
    }
    if named:
        told = f"{field}: {told}."
    content = {
        "type": (sort or of_status(status)).address,
        "title": title,
        "status": status,
        "detail": told or title,
        **{name: value for name, value in known.items() if value is not None},
    }
    return JSONResponse(content, status, {**tongue.headers, **(headers or {})}, MEDIA_TYPE)


def pointer(request: Request, field: str) -> str | None:
    """Say where a field is in a body of JSON (RFC 6901, as a fragment); None for what is none."""
    route = request.scope.get("route")
    names = _names(route)
    parts = field.removeprefix("body.").split(".")
    if field == "body":
        return "#" if names else None
    if not field.startswith("body.") and parts[0] not in names:
        return None
    if not names:
        return None
    escaped = (part.replace("~", "~0").replace("/", "~1") for part in parts)
    return "#/" + "/".join(quote(part, safe="~!$&'()*+,;=:@") for part in escaped)


def _names(route: object) -> frozenset[str]:
    """Name the fields of the body that a call takes as JSON."""
    body = getattr(route, "body_field", None)
    if body is None:
        return frozenset()
    kind = body.field_info.annotation
    models = [kind, *get_args(kind)]
    return frozenset(name for one in models for name in getattr(one, "model_fields", {}))


#: Faults of which something can be said; all others are faults inside.
KNOWN = (ProblemError, RequestValidationError, HTTPException, BroadcasterError)


def explain(app: FastAPI) -> None:
    """Answer every fault of an application so."""
    for kind in KNOWN:
        app.add_exception_handler(kind, answer_to)
    app.add_exception_handler(Exception, _fault)


async def answer_to(request: Request, error: Exception) -> Response:
    """Say what is wrong; a fault that is not of `KNOWN` goes on."""
    for kind, answer in _SAID.items():
        if isinstance(error, kind):
            return await answer(request, error)
    raise error


async def _said(request: Request, error: Exception) -> Response:
    if not isinstance(error, ProblemError):
        raise error
    return problem(
        request,
        error.status,
        error.detail,
        headers=error.headers,
        field=error.field,
        remedy=error.remedy,
        sort=error.sort,
        look_at=error.look_at,
    )


async def _invalid(request: Request, error: Exception) -> Response:
    """Say which parts of a request are not as they are described; their values are not repeated."""
    if not isinstance(error, RequestValidationError):
        raise error
    faults = [
        {"field": _place(one["loc"]), "detail": _plain(str(one["msg"]))}
        for one in error.errors()[:_TOLD]
    ]
    first = faults[0] if faults else {"field": "body", "detail": "cannot be read"}
    several = [{**one, "pointer": pointer(request, one["field"])} for one in faults]
    return problem(
        request,
        422,
        first["detail"],
        field=first["field"],
        named=True,
        remedy=said("Send what /api/v1/openapi.json describes."),
        faults=several if len(faults) > 1 else None,
    )


def _place(parts: Any) -> str:  # noqa: ANN401  (names and indexes)
    # Names come from the request: somebody may have put anything there.
    return ".".join(_plain(str(part))[:80] for part in list(parts)[:10])


async def _http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    detail, remedy = _HTTP.get(error.status_code, (str(error.detail), None))
    return problem(request, error.status_code, detail, headers=error.headers, remedy=remedy)


_HTTP: Mapping[int, tuple[str, str]] = {
    404: (said("There is nothing at this address."), said("Look in /api/v1/openapi.json.")),
    405: (said("This address does not take that method."), said("Use one of those in Allow.")),
    408: (
        said("The request took too long to come."),
        said("Send it faster, or less of it."),
    ),
    413: (said("The request is too large."), said("Send less at once.")),
    400: (
        said("The request cannot be read."),
        said("Send what /api/v1/openapi.json describes."),
    ),
}


async def _ours(request: Request, error: Exception) -> Response:
    """Say what a fault of ours says; what is wrong with the installation is not the caller's."""
    if isinstance(error, InvalidInputError):
        status = 422
        if isinstance(error, NotFoundError):
            status = 410 if isinstance(error, GoneError) else 404
        return _wrong(request, status, error)
    if isinstance(error, ConflictError):
        return _conflict(request, error)
    if isinstance(error, ForbiddenError):
        return problem(request, 403, _text(error))
    again = {"Retry-After": str(_AGAIN)}
    if isinstance(error, UnavailableError):
        detail = said("A server that is needed does not answer.")
        return problem(request, 503, detail, headers=again)
    _note(error)
    if isinstance(error, ConfigurationError):
        detail = said("The installation is not set up for that.")
        remedy = said("Ask who runs it to look in its log.")
        return problem(request, 503, detail, headers=again, remedy=remedy)
    return problem(request, 500, said("Something went wrong inside."))


def _wrong(request: Request, status: int, error: InvalidInputError) -> Response:
    """Say what is wrong with a field, or with each of several."""
    faults = None
    if isinstance(error, SeveralFaultsError):
        tongue = Tongue(request)
        faults = [
            {
                "field": (name := one.field.lstrip("-")),
                "pointer": pointer(request, name),
                "detail": _plain(f"{tongue.tell(one.problem)}. {tongue.tell(one.remedy)}"),
            }
            for one in error.faults[:_TOLD]
        ]
    field = _plain(error.field.lstrip("-"))
    return problem(
        request,
        status,
        error.problem,
        field=field,
        named=True,
        remedy=error.remedy,
        faults=faults,
    )


def _conflict(request: Request, error: ConflictError) -> Response:
    """Say that the state does not allow it, or is another than whoever asks has seen."""
    if isinstance(error, StaleError) and request.headers.get("if-match", "*").strip() != "*":
        remedy = said("Look at it again.")
        return problem(request, 412, _text(error), field="If-Match", remedy=remedy)
    return problem(request, 409, _text(error))


def _text(error: BroadcasterError) -> str:
    """Give what an error says, as it was made: a saying can be told in other languages."""
    first = error.args[0] if error.args else ""
    return first if isinstance(first, str) else str(error)


async def _fault(request: Request, error: Exception) -> Response:
    # Logged by whoever stands before every page.
    del error
    return problem(request, 500, said("Something went wrong inside."))


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
