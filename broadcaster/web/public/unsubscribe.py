"""Ending messages by the link in one of them (RFC 8058).

Looking at the link changes nothing, because mail scanners look at every link. A POST does it: of
a mail program by itself, with the body `List-Unsubscribe=One-Click`, or of the page's button. It
needs no login and no cookie and answers without redirect; the token says whose message it was.
One click never ends what protects life: `domain.consent.ENDS`.
"""

import logging
from email.parser import BytesParser
from email.policy import HTTP
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
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
#: The word of a mail program, as a field of a form or as a part of a multipart body.
_FIELDS = 20
_WORD = ("List-Unsubscribe", "One-Click")


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
            Route("/unsubscribe/{token}/undo", self.undo, methods=["POST"]),
        ]

    async def ask(self, request: Request) -> Response:
        """Say what would end, with a button; nothing changes."""
        delivery = delivery_of(request, self._key)
        subscription = await run_in_threadpool(self._inside.optouts.ask, delivery)
        return self._page(request, subscription, done=False)

    async def end(self, request: Request) -> Response:
        """End it; repeating it changes nothing. 503 when it cannot be noted now.

        400 for a body without the word of RFC 8058 (section 3.1): nobody sends that by chance.
        """
        delivery = delivery_of(request, self._key)
        body = await bodies.read(request, _MOST)
        subscription = await run_in_threadpool(self._inside.optouts.ask, delivery)
        if not _is_one_click(request.headers.get("content-type", ""), body):
            raise HTTPException(400)
        now = self._inside.clock.now()
        await run_in_threadpool(self._inside.optouts.opt_out, delivery, now)
        details = {"action": "opted_out", "delivery": str(delivery)}
        _log.info("a customer opted out", extra=details)
        return self._page(request, subscription, done=True)

    async def undo(self, request: Request) -> Response:
        """Take the click back, for whoever made it by mistake; repeating it changes nothing."""
        delivery = delivery_of(request, self._key)
        await bodies.read(request, _MOST)
        subscription = await run_in_threadpool(self._inside.optouts.ask, delivery)
        now = self._inside.clock.now()
        await run_in_threadpool(self._inside.optouts.undo, delivery, now)
        details = {"action": "opt_out_undone", "delivery": str(delivery)}
        _log.info("a customer took an opt-out back", extra=details)
        return self._page(request, subscription, done=False, back=True)

    def _page(
        self, request: Request, subscription: Subscription, *, done: bool, back: bool = False
    ) -> Response:
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
                "path": f"/unsubscribe/{request.path_params['token']}",
                "ending": f"/unsubscribe/{request.path_params['token']}",
                "done": done,
                "back": back,
            },
            language=language,
        )


def _is_one_click(kind: str, body: bytes) -> bool:
    """Tell whether a body is `List-Unsubscribe=One-Click`, in either form that RFC 8058 allows."""
    name, value = _WORD
    if not kind.lower().startswith("multipart/form-data"):
        try:
            fields = parse_qs(body.decode("ascii", "replace").strip(), max_num_fields=_FIELDS)
        except ValueError:
            return False
        return value in fields.get(name, [])
    head = b"Content-Type: " + kind.encode("latin-1", "replace") + b"\r\n\r\n"
    message = BytesParser(policy=HTTP).parsebytes(head + body)
    return any(
        part.get_param("name", header="content-disposition") == name
        and str(part.get_payload()).strip() == value
        for part in message.walk()
        if not part.is_multipart()
    )
