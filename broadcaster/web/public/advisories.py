"""The public pages of advisories: one for each locale, for everybody."""

import base64
import hashlib
import re
import threading

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from broadcaster.domain.advisory import Advisory
from broadcaster.domain.message import Channel, WebContent
from broadcaster.errors import NotFoundError
from broadcaster.ports import Reader
from broadcaster.web.inside import Inside
from broadcaster.web.languages import accepted, by_locale
from broadcaster.web.pages import Pages

#: A page may be shown again for so long, seconds; a correction is to be seen soon.
_CACHED = "public, max-age=60"
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)
_LARGEST = 2**31 - 1


class Advisories:
    """Serves what was told, in each language in which it may be told."""

    def __init__(self, inside: Inside, pages: Pages) -> None:
        """Render with the inside's renderer, one page at a time, as it asks for."""
        self._inside = inside
        self._pages = pages
        self._lock = threading.Lock()

    def routes(self) -> list[Route]:
        """List what is answered."""
        return [
            Route("/advisories/{advisory:int}", self.choice),
            Route("/advisories/{advisory:int}/{locale}", self.page),
        ]

    async def choice(self, request: Request) -> Response:
        """List the languages of an advisory, that which suits the reader first."""
        advisory = await run_in_threadpool(self._published, request.path_params["advisory"])
        renderer = self._inside.renderer
        kind = renderer.kinds.get(advisory.kind)
        tags = accepted(request.headers.get("accept-language", ""))
        best = renderer.choose(advisory.kind, tags) if kind else None
        if kind is None or best is None:
            raise HTTPException(404)
        language = self._pages.languages.of(request, best)
        offered = sorted(kind.locales, key=lambda tag: tag != best)
        return self._pages.page(
            "advisory.html",
            request,
            {
                "title": by_locale(kind.labels, language),
                "advisory": advisory.id,
                "offered": [renderer.locales[tag] for tag in offered],
            },
            language=language,
        )

    async def page(self, request: Request) -> Response:
        """Show an advisory in a locale."""
        advisory = await run_in_threadpool(self._published, request.path_params["advisory"])
        tag = request.path_params["locale"]
        kind = self._inside.renderer.kinds.get(advisory.kind)
        if kind is None or tag not in kind.locales or Channel.WEB not in kind.channels:
            raise HTTPException(404)
        html = await run_in_threadpool(self._render, advisory, tag)
        etag = f'"{hashlib.sha256(html.encode()).hexdigest()[:32]}"'
        headers = {
            "ETag": etag,
            "Cache-Control": _CACHED,
            "Content-Language": self._inside.renderer.locales[tag].lang,
            "Content-Security-Policy": policy(html),
        }
        if etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return HTMLResponse(html, headers=headers)

    def _published(self, advisory: int) -> Advisory:
        """Read an advisory that the public may read; NotFoundError."""
        if advisory > _LARGEST or not self._inside.campaigns.published(advisory):
            raise NotFoundError("advisory", f"there is no {advisory}", "Look at the address.")
        return self._inside.ledger.advisory(advisory)

    def _render(self, advisory: Advisory, tag: str) -> str:
        public_url = self._inside.settings.public_url
        reader = Reader(
            name="",
            number="",
            unsubscribe_url="",
            page_url=f"{public_url}/advisories/{advisory.id}/{tag}",
        )
        with self._lock:
            content = self._inside.renderer.render(advisory, Channel.WEB, tag, reader)
        if not isinstance(content, WebContent):
            message = "the channel web has no page"
            raise TypeError(message)
        return content.html


def policy(html: str) -> str:
    """Write what a page may load: its own styles, told by their hash, and nothing else."""
    hashes = [hashlib.sha256(style.encode()).digest() for style in _STYLE.findall(html)]
    styles = " ".join(f"'sha256-{base64.b64encode(one).decode()}'" for one in hashes) or "'none'"
    return (
        f"default-src 'none'; style-src {styles}; img-src 'self' data:; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    )
