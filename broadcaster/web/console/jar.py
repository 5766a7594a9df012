"""What a browser shows us of its session, and whether a request is from a page of ours."""

import hashlib
import hmac
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response

from broadcaster.errors import ForbiddenError

#: The cookies; where the site is served by TLS, a prefix binds the session's to host and path.
_COOKIE, _HOST_COOKIE = "broadcaster", "__Host-broadcaster"
#: What a browser says of a request that a page of ours, or the person, began (W3C Fetch Metadata).
_OWN = frozenset({"same-origin", "none"})


class Jar:
    """Keeps a session's token in a cookie, and makes and compares the token of its forms."""

    def __init__(self, key: bytes, url: str) -> None:
        """`key` is that of our own tokens; `url` is where the console is."""
        self._key = key
        self._secure = url.startswith("https:")
        self._origin = "{0.scheme}://{0.netloc}".format(urlsplit(url))

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
