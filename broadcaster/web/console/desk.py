"""What every page of the console stands on: who asks, what they may, and whether it is their wish.

A page begins with `enter`, a form with `submitted`; nothing of the console answers without one of
them. That a form is its sender's wish is known in two ways (OWASP CSRF Prevention Cheat Sheet): the
browser says where it comes from, and the form has a token that only pages of the session hold.
"""

import hashlib
import hmac
import time
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import parse_qs, quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from broadcaster.domain.access import FRESH, Action, Factor, Operator, Role, Session
from broadcaster.errors import ForbiddenError
from broadcaster.ports import Clock
from broadcaster.web import bodies
from broadcaster.web.console.confirming import PASSED_ON, ConfirmNeededError, Proves, given
from broadcaster.web.console.navigation import here, ways
from broadcaster.web.languages import Language
from broadcaster.web.pages import Pages

#: What a form may be, octets and fields.
_MOST, _FIELDS = 64 * 1024, 500
#: The cookies; where the site is served by TLS, a prefix binds the session's to host and path.
_COOKIE, _HOST_COOKIE = "broadcaster", "__Host-broadcaster"
_LANGUAGE_COOKIE, _YEAR = "broadcaster_language", 365 * 86_400
#: What a browser says of a request that a page of ours, or the person, began (W3C Fetch Metadata).
_OWN = frozenset({"same-origin", "none"})
#: The longest path that is come back to after signing in.
_LONGEST = 500
#: For how long the number of what waits is shown again, seconds.
_COUNTED = 3.0


class Area(Protocol):
    """Some pages that belong together."""

    def routes(self) -> Sequence[BaseRoute]:
        """List what is answered."""
        ...


class FindsSessions(Protocol):
    """Knows who is signed in."""

    def find(self, token: str, now: datetime, *, used: bool = True) -> Session | None:
        """Give whose session a token is; None for one that is none.

        It is kept alive only where it is `used`.
        """
        ...

    def renew(self, token: str, now: datetime, factor: Factor | None = None) -> str | None:
        """Give a confirmed session a new token; None for one that has ended."""
        ...


class SignInNeededError(Exception):
    """Nobody is signed in; `path` is where to come back to."""

    def __init__(self, path: str) -> None:
        """Keep the path."""
        super().__init__(path)
        self.path = path


class FactorNeededError(Exception):
    """Somebody is signed in by a password alone, and what they are wants more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Visit:
    """One request of somebody who is signed in; `csrf` is the token of their forms."""

    request: Request
    session: Session
    language: Language
    csrf: str

    @property
    def operator(self) -> Operator:
        """Who it is."""
        return self.session.operator

    def may(self, action: str) -> bool:
        """Tell whether they may do it, by the action's word: templates ask."""
        return self.operator.may(Action(action))


class Fields(dict[str, list[str]]):
    """The fields of a form, each with its values in order."""

    def text(self, name: str) -> str:
        """Give the first value; empty when there is none."""
        return self.get(name, [""])[0]

    def every(self, name: str) -> list[str]:
        """Give all values."""
        return self.get(name, [])

    def ticked(self, name: str) -> bool:
        """Tell whether a box is ticked."""
        return bool(self.text(name))


