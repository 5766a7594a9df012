"""What pages stand on whose reader is nobody yet: their forms, and who is let in by them.

Such a form is its sender's wish, too: nobody is to be signed in by another site as somebody else
(OWASP CSRF Prevention Cheat Sheet, login CSRF). A cookie of its own binds it to the browser.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from broadcaster.access.entrance import Caller, Opened, SecondNeeded
from broadcaster.settings import Network
from broadcaster.web import bodies
from broadcaster.web.console.desk import Desk, own_path, see_other
from broadcaster.web.console.fields import Fields, form
from broadcaster.web.languages import Language
from broadcaster.web.sources import source_of

#: What a form of the door may be, octets.
_MOST = 8 * 1024
#: Cookies: of who is nobody yet, of the step after the password, and of a browser that has entered.
_DOOR, _STEP, _KNOWN = "broadcaster_door", "broadcaster_step", "broadcaster_known"
_STEP_LIFE, _KNOWN_LIFE = 600, 365 * 86_400
#: Longer cookies than these are nobody's.
_LONGEST = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Stranger:
    """One request of somebody who is nobody yet; `csrf` is the token of their forms."""

    request: Request
    language: Language
    csrf: str
    token: str


class Door:
    """Shows pages to strangers, takes their forms, and lets them in."""

    def __init__(self, desk: Desk, key: bytes, proxies: Sequence[Network]) -> None:
        """`key` is that of our own tokens; `proxies` are believed when they say who asks."""
        self._desk = desk
        self._key = key
        self._proxies = proxies

    def stranger(self, request: Request) -> Stranger:
        """Take a request of anybody."""
        token = request.cookies.get(_DOOR, "")
        if not token or len(token) > _LONGEST:
            token = secrets.token_urlsafe(24)
        return Stranger(
            request=request,
            language=self._desk.language(request),
            csrf=self._desk.csrf(f"door:{token}"),
            token=token,
        )

    async def submitted(self, request: Request) -> tuple[Stranger, Fields]:
        """Take a form; ForbiddenError when it is not from a page of ours in this browser.

        400 for what is no form, 413 for too much of it.
        """
        stranger = self.stranger(request)
        fields = form(await bodies.read(request, _MOST))
        self._desk.require_own(request, stranger.csrf, fields.text("csrf"))
        return stranger, fields

    def page(
        self,
        stranger: Stranger,
        template: str,
        values: Mapping[str, object] | None = None,
        *,
        status: int = 200,
        wait: timedelta = timedelta(0),
    ) -> Response:
        """Answer with a page of the door; `wait` is how long nothing else is looked at."""
        seconds = -(-wait // timedelta(seconds=1))
        frame = {"csrf": stranger.csrf, "wait": seconds, "keep": ""}
        answer = self._desk.pages.page(
            template,
            stranger.request,
            {**frame, **(values or {})},
            language=stranger.language,
            status=429 if seconds else status,
        )
        if seconds:
            answer.headers["Retry-After"] = str(seconds)
        self._set(answer, _DOOR, stranger.token, None)
        self._desk.remember(stranger.request, answer)
        return answer

    def bind(self, answer: Response, stranger: Stranger) -> None:
        """Have the browser show that it is the same one when somebody comes back."""
        self._set(answer, _DOOR, stranger.token, None)

    def caller(self, request: Request) -> Caller:
        """Say where a request comes from."""
        entered, device = self._known(request.cookies.get(_KNOWN, ""))
        return Caller(
            source=source_of(request, self._proxies),
            browser=request.headers.get("user-agent", ""),
            entered=entered,
            device=device,
        )

    def admit(self, opened: Opened, path: str) -> Response:
        """Let somebody in, and send them to a path of ours."""
        return self.let_in(see_other(own_path(path)), opened)

    def let_in(self, answer: Response, opened: Opened) -> Response:
        """Let somebody in by an answer."""
        self._desk.admit(answer, opened.token)
        self._set(answer, _KNOWN, self._sign(opened.operator), _KNOWN_LIFE, path="/sign-in")
        answer.delete_cookie(_STEP, path="/sign-in", secure=self._desk.secure, httponly=True)
        answer.delete_cookie(_DOOR, path="/", secure=self._desk.secure, httponly=True)
        return answer

    def ask_second(self, needed: SecondNeeded, path: str) -> Response:
        """Ask somebody whose password was right for something else."""
        answer = see_other(f"/sign-in/second?next={quote(own_path(path), safe='/')}")
        self._set(answer, _STEP, needed.ticket, _STEP_LIFE, path="/sign-in")
        return answer

    def step(self, request: Request) -> str:
        """Give the ticket of somebody whose password was right; empty when there is none."""
        return request.cookies.get(_STEP, "")

    def _set(
        self, answer: Response, name: str, value: str, life: int | None, path: str = "/"
    ) -> None:
        answer.set_cookie(
            name,
            value,
            life,
            path=path,
            secure=self._desk.secure,
            httponly=True,
            samesite="lax",
        )

    def _sign(self, operator: int) -> str:
        text = f"{operator}.{secrets.token_urlsafe(12)}"
        return f"{text}.{self._mac(text)}"

    def _known(self, cookie: str) -> tuple[int | None, str]:
        """Give who entered by this browser before, and the name of the cookie that says so."""
        text, _, mac = cookie[:_LONGEST].rpartition(".")
        number, _, device = text.partition(".")
        if not mac.isascii() or not hmac.compare_digest(self._mac(text), mac):
            return None, ""
        return int(number), device

    def _mac(self, text: str) -> str:
        mac = hmac.new(self._key, b"known:" + text.encode("utf-8", "surrogatepass"), hashlib.sha256)
        return mac.hexdigest()[:32]
