"""The door of the API: whose key it is, what it may, how often, and the same wish only once.

Every call passes here before its body is looked at. What may be done is decided by the one table
of `domain.access`, as in the console.
"""

import difflib
import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message

from broadcaster.access.answers import Answers, Begun, KeptAnswer, Wish
from broadcaster.access.api_keys import ApiKeys
from broadcaster.domain.access import Action
from broadcaster.domain.api_key import Allowance, Caller
from broadcaster.domain.saying import Listed, Saying, said
from broadcaster.errors import UnavailableError
from broadcaster.ports import Clock
from broadcaster.ports.marking import marking
from broadcaster.web import bodies
from broadcaster.web.api.problems import ProblemError
from broadcaster.web.api.sorts import Sort

#: The most octets of a body, where nothing else is said.
MOST_BODY = 256 * 1024
#: How deep JSON may be.
_DEPTH = 20
#: How much of an unknown name is repeated.
_SHOWN = 80
_NAME = re.compile(r"[\x21-\x7e]{1,100}\Z")
_KEPT_HEADERS = frozenset({"content-type", "location", "etag", "link"})
_SUCCESS = range(200, 300)

Handler = Callable[[Request], Awaitable[Response]]


class Door:
    """Lets callers in."""

    def __init__(self, keys: ApiKeys, answers: Answers, clock: Clock) -> None:
        """Keep what knows keys, and answers that were given."""
        self._keys = keys
        self._answers = answers
        self._clock = clock

    async def enter(self, request: Request, action: Action) -> tuple[Caller, Mapping[str, str]]:
        """Let somebody in who may do it, and the headers that say how often; ProblemError."""
        _require_plain(request)
        token = _token(request)
        found = await run_in_threadpool(self._keys.admit, token, self._clock.now())
        if found is None:
            raise _unknown(given=bool(token))
        caller, left = found
        headers = _rates(left)
        if left.wait:
            raise ProblemError(
                429,
                said("The key has made too many requests."),
                remedy=said("Ask again in %(seconds)s s.", seconds=left.wait),
                headers={**headers, "Retry-After": str(left.wait)},
            )
        if not caller.operator.may(action):
            raise ProblemError(
                403,
                lacks(action),
                remedy=said("Use a key that has it, and whose owner's roles allow it."),
                headers={
                    **headers,
                    "WWW-Authenticate": (
                        f'Bearer realm="api", error="insufficient_scope", scope="{action.value}"'
                    ),
                },
            )
        return caller, headers

    async def once(
        self, request: Request, caller: Caller, body: bytes, handle: Handler
    ) -> Response:
        """Do what a request with an Idempotency-Key asks, or give again what came of it."""
        name = request.headers.get("idempotency-key")
        if name is None:
            return await handle(request)
        if not _NAME.match(name):
            detail = said("Idempotency-Key: is no name of 1 to 100 visible ASCII characters.")
            raise ProblemError(422, detail, field="Idempotency-Key", remedy=said("Send a UUID."))
        wish = Wish(
            key=caller.key,
            name=name,
            request_hash=_fingerprint(request, body),
            secret=_token(request).encode(),
        )
        begun, kept = await run_in_threadpool(self._answers.begin, wish, self._clock.now())
        if kept is not None:
            headers = {**kept.headers, "Idempotent-Replayed": "true"}
            return Response(kept.body, kept.status, headers)
        _require_new(begun, request, caller)
        return await self._done(request, wish, handle)

    async def _done(self, request: Request, wish: Wish, handle: Handler) -> Response:
        """Do it; what was not done leaves the name free, what was done by half is known as that."""
        try:
            with marking(self._answers.mark(wish)):
                answer = await handle(request)
        except Exception:
            await run_in_threadpool(self._answers.drop, wish, self._clock.now())
            raise
        if answer.status_code not in _SUCCESS:
            await run_in_threadpool(self._answers.drop, wish, self._clock.now())
            return answer
        kept = KeptAnswer(
            status=answer.status_code,
            headers={
                name: value for name, value in answer.headers.items() if name in _KEPT_HEADERS
            },
            body=bytes(answer.body),
        )
        # Whoever asked is told, whether or not the next one can be.
        with suppress(UnavailableError):
            await run_in_threadpool(self._answers.keep, wish, kept)
        return answer


def lacks(action: Action) -> Saying:
    """Say that a key may not do something."""
    return said("The key lacks the scope %(scope)s.", scope=repr(action.value))


def _require_new(begun: Begun, request: Request, caller: Caller) -> None:
    if begun is Begun.OTHER:
        raise ProblemError(
            422,
            said("Idempotency-Key: stands for another request already."),
            field="Idempotency-Key",
            remedy=said("Take a new one for a new wish."),
            sort=Sort.KEY_OF_ANOTHER,
        )
    if begun is Begun.OPEN:
        raise ProblemError(
            409,
            said("The same request is under way."),
            remedy=said("Ask again in a moment."),
            headers={"Retry-After": "2"},
            sort=Sort.UNDER_WAY,
        )
    if begun is Begun.UNKNOWN:
        raise ProblemError(
            409,
            said("The same request was broken off after something was done."),
            field="Idempotency-Key",
            remedy=said(
                "Look at what there is now; then take a new key for what is still to be done."
            ),
            sort=Sort.OUTCOME_UNKNOWN,
            look_at=_looks(request, caller),
        )