class Desk:
    """Lets operators in, takes their forms, and answers with pages."""

    def __init__(
        self,
        sessions: FindsSessions,
        pages: Pages,
        clock: Clock,
        key: bytes,
        url: str,
        proves: Proves,
        strict: frozenset[Role] = frozenset(),
    ) -> None:
        """`key` is that of our own tokens; `url` is where the console is.

        `proves` looks at what somebody gives to confirm who they are. Whoever has a role of
        `strict` gets nowhere with a password alone.
        """
        self._sessions = sessions
        self._pages = pages
        self._clock = clock
        self._key = key
        self._proves = proves
        self._strict = strict
        self._secure = url.startswith("https:")
        self._origin = "{0.scheme}://{0.netloc}".format(urlsplit(url))
        self._waiting: Callable[[], int] = int
        self._waits, self._until = 0, 0.0

    def count(self, waiting: Callable[[], int]) -> None:
        """Have the way to the approvals say how many wait for one."""
        self._waiting = waiting

    @property
    def pages(self) -> Pages:
        """The pages themselves."""
        return self._pages

    async def enter(self, request: Request, action: Action | None) -> Visit:
        """Let somebody in who may do it; SignInNeededError, FactorNeededError, ForbiddenError.

        Without an action it is a page of their own, such as their account.
        """
        token = self.token(request)
        found = await run_in_threadpool(self._found, token, used=not watches(request))
        if found is None:
            raise SignInNeededError(_here(request))
        who = found.operator
        if action is not None and not who.may(action):
            message = f"{who.name} may not: {action.value}."
            raise ForbiddenError(message)
        if action is not None and who.roles & self._strict and not found.strong:
            raise FactorNeededError
        return Visit(
            request=request,
            session=found,
            language=self.language(request, who.locale),
            csrf=self.csrf(token),
        )

    async def known(self, request: Request) -> Visit | None:
        """Say who asks, whatever they may do; None where nobody is signed in."""
        token = self.token(request)
        if not token:
            return None
        found = await run_in_threadpool(self._found, token, used=not watches(request))
        if found is None:
            return None
        language = self.language(request, found.operator.locale)
        return Visit(request=request, session=found, language=language, csrf=self.csrf(token))

    def _found(self, token: str, *, used: bool) -> Session | None:
        """Find whose session it is, and count meanwhile what waits, if that is long ago."""
        found = self._sessions.find(token, self._clock.now(), used=used)
        if found is not None and time.monotonic() >= self._until:
            self._waits, self._until = self._waiting(), time.monotonic() + _COUNTED
        return found

    async def submitted(
        self, request: Request, action: Action | None, most: int = _MOST
    ) -> tuple[Visit, Fields]:
        """Take a form of somebody who may do it; errors as `enter`, and ForbiddenError.

        400 for what is no form, 413 for more than `most` octets. For an action that wants somebody
        who proved who they are a short while ago: ConfirmNeededError, which asks for it.
        """
        visit = await self.enter(request, action)
        body = await bodies.read(request, most)
        fields = form(body)
        self.require_wish(request, visit, fields.text("csrf"))
        # Whatever it is about, what waits may be other things afterwards.
        self._until = 0.0
        if action in FRESH:
            visit = await self.confirmed(visit, fields)
        return visit, fields

    async def confirmed(self, visit: Visit, fields: "Fields") -> Visit:
        """Have somebody prove again who they are, if it is long ago; ConfirmNeededError.

        The answer then carries a new token of the session.
        """
        now = self._clock.now()
        if visit.session.fresh(now):
            return visit
        who = visit.operator.id
        proof = await run_in_threadpool(self._proves.proof, who, given(fields.text), now)
        if proof is not True:
            ways = await run_in_threadpool(self._proves.ways, who)
            kept = {name: every for name, every in fields.items() if name not in PASSED_ON}
            raise ConfirmNeededError(visit, kept, ways, proof=proof)
        token = await run_in_threadpool(self._sessions.renew, self.token(visit.request), now)
        if token is None:
            raise SignInNeededError("/")
        visit.request.state.renewed = token
        return replace(visit, csrf=self.csrf(token))

    def require_wish(self, request: Request, visit: Visit, token: str) -> None:
        """Refuse what another site had somebody's browser send; ForbiddenError."""
        self.require_own(request, visit.csrf, token)

    def require_own(self, request: Request, csrf: str, token: str) -> None:
        """Refuse a request that is not from a page of ours with this token; ForbiddenError."""
        site = request.headers.get("sec-fetch-site", "same-origin")
        origin = request.headers.get("origin", self._origin)
        # Behind a proxy with TLS we are asked by http, whichever of our names it was.
        schemes = {request.url.scheme, *(("https",) if self._secure else ())}
        own = {self._origin, *(f"{scheme}://{request.url.netloc}" for scheme in schemes)}
        shown = token or request.headers.get("x-csrf-token", "")
        fits = hmac.compare_digest(shown.encode("utf-8", "surrogatepass"), csrf.encode())
        if site not in _OWN or origin not in own or not fits:
            message = "The form is not from a page of this session."
            raise ForbiddenError(message)

    def begun_here(self, request: Request) -> bool:
        """Tell whether a page of ours, or the person, began it, as far as the browser says."""
        return request.headers.get("sec-fetch-site", "none") in _OWN

    def page(
        self,
        visit: Visit,
        template: str,
        values: Mapping[str, object] | None = None,
        *,
        status: int = 200,
    ) -> Response:
        """Answer with a page of the console."""
        path = visit.request.url.path
        frame = {
            "visit": visit,
            "csrf": visit.csrf,
            "navigation": ways(visit.operator),
            "here": here(path),
            "waiting_at": {"/approvals": self._waits},
        }
        answer = self._pages.page(
            template,
            visit.request,
            {**frame, **(values or {})},
            language=visit.language,
            status=status,
        )
        self.remember(visit.request, answer)
        return answer

    def language(self, request: Request, best: str | None = None) -> Language:
        """Choose: what was asked for, what was asked for before, what `best` is, the browser's."""
        return self._pages.languages.of(request, request.cookies.get(_LANGUAGE_COOKIE) or best)

    def remember(self, request: Request, answer: Response) -> None:
        """Keep the language that the address asks for, so that links need not carry it."""
        asked = request.query_params.get("lang", "")
        found = self._pages.languages.get(asked) if asked else None
        if found is not None:
            # Our name of it, never what somebody typed.
            tag = found.locale.tag
            answer.set_cookie(
                _LANGUAGE_COOKIE, tag, _YEAR, secure=self._secure, httponly=True, samesite="lax"
            )

    def admit(self, answer: Response, token: str) -> Response:
        """Have the browser show a session's token from now on; nothing of an older one is left."""
        answer.set_cookie(
            self._cookie, token, secure=self._secure, httponly=True, samesite="lax", path="/"
        )
        return answer

    def carry(self, message: MutableMapping[str, Any], token: str) -> None:
        """Do the same in the head of an answer that was made already, which may say otherwise."""
        cookie = self.admit(Response(), token).headers["set-cookie"]
        headers = MutableHeaders(raw=message.setdefault("headers", []))
        if not any(one.startswith(f"{self._cookie}=") for one in headers.getlist("set-cookie")):
            headers.append("set-cookie", cookie)

    def dismiss(self, answer: Response) -> Response:
        """Have the browser forget it."""
        answer.delete_cookie(
            self._cookie, secure=self._secure, httponly=True, samesite="lax", path="/"
        )
        return answer

    def token(self, request: Request) -> str:
        """Give the session's token; empty where there is none."""
        renewed: str = getattr(request.state, "renewed", "")
        return renewed or request.cookies.get(self._cookie, "")

    @property
    def secure(self) -> bool:
        """Whether the site is behind TLS."""
        return self._secure

    def csrf(self, token: str) -> str:
        """Make the token that the forms of a session have."""
        return hmac.new(self._key, b"csrf:" + token.encode(), hashlib.sha256).hexdigest()[:32]

    @property
    def _cookie(self) -> str:
        return _HOST_COOKIE if self._secure else _COOKIE


