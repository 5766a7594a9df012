"""The page of a customer who came by a code: languages, channels, hours, and areas.

A form changes only what it shows. Where several customers have one address, each has a form.
"""

import logging
from collections.abc import Mapping, Sequence

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from broadcaster.bootstrap import Runtime
from broadcaster.domain.own_hours import BEGINS, ENDS
from broadcaster.ledger.wishes import EVERYWHERE, Chosen, Wishes
from broadcaster.render.locales import Locale, Review
from broadcaster.web.console.desk import see_other
from broadcaster.web.pages import Pages
from broadcaster.web.public import forms
from broadcaster.web.public.door import Door, Open
from broadcaster.web.public.forms import Fields

_log = logging.getLogger(__name__)

_HOUR = 60


class OwnPages:
    """Shows and notes what the customers at an address want."""

    def __init__(self, runtime: Runtime, pages: Pages, door: Door) -> None:
        """Work on the whole inside."""
        self._runtime = runtime
        self._pages = pages
        self._door = door

    def routes(self) -> list[Route]:
        """List what is answered."""
        return [
            Route("/preferences/mine", self.show, methods=["GET"]),
            Route("/preferences/mine", self.save, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show what is wanted; nothing changes. Who has no page open is asked for a code."""
        opened = await self._door.open(request)
        if opened is None:
            return self._closed(request)
        return await self._page(request, opened, done="done" in request.query_params)

    async def save(self, request: Request) -> Response:
        """Note what was chosen; ForbiddenError for a form of another page."""
        fields = await self._door.form(request)
        opened = await self._door.open(request)
        if opened is None:
            return self._closed(request)
        self._door.require_token(opened, fields.text("csrf"))
        found = await run_in_threadpool(self._runtime.own_page.read, opened.who)
        place = fields.text("which")
        if not (place.isascii() and place.isdigit() and len(place) < 4 and int(place) < len(found)):  # noqa: PLR2004  (a few)
            return self._closed(request)
        wishes = found[int(place)]
        chosen = self._chosen(fields, wishes)
        now = self._runtime.clock.now()
        await run_in_threadpool(
            self._runtime.own_page.choose, opened.who, wishes.customer, chosen, now
        )
        details = {"action": "preferences_chosen", "code": opened.who.code}
        _log.info("a customer chose what to be told", extra=details)
        language = self._pages.languages.of(request)
        return see_other(f"/preferences/mine?lang={language.locale.tag}&done=1#saved")

    def _closed(self, request: Request) -> Response:
        language = self._pages.languages.of(request)
        return see_other(f"/preferences?lang={language.locale.tag}")

    async def _page(self, request: Request, opened: Open, *, done: bool) -> Response:
        found = await run_in_threadpool(self._runtime.own_page.read, opened.who)
        areas = await run_in_threadpool(self._runtime.own_page.offered)
        language = self._pages.languages.of(request, opened.who.locale)
        people = [self._shown(one, areas) for one in found]
        values = {
            "people": people,
            "csrf": opened.csrf,
            "done": done,
            "begins": BEGINS,
            "ends": ENDS,
            "channel": opened.who.channel,
            "push": bool(self._runtime.push_gate.key),
        }
        return self._pages.page("own.html", request, values, language=language)

    def _shown(self, wishes: Wishes, areas: Sequence[str]) -> dict[str, object]:
        tongues = self._tongues(wishes.locales)
        order = [tag for tag in wishes.locales if tag in {one[0] for one, _ in tongues}]
        quiet = wishes.quiet
        known = [EVERYWHERE, *areas]
        return {
            "number": wishes.number,
            "rows": forms.rows(wishes.preferences),
            "tongues": [{"tag": tags[0], "locale": locale} for tags, locale in tongues],
            "first": order[0] if order else "",
            "second": order[1] if len(order) > 1 else "",
            "quiet_from": quiet.start // _HOUR if quiet else None,
            "quiet_until": quiet.end // _HOUR if quiet else None,
            "areas": [
                {"name": name, "everywhere": name == EVERYWHERE, "followed": name in wishes.areas}
                for name in (*known, *sorted(wishes.areas - set(known)))
            ],
        }

    def _chosen(self, fields: Fields, wishes: Wishes) -> Chosen:
        tags = [tags for tags, _ in self._tongues(wishes.locales)]
        shown, ticked = fields.every("area_shown"), set(fields.every("area"))
        areas: Mapping[str, bool] = {name: name in ticked for name in shown}
        return Chosen(
            locales=forms.languages(fields, wishes.locales, tags),
            quiet=forms.hours(fields),
            quiet_shown="quiet_from" in fields,
            areas=areas,
            wanted=forms.wanted(fields),
        )

    def _tongues(self, held: Sequence[str]) -> list[tuple[list[str], Locale]]:
        """List the languages of messages, each with the tags held that mean it, else its own."""
        tongues = spoken(self._runtime)
        tags = [one.tag for one in tongues]
        means = {tag: self._runtime.renderer.locales.choose([tag], tags) for tag in held}
        return [
            ([tag for tag in held if means[tag] == one.tag] or [one.tag], one) for one in tongues
        ]


def spoken(runtime: Runtime) -> list[Locale]:
    """List the languages in which messages are sent, by their tags."""
    locales = runtime.renderer.locales.values()
    ready = [one for one in locales if one.translatable and one.review is Review.APPROVED]
    return sorted(ready, key=lambda one: one.tag)
