"""What every page of the console stands on: who asks, what they may, and whether it is their wish.

A page begins with `enter`, a form with `submitted`; nothing of the console answers without one of
them. That a form is its sender's wish is known in two ways (OWASP CSRF Prevention Cheat Sheet): the
browser says where it comes from, and the form has a token that only pages of the session hold.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from broadcaster.domain.access import FRESH, Action, Factor, Operator, Role, Session
from broadcaster.errors import ForbiddenError
from broadcaster.ports import Clock
from broadcaster.web import bodies
from broadcaster.web.console.confirming import PASSED_ON, ConfirmNeededError, Proves, given
from broadcaster.web.console.fields import Fields, form
from broadcaster.web.console.jar import Jar
from broadcaster.web.console.navigation import here, ways
from broadcaster.web.languages import Language
from broadcaster.web.pages import Pages

#: What a form may be, octets.
_MOST = 64 * 1024
_LANGUAGE_COOKIE, _YEAR = "broadcaster_language", 365 * 86_400
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


class Desk(Jar):
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
        super().__init__(key, url)
        self._sessions = sessions
        self._pages = pages
        self._clock = clock
        self._proves = proves
        self._strict = strict
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
                _LANGUAGE_COOKIE, tag, _YEAR, secure=self.secure, httponly=True, samesite="lax"
            )


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