def form(body: bytes) -> Fields:
    """Read `application/x-www-form-urlencoded`; 400 for what is none."""
    try:
        read = parse_qs(body.decode("ascii"), keep_blank_values=True, max_num_fields=_FIELDS)
    except ValueError as error:
        raise HTTPException(400) from error
    return Fields({name: [one.replace("\0", "") for one in some] for name, some in read.items()})


def see_other(path: str) -> Response:
    """Answer a form that was taken: look there (RFC 9110, 15.4.4)."""
    return RedirectResponse(path, 303)


def sign_in_first(error: SignInNeededError) -> Response:
    """Send somebody to where they prove who they are, and back afterwards."""
    return see_other(f"/sign-in?next={quote(error.path, safe='/')}")


def own_path(text: str) -> str:
    """Give a path of ours to go to; the home page for anything else, such as another site."""
    within = text.startswith("/") and not text.startswith(("//", "/\\"))
    return text if within and text.isprintable() and len(text) <= _LONGEST else "/"


def watches(request: Request) -> bool:
    """Tell whether a page asks by itself, to be kept fresh, and nobody did anything.

    Browsers say so of streams (HTML, "server-sent events"), our scripts of what they ask again.
    """
    return (
        "text/event-stream" in request.headers.get("accept", "")
        or request.headers.get("x-watching", "") == "yes"
    )


def _here(request: Request) -> str:
    if request.method != "GET":
        return "/"
    query = f"?{request.url.query}" if request.url.query else ""
    return own_path(f"{request.url.path}{query}")
