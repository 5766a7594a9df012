"""The door of the API: whose key it is, what it may, how often, and the same wish only once.

Every call passes here before its body is looked at. What may be done is decided by the one table
of `domain.access`, as in the console.
"""

import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message

from broadcaster.access.answers import Answers, Begun, KeptAnswer, Wish
from broadcaster.access.api_keys import ApiKeys
from broadcaster.domain.access import Action
from broadcaster.domain.api_key import Allowance, Caller
from broadcaster.ports import Clock
from broadcaster.web import bodies
from broadcaster.web.api.problems import ProblemError

#: The most octets of a body, where nothing else is said.
MOST_BODY = 256 * 1024
#: How deep JSON may be.
_DEPTH = 20
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
                "The key has made too many requests.",
                remedy=f"Ask again in {left.wait} s.",
                headers={**headers, "Retry-After": str(left.wait)},
            )
        if not caller.operator.may(action):
            raise ProblemError(
                403,
                f"The key lacks the scope {action.value!r}.",
                remedy="Use a key that has it, and whose owner's roles allow it.",
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
            detail = "Idempotency-Key: is no name of 1 to 100 visible ASCII characters."
            raise ProblemError(422, detail, field="Idempotency-Key", remedy="Send a UUID.")
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
        _require_new(begun)
        return await self._done(request, wish, handle)

    async def _done(self, request: Request, wish: Wish, handle: Handler) -> Response:
        """Do it; what was not done leaves the name free. Ended half way, nobody knows: it stays."""
        try:
            answer = await handle(request)
        except Exception:
            await run_in_threadpool(self._answers.drop, wish)
            raise
        if answer.status_code not in _SUCCESS:
            await run_in_threadpool(self._answers.drop, wish)
            return answer
        kept = KeptAnswer(
            status=answer.status_code,
            headers={
                name: value for name, value in answer.headers.items() if name in _KEPT_HEADERS
            },
            body=bytes(answer.body),
        )
        await run_in_threadpool(self._answers.keep, wish, kept)
        return answer


def _require_new(begun: Begun) -> None:
    if begun is Begun.OTHER:
        raise ProblemError(
            422,
            "Idempotency-Key: stands for another request already.",
            field="Idempotency-Key",
            remedy="Take a new one for a new wish.",
        )
    if begun is Begun.OPEN:
        raise ProblemError(
            409,
            "The same request is under way, or was broken off.",
            remedy="Ask again; if it stays so, look whether it was done, and take a new key.",
            headers={"Retry-After": "2"},
        )


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
        detail = "body: is no JSON in UTF-8."
        raise ProblemError(422, detail, field="body", remedy="Mend it.") from error
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
        raise ProblemError(422, "body: is too deep.", field="body", remedy="Make it flatter.")
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
        detail = f"{field}: has a character that is none."
        raise ProblemError(422, detail, field=field, remedy="Take NUL and lone surrogates out.")


def _require_plain(request: Request) -> None:
    _require_text("path", request.url.path if "%00" not in str(request.url) else "\0")
    _require_text("path", request.scope["path"])
    for name, value in request.query_params.multi_items():
        _require_text("query", name + value)


def _token(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _unknown(*, given: bool) -> ProblemError:
    error = ', error="invalid_token"' if given else ""
    detail = "The key is unknown, or holds no more." if given else "A key is needed."
    return ProblemError(
        401,
        detail,
        remedy="Send Authorization: Bearer bk_…; an administrator makes keys.",
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
