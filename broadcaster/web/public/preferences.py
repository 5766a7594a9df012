"""The customer's page: what they want to be told, by channel and class.

It opens by the link of a message, as ending does, and needs no login: the token says whose message
it was. A look changes nothing; only what the form names changes, so that a form from before a
channel was there refuses nothing on it.
"""

import logging
from collections.abc import Mapping
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from broadcaster.domain.message import Channel, MessageClass
from broadcaster.ledger.preferences import Preferences
from broadcaster.web import bodies
from broadcaster.web.inside import Inside
from broadcaster.web.pages import Pages
from broadcaster.web.public import forms
from broadcaster.web.public.links import delivery_of

_log = logging.getLogger(__name__)

_MOST, _FIELDS = 4096, 40


class PreferencesPage:
    """Shows what a customer wants, and notes what they choose."""

    def __init__(self, inside: Inside, pages: Pages, key: bytes) -> None:
        """`key` is that of our own tokens."""
        self._inside = inside
        self._pages = pages
        self._key = key

    def routes(self) -> list[Route]:
        """List what is answered."""
        return [
            Route("/preferences/{token}", self.show, methods=["GET"]),
            Route("/preferences/{token}", self.save, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show what is wanted; nothing changes."""
        delivery = delivery_of(request, self._key)
        found = await run_in_threadpool(self._inside.optouts.preferences, delivery)
        return self._page(request, found, done=False)

    async def save(self, request: Request) -> Response:
        """Note what was chosen, and show it; 400 for what is no form of ours."""
        delivery = delivery_of(request, self._key)
        wanted = _wanted(await bodies.read(request, _MOST))
        now = self._inside.clock.now()
        found = await run_in_threadpool(self._inside.optouts.choose, delivery, wanted, now)
        details = {"action": "preferences_chosen", "delivery": str(delivery)}
        _log.info("a customer chose what to be told", extra=details)
        return self._page(request, found, done=True)

    def _page(self, request: Request, found: Preferences, *, done: bool) -> Response:
        """Answer in the language of the message, unless the reader asks for another."""
        language = self._pages.languages.of(request, found.locale)
        push = bool(self._inside.settings.options("webpush").text("PRIVATE_KEY", ""))
        token = request.path_params["token"]
        values = {
            "rows": forms.rows(found),
            "done": done,
            "push": push,
            "token": token,
            # A code goes to a phone or a mailbox; who was told in a browser says to which.
            "known": found.channel in {Channel.SMS, Channel.EMAIL},
        }
        return self._pages.page("preferences.html", request, values, language=language)


def _wanted(body: bytes) -> Mapping[Channel, frozenset[MessageClass]]:
    """Read the form: the channels that it showed, and what is ticked on each."""
    try:
        fields = parse_qs(body.decode("ascii"), max_num_fields=_FIELDS)
    except ValueError as error:
        raise HTTPException(400) from error
    wanted = forms.wanted(fields)
    if not wanted:
        raise HTTPException(400)
    return wanted
