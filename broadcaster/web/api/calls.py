"""How a call is declared: its address, what it needs, and everything that it may answer."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypeVar

from fastapi import Depends, FastAPI, Path, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from broadcaster.bootstrap import Runtime
from broadcaster.domain.access import Action
from broadcaster.domain.api_key import Caller
from broadcaster.web.api import door
from broadcaster.web.api.problems import KNOWN, MEDIA_TYPE, Problem, answer_to

_Endpoint = TypeVar("_Endpoint", bound=Callable[..., Any])
_SCOPE, _MOST = "x-scope", "x-most-octets"


def runtime_of(request: Request) -> Runtime:
    """Give the inside."""
    found: Runtime = request.app.state.runtime
    return found


Inside = Annotated[Runtime, Depends(runtime_of)]
Who = Annotated[Caller, Depends(door.caller_of)]

#: Texts of different length; none may hold what no database keeps.
Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Note = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Expression = Annotated[str, StringConstraints(min_length=1, max_length=20_000)]
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
Name = Annotated[str, Path(min_length=1, max_length=200)]
ChannelWord = Literal["sms", "email", "push"]
#: Figures whose form is told in the documents of their part.
Figures = dict[str, Any]


class Model(BaseModel):
    """What comes from outside: nothing more than is described."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Purpose(Model):
    """Why somebody looks at what is personal; it is noted."""

    purpose: Note = Field(description="Why, for the audit; without a name or an address.")


@dataclass(frozen=True, kw_only=True)
class Spec:
    """A call as it was declared."""

    method: str
    path: str
    action: Action
    endpoint: Callable[..., Any]
    tag: str
    status: int
    most: int
    options: Mapping[str, Any] = field(default_factory=dict)


#: What any call may answer, with what it means.
_ALWAYS: Mapping[int, str] = {
    400: "The request cannot be read.",
    401: "There is no key, or it holds no more.",
    403: "The key lacks the scope.",
    422: "A part of the request is wrong; `field` says which.",
    429: "Too many requests; `Retry-After` says when to ask again.",
    500: "Something went wrong inside.",
    503: "A server that is needed does not answer, or the installation is not set up for it.",
}
_OF_BODIES: Mapping[int, str] = {
    408: "The body took too long to come.",
    409: "The state does not allow it, or the same request is under way.",
    413: "The body is too large.",
}
_OF_THINGS: Mapping[int, str] = {
    404: "There is no such thing.",
    409: "The state does not allow it, or the same request is under way.",
    410: "It was there, and is not kept any more.",
    414: "The address is too long.",
}


class Calls:
    """The calls of one sort of thing."""

    def __init__(self, tag: str) -> None:
        """`tag` is what they are listed under."""
        self._tag = tag
        self.specs: list[Spec] = []

    def get(self, path: str, action: Action, **options: Any) -> Callable[[_Endpoint], _Endpoint]:  # noqa: ANN401  (what FastAPI's routes take)
        """Declare a call that changes nothing."""
        return self._declare("GET", path, action, 200, options)

    def post(
        self,
        path: str,
        action: Action,
        status: int = 200,
        **options: Any,  # noqa: ANN401  (as above)
    ) -> Callable[[_Endpoint], _Endpoint]:
        """Declare a call that makes or does something."""
        return self._declare("POST", path, action, status, options)

    def put(self, path: str, action: Action, **options: Any) -> Callable[[_Endpoint], _Endpoint]:  # noqa: ANN401  (as above)
        """Declare a call that puts something in its place."""
        return self._declare("PUT", path, action, 200, options)

    def patch(self, path: str, action: Action, **options: Any) -> Callable[[_Endpoint], _Endpoint]:  # noqa: ANN401  (as above)
        """Declare a call that changes a part of something."""
        return self._declare("PATCH", path, action, 200, options)

    def delete(self, path: str, action: Action, **options: Any) -> Callable[[_Endpoint], _Endpoint]:  # noqa: ANN401  (as above)
        """Declare a call that takes something away."""
        return self._declare("DELETE", path, action, 200, options)

    def _declare(
        self, method: str, path: str, action: Action, status: int, options: dict[str, Any]
    ) -> Callable[[_Endpoint], _Endpoint]:
        most = options.pop("most", door.MOST_BODY)

        def keep(endpoint: _Endpoint) -> _Endpoint:
            self.specs.append(
                Spec(
                    method=method,
                    path=path,
                    action=action,
                    endpoint=endpoint,
                    tag=self._tag,
                    status=status,
                    most=most,
                    options=options,
                )
            )
            return endpoint

        return keep