def _looks(request: Request, caller: Caller) -> list[str]:
    """Name where it shows what became of a request: the nearest page there is, and the trail."""
    root = request.scope.get("app_root_path", "") or request.scope.get("root_path", "")
    path = request.url.path.removeprefix(root)
    found: list[str] = []
    while path.count("/") and not found:
        found = [
            f"{root}{path}"
            for route in request.app.routes
            if isinstance(route, Route)
            and "GET" in (route.methods or ())
            and route.path_regex.match(path)
        ][:1]
        path = path.rpartition("/")[0]
    if caller.operator.may(Action.AUDIT):
        found.append(f"{root}/audit?by={quote(caller.operator.name, safe='')}")
    return found


async def read(request: Request, most: int) -> tuple[bytes, Request]:
    """Read the body within bounds, and give a request that has it; what is no JSON is refused."""
    body = await bodies.read(request, most)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if body and (kind == "application/json" or kind.endswith("+json")):
        _require_json(body)
    done = False

    async def again() -> Message:
        nonlocal done
        if done:
            return {"type": "http.disconnect"}
        done = True
        return {"type": "http.request", "body": body, "more_body": False}

    return body, Request(request.scope, again)


def _require_json(body: bytes) -> None:
    """Refuse what JSON does not have (NaN), what a database can not hold, and what is too deep."""
    try:
        text = body.decode("utf-8")
        found = json.loads(text, parse_constant=_no_constant, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        detail = said("body: is no JSON in UTF-8.")
        raise ProblemError(422, detail, field="body", remedy=said("Mend it.")) from error
    _require_texts(found, 0)


def _no_constant(word: str) -> None:
    raise ValueError(word)


def _finite(word: str) -> float:
    number = float(word)
    if number in {float("inf"), float("-inf")}:
        raise ValueError(word)
    return number


def _require_texts(value: object, depth: int) -> None:
    if depth > _DEPTH:
        detail = said("body: is too deep.")
        raise ProblemError(422, detail, field="body", remedy=said("Make it flatter."))
    if isinstance(value, str):
        _require_text("body", value)
    elif isinstance(value, dict):
        for name, inner in value.items():
            _require_text("body", name)
            _require_texts(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _require_texts(inner, depth + 1)


def _require_text(field: str, text: str) -> None:
    if "\0" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
        detail = said("%(field)s: has a character that is none.", field=field)
        remedy = said("Take NUL and lone surrogates out.")
        raise ProblemError(422, detail, field=field, remedy=remedy)


def _require_plain(request: Request) -> None:
    _require_text("path", request.url.path if "%00" not in str(request.url) else "\0")
    _require_text("path", request.scope["path"])
    for name, value in request.query_params.multi_items():
        _require_text("query", name + value)


def require_known(request: Request, known: Sequence[str]) -> None:
    """Refuse what a call does not take in its address: a filter that is mistyped lets all pass."""
    for name in request.query_params:
        if name in known:
            continue
        shown = name[:_SHOWN]
        close = difflib.get_close_matches(shown, known, n=1)
        remedy = said("This call takes none: leave it out.")
        if close:
            remedy = said("Did you mean %(name)s?", name=close[0])
        elif known:
            remedy = said("This call knows %(names)s.", names=Listed(known))
        raise ProblemError(
            422,
            said("%(name)s: is no parameter of this call.", name=shown),
            field=shown,
            remedy=remedy,
        )


def _token(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _unknown(*, given: bool) -> ProblemError:
    error = ', error="invalid_token"' if given else ""
    detail = said("The key is unknown, or holds no more.") if given else said("A key is needed.")
    return ProblemError(
        401,
        detail,
        remedy=said("Send Authorization: Bearer bk_…; an administrator makes keys."),
        headers={"WWW-Authenticate": f'Bearer realm="api"{error}'},
    )


def _rates(left: Allowance) -> dict[str, str]:
    """Say how often (draft-ietf-httpapi-ratelimit-headers-07)."""
    return {
        "RateLimit-Limit": str(left.limit),
        "RateLimit-Remaining": str(left.remaining),
        "RateLimit-Reset": str(left.reset),
        "RateLimit-Policy": f"{left.limit};w=60",
    }


def _fingerprint(request: Request, body: bytes) -> bytes:
    kind = request.headers.get("content-type", "")
    head = f"{request.method}\n{request.url.path}?{request.url.query}\n{kind}\n"
    return hashlib.sha256(head.encode() + body).digest()


def caller_of(request: Request) -> Any:  # noqa: ANN401  (what `Call` put there: a Caller)
    """Give who asks."""
    return request.state.caller
