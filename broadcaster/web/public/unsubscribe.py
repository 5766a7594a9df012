"""Ending messages by the link in one of them (RFC 8058).

Looking at the link changes nothing, because mail scanners look at every link. A POST does it: of
a mail program by itself, with the body `List-Unsubscribe=One-Click`, or of the page's button. It
needs no login and no cookie and answers without redirect; the token says whose message it was.
One click never ends what protects life: `domain.consent.ENDS`.
"""

import logging

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from broadcaster.domain.message import MessageClass
from broadcaster.ledger.optouts import Subscription
from broadcaster.web import bodies
from broadcaster.web.inside import Inside
from broadcaster.web.pages import Pages
from broadcaster.web.public.links import delivery_of

_log = logging.getLogger(__name__)

_MOST = 4096


class Unsubscribe:
    """Asks, and does it."""

    def __init__(self, inside: Inside, pages: Pages, key: bytes) -> None:
        """`key` is that of our own tokens."""
        self._inside = inside
        self._pages = pages
        self._key = key

    def routes(self) -> list[Route]:
        """List what is answered."""
        return [
            Route("/unsubscribe/{token}", self.ask, methods=["GET"]),
            Route("/unsubscribe/{token}", self.end, methods=["POST"]),
        ]

    async def ask(self, request: Request) -> Response:
        """Say what would end, with a button; nothing changes."""
        delivery = delivery_of(request, self._key)
        subscription = await run_in_threadpool(self._inside.optouts.ask, delivery)
        return self._page(request, subscription, done=False)

    async def end(self, request: Request) -> Response:
        """End it; repeating it changes nothing. 503 when it cannot be noted now."""
        delivery = delivery_of(request, self._key)
        await bodies.read(request, _MOST)
        subscription = await run_in_threadpool(self._inside.optouts.ask, delivery)
        now = self._inside.clock.now()
        await run_in_threadpool(self._inside.optouts.opt_out, delivery, now)
        details = {"action": "opted_out", "delivery": str(delivery)}
        _log.info("a customer opted out", extra=details)
        return self._page(request, subscription, done=True)

    def _page(self, request: Request, subscription: Subscription, *, done: bool) -> Response:
        """Answer in the language of the message, unless the reader asks for another."""
        language = self._pages.languages.of(request, subscription.locale)
        return self._pages.page(
            "unsubscribe.html",
            request,
            {
                "channel": subscription.channel,
                "warning": subscription.message_class is MessageClass.SAFETY,
                "promotional": MessageClass.SERVICE not in subscription.ends,
                "preferences": f"/preferences/{request.path_params['token']}",
                "done": done,
            },
            language=language,
        )
