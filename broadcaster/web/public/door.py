"""What customers' pages stand on: where a request comes from, and whether it is its sender's wish.

There is no account. A page that was opened by a code is kept open by a cookie that no script reads
and that no other site can have sent (OWASP Session Management Cheat Sheet).
"""

import hashlib
import hmac
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from broadcaster.bootstrap import Runtime, signing_key
from broadcaster.errors import ForbiddenError
from broadcaster.ledger.page_codes import Entered
from broadcaster.web import bodies
from broadcaster.web.public.forms import Fields
from broadcaster.web.sources import source_of

#: What a browser says of a request that a page of ours, or the person, began (W3C Fetch Metadata).
_OWN = frozenset({"same-origin", "none"})
#: What a form of these pages may be, octets and fields.
_MOST, _FIELDS = 16 * 1024, 600


@dataclass(frozen=True, kw_only=True, slots=True)
class Open:
    """A page that is open by a code; `csrf` is the token of its forms."""

    who: Entered
    csrf: str


class Door:
    """Opens customers' pages, and takes their forms."""

    def __init__(self, runtime: Runtime) -> None:
        """Work on the whole inside."""
        self._runtime = runtime
        self._key = signing_key(runtime.settings)
        url = runtime.settings.public_url
        self._secure = url.startswith("https:")
        self._origin = "{0.scheme}://{0.netloc}".format(urlsplit(url))

    async def open(self, request: Request) -> Open | None:
        """Say whose page is open; None where none is."""
        token = self.cookie(request, "page")
        now = self._runtime.clock.now()
        who = await run_in_threadpool(self._runtime.page_codes.entered, token, now)
        return Open(who=who, csrf=self._csrf(token)) if who else None

    async def form(self, request: Request) -> Fields:
        """Take a form of a page of ours; ForbiddenError, 400 for what is none, 413, 408."""
        self.require_own(request)
        body = await bodies.read(request, _MOST)
        try:
            found = parse_qs(body.decode("ascii"), keep_blank_values=True, max_num_fields=_FIELDS)
        except ValueError as error:
            raise HTTPException(400) from error
        return Fields(
            {name: [one.replace("\0", "") for one in some] for name, some in found.items()}
        )

    def require_own(self, request: Request) -> None:
        """Refuse what another site had somebody's browser send; ForbiddenError.

        Where a browser does not say whose page it was (before 2023), its origin tells: `null` is
        that of our own forms, because our pages name no referrer (W3C Fetch, `Origin` header).
        """
        site = request.headers.get("sec-fetch-site")
        origin = request.headers.get("origin", "null")
        schemes = {request.url.scheme, *(("https",) if self._secure else ())}
        named = {f"{scheme}://{request.url.netloc}" for scheme in schemes}
        own = {"null", self._origin, *named}
        if (site or "same-origin") not in _OWN or origin not in own:
            message = "The form is not from a page of ours."
            raise ForbiddenError(message)

    def require_token(self, opened: Open, given: str) -> None:
        """Refuse a form that is not from the page that is open; ForbiddenError."""
        if not hmac.compare_digest(given.encode(), opened.csrf.encode()):
            message = "The form is not from the page that is open."
            raise ForbiddenError(message)

    def source(self, request: Request) -> str:
        """Name where a request comes from, for counting; proxies are those of the settings."""
        return source_of(request, self._runtime.settings.proxies) or "unknown"

    def cookie(self, request: Request, name: str) -> str:
        """Give what the browser shows; empty when it shows none."""
        return request.cookies.get(self._name(name), "")

    def give(self, answer: Response, name: str, value: str, seconds: int) -> Response:
        """Have the browser show something from now on, to us alone."""
        answer.set_cookie(
            self._name(name),
            value,
            seconds,
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="strict",
        )
        return answer

    def take(self, answer: Response, name: str) -> Response:
        """Have the browser forget it."""
        answer.delete_cookie(
            self._name(name), path="/", secure=self._secure, httponly=True, samesite="strict"
        )
        return answer

    def _name(self, name: str) -> str:
        return f"__Host-broadcaster_{name}" if self._secure else f"broadcaster_{name}"

    def _csrf(self, token: str) -> str:
        return hmac.new(self._key, b"page:" + token.encode(), hashlib.sha256).hexdigest()[:32]