class Call(APIRoute):
    """A route that is entered by the door."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        """Make what answers: the key first, then the body within bounds, then the call."""
        inner = super().get_route_handler()
        extra = self.openapi_extra or {}
        action, most = Action(extra[_SCOPE]), int(extra[_MOST])
        posts = "POST" in (self.methods or ())
        known = [one.alias for one in self.dependant.query_params]

        async def answer(request: Request) -> Response:
            at: door.Door = request.app.state.door
            caller, headers = await at.enter(request, action)
            request.state.caller = caller
            try:
                door.require_known(request, known)
                made = await self._inside(request, inner, at if posts else None, most)
            except KNOWN as error:
                made = await answer_to(request, error)
            made.headers.update(headers)
            return made

        return answer

    @staticmethod
    async def _inside(
        request: Request,
        inner: Callable[[Request], Awaitable[Response]],
        at: door.Door | None,
        most: int,
    ) -> Response:
        if not most:
            # It takes a file, which it reads by itself as it comes; its length stands for it.
            length = request.headers.get("content-length", "").encode()
            kept = request.headers.get("content-digest", "").encode()
            who = request.state.caller
            return await (at.once(request, who, length + kept, inner) if at else inner(request))
        body, whole = await door.read(request, most)
        if at is None:
            return await inner(whole)
        return await at.once(whole, request.state.caller, body, inner)


def install(app: FastAPI, *groups: Calls) -> None:
    """Put calls into an application."""
    app.router.route_class = Call
    for spec in (one for group in groups for one in group.specs):
        options = dict(spec.options)
        more = options.pop("errors", ())
        file = options.pop("file", None)
        app.router.add_api_route(
            spec.path,
            spec.endpoint,
            methods=[spec.method],
            status_code=spec.status,
            tags=[spec.tag],
            operation_id=spec.endpoint.__name__,
            response_model_exclude_none=False,
            responses=_responses(spec, more),
            openapi_extra={
                _SCOPE: spec.action.value,
                _MOST: spec.most,
                "security": [{"key": []}],
                **({"parameters": [_ONCE]} if spec.method == "POST" else {}),
                **({"requestBody": file} if file else {}),
            },
            **options,
        )


def _responses(spec: Spec, more: tuple[int, ...]) -> dict[int | str, dict[str, Any]]:
    told = dict(_ALWAYS)
    if spec.method != "GET":
        told |= _OF_BODIES
    if "{" in spec.path:
        told |= _OF_THINGS
    known = {**_OF_BODIES, **_OF_THINGS, 412: "It was changed since; `If-Match` is of before."}
    told |= {status: known[status] for status in more}
    schema = {"$ref": "#/components/schemas/Problem"}
    responses: dict[int | str, dict[str, Any]] = {
        status: {"description": words, "content": {MEDIA_TYPE: {"schema": schema}}}
        for status, words in sorted(told.items())
    }
    responses[spec.status] = {"headers": _RATE_HEADERS}
    return responses


#: By this a request that is sent again does what it asks once.
_ONCE = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A name of the caller's for this wish, such as a UUID. Sent again within a day "
    "it is answered as before, with `Idempotent-Replayed: true`, and nothing is done twice.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 100, "pattern": "^[!-~]+$"},
}
_RATE_HEADERS = {
    name: {"description": words, "schema": {"type": "string"}}
    for name, words in {
        "RateLimit-Limit": "Requests a minute of this key.",
        "RateLimit-Remaining": "How many may be made now.",
        "RateLimit-Reset": "Seconds until all may be made again.",
    }.items()
}

__all__ = ["Call", "Calls", "Inside", "Model", "Problem", "Who", "install"]
